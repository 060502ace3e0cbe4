"""Areas from outside: what is taken, and that every refusal names the coordinate and the fix."""

from __future__ import annotations

import math

import pytest

from core.errors import Malformed
from core.geo import Area, LatLon, LocalFrame
from flightops.planning.area import area_from_geojson, checked_area

SQUARE = [[120.0, 28.0], [120.01, 28.0], [120.01, 28.01], [120.0, 28.01], [120.0, 28.0]]
HOLE = [[120.004, 28.004], [120.006, 28.004], [120.006, 28.006], [120.004, 28.006], [120.004, 28.004]]


def polygon(*rings: object) -> dict[str, object]:
    return {"type": "Polygon", "coordinates": list(rings)}


def feature(geometry: object) -> dict[str, object]:
    return {"type": "Feature", "properties": {}, "geometry": geometry}


def judged(doc: object) -> None:
    checked_area(area_from_geojson(doc))


@pytest.mark.parametrize(
    "doc",
    [
        polygon(SQUARE, HOLE),
        feature(polygon(SQUARE, HOLE)),
        {"type": "FeatureCollection", "features": [feature(polygon(SQUARE, HOLE))]},
        {
            "type": "FeatureCollection",
            "features": [feature({"type": "Point", "coordinates": [1, 2]}), feature(polygon(SQUARE, HOLE))],
        },
        polygon(SQUARE[:-1], HOLE[:-1]),
        polygon([[*p, 310.0] for p in SQUARE], HOLE),
    ],
    ids=["polygon", "feature", "collection", "collection with a point", "unclosed", "with heights"],
)
def test_polygon_documents_are_read(doc: object) -> None:
    area = area_from_geojson(doc)
    assert area.outer == tuple(LatLon(lat, lon) for lon, lat in SQUARE[:-1])
    assert len(area.holes) == 1
    ground = checked_area(area)
    assert ground.polygon.is_valid
    assert ground.polygon.area == pytest.approx(0.96 * 983.0 * 1108.2, rel=0.005)


def test_repeated_corners_are_dropped_and_winding_does_not_matter() -> None:
    twice = [p for p in SQUARE for _ in range(3)]
    plain = checked_area(area_from_geojson(polygon(SQUARE))).polygon
    assert checked_area(area_from_geojson(polygon(twice))).polygon.equals(plain)
    assert checked_area(area_from_geojson(polygon(SQUARE[::-1]))).polygon.area == pytest.approx(plain.area)


SWAPPED = [[lat, lon] for lon, lat in SQUARE]
BOW_TIE = [[120.0, 28.0], [120.01, 28.01], [120.01, 28.0], [120.0, 28.01], [120.0, 28.0]]


def with_corner(value: object) -> list[object]:
    return [*SQUARE[:2], value, *SQUARE[3:]]


def shifted(ring: list[list[float]], lon: float, lat: float = 0.0) -> list[list[float]]:
    return [[x + lon, y + lat] for x, y in ring]


@pytest.mark.parametrize(
    ("doc", "field", "words"),
    [
        (None, "area", "not GeoJSON"),
        ([], "area", "not GeoJSON"),
        ({}, "area", "not GeoJSON"),
        ({"type": "Point", "coordinates": [120, 28]}, "type", "'Point' is not a polygon"),
        ({"type": "Feature"}, "geometry", "no geometry"),
        (feature(None), "geometry", "no geometry"),
        (feature({"type": "LineString", "coordinates": SQUARE}), "geometry", "'LineString' is not a polygon"),
        (feature({"type": "MultiPolygon", "coordinates": [[SQUARE]]}), "geometry", "one by one"),
        ({"type": "MultiPolygon", "coordinates": [[SQUARE]]}, "type", "one by one"),
        ({"type": "FeatureCollection", "features": []}, "features", "0 polygons"),
        ({"type": "FeatureCollection", "features": [feature(polygon(SQUARE))] * 2}, "features", "2 polygons"),
        ({"type": "FeatureCollection", "features": [7, None]}, "features", "0 polygons"),
        (feature(polygon()), "geometry.coordinates", "empty"),
        (feature({"type": "Polygon"}), "geometry.coordinates", "empty"),
        (feature(polygon([])), "geometry.coordinates[0]", "0 corners"),
        (feature(polygon(SQUARE[:2])), "geometry.coordinates[0]", "2 corners"),
        (feature(polygon("ring")), "geometry.coordinates[0]", "not a ring"),
        (feature(polygon(with_corner(None))), "geometry.coordinates[0][2]", "not a position"),
        (feature(polygon(with_corner([120.01]))), "geometry.coordinates[0][2]", "not a position"),
        (feature(polygon(with_corner(["120", "28"]))), "geometry.coordinates[0][2]", "not a number"),
        (feature(polygon(with_corner([True, 28]))), "geometry.coordinates[0][2]", "not a number"),
        (feature(polygon(with_corner([math.nan, 28]))), "geometry.coordinates[0][2]", "nan is not a finite"),
        (feature(polygon(with_corner([120, math.inf]))), "geometry.coordinates[0][2]", "inf is not a finite"),
        (feature(polygon(with_corner([220.0, 28.0]))), "geometry.coordinates[0][2]", "longitude 220"),
        (feature(polygon(with_corner([120.0, -128.0]))), "geometry.coordinates[0][2]", "latitude -128 is outside"),
        (feature(polygon(SWAPPED)), "geometry.coordinates[0][0]", "swapped"),
        (feature(polygon(SQUARE, shifted(HOLE, 300.0))), "geometry.coordinates[1][0]", "longitude 420"),
        (feature(polygon(shifted(SQUARE, 0, 60.0))), "geometry.coordinates[0][0]", "too near the pole"),
        (feature(polygon(shifted(SQUARE, 0, -113.0))), "geometry.coordinates[0][0]", "too near the pole"),
        (
            feature(polygon([[179.9, 0], [-179.9, 0], [-179.9, 0.1], [179.9, 0.1]])),
            "geometry.coordinates[0][1]",
            "antimeridian",
        ),
        (feature(polygon(BOW_TIE)), "geometry.coordinates[0][0]", "latitude 28.005000, longitude 120.005000"),
        (feature(polygon([SQUARE[0], SQUARE[1], SQUARE[0], SQUARE[1]])), "geometry.coordinates[0]", "on one line"),
        (feature(polygon([[120, 28], [120, 28.01], [120, 28.02]])), "geometry.coordinates[0]", "on one line"),
        (feature(polygon([SQUARE[0]] * 5)), "geometry.coordinates[0]", "different corners"),
        (feature(polygon(SQUARE, shifted(HOLE, 0.1))), "geometry.coordinates[1]", "outside the outer ring"),
        (feature(polygon(SQUARE, shifted(HOLE, 0.005))), "geometry.coordinates[1]", "outside the outer ring"),
        (feature(polygon(SQUARE, SQUARE)), "geometry.coordinates", "cut the area apart or fill it"),
        (feature(polygon(SQUARE, HOLE, shifted(HOLE, 0.001))), "geometry.coordinates[2]", "overlaps hole 1"),
        (feature(polygon(SQUARE, HOLE, HOLE)), "geometry.coordinates[2]", "overlaps hole 1"),
        (feature(polygon([[120, 28], [121, 28], [121, 29], [120, 29]])), "geometry.coordinates", "more than 2000 km2"),
        (feature(polygon([[100, 28], [121, 28], [121, 29], [120, 29]])), "geometry.coordinates", "km across"),
        (
            feature(polygon([[120, 28], [120.01, 28], [120.01, 28.000002], [120, 28.000002]])),
            "geometry.coordinates",
            "nowhere wider",
        ),
        (feature(polygon([[120.0, 28.0]] * 200_001)), "geometry.coordinates", "more than 200000 corners"),
    ],
)
def test_bad_input_is_refused_by_name(doc: object, field: str, words: str) -> None:
    with pytest.raises(Malformed) as refused:
        judged(doc)
    assert refused.value.field == field
    assert words in str(refused.value)
    assert refused.value.fix


def test_collection_names_the_feature() -> None:
    doc = {"type": "FeatureCollection", "features": [feature(None), feature(polygon(SWAPPED))]}
    with pytest.raises(Malformed, match="swapped") as refused:
        area_from_geojson(doc)
    assert refused.value.field == "features[1].geometry.coordinates[0][0]"


def test_a_crossing_is_found_in_the_edge_named() -> None:
    frame = LocalFrame(LatLon(28.0, 120.0))
    zigzag = [(0, 0), (1000, 0), (1000, 800), (600, 800), (600, -50), (500, 800), (0, 800)]
    ring = tuple(frame.to_latlon(x, y) for x, y in zigzag)
    with pytest.raises(Malformed, match="crosses or touches itself") as refused:
        checked_area(Area(ring), field="area.rings")
    assert refused.value.field in {"area.rings[0][0]", "area.rings[0][3]", "area.rings[0][4]"}


def test_a_whole_number_beyond_floats_is_malformed_not_a_crash() -> None:
    doc = {"type": "Polygon", "coordinates": [[[10**400, 1], [2, 3], [4, 5]]]}
    with pytest.raises(Malformed, match="no degrees") as refused:
        area_from_geojson(doc)
    assert refused.value.field == "coordinates[0][0]"
