"""Patterns by name: inside the area and off its holes, told cover true, laid as asked; refusals in words."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon

from core.errors import Malformed
from core.geo import Area, Floats, LatLon
from core.terrain import GridTerrain
from flightops.planning.paths.timing import flight_s
from flightops.planning.patterns.corridor import corridor, route_from_geojson
from flightops.planning.patterns.wish import ABOUT_A_DATUM, PatternName, PatternWish, ground_for, plan_pattern
from flightops.planning.sweep import Effort, SweepPlan, SweepRequest
from tests.flightops.planning.patterns.ground import DATUM, ELSEWHERE, FRAME, box, metres, places

SIDE = np.arange(-1500.0, 1501.0, 20.0)
X, Y = np.meshgrid(SIDE, SIDE)
HILLS = GridTerrain(FRAME, -1500.0, -1500.0, 20.0, 300.0 + 60.0 * np.sin(X / 200.0) * np.cos(Y / 170.0) + 0.1 * X)
HOLE = ((-90.0, 40.0), (-30.0, 40.0), (-20.0, 120.0), (-110.0, 100.0))
FIELD = Area(places([(-400, -250), (380, -300), (450, 200), (100, 330), (-300, 260)]), (places(HOLE),))
ELL = Area(places([(-300, -300), (300, -300), (300, -60), (-60, -60), (-60, 300), (-300, 300)]))
OTHERS = [n for n in PatternName if n not in (PatternName.PARALLEL, PatternName.CREEPING, PatternName.ROUTE)]


def wish(name: PatternName, **more: Any) -> PatternWish:
    return PatternWish(name, terrain=HILLS if name is PatternName.CONTOUR else None, **more)


def answered(request: SweepRequest, asked: PatternWish) -> SweepPlan | Malformed:
    """The plan, or what was wrong."""
    try:
        return plan_pattern(request, asked)
    except Malformed as refused:
        return refused


def in_metres(area: Area) -> Polygon:
    return Polygon(metres(area.outer, ELSEWHERE), [metres(h, ELSEWHERE) for h in area.holes])


def paths_of(plan: SweepPlan) -> list[Floats]:
    return [metres(s.path, ELSEWHERE) for s in plan.paths]


def seen(plan: SweepPlan) -> Any:
    legs = [shapely.LineString(leg) for path in paths_of(plan) for leg in pairwise(path)]
    return shapely.union_all(shapely.buffer(legs, plan.swath_m / 2.0, quad_segs=48))


def promises_kept(plan: SweepPlan, request: SweepRequest) -> None:
    """Judged in another frame, by plain unions: no metre outside or over a hole, cover and time as told."""
    ground = in_metres(request.area)
    for sector, path in zip(plan.paths, paths_of(plan), strict=True):
        assert shapely.LineString(path).difference(ground.buffer(0.001)).length == 0.0
        assert sector.time_s == pytest.approx(flight_s(path, request.pace), rel=1e-3)
    assert seen(plan).intersection(ground).area / ground.area == pytest.approx(plan.cover, abs=1e-3)


@pytest.mark.parametrize("area", [FIELD, ELL], ids=["field with a hole", "L"])
@pytest.mark.parametrize("name", OTHERS)
def test_every_leg_lies_inside_and_the_cover_is_told(name: PatternName, area: Area) -> None:
    request = SweepRequest(area, 30.0, speed_mps=8.0)
    plan = plan_pattern(request, wish(name))
    promises_kept(plan, request)
    assert plan.pattern == name
    assert plan == plan_pattern(request, wish(name))


@st.composite
def rough_areas(draw: st.DrawFn) -> Area:
    """A star-shaped ring, with a hole or none about its middle or beside it."""
    corners = draw(st.lists(st.floats(120.0, 420.0), min_size=5, max_size=12))
    turn = np.arange(len(corners)) * 2 * math.pi / len(corners)
    ring = [(r * math.cos(t), r * math.sin(t)) for r, t in zip(corners, turn, strict=True)]
    if not draw(st.booleans()):
        return Area(places(ring))
    x, y, r = draw(st.floats(-30, 30)), draw(st.floats(-30, 30)), draw(st.floats(5, 30))
    return Area(places(ring), (places([(x - r, y - r), (x + r, y - r), (x, y + r)]),))


@settings(max_examples=40, deadline=None)
@given(rough_areas(), st.sampled_from(OTHERS), st.floats(15.0, 60.0))
def test_any_area_ends_in_a_legal_plan_or_a_refusal(area: Area, name: PatternName, swath: float) -> None:
    request = SweepRequest(area, swath, speed_mps=5.0)
    plan = answered(request, wish(name))
    if isinstance(plan, SweepPlan):
        promises_kept(plan, request)
    else:
        assert plan.fix


@pytest.mark.parametrize("bearing", [0.0, 37.0, 90.0, 250.0])
def test_parallel_lines_have_the_bearing_asked_and_cover_what_is_asked(bearing: float) -> None:
    request = SweepRequest(FIELD, 30.0)
    plan = plan_pattern(request, wish(PatternName.PARALLEL, bearing_deg=bearing), Effort.FIRST)
    promises_kept(plan, request)
    assert plan.cover >= request.cover
    step = np.diff(metres(plan.paths[0].path), axis=0)
    length = np.hypot(*step.T)
    off = np.abs((np.degrees(np.arctan2(step[:, 0], step[:, 1])) - bearing + 90.0) % 180.0 - 90.0)
    long = length > 4 * request.swath_m
    assert (off[long] < 0.3).sum() >= 0.8 * long.sum()
    assert length[off < 0.3].sum() > 0.75 * length.sum()


def test_lines_lie_along_the_longer_side_and_creep_across_it() -> None:
    request = SweepRequest(box(500.0, 150.0), 30.0)
    for name, axis in ((PatternName.PARALLEL, 0), (PatternName.CREEPING, 1)):
        plan = plan_pattern(request, wish(name), Effort.FIRST)
        step = np.abs(np.diff(metres(plan.paths[0].path), axis=0))
        along = step[:, 1 - axis] < 0.01 * step[:, axis]
        assert step[along].sum() > 0.7 * step.sum()
        assert plan.pattern == name


def test_a_square_starts_at_its_datum_and_a_sector_goes_through_it() -> None:
    datum = FRAME.to_latlon(60.0, -50.0)
    square = plan_pattern(SweepRequest(FIELD, 30.0), wish(PatternName.EXPANDING_SQUARE, datum=datum, bearing_deg=20.0))
    path = metres(square.paths[0].path)
    assert path[0] == pytest.approx([60.0, -50.0], abs=0.01)
    assert np.hypot(*(path[1] - path[0])) == pytest.approx(30.0, abs=0.01)
    assert square.cover > 0.97
    sector = plan_pattern(SweepRequest(FIELD, 30.0), wish(PatternName.SECTOR, datum=datum))
    at = metres(sector.paths[0].path)
    assert (np.hypot(*(at - [60.0, -50.0]).T) < 0.01).sum() >= 3
    assert sector.cover < square.cover


def test_an_orbit_is_the_widest_circle_inside() -> None:
    datum = FRAME.to_latlon(150.0, 20.0)
    plan = plan_pattern(SweepRequest(FIELD, 30.0, speed_mps=8.0), wish(PatternName.ORBIT, datum=datum))
    path = metres(plan.paths[0].path)
    away = np.hypot(*(path - [150.0, 20.0]).T)
    edge = Polygon(metres(FIELD.outer), [metres(h) for h in FIELD.holes]).boundary
    assert away == pytest.approx(edge.distance(shapely.Point(150.0, 20.0)), abs=0.2)


def line(*xy: tuple[float, float]) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": [[p.lon_deg, p.lat_deg] for p in places(xy)]}


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-400, 400), st.floats(-400, 400)), min_size=2, max_size=6),
    st.floats(20.0, 200.0),
    st.floats(15.0, 50.0),
)
def test_a_route_search_sees_its_corridor_and_keeps_to_it(
    corners: list[tuple[float, float]], width: float, swath: float
) -> None:
    if max(math.dist(a, b) for a, b in pairwise(corners)) < 20.0:
        return
    area, asked = ground_for(line(*corners), PatternWish(PatternName.ROUTE, corridor_m=width))
    assert asked is not None
    plan = answered(SweepRequest(area, swath), asked)
    if isinstance(plan, Malformed):
        assert plan.fix
        return
    strip = shapely.LineString(metres(asked.route, ELSEWHERE)).buffer(width / 2.0, quad_segs=48)
    for path in paths_of(plan):
        assert shapely.LineString(path).difference(in_metres(area).buffer(0.001)).length == 0.0
    assert seen(plan).intersection(strip).area / strip.area == pytest.approx(plan.cover, abs=2e-3)
    assert plan.cover > 0.9


def test_what_a_route_goes_round_is_outline_but_not_strip() -> None:
    circle = [(300.0 * math.cos(t), 300.0 * math.sin(t)) for t in np.linspace(0.0, 2 * math.pi, 40)]
    area, asked = ground_for(line(*circle), PatternWish(PatternName.ROUTE, corridor_m=60.0))
    assert asked is not None
    assert area.holes == ()
    plan = plan_pattern(SweepRequest(area, 30.0), asked)
    assert plan.cover > 0.99
    assert seen(plan).area < 0.5 * in_metres(area).area


def test_drones_share_routes_and_contours_but_fly_alone_about_a_datum() -> None:
    request = SweepRequest(FIELD, 30.0, speed_mps=8.0, drones=2)
    plan = plan_pattern(request, wish(PatternName.CONTOUR))
    promises_kept(plan, request)
    assert [s.drone for s in plan.paths] == [0, 1]
    assert max(s.time_s for s in plan.paths) < 1.1 * min(s.time_s for s in plan.paths)
    for name in ABOUT_A_DATUM:
        with pytest.raises(Malformed, match="drones: one drone flies"):
            plan_pattern(request, wish(name))


def sector_at(x: float, y: float) -> object:
    return plan_pattern(SweepRequest(FIELD, 30.0), wish(PatternName.SECTOR, datum=FRAME.to_latlon(x, y)))


def orbit_near_the_edge() -> object:
    datum = FRAME.to_latlon(-330.0, 0.0)
    return plan_pattern(SweepRequest(FIELD, 30.0), wish(PatternName.ORBIT, datum=datum))


REFUSALS: dict[str, tuple[Any, str]] = {
    "no corridor": (lambda: PatternWish(PatternName.ROUTE), "corridor_m: a route search needs"),
    "no terrain": (lambda: PatternWish(PatternName.CONTOUR), "terrain: a contour search needs heights"),
    "bearing not a number": (lambda: wish(PatternName.PARALLEL, bearing_deg=math.nan), "bearing_deg: nan"),
    "bearing of an orbit": (lambda: wish(PatternName.ORBIT, bearing_deg=1.0), "bearing_deg: orbit takes none"),
    "datum of a sweep": (lambda: wish(PatternName.PARALLEL, datum=DATUM), "datum: parallel takes none"),
    "corridor of a sector": (lambda: wish(PatternName.SECTOR, corridor_m=5.0), "corridor_m: sector takes none"),
    "datum outside": (lambda: sector_at(900.0, 0.0), "datum: it lies outside the area"),
    "datum in a hole": (lambda: sector_at(-60.0, 70.0), "datum: it lies in no-fly zone 1"),
    "tight orbit": (orbit_near_the_edge, r"datum: the widest circle .* fly at \d"),
    "endless square": (
        lambda: plan_pattern(SweepRequest(FIELD, 1.0), wish(PatternName.EXPANDING_SQUARE)),
        r"swath_m: 1 m makes an expanding square of \d+ legs",
    ),
    "corridor not a number": (lambda: corridor(places([(0, 0), (9, 9)]), math.nan), "corridor_m: nan"),
    "a point for a route": (lambda: route_from_geojson({"type": "Point"}), "type: a Point is no route"),
    "one place": (lambda: route_from_geojson(line((0, 0))), "1 points"),
    "the same place twice": (lambda: corridor(places([(0, 0), (0, 0)]), 50.0), "all its points are the same"),
    "no GeoJSON": (lambda: route_from_geojson([1, 2]), "not GeoJSON"),
    "a route in words": (lambda: route_from_geojson({"type": "LineString", "coordinates": ["a", "b"]}), "position"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusals_name_the_field_and_the_fix(case: str) -> None:
    call, words = REFUSALS[case]
    with pytest.raises(Malformed, match=words):
        call()


def test_routes_come_as_geometry_feature_or_collection() -> None:
    geometry = line((0, 0), (100, 0))
    feature = {"type": "Feature", "properties": {}, "geometry": geometry}
    found = {route_from_geojson(d) for d in (geometry, feature, {"type": "FeatureCollection", "features": [feature]})}
    assert len(found) == 1
    assert isinstance(next(iter(found))[0], LatLon)


def test_unknown_or_flat_ground_makes_no_contours() -> None:
    flat = replace(wish(PatternName.CONTOUR), terrain=GridTerrain(FRAME, -1500, -1500, 20.0, np.full(X.shape, 5.0)))
    with pytest.raises(Malformed, match="differ by 0 m"):
        plan_pattern(SweepRequest(FIELD, 30.0), flat)
    small = replace(wish(PatternName.CONTOUR), terrain=GridTerrain(FRAME, 0.0, 0.0, 20.0, np.ones((9, 9))))
    with pytest.raises(Malformed, match="terrain: no ground height"):
        plan_pattern(SweepRequest(FIELD, 30.0), small)
