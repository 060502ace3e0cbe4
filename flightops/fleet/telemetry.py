"""Facts read out of telemetry: joined, lost, phases, sectors entered, swept and failed, searches ended. Pure."""

from __future__ import annotations

from core.drone import LOST_S, DroneState
from core.events import (
    AUTO,
    DroneJoined,
    DroneLinkLost,
    DroneLinkRestored,
    Fact,
    Order,
    Phase,
    SearchEnded,
    SearchOutcome,
    SectorEntered,
    SectorFlown,
    SectorSwept,
)
from core.units import UtcSeconds
from flightops.fleet.machine import TABLE, Sign, item_of, sign_of, sweep_of
from flightops.fleet.messages import Tick
from flightops.fleet.state import Drone, FleetState, Search, SearchStage, SectorStage, SectorStatus
from flightops.fleet.wishes import ANSWER_S, failed, phase_facts
from flightops.redeal.progress import Mark, flown_m

GIVEN_UP_S = 120.0
"""A sector whose drone was not heard for this long is given up, so that the search can end."""

_ON_MISSION = frozenset({Sign.LIFTING, Sign.ON_WAY, Sign.AT_SWEEP, Sign.PAST_SWEEP})
_FLOWN = frozenset({Phase.TAKING_OFF, Phase.TRANSIT, Phase.SWEEPING, Phase.HOLDING, Phase.RETURNING, Phase.LANDING})


def decide_telemetry(fleet: FleetState, state: DroneState, now: UtcSeconds) -> tuple[Fact, ...]:
    """What one state of one drone says that the log does not know yet."""
    drone = fleet.drones.get(state.drone)
    if drone is None:
        return (DroneJoined(state.drone, state.system_id, state.autopilot, state.version),)
    told = (state.system_id, state.autopilot, state.version or drone.version)
    joined = () if told == (drone.system_id, drone.autopilot, drone.version) else (DroneJoined(state.drone, *told),)
    back = drone.lost_since is not None and state.heard_at > drone.lost_since and not state.lost(now)
    restored = (DroneLinkRestored(state.drone),) if back else ()
    return (*joined, *restored, *_movement(fleet, drone, state, now))


def decide_tick(fleet: FleetState, tick: Tick, now: UtcSeconds) -> tuple[Fact, ...]:
    """Links that fell silent, sectors given up for it, and searches with nothing left to fly."""
    facts: list[Fact] = []
    for drone in fleet.drones.values():
        state = tick.states.get(drone.drone)
        heard_at = tick.woke if state is None else state.heard_at
        if drone.lost_since is None and now - heard_at > LOST_S:
            facts.append(DroneLinkLost(drone.drone, heard_at))
        if now - heard_at > GIVEN_UP_S:
            facts += failed(fleet, drone.drone, f"not heard for {GIVEN_UP_S:.0f} s")
    for search in fleet.searches.values():
        under_way = any(s.stage.open for s in search.sectors) or search.search in tick.dealing
        if search.stage is SearchStage.FLYING and not under_way:
            swept = all(s.stage is not SectorStage.FAILED for s in search.sectors)
            outcome = SearchOutcome.SWEPT if swept else SearchOutcome.FAILED
            facts.append(SearchEnded(search.search, outcome, AUTO))
    return tuple(facts)


def orphan_facts(fleet: FleetState, drone: Drone) -> tuple[Fact, ...]:
    """Nobody will start this drone's sector any more: it says so, and the drone is free again."""
    if drone.phase not in (Phase.GROUNDED, Phase.UPLOADING):
        return ()
    words = "airground was restarted before this drone took off"
    return (*failed(fleet, drone.drone, words), *phase_facts(drone, Sign.NOT_FLOWN, words))


def _movement(fleet: FleetState, drone: Drone, state: DroneState, now: UtcSeconds) -> tuple[Fact, ...]:
    sign = sign_of(state, drone.mission)
    if sign is None or (sign in _ON_MISSION and _contradicts_order(drone, state, now)):
        return ()
    progress = _progress(fleet, drone, state, sign, now)
    swept = any(isinstance(f, SectorSwept) for f in progress)
    left = () if swept else _left(fleet, drone, state, sign, now)
    words = Sign.LIFTING.value if TABLE[drone.phase, sign] is Phase.TAKING_OFF else _reason(sign, state)
    return (*progress, *left, *phase_facts(drone, sign, words))


def _contradicts_order(drone: Drone, state: DroneState, now: UtcSeconds) -> bool:
    """Whether "flies its mission" is only what was heard before, or while, an order is carried out."""
    order, mode = drone.order, state.mode
    if order is None or order.done is False or mode is None:
        return False
    pending = order.done is None and now - order.at < ANSWER_S
    return pending or mode.at <= order.at


def _progress(fleet: FleetState, drone: Drone, state: DroneState, sign: Sign, now: UtcSeconds) -> tuple[Fact, ...]:
    """Sector entered, flown so far and swept, by the item being flown."""
    task, mission = fleet.task_of(drone.drone), drone.mission
    item = item_of(state, mission)
    if task is None or mission is None or item is None or mission.sector != task[1].sector.sector:
        return ()
    search, status = task
    sweep = first, last = sweep_of(mission)
    flies = sign in _ON_MISSION and bool(state.in_air and state.in_air.value)
    entered = status.stage is SectorStage.WAITING and flies and item >= first
    done = item > last and (flies or status.stage is SectorStage.FLYING)
    ids = (search.search, status.sector.sector, drone.drone)
    flown = _flown(search, status, state, (sweep, item), now) if flies and not done else ()
    return (*((SectorEntered(*ids),) if entered else ()), *flown, *((SectorSwept(*ids),) if done else ()))


def _flown(
    search: Search, status: SectorStatus, state: DroneState, at: tuple[tuple[int, int], int], now: UtcSeconds
) -> tuple[Fact, ...]:
    """How far its path is flown, told each half swath. `at`: the items that sweep, and the one being flown."""
    if search.plan is None or status.stage is not SectorStage.FLYING or state.place is None:
        return ()
    swath_m, speed_mps = search.plan.swath_m, search.plan.speed_mps
    reach_m = 2.0 * swath_m + 1.5 * speed_mps * max(now - status.flown_at, 0.0)
    mark = Mark(status.flown_m, reach_m)
    flown = flown_m(status.sector.path, *at, state.place.value.ground, mark)
    if flown - status.flown_m < swath_m / 2.0:
        return ()
    return (SectorFlown(search.search, status.sector.sector, status.sector.drone, flown),)


def _left(fleet: FleetState, drone: Drone, state: DroneState, sign: Sign, now: UtcSeconds) -> tuple[Fact, ...]:
    """The sector failed because the drone will not go on with it by itself; so did those that wait behind it."""
    mission, task = drone.mission, fleet.task_of(drone.drone)
    if mission is None or task is None or mission.search != task[0].search or drone.phase not in _FLOWN:
        return ()
    order = drone.order.order if drone.order and drone.order.at > mission.at else None
    by = drone.order.by if drone.order else ""
    match sign:
        case Sign.RETURNS | Sign.LANDS if order is Order.RETURN:
            return failed(fleet, drone.drone, f"called home by {by} before its sector was done")
        case Sign.RETURNS | Sign.LANDS:
            return failed(fleet, drone.drone, f"it broke off by itself: {_reason(sign, state)}")
        case Sign.ON_GROUND:
            return failed(fleet, drone.drone, "it landed before its sector was done")
        case Sign.HOLDS | Sign.BY_HAND if drone.phase in (Phase.TRANSIT, Phase.SWEEPING) and order is not Order.HOLD:
            return failed(fleet, drone.drone, f"it left its mission without being asked: {_reason(sign, state)}")
        case _:
            return ()


def _reason(sign: Sign, state: DroneState) -> str:
    """The sign in words, with what the drone itself says and its battery when it breaks off."""
    if sign not in (Sign.RETURNS, Sign.LANDS, Sign.HOLDS, Sign.BY_HAND):
        return sign.value
    battery = f"; battery {state.battery.value.left:.0%}" if state.battery else ""
    says = f"; it says: {state.says.value}" if state.says else ""
    return f"{sign.value}{battery}{says}"
