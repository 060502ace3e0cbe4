"""Holding, going, landing, coming home: the velocity to ask for. Each moves its own steps on."""

from __future__ import annotations

import math
from dataclasses import replace

from core.units import wrap_180
from sitl.vehicle.brain import Brain, Spot
from sitl.vehicle.flight import Demand
from sitl.vehicle.guidance.modes import enter
from sitl.vehicle.guidance.path import approach_mps, bearing_deg, towards

TURN_FIRST_DEG = 30.0
ARRIVED_M = 1.0
LAND_SLOW_BELOW_M = 6.0
AT_HOME_M = 2.0


def cruise_mps(brain: Brain) -> float:
    """Ground speed wanted now, m/s."""
    wanted = brain.fly.speed_mps or brain.rules.cruise_mps
    return min(max(wanted, 0.3), brain.spec.airframe.airspeed_max_mps)


def climb_rate(brain: Brain, alt_m: float) -> float:
    """Vertical speed towards a height, m/s up."""
    up = approach_mps(alt_m - brain.seen.spot.alt_m, 100.0, 2.0)
    return min(max(up, -brain.rules.descent_mps), brain.rules.climb_mps)


def hold(brain: Brain, target: Spot, heading_deg: float | None = None) -> Demand:
    """Come to rest at the target and stay."""
    here = brain.seen.spot
    accel = brain.spec.airframe.accel_mps2
    east, north = towards(target.x_m - here.x_m, target.y_m - here.y_m, cruise_mps(brain), accel)
    return Demand(east, north, climb_rate(brain, target.alt_m), heading_deg)


def go(brain: Brain, target: Spot) -> Demand:
    """Fly to the target nose first and stay there."""
    here = brain.seen.spot
    dx, dy = target.x_m - here.x_m, target.y_m - here.y_m
    if math.hypot(dx, dy) < 3 * ARRIVED_M:
        return hold(brain, target)
    heading = bearing_deg(dx, dy)
    if turns_first(brain, heading):
        return hold(brain, replace(here, alt_m=target.alt_m), heading)
    return hold(brain, target, heading)


def turns_first(brain: Brain, heading_deg: float) -> bool:
    """Whether the aircraft, at rest, must turn before it goes."""
    s = brain.seen
    slow = math.hypot(s.east_mps, s.north_mps) < 1.0
    return slow and abs(wrap_180(heading_deg - s.heading_deg)) > TURN_FIRST_DEG


def land(brain: Brain, target: Spot) -> Demand:
    """Come down over the target, slowly near the ground."""
    if brain.seen.grounded:
        return Demand()
    low = brain.seen.agl_m < LAND_SLOW_BELOW_M
    still = hold(brain, target)
    return replace(still, up_mps=-(brain.rules.land_mps if low else brain.rules.descent_mps))


def take_off_step(brain: Brain) -> Demand:
    target = brain.fly.target
    if not brain.seen.grounded and abs(brain.seen.spot.alt_m - target.alt_m) < 0.5:
        enter(brain, brain.personality.take_off_holds)
        brain.fly.target = target
        return hold(brain, target)
    return hold(brain, target)


def return_home(brain: Brain) -> Demand:
    """Climb, come home, wait, land; a step never goes back."""
    if brain.seen.grounded:
        return Demand()
    fly, here = brain.fly, brain.seen.spot
    over_home = math.hypot(here.x_m - brain.home.x_m, here.y_m - brain.home.y_m)
    height = max(brain.home.alt_m + brain.rules.return_height_m, fly.start.alt_m)
    if fly.step == 0:
        if over_home < AT_HOME_M or here.alt_m >= height - 0.5:
            fly.step = 1
            fly.start = replace(fly.start, alt_m=max(here.alt_m, fly.start.alt_m))
        return hold(brain, replace(fly.start, alt_m=height))
    if fly.step == 1:
        top = height if over_home > AT_HOME_M else here.alt_m
        if over_home < AT_HOME_M:
            fly.step, fly.since = 2, brain.now
        return go(brain, replace(brain.home, alt_m=top))
    if brain.now - fly.since < brain.rules.return_wait_s:
        return hold(brain, replace(brain.home, alt_m=fly.start.alt_m if over_home > AT_HOME_M else here.alt_m))
    return land(brain, brain.home)
