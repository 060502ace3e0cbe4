"""Flying the mission on board, item by item."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from pymavlink.dialects.v20 import ardupilotmega as mav

from sitl.vehicle.brain import Brain, Item, Spot
from sitl.vehicle.dialect.personality import Doing
from sitl.vehicle.flight import Demand
from sitl.vehicle.guidance import navigate, path
from sitl.vehicle.guidance.modes import enter, first_item

NAV_WAYPOINT = mav.MAV_CMD_NAV_WAYPOINT
LOITERS = frozenset({mav.MAV_CMD_NAV_LOITER_UNLIM, mav.MAV_CMD_NAV_LOITER_TIME})
PLACES = frozenset({NAV_WAYPOINT, *LOITERS})
RELATIVE = frozenset({mav.MAV_FRAME_GLOBAL_RELATIVE_ALT, mav.MAV_FRAME_GLOBAL_RELATIVE_ALT_INT})
STOP_ACCEPT_M = 2.0
STOPPED_MPS = 1.0


def spot_of(brain: Brain, item: Item) -> Spot:
    """Where an item lies; a position of 0, 0 means here (as both autopilots read it)."""
    base = brain.home.alt_m if item.frame in RELATIVE else 0.0
    if item.x == 0 and item.y == 0:
        return replace(brain.seen.spot, alt_m=base + item.z)
    return brain.spot(item.x, item.y, base + item.z)


def fly_mission(brain: Brain) -> Demand:
    """The velocity towards the current item; runs items that fly nowhere at once."""
    fly = brain.fly
    if not fly.started:
        return Demand() if brain.seen.grounded else navigate.hold(brain, fly.target)
    if fly.finished:
        return Demand() if brain.seen.grounded else navigate.hold(brain, fly.target)
    for _ in range(len(brain.plans[0]) + 1):
        if brain.current >= len(brain.plans[0]):
            return _ended(brain)
        item = brain.plans[0][brain.current]
        now_done = _AT_ONCE.get(item.command)
        if now_done is None:
            return _fly_item(brain, item)
        now_done(brain, item)
        _reached(brain)
        if brain.doing is not Doing.MISSION:
            return navigate.return_home(brain)
    return _ended(brain)


def _fly_item(brain: Brain, item: Item) -> Demand:
    if item.command == mav.MAV_CMD_NAV_TAKEOFF:
        return _take_off(brain, item)
    if item.command == mav.MAV_CMD_NAV_LAND:
        return _land(brain, item)
    if brain.seen.grounded:
        return _lift(brain)
    return _to_place(brain, item)


def _take_off(brain: Brain, item: Item) -> Demand:
    base = brain.home.alt_m if item.frame in RELATIVE else 0.0
    target = replace(brain.fly.start, alt_m=base + item.z)
    if not brain.seen.grounded and brain.seen.spot.alt_m > target.alt_m - 0.5:
        _reached(brain)
    return navigate.hold(brain, target)


def _lift(brain: Brain) -> Demand:
    """Leave the ground to the dialect's take-off height before flying to a place."""
    return navigate.hold(brain, replace(brain.seen.spot, alt_m=brain.home.alt_m + brain.rules.take_off_height_m))


def _land(brain: Brain, item: Item) -> Demand:
    target = spot_of(brain, item)
    here = brain.seen.spot
    if math.hypot(target.x_m - here.x_m, target.y_m - here.y_m) > navigate.AT_HOME_M and brain.fly.step == 0:
        return navigate.go(brain, replace(target, alt_m=max(brain.fly.start.alt_m, here.alt_m)))
    brain.fly.step = 1
    return navigate.land(brain, replace(target, alt_m=here.alt_m))


def _to_place(brain: Brain, item: Item) -> Demand:
    fly, here = brain.fly, brain.seen.spot
    target = spot_of(brain, item)
    if fly.arrived_at is not None:
        return _wait(brain, item, target)
    accept = item.param2 if item.command == NAV_WAYPOINT and item.param2 > 0 else brain.rules.accept_m
    through = _through_mps(brain, item, target, accept)
    ux, uy, left, off, share = path.along_leg(fly.start, target, here)
    if _is_there(brain, target, left, accept, through):
        fly.arrived_at = brain.now
        fly.target = target
        return _wait(brain, item, target) if through == 0 else _pass(brain, item, target)
    if math.hypot(target.x_m - here.x_m, target.y_m - here.y_m) < 0.5:
        return navigate.hold(brain, target)
    heading = path.bearing_deg(ux, uy)
    if navigate.turns_first(brain, heading):
        return navigate.hold(brain, replace(fly.start, alt_m=here.alt_m), heading)
    return _along(brain, (fly.start, target), (ux, uy, left, off, share), through, heading)


def _along(
    brain: Brain, leg: tuple[Spot, Spot], at: tuple[float, float, float, float, float], through: float, heading: float
) -> Demand:
    """Velocity along a leg: back onto its line, at the height its slope has here, no faster than it can climb."""
    ux, uy, left, off, share = at
    start, target = leg
    accel = brain.spec.airframe.accel_mps2
    speed = navigate.cruise_mps(brain)
    rise, run = target.alt_m - start.alt_m, math.hypot(target.x_m - start.x_m, target.y_m - start.y_m)
    rate = brain.rules.climb_mps if rise > 0 else brain.rules.descent_mps
    if run > 1.0 and abs(rise) / run * speed > rate:
        speed = max(rate * run / abs(rise), 0.5)
    v = path.approach_mps(left, speed, accel, through)
    side = path.approach_mps(off, 0.4 * speed, accel)
    alt = start.alt_m + rise * share if run > 1.0 else target.alt_m
    slope = rise / run * v if run > 1.0 else 0.0
    up = min(max(navigate.climb_rate(brain, alt) + slope, -brain.rules.descent_mps), brain.rules.climb_mps)
    return Demand(v * ux - side * uy, v * uy + side * ux, up, heading)


def _through_mps(brain: Brain, item: Item, target: Spot, accept_m: float) -> float:
    """Speed at which the place is passed; 0: it stops there."""
    if item.command in LOITERS or item.param1 > 0:
        return 0.0
    after = _next_place(brain)
    if after is None:
        return 0.0
    turned = path.turn_deg(brain.fly.start, target, after)
    return path.corner_mps(turned, accept_m, brain.spec.airframe.accel_mps2, navigate.cruise_mps(brain))


def _next_place(brain: Brain) -> Spot | None:
    for item in brain.plans[0][brain.current + 1 :]:
        if item.command in PLACES:
            return spot_of(brain, item)
        if item.command not in _AT_ONCE or item.command == mav.MAV_CMD_NAV_RETURN_TO_LAUNCH:
            return None
    return None


def _is_there(brain: Brain, target: Spot, left_m: float, accept_m: float, through_mps: float) -> bool:
    s = brain.seen
    flat = math.hypot(target.x_m - s.spot.x_m, target.y_m - s.spot.y_m)
    if through_mps > 0:
        return flat <= accept_m or left_m <= 0
    near = flat <= min(max(accept_m, 0.5), STOP_ACCEPT_M) and abs(target.alt_m - s.spot.alt_m) < 2.0
    return near and math.hypot(s.east_mps, s.north_mps) < STOPPED_MPS


def _wait(brain: Brain, item: Item, target: Spot) -> Demand:
    """Stay for the hold time, then go on."""
    arrived = brain.fly.arrived_at if brain.fly.arrived_at is not None else brain.now
    for_ever = item.command == mav.MAV_CMD_NAV_LOITER_UNLIM
    if for_ever or brain.now - arrived < max(item.param1, 0.0):
        return navigate.hold(brain, target)
    return _pass(brain, item, target)


def _pass(brain: Brain, item: Item, target: Spot) -> Demand:
    _reached(brain)
    if brain.current < len(brain.plans[0]) and brain.plans[0][brain.current].command in PLACES:
        return _to_place(brain, brain.plans[0][brain.current]) if brain.fly.arrived_at is None else Demand()
    return navigate.hold(brain, target)


def _reached(brain: Brain) -> None:
    """Tell it, and take the next item; a leg starts where the last place lay."""
    fly = brain.fly
    brain.send(mav.MAVLink_mission_item_reached_message(brain.current))
    fly.start = fly.target if fly.arrived_at is not None else brain.seen.spot
    fly.arrived_at, fly.step = None, 0
    brain.current += 1


def _ended(brain: Brain) -> Demand:
    brain.say("Mission finished", mav.MAV_SEVERITY_INFO)
    if brain.personality.stays_in_mission:
        brain.current = max(len(brain.plans[0]) - 1, 0)
        brain.fly.finished = True
    else:
        brain.current = first_item(brain)
        enter(brain, Doing.HOLD)
    return Demand() if brain.seen.grounded else navigate.hold(brain, brain.fly.target)


def _set_speed(brain: Brain, item: Item) -> None:
    if item.param2 > 0:
        brain.fly.speed_mps = item.param2


def _mount(brain: Brain, item: Item) -> None:
    if math.isfinite(item.param1):
        brain.gimbal.pitch_deg = min(max(item.param1, -90.0), 30.0)


def _return(brain: Brain, item: Item) -> None:
    mode = brain.mode if brain.personality.stays_in_mission else None
    enter(brain, Doing.RETURN, mode)


def _ignored(brain: Brain, item: Item) -> None:
    brain.say(f"Mission item {brain.current}: command {item.command} ignored", mav.MAV_SEVERITY_NOTICE)


_AT_ONCE: dict[int, Callable[[Brain, Item], None]] = {
    mav.MAV_CMD_DO_CHANGE_SPEED: _set_speed,
    mav.MAV_CMD_DO_MOUNT_CONTROL: _mount,
    mav.MAV_CMD_DO_GIMBAL_MANAGER_PITCHYAW: _mount,
    mav.MAV_CMD_NAV_RETURN_TO_LAUNCH: _return,
    mav.MAV_CMD_CONDITION_DELAY: _ignored,
    mav.MAV_CMD_CONDITION_DISTANCE: _ignored,
    mav.MAV_CMD_CONDITION_YAW: _ignored,
}
SUPPORTED = frozenset({*PLACES, *_AT_ONCE, mav.MAV_CMD_NAV_TAKEOFF, mav.MAV_CMD_NAV_LAND})
