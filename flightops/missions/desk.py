"""The flight desk: a thin shell around fleet.decide and fleet.fold (DESIGN rule 4), and the 5 Hz control loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import structlog

from core.camera import Camera
from core.clock import Clock
from core.commands import Hold, JoinSearch, ResumeSearch, Return, SearchArea
from core.drone import DroneState
from core.errors import Accepted, Fault, Malformed, Refused
from core.events import (
    Fact,
    Order,
    OrderGiven,
    SearchApproved,
    SearchEnded,
    SearchPlan,
    SearchReplanned,
    SectorFailed,
    SectorSwept,
)
from core.footprint import Footprint
from core.ids import DroneId, SearchId
from core.log import EventLog
from core.terrain import Terrain
from core.units import UtcSeconds, positive
from flightops.fleet.decide import decide
from flightops.fleet.fold import fold
from flightops.fleet.messages import Asked, Bettered, Breached, Message, Orphaned, Planned, States, Tick, Wish
from flightops.fleet.state import FleetState, SearchStage
from flightops.fleet.wishes import ANSWER_S, answer, drones_for, flying
from flightops.missions import strips
from flightops.missions.runner import Runner
from flightops.missions.sorties import homes_of, proved
from flightops.planning.sweep import Effort
from flightops.ports import Gateway
from flightops.redeal.dealer import Dealer
from flightops.safety.preflight import too_long
from flightops.safety.watch import Watch, orphans

Planner = Callable[..., SearchPlan | Refused]
"""flightops.planning.search.plan_search. Pure and slow (seconds), so it runs in `DeskSettings.workers`."""

CONTROL_S = 0.2
LATE_S = 0.6
"""When the loop itself comes later than this, links are not judged: it is we who did not listen."""
MOST_PLANNING = 4
"""Searches planned at one time; a further one is refused."""
RECORD_S = 0.15
"""HOLD and RETURN go out after this even when their record is still on its way to the disk."""
EFFECTS = 1000
"""Live facts waiting for their effect; when full, deciding waits (facts are never dropped)."""
_ACTED_ON = (SearchApproved, OrderGiven, SearchEnded, SearchReplanned, SectorFailed, SectorSwept)

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """`endurance_s`: flight time of a full battery. `heights_m`: transit heights above home fixed by settings.

    `workers`: where planning runs; None: one thread. A process pool keeps the control loop free of the planner's CPU.
    `betterers`: where quicker plans are looked for while a first one waits for its pilot; None: nowhere.
    """

    auto_approve: bool = False
    endurance_s: float = 1200.0
    heights_m: Mapping[DroneId, float] = field(default_factory=dict)
    planning_limit_s: float = 120.0
    workers: Executor | None = None
    betterers: Executor | None = None
    control_s: float = CONTROL_S

    def __post_init__(self) -> None:
        for name in ("endurance_s", "planning_limit_s", "control_s"):
            positive(f"desk.{name}", getattr(self, name))


class FlightDesk:
    """Answers wishes, turns telemetry into facts, flies searches, and keeps the gateway's heart beating.

    Facts already in `log` when it is made are folded and never acted on; those appended later are.
    """

    def __init__(
        self,
        log: EventLog,
        gateway: Gateway,
        planner: Planner,
        terrain: Terrain,
        camera: Camera,
        clock: Clock,
        settings: DeskSettings | None = None,
    ) -> None:
        self._log, self._gateway, self._planner = log, gateway, planner
        self._terrain, self._camera, self._clock = terrain, camera, clock
        self._settings = settings or DeskSettings()
        self._workers = self._settings.workers or ThreadPoolExecutor(1, "planner")
        self._fleet = FleetState()
        self._born, self._woke = log.last_seq(), clock.now()
        self._states: dict[DroneId, DroneState] = {}
        self._dirty: dict[DroneId, DroneState] = {}
        self._stirred = asyncio.Event()
        self._lock = asyncio.Lock()
        self._effects: asyncio.Queue[Fact | ResumeSearch] = asyncio.Queue(EFFECTS)
        self._planning: dict[SearchId, asyncio.Task[Accepted | Refused]] = {}
        self._recording: set[asyncio.Task[Accepted | Refused]] = set()
        self._unrecorded: dict[tuple[DroneId, Order], UtcSeconds] = {}
        self._sweeps: dict[DroneId, strips.Sweep] = {}
        self._orphans: set[DroneId] = set()
        self._watch = Watch(self._settings.endurance_s, self._woke)
        self._runner = Runner(self, gateway, terrain, clock)
        self._dealer = Dealer(self, self._workers, self._settings.endurance_s)
        self._tasks: asyncio.TaskGroup | None = None
        self._failed = False

    @property
    def fleet(self) -> FleetState:
        """The fold of the log as far as it was read."""
        return self._fleet

    @property
    def states(self) -> States:
        """Every drone as last heard since this process began."""
        return self._states

    @property
    def heights_m(self) -> dict[DroneId, float]:
        """Transit heights fixed by settings, above home."""
        return dict(self._settings.heights_m)

    @property
    def alive(self) -> bool:
        """Whether all its loops run; once one has ended the gateway gets no more beats."""
        return self._tasks is not None and not self._failed

    def heard(self, state: DroneState) -> None:
        """Telemetry; the newest of each drone is kept."""
        self._states[state.drone] = state
        self._dirty[state.drone] = state
        self._stirred.set()

    def note_footprint(self, footprint: Footprint) -> None:
        """What a camera saw; counts while its drone sweeps."""
        if (sweep := self._sweeps.get(footprint.drone)) is not None:
            self._sweeps[footprint.drone] = strips.saw(sweep, footprint)

    async def ask(self, wish: Wish) -> Accepted | Refused:
        """Answer a wish. Raises Fault when the log can't keep it; HOLD and RETURN go out even then."""
        if isinstance(wish, SearchArea):
            return await self._ask_search(wish)
        if isinstance(wish, Hold | Return):
            return await self._ask_order(wish)
        answered = await self._record(wish)
        if isinstance(wish, ResumeSearch) and isinstance(answered, Accepted):
            await self._effects.put(wish)
        if isinstance(wish, JoinSearch) and isinstance(answered, Accepted):
            return await asyncio.shield(self._dealer.join(wish))
        return answered

    async def tell(self, message: Message) -> None:
        """Decide, append, fold. Raises Fault when the log can't keep it."""
        async with self._lock:
            await self._catch_up()
            await self._decide(message)

    def spawn(self, name: str, job: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run in the desk's TaskGroup; an error is logged and ends that task only."""
        if self._tasks is None:
            job.close()
            raise Fault("the flight desk is not running")
        return self._tasks.create_task(self._guarded(name, job), name=name)

    async def run(self) -> None:
        """Until cancelled: read the log, follow it, listen, control. One TaskGroup for all of it."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                async with self._lock:
                    await self._catch_up()
                self._orphans = orphans(self._fleet)
                for name in ("_control", "_listen", "_follow", "_act"):
                    tasks.create_task(self._loop(name, getattr(self, name)()), name=name)
        finally:
            self._tasks = None
            if self._settings.workers is None:
                self._workers.shutdown(wait=False, cancel_futures=True)

    async def _decide(self, message: Message) -> None:
        """Under the lock."""
        now = self._clock.now()
        if facts := decide(self._fleet, message, now):
            await self._log.append(now, *facts)
            await self._catch_up()

    async def _catch_up(self) -> None:
        """Fold what is new in the log, whoever appended it; live facts queue for their effects. Under the lock."""
        while self._log.last_seq() > self._fleet.seq:
            for record in await self._log.read(self._fleet.seq):
                self._fleet = fold(self._fleet, record)
                if record.seq > self._born and isinstance(record.fact, _ACTED_ON):
                    self._dealer.note(record.fact)
                    await self._effects.put(record.fact)

    async def _record(self, wish: Wish) -> Accepted | Refused:
        async with self._lock:
            await self._catch_up()
            answered = answer(self._fleet, wish, self._states, self._clock.now())
            await self._decide(Asked(wish, dict(self._states)))
            return answered

    async def _ask_order(self, wish: Hold | Return) -> Accepted | Refused:
        """The record comes first only as long as it is quick: an order waits for no disk."""
        recording = asyncio.create_task(self._record(wish))
        self._recording.add(recording)
        recording.add_done_callback(self._recorded)
        await asyncio.wait({recording}, timeout=RECORD_S)
        if recording.done() and not isinstance(recording.exception(), Fault):
            return recording.result()
        if self._tasks is None:
            return await recording
        return self._order_unrecorded(wish)

    def _recorded(self, task: asyncio.Task[Accepted | Refused]) -> None:
        self._recording.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("an order was not recorded", problem=str(error))

    def _order_unrecorded(self, wish: Hold | Return) -> Accepted | Refused:
        order = Order.HOLD if isinstance(wish, Hold) else Order.RETURN
        drones = flying(self._fleet, wish.drone)
        _log.error("order goes out ahead of its record", order=order.value, drones=drones)
        for drone in drones:
            self._runner.order(drone, order)
        if not drones:
            return Refused.because("drone", "no drone it is for is in the air", "nothing needs to be done")
        return Accepted(wish.drone or "fleet")

    async def _ask_search(self, wish: SearchArea) -> Accepted | Refused:
        """A client that gives up does not end the planning; the same order again waits for the same answer."""
        running = self._planning.get(wish.search)
        if running is None:
            if len(self._planning) >= MOST_PLANNING:
                return Refused.because("search", f"{MOST_PLANNING} searches are being planned", "ask again in a minute")
            running = asyncio.create_task(self._search(wish))
            self._planning[wish.search] = running
            running.add_done_callback(lambda task: self._planned_out(wish.search, task))
        return await asyncio.shield(running)

    def _planned_out(self, search: SearchId, task: asyncio.Task[Accepted | Refused]) -> None:
        self._planning.pop(search, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("planning failed", search=search, problem=str(error))

    async def _search(self, wish: SearchArea) -> Accepted | Refused:
        await self.tell(Asked(wish, dict(self._states)))
        answered = answer(self._fleet, wish, self._states, self._clock.now())
        if isinstance(answered, Refused) or wish.search in self._fleet.searches:
            return answered
        drones = drones_for(self._fleet, wish, self._states, self._clock.now())
        betterers = None if self._settings.auto_approve else self._settings.betterers
        first = self._planner if betterers is None else partial(self._planner, effort=Effort.FIRST)
        result = await self._plan(wish, drones, first, self._workers)
        await self.tell(Planned(wish, result, dict(self._states), self._settings.auto_approve))
        if betterers is not None and not isinstance(result, Refused):
            self.spawn(f"better {wish.search}", self._better(wish, drones, betterers))
        return answer(self._fleet, wish, self._states, self._clock.now())

    async def _better(self, wish: SearchArea, drones: tuple[DroneId, ...], betterers: Executor) -> None:
        """Quicker plans, proved as the first one was, while it waits for its pilot."""
        for effort in (Effort.FAST, Effort.BEST):
            known = self._fleet.searches.get(wish.search)
            if known is None or known.stage is not SearchStage.PLANNED:
                return
            result = await self._plan(wish, drones, partial(self._planner, effort=effort), betterers)
            if not isinstance(result, Refused):
                await self.tell(Bettered(wish.search, result))

    async def _plan(
        self, wish: SearchArea, drones: tuple[DroneId, ...], planner: Planner, workers: Executor
    ) -> SearchPlan | Refused:
        homes = homes_of(self._states)
        started = tuple((d, homes.get(d)) for d in drones)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._settings.planning_limit_s):
                plan = await loop.run_in_executor(workers, planner, wish, started, self._camera)
        except Malformed as e:
            return Refused.because(e.field, e.problem, e.fix)
        except TimeoutError:
            return Refused.because("area", "planning takes too long", "draw a smaller or simpler area")
        if isinstance(plan, Refused):
            return plan
        # in a thread: laying and proving missions takes long enough to delay a heartbeat
        why = await asyncio.to_thread(proved, plan, wish.area, homes, self._terrain, self._settings.heights_m)
        if why is not None:
            return why
        return too_long(plan, homes, self._states, self._settings.endurance_s) or plan

    async def _control(self) -> None:
        last = self._clock.monotonic()
        while not self._failed:
            self._gateway.beat()
            mono = self._clock.monotonic()
            in_time, last = mono - last <= max(LATE_S, 3 * self._settings.control_s), mono
            try:
                await self._tick(in_time)
            except Fault as e:
                _log.error("the log does not keep what the control loop found", problem=str(e))
            await asyncio.sleep(self._settings.control_s)

    async def _tick(self, in_time: bool) -> None:
        now = self._clock.now()
        if in_time:
            for breach in self._watch.look(self._fleet, self._states, now):
                await self._breached(breach)
            await self.tell(Tick(dict(self._states), self._woke, self._dealer.busy))
        self._sweeps, facts = strips.advanced(self._sweeps, self._fleet, now)
        if facts:
            async with self._lock:
                await self._log.append(now, *facts)
                await self._catch_up()

    async def _breached(self, breach: Breached) -> None:
        try:
            await self.tell(breach)
        except Fault:
            key, now = (breach.drone, breach.order), self._clock.now()
            if now - self._unrecorded.get(key, UtcSeconds(0.0)) >= ANSWER_S:
                self._unrecorded[key] = now
                self._runner.order(*key)
            raise

    async def _listen(self) -> None:
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            waiting, self._dirty = self._dirty, {}
            for state in waiting.values():
                await self._hear(state)
            await asyncio.sleep(self._settings.control_s / 4)

    async def _hear(self, state: DroneState) -> None:
        try:
            await self.tell(state)
            if state.drone in self._orphans and state.in_air is not None and state.armed is not None:
                self._orphans.discard(state.drone)
                if not state.in_air.value and not state.armed.value:
                    await self.tell(Orphaned(state.drone))
        except Fault as e:
            _log.error("the log does not keep telemetry's facts", drone=state.drone, problem=str(e))

    async def _follow(self) -> None:
        async for record in self._log.follow(self._born):
            if record.seq > self._fleet.seq:
                async with self._lock:
                    await self._catch_up()

    async def _act(self) -> None:
        while True:
            live = await self._effects.get()
            if isinstance(live, ResumeSearch):
                self._runner.resume(live.drone)
            else:
                self._dealer.act(live)
                self._runner.act(live)

    async def _loop(self, name: str, job: Coroutine[object, object, None]) -> None:
        """One of the desk's own loops: when it ends, so does the heartbeat."""
        try:
            await self._guarded(name, job)
        finally:
            self._failed = True

    async def _guarded(self, name: str, job: Coroutine[object, object, None]) -> None:
        try:
            await job
        except Exception:  # noqa: BLE001 - the one at a task's top (rule 11)
            _log.exception("a task of the flight desk ended", task=name)
