"""What is to be dealt out, and who can take it: read out of the fleet and the newest telemetry. Pure."""

from __future__ import annotations

from core.drone import DroneState, FlightMode
from core.events import AUTO, Order, Phase, ReplanCause
from core.geo import LatLon, distance_m
from core.ids import DroneId
from flightops.fleet.machine import item_of
from flightops.fleet.messages import States
from flightops.fleet.state import Drone, FleetState, Search, SectorStage, SectorStatus
from flightops.missions.sorties import home_of
from flightops.redeal.deal import DealAsked, Rest, Taker
from flightops.redeal.progress import length_of
from flightops.safety.preflight import LEAST_BATTERY, RESERVE, RETURN_MARGIN

HAND_OVER_S = 30.0
"""To stop, take a mission on board, climb and sink: what a further sector costs beside its way and itself."""
LEAST_M = 1.0
"""A rest shorter than this is not flown again."""
_ON_WAY = frozenset({Phase.UPLOADING, Phase.TAKING_OFF, Phase.TRANSIT, Phase.SWEEPING, Phase.HOLDING, Phase.RETURNING})


def deal_asked(
    search: Search, fleet: FleetState, states: States, endurance_s: float, added: DroneId | None = None
) -> DealAsked | None:
    """What is to be dealt; None when nothing is left that nobody flies. `added`: stands ready, and is to take off.

    A share that waits behind another sector of its drone is dealt anew when a drone is added: it is on board nowhere.
    """
    if search.area is None or search.plan is None:
        return None
    plan = search.plan
    loose = waiting_behind(search) if added is not None else ()
    rests = tuple(
        Rest(s.sector.sector, s.sector.drone, s.sector.path, max(s.flown_m - plan.swath_m / 2.0, 0.0))
        for s in (*(s for s in search.sectors if s.stage is SectorStage.FAILED), *loose)
    )
    if not any(length_of(r.path) - r.from_m > LEAST_M for r in rests):
        return None
    takers = [_taker(search, drone, states, endurance_s, loose) for drone in takers_of(search, fleet, states)]
    if added is not None:
        takers.append(_ready(added, states, endurance_s))
    return DealAsked(search.area, plan.swath_m, plan.speed_mps, rests, tuple(t for t in takers if t is not None))


def waiting_behind(search: Search) -> tuple[SectorStatus, ...]:
    """Sectors that wait until their drone has flown another."""
    return tuple(s for s in search.sectors if s.stage is SectorStage.WAITING and search.sector_of(s.sector.drone) != s)


def takers_of(search: Search, fleet: FleetState, states: States) -> tuple[Drone, ...]:
    """Drones of the search that fly on: in the air or about to be, heard, and none that left a sector of it."""
    left = {s.sector.drone for s in search.sectors if s.stage is SectorStage.FAILED or s.reason}
    own = dict.fromkeys(s.sector.drone for s in search.sectors)
    known = (fleet.drones[d] for d in own if d in fleet.drones and d not in left)
    return tuple(d for d in known if d.lost_since is None and _goes_on(search, d, states.get(d.drone)))


def _goes_on(search: Search, drone: Drone, state: DroneState | None) -> bool:
    """It has a sector of the search before it, or one behind it and is on its way home."""
    if state is None:
        return False
    if search.sector_of(drone.drone) is not None:
        return drone.phase in _ON_WAY or drone.phase is Phase.GROUNDED
    return drone.mission is not None and drone.mission.search == search.search and homeward(drone, state)


def homeward(drone: Drone, state: DroneState | None) -> bool:
    """Whether it flies home by its mission and does not land yet: it can still be given another one."""
    if drone.phase is not Phase.RETURNING or drone.mission is None or state is None or state.mode is None:
        return False
    item = item_of(state, drone.mission)
    return state.mode.value is FlightMode.MISSION and item is not None and item < drone.mission.items - 1


def cause_of(drone: Drone | None, state: DroneState | None) -> ReplanCause:
    """Why this drone left its sector."""
    if drone is None or drone.lost_since is not None:
        return ReplanCause.LOST
    if drone.order is not None and drone.order.order is Order.RETURN and drone.order.by != AUTO:
        return ReplanCause.ORDERED
    if state is not None and state.battery is not None and state.battery.value.left < LEAST_BATTERY:
        return ReplanCause.BATTERY
    return ReplanCause.FAILED


def left_s(state: DroneState | None, endurance_s: float) -> float:
    """How long a battery still lasts but for the reserve, s; 0 when it is not known."""
    if state is None or state.battery is None:
        return 0.0
    return max(state.battery.value.left - RESERVE, 0.0) * endurance_s


def _taker(
    search: Search, drone: Drone, states: States, endurance_s: float, loose: tuple[SectorStatus, ...]
) -> Taker | None:
    """From where its own sectors end, and when; None when nobody knows where it is."""
    state = states[drone.drone]
    assert search.plan is not None
    speed = search.plan.speed_mps
    place = state.place.value.ground if state.place is not None else None
    behind = [s for s in search.sectors if s.sector.drone == drone.drone and s.stage is SectorStage.SWEPT]
    at = behind[-1].sector.path[-1] if behind else place
    busy_s = HAND_OVER_S
    for status in (s for s in search.open_of(drone.drone) if s not in loose):
        flying = status.stage is SectorStage.FLYING
        start = place if flying or at is None else at
        way_m = 0.0 if flying or start is None else distance_m(start, status.sector.path[0])
        share = 1.0 - status.flown_m / max(status.sector.length_m, 1.0)
        busy_s += way_m / speed + status.sector.time_s * max(share, 0.0)
        busy_s += 0.0 if flying else HAND_OVER_S
        at = status.sector.path[-1]
    home = home_of(state)
    if at is None or home is None:
        return None
    return Taker(drone.drone, at, home, busy_s, _flies_s(state, at, home, speed, endurance_s))


def _flies_s(state: DroneState, at: LatLon, home: LatLon, speed_mps: float, endurance_s: float) -> float:
    """What the way home counts beyond its length is taken off beforehand (wind, climb, landing)."""
    return max(left_s(state, endurance_s) - (RETURN_MARGIN - 1.0) * distance_m(at, home) / speed_mps, 0.0)


def _ready(drone: DroneId, states: States, endurance_s: float) -> Taker | None:
    state = states.get(drone)
    home = home_of(state)
    if state is None or home is None:
        return None
    return Taker(drone, home, home, HAND_OVER_S, left_s(state, endurance_s), launches=True)
