"""The parameter protocol: read one, read all, set. What is set is in force at once.

https://mavlink.io/en/services/parameter.html
"""

from __future__ import annotations

import math
import struct

from pymavlink.dialects.v20 import ardupilotmega as mav

from sitl.vehicle.brain import Brain, Message, Peer

INT32, REAL32 = mav.MAV_PARAM_TYPE_INT32, mav.MAV_PARAM_TYPE_REAL32
MAX_ABS = 2**31 - 1


def on_list(brain: Brain, m: Message, peer: Peer) -> None:
    """PARAM_REQUEST_LIST."""
    for index, name in enumerate(brain.params):
        _send(brain, name, index)


def on_read(brain: Brain, m: Message, peer: Peer) -> None:
    """PARAM_REQUEST_READ: by index, or by name when the index is -1; an unknown one is not answered."""
    names = list(brain.params)
    name = names[m.param_index] if 0 <= m.param_index < len(names) else _name(m)
    if name in brain.params:
        _send(brain, name, names.index(name))


def on_set(brain: Brain, m: Message, peer: Peer) -> None:
    """PARAM_SET: answered with the value in force; an unusable value changes nothing."""
    name = _name(m)
    if name not in brain.params:
        brain.say(f"No parameter {name}")
        return
    value = _decoded(brain, name, m)
    if value is not None:
        brain.params[name] = value
        brain.rules = brain.personality.rules(brain.params)
    else:
        brain.say(f"Parameter {name}: value refused")
    _send(brain, name, list(brain.params).index(name))


def _name(m: Message) -> str:
    raw = m.param_id
    return raw if isinstance(raw, str) else bytes(raw).split(b"\0")[0].decode("ascii", "replace")


def _decoded(brain: Brain, name: str, m: Message) -> float | None:
    integer = brain.personality.params[name].integer
    if brain.personality.bytewise_params and integer:
        if m.param_type == REAL32:
            return None
        return float(struct.unpack("<i", struct.pack("<f", m.param_value))[0])
    if brain.personality.bytewise_params and m.param_type != REAL32:
        return None
    if not math.isfinite(m.param_value) or abs(m.param_value) > MAX_ABS:
        return None
    return float(round(m.param_value)) if integer else float(m.param_value)


def _send(brain: Brain, name: str, index: int) -> None:
    value, integer = brain.params[name], brain.personality.params[name].integer
    if integer and brain.personality.bytewise_params:
        value = struct.unpack("<f", struct.pack("<i", int(value)))[0]
    kind = INT32 if integer else REAL32
    brain.send(mav.MAVLink_param_value_message(name.encode("ascii"), value, kind, len(brain.params), index))
