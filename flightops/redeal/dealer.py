"""Deals out what failed sectors have left, in the planner's process, and what a pilot adds a drone for.

Only searches whose approval came while this process runs are dealt out by themselves: after a restart nothing is.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor

import structlog

from core.commands import JoinSearch
from core.errors import Accepted, Refused
from core.events import AUTO, Fact, ReplanCause, SearchApproved, SearchEnded, SectorFailed
from core.ids import DroneId, PersonName, SearchId
from flightops.fleet.messages import Dealt
from flightops.fleet.state import Search, SearchStage, SectorStage
from flightops.redeal.asked import cause_of, deal_asked
from flightops.redeal.deal import Deal, DealAsked
from flightops.redeal.desk import Desk
from flightops.redeal.geometry import dealt, nobody_flies

GATHER_S = 0.5
"""Drones that fail together are dealt out together."""
LIMIT_S = 60.0
TRIES = 3
"""A deal whose drones or rests have changed meanwhile is made anew so often; then it is said that nobody flies it."""

_log = structlog.get_logger()


class Dealer:
    """One deal a search at a time. `busy`: searches of which something is being dealt out, or is about to be."""

    def __init__(self, desk: Desk, workers: Executor, endurance_s: float, limit_s: float = LIMIT_S) -> None:
        self._desk, self._workers = desk, workers
        self._endurance_s, self._limit_s = endurance_s, limit_s
        self._own: set[SearchId] = set()
        self._due: set[SearchId] = set()
        self._left: dict[SearchId, dict[DroneId, str]] = {}
        self._running: set[SearchId] = set()
        self._turn = asyncio.Lock()

    @property
    def busy(self) -> frozenset[SearchId]:
        """See the class."""
        return frozenset(self._due | self._running)

    def note(self, fact: Fact) -> None:
        """A live fact, as it is folded: from here on its search is busy."""
        match fact:
            case SearchApproved():
                self._own.add(fact.search)
            case SectorFailed() if fact.search in self._own:
                self._due.add(fact.search)
                self._left.setdefault(fact.search, {})[fact.drone] = fact.reason
            case SearchEnded():
                self._own.discard(fact.search)
                self._left.pop(fact.search, None)
                self._due.discard(fact.search)

    def act(self, fact: Fact) -> None:
        """The effect of a live fact."""
        if isinstance(fact, SectorFailed) and fact.search in self._due - self._running:
            self._running.add(fact.search)
            self._desk.spawn(f"deal {fact.search}", self._deal(fact.search))

    async def join(self, wish: JoinSearch) -> Accepted | Refused:
        """Give a drone that stands ready a share; Accepted once it is recorded. The wish was found good before."""
        async with self._turn:
            search = self._desk.fleet.searches[wish.search]
            if search.sector_of(wish.drone) is not None:
                return Accepted(wish.search)
            asked = deal_asked(search, self._desk.fleet, self._desk.states, self._endurance_s, wish.drone)
            made = None if asked is None else await self._made(asked)
            if not isinstance(made, Deal):
                return made or Refused.because("search", f"nothing of {wish.search} is left", "leave it on the ground")
            if all(s.drone != wish.drone for s in made.shares):
                problem = "; ".join(dict.fromkeys(s.reason for s in made.undone)) or "the others are done sooner"
                return Refused.because("drone", f"nothing was left for {wish.drone}: {problem}", "charge it, ask again")
            words = f"{wish.drone} was added by {wish.by}"
            await self._tell(search, (wish.drone,), made, words, wish.by)
            now = self._desk.fleet.searches[wish.search]
            if now.sector_of(wish.drone) is None:
                return Refused.because("search", f"{wish.search} has changed meanwhile", "ask again")
            return Accepted(wish.search)

    async def _deal(self, search: SearchId) -> None:
        try:
            await asyncio.sleep(GATHER_S)
            while search in self._due:
                self._due.discard(search)
                async with self._turn:
                    await self._dealt(search, self._left.pop(search, {}))
        finally:
            self._running.discard(search)

    async def _dealt(self, search_id: SearchId, left: dict[DroneId, str]) -> None:
        """`left`: who left, and why."""
        for attempt in range(TRIES):
            search = self._desk.fleet.searches[search_id]
            if search.stage is not SearchStage.FLYING:
                return
            asked = deal_asked(search, self._desk.fleet, self._desk.states, self._endurance_s)
            if asked is None:
                return
            made = await self._made(asked) if attempt < TRIES - 1 else None
            if not isinstance(made, Deal):
                why = "its drones changed faster than it could be dealt out" if made is None else str(made)
                made = nobody_flies(asked, why)
            words = "; ".join(f"{drone}: {why}" for drone, why in left.items())
            await self._tell(search, tuple(left), made, words, AUTO)
            after = self._desk.fleet.searches[search_id]
            if any((s := after.status(i)) is not None and s.stage is SectorStage.SUPERSEDED for i in made.of):
                return

    async def _tell(self, search: Search, drones: tuple[DroneId, ...], made: Deal, words: str, by: PersonName) -> None:
        first = drones[0] if drones else None
        cause = ReplanCause.ADDED
        if by == AUTO and first is not None:
            cause = cause_of(self._desk.fleet.drones.get(first), self._desk.states.get(first))
        message = Dealt(search.search, cause, drones, made, words, by, dict(self._desk.states))
        await self._desk.tell(message)

    async def _made(self, asked: DealAsked) -> Deal | Refused:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._limit_s):
                return await loop.run_in_executor(self._workers, dealt, asked)
        except TimeoutError:
            _log.error("dealing again took too long", rests=len(asked.rests), takers=len(asked.takers))
            return Refused.because(
                "search", "dealing it out again took too long", "order the rest as a search of its own"
            )
