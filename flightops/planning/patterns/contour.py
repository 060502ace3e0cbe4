"""Contour search (IAMSAR vol. II 5.5): steep ground flown along lines of equal height, from the top down.

The relief is cut into even bands of at most the asked height; each has its leg at half its height. How much ground a
leg sees hangs on the slope: where it is gentle, legs lie far apart. The pattern's spacing is therefore None.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from core.errors import Malformed, Refused
from core.geo import Area, Floats
from core.terrain import GridTerrain
from core.units import within
from flightops.planning.area import CheckedArea, checked_area
from flightops.planning.paths.timing import Pace
from flightops.planning.paths.visibility import Links
from flightops.planning.patterns.isolines import isolines
from flightops.planning.patterns.pattern import Pattern, drawn
from flightops.planning.rings import offset

LEAST_STEP_M = 1.0
MOST_STEP_M = 1_000.0
MOST_LEVELS = 300
MOST_CORNERS = 400
MOST_NODES = 4_000_000
INSIDE_M = 0.03
ROOM_M = 0.01
SIMPLE_M = 1.0
"""Lines are drawn with as few corners as keep them this near to the grid's own."""


@dataclass(frozen=True)
class _Window:
    """The part of a grid about an area: `heights` (rows, columns), m AMSL; `lonlat` (rows * columns, 2) of its nodes;
    the column and row of its first node in the grid."""

    terrain: GridTerrain
    heights: Floats
    west: int
    south: int

    def lonlat(self, grid: Floats) -> Floats:
        """(n, 2) column, row of the window -> (n, 2) longitude, latitude, deg."""
        t = self.terrain
        x = t.west_m + (grid[:, 0] + self.west) * t.step_m
        y = t.south_m + (grid[:, 1] + self.south) * t.step_m
        return t.frame.to_lonlat_many(np.column_stack([x, y]))

    @property
    def nodes(self) -> Floats:
        """(rows * columns, 2) column, row of every node, row by row."""
        rows, columns = self.heights.shape
        row, column = np.divmod(np.arange(rows * columns), columns)
        return np.column_stack([column, row]).astype(np.float64)


def contour_search(terrain: GridTerrain, area: Area, step_m: float, fence: Area | None = None) -> Pattern | Refused:
    """Legs along contours at most step_m of height apart, highest first, joined by ways inside the area.

    Refused when the terrain knows no height somewhere in the area, or when the relief is under step_m. Raises
    Malformed when the area is none.
    """
    within("step_m", step_m, LEAST_STEP_M, MOST_STEP_M)
    ground = checked_area(area, "area")
    window = _window(terrain, ground)
    relief = None if window is None else _relief_m(window, ground)
    if window is None or relief is None:
        return Refused.because("terrain", "no ground height is known in a part of the area", "load terrain for it")
    low_m, high_m = relief
    if high_m - low_m < step_m:
        problem = f"its heights differ by {high_m - low_m:.0f} m only, less than one step of {step_m:g} m"
        return Refused.because("area", problem, "narrow the step (or the swath), or fly a parallel track")
    inner, room = _shrunk(ground.polygon, INSIDE_M), _shrunk(ground.polygon, ROOM_M)
    legs = [_legs(window, ground, inner, level_m) for level_m in _levels(low_m, high_m, step_m)]
    if not any(legs):
        return Refused.because("area", "no contour in it is longer than one cell of the terrain", "draw a wider area")
    try:
        path = _joined(legs, Links(room, inner, Pace()))
    except ValueError:
        return Refused.because("area", "it is too narrow somewhere to fly through", "search its parts one by one")
    return drawn("contour search", ground.frame, path, None, fence)


def _levels(low_m: float, high_m: float, step_m: float) -> Floats:
    """Heights of the legs, m AMSL, from the top down."""
    n = math.ceil((high_m - low_m) / step_m - 1e-9)
    if n > MOST_LEVELS:
        raise Malformed("step_m", f"{step_m:g} m makes {n} contours", "take a larger step")
    return high_m - (np.arange(n) + 0.5) * (high_m - low_m) / n


def _window(terrain: GridTerrain, ground: CheckedArea) -> _Window | None:
    """The nodes about the area, one more on each side; None when the grid does not reach that far."""
    ring = np.asarray(ground.polygon.exterior.coords)
    xy = terrain.frame.to_xy_many(ground.frame.to_lonlat_many(ring))
    at = (xy - np.array([terrain.west_m, terrain.south_m])) / terrain.step_m
    low, high = np.floor(at.min(axis=0)).astype(int), np.ceil(at.max(axis=0)).astype(int)
    rows, columns = terrain.heights.shape
    if low.min() < 0 or high[0] > columns - 1 or high[1] > rows - 1:
        return None
    low, high = np.maximum(low - 1, 0), high + 2
    heights = terrain.heights[low[1] : high[1], low[0] : high[0]]
    if heights.size > MOST_NODES:
        raise Malformed("terrain", f"{heights.size} heights in the area", "take a coarser grid or split the area")
    return _Window(terrain, heights, int(low[0]), int(low[1]))


def _relief_m(window: _Window, ground: CheckedArea) -> tuple[float, float] | None:
    """Least and greatest height at nodes inside the area and along its edge, m AMSL; None where one is unknown."""
    nodes = window.nodes
    xy = ground.frame.to_xy_many(window.lonlat(nodes))
    shapely.prepare(ground.polygon)
    inside = shapely.contains_xy(ground.polygon, xy[:, 0], xy[:, 1])
    edge = shapely.get_coordinates(shapely.segmentize(ground.polygon, window.terrain.step_m))
    along = window.terrain.heights_amsl_m(ground.frame.to_lonlat_many(edge))
    heights = np.concatenate([window.heights.ravel()[inside], along])
    if np.isnan(heights).any():
        return None
    return float(heights.min()), float(heights.max())


def _shrunk(area: Polygon, by_m: float) -> Polygon:
    if shapely.get_num_coordinates(area) > MOST_CORNERS:
        raise Malformed("area", f"more than {MOST_CORNERS} corners", "simplify the outline")
    small = offset(area, -by_m)
    if not isinstance(small, Polygon) or small.is_empty:
        raise Malformed("area", "it falls apart at a narrow neck", "search its parts one by one")
    return small


def _legs(window: _Window, ground: CheckedArea, inner: Polygon, level_m: float) -> list[Floats]:
    """The contours of one level inside the area, (n, 2) m each, those under one cell left out."""
    legs: list[Floats] = []
    for line in isolines(window.heights, level_m):
        xy = ground.frame.to_xy_many(window.lonlat(line))
        if len(xy) < 2 or np.hypot(*np.ptp(xy, axis=0)) < SIMPLE_M:
            continue
        kept = shapely.simplify(shapely.linestrings(xy), SIMPLE_M).intersection(inner)
        legs += [np.asarray(p.coords) for p in _pieces(kept) if p.length >= window.terrain.step_m]
    return legs


def _pieces(kept: BaseGeometry) -> list[BaseGeometry]:
    """Lines of a clipped line, in one piece again where only its start lay between them."""
    lines = [p for p in shapely.get_parts(kept) if p.length > 0.0]
    return list(shapely.get_parts(shapely.line_merge(shapely.MultiLineString(lines)))) if lines else []


def _joined(levels: list[list[Floats]], links: Links) -> Floats:
    """All legs in one path: level by level, within a level always the nearest one left, turned to start there."""
    path = [next(legs[0][:1] for legs in levels if legs)]
    for legs in levels:
        left = list(legs)
        while left:
            here = path[-1][-1]
            starts = [_from_nearest(leg, here) for leg in left]
            k = int(np.argmin([np.hypot(*(leg[0] - here)) for leg in starts]))
            path += [links.ways(here[None], starts[k][:1])[0].reshape(-1, 2), starts[k]]
            left.pop(k)
    return np.vstack(path)


def _from_nearest(leg: Floats, here: Floats) -> Floats:
    """The leg from its end nearest to a place (2,); a closed one from its nearest corner."""
    if np.hypot(*(leg[0] - leg[-1])) > 1e-6:
        return leg if np.hypot(*(leg[0] - here)) <= np.hypot(*(leg[-1] - here)) else leg[::-1]
    ring = leg[:-1]
    k = int(np.argmin(np.hypot(*(ring - here).T)))
    return np.concatenate([ring[k:], ring[: k + 1]])
