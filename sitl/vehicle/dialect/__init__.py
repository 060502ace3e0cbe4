"""The two autopilots' differences, each in one table; nowhere else is it asked which one it is."""

from __future__ import annotations

from core.drone import Autopilot
from sitl.vehicle.dialect.ardupilot import ARDUPILOT
from sitl.vehicle.dialect.personality import Personality
from sitl.vehicle.dialect.px4 import PX4

PERSONALITIES: dict[Autopilot, Personality] = {Autopilot.PX4: PX4, Autopilot.ARDUPILOT: ARDUPILOT}

__all__ = ["ARDUPILOT", "PERSONALITIES", "PX4", "Personality"]
