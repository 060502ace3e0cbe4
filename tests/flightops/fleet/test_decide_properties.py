"""Anything may be said to the desk in any order: facts stay legal, repeats add nothing, a fold repeats itself."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from core.commands import ApproveSearch, Hold, JoinSearch, ResumeSearch, Return, StopSearch
from core.drone import FlightMode
from core.events import (
    AUTO,
    DroneJoined,
    DronePhaseChanged,
    Fact,
    MissionUploaded,
    Order,
    OrderGiven,
    Phase,
    Recorded,
    ReplanCause,
    SearchAccepted,
    SearchApproved,
    SearchEnded,
    SearchRefused,
    SearchReplanned,
    SectorEntered,
    SectorFailed,
    SectorFlown,
    SectorSwept,
)
from core.ids import DroneId, SearchId
from core.io import wire
from core.units import UtcSeconds
from flightops.fleet.decide import decide
from flightops.fleet.fold import fold, fold_all
from flightops.fleet.machine import TABLE, Sign
from flightops.fleet.messages import (
    Answered,
    Asked,
    Breached,
    Dealt,
    Message,
    NotFlown,
    NotResumed,
    Orphaned,
    Planned,
    Tick,
    Uploaded,
    Uploading,
    Wish,
)
from flightops.fleet.state import FleetState, SearchStage, SectorStage
from flightops.fleet.wishes import answer
from flightops.redeal.asked import deal_asked, waiting_behind
from flightops.redeal.deal import Deal
from flightops.redeal.geometry import dealt
from tests.flightops.missions.flying import PILOT, order, plan_for, state

DRONES = st.sampled_from([DroneId("d1"), DroneId("d2"), DroneId("d3")])
SEARCHES = st.sampled_from([SearchId(f"s{i}") for i in range(1, 7)])
STEPS = {(old, new) for old in Phase for sign in Sign if (new := TABLE[old, sign]) is not old}


class Desk(RuleBasedStateMachine):
    """A log in a list, and everything that may happen to it."""

    @initialize()
    def begin(self) -> None:
        self.now = 1_000_000.0
        self.fleet = FleetState()
        self.log: list[Recorded] = []
        self.states: dict[DroneId, object] = {}

    def hear(self, message: Message) -> tuple[Fact, ...]:
        now = UtcSeconds(self.now)
        facts = decide(self.fleet, message, now)
        for fact in facts:
            self.check(fact)
            recorded = Recorded(len(self.log) + 1, now, fact)
            self.log.append(recorded)
            self.fleet = fold(self.fleet, recorded)
        return facts

    def check(self, fact: Fact) -> None:
        """A fact must be legal in the state it is appended to."""
        fleet = self.fleet
        match fact:
            case DroneJoined():
                old = fleet.drones.get(fact.drone)
                assert old is None or (old.version, old.autopilot, old.system_id) != (
                    fact.version,
                    fact.autopilot,
                    fact.system_id,
                )
            case DronePhaseChanged():
                old_phase = fleet.drones[fact.drone].phase
                assert (old_phase, fact.phase) in STEPS or old_phase is fact.phase is Phase.HOLDING
            case OrderGiven():
                assert fleet.drones[fact.drone].phase is not Phase.GROUNDED
            case SearchAccepted() | SearchRefused():
                assert fact.search not in fleet.searches
            case SearchApproved():
                search = fleet.searches[fact.search]
                assert search.stage is SearchStage.PLANNED
                drones = [s.sector.drone for s in search.sectors]
                assert all(fleet.task_of(d) is None for d in drones), "a drone flies one search at a time"
            case SearchEnded():
                assert fleet.searches[fact.search].stage in (SearchStage.PLANNED, SearchStage.FLYING)
            case SearchReplanned():
                search = fleet.searches[fact.search]
                assert search.stage is SearchStage.FLYING
                behind = {s.sector.sector for s in waiting_behind(search)}
                for gone in fact.superseded:
                    status = search.status(gone)
                    assert status is not None
                    assert status.stage is SectorStage.FAILED or gone in behind
                assert all(search.status(s.sector) is None for s in (*fact.sectors, *fact.undone))
            case MissionUploaded() | SectorEntered() | SectorFlown() | SectorSwept() | SectorFailed():
                search = fleet.searches[fact.search]
                status = search.status(fact.sector)
                assert search.stage is SearchStage.FLYING
                assert status is not None
                assert status.stage.open
                assert status.sector.drone == fact.drone
            case _:
                pass

    def twice(self, message: Message) -> tuple[Fact, ...]:
        facts = self.hear(message)
        assert self.hear(message) == (), "a repeat adds nothing"
        return facts

    def wish(self, wish: Wish) -> None:
        asked = Asked(wish, self.states)  # type: ignore[arg-type]
        first = answer(self.fleet, wish, asked.states, UtcSeconds(self.now))
        self.twice(asked)
        if type(first).__name__ == "Accepted":
            assert type(answer(self.fleet, wish, asked.states, UtcSeconds(self.now))) is type(first) or isinstance(
                wish, Hold | Return
            )

    @rule(seconds=st.floats(0.01, 30.0))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(search=SEARCHES, drones=st.lists(DRONES, max_size=2), auto=st.booleans())
    def somebody_orders(self, search: SearchId, drones: list[DroneId], auto: bool) -> None:
        wish = order(search, tuple(drones))
        self.wish(wish)
        planned = plan_for(search, tuple(dict.fromkeys(drones)) or ("d1",))
        self.twice(Planned(wish, planned, self.states, auto))  # type: ignore[arg-type]

    @rule(search=SEARCHES)
    def somebody_approves(self, search: SearchId) -> None:
        self.wish(ApproveSearch(search, PILOT))

    @rule(search=SEARCHES)
    def somebody_stops(self, search: SearchId) -> None:
        self.wish(StopSearch(search, PILOT))

    @rule(drone=st.none() | DRONES, home=st.booleans())
    def somebody_orders_a_drone(self, drone: DroneId | None, home: bool) -> None:
        self.wish(Return(drone, PILOT) if home else Hold(drone, PILOT))

    @rule(drone=DRONES)
    def somebody_resumes(self, drone: DroneId) -> None:
        self.hear(Asked(ResumeSearch(drone, PILOT), self.states))  # type: ignore[arg-type]

    @rule(
        drone=DRONES,
        mode=st.sampled_from([*FlightMode, *[FlightMode.MISSION] * 5]),
        in_air=st.booleans(),
        armed=st.booleans(),
        item=st.none() | st.integers(0, 30),
        version=st.sampled_from(["1.17.0", "", "4.5.5"]),
    )
    def telemetry(
        self, drone: DroneId, mode: FlightMode, in_air: bool, armed: bool, item: int | None, version: str
    ) -> None:
        self.telemetry_body(drone, mode, in_air, armed, item, version)

    def telemetry_body(
        self, drone: DroneId, mode: FlightMode, in_air: bool, armed: bool, item: int | None, version: str
    ) -> None:
        self.now += 0.1
        heard = replace(state(drone, self.now, mode, in_air=in_air, armed=armed or in_air, item=item), version=version)
        self.states[drone] = heard
        for _ in range(4):
            self.hear(heard)
        assert self.hear(heard) == (), "the same telemetry settles"

    @rule(drones=st.lists(DRONES, min_size=1, max_size=3, unique=True), landed=st.booleans())
    def a_search_takes_off(self, drones: list[DroneId], landed: bool) -> None:
        """The ordinary way, so that the other rules find drones in the air on a search."""
        for drone in drones:
            if landed or drone not in self.fleet.drones:
                self.telemetry_of(drone, FlightMode.HOLD, None)
        search = SearchId(f"s{len(self.fleet.searches) + 1}")
        wish = order(search, tuple(drones))
        self.wish(wish)
        self.twice(Planned(wish, plan_for(search, tuple(drones)), self.states, True))  # type: ignore[arg-type]
        if self.fleet.searches[search].stage is SearchStage.FLYING:
            for status in self.fleet.searches[search].sectors:
                drone, ids = status.sector.drone, (search, status.sector.sector, status.sector.drone)
                self.twice(Uploading(*ids))
                self.twice(Uploaded(*ids, 30, "0" * 64))
                self.telemetry_of(drone, FlightMode.MISSION, 0)

    @rule(drone=DRONES, further=st.integers(0, 29))
    def a_drone_flies_on(self, drone: DroneId, further: int) -> None:
        self.telemetry_of(drone, FlightMode.MISSION, further)

    def telemetry_of(self, drone: DroneId, mode: FlightMode, item: int | None) -> None:
        in_air = item is not None
        self.telemetry_body(drone, mode, in_air, in_air, item, "1.17.0")

    @rule()
    def tick(self) -> None:
        self.twice(Tick(self.states, UtcSeconds(1_000_000.0)))  # type: ignore[arg-type]

    @rule(drone=DRONES, search=SEARCHES, how=st.sampled_from(["upload", "uploaded", "failed", "sortie"]))
    def runner(self, drone: DroneId, search: SearchId, how: str) -> None:
        known = self.fleet.searches.get(search)
        status = None if known is None else known.sector_of(drone)
        if status is None:
            return
        ids = (search, status.sector.sector, drone)
        if how in ("upload", "sortie"):
            self.twice(Uploading(*ids))
        if how in ("uploaded", "sortie"):
            self.hear(Uploaded(*ids, 30, "0" * 64))
        if how == "failed":
            self.twice(NotFlown(*ids, "PreArm: compass"))

    @rule(search=SEARCHES, added=st.none() | DRONES)
    def something_is_dealt_again(self, search: SearchId, added: DroneId | None) -> None:
        known = self.fleet.searches.get(search)
        if known is None or (added is not None and known.sector_of(added) is not None):
            return
        asked = deal_asked(known, self.fleet, self.states, 1200.0, added)  # type: ignore[arg-type]
        made = None if asked is None else dealt(asked)
        if isinstance(made, Deal):
            by, cause = (AUTO, ReplanCause.LOST) if added is None else (PILOT, ReplanCause.ADDED)
            drones = (added,) if added is not None else ()
            self.twice(Dealt(search, cause, drones, made, "it left", by, self.states))  # type: ignore[arg-type]

    @rule(search=SEARCHES, drone=DRONES)
    def somebody_adds_a_drone(self, search: SearchId, drone: DroneId) -> None:
        self.wish(JoinSearch(search, drone, PILOT))

    @rule(drone=DRONES)
    def restarted(self, drone: DroneId) -> None:
        self.twice(Orphaned(drone))

    @rule(drone=DRONES, order=st.sampled_from(Order), done=st.booleans())
    def answered(self, drone: DroneId, order: Order, done: bool) -> None:
        self.twice(Answered(drone, order, done, "it says so"))

    @rule(drone=DRONES)
    def not_resumed(self, drone: DroneId) -> None:
        self.hear(NotResumed(drone, "no ACK"))

    @rule(drone=DRONES, order=st.sampled_from(Order))
    def breach(self, drone: DroneId, order: Order) -> None:
        before = self.fleet.drones.get(drone)
        self.twice(Breached(drone, order, "battery low"))
        if before is not None:
            safe = (Phase.HOLDING, Phase.RETURNING, Phase.LANDING, Phase.GROUNDED)
            assert self.fleet.drones[drone].phase in safe

    @invariant()
    def the_log_gives_the_same_fleet(self) -> None:
        if hasattr(self, "log"):
            again = [Recorded(r.seq, r.at, wire.decode(wire.encode(r.fact))) for r in self.log]
            assert fold_all(FleetState(), again) == self.fleet
            assert fold_all(self.fleet, self.log) == self.fleet, "records folded twice change nothing"

    @invariant()
    def ended_searches_leave_no_drone_busy(self) -> None:
        for search in getattr(self, "fleet", FleetState()).searches.values():
            finished = not any(s.stage.open for s in search.sectors)
            if finished or search.stage is SearchStage.ENDED:
                assert all(
                    (t := self.fleet.task_of(s.sector.drone)) is None or t[0] is not search for s in search.sectors
                )


Desk.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestDesk = Desk.TestCase
