"""Whether a drone on the ground may be given a search: link, position, battery. Unknown or stale is a no."""

from __future__ import annotations

from core.drone import LOST_S, DroneState
from core.errors import Reason
from core.ids import DroneId
from core.units import UtcSeconds

LEAST_BATTERY = 0.30
"""Share of the battery a drone needs to be sent anywhere (15 % reserve and 15 % for a short way)."""
FIX_3D = 3
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
