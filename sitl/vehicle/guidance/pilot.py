"""From what the aircraft does to the velocity it asks for."""

from __future__ import annotations

from typing import assert_never

from sitl.vehicle.brain import Brain
from sitl.vehicle.dialect.personality import Doing
from sitl.vehicle.flight import OFF, Demand
from sitl.vehicle.guidance import navigate
from sitl.vehicle.guidance.mission import fly_mission


def demand(brain: Brain) -> Demand:
    """What the autopilot asks of the aircraft until the next tick."""
    if not brain.armed:
        return OFF
    match brain.doing:
        case Doing.MANUAL | Doing.HOLD:
            return Demand() if brain.seen.grounded else navigate.hold(brain, brain.fly.target)
        case Doing.GUIDED:
            return Demand() if brain.seen.grounded else navigate.go(brain, brain.fly.target)
        case Doing.TAKE_OFF:
            return navigate.take_off_step(brain)
        case Doing.RETURN:
            return navigate.return_home(brain)
        case Doing.LAND:
            return navigate.land(brain, brain.fly.target)
        case Doing.MISSION:
            return fly_mission(brain)
        case Doing.TERMINATED:
            return OFF
        case _:
            assert_never(brain.doing)
