"""The ground desk: the one door for wishes about alarms, incidents and units, and what follows from the record.

It holds folds and asks pure functions; what they decide is appended, and the folds hear it when the record comes
back through `run`, or at once after an own append. One lock keeps deciding and appending together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import structlog

from core.clock import Clock
from core.commands import (
    AcceptTask,
    ArriveAtTask,
    ClearTask,
    CloseIncident,
    ConfirmIncident,
    DismissIncident,
    RaiseAlarm,
    ReportUnit,
    SendUnit,
)
from core.errors import Accepted, Fault, Refused
from core.events import AlarmRaised, Fact, IncidentClosed, IncidentDismissed, Recorded
from core.geo import LatLon
from core.ids import DeviceId, IncidentId, TaskId, UnitId
from core.io.settings import DispatchSettings, UnitSettings
from core.log import EventLog, Trail
from core.units import UtcSeconds
from ground.dispatch.route import Router
from ground.dispatch.send import Proposal, Scene, decide_auto, decide_send, proposals
from ground.dispatch.tasks import TaskWish, decide_task, recall
from ground.incidents.book import Book
from ground.incidents.causes import decide_cause
from ground.incidents.judge import Judgement, decide_judgement
from ground.sites.alarms import decide_alarm
from ground.sites.site import Site, nearest_camera
from ground.units.places import UnitPlace, decide_report, encode, places, subject
from ground.units.roster import Roster

LOG = structlog.get_logger(__name__)
GroundWish = Judgement | TaskWish | SendUnit | ReportUnit | RaiseAlarm
TICK_S = 2.0
"""How often sending by the settings looks again (a unit came free, or did not answer)."""
UNIT_FRESH_S = 15.0
"""Only units that told their place within this of a sighting are taken for what a camera sees there."""
PAGE = 1000

Decided = tuple[Accepted, Sequence[Fact]] | Refused


@dataclass(frozen=True, slots=True)
class Ground:
    """What the desk is told at the start."""

    router: Router
    sites: tuple[Site, ...] = ()
    units: tuple[UnitSettings, ...] = ()
    dispatch: DispatchSettings = field(default_factory=DispatchSettings)


class GroundDesk:
    """Wishes in, facts out. `run` must be running for sightings and alarms to be answered."""

    def __init__(self, log: EventLog, trail: Trail, clock: Clock, ground: Ground) -> None:
        self._log = log
        self._trail = trail
        self._clock = clock
        self._ground = ground
        self._sites = {s.id: s for s in ground.sites}
        self._kinds: dict[UnitId, str] = {UnitId(u.id): u.kind for u in ground.units}
        self._book = Book()
        self._roster = Roster()
        self._alarms: set[str] = set()
        self._folded = 0
        self._lock = asyncio.Lock()

    @property
    def book(self) -> Book:
        """Incidents as folded so far; read only."""
        return self._book

    @property
    def roster(self) -> Roster:
        """Tasks as folded so far; read only."""
        return self._roster

    async def ask(self, wish: GroundWish) -> Accepted | Refused:
        """The answer to one wish, after what it changes is in the log. Raises Fault when the log can't keep it."""
        if isinstance(wish, ReportUnit):
            return self._report(wish)
        async with self._lock:
            await self._catch_up()
            decided = self._decide(wish)
            if isinstance(decided, Refused):
                return decided
            answer, facts = decided
            await self._append(facts)
            return answer

    async def run(self) -> None:
        """Fold the record, answer what nobody answered yet, then go on with it as it grows. Ends with the log."""
        async with self._lock:
            await self._go_on()
        async with asyncio.TaskGroup() as tasks:
            ticking = tasks.create_task(self._tick())
            async for _ in self._log.follow(self._folded):
                async with self._lock:
                    await self._go_on()
            ticking.cancel()

    def proposals(self, incident: IncidentId) -> tuple[Proposal, ...]:
        """Free units for a live incident, the one that is there first in front; empty when there is none."""
        known = self._book.incidents.get(incident)
        return proposals(self._scene(), known) if known is not None and known.live else ()

    def unit_places(self) -> dict[UnitId, UnitPlace]:
        """Newest reports of all units."""
        return places(self._trail.newest())

    def _report(self, wish: ReportUnit) -> Accepted | Refused:
        place = decide_report(self._kinds, wish, self._clock.now())
        if isinstance(place, Refused):
            return place
        self._trail.push(subject(place.unit), place.at, encode(place))
        return Accepted(wish.unit)

    def _decide(self, wish: Judgement | TaskWish | SendUnit | RaiseAlarm) -> Decided:
        match wish:
            case RaiseAlarm():
                return self._raise(wish)
            case ConfirmIncident():
                return decide_judgement(self._book, wish)
            case DismissIncident() | CloseIncident():
                return self._with_recall(decide_judgement(self._book, wish), wish.incident)
            case SendUnit():
                return decide_send(self._scene(), wish)
            case AcceptTask() | ArriveAtTask():
                return self._task(wish)
            case ClearTask():
                known = self._roster.tasks.get(wish.task)
                decided = self._task(wish)
                return self._with_recall(decided, known.incident, wish.task) if known else decided

    def _raise(self, wish: RaiseAlarm) -> Decided:
        if wish.alarm in self._alarms:
            return Accepted(wish.alarm), ()
        fact = decide_alarm(self._sites, wish, self._clock.now())
        return fact if isinstance(fact, Refused) else (Accepted(wish.alarm), (fact,))

    def _task(self, wish: TaskWish) -> Decided:
        task = self._roster.tasks.get(wish.task)
        incident = self._book.incidents.get(task.incident) if task else None
        return decide_task(task, incident, wish)

    def _with_recall(self, decided: Decided, incident: IncidentId, own: TaskId | None = None) -> Decided:
        """When the facts end the incident, its other units are free again."""
        if isinstance(decided, Refused) or not any(_ends(f) for f in decided[1]):
            return decided
        others = (t for t in self._roster.of(incident) if t.id != own)
        return decided[0], (*decided[1], *recall(others))

    async def _go_on(self) -> None:
        """Catch up and answer. What the log can't keep now stays waiting for the next tick."""
        try:
            await self._catch_up()
            await self._answer()
        except Fault as e:
            LOG.warning("ground: can't answer now, trying again", fault=str(e), waiting=len(self._book.waiting))

    async def _answer(self) -> None:
        """Answer every waiting sighting and alarm in the order of the record, then send by the settings."""
        for cause, record in list(self._book.waiting.items()):
            answer = decide_cause(self._book, record, self._camera, self._near(record.at))
            if answer is None:
                self._book.done_with(cause)
            else:
                await self._append((answer,))
        if self._ground.dispatch.auto_send:
            while facts := decide_auto(self._scene()):
                await self._append(facts)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            async with self._lock:
                await self._go_on()

    async def _append(self, facts: Iterable[Fact]) -> None:
        kept = tuple(facts)
        if kept:
            await self._log.append(self._clock.now(), *kept)
            await self._catch_up()

    async def _catch_up(self) -> None:
        while batch := await self._log.read(self._folded, PAGE):
            for record in batch:
                self._hear(record)
            if len(batch) == PAGE:
                await asyncio.sleep(0)

    def _hear(self, record: Recorded) -> None:
        self._folded = record.seq
        self._book.hear(record)
        self._roster.hear(record)
        if isinstance(record.fact, AlarmRaised):
            self._alarms.add(record.fact.alarm)

    def _camera(self, place: LatLon) -> DeviceId | None:
        return nearest_camera(self._ground.sites, place)

    def _near(self, at: UtcSeconds) -> list[LatLon]:
        """Where units stood when a sighting was recorded, of those that told so around then."""
        return [p.place for p in self.unit_places().values() if abs(at - p.at) <= UNIT_FRESH_S]

    def _scene(self) -> Scene:
        kinds, router = self._kinds, self._ground.router
        return Scene(self._book, self._roster, self.unit_places(), kinds, router, self._clock.now())


def _ends(fact: Fact) -> bool:
    return isinstance(fact, IncidentDismissed | IncidentClosed)
