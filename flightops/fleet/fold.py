"""FleetState as a fold of the log. The same log always gives an equal state; nothing else is read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import reduce
from typing import assert_never

from core.events import (
    AlarmRaised,
    DroneJoined,
    DroneLinkLost,
    DroneLinkRestored,
    DronePhaseChanged,
    DroneWarned,
    IncidentClosed,
    IncidentConfirmed,
    IncidentDismissed,
    IncidentGrew,
    IncidentOpened,
    MissionUploaded,
    OrderAnswered,
    OrderGiven,
    Recorded,
    SearchAccepted,
    SearchApproved,
    SearchBettered,
    SearchEnded,
    SearchRefused,
    SearchReplanned,
    SectorEntered,
    SectorFailed,
    SectorFlown,
    SectorSwept,
    SightingMade,
    SignedIn,
    StripSwept,
    TaskAccepted,
    TaskCleared,
    UnitArrived,
    UnitSent,
    ViewGranted,
)
from core.ids import DroneId, SearchId
from core.units import UtcSeconds
from flightops.fleet.state import (
    Drone,
    FleetState,
    LastOrder,
    OnBoard,
    Search,
    SearchStage,
    SectorStage,
    SectorStatus,
)

DroneFact = (
    DroneJoined | DroneLinkLost | DroneLinkRestored | DronePhaseChanged | OrderGiven | OrderAnswered | MissionUploaded
)
SectorFact = SectorEntered | SectorFlown | SectorSwept | SectorFailed
PlanFact = SearchAccepted | SearchBettered | SearchReplanned
SearchFact = PlanFact | SearchRefused | SearchApproved | SearchEnded | SectorFact


def fold(fleet: FleetState, recorded: Recorded) -> FleetState:
    """The fleet after one more record. A record already folded (seq not newer) changes nothing."""
    if recorded.seq <= fleet.seq:
        return fleet
    fleet = replace(fleet, seq=recorded.seq)
    match recorded.fact:
        case (
            DroneJoined()
            | DroneLinkLost()
            | DroneLinkRestored()
            | DronePhaseChanged()
            | OrderGiven()
            | OrderAnswered()
            | MissionUploaded() as fact
        ):
            return _with_drone(fleet, fact, recorded.at)
        case (
            SearchAccepted()
            | SearchRefused()
            | SearchApproved()
            | SearchBettered()
            | SearchReplanned()
            | SearchEnded()
            | SectorEntered()
            | SectorFlown()
            | SectorSwept()
            | SectorFailed() as fact
        ):
            return _with_search(fleet, fact, recorded.at)
        case DroneWarned() | StripSwept() | SightingMade() | ViewGranted() | SignedIn():
            return fleet
        case AlarmRaised() | IncidentOpened() | IncidentGrew() | IncidentConfirmed() | IncidentDismissed():
            return fleet
        case IncidentClosed() | UnitSent() | TaskAccepted() | UnitArrived() | TaskCleared():
            return fleet
        case _ as never:
            assert_never(never)


def fold_all(fleet: FleetState, records: Iterable[Recorded]) -> FleetState:
    """The fleet after all of them."""
    return reduce(fold, records, fleet)


def _with_drone(fleet: FleetState, fact: DroneFact, at: UtcSeconds) -> FleetState:
    old = fleet.drones.get(fact.drone)
    if isinstance(fact, DroneJoined):
        new = _joined(old, fact)
    elif old is None:
        return fleet
    else:
        new = _drone_after(old, fact, at)
    return replace(fleet, drones={**fleet.drones, DroneId(fact.drone): new})


def _joined(old: Drone | None, fact: DroneJoined) -> Drone:
    if old is None:
        return Drone(fact.drone, fact.system_id, fact.autopilot, fact.version)
    return replace(old, system_id=fact.system_id, autopilot=fact.autopilot, version=fact.version)


def _drone_after(old: Drone, fact: DroneFact, at: UtcSeconds) -> Drone:
    match fact:
        case DroneJoined():
            return _joined(old, fact)
        case DroneLinkLost():
            return replace(old, lost_since=fact.heard_at)
        case DroneLinkRestored():
            return replace(old, lost_since=None)
        case DronePhaseChanged():
            return replace(old, phase=fact.phase, phase_reason=fact.reason)
        case OrderGiven():
            return replace(old, order=LastOrder(fact.order, fact.by, at))
        case OrderAnswered():
            if old.order is None or old.order.order is not fact.order:
                return old
            return replace(old, order=replace(old.order, done=fact.done, at=at))
        case MissionUploaded():
            first, last = fact.sweep_from, fact.sweep_to
            sweep = None if first is None or last is None else (first, last)
            return replace(old, mission=OnBoard(fact.search, fact.sector, fact.items, at, sweep, fact.out, fact.back))
        case _ as never:
            assert_never(never)


def _with_search(fleet: FleetState, fact: SearchFact, at: UtcSeconds) -> FleetState:
    new = _search_after(fleet.searches.get(fact.search), fact, at)
    if new is None:
        return fleet
    return replace(fleet, searches={**fleet.searches, SearchId(fact.search): new})


def _search_after(old: Search | None, fact: SearchFact, at: UtcSeconds) -> Search | None:
    """None: the fact says nothing new (an unknown search, or one that is final)."""
    if isinstance(fact, SearchRefused):
        return old or Search(fact.search, SearchStage.REFUSED, fact.by, reasons=fact.reasons)
    if isinstance(fact, SearchAccepted):
        sectors = tuple(SectorStatus(s) for s in fact.plan.sectors)
        return old or Search(fact.search, SearchStage.PLANNED, fact.by, fact.area, fact.plan, sectors)
    if old is None or old.stage in (SearchStage.REFUSED, SearchStage.ENDED):
        return old
    match fact:
        case SearchApproved():
            return replace(old, stage=SearchStage.FLYING)
        case SearchBettered():
            better = tuple(SectorStatus(s) for s in fact.plan.sectors)
            return replace(old, plan=fact.plan, sectors=better) if old.stage is SearchStage.PLANNED else old
        case SearchReplanned():
            return _replanned(old, fact)
        case SearchEnded():
            return replace(old, stage=SearchStage.ENDED, outcome=fact.outcome)
        case SectorEntered() | SectorFlown() | SectorSwept() | SectorFailed():
            sectors = tuple(
                _sector_after(s, fact, at) if s.sector.sector == fact.sector and s.stage.open else s
                for s in old.sectors
            )
            return replace(old, sectors=sectors)
        case _ as never:
            assert_never(never)


def _sector_after(old: SectorStatus, fact: SectorFact, at: UtcSeconds) -> SectorStatus:
    match fact:
        case SectorEntered():
            return replace(old, stage=SectorStage.FLYING, flown_at=at)
        case SectorFlown():
            return replace(old, flown_m=fact.flown_m, flown_at=at)
        case SectorSwept():
            return replace(old, stage=SectorStage.SWEPT)
        case SectorFailed():
            return replace(old, stage=SectorStage.FAILED, reason=fact.reason)
        case _ as never:
            assert_never(never)


def _replanned(search: Search, fact: SearchReplanned) -> Search:
    """What is superseded is over; what nobody flies has failed from the start, for the same reason."""
    known = {s.sector.sector for s in search.sectors}
    gone = frozenset(fact.superseded)
    kept = tuple(replace(s, stage=SectorStage.SUPERSEDED) if s.sector.sector in gone else s for s in search.sectors)
    new = (
        *(SectorStatus(s) for s in fact.sectors),
        *(SectorStatus(s, SectorStage.FAILED, fact.reason) for s in fact.undone),
    )
    return replace(search, sectors=(*kept, *(s for s in new if s.sector.sector not in known)))
