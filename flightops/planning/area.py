"""Areas from outside: GeoJSON in, and the judgement whether it is ground that can be searched.

Every error is Malformed and names the coordinate: ring 0 is the outer one, ring k + 1 is hole k.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely import Polygon

from core.errors import Malformed
from core.geo import Area, LatLon, LocalFrame
from flightops.planning import rings

MOST_CORNERS = 200_000
MOST_KM2 = 2_000.0
MOST_ACROSS_KM = 200.0
THINNEST_M = 0.5

FIELD = "geometry.coordinates"


@dataclass(frozen=True)
class CheckedArea:
    """An area that can be searched: valid, in metres of `frame` (its origin amid the area), holes as interior rings."""

    area: Area
    frame: LocalFrame
    polygon: Polygon


def area_from_geojson(doc: object) -> Area:
    """The area a GeoJSON document holds: a Polygon, a Feature with one, or a FeatureCollection with exactly one
    polygon feature. Rings may be left unclosed; heights are ignored. Raises Malformed.

    What can be told without geometry is judged here, the rest by `checked_area`.
    """
    geometry, field = _polygon_of(doc)
    coordinates = geometry.get("coordinates")
    if not isinstance(coordinates, list) or not coordinates:
        raise Malformed(field, "the polygon is empty", "draw at least 3 corners")
    if sum(len(r) for r in coordinates if isinstance(r, list)) > MOST_CORNERS:
        raise Malformed(field, f"more than {MOST_CORNERS} corners", "simplify the outline")
    found = [_ring(ring, f"{field}[{i}]") for i, ring in enumerate(coordinates)]
    return Area(found[0], tuple(found[1:]))


def _polygon_of(doc: object) -> tuple[dict[str, Any], str]:
    """The one Polygon geometry of a document and the path of its coordinates."""
    if not isinstance(doc, dict):
        raise Malformed("area", "this is not GeoJSON", "give a GeoJSON Polygon or a Feature with one")
    match doc:
        case {"type": "Polygon"}:
            return doc, "coordinates"
        case {"type": "Feature", "geometry": dict(geometry)}:
            return _only_polygon(geometry, "geometry"), FIELD
        case {"type": "Feature"}:
            raise Malformed("geometry", "the feature has no geometry", "draw a polygon")
        case {"type": "FeatureCollection", "features": list(features)}:
            return _one_of(features)
        case {"type": str(kind)}:
            _only_polygon(doc, "type")
            raise Malformed("type", f"{kind!r} is not a polygon", "give a GeoJSON Polygon or Feature")
        case _:
            raise Malformed("area", "this is not GeoJSON", "give a GeoJSON Polygon or a Feature with one")


def _one_of(features: list[object]) -> tuple[dict[str, Any], str]:
    shapes = [
        (i, f["geometry"])
        for i, f in enumerate(features)
        if isinstance(f, dict) and isinstance(f.get("geometry"), dict)
    ]
    areas = [(i, g) for i, g in shapes if g.get("type") in ("Polygon", "MultiPolygon")]
    if len(areas) != 1:
        raise Malformed("features", f"{len(areas)} polygons", "exactly one polygon feature makes a search area")
    at, geometry = areas[0]
    return _only_polygon(geometry, f"features[{at}].geometry"), f"features[{at}].{FIELD}"


def _only_polygon(geometry: dict[str, Any], field: str) -> dict[str, Any]:
    kind = geometry.get("type")
    if kind == "MultiPolygon":
        raise Malformed(field, "a MultiPolygon has several parts", "search its polygons one by one")
    if kind != "Polygon":
        raise Malformed(field, f"{kind!r} is not a polygon", "draw a polygon")
    return geometry


def _ring(ring: object, field: str) -> tuple[LatLon, ...]:
    if not isinstance(ring, list):
        raise Malformed(field, "is not a ring of positions", "a ring is a list of [longitude, latitude]")
    places = [rings.place(p, f"{field}[{i}]") for i, p in enumerate(ring)]
    if len(places) > 1 and places[0] == places[-1]:
        places.pop()
    if len(places) < 3:
        raise Malformed(field, f"{len(places)} corners", "a ring needs at least 3")
    return tuple(places)


def checked_area(area: Area, field: str = FIELD) -> CheckedArea:
    """The area as a valid polygon in metres. `field`: path of its rings in what the asker sent.

    Refused with Malformed: beyond MAX_LATITUDE_DEG, across the antimeridian, larger than MOST_KM2, rings that cross
    themselves or one another, holes outside, less than THINNEST_M wide. Repeated corners are dropped.
    """
    all_rings = (area.outer, *area.holes)
    for k, ring in enumerate(all_rings):
        rings.within_reach(ring, f"{field}[{k}]")
    if sum(map(len, all_rings)) > MOST_CORNERS:
        raise Malformed(field, f"more than {MOST_CORNERS} corners", "simplify the outline")
    frame = _frame(area.outer, field)
    checked = [rings.simple(ring, frame, f"{field}[{k}]") for k, ring in enumerate(all_rings)]
    polygon = rings.joined(checked, frame, field)
    if polygon.area > MOST_KM2 * 1e6:
        raise Malformed(field, f"{polygon.area / 1e6:.0f} km2 is more than {MOST_KM2:.0f} km2", "split the area")
    # an area whose widest circle is THINNEST_M across is at most its perimeter times half of that
    maybe_thin = polygon.area <= polygon.length * THINNEST_M / 2
    if maybe_thin and shapely.buffer(polygon, -THINNEST_M / 2, join_style="mitre").is_empty:
        raise Malformed(field, f"it is nowhere wider than {THINNEST_M:g} m", "draw a wider area")
    return CheckedArea(area, frame, polygon)


def _frame(outer: tuple[LatLon, ...], field: str) -> LocalFrame:
    """A frame amid the ring. Raises Malformed when the ring is too far across for any frame."""
    lats, lons = np.array([p.lat_deg for p in outer]), np.array([p.lon_deg for p in outer])
    low, high = (lats.min(), lons.min()), (lats.max(), lons.max())
    north_km = (high[0] - low[0]) * 111.2
    east_km = (high[1] - low[1]) * 111.2 * float(np.cos(np.radians(np.abs(lats).min())))
    if max(north_km, east_km) > MOST_ACROSS_KM:
        raise Malformed(field, f"it is {max(north_km, east_km):.0f} km across", "split the area")
    return LocalFrame(LatLon(float(low[0] + high[0]) / 2, float(low[1] + high[1]) / 2))
