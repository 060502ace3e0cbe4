"""Link loss, battery, fence, landing: what the autopilot does by itself. Once a tick, on the state alone."""

from __future__ import annotations

from pymavlink.dialects.v20 import ardupilotmega as mav

from sitl.vehicle.brain import Brain
from sitl.vehicle.dialect.personality import Doing
from sitl.vehicle.guidance import fence
from sitl.vehicle.guidance.modes import disarm, enter, first_item

_URGENCY = {
    Doing.MANUAL: 0,
    Doing.GUIDED: 0,
    Doing.MISSION: 0,
    Doing.TAKE_OFF: 0,
    Doing.HOLD: 1,
    Doing.RETURN: 2,
    Doing.LAND: 3,
    Doing.TERMINATED: 4,
}
"""A failsafe never takes back a more urgent doing."""


def heard_ground_station(brain: Brain, system_id: int) -> None:
    """A heartbeat of a ground station came in; whether it counts is the rule's business."""
    only = brain.rules.link.only_from
    if only is None or only == system_id:
        brain.watch.gcs_at = brain.now


def watch(brain: Brain) -> None:
    """Judge all of them."""
    _link(brain)
    _battery(brain)
    _fence(brain)
    _ground(brain)


def _act(brain: Brain, action: Doing) -> bool:
    """Do it unless something as urgent is being done; whether it was begun."""
    if not brain.armed or _URGENCY[brain.doing] >= _URGENCY[action]:
        return False
    if brain.seen.grounded:
        disarm(brain)
        return True
    enter(brain, action)
    return True


def _link(brain: Brain) -> None:
    rule, w = brain.rules.link, brain.watch
    if w.gcs_at is None or brain.now - w.gcs_at <= rule.timeout_s:
        if w.link_lost_at is not None:
            brain.say("GCS connection regained", mav.MAV_SEVERITY_NOTICE)
        w.link_lost_at, w.link_acted, w.link_holding = None, False, False
        return
    if w.link_lost_at is None:
        w.link_lost_at = brain.now
        brain.say("GCS connection lost", mav.MAV_SEVERITY_WARNING)
    exempt = brain.doing in rule.exempt and not w.link_holding
    if rule.action is None or w.link_acted or not brain.armed or exempt:
        return
    waited = brain.now - w.link_lost_at
    if waited < rule.delay_s:
        w.link_holding = _act(brain, Doing.HOLD) or w.link_holding
        return
    w.link_acted = True
    brain.say(f"Failsafe: GCS lost, {rule.action.value}", mav.MAV_SEVERITY_CRITICAL)
    _act(brain, rule.action)


def _battery(brain: Brain) -> None:
    for stage, rule in enumerate(brain.rules.batteries, start=1):
        if brain.watch.battery_stage >= stage or rule.left <= 0 or brain.seen.left > rule.left:
            continue
        brain.watch.battery_stage = stage
        brain.say(rule.text, mav.MAV_SEVERITY_CRITICAL)
        if rule.action is not None:
            _act(brain, rule.action)
    if brain.armed and brain.seen.left <= 0.0 and brain.doing is not Doing.TERMINATED:
        brain.say("Battery empty", mav.MAV_SEVERITY_EMERGENCY)
        enter(brain, Doing.TERMINATED)


def _fence(brain: Brain) -> None:
    if not brain.armed or brain.seen.grounded:
        return
    breach = fence.breach(brain)
    if breach is None:
        brain.watch.breached = False
        return
    if brain.watch.breached:
        return
    brain.watch.breached = True
    brain.say(f"Geofence breach: {breach}", mav.MAV_SEVERITY_CRITICAL)
    action = brain.rules.fence.action
    if action is not None:
        _act(brain, action)


def _ground(brain: Brain) -> None:
    """Disarm some time after landing, or when armed and left standing."""
    if not brain.armed or not brain.seen.grounded:
        brain.watch.landed_at = None
        return
    if brain.watch.landed_at is None:
        brain.watch.landed_at = brain.now
    down = brain.doing in (Doing.LAND, Doing.RETURN, Doing.TERMINATED) or _mission_lands(brain)
    limit = brain.rules.disarm_landed_s if down else brain.rules.disarm_idle_s
    waiting = brain.doing in (Doing.TAKE_OFF,) or (brain.doing is Doing.MISSION and brain.fly.started and not down)
    if limit > 0 and not waiting and brain.now - brain.watch.landed_at >= limit:
        _end_landed_mission(brain)
        disarm(brain)


def _end_landed_mission(brain: Brain) -> None:
    if not _mission_lands(brain):
        return
    brain.send(mav.MAVLink_mission_item_reached_message(brain.current))
    brain.current = first_item(brain)
    if not brain.personality.stays_in_mission:
        enter(brain, Doing.HOLD)


def _mission_lands(brain: Brain) -> bool:
    items = brain.plans[0]
    at_land = brain.current < len(items) and items[brain.current].command == mav.MAV_CMD_NAV_LAND
    return brain.doing is Doing.MISSION and at_land and brain.fly.step == 1
