"""GeoJSON polygon -> Area: shape, numbers and order only.

Whether a ring crosses itself is judged where searches are planned.
"""

from __future__ import annotations

import math
from typing import Any

from core.errors import Malformed
from core.geo import MAX_LATITUDE_DEG, Area, LatLon

MAX_CORNERS = 100_000
WANTED = "a GeoJSON Polygon: [[[longitude, latitude], ...]], each ring closed"


def parse_area(doc: Any, field: str = "area") -> Area:
    """The area of a Polygon, or of a Feature or one-feature collection that holds one. Raises Malformed."""
    if not isinstance(doc, dict):
        raise Malformed(field, "not an object", WANTED)
    match doc.get("type"):
        case "Feature":
            return parse_area(doc.get("geometry"), f"{field}.geometry")
        case "Polygon":
            return _area(doc.get("coordinates"), f"{field}.coordinates")
        case str(kind):
            raise Malformed(f"{field}.type", f"{kind[:40]} is no Polygon", WANTED)
        case _:
            raise Malformed(f"{field}.type", "missing", WANTED)


def _area(rings: Any, field: str) -> Area:
    if not isinstance(rings, list) or not rings:
        raise Malformed(field, "no rings", WANTED)
    if not all(isinstance(r, list) for r in rings):
        raise Malformed(field, "not a list of rings", WANTED)
    corners = sum(map(len, rings))
    if corners > MAX_CORNERS + len(rings):
        raise Malformed(field, f"{corners} corners", f"at most {MAX_CORNERS}; simplify the outline")
    outer, *holes = (_ring(r, f"{field}[{i}]") for i, r in enumerate(rings))
    return Area(outer, tuple(holes))


def _ring(points: list[Any], field: str) -> tuple[LatLon, ...]:
    """One ring, the repeated last corner taken off."""
    if len(points) < 4:
        raise Malformed(field, f"{len(points)} corners", "at least 3, and the first again at the end")
    ring = tuple(_corner(p, f"{field}[{i}]") for i, p in enumerate(points))
    if ring[0] != ring[-1]:
        raise Malformed(field, "not closed", "repeat the first corner at the end")
    return ring[:-1]


def _corner(point: Any, field: str) -> LatLon:
    if not isinstance(point, list) or not 2 <= len(point) <= 3 or not all(map(_is_number, point)):
        raise Malformed(field, "not [longitude, latitude]", "two finite numbers, WGS-84 degrees")
    lon, lat = float(point[0]), float(point[1])
    if not -180.0 <= lon <= 180.0:
        raise Malformed(field, f"longitude {lon:g} is outside -180 to 180", "WGS-84 degrees, longitude first")
    if not -90.0 <= lat <= 90.0:
        raise Malformed(field, f"latitude {lat:g} is outside -90 to 90", "longitude comes first: swap the two?")
    if abs(lat) > MAX_LATITUDE_DEG:
        raise Malformed(field, f"latitude {lat:g} is too near a pole", f"stay within {MAX_LATITUDE_DEG:g} degrees")
    return LatLon(lat, lon)


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
