"""What may leave for an aircraft from the mission side: a table. Anything off it, or out of its range, never leaves.

Reboot, serial control, flight termination, forced arming and raw setpoints are off the table on purpose: one
PREFLIGHT_REBOOT with magic numbers hangs production firmware in flight, one out-of-range parameter crashed another.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from core.drone import DroneState, FlightMode
from core.units import UtcSeconds
from flightops.links.air.frames import Message, param_number
from flightops.links.dialects import Dialect

MAX_ITEMS = 2000
FRESH_S = 3.0


@dataclass(frozen=True, slots=True)
class Context:
    """What a check may look at: the drone as last heard, its dialect, the time."""

    state: DroneState
    dialect: Dialect
    now: UtcSeconds


Check = Callable[[Message, Context], str | None]
"""None: may leave. Otherwise why not."""


def judged(message: Message, context: Context) -> str | None:
    """Why this message may not leave for the aircraft; None when it may."""
    kind = message.get_type()
    check = MESSAGES.get(kind)
    return f"{kind} is not on the list of what may leave" if check is None else check(message, context)


def moves(message: Message) -> bool:
    """Whether the message could make the aircraft do something else than it does (held back while an order runs)."""
    kind = message.get_type()
    if kind in ("COMMAND_LONG", "COMMAND_INT"):
        return message.command in MOTION
    return kind in ("MISSION_SET_CURRENT", "MISSION_CLEAR_ALL")


def _free(_: Message, __: Context) -> str | None:
    return None


def _range(field: str, low: float, high: float) -> Check:
    """A check that `field` is within low to high (NaN is not)."""

    def check(m: Message, _: Context) -> str | None:
        value = getattr(m, field)
        return None if low <= value <= high else f"{m.get_type()}.{field} {value:g} is outside {low:g} to {high:g}"

    return check


def _command(m: Message, context: Context) -> str | None:
    check = COMMANDS.get(m.command)
    if check is None:
        return f"command {m.command} is not on the list of what may leave"
    return check(m, context)


def _arm(m: Message, context: Context) -> str | None:
    if m.param2 != 0:
        return "forced arming or disarming never leaves"
    if m.param1 == 1:
        return None
    in_air = context.state.in_air
    if m.param1 == 0 and in_air is not None and in_air.fresh(context.now, FRESH_S) and not in_air.value:
        return None
    return "disarming leaves only for an aircraft known to be on the ground"


def _mode(m: Message, context: Context) -> str | None:
    asked = (m.param2, m.param3)
    if m.param1 == 1 and asked in context.dialect.modes_asked:
        return None
    return f"mode {m.param2:g}/{m.param3:g} is not one we ask for"


def _interval(m: Message, _: Context) -> str | None:
    return None if m.param2 in (-1, 0) or 20_000 <= m.param2 <= 60e6 else f"a message each {m.param2:g} us"


PITCH_DEG = (-90.0, 30.0)

COMMANDS: dict[int, Check] = {
    400: _arm,
    176: _mode,
    300: _free,  # MISSION_START
    193: _free,  # DO_PAUSE_CONTINUE
    224: _range("param1", -1, MAX_ITEMS),  # DO_SET_MISSION_CURRENT
    178: _range("param2", 0.5, 30.0),  # DO_CHANGE_SPEED
    1000: _range("param1", *PITCH_DEG),  # DO_GIMBAL_MANAGER_PITCHYAW
    511: _interval,  # SET_MESSAGE_INTERVAL
    512: _range("param1", 0, 65535),  # REQUEST_MESSAGE
}
MOTION = frozenset({400, 176, 300, 193, 224, 178})

PLACED_ITEMS = frozenset({16, 17, 18, 19, 21, 22, 31, 5000, 5001, 5002, 5003, 5004, 5100})
OTHER_ITEMS = frozenset(
    {20, 93, 112, 114, 115, 177, 178, 195, 197, 201, 203, 205, 206, 1000, 1001, 2000, 2001, 2500, 2501}
)
HEIGHT_M: dict[int, tuple[float, float]] = {
    0: (-500.0, 9000.0),
    5: (-500.0, 9000.0),
    3: (-100.0, 1500.0),
    6: (-100.0, 1500.0),
}


def _item(m: Message, _: Context) -> str | None:
    where = f"mission item {m.seq}"
    numbers = (m.param1, m.param2, m.param3, m.param4, m.z)
    if any(math.isinf(v) for v in numbers) or math.isnan(m.z):
        return f"{where}: a number is not finite"
    if m.command in OTHER_ITEMS:
        return None
    if m.command not in PLACED_ITEMS:
        return f"{where}: command {m.command} is not on the list of what may leave"
    if not (-840_000_000 <= m.x <= 840_000_000 and -1_800_000_000 <= m.y <= 1_800_000_000):
        return f"{where}: {m.x / 1e7:.7f}, {m.y / 1e7:.7f} is no place"
    low, high = HEIGHT_M.get(m.frame, (1.0, 0.0))
    if not low <= m.z <= high:
        return f"{where}: height {m.z:g} m in frame {m.frame} is outside what we fly"
    return None


def _param(m: Message, context: Context) -> str | None:
    name = m.param_id
    limits = context.dialect.settable.get(name)
    if limits is None:
        return f"parameter {name} is not on the list of what may be set"
    value = param_number(m, bytewise=context.dialect.bytewise_params)
    return None if limits[0] <= value <= limits[1] else f"{name} {value:g} is outside {limits[0]:g} to {limits[1]:g}"


def _count(m: Message, context: Context) -> str | None:
    """ArduPilot keeps items as they come: a mission changed while it is flown would be a mix of old and new."""
    if _flies_mission(context):
        return "a mission is never changed while it is flown: hold first"
    return _range("count", 0, MAX_ITEMS)(m, context)


def _clear(_: Message, context: Context) -> str | None:
    return "the mission being flown is never cleared" if _flies_mission(context) else None


def _flies_mission(context: Context) -> bool:
    mode = context.state.mode
    return mode is not None and mode.value is FlightMode.MISSION and not _on_ground(context)


def _on_ground(context: Context) -> bool:
    in_air = context.state.in_air
    return in_air is not None and in_air.fresh(context.now, FRESH_S) and not in_air.value


MESSAGES: dict[str, Check] = {
    "COMMAND_LONG": _command,
    "COMMAND_INT": lambda m, c: f"COMMAND_INT {m.command} is not on the list of what may leave",
    "MISSION_COUNT": _count,
    "MISSION_ITEM_INT": _item,
    "MISSION_REQUEST_LIST": _free,
    "MISSION_REQUEST_INT": _free,
    "MISSION_REQUEST": _free,
    "MISSION_ACK": _free,
    "MISSION_CLEAR_ALL": _clear,
    "MISSION_SET_CURRENT": _range("seq", 0, MAX_ITEMS),
    "PARAM_REQUEST_READ": _free,
    "PARAM_SET": _param,
}
