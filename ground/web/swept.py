"""Ground swept in one search: strips joined as they come, in a local frame."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from core.errors import Malformed
from core.geo import Area, Floats, LatLon, LocalFrame

FAR_M = 1e6
"""Further than this from the search nothing belongs to it."""
GRID_M = 0.05
"""Strips are joined on this grid: far under what a camera resolves, and it keeps the union robust."""
SHOWN_M = 0.5
"""The outline on the map may be off by this; the fraction is taken from the exact one."""


class Swept:
    """Union of strips. Joining is put off until somebody looks."""

    def __init__(self, area: Area) -> None:
        self._frame = LocalFrame(area.outer[0])
        self._area = self._polygon(area.outer)
        for hole in area.holes:
            self._area = shapely.difference(self._area, self._polygon(hole))
        self._union: BaseGeometry = shapely.MultiPolygon()
        self._waiting: list[BaseGeometry] = []

    def add(self, ring: tuple[LatLon, ...]) -> None:
        """One more strip; fewer than three corners, or one on the far side of the Earth, sweep nothing."""
        strip = self._polygon(ring)
        if not strip.is_empty:
            self._waiting.append(strip)

    def fraction(self) -> float:
        """Share of the search area that was swept, 0 to 1."""
        asked_m2 = self._area.area
        return float(shapely.intersection(self._joined(), self._area).area / asked_m2) if asked_m2 > 0 else 0.0

    def geojson(self) -> dict[str, Any]:
        """MultiPolygon, longitude and latitude in degrees."""
        shown = _valid(shapely.simplify(self._joined(), SHOWN_M))
        polygons = [p for p in shapely.get_parts(shown) if p.geom_type == "Polygon" and not p.is_empty]
        return {"type": "MultiPolygon", "coordinates": [self._rings(p) for p in polygons]}

    def _joined(self) -> BaseGeometry:
        if self._waiting:
            self._union = shapely.union_all([self._union, *self._waiting], grid_size=GRID_M)
            self._waiting = []
        return self._union

    def _rings(self, polygon: Any) -> list[list[list[float]]]:
        rings = [polygon.exterior, *polygon.interiors]
        return [np.round(self._frame.to_lonlat_many(np.array(r.coords)), 7).tolist() for r in rings]

    def _polygon(self, ring: tuple[LatLon, ...]) -> BaseGeometry:
        xy: Floats = self._frame.to_xy_many(np.array([(p.lon_deg, p.lat_deg) for p in ring]))
        near = len(xy) >= 3 and bool((np.abs(xy) < FAR_M).all())
        return _valid(shapely.Polygon(xy)) if near else shapely.Polygon()


def _valid(shape: BaseGeometry) -> BaseGeometry:
    """Polygons of a shape that may cross itself (a camera turning makes such strips)."""
    return shape if shape.is_valid else shapely.buffer(shapely.make_valid(shape), 0.0)


def swept_of(area: Area) -> Swept | None:
    """Ground of a search, none of it swept yet; None where no local frame can be laid (refused where areas come in)."""
    try:
        return Swept(area)
    except Malformed:
        return None
