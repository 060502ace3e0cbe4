"""The front door: one message in, replies queued; what is for somebody else or means nothing here is ignored."""

from __future__ import annotations

from collections.abc import Callable

from pymavlink.dialects.v20 import ardupilotmega as mav

from core.errors import Malformed
from sitl.vehicle.autopilot import commands, params, telemetry, transfer
from sitl.vehicle.brain import Brain, Message, Peer
from sitl.vehicle.guidance import failsafe

COMPONENT = mav.MAV_COMP_ID_AUTOPILOT1


def receive(brain: Brain, m: Message) -> None:
    """Take one message; what it asks that makes no sense is dropped."""
    take = _TABLE.get(m.get_msgId())
    if take is None or getattr(m, "target_system", 0) not in (0, brain.spec.system_id):
        return
    if getattr(m, "target_component", 0) not in (0, COMPONENT):
        return
    try:
        take(brain, m, (m.get_srcSystem(), m.get_srcComponent()))
    except Malformed as problem:
        brain.say(f"Ignored {m.get_type()}: {problem.problem}")


def tick(brain: Brain) -> None:
    """What the protocols owe by now."""
    transfer.tick(brain)
    commands.tick(brain)
    telemetry.tick(brain)


def _heartbeat(brain: Brain, m: Message, peer: Peer) -> None:
    if m.type == mav.MAV_TYPE_GCS or brain.rules.link.only_from is not None:
        failsafe.heard_ground_station(brain, peer[0])


def _timesync(brain: Brain, m: Message, peer: Peer) -> None:
    if m.tc1 == 0:
        brain.send(mav.MAVLink_timesync_message(int(brain.up_s * 1e9), m.ts1))


_STREAMS: dict[int, tuple[int, ...]] = {
    mav.MAV_DATA_STREAM_EXTENDED_STATUS: (
        mav.MAVLINK_MSG_ID_SYS_STATUS,
        mav.MAVLINK_MSG_ID_GPS_RAW_INT,
        mav.MAVLINK_MSG_ID_MISSION_CURRENT,
    ),
    mav.MAV_DATA_STREAM_POSITION: (mav.MAVLINK_MSG_ID_GLOBAL_POSITION_INT, mav.MAVLINK_MSG_ID_LOCAL_POSITION_NED),
    mav.MAV_DATA_STREAM_EXTRA1: (mav.MAVLINK_MSG_ID_ATTITUDE,),
    mav.MAV_DATA_STREAM_EXTRA2: (mav.MAVLINK_MSG_ID_VFR_HUD,),
    mav.MAV_DATA_STREAM_EXTRA3: (
        mav.MAVLINK_MSG_ID_BATTERY_STATUS,
        mav.MAVLINK_MSG_ID_SYSTEM_TIME,
        mav.MAVLINK_MSG_ID_GIMBAL_DEVICE_ATTITUDE_STATUS,
    ),
}


def _data_stream(brain: Brain, m: Message, peer: Peer) -> None:
    """REQUEST_DATA_STREAM, ArduPilot's older way to set rates; PX4 does not know it."""
    if not brain.personality.home_is_item_0:
        return
    every = m.req_stream_id == mav.MAV_DATA_STREAM_ALL
    ids = [i for key, group in _STREAMS.items() if every or key == m.req_stream_id for i in group]
    on = m.start_stop == 1 and m.req_message_rate > 0
    for message_id in ids:
        telemetry.set_interval(brain, message_id, 1e6 / m.req_message_rate if on else -1.0)


_TABLE: dict[int, Callable[[Brain, Message, Peer], None]] = {
    mav.MAVLINK_MSG_ID_HEARTBEAT: _heartbeat,
    mav.MAVLINK_MSG_ID_COMMAND_LONG: commands.on_command,
    mav.MAVLINK_MSG_ID_COMMAND_INT: commands.on_command,
    mav.MAVLINK_MSG_ID_SET_MODE: commands.on_set_mode,
    mav.MAVLINK_MSG_ID_MISSION_COUNT: transfer.on_count,
    mav.MAVLINK_MSG_ID_MISSION_ITEM_INT: transfer.on_item,
    mav.MAVLINK_MSG_ID_MISSION_ITEM: transfer.on_item,
    mav.MAVLINK_MSG_ID_MISSION_REQUEST_LIST: transfer.on_list,
    mav.MAVLINK_MSG_ID_MISSION_REQUEST_INT: transfer.on_request,
    mav.MAVLINK_MSG_ID_MISSION_REQUEST: transfer.on_request,
    mav.MAVLINK_MSG_ID_MISSION_ACK: transfer.on_ack,
    mav.MAVLINK_MSG_ID_MISSION_CLEAR_ALL: transfer.on_clear,
    mav.MAVLINK_MSG_ID_MISSION_SET_CURRENT: transfer.on_set_current,
    mav.MAVLINK_MSG_ID_PARAM_REQUEST_LIST: params.on_list,
    mav.MAVLINK_MSG_ID_PARAM_REQUEST_READ: params.on_read,
    mav.MAVLINK_MSG_ID_PARAM_SET: params.on_set,
    mav.MAVLINK_MSG_ID_TIMESYNC: _timesync,
    mav.MAVLINK_MSG_ID_REQUEST_DATA_STREAM: _data_stream,
}
