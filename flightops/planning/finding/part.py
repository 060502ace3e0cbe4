"""The part of an area where somebody most likely is, as an area of its own."""

from __future__ import annotations

import numpy as np
import shapely
from shapely import Polygon

from core.geo import Area, LatLon, LocalFrame
from flightops.planning.probability.area_map import ProbabilityMap
from flightops.planning.probability.grid import parts

EDGE_M = 0.01
"""Parts keep this far inside the area, so that a path in one is in the other."""


def likeliest_part(where: ProbabilityMap, area_m2: float) -> Polygon | None:
    """Of the likeliest cells that make up some `area_m2`, the cluster with most probability, its hull cut to the area
    (metres of the map's frame). None when the area is no larger, or nothing likely is left of it."""
    ground = where.ground
    if area_m2 >= ground.polygon.area:
        return None
    density = where.density_per_m2().ravel()
    held_m2 = (ground.inside * ground.grid.cell_m2).ravel()
    order = np.argsort(-density, kind="stable")
    order = order[density[order] > 0.0]
    taken = order[: max(int(np.searchsorted(np.cumsum(held_m2[order]), area_m2)), 1)]
    chosen = np.zeros(len(density), dtype=np.bool_)
    chosen[taken] = True
    clusters = parts(ground.grid.merged(chosen.reshape(ground.grid.shape)))
    if not clusters:
        return None
    likeliest = max(clusters, key=lambda c: (round(where.mass_in(c), 12), c.bounds))
    inner = shapely.buffer(ground.polygon, -EDGE_M, join_style="mitre")
    pieces = parts(shapely.intersection(likeliest.convex_hull, inner))
    return max(pieces, key=lambda p: (round(where.mass_in(p), 12), p.bounds), default=None)


def area_in(polygon: Polygon, frame: LocalFrame) -> Area:
    """A polygon in metres of `frame` as an area."""
    rings = [polygon.exterior, *polygon.interiors]
    lonlat = [frame.to_lonlat_many(shapely.get_coordinates(r)[:-1]) for r in rings]
    outer, *holes = [tuple(LatLon(float(lat), float(lon)) for lon, lat in found) for found in lonlat]
    return Area(outer, tuple(holes))
