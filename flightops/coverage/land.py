"""Where trees hide the ground: forest polygons of the basemap, with the canopy they say they have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from core.errors import Malformed
from core.geo import Floats, LocalFrame
from core.units import within

FAR_M = 1e6


@dataclass(frozen=True, slots=True, eq=False)
class Wood:
    """A forest: rings (n, 2) of longitude and latitude, the first the outer one; `canopy`: share of the ground that
    crowns hide from straight above, None when the map does not say."""

    rings: tuple[Floats, ...]
    canopy: float | None

    def shape(self, frame: LocalFrame) -> BaseGeometry:
        """The forest in metres of a frame; empty when it lies far from it."""
        outer, *holes = [frame.to_xy_many(r) for r in self.rings]
        if not all((np.abs(r) < FAR_M).all() for r in (outer, *holes)):
            return shapely.Polygon()
        return shapely.buffer(shapely.make_valid(shapely.Polygon(outer, holes)), 0.0)


def woods_from(basemap: Any) -> tuple[Wood, ...]:
    """The forests (`kind` forest, optionally `canopy` 0 to 1) of a basemap's GeoJSON; nothing else of it is judged.

    Raises Malformed for a canopy that is none.
    """
    features = basemap.get("features") if isinstance(basemap, dict) else None
    found: list[Wood] = []
    for i, feature in enumerate(features if isinstance(features, list) else ()):
        match feature:
            case {"properties": {"kind": "forest"} as told, "geometry": {"type": str(kind), "coordinates": list(c)}}:
                canopy = _canopy(told.get("canopy"), f"features[{i}].properties.canopy")
                polygons = {"Polygon": [c], "MultiPolygon": c}.get(kind, [])
                found += [Wood(rings, canopy) for p in polygons if (rings := _rings(p))]
    return tuple(found)


def _canopy(value: object, field: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Malformed(field, f"{value!r:.40} is not a number", "give the share of ground under crowns, 0 to 1")
    return within(field, float(value), 0.0, 1.0)


def _rings(polygon: Any) -> tuple[Floats, ...]:
    """The rings of a GeoJSON polygon; none when they can't be read."""
    try:
        rings = [np.array([[float(v) for v in p[:2]] for p in ring]) for ring in polygon]
    except (TypeError, ValueError, OverflowError):
        return ()
    good = all(r.ndim == 2 and r.shape[1:] == (2,) and len(r) > 3 and np.isfinite(r).all() for r in rings)
    return tuple(rings) if rings and good else ()
