"""A route from outside and the corridor about it: GeoJSON LineString in, area out. Errors are Malformed."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from shapely import Polygon

from core.errors import Malformed
from core.geo import Area, LatLon, LocalFrame
from core.units import within
from flightops.planning import rings
from flightops.planning.patterns.route import MOST_HALF_WIDTH_M, MOST_ROUTE_POINTS, in_metres

QUAD_SEGS = 12
LEAST_WIDTH_M = 2.0
FIX = "give a GeoJSON LineString or a Feature with one"


def route_from_geojson(doc: object) -> tuple[LatLon, ...]:
    """The route a GeoJSON document holds: a LineString, a Feature with one, or a FeatureCollection of one such
    feature. Raises Malformed."""
    geometry, field = _line_of(doc)
    coordinates = geometry.get("coordinates")
    if not isinstance(coordinates, list) or not 2 <= len(coordinates) <= MOST_ROUTE_POINTS:
        count = len(coordinates) if isinstance(coordinates, list) else "no"
        raise Malformed(field, f"{count} points; a route has 2 to {MOST_ROUTE_POINTS}", "draw its start and end")
    return tuple(rings.place(p, f"{field}[{k}]") for k, p in enumerate(coordinates))


def _line_of(doc: object) -> tuple[dict[str, Any], str]:
    match doc:
        case {"type": "LineString"} if isinstance(doc, dict):
            return doc, "coordinates"
        case {"type": "Feature", "geometry": {"type": "LineString"}} if isinstance(doc, dict):
            return doc["geometry"], "geometry.coordinates"
        case {"type": "FeatureCollection", "features": [{"geometry": {"type": "LineString"}}]} if isinstance(doc, dict):
            return doc["features"][0]["geometry"], "features[0].geometry.coordinates"
        case {"type": "Feature", "geometry": {"type": str(kind)}} | {"type": str(kind)}:
            raise Malformed("type", f"a {kind} is no route", FIX)
        case _:
            raise Malformed("area", "this is not GeoJSON", FIX)


def corridor(route: tuple[LatLon, ...], width_m: float) -> Area:
    """The outline of the ground within half of width_m of a route. Where the route comes round in a circle, what it
    goes round belongs to the outline, though not to the strip. Raises Malformed."""
    within("corridor_m", width_m, LEAST_WIDTH_M, 2.0 * MOST_HALF_WIDTH_M)
    rings.within_reach(route, "route")
    frame, _ = in_metres(route)
    outline = frame.to_lonlat_many(np.asarray(strip(route, width_m, frame).exterior.coords)[:-1])
    return Area(tuple(LatLon(float(lat), float(lon)) for lon, lat in outline))


def strip(route: tuple[LatLon, ...], width_m: float, frame: LocalFrame) -> Polygon:
    """The ground within half of width_m of a route, in metres of the frame."""
    line = shapely.linestrings(frame.to_xy_many(np.array([[p.lon_deg, p.lat_deg] for p in route])))
    return shapely.buffer(line, width_m / 2.0, quad_segs=QUAD_SEGS)
