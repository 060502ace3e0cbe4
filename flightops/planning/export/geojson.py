"""GeoJSON (RFC 7946) for web maps and desks: one feature for the area, each no-fly zone, sector and place.

Outer rings run counter-clockwise, holes clockwise (3.1.6). Positions have no height: GeoJSON's would be above the
ellipsoid; heights stand in the properties, whose names end in their units.
"""

from __future__ import annotations

from typing import Any

from core.geo import LatLon
from flightops.planning.export.document import PlanDocument, SectorLine, read_plan
from flightops.planning.export.writing import rounded_deg, turned


def feature_collection(doc: object) -> dict[str, Any]:
    """The plan document (see flightops.planning.export.document) as JSON-ready values. Raises Malformed."""
    plan = read_plan(doc)
    features = [*_area(plan), *map(_sector, plan.sectors), *_places(plan)]
    return {"type": "FeatureCollection", "features": features}


def _area(plan: PlanDocument) -> list[dict[str, Any]]:
    if plan.area is None:
        return []
    rings = [_ring(turned(plan.area.outer)), *(_ring(turned(h, clockwise=True)) for h in plan.area.holes)]
    zones = (
        _feature("Polygon", [_ring(turned(hole))], kind="no-fly zone", name=f"No-fly zone {k}")
        for k, hole in enumerate(plan.area.holes, start=1)
    )
    return [_feature("Polygon", rings, kind="area", name=plan.name), *zones]


def _sector(sector: SectorLine) -> dict[str, Any]:
    return _feature(
        "LineString",
        [_position(p) for p in sector.path],
        kind="sector",
        name=sector.name,
        drone=sector.drone,
        length_m=sector.length_m,
        time_s=sector.time_s,
        height_agl_m=sector.height_agl_m,
        height_amsl_m=None if sector.heights is None else list(sector.heights.amsl_m),
        agl_m=None if sector.heights is None else list(sector.heights.agl_m),
        speed_mps=sector.speed_mps,
    )


def _places(plan: PlanDocument) -> list[dict[str, Any]]:
    home = plan.home
    found = (
        []
        if home is None
        else [_feature("Point", _position(home.place), kind="home", name="Home", height_amsl_m=home.height_m)]
    )
    for k, spot in enumerate(plan.rally, start=1):
        name = f"Rally point {k}"
        at = _position(spot.place)
        found.append(_feature("Point", at, kind="rally point", name=name, height_above_home_m=spot.height_m))
    return found


def _feature(geometry: str, coordinates: list[Any], **properties: Any) -> dict[str, Any]:
    """A feature; properties that are None are left out."""
    return {
        "type": "Feature",
        "geometry": {"type": geometry, "coordinates": coordinates},
        "properties": {name: value for name, value in properties.items() if value is not None},
    }


def _ring(corners: tuple[LatLon, ...]) -> list[list[float]]:
    return [_position(p) for p in (*corners, corners[0])]


def _position(place: LatLon) -> list[float]:
    return [rounded_deg(place.lon_deg), rounded_deg(place.lat_deg)]
