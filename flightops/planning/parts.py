"""An area cut into connected parts of given shares, by straight cuts, each as short as can be found.

For many drones, or drones that differ: every part is swept on its own. (Few like drones are better served by one path
cut into shares: partition.py.)
"""

from __future__ import annotations

import math

import numpy as np
import shapely
from shapely import Polygon

from core.geo import Floats

WAYS = 8
HALVINGS = 30
CLOSE = 1e-3
GRID_M = 1e-3
"""Corners lie on a grid, so that parts have no edges too short to compute with; paths keep farther than that inside."""


def parts(area: Polygon, weights: tuple[float, ...]) -> tuple[Polygon, ...] | None:
    """One polygon a weight, in their order, with areas in their proportion (to CLOSE of the whole at each cut); None
    when no cut was found that leaves two connected sides."""
    found = parts_along(area, weights)
    return None if found is None else found[0]


def parts_along(
    area: Polygon, weights: tuple[float, ...], along: tuple[float, ...] = ()
) -> tuple[tuple[Polygon, ...], tuple[float, ...]] | None:
    """As `parts`, with the directions of the cuts, rad, from the first on; `along`: those of other weights, which are
    tried before any shorter cut, so that parts change little when their weights do."""
    if len(weights) == 1:
        return (area,), ()
    half = len(weights) // 2
    share = sum(weights[:half]) / sum(weights)
    for ways in (along[:1], tuple(math.pi * k / WAYS for k in range(2 * WAYS))):
        cuts = [(c, way) for way in ways if (c := _cut(area, way, share)) is not None]
        for (_, near, far), way in sorted(cuts, key=lambda c: c[0][0]):
            first = parts_along(near, weights[:half], along[1:half])
            second = parts_along(far, weights[half:], along[half:])
            if first is not None and second is not None:
                return (*first[0], *second[0]), (way, *first[1], *second[1])
    return None


def _cut(area: Polygon, way_rad: float, share: float) -> tuple[float, Polygon, Polygon] | None:
    """Length of the cut across direction `way_rad` that leaves `share` of the area behind it, and both sides; None when
    a side falls apart."""
    unit = np.array([math.cos(way_rad), math.sin(way_rad)])
    along = shapely.get_coordinates(area) @ unit
    low, high = float(along.min()), float(along.max())
    across = float(np.hypot(*np.ptp(shapely.get_coordinates(area), axis=0))) + 1.0
    behind, at, wanted = area, high, share * area.area
    for _ in range(HALVINGS):
        at = (low + high) / 2.0
        behind = shapely.intersection(area, _half_plane(unit, at, across, shapely.get_coordinates(area.centroid)[0]))
        if abs(behind.area - wanted) < CLOSE * area.area:
            break
        low, high = (at, high) if behind.area < wanted else (low, at)
    behind, ahead = shapely.set_precision([behind, shapely.difference(area, behind)], GRID_M)
    if not isinstance(behind, Polygon) or not isinstance(ahead, Polygon):
        return None
    length = (behind.length + ahead.length - area.length) / 2.0
    return round(length, 6), behind, ahead


def _half_plane(unit: Floats, at: float, across: float, centre: Floats) -> Polygon:
    """All that lies behind the line across `unit` at distance `at`, as far as the area reaches."""
    side = np.array([-unit[1], unit[0]])
    foot = unit * at + side * float(centre @ side)
    corners = (foot - side * across, foot + side * across)
    return Polygon([*corners, *(c - unit * 2.0 * across for c in reversed(corners))])
