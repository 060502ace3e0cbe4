"""What wishes are answered, and the facts that follow. Pure; a repeated wish gets the same answer and adds nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from core.commands import ApproveSearch, Hold, JoinSearch, ResumeSearch, Return, SearchArea, StopSearch
from core.errors import Accepted, Reason, Refused
from core.events import (
    AUTO,
    DronePhaseChanged,
    Fact,
    Order,
    OrderGiven,
    Phase,
    SearchAccepted,
    SearchApproved,
    SearchBettered,
    SearchEnded,
    SearchOutcome,
    SearchPlan,
    SearchRefused,
    SectorFailed,
)
from core.ids import DroneId, PersonName, SearchId
from core.units import UtcSeconds
from flightops.fleet.machine import ORDERED, TABLE, Sign
from flightops.fleet.messages import Bettered, Planned, States, Wish
from flightops.fleet.state import IN_AIR, Drone, FleetState, SearchStage
from flightops.redeal.asked import deal_asked
from flightops.safety.preflight import unfit

LEAST_GAIN_S = 1.0
ANSWER_S = 15.0
"""An order not answered within this is taken as lost and may be given again."""


def answer(fleet: FleetState, wish: Wish, states: States, now: UtcSeconds) -> Accepted | Refused:
    """The answer to a wish as things stand. For a new SearchArea, Accepted means: worth planning."""
    match wish:
        case SearchArea():
            return _answer_search(fleet, wish, states, now)
        case ApproveSearch():
            return _answer_approve(fleet, wish.search, states, now)
        case StopSearch():
            return _known(fleet, wish.search) or Accepted(wish.search)
        case Hold() | Return():
            return _answer_order(fleet, wish)
        case ResumeSearch():
            return _answer_resume(fleet, wish)
        case JoinSearch():
            return _answer_join(fleet, wish, states, now)
        case _ as never:
            assert_never(never)


def decide_wish(fleet: FleetState, wish: Wish, states: States, now: UtcSeconds) -> tuple[Fact, ...]:
    """Facts that a wish makes at once; empty when it is refused without a record, or changes nothing."""
    answered = answer(fleet, wish, states, now)
    match wish:
        case SearchArea():
            if wish.search in fleet.searches or not isinstance(answered, Refused):
                return ()
            return (SearchRefused(wish.search, answered.reasons, wish.by),)
        case ApproveSearch():
            new = not _no(answered) and fleet.searches[wish.search].stage is SearchStage.PLANNED
            return (SearchApproved(wish.search, wish.by),) if new else ()
        case StopSearch():
            new = not _no(answered) and fleet.searches[wish.search].stage is not SearchStage.ENDED
            return (SearchEnded(wish.search, SearchOutcome.STOPPED, wish.by),) if new else ()
        case Hold() | Return():
            order = Order.HOLD if isinstance(wish, Hold) else Order.RETURN
            drones = [] if _no(answered) else flying(fleet, wish.drone)
            return tuple(f for d in drones for f in order_facts(fleet, d, order, wish.by, now))
        case ResumeSearch():
            drone = fleet.drones.get(wish.drone)
            if _no(answered) or drone is None or drone.phase is not Phase.HOLDING:
                return ()
            return (DronePhaseChanged(wish.drone, Phase.HOLDING, f"{wish.by} asked it to go on with its sector"),)
        case JoinSearch():
            return ()
        case _ as never:
            assert_never(never)


def decide_planned(fleet: FleetState, planned: Planned, now: UtcSeconds) -> tuple[Fact, ...]:
    """The search as planned, or why not. Things may have changed meanwhile, so its drones are judged again."""
    order = planned.order
    if order.search in fleet.searches:
        return ()
    result = planned.result
    if not isinstance(result, Refused):
        reasons = [r for s in result.sectors if (r := not_free(fleet, s.drone, planned.states, now))]
        if not reasons:
            accepted = SearchAccepted(order.search, order.area, result, order.by)
            return (accepted, SearchApproved(order.search, AUTO)) if planned.auto else (accepted,)
        result = Refused(tuple(reasons))
    return (SearchRefused(order.search, result.reasons, order.by),)


def decide_bettered(fleet: FleetState, bettered: Bettered) -> tuple[Fact, ...]:
    """A plan takes another's place while nobody has approved it, when it is over sooner by LEAST_GAIN_S or more."""
    search = fleet.searches.get(bettered.search)
    if search is None or search.plan is None or search.stage is not SearchStage.PLANNED:
        return ()
    gain_s = longest_s(search.plan) - longest_s(bettered.plan)
    return (SearchBettered(bettered.search, bettered.plan),) if gain_s >= LEAST_GAIN_S else ()


def longest_s(plan: SearchPlan) -> float:
    """Flight time of a plan's longest sector, s."""
    return max(s.time_s for s in plan.sectors)


def drones_for(fleet: FleetState, order: SearchArea, states: States, now: UtcSeconds) -> tuple[DroneId, ...]:
    """The drones that may fly the search: those named, or all that are free and fit."""
    named = order.drones or tuple(fleet.drones)
    return tuple(d for d in dict.fromkeys(named) if not_free(fleet, d, states, now) is None)


def flying(fleet: FleetState, drone: DroneId | None) -> list[DroneId]:
    """Drones an order is for: the one named, or (None) all; only those that fly or are about to."""
    named = [d for d in (fleet.drones if drone is None else (drone,)) if d in fleet.drones]
    return [d for d in named if fleet.drones[d].phase is not Phase.GROUNDED or fleet.task_of(d) is not None]


def order_facts(fleet: FleetState, drone: DroneId, order: Order, by: PersonName, now: UtcSeconds) -> tuple[Fact, ...]:
    """HOLD or RETURN for one drone, unless the same order is under way or has had its effect."""
    known = fleet.drones[drone]
    after = TABLE[known.phase, ORDERED[order]]
    if _under_way(known, order, now) or (after is known.phase and known.order is not None and known.order.done):
        return ()
    words = f"{order.upper()} ordered by {by}"
    given = () if known.phase is Phase.GROUNDED else (OrderGiven(drone, order, by),)
    early = (
        failed(fleet, drone, f"{words} before it took off") if known.phase in (Phase.GROUNDED, Phase.UPLOADING) else ()
    )
    return (*given, *phase_facts(known, ORDERED[order], words), *early)


def phase_facts(drone: Drone, sign: Sign, reason: str) -> tuple[Fact, ...]:
    """The phase change a sign makes, by the table; none when it is no news."""
    after = TABLE[drone.phase, sign]
    return () if after is drone.phase else (DronePhaseChanged(drone.drone, after, reason),)


def failed(fleet: FleetState, drone: DroneId, reason: str) -> tuple[Fact, ...]:
    """The drone's open sector, and those that wait behind it, will not be finished; none when it has none."""
    task = fleet.task_of(drone)
    if task is None:
        return ()
    return tuple(SectorFailed(task[0].search, s.sector.sector, drone, reason) for s in task[0].open_of(drone))


def _known_drones(fleet: FleetState) -> str:
    return f"known: {', '.join(fleet.drones) or 'none yet'}"


def _under_way(drone: Drone, order: Order, now: UtcSeconds) -> bool:
    last = drone.order
    return last is not None and last.order is order and last.done is None and now - last.at < ANSWER_S


def _no(answered: Accepted | Refused) -> bool:
    return isinstance(answered, Refused)


def _known(fleet: FleetState, search: SearchId) -> Refused | None:
    """A refusal when there is no such search, or when it was itself refused."""
    found = fleet.searches.get(search)
    if found is None:
        return Refused.because("search", f"{search} is not known", "order it first")
    return Refused(found.reasons) if found.stage is SearchStage.REFUSED else None


def _answer_search(fleet: FleetState, wish: SearchArea, states: States, now: UtcSeconds) -> Accepted | Refused:
    if wish.search in fleet.searches:
        return _known(fleet, wish.search) or Accepted(wish.search)
    if not fleet.drones:
        return Refused.because("drones", "no drone has been heard", "switch one on and check its link in the settings")
    reasons = [r for d in (wish.drones or fleet.drones) if (r := not_free(fleet, DroneId(d), states, now))]
    if wish.drones:
        return Refused(tuple(reasons)) if reasons else Accepted(wish.search)
    return Refused(tuple(reasons)) if len(reasons) == len(fleet.drones) else Accepted(wish.search)


def _answer_approve(fleet: FleetState, search: SearchId, states: States, now: UtcSeconds) -> Accepted | Refused:
    if (no := _known(fleet, search)) is not None:
        return no
    found = fleet.searches[search]
    if found.stage is SearchStage.ENDED:
        return Refused.because("search", f"{search} has ended", "order a new one")
    if found.stage is SearchStage.FLYING:
        return Accepted(search)
    reasons = [r for s in found.sectors if (r := not_free(fleet, s.sector.drone, states, now))]
    return Refused(tuple(reasons)) if reasons else Accepted(search)


def _answer_order(fleet: FleetState, wish: Hold | Return) -> Accepted | Refused:
    if wish.drone is not None and wish.drone not in fleet.drones:
        return Refused.because("drone", f"{wish.drone} is not known", _known_drones(fleet))
    if not flying(fleet, wish.drone):
        problem = "no drone is in the air" if wish.drone is None else f"{wish.drone} is not in the air"
        return Refused.because("drone", problem, "nothing needs to be done")
    return Accepted(wish.drone or "fleet")


def _answer_resume(fleet: FleetState, wish: ResumeSearch) -> Accepted | Refused:
    drone, task = fleet.drones.get(wish.drone), fleet.task_of(wish.drone)
    if drone is None:
        return Refused.because("drone", f"{wish.drone} is not known", _known_drones(fleet))
    if task is None or drone.mission is None or drone.mission.search != task[0].search:
        return Refused.because("drone", f"{wish.drone} has no sector to go on with", "order a new search")
    if drone.phase in (Phase.TRANSIT, Phase.SWEEPING):
        return Accepted(wish.drone)
    if drone.phase is not Phase.HOLDING:
        return Refused.because(
            "drone", f"{wish.drone} is {drone.phase.replace('_', ' ')}", "it goes on from a hold only"
        )
    if drone.lost_since is not None:
        return Refused.because("drone", f"the link to {wish.drone} is lost", "wait until it is heard again")
    return Accepted(wish.drone)


def _answer_join(fleet: FleetState, wish: JoinSearch, states: States, now: UtcSeconds) -> Accepted | Refused:
    if (no := _known(fleet, wish.search)) is not None:
        return no
    found = fleet.searches[wish.search]
    if found.stage is not SearchStage.FLYING:
        return Refused.because("search", f"{wish.search} is {found.stage.value}, not flying", "order a new one")
    if found.sector_of(wish.drone) is not None:
        return Accepted(wish.search)
    if (reason := not_free(fleet, wish.drone, states, now)) is not None:
        return Refused((replace(reason, field="drone"),))
    if deal_asked(found, fleet, states, 0.0, wish.drone) is None:
        problem = f"nothing of {wish.search} is left that nobody flies"
        return Refused.because("search", problem, "leave it on the ground, or order another search")
    return Accepted(wish.search)


def not_free(fleet: FleetState, drone: DroneId, states: States, now: UtcSeconds) -> Reason | None:
    """Why a drone can't be sent on a search now; None when it can."""
    known = fleet.drones.get(drone)
    if known is None:
        return Reason("drones", f"{drone} is not known", _known_drones(fleet))
    if known.lost_since is not None:
        return Reason("drones", f"the link to {drone} is lost", "wait until it is heard again, or leave it out")
    if (task := fleet.task_of(drone)) is not None:
        return Reason("drones", f"{drone} is busy with search {task[0].search}", "stop that search, or leave it out")
    if known.phase is not Phase.GROUNDED:
        what = "in the air" if known.phase in IN_AIR else "busy"
        return Reason("drones", f"{drone} is {what} ({known.phase})", "wait until it has landed, or leave it out")
    return unfit(states.get(drone), drone, now)
