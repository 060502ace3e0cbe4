"""How a mission lies on board, and whether what was read back is what was sent."""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.geo import GeoPoint
from flightops.links.dialects.dialect import Dialect
from flightops.missions.mission import MissionItem

WAYPOINT = 16
PLACED = frozenset({WAYPOINT, 17, 18, 19, 21, 22, 31, 82, 195})
"""Commands whose x, y, z are a place; of the others, autopilots return any frame and any x, y, z."""

SAME_FRAME = {5: 0, 6: 3, 11: 10}
"""The _INT frames mean the same as those without."""

WATCHED_PARAMS = {WAYPOINT: (0,), 19: (0,), 178: (1,), 205: (0,), 1000: (0, 1)}
"""Params (from 0) that decide the flight; others are packed, rounded or dropped by the autopilots."""

TOLERANCE_E7 = 2
TOLERANCE_Z_M = 0.02


def on_board(dialect: Dialect, items: Sequence[MissionItem], home: GeoPoint | None) -> tuple[MissionItem, ...]:
    """The items as they are sent. ArduPilot's item 0 is home: it takes its own there, ours is a placeholder
    (known home, or the first place of the mission, so that it is never 0, 0)."""
    if not dialect.home_first:
        return tuple(items)
    if home is not None:
        place = (round(home.lat_deg * 1e7), round(home.lon_deg * 1e7), float(home.alt_amsl_m))
    else:
        first = next((i for i in items if i.command in PLACED and (i.x or i.y)), None)
        place = (first.x, first.y, 0.0) if first else (0, 0, 0.0)
    return (MissionItem(WAYPOINT, 0, (0.0, 0.0, 0.0, 0.0), *place), *items)


def difference(dialect: Dialect, sent: Sequence[MissionItem], read: Sequence[MissionItem]) -> str | None:
    """None when the same flight; otherwise the first differing item, numbered as in the mission."""
    skip = 1 if dialect.home_first else 0
    if len(read) != len(sent):
        return f"{max(len(read) - skip, 0)} items on board, {len(sent) - skip} were sent"
    for index, (a, b) in enumerate(zip(sent[skip:], read[skip:], strict=True)):
        if (why := _item_difference(a, b)) is not None:
            return f"item {index}: {why}"
    return None


def _item_difference(a: MissionItem, b: MissionItem) -> str | None:
    if a.command != b.command:
        return f"command {b.command} on board, {a.command} was sent"
    if a.command in PLACED:
        if SAME_FRAME.get(a.frame, a.frame) != SAME_FRAME.get(b.frame, b.frame):
            return f"height frame {b.frame} on board, {a.frame} was sent"
        if abs(a.x - b.x) > TOLERANCE_E7 or abs(a.y - b.y) > TOLERANCE_E7:
            return f"place {b.x / 1e7:.7f}, {b.y / 1e7:.7f} on board, {a.x / 1e7:.7f}, {a.y / 1e7:.7f} was sent"
        if abs(a.z - b.z) > TOLERANCE_Z_M:
            return f"height {b.z:g} m on board, {a.z:g} m was sent"
    for k in WATCHED_PARAMS.get(a.command, ()):
        if not _close(a.params[k], b.params[k]):
            return f"param {k + 1} is {b.params[k]:g} on board, {a.params[k]:g} was sent"
    return None


def _close(a: float, b: float) -> bool:
    return (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=1e-4, abs_tol=0.01)
