"""KML 2.2 (OGC 07-147r2) for map viewers: folders for the area, its no-fly zones, the sector lines and the places.

Elements stand in the order of the schema. Lines with a height are drawn at it above the ground (relativeToGround) and
extruded down to it, lines that follow the ground at their heights above sea level (absolute); lines without one lie on
the ground.
"""

from __future__ import annotations

from xml.etree import ElementTree

from core.geo import LatLon
from flightops.planning.export.document import PlanDocument, SectorLine, Spot, read_plan
from flightops.planning.export.writing import child, deg_text, summary, turned, xml_bytes

NAMESPACE = "http://www.opengis.net/kml/2.2"
LINE_COLOURS = ("ffb47200", "ff00a5ff", "ff73a000", "ffa779cc", "ffe9b456", "ff005ed5", "ff42e4f0", "ff555555")
"""aabbggrr, one a drone in turn; the first seven are Okabe and Ito's, told apart by the colour-blind too."""
AREA_COLOUR, AREA_FILL = "ffffffff", "20ffffff"
NO_FLY_COLOUR, NO_FLY_FILL = "ff0000ff", "600000ff"


def kml(doc: object) -> bytes:
    """The plan document (see flightops.planning.export.document) as a KML file. Raises Malformed."""
    plan = read_plan(doc)
    root = ElementTree.Element("kml", {"xmlns": NAMESPACE})
    document = child(root, "Document")
    child(document, "name", plan.name)
    _styles(document, plan)
    if plan.area is not None:
        folder = _folder(document, "Area")
        _polygon(_placemark(folder, "Search area", "area"), plan.area.outer, plan.area.holes)
        if plan.area.holes:
            folder = _folder(document, "No-fly zones")
            for k, hole in enumerate(plan.area.holes, start=1):
                _polygon(_placemark(folder, f"No-fly zone {k}", "no-fly"), hole)
    folder = _folder(document, "Sectors")
    for sector in plan.sectors:
        mark = _placemark(folder, sector.name, f"drone-{plan.drones.index(sector.drone) + 1}", summary(sector))
        _line(mark, sector)
    _places(document, plan)
    return xml_bytes(root)


def _styles(document: ElementTree.Element, plan: PlanDocument) -> None:
    lines = {f"drone-{k + 1}": LINE_COLOURS[k % len(LINE_COLOURS)] for k in range(len(plan.drones))}
    fills = {name: "30" + colour[2:] for name, colour in lines.items()}
    lines |= {"area": AREA_COLOUR, "no-fly": NO_FLY_COLOUR}
    fills |= {"area": AREA_FILL, "no-fly": NO_FLY_FILL}
    for name, colour in lines.items():
        style = child(document, "Style", id=name)
        line = child(style, "LineStyle")
        child(line, "color", colour)
        child(line, "width", "3")
        child(child(style, "PolyStyle"), "color", fills[name])


def _folder(document: ElementTree.Element, name: str) -> ElementTree.Element:
    folder = child(document, "Folder")
    child(folder, "name", name)
    return folder


def _placemark(
    folder: ElementTree.Element, name: str, style: str | None = None, words: str | None = None
) -> ElementTree.Element:
    mark = child(folder, "Placemark")
    child(mark, "name", name)
    if words is not None:
        child(mark, "description", words)
    if style is not None:
        child(mark, "styleUrl", f"#{style}")
    return mark


def _polygon(mark: ElementTree.Element, outer: tuple[LatLon, ...], holes: tuple[tuple[LatLon, ...], ...] = ()) -> None:
    polygon = child(mark, "Polygon")
    child(polygon, "tessellate", "1")
    for tag, ring in (("outerBoundaryIs", outer), *(("innerBoundaryIs", h) for h in holes)):
        corners = turned(ring)
        child(child(child(polygon, tag), "LinearRing"), "coordinates", _coordinates((*corners, corners[0])))


def _line(mark: ElementTree.Element, sector: SectorLine) -> None:
    line = child(mark, "LineString")
    heights = () if sector.height_agl_m is None else (sector.height_agl_m,) * len(sector.path)
    mode = "relativeToGround"
    if sector.heights is not None:
        heights, mode = sector.heights.amsl_m, "absolute"
    if heights:
        child(line, "extrude", "1")
        child(line, "altitudeMode", mode)
    else:
        child(line, "tessellate", "1")
    child(line, "coordinates", _coordinates(sector.path, heights))


def _places(document: ElementTree.Element, plan: PlanDocument) -> None:
    spots: list[tuple[str, Spot]] = [] if plan.home is None else [("Home", plan.home)]
    spots += [(f"Rally point {k}", spot) for k, spot in enumerate(plan.rally, start=1)]
    if not spots:
        return
    folder = _folder(document, "Places")
    for name, spot in spots:
        child(child(_placemark(folder, name), "Point"), "coordinates", _coordinates((spot.place,)))


def _coordinates(path: tuple[LatLon, ...], heights: tuple[float, ...] = ()) -> str:
    tails = [f",{h:.2f}" for h in heights] or [""] * len(path)
    return " ".join(f"{deg_text(p.lon_deg)},{deg_text(p.lat_deg)}{tail}" for p, tail in zip(path, tails, strict=True))
