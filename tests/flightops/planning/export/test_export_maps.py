"""KML, GPX and GeoJSON read again by other code than wrote them: same places, right structure, same bytes."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from flightops.planning.export.geojson import feature_collection
from flightops.planning.export.gpx import gpx
from flightops.planning.export.kml import kml
from flightops.planning.export.writing import json_bytes
from tests.flightops.planning.export.documents import HOLE, OUTER, PLANNED, document, lonlat

KML = {"k": "http://www.opengis.net/kml/2.2"}
GPX = {"g": "http://www.topografix.com/GPX/1/1"}
NEAR = 1e-7
few = settings(max_examples=25, deadline=None)
positions = st.tuples(st.floats(100.0, 101.0), st.floats(-84.0, 84.0)).map(list)
names = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"), min_size=1, max_size=40
)


def coordinates(element: ElementTree.Element | None) -> list[list[float]]:
    assert element is not None
    assert element.text is not None
    return [[float(v) for v in at.split(",")] for at in element.text.split()]


def near(a: list[list[float]], b: list[list[float]]) -> bool:
    return len(a) == len(b) and all(p[:2] == pytest.approx(q[:2], abs=NEAR) for p, q in zip(a, b, strict=True))


def folder(root: ElementTree.Element, name: str) -> ElementTree.Element:
    (found,) = [f for f in root.findall("k:Document/k:Folder", KML) if f.findtext("k:name", None, KML) == name]
    return found


def test_kml_holds_area_zones_lines_and_places() -> None:
    doc = document()
    root = ElementTree.fromstring(kml(doc))
    assert root.tag == "{http://www.opengis.net/kml/2.2}kml"
    assert root.findtext("k:Document/k:name", None, KML) == "Ridge & <valley> 搜索"
    area = folder(root, "Area")
    outer = coordinates(area.find(".//k:outerBoundaryIs/k:LinearRing/k:coordinates", KML))
    inner = coordinates(area.find(".//k:innerBoundaryIs/k:LinearRing/k:coordinates", KML))
    assert outer[0] == outer[-1]
    assert shapely.LinearRing(outer).is_ccw
    assert len(outer) == len(OUTER) + 1
    assert len(inner) == len(HOLE) + 1
    (zone,) = folder(root, "No-fly zones").findall("k:Placemark", KML)
    assert coordinates(zone.find(".//k:coordinates", KML)) == inner
    marks = folder(root, "Sectors").findall("k:Placemark", KML)
    for mark, sector in zip(marks, doc["sectors"], strict=True):
        line = coordinates(mark.find("k:LineString/k:coordinates", KML))
        assert near(line, sector["path"])
        assert {at[2] for at in line} == {60.0}
        assert mark.findtext("k:LineString/k:altitudeMode", None, KML) == "relativeToGround"
        assert mark.findtext("k:LineString/k:extrude", None, KML) == "1"
    places = folder(root, "Places").findall("k:Placemark", KML)
    assert [p.findtext("k:name", None, KML) for p in places] == ["Home", "Rally point 1", "Rally point 2"]


def test_kml_styles_exist_and_each_drone_has_its_colour() -> None:
    root = ElementTree.fromstring(kml(document()))
    styles = {s.get("id"): s.findtext("k:LineStyle/k:color", None, KML) for s in root.iter(f"{{{KML['k']}}}Style")}
    used = [u.text or "" for u in root.iter(f"{{{KML['k']}}}styleUrl")]
    assert {u.removeprefix("#") for u in used} == set(styles)
    assert len(set(styles.values())) == len(styles)
    assert all(colour is not None and len(colour) == 8 and int(colour, 16) >= 0 for colour in styles.values())
    order = [child.tag.split("}")[1] for child in root.find(".//k:Placemark", KML) or ()]
    assert order == ["name", "styleUrl", "Polygon"]


def test_kml_without_a_height_lies_on_the_ground() -> None:
    root = ElementTree.fromstring(kml(PLANNED))
    assert root.find(".//k:altitudeMode", KML) is None
    assert all(len(at) == 2 for at in coordinates(root.find(".//k:LineString/k:coordinates", KML)))
    assert [f.findtext("k:name", None, KML) for f in root.findall("k:Document/k:Folder", KML)] == ["Sectors"]


def test_gpx_holds_a_route_a_sector_and_waypoints() -> None:
    doc = document()
    root = ElementTree.fromstring(gpx(doc))
    assert root.get("version") == "1.1"
    assert root.get("creator") == "Airground"
    kinds = [child.tag.split("}")[1] for child in root]
    assert kinds == ["metadata", "wpt", "wpt", "wpt", "rte", "rte"]
    for k, (route, sector) in enumerate(zip(root.findall("g:rte", GPX), doc["sectors"], strict=True), start=1):
        points = [[float(p.get("lon", "")), float(p.get("lat", ""))] for p in route.findall("g:rtept", GPX)]
        assert near(points, sector["path"])
        assert route.findtext("g:number", None, GPX) == str(k)
        assert [c.tag.split("}")[1] for c in route][:4] == ["name", "desc", "number", "rtept"]
    home, *rally = root.findall("g:wpt", GPX)
    assert home.findtext("g:ele", None, GPX) == "87.50"
    assert [r.find("g:ele", GPX) for r in rally] == [None, None]
    assert rally[1].findtext("g:desc", None, GPX) == "40 m above home"


def test_geojson_follows_the_right_hand_rule_and_names_units() -> None:
    doc = document()
    collection = json.loads(json_bytes(feature_collection(doc)))
    assert collection["type"] == "FeatureCollection"
    kinds = [f["properties"]["kind"] for f in collection["features"]]
    assert kinds == ["area", "no-fly zone", "sector", "sector", "home", "rally point", "rally point"]
    area, zone, *others = collection["features"]
    outer, hole = area["geometry"]["coordinates"]
    assert outer[0] == outer[-1]
    assert shapely.LinearRing(outer).is_ccw
    assert not shapely.LinearRing(hole).is_ccw
    assert shapely.LinearRing(zone["geometry"]["coordinates"][0]).is_ccw
    for feature, sector in zip(others[:2], doc["sectors"], strict=True):
        assert near(feature["geometry"]["coordinates"], sector["path"])
        assert feature["properties"] == {
            "kind": "sector",
            "name": f"Sector {sector['drone']}",
            "drone": sector["drone"],
            "length_m": sector["length_m"],
            "time_s": sector["time_s"],
            "height_agl_m": 60.0,
            "speed_mps": doc["speed_mps"],
        }
    assert others[2]["properties"]["height_amsl_m"] == 87.5
    assert "height_above_home_m" not in others[3]["properties"]


@few
@given(st.lists(positions, min_size=2, max_size=12), names)
def test_places_and_names_come_back_as_they_went(path: list[list[float]], name: str) -> None:
    doc: dict[str, Any] = {"sectors": [{"path": path, "drone": 1, "name": f"a{name}"}]}
    from_kml, from_gpx = ElementTree.fromstring(kml(doc)), ElementTree.fromstring(gpx(doc))
    (feature,) = feature_collection(doc)["features"]
    assert near(coordinates(from_kml.find(".//k:LineString/k:coordinates", KML)), path)
    assert near(
        [[float(p.get("lon", "")), float(p.get("lat", ""))] for p in from_gpx.iter(f"{{{GPX['g']}}}rtept")], path
    )
    assert near(feature["geometry"]["coordinates"], path)
    assert from_kml.findtext(".//k:Placemark/k:name", None, KML) == f"a{name}"
    assert from_gpx.findtext(".//g:rte/g:name", None, GPX) == f"a{name}"
    assert feature["properties"]["name"] == f"a{name}"


def test_the_same_document_gives_the_same_bytes() -> None:
    for write in (kml, gpx, lambda doc: json_bytes(feature_collection(doc))):
        assert write(document()) == write(document())
        assert write(document()).startswith((b"<?xml", b"{"))
        assert write(document()).endswith(b"\n")


def test_no_coordinate_is_written_as_minus_nothing_or_with_an_exponent() -> None:
    doc = {"sectors": [{"path": [[-1e-12, 1e-9], [1e-7, -3e-10]], "drone": 1}]}
    for text in (kml(doc).decode(), gpx(doc).decode()):
        assert "-0.00000000" not in text
        assert "0.00000010" in text
    assert "-0.0" not in json_bytes(feature_collection(doc)).decode()
    assert lonlat(0.0, 0.0) == pytest.approx([120.036, 28.8885])
