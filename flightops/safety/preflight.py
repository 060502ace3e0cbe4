"""Whether a drone on the ground may be given a search: link, position, battery. Unknown or stale is a no."""

from __future__ import annotations

from collections.abc import Mapping

from core.drone import LOST_S, DroneState
from core.errors import Reason, Refused
from core.events import SearchPlan, Sector
from core.geo import LatLon, distance_m
from core.ids import DroneId
from core.units import UtcSeconds

LEAST_BATTERY = 0.30
"""Share of the battery a drone needs to be sent anywhere (15 % reserve and 15 % for a short way)."""
FIX_3D = 3
RESERVE = 0.15
"""Share of the battery that is not for flying."""
RETURN_MARGIN = 1.3
"""The way home counts this much more than distance over speed (wind, climb, landing)."""
SLOW_FIELD_S = 10.0
"""Battery and GNSS status come seldom (1 Hz or less); older than this they count as unknown."""


def unfit(state: DroneState | None, drone: DroneId, now: UtcSeconds) -> Reason | None:
    """Why `drone` may not take off on a search now; None when it may."""
    if state is None or now - state.heard_at > LOST_S:
        return Reason("drones", f"{drone} is not heard", "check that it is switched on and in range")
    if state.place is None or not state.place.fresh(now, LOST_S):
        return Reason("drones", f"{drone} does not tell where it is", "wait for its GNSS fix, or leave it out")
    if state.gnss is None or not state.gnss.fresh(now, SLOW_FIELD_S) or state.gnss.value.fix < FIX_3D:
        return Reason("drones", f"{drone} has no 3-D GNSS fix", "wait under open sky, or leave it out")
    if state.battery is None or not state.battery.fresh(now, SLOW_FIELD_S):
        return Reason("drones", f"{drone} does not tell its battery", "check its power module, or leave it out")
    if state.battery.value.left < LEAST_BATTERY:
        left = f"{state.battery.value.left:.0%}"
        return Reason("drones", f"{drone} has {left} battery left", f"charge it to {LEAST_BATTERY:.0%} or more")
    return None


def too_long(
    plan: SearchPlan, homes: Mapping[DroneId, LatLon], states: Mapping[DroneId, DroneState], endurance_s: float
) -> Refused | None:
    """Refused when a drone's battery does not last for its way out, its sector, its way home and the reserve."""
    reasons: list[Reason] = []
    for sector in plan.sectors:
        state = states.get(sector.drone)
        needed = _flight_s(sector, plan.speed_mps, homes.get(sector.drone)) / endurance_s + RESERVE
        left = state.battery.value.left if state is not None and state.battery is not None else 0.0
        if left < needed:
            problem = f"{sector.drone} has {left:.0%} battery left and needs {needed:.0%} for sector {sector.sector}"
            reasons.append(Reason("area", problem, "draw a smaller area, send more drones, or charge it"))
    return Refused(tuple(reasons)) if reasons else None


def _flight_s(sector: Sector, speed_mps: float, home: LatLon | None) -> float:
    out_m = 0.0 if home is None else distance_m(home, sector.path[0])
    back_m = 0.0 if home is None else distance_m(sector.path[-1], home)
    return (out_m + back_m * RETURN_MARGIN) / speed_mps + sector.time_s
