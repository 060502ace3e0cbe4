"""Whether the aircraft is where it may not be: radius and height around home, uploaded polygons and circles."""

from __future__ import annotations

import math
from collections.abc import Iterator

from pymavlink.dialects.v20 import ardupilotmega as mav

from sitl.vehicle.brain import Brain, Item, Spot

INCLUSION = mav.MAV_CMD_NAV_FENCE_POLYGON_VERTEX_INCLUSION
EXCLUSION = mav.MAV_CMD_NAV_FENCE_POLYGON_VERTEX_EXCLUSION
CIRCLE_INCLUSION = mav.MAV_CMD_NAV_FENCE_CIRCLE_INCLUSION
CIRCLE_EXCLUSION = mav.MAV_CMD_NAV_FENCE_CIRCLE_EXCLUSION


def breach(brain: Brain) -> str | None:
    """What limit is broken, in words; None when none is."""
    rule, here = brain.rules.fence, brain.seen.spot
    away = math.hypot(here.x_m - brain.home.x_m, here.y_m - brain.home.y_m)
    if rule.radius_m > 0 and away > rule.radius_m:
        return f"{away:.0f} m from home"
    if rule.height_m > 0 and here.alt_m - brain.home.alt_m > rule.height_m:
        return f"above {rule.height_m:.0f} m"
    if not rule.polygons or not brain.plans[1]:
        return None
    shapes = list(_shapes(brain))
    kept_in = [inside for keep, inside in shapes if keep]
    if kept_in and not any(kept_in):
        return "outside the inclusion fence"
    if any(inside for keep, inside in shapes if not keep):
        return "inside an exclusion fence"
    return None


def _shapes(brain: Brain) -> Iterator[tuple[bool, bool]]:
    """(whether to stay in it, whether we are in it) of each uploaded shape."""
    items, i = brain.plans[1], 0
    while i < len(items):
        item = items[i]
        if item.command in (INCLUSION, EXCLUSION):
            corners = max(int(item.param1), 1)
            ring = [_xy(brain, v) for v in items[i : i + corners]]
            yield item.command == INCLUSION, _in_ring(brain.seen.spot, ring)
            i += corners
            continue
        if item.command in (CIRCLE_INCLUSION, CIRCLE_EXCLUSION):
            x, y = _xy(brain, item)
            near = math.hypot(brain.seen.spot.x_m - x, brain.seen.spot.y_m - y) <= item.param1
            yield item.command == CIRCLE_INCLUSION, near
        i += 1


def _xy(brain: Brain, item: Item) -> tuple[float, float]:
    spot = brain.spot(item.x, item.y, 0.0)
    return spot.x_m, spot.y_m


def _in_ring(here: Spot, ring: list[tuple[float, float]]) -> bool:
    """Even-odd rule."""
    inside = False
    for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True):
        if (y1 > here.y_m) != (y2 > here.y_m) and here.x_m < (x2 - x1) * (here.y_m - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside
