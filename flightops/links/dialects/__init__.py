"""PX4 and ArduPilot, one table each; nowhere else does the code ask which autopilot it talks to."""

from __future__ import annotations

from core.drone import Autopilot
from flightops.links.dialects.ardupilot import ARDUPILOT
from flightops.links.dialects.dialect import ARM, Command, Dialect, FailsafeRule
from flightops.links.dialects.px4 import PX4

DIALECTS: dict[Autopilot, Dialect] = {Autopilot.PX4: PX4, Autopilot.ARDUPILOT: ARDUPILOT}

BY_MAV_AUTOPILOT: dict[int, Dialect] = {d.mav_autopilot: d for d in DIALECTS.values()}
"""By MAV_AUTOPILOT of the heartbeat."""

__all__ = ["ARM", "BY_MAV_AUTOPILOT", "DIALECTS", "Command", "Dialect", "FailsafeRule"]
