"""Mission, fence and rally items: which are taken, and how each autopilot gives them back."""

from __future__ import annotations

import math
from dataclasses import replace

from pymavlink.dialects.v20 import ardupilotmega as mav

from sitl.vehicle.brain import Brain, Item, Message
from sitl.vehicle.guidance import fence, mission

MISSION, FENCE, RALLY = 0, 1, 2
KINDS = frozenset({MISSION, FENCE, RALLY})
MAX_ITEMS = 1000
RALLY_POINT = mav.MAV_CMD_NAV_RALLY_POINT
VERTICES = frozenset({fence.INCLUSION, fence.EXCLUSION})
CIRCLES = frozenset({fence.CIRCLE_INCLUSION, fence.CIRCLE_EXCLUSION})
RETURN_POINT = mav.MAV_CMD_NAV_FENCE_RETURN_POINT
ABSOLUTE = frozenset({mav.MAV_FRAME_GLOBAL, mav.MAV_FRAME_GLOBAL_INT})
POSITION_FRAMES = ABSOLUTE | mission.RELATIVE
FRAMES = POSITION_FRAMES | {mav.MAV_FRAME_MISSION}
POSITIONED = (
    mission.PLACES | {mav.MAV_CMD_NAV_TAKEOFF, mav.MAV_CMD_NAV_LAND, RALLY_POINT, RETURN_POINT} | VERTICES | CIRCLES
)
COMMANDS = {MISSION: mission.SUPPORTED, FENCE: VERTICES | CIRCLES | {RETURN_POINT}, RALLY: frozenset({RALLY_POINT})}
MAX_VERTICES = 256


def item_of(message: Message) -> Item:
    """A MISSION_ITEM_INT, or a MISSION_ITEM with its position in degrees, as an item. NaN degrees become 0."""
    m = message
    if m.get_type() == "MISSION_ITEM":
        x, y = (round(v * 1e7) if math.isfinite(v) and abs(v) <= 180 else 0 for v in (m.x, m.y))
    else:
        x, y = m.x, m.y
    return Item(m.frame, m.command, m.param1, m.param2, m.param3, m.param4, x, y, m.z, m.autocontinue)


def fault(item: Item, kind: int, seq: int, home_first: bool) -> int | None:
    """MAV_MISSION_RESULT why an item is not taken; None when it is. With `home_first`, mission item 0 is ignored."""
    if home_first and kind == MISSION and seq == 0:
        return None
    if item.command not in COMMANDS[kind]:
        return int(mav.MAV_MISSION_UNSUPPORTED)
    if item.frame not in FRAMES or (item.command in POSITIONED and item.frame not in POSITION_FRAMES):
        return int(mav.MAV_MISSION_UNSUPPORTED_FRAME)
    if item.command in POSITIONED:
        if not -900_000_000 <= item.x <= 900_000_000:
            return int(mav.MAV_MISSION_INVALID_PARAM5_X)
        if not -1_800_000_000 <= item.y <= 1_800_000_000:
            return int(mav.MAV_MISSION_INVALID_PARAM6_Y)
        if not -1000.0 <= item.z <= 20000.0:
            return int(mav.MAV_MISSION_INVALID_PARAM7)
    if item.command in VERTICES and not 3 <= item.param1 <= MAX_VERTICES:
        return int(mav.MAV_MISSION_INVALID_PARAM1)
    if item.command in CIRCLES and not 0 < item.param1 < 1e6:
        return int(mav.MAV_MISSION_INVALID_PARAM1)
    return None


def whole_fault(items: tuple[Item, ...], kind: int) -> int | None:
    """MAV_MISSION_RESULT why a whole plan is not taken: a fence polygon with corners missing."""
    i = 0
    while kind == FENCE and i < len(items):
        if items[i].command not in VERTICES:
            i += 1
            continue
        count = int(items[i].param1)
        ring = items[i : i + count]
        if len(ring) < count or any(v.command != items[i].command for v in ring):
            return int(mav.MAV_MISSION_INVALID)
        i += count
    return None


def given_back(brain: Brain, kind: int, seq: int) -> Item:
    """An item as the autopilot answers a download.

    PX4: frame 2 for items without a position, integer frames (5, 6) for the others.
    ArduPilot: item 0 is home in frame 0; plain frames (0, 3); heights in whole centimetres; a waypoint keeps only
    its hold time, in whole seconds.
    """
    item = brain.plans[kind][seq]
    if not brain.personality.home_is_item_0:
        if item.command not in POSITIONED:
            return replace(item, frame=mav.MAV_FRAME_MISSION)
        int_frame = (
            mav.MAV_FRAME_GLOBAL_RELATIVE_ALT_INT if item.frame in mission.RELATIVE else mav.MAV_FRAME_GLOBAL_INT
        )
        return replace(item, frame=int_frame)
    if kind == MISSION and seq == 0:
        return home_item(brain)
    plain = mav.MAV_FRAME_GLOBAL_RELATIVE_ALT if item.frame in mission.RELATIVE else mav.MAV_FRAME_GLOBAL
    if item.command not in POSITIONED:
        return replace(item, frame=plain)
    item = replace(item, frame=plain, z=round(item.z * 100) / 100)
    if item.command != mission.NAV_WAYPOINT:
        return item
    hold_s = min(max(item.param1, 0.0), 32767.0) if math.isfinite(item.param1) else 0.0
    return replace(item, param1=float(int(hold_s)), param2=0.0, param3=0.0, param4=0.0)


def home_item(brain: Brain) -> Item:
    """ArduPilot's item 0."""
    here = brain.latlon(brain.home)
    x, y = round(here.lat_deg * 1e7), round(here.lon_deg * 1e7)
    return Item(mav.MAV_FRAME_GLOBAL, mission.NAV_WAYPOINT, 0.0, 0.0, 0.0, 0.0, x, y, round(brain.home.alt_m, 2))
