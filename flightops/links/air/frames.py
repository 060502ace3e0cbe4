"""MAVLink bytes to messages and back (pymavlink; dialect ardupilotmega, which holds common)."""

from __future__ import annotations

import struct
from typing import Any

from pymavlink.dialects.v20 import ardupilotmega as mavlink

Message = Any
"""A pymavlink message; the library carries no types."""

GCS_SYSTEM = 255
GCS_COMPONENT = 190
"""Who we are on the air: heartbeats and the mission side. ArduPilot counts heartbeats of 255 by default."""
OWN_COMPONENT = 191
"""The gateway's own requests, so that answers to them are told from answers to MAVSDK."""
MAVSDK_SYSTEM = 245
MAVSDK_COMPONENT = 190
MAX_BUFFER = 65536


class Parser:
    """Bytes of one source to messages. Junk is counted in `bad` and never raises; the buffer stays bounded."""

    def __init__(self) -> None:
        self.bad = 0
        self._mav = _parser()

    def feed(self, data: bytes) -> list[Message]:
        """Whole, checksummed messages of known types, in order."""
        try:
            heard = self._mav.parse_buffer(data) or []
        except (mavlink.MAVError, ValueError, TypeError, IndexError, KeyError, AttributeError, AssertionError):
            # robust_parsing catches what is known; a bug in the parser may cost a datagram, not the gateway.
            self.bad += 1
            self._mav = _parser()
            return []
        if self._mav.buf_index > MAX_BUFFER:
            self._mav.buf = self._mav.buf[self._mav.buf_index :]
            self._mav.buf_index = 0
        good = [m for m in heard if m.get_msgId() >= 0 and m.get_type() in KNOWN]
        self.bad += sum(m.get_type() == "BAD_DATA" for m in heard)
        return good


def _parser() -> Message:
    mav = mavlink.MAVLink(None)
    mav.robust_parsing = True
    return mav


KNOWN = frozenset(kind.msgname for kind in mavlink.mavlink_map.values())


class Writer:
    """Packs messages as one (system, component), numbering them; signed when it is given a key."""

    def __init__(self, system: int, component: int, key: bytes | None = None) -> None:
        self._mav = mavlink.MAVLink(None, srcSystem=system, srcComponent=component)
        self._mav.signing.secret_key = key
        self._mav.signing.sign_outgoing = key is not None

    def pack(self, message: Message, time: int = 0) -> bytes:
        """The frame, MAVLink 2; `time`: of its signature."""
        self._mav.signing.timestamp = time
        frame: bytes = message.pack(self._mav)
        self._mav.seq = (self._mav.seq + 1) % 256
        return frame


def to_mavsdk(message: Message, system: int) -> bytes:
    """A vehicle's message as MAVSDK shall see it: from `system`, answers to us addressed to MAVSDK.

    Repacked in place, so `message` is spent; a signature is dropped.
    """
    mav = mavlink.MAVLink(None, srcSystem=system, srcComponent=message.get_srcComponent())
    mav.seq = message.get_seq()
    if getattr(message, "target_system", 0) == GCS_SYSTEM:
        message.target_system = MAVSDK_SYSTEM
        message.target_component = MAVSDK_COMPONENT
    frame: bytes = message.pack(mav)
    return frame


def command_long(system: int, command: int, params: tuple[float, ...], confirmation: int = 0) -> Message:
    """COMMAND_LONG to the autopilot (component 1) of `system`."""
    return mavlink.MAVLink_command_long_message(system, 1, command, confirmation, *params)


def heartbeat() -> Message:
    """The heartbeat of a ground station."""
    return mavlink.MAVLink_heartbeat_message(
        mavlink.MAV_TYPE_GCS, mavlink.MAV_AUTOPILOT_INVALID, 0, 0, mavlink.MAV_STATE_ACTIVE, 3
    )


def param_request(system: int, name: str) -> Message:
    """PARAM_REQUEST_READ by name."""
    return mavlink.MAVLink_param_request_read_message(system, 1, name.encode("ascii"), -1)


def refused_ack(command: int) -> Message:
    """COMMAND_ACK that tells MAVSDK its command was not let out."""
    return mavlink.MAVLink_command_ack_message(
        command, mavlink.MAV_RESULT_DENIED, 0, 0, MAVSDK_SYSTEM, MAVSDK_COMPONENT
    )


_PACKED = {1: "B", 2: "b", 3: "H", 4: "h", 5: "I", 6: "i"}
"""MAV_PARAM_TYPE of integers, as struct codes (little-endian, in the low bytes of the float)."""


def param_number(message: Message, *, bytewise: bool) -> float:
    """The value of a PARAM_VALUE or PARAM_SET. `bytewise`: integers travel as their bytes (PX4), else as a number."""
    code = _PACKED.get(message.param_type)
    if not bytewise or code is None:
        return float(message.param_value)
    packed = struct.pack("<f", message.param_value)
    return float(struct.unpack_from("<" + code, packed)[0])
