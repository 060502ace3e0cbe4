"""GPX 1.1 (Topografix) for hand-held receivers: one route a sector, waypoints for home and the rally points.

Elements stand in the order of the schema. `ele` is a height above sea level, so only a home that has one and lines that
follow the ground get it; heights above ground stand in the description.
"""

from __future__ import annotations

from xml.etree import ElementTree

from core.geo import LatLon
from flightops.planning.export.document import read_plan
from flightops.planning.export.writing import child, deg_text, summary, xml_bytes

NAMESPACE = "http://www.topografix.com/GPX/1/1"
CREATOR = "Airground"


def gpx(doc: object) -> bytes:
    """The plan document (see flightops.planning.export.document) as a GPX file. Raises Malformed."""
    plan = read_plan(doc)
    root = ElementTree.Element("gpx", {"xmlns": NAMESPACE, "version": "1.1", "creator": CREATOR})
    child(child(root, "metadata"), "name", plan.name)
    if plan.home is not None:
        home = _point(root, "wpt", plan.home.place)
        if plan.home.height_m is not None:
            child(home, "ele", f"{plan.home.height_m:.2f}")
        child(home, "name", "Home")
        child(home, "sym", "Residence")
    for k, spot in enumerate(plan.rally, start=1):
        rally = _point(root, "wpt", spot.place)
        child(rally, "name", f"Rally point {k}")
        if spot.height_m is not None:
            child(rally, "desc", f"{spot.height_m:g} m above home")
        child(rally, "sym", "Flag, Green")
    for k, sector in enumerate(plan.sectors, start=1):
        route = child(root, "rte")
        child(route, "name", sector.name)
        child(route, "desc", summary(sector))
        child(route, "number", str(k))
        for k, place in enumerate(sector.path):
            point = _point(route, "rtept", place)
            if sector.heights is not None:
                child(point, "ele", f"{sector.heights.amsl_m[k]:.2f}")
    return xml_bytes(root)


def _point(parent: ElementTree.Element, tag: str, place: LatLon) -> ElementTree.Element:
    return child(parent, tag, lat=deg_text(place.lat_deg), lon=deg_text(place.lon_deg))
