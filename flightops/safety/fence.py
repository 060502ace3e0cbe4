"""Where a drone may be on a search: the area (its no-fly zones cut out) and the corridor there and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import shapely

from core.geo import Area, LatLon, LocalFrame

MARGIN_M = 30.0
"""Around the area, and half the corridor's width: turns, wind and GNSS error."""
ZONE_M = 10.0
"""Inwards into a no-fly zone, of a small one half of its way in: sweeps and ways keep 5 m off, so who is so far inside
is astray."""


@dataclass(frozen=True)
class Fence:
    """A shape in a local frame, m. Build it with `fence_for`."""

    frame: LocalFrame
    shape: Any
    """shapely Polygon or MultiPolygon, prepared."""

    def outside_m(self, place: LatLon) -> float:
        """Distance to the nearest allowed point, m; 0 inside."""
        return float(shapely.distance(self.shape, shapely.Point(self.frame.to_xy(place))))


def fence_for(area: Area, *lines: tuple[LatLon, ...]) -> Fence:
    """Fence of one sector: the whole search area, and its ways there and back (2 or more places each) as corridors."""
    frame = LocalFrame(area.outer[0])
    outer = _polygon(frame, area.outer).buffer(MARGIN_M)
    corridor = shapely.MultiLineString([[frame.to_xy(p) for p in line] for line in lines]).buffer(MARGIN_M)
    shape = shapely.union(outer, corridor)
    for hole in area.holes:
        shape = shape.difference(_inside(_polygon(frame, hole)))
    shapely.prepare(shape)
    return Fence(frame, shape)


def _inside(zone: Any) -> Any:
    """The part of a no-fly zone where nobody is by mistake of a few metres."""
    deep_m = float(shapely.maximum_inscribed_circle(zone).length)
    return zone.buffer(-min(ZONE_M, deep_m / 2.0))


def _polygon(frame: LocalFrame, ring: tuple[LatLon, ...]) -> Any:
    return shapely.make_valid(shapely.Polygon([frame.to_xy(p) for p in ring]))
