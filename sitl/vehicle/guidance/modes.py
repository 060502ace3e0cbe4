"""Changing what the aircraft does: modes, arming, take-off."""

from __future__ import annotations

import math
from dataclasses import replace

from pymavlink.dialects.v20 import ardupilotmega as mav

from sitl.vehicle.brain import Brain, Flying, Spot
from sitl.vehicle.dialect.personality import Doing
from sitl.vehicle.guidance.path import BRAKE_SHARE

HIGHEST_M = 1e4


def stop_spot(brain: Brain) -> Spot:
    """Where the aircraft comes to rest when it brakes now."""
    s = brain.seen
    speed = math.hypot(s.east_mps, s.north_mps)
    reach = speed / (2 * BRAKE_SHARE * brain.spec.airframe.accel_mps2)
    return Spot(s.spot.x_m + s.east_mps * reach, s.spot.y_m + s.north_mps * reach, s.spot.alt_m + 0.3 * s.up_mps)


def enter(brain: Brain, doing: Doing, mode: int | None = None) -> None:
    """Do something else from now on; `mode` None: the dialect's usual mode for it."""
    kept = brain.fly.speed_mps if brain.armed else None
    spot = stop_spot(brain) if not brain.seen.grounded else brain.seen.spot
    brain.fly = Flying(target=spot, start=spot, speed_mps=kept, since=brain.now)
    brain.doing = doing
    brain.mode = brain.personality.mode_of[doing] if mode is None else mode


def change_mode(brain: Brain, mode: int) -> int:
    """MAV_RESULT of a wish for a custom mode."""
    doing = brain.personality.modes.get(mode)
    if doing is None:
        brain.say(f"Mode change failed: no such mode {mode}")
        return int(mav.MAV_RESULT_DENIED)
    if brain.doing is Doing.TERMINATED and brain.armed:
        return int(mav.MAV_RESULT_TEMPORARILY_REJECTED)
    if doing is Doing.MISSION and not flyable(brain):
        brain.say("Mission rejected: no mission on board")
        return int(mav.MAV_RESULT_DENIED if brain.personality.mode_in_two else mav.MAV_RESULT_FAILED)
    if doing is Doing.TAKE_OFF:
        return take_off(brain, math.nan)
    if mode == brain.mode and doing is brain.doing:
        return int(mav.MAV_RESULT_ACCEPTED)
    enter(brain, doing, mode)
    if doing is Doing.MISSION:
        resume_mission(brain)
    return int(mav.MAV_RESULT_ACCEPTED)


def first_item(brain: Brain) -> int:
    """Index of the first item that is flown."""
    return 1 if brain.personality.home_is_item_0 else 0


def flyable(brain: Brain) -> bool:
    """Whether a mission with anything to fly is on board."""
    return len(brain.plans[0]) > first_item(brain)


def resume_mission(brain: Brain) -> None:
    """Go on from the current item; from the first after the end."""
    if brain.rules.resume_reset or not first_item(brain) <= brain.current < len(brain.plans[0]):
        brain.current = first_item(brain)
    brain.fly.started = not (brain.personality.needs_start and brain.seen.grounded) or auto_starts(brain)
    if not brain.fly.started:
        brain.say("AUTO: on the ground, waiting for MISSION_START", mav.MAV_SEVERITY_NOTICE)


def auto_starts(brain: Brain) -> bool:
    """AUTO_OPTIONS bit 1: take off in AUTO without raising the throttle."""
    return bool(int(brain.params.get("AUTO_OPTIONS", 0)) & 2)


def arm(brain: Brain, *, forced: bool = False) -> int:
    """MAV_RESULT of a wish to arm."""
    if brain.armed:
        return int(mav.MAV_RESULT_ACCEPTED)
    refusal = None if forced else _arm_refusal(brain)
    if refusal is not None:
        brain.say(refusal, mav.MAV_SEVERITY_CRITICAL)
        return brain.personality.arm_refused
    brain.armed = True
    brain.home = brain.seen.spot
    brain.watch.landed_at = brain.now
    brain.watch.breached = False
    target = brain.fly.target if brain.doing is Doing.TAKE_OFF else brain.seen.spot
    brain.fly = Flying(target, brain.seen.spot, since=brain.now)
    if brain.doing is Doing.MISSION:
        resume_mission(brain)
    brain.say("Arming motors" if brain.personality.home_is_item_0 else "Armed by external command", 6)
    return int(mav.MAV_RESULT_ACCEPTED)


def _arm_refusal(brain: Brain) -> str | None:
    p = brain.personality
    wait_s, text = p.settle_s["arm"]
    if brain.up_s < wait_s:
        return text
    if brain.mode in p.unarmable and not (
        brain.doing is Doing.MISSION and int(brain.params.get("AUTO_OPTIONS", 0)) & 1
    ):
        name = brain.doing.value.upper() if brain.mode != p.mode_of[Doing.MISSION] else "AUTO"
        return f"Arm: {name} mode not armable" if p.home_is_item_0 else f"Arming denied: {name} mode"
    link = brain.rules.link
    if link.action is not None and not link.armed_without and not link_alive(brain):
        return "Preflight Fail: No connection to the GCS"
    lowest = brain.rules.batteries[-1]
    if lowest.left > 0 and brain.seen.left < lowest.left:
        return "PreArm: Battery below minimum arming capacity"
    return None


def link_alive(brain: Brain) -> bool:
    """Whether a ground station was heard within the link-loss time."""
    at = brain.watch.gcs_at
    return at is not None and brain.now - at <= brain.rules.link.timeout_s


def disarm(brain: Brain, *, forced: bool = False) -> int:
    """MAV_RESULT of a wish to disarm: refused in flight unless forced."""
    if not brain.armed:
        return int(mav.MAV_RESULT_ACCEPTED)
    if not brain.seen.grounded and not forced:
        brain.say("Disarming denied: not landed")
        return brain.personality.arm_refused
    brain.armed = False
    brain.fly = replace(brain.fly, speed_mps=None, started=False)
    if brain.personality.stays_in_mission:
        brain.current = 0
    elif brain.seen.grounded and brain.doing in (Doing.RETURN, Doing.LAND, Doing.TAKE_OFF):
        enter(brain, Doing.HOLD)
    brain.say("Disarming motors" if brain.personality.home_is_item_0 else "Disarmed", 6)
    return int(mav.MAV_RESULT_ACCEPTED)


def take_off(brain: Brain, height_m: float) -> int:
    """MAV_RESULT of a wish to take off to height_m above home (NaN: the dialect's default)."""
    p = brain.personality
    wait_s, text = p.settle_s["take_off"]
    if brain.up_s < wait_s:
        brain.say(text, mav.MAV_SEVERITY_CRITICAL)
        return p.arm_refused
    if p.home_is_item_0 and (not brain.armed or brain.mode != p.mode_of[Doing.GUIDED]):
        brain.say("Takeoff refused: arm in GUIDED first")
        return p.arm_refused
    if not brain.seen.grounded:
        return int(mav.MAV_RESULT_FAILED if p.home_is_item_0 else mav.MAV_RESULT_TEMPORARILY_REJECTED)
    height = height_m if 0 < height_m < HIGHEST_M else brain.rules.take_off_height_m
    enter(brain, Doing.TAKE_OFF)
    brain.fly.target = replace(brain.seen.spot, alt_m=brain.home.alt_m + height)
    return int(mav.MAV_RESULT_ACCEPTED)
