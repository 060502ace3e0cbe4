"""Probability of area: masses are conserved however they come in, and every refusal names field and fix."""

from __future__ import annotations

import json
import math
from contextlib import suppress

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Malformed
from core.geo import Area, LatLon, LocalFrame
from flightops.planning.area import CheckedArea, checked_area
from flightops.planning.probability.area_json import probability_from_json
from flightops.planning.probability.area_map import (
    Patch,
    ProbabilityMap,
    Ring,
    Spread,
    from_patches,
    from_rings,
    uniform,
)
from flightops.planning.probability.grid import Grid, Ground, Lattice, areas_m2, ground_of, to_cells

FEW = settings(deadline=None, max_examples=15)
FRAME = LocalFrame(LatLon(28.8885, 120.036))


def lonlat(x: float, y: float) -> list[float]:
    at = FRAME.to_latlon(x, y)
    return [at.lon_deg, at.lat_deg]


def ring(*corners: tuple[float, float]) -> list[list[float]]:
    return [lonlat(x, y) for x, y in corners]


def square(west: float, south: float, side: float) -> list[list[float]]:
    return ring((west, south), (west + side, south), (west + side, south + side), (west, south + side))


def area_of(*rings: list[list[float]]) -> CheckedArea:
    outer, *holes = [tuple(LatLon(lat, lon) for lon, lat in r) for r in rings]
    return checked_area(Area(outer, tuple(holes)))


AREA = area_of(square(0.0, 0.0, 1000.0))
ODD = area_of(ring((0, 0), (900, 100), (700, 800), (300, 500), (-50, 700)), square(300.0, 200.0, 150.0))


def feature(west: float, south: float, side: float, **properties: object) -> dict[str, object]:
    shape = {"type": "Polygon", "coordinates": [square(west, south, side)]}
    return {"type": "Feature", "properties": properties, "geometry": shape}


def collection(*features: object, **more: object) -> dict[str, object]:
    return {"type": "FeatureCollection", "features": list(features), **more}


def whole(found: ProbabilityMap) -> float:
    return float(found.mass.sum()) + found.rest


def test_cells_hold_exactly_the_ground_of_the_area() -> None:
    ground = ground_of(ODD, 20.0)
    assert float(ground.inside.sum()) * 400.0 == pytest.approx(ODD.polygon.area)
    assert Lattice.of(ground).weight.sum() == pytest.approx((ground.inside > 0.0).sum())
    sums = to_cells(Lattice.of(ground).weight)
    assert sums == pytest.approx((ground.inside > 0.0).astype(float))


@FEW
@given(st.floats(-200, 900), st.floats(-200, 900), st.floats(1, 600), st.floats(7, 90))
def test_areas_in_cells_are_those_of_plain_overlays(x: float, y: float, radius: float, cell: float) -> None:
    shape = shapely.Point(x, y).buffer(radius, quad_segs=5)
    grid = Grid(FRAME, 0.0, 0.0, cell, 9, 8)
    rows, cols = slice(0, 9), slice(0, 8)
    plain = shapely.area(shapely.intersection(grid.boxes((rows, cols)), shape))
    assert areas_m2(shape, grid) == pytest.approx(plain, abs=1e-6)


def test_weighted_polygons() -> None:
    doc = collection(feature(0, 0, 500, weight=3), feature(500, 500, 500, weight=1), rest_of_world=0.2)
    found = probability_from_json(json.loads(json.dumps(doc)), AREA)
    assert found.rest == pytest.approx(0.2, abs=1e-6)
    x, y = AREA.frame.to_xy(FRAME.to_latlon(0.0, 0.0))
    assert found.mass_in(shapely.box(x, y, x + 500, y + 500)) == pytest.approx(0.6, abs=1e-4)
    assert found.mass_in(shapely.box(x + 500, y, x + 1000, y + 500)) == pytest.approx(0.0, abs=1e-4)
    assert found.mass_in(AREA.polygon) == pytest.approx(0.8)


def test_probability_outside_the_area_is_kept_as_rest() -> None:
    doc = collection(feature(-500, 0, 1000, probability=0.6), feature(200, 200, 100, probability=0.3))
    found = probability_from_json(doc, AREA)
    assert found.inside == pytest.approx(0.6, abs=1e-4)
    assert found.rest == pytest.approx(0.4, abs=1e-4)


def test_probability_over_a_no_fly_zone_is_kept_as_rest() -> None:
    found = probability_from_json(collection(feature(300, 200, 300, probability=0.8)), ODD)
    hole = ODD.polygon.interiors[0]
    share = shapely.Polygon(hole).area / 300.0**2
    assert found.rest == pytest.approx(0.2 + 0.8 * share, abs=1e-4)


def test_multipolygons_share_their_probability_by_area() -> None:
    shape = {"type": "MultiPolygon", "coordinates": [[square(0, 0, 100)], [square(500, 500, 200)]]}
    doc = collection({"type": "Feature", "properties": {"probability": 1.0}, "geometry": shape})
    found = probability_from_json(doc, AREA)
    x, y = AREA.frame.to_xy(FRAME.to_latlon(500.0, 500.0))
    assert found.mass_in(shapely.box(x - 20, y - 20, x + 220, y + 220)) == pytest.approx(0.8, abs=1e-4)


CIRCLES = [{"within_m": 100, "probability": 0.25}, {"within_m": 400, "probability": 0.75}]
RINGS = {"kind": "rings", "point": lonlat(500.0, 500.0), "rings": CIRCLES}


@pytest.mark.parametrize("spread", ["uniform", "log"])
def test_rings_hold_what_they_say(spread: str) -> None:
    found = probability_from_json({**RINGS, "spread": spread}, AREA)
    assert found.rest == pytest.approx(0.25, abs=1e-9)
    point = shapely.Point(AREA.frame.to_xy(FRAME.to_latlon(500.0, 500.0)))
    assert found.mass_in(point.buffer(430, quad_segs=32)) == pytest.approx(0.75, abs=1e-9)
    assert found.mass_in(point.buffer(100, quad_segs=64)) == pytest.approx(0.25, abs=0.02)
    halfway = 0.25 + 0.5 * (0.5 if spread == "log" else (200.0**2 - 100.0**2) / (400.0**2 - 100.0**2))
    assert found.mass_in(point.buffer(200, quad_segs=64)) == pytest.approx(halfway, abs=0.02)


def test_a_last_known_point_outside_the_area_counts() -> None:
    found = probability_from_json({**RINGS, "point": lonlat(0.0, 500.0)}, AREA)
    assert found.inside == pytest.approx(0.375, abs=1e-3)


def grid_doc(**changed: object) -> dict[str, object]:
    rows = [[0.01 * (i + j) for j in range(5)] for i in range(4)]
    return {"kind": "grid", "origin": lonlat(0.0, 0.0), "spacing_m": 100, "rows": rows, "values": "weight", **changed}


def test_a_grid_comes_on_its_own_cells_southern_row_first() -> None:
    found = probability_from_json(grid_doc(), AREA)
    assert whole(found) == pytest.approx(1.0)
    assert found.ground.grid.cell_m == 100.0
    start = LocalFrame(found.ground.grid.frame.origin).to_xy(FRAME.to_latlon(405.0, 305.0))
    window = found.ground.grid.window((*start, start[0] + 90.0, start[1] + 90.0))
    assert found.mass[window].max() == found.mass.max()
    assert found.mass_in(found.ground.polygon) == pytest.approx(found.inside)


def test_a_grid_partly_outside_and_smaller_than_the_area() -> None:
    found = probability_from_json(
        grid_doc(origin=lonlat(-200.0, 900.0), rows=[[0.1] * 4] * 2, values="probability"), AREA
    )
    assert found.inside == pytest.approx(0.2, abs=2e-3)
    assert found.rest == pytest.approx(0.8, abs=2e-3)
    assert found.ground.inside.sum() * 1e4 == pytest.approx(1e6, rel=1e-5)


PATCHES = st.lists(
    st.tuples(st.floats(-500, 1000), st.floats(-500, 1000), st.floats(20, 900), st.floats(0, 1)), min_size=1, max_size=4
)


@FEW
@given(PATCHES, st.floats(15.0, 120.0))
def test_patches_conserve_mass(patches: list[tuple[float, float, float, float]], cell: float) -> None:
    ground = ground_of(ODD, cell)
    shapes = [Patch(shapely.box(x, y, x + d, y + d), p / len(patches)) for x, y, d, p in patches]
    found = from_patches(ground, shapes)
    assert whole(found) == pytest.approx(1.0)
    here = sum(s.probability * s.shape.intersection(ODD.polygon).area / s.shape.area for s in shapes)
    assert found.inside == pytest.approx(here, abs=1e-9)
    assert found.mass_in(ODD.polygon) == pytest.approx(here, abs=1e-9)


@FEW
@given(
    st.lists(st.floats(10.0, 900.0), min_size=1, max_size=4, unique=True),
    st.tuples(st.floats(-300, 1200), st.floats(-300, 1200)),
    st.sampled_from(Spread),
)
def test_rings_conserve_mass(radii: list[float], point: tuple[float, float], spread: Spread) -> None:
    chances = np.linspace(0.2, 0.9, len(radii))
    rings = [Ring(r, float(p)) for r, p in zip(sorted(radii), chances, strict=True)]
    found = from_rings(ground_of(ODD, 50.0), point, rings, spread)
    assert whole(found) == pytest.approx(1.0)
    assert found.inside <= rings[-1].probability + 1e-9


@FEW
@given(st.lists(st.lists(st.floats(0, 5), min_size=3, max_size=3), min_size=1, max_size=5), st.floats(0, 0.9))
def test_grids_conserve_mass(rows: list[list[float]], rest: float) -> None:
    if sum(map(sum, rows)) <= 1e-6:
        return
    doc = grid_doc(rows=rows, origin=lonlat(100.0, 100.0), rest_of_world=rest)
    found = probability_from_json(doc, AREA)
    assert whole(found) == pytest.approx(1.0)
    assert found.rest == pytest.approx(rest, abs=1e-6)


def test_uniform_belief() -> None:
    found = uniform(ground_of(ODD, 25.0), 0.1)
    density = found.density_per_m2()
    assert density[found.ground.inside > 0] == pytest.approx(0.9 / ODD.polygon.area)
    assert found.inside == pytest.approx(0.9)


def rings_doc(**changed: object) -> dict[str, object]:
    return {**RINGS, **changed}


BOW_TIE = {"type": "Polygon", "coordinates": [ring((0, 0), (100, 100), (100, 0), (0, 100))]}


@pytest.mark.parametrize(
    ("doc", "field", "words"),
    [
        (None, "probability", "not a JSON object"),
        ({}, "type", "not a FeatureCollection"),
        ({"type": "Feature"}, "type", "not a FeatureCollection"),
        ({"kind": "circles"}, "kind", "not known"),
        (collection(), "features", "empty"),
        (collection(*[7] * 501), "features", "501 entries"),
        (collection(7), "features[0]", "not a GeoJSON Feature"),
        (collection(feature(0, 0, 9)), "features[0].properties.probability", "missing"),
        (collection({**feature(0, 0, 9), "properties": None}), "features[0].properties.probability", "missing"),
        (
            collection(*[feature(0, 0, 9, probability=0.1)] * 3, feature(0, 0, 9, probability="high")),
            "features[3].properties.probability",
            "not a number",
        ),
        (collection(feature(0, 0, 9, probability=1.1)), "features[0].properties.probability", "out of range"),
        (collection(feature(0, 0, 9, probability=math.nan)), "features[0].properties.probability", "out of range"),
        (collection(feature(0, 0, 9, weight=True)), "features[0].properties.weight", "not a number"),
        (collection(feature(0, 0, 9, weight=-1)), "features[0].properties.weight", "out of range"),
        (collection(feature(0, 0, 9, weight=10**400)), "features[0].properties.weight", "out of range"),
        (collection(feature(0, 0, 9, weight=1, probability=0.1)), "features[0].properties", "both"),
        (collection(feature(0, 0, 9, weight=1), feature(0, 0, 9, probability=0.1)), "features[1].properties", "mixed"),
        (collection(feature(0, 0, 9, weight=0)), "features", "all weights are 0"),
        (collection(*[feature(0, 0, 9, probability=0.6)] * 2), "features", "sum to 1.2"),
        (collection(feature(0, 0, 9, weight=1), rest_of_world=2), "rest_of_world", "out of range"),
        (collection(feature(0, 0, 9, probability=0.1), rest_of_world=0.9), "rest_of_world", "beside probabilities"),
        (collection({**feature(0, 0, 9, weight=1), "geometry": None}), "features[0].geometry", "not a Polygon"),
        (
            collection({**feature(0, 0, 9, weight=1), "geometry": BOW_TIE}),
            "features[0].geometry.coordinates[0][0]",
            "crosses",
        ),
        (
            collection({**feature(0, 0, 9, weight=1), "geometry": {"type": "Polygon", "coordinates": ["x"]}}),
            "features[0].geometry.coordinates[0]",
            "not a ring",
        ),
        (
            collection({**feature(0, 0, 9, weight=1), "geometry": {"type": "MultiPolygon", "coordinates": [[]]}}),
            "features[0].geometry.coordinates[0]",
            "empty",
        ),
        (collection(feature(5000, 0, 9, weight=1)), "features", "none of the probability"),
        (rings_doc(point=None), "point", "not a position"),
        (rings_doc(point=[10**400, 28.9]), "point", "far out of range"),
        (rings_doc(point=[120.0, 100.0]), "point", "latitude 100"),
        (rings_doc(point=lonlat(90_000, 0)), "point", "none of the probability"),
        (rings_doc(spread="even"), "spread", "not known"),
        (rings_doc(rings=[]), "rings", "empty"),
        (rings_doc(rings=[3]), "rings[0]", "not an object"),
        (rings_doc(rings=[{"probability": 0.1}]), "rings[0].within_m", "missing"),
        (rings_doc(rings=[{"within_m": 0, "probability": 0.1}]), "rings[0].within_m", "out of range"),
        (rings_doc(rings=[{"within_m": 9, "probability": 2}]), "rings[0].probability", "out of range"),
        (rings_doc(rings=CIRCLES[::-1]), "rings[1].within_m", "not beyond"),
        (
            rings_doc(rings=[{"within_m": 10, "probability": 0.5}, {"within_m": 20, "probability": 0.4}]),
            "rings[1].probability",
            "less than the ring before",
        ),
        (grid_doc(origin=[500, 0]), "origin", "longitude 500"),
        (grid_doc(origin=[10.0, 20.0]), "origin", "too far"),
        (grid_doc(spacing_m=0.5), "spacing_m", "out of range"),
        (grid_doc(spacing_m=1), "spacing_m", "cells of the search area"),
        (grid_doc(values="odds"), "values", "not known"),
        (grid_doc(rows=[]), "rows", "empty"),
        (grid_doc(rows=[[]]), "rows", "1 x 0"),
        (grid_doc(rows=[[1, 2], [3]]), "rows[1]", "not a row of 2"),
        (grid_doc(rows=[[1, 2], [3, None]]), "rows[1][1]", "missing"),
        (grid_doc(rows=[[0.6, 0.6]], values="probability"), "rows", "sum to 1.2"),
        (grid_doc(rows=[[0, 0]]), "rows", "all weights are 0"),
    ],
)
def test_bad_documents_are_refused_by_name(doc: object, field: str, words: str) -> None:
    with pytest.raises(Malformed) as refused:
        probability_from_json(doc, AREA)
    assert refused.value.field == field
    assert words in str(refused.value)
    assert refused.value.fix


SCALARS = st.none() | st.booleans() | st.integers(-(10**400), 10**400) | st.floats() | st.text(max_size=5)
JSON = st.recursive(SCALARS, lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(max_size=5), v, max_size=3))
DOCS = (collection(feature(0, 0, 300, weight=1), feature(9, 9, 99, weight=2)), RINGS, grid_doc())


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(DOCS), st.data())
def test_any_other_value_anywhere_is_read_or_refused(doc: dict[str, object], data: st.DataObject) -> None:
    """A value somewhere in a good document is replaced by some JSON: Malformed at worst."""
    changed = json.loads(json.dumps(doc))
    inner = changed
    while True:
        key = data.draw(st.sampled_from(sorted(inner) if isinstance(inner, dict) else range(len(inner))))
        if not isinstance(inner[key], dict | list) or not inner[key] or data.draw(st.integers(0, 4)) == 0:
            break
        inner = inner[key]
    inner[key] = data.draw(JSON)
    with suppress(Malformed):
        assert whole(probability_from_json(changed, AREA)) == pytest.approx(1.0)


def test_values_are_checked_where_they_are_made() -> None:
    ground = ground_of(AREA, 100.0)
    full = np.full(ground.grid.shape, 0.5 / ground.grid.rows / ground.grid.cols)
    box = shapely.box(0, 0, 9, 9)
    for call, field in (
        (lambda: ProbabilityMap(ground, full, 0.4), "probability"),
        (lambda: ProbabilityMap(ground, full[:1], 0.5), "probability.mass"),
        (lambda: ProbabilityMap(ground, full * math.nan, 0.5), "probability.mass"),
        (lambda: Patch(shapely.Point(0, 0), 0.5), "shape"),
        (lambda: from_patches(ground, [Patch(box, 0.7), Patch(box, 0.7)]), "probability"),
        (lambda: from_rings(ground, (0.0, 0.0), []), "rings"),
        (lambda: ground_of(AREA, 1.0), "cell_m"),
        (lambda: ground_of(AREA, math.nan), "cell_m"),
        (lambda: Grid(FRAME, 0.0, 0.0, 10.0, 0, 5), "grid"),
        (lambda: Grid(FRAME, math.nan, 0.0, 10.0, 1, 5), "grid.west_m"),
        (lambda: Ground(ground.grid, ground.polygon, ground.inside * 0.0, ground.inside), "ground"),
    ):
        with pytest.raises(Malformed) as refused:
            call()
        assert refused.value.field == field


def test_a_map_cannot_be_changed() -> None:
    found = uniform(ground_of(AREA, 100.0))
    with pytest.raises(ValueError, match="read-only"):
        found.mass[0, 0] = 1.0
