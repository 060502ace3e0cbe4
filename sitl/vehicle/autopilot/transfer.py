"""The mission protocol: upload, download, clear, set current. An upload takes effect whole or not at all.

https://mavlink.io/en/services/mission.html
"""

from __future__ import annotations

from pymavlink.dialects.v20 import ardupilotmega as mav

from sitl.vehicle.autopilot.items import (
    FENCE,
    KINDS,
    MAX_ITEMS,
    MISSION,
    RALLY,
    fault,
    given_back,
    item_of,
    whole_fault,
)
from sitl.vehicle.brain import Brain, Item, Message, Peer, Transfer
from sitl.vehicle.dialect.personality import Doing
from sitl.vehicle.guidance.modes import first_item

ASK_AGAIN_S = 0.5
GIVE_UP_S = 8.0
"""An upload that stays silent this long is cancelled; the plan on board stays."""


def on_count(brain: Brain, m: Message, peer: Peer) -> None:
    """MISSION_COUNT: begin an upload. A second party must wait; the same one begins anew."""
    if m.mission_type not in KINDS:
        return _ack(brain, peer, m.mission_type, mav.MAV_MISSION_UNSUPPORTED)
    running = brain.transfer
    if running is not None and running.peer != peer:
        return _ack(brain, peer, m.mission_type, mav.MAV_MISSION_DENIED)
    if m.count > MAX_ITEMS:
        return _ack(brain, peer, m.mission_type, mav.MAV_MISSION_NO_SPACE)
    if m.count == 0:
        brain.transfer = None
        _install(brain, m.mission_type, ())
        return _ack(brain, peer, m.mission_type, mav.MAV_MISSION_ACCEPTED)
    brain.transfer = Transfer(peer, m.mission_type, m.count, [], brain.now, brain.now)
    _ask(brain, brain.transfer)


def on_item(brain: Brain, m: Message, peer: Peer) -> None:
    """MISSION_ITEM_INT or MISSION_ITEM: the next one is kept, any other is asked for again."""
    t = brain.transfer
    if t is None or t.peer != peer or t.kind != m.mission_type:
        return
    t.heard_at = brain.now
    if m.seq != len(t.items):
        return _ask(brain, t)
    item = item_of(m)
    wrong = fault(item, t.kind, m.seq, brain.personality.home_is_item_0)
    if wrong is not None:
        brain.transfer = None
        brain.say(f"Mission item {m.seq} refused, old mission kept")
        return _ack(brain, peer, t.kind, wrong)
    t.items.append(item)
    if len(t.items) < t.count:
        return _ask(brain, t)
    brain.transfer = None
    wrong = whole_fault(tuple(t.items), t.kind)
    if wrong is None:
        _install(brain, t.kind, tuple(t.items))
    _ack(brain, peer, t.kind, mav.MAV_MISSION_ACCEPTED if wrong is None else wrong)


def tick(brain: Brain) -> None:
    """Ask again for an item that did not come; give up after a while."""
    t = brain.transfer
    if t is None:
        return
    if brain.now - t.heard_at > GIVE_UP_S:
        brain.transfer = None
        brain.say("Mission upload timed out, old mission kept")
        _ack(brain, t.peer, t.kind, mav.MAV_MISSION_OPERATION_CANCELLED)
    elif brain.now - t.asked_at > ASK_AGAIN_S:
        _ask(brain, t)


def on_list(brain: Brain, m: Message, peer: Peer) -> None:
    """MISSION_REQUEST_LIST: how many items there are."""
    if m.mission_type not in KINDS:
        return _ack(brain, peer, m.mission_type, mav.MAV_MISSION_UNSUPPORTED)
    brain.send(mav.MAVLink_mission_count_message(*peer, len(brain.plans[m.mission_type]), m.mission_type))


def on_request(brain: Brain, m: Message, peer: Peer) -> None:
    """MISSION_REQUEST_INT or MISSION_REQUEST: one item."""
    if m.mission_type not in KINDS:
        return _ack(brain, peer, m.mission_type, mav.MAV_MISSION_UNSUPPORTED)
    if m.seq >= len(brain.plans[m.mission_type]):
        return _ack(brain, peer, m.mission_type, mav.MAV_MISSION_INVALID_SEQUENCE)
    i = given_back(brain, m.mission_type, m.seq)
    now_flown = int(m.mission_type == MISSION and m.seq == brain.current)
    params = (i.param1, i.param2, i.param3, i.param4, i.x, i.y, i.z)
    head = (*peer, m.seq, i.frame, i.command, now_flown, i.autocontinue)
    brain.send(mav.MAVLink_mission_item_int_message(*head, *params, m.mission_type))


def on_ack(brain: Brain, m: Message, peer: Peer) -> None:
    """MISSION_ACK: the other side ends its download, or breaks off its upload."""
    t = brain.transfer
    if t is not None and t.peer == peer and m.type != mav.MAV_MISSION_ACCEPTED:
        brain.transfer = None


def on_clear(brain: Brain, m: Message, peer: Peer) -> None:
    """MISSION_CLEAR_ALL: one kind, or all (255)."""
    kinds = (MISSION, FENCE, RALLY) if m.mission_type == mav.MAV_MISSION_TYPE_ALL else (m.mission_type,)
    if not KINDS.issuperset(kinds):
        return _ack(brain, peer, m.mission_type, mav.MAV_MISSION_UNSUPPORTED)
    if brain.transfer is not None:
        return _ack(brain, peer, m.mission_type, mav.MAV_MISSION_DENIED)
    for kind in kinds:
        _install(brain, kind, ())
    _ack(brain, peer, m.mission_type, mav.MAV_MISSION_ACCEPTED)


def on_set_current(brain: Brain, m: Message, peer: Peer) -> None:
    """MISSION_SET_CURRENT (superseded by DO_SET_MISSION_CURRENT, still sent by tools)."""
    if not set_current(brain, m.seq):
        brain.say(f"No mission item {m.seq}")


def set_current(brain: Brain, seq: int) -> bool:
    """Fly item seq next; whether there is one."""
    if not 0 <= seq < len(brain.plans[MISSION]):
        return False
    brain.current = max(seq, first_item(brain)) if len(brain.plans[MISSION]) > 1 else seq
    brain.fly.arrived_at, brain.fly.finished, brain.fly.step = None, False, 0
    if brain.doing is Doing.MISSION:
        brain.fly.start = brain.seen.spot
    brain.send(mission_current(brain))
    return True


def mission_current(brain: Brain) -> Message:
    """MISSION_CURRENT."""
    total = len(brain.plans[MISSION])
    if total == 0:
        state = mav.MISSION_STATE_NO_MISSION
    elif brain.fly.finished:
        state = mav.MISSION_STATE_COMPLETE
    elif brain.doing is Doing.MISSION and brain.armed:
        state = mav.MISSION_STATE_ACTIVE
    else:
        state = mav.MISSION_STATE_NOT_STARTED if brain.current <= first_item(brain) else mav.MISSION_STATE_PAUSED
    return mav.MAVLink_mission_current_message(min(brain.current, max(total - 1, 0)), total, state, 0)


def _install(brain: Brain, kind: int, items: tuple[Item, ...]) -> None:
    brain.plans[kind] = items
    if kind != MISSION:
        return
    flying = brain.armed and not brain.seen.grounded
    if brain.personality.upload_restarts or not flying:
        brain.current = 0
    brain.fly.arrived_at, brain.fly.finished = None, False
    if brain.doing is Doing.MISSION and flying:
        brain.fly.start = brain.seen.spot
        brain.current = max(min(brain.current, len(items)), first_item(brain))


def _ask(brain: Brain, t: Transfer) -> None:
    t.asked_at = brain.now
    brain.send(mav.MAVLink_mission_request_int_message(*t.peer, len(t.items), t.kind))


def _ack(brain: Brain, peer: Peer, kind: int, result: int) -> None:
    brain.send(mav.MAVLink_mission_ack_message(*peer, result, kind))
