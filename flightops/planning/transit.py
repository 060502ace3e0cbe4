"""Ways between home and a sector round no-fly zones. Outside the area a drone may fly; over its holes it may not."""

from __future__ import annotations

import numpy as np
import shapely
from shapely import Polygon

from core.errors import Refused
from core.geo import Area, LatLon
from flightops.planning.area import checked_area
from flightops.planning.paths.timing import Pace
from flightops.planning.paths.visibility import Links

CLEAR_M = 5.0
ROOM_M = 4.9
FIELD_M = 1_000.0


def transit(area: Area, start: LatLon, end: LatLon, pace: Pace | None = None) -> tuple[LatLon, ...] | Refused:
    """Start, bends round the area's holes (CLEAR_M off them where an end lies no nearer) and end.

    Refused when an end lies over a hole. Raises Malformed when the area is none.
    """
    ground = checked_area(area)
    ends = np.array([ground.frame.to_xy(start), ground.frame.to_xy(end)])
    holes = [Polygon(r) for r in ground.polygon.interiors]
    over = [(k, i) for k, h in enumerate(holes) for i in (0, 1) if h.contains(shapely.Point(ends[i]))]
    if over:
        hole, at = over[0]
        return Refused.because("home" if at == 0 else "path", f"it lies over no-fly zone {hole + 1}", "move it out")
    away = [min(0.8 * float(h.distance(shapely.Point(e))) for e in ends) for h in holes]
    field = shapely.box(*(ends.min(axis=0) - FIELD_M), *(ends.max(axis=0) + FIELD_M)).union(
        ground.polygon.envelope.buffer(FIELD_M, join_style="mitre")
    )
    links = Links(_less(field, holes, away, ROOM_M), _less(field, holes, away, CLEAR_M), pace or Pace())
    try:
        bends = links.ways(ends[:1], ends[1:])[0]
    except ValueError:
        return Refused.because("home", "no way leads round the no-fly zones", "choose another home")
    return (start, *(ground.frame.to_latlon(float(x), float(y)) for x, y in bends), end)


def _less(field: Polygon, holes: list[Polygon], away_m: list[float], clear_m: float) -> Polygon:
    """The field without its holes, each grown by clear_m or, when nearer, a share of what the ends keep off it."""
    grown = [
        h.buffer(min(clear_m, a * clear_m / CLEAR_M), join_style="mitre", mitre_limit=2.0)
        for h, a in zip(holes, away_m, strict=True)
    ]
    left = shapely.difference(field, shapely.union_all(grown)) if grown else field
    return max(shapely.get_parts(left), key=lambda p: float(p.area))
