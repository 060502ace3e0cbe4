"""A probability map changes the order of a sweep, and keeps every promise of the plan it re-orders."""

from __future__ import annotations

import json
import math
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon

from core.errors import Malformed
from core.geo import Area, Floats, LatLon, LocalFrame
from flightops.planning.area import checked_area
from flightops.planning.finding.asked import LikelyWish, planned, width_from
from flightops.planning.finding.blocks import blocks_of, cut_at, cut_off, joined
from flightops.planning.finding.curve import Curve, Places, first_seen_s
from flightops.planning.finding.likely import MOST_GROWTH, Belief, Likely, likely_plan
from flightops.planning.paths.making import links_in
from flightops.planning.paths.timing import Pace, flight_s, length_m, reached_s
from flightops.planning.probability.area_map import Patch, ProbabilityMap, coarsened, from_patches, uniform
from flightops.planning.probability.grid import ground_of
from flightops.planning.sweep import Effort, SweepRequest

FRAME = LocalFrame(LatLon(28.8885, 120.036))
PACE = Pace()
FIELD = Polygon([(0, 0), (900, 0), (900, 600), (0, 600)], [[(400, 250), (500, 250), (500, 340), (400, 340)]])
BENT = Polygon([(0, 0), (800, 0), (800, 300), (300, 320), (300, 700), (0, 700)])
FEW = settings(deadline=None, max_examples=30)
metres = st.floats(-500, 500, allow_subnormal=False)
wander = st.lists(st.tuples(metres, metres), min_size=2, max_size=12, unique=True)


def area_of(polygon: Polygon) -> Area:
    def ring(coords: object) -> tuple[LatLon, ...]:
        return tuple(FRAME.to_latlon(float(x), float(y)) for x, y in np.asarray(coords)[:-1])

    return Area(ring(polygon.exterior.coords), tuple(ring(r.coords) for r in polygon.interiors))


def belief_at(polygon: Polygon, x: float, y: float, **more: float) -> Belief:
    """Nine of ten within 80 m of a place given in metres of FRAME."""
    ground = ground_of(checked_area(area_of(polygon)))
    near = ground.grid.frame.to_xy(FRAME.to_latlon(x, y))
    spot = Patch(shapely.Point(near).buffer(80.0).intersection(ground.polygon), 0.9)
    return Belief(from_patches(ground, [spot]), 40.0, **more)


def lines_of(likely: Likely) -> list[Floats]:
    return [np.array([FRAME.to_xy(p) for p in s.path]) for s in likely.plan.paths]


def seen_share(polygon: Polygon, likely: Likely) -> float:
    strips = [shapely.LineString(leg).buffer(likely.plan.swath_m / 2, quad_segs=64)
              for line in lines_of(likely) for leg in pairwise(line)]  # fmt: skip
    return float(shapely.union_all(strips).intersection(polygon).area / polygon.area)


@FEW
@given(wander)
def test_places_along_a_path_are_reached_in_order_and_its_end_when_it_ends(points: list[tuple[float, float]]) -> None:
    path = np.array(points)
    if np.hypot(*np.diff(path, axis=0).T).min() < 1.0:
        return
    at = np.linspace(0.0, length_m(path), 200)
    reached = reached_s(path, at, PACE)
    assert reached[0] == pytest.approx(0.0, abs=1e-6)
    assert reached[-1] == pytest.approx(flight_s(path, PACE), rel=1e-6)
    assert (np.diff(reached) >= -1e-9).all()


def test_a_run_is_reached_as_physics_says() -> None:
    path = np.array([[0.0, 0.0], [480.0, 0.0]])
    # 12 m/s at 3 m/s2: 24 m and 4 s to get up to speed, and to stop
    assert reached_s(path, np.array([24.0, 24.0 + 120.0, 480.0 - 24.0, 480.0]), PACE) == pytest.approx([4, 14, 40, 44])


def test_the_expected_wait_is_the_integral_of_what_is_not_found() -> None:
    polygon = Polygon([(0, 0), (480, 0), (480, 40), (0, 40)])
    where = uniform(ground_of(checked_area(area_of(polygon))), 0.2)
    places = Places.of(where, 40.0)
    frame = where.ground.grid.frame
    path = np.array([frame.to_xy(FRAME.to_latlon(x, 20.0)) for x in (0.0, 480.0)])
    curve = Curve.of(places, [first_seen_s(places, path, 41.0, PACE)], 0.5)
    assert curve.pos[-1] == pytest.approx(0.4, abs=1e-9)
    ticks = np.linspace(0.0, 60.0, 60_001)
    survived = 1.0 - np.array([curve.at(float(t)) for t in ticks])
    assert curve.wait_s(60.0) == pytest.approx(float(np.trapezoid(survived, ticks)), abs=0.01)
    mean = curve.mean_if_found_s()
    assert mean is not None
    assert mean == pytest.approx(22.0, abs=0.2), "halfway along a path of 44 s"


SQUARE = Places.of(uniform(ground_of(checked_area(area_of(shapely.box(-500, -500, 500, 500))), 50.0)), 200.0)


@FEW
@given(wander, st.floats(5.0, 80.0))
def test_first_sights_agree_with_a_plain_distance(points: list[tuple[float, float]], swath: float) -> None:
    path = np.array(points)
    if np.hypot(*np.diff(path, axis=0).T).min() < 1.0:
        return
    places = SQUARE
    seen = first_seen_s(places, path, swath, PACE)
    away = shapely.distance(shapely.LineString(path), shapely.points(places.xy))
    clear = np.abs(away - swath / 2) > 1e-6
    assert (np.isfinite(seen) == (away <= swath / 2))[clear].all()


def test_blocks_in_their_order_are_the_path() -> None:
    path = np.array([[x, y] for k, x in enumerate(range(0, 400, 40)) for y in ((5, 300) if k % 2 else (300, 5))], float)
    links = links_in(Polygon([(-50, -50), (450, -50), (450, 350), (-50, 350)]), 40.0, PACE)
    for blocks in blocks_of(path, (2, 4, 8), PACE):
        assert sum(map(length_m, blocks)) == pytest.approx(length_m(path))
        assert length_m(joined(list(blocks), links)) == pytest.approx(length_m(path))
        assert flight_s(joined(list(blocks), links), PACE) == pytest.approx(flight_s(path, PACE))
    assert len(cut_at(path, [100.0, 100.2])) == 2, "what is too short to fly is left out"


@FEW
@given(st.floats(2.0, 400.0))
def test_a_path_cut_off_is_flown_in_time(limit_s: float) -> None:
    path = np.array([[0.0, 0.0], [300.0, 0.0], [300.0, 40.0], [0.0, 40.0], [0.0, 80.0], [300.0, 80.0]])
    cut = cut_off(path, limit_s, PACE)
    assert cut is not None
    assert flight_s(cut, PACE) <= limit_s + 1e-6
    assert flight_s(cut, PACE) >= min(limit_s, flight_s(path, PACE)) - 6.1, "a turn and a ramp at most are left"


@pytest.mark.slow
@pytest.mark.parametrize(("polygon", "spot"), [(FIELD, (850, 550)), (BENT, (60, 650))])
def test_who_is_likely_somewhere_is_found_sooner_and_nothing_is_left_out(
    polygon: Polygon, spot: tuple[float, float]
) -> None:
    request = SweepRequest(area_of(polygon), 40.0)
    likely = likely_plan(request, belief_at(polygon, *spot), Effort.FAST)
    terms = likely.terms
    assert terms.wait_s(likely.flights) <= terms.wait_s(likely.plain_flights) + 1e-6
    curve = terms.curve(likely.flights)
    assert curve.at(likely.plain.makespan_s / 3) > 0.8 * curve.at(math.inf), "the likely place comes first"
    assert likely.plan.makespan_s <= (1 + MOST_GROWTH) * likely.plain.makespan_s + 1e-6
    (line,) = lines_of(likely)
    assert shapely.LineString(line).difference(polygon.buffer(0.002)).length == 0.0
    share = seen_share(polygon, likely)
    assert share >= request.cover - 2e-5
    assert likely.plan.cover == pytest.approx(share, abs=1e-3)


def test_the_same_wish_gives_the_same_plan() -> None:
    request = SweepRequest(area_of(BENT), 40.0, plain=True)
    first, again = (likely_plan(request, belief_at(BENT, 60, 650), Effort.FIRST) for _ in range(2))
    assert first.plan == again.plan
    assert first.how == again.how


@pytest.mark.slow
def test_several_drones_keep_to_their_own_ground_and_apart() -> None:
    request = SweepRequest(area_of(FIELD), 40.0, drones=3)
    likely = likely_plan(request, belief_at(FIELD, 850, 550))
    assert likely.terms.wait_s(likely.flights) <= likely.terms.wait_s(likely.plain_flights) + 1e-6
    assert sorted(p.drone for p in likely.plan.paths) == [0, 1, 2]
    assert seen_share(FIELD, likely) >= request.cover - 2e-5
    plain = {p.drone: np.array([FRAME.to_xy(q) for q in p.path]) for p in likely.plain.paths}
    for path, line in zip(likely.plan.paths, lines_of(likely), strict=True):
        own = shapely.union_all([shapely.LineString(leg).buffer(20.01) for leg in pairwise(plain[path.drone])])
        assert shapely.LineString(line).difference(own).length < 1e-6
    tips = np.array([[line[0], line[-1]] for line in lines_of(likely)])
    known = np.array([[line[0], line[-1]] for line in plain.values()])
    for way, base in zip(tips.transpose(1, 0, 2), known.transpose(1, 0, 2), strict=True):
        far, was = (min(np.hypot(*(p - q)) for i, p in enumerate(t) for q in t[:i]) for t in (way, base))
        assert far >= min(was, 60.0) - 0.01


@pytest.mark.slow
@pytest.mark.parametrize("drones", [1, 3])
def test_with_little_time_the_likeliest_ground_is_flown(drones: int) -> None:
    request = SweepRequest(area_of(FIELD), 40.0, drones=drones)
    wish = belief_at(FIELD, 850, 550, minutes=2.0)
    likely = likely_plan(request, wish)
    assert all(p.time_s <= 120.0 + 1e-6 for p in likely.plan.paths)
    terms = likely.terms
    fitted = tuple(f for k in likely.plain_flights if (f := terms.fitted(k)) is not None)
    assert terms.curve(likely.flights).at(1e9) >= terms.curve(fitted).at(1e9) - 1e-9
    assert terms.curve(likely.flights).at(1e9) > 0.4, "most of what may be found there is"
    for line in lines_of(likely):
        assert shapely.LineString(line).difference(FIELD.buffer(0.002)).length == 0.0
    assert likely.plan.cover == pytest.approx(seen_share(FIELD, likely), abs=1e-3)


def rings(**more: object) -> str:
    point = FRAME.to_latlon(800.0, 500.0)
    near = [{"within_m": 150, "probability": 0.5}, {"within_m": 500, "probability": 0.9}]
    return json.dumps({"kind": "rings", "point": [point.lon_deg, point.lat_deg], "rings": near} | more)


def test_the_file_states_what_was_gained() -> None:
    request = SweepRequest(area_of(FIELD), 40.0, homes=(FRAME.to_latlon(0.0, -100.0),))
    plan, told = planned(request, LikelyWish(rings(), "32"), Effort.FIRST, 60.0)
    assert told["sweep_width_m"] == 32.0
    assert told["pod"] == pytest.approx(1 - math.exp(-0.8), abs=1e-4)
    assert told["pos_inverse_cube"] == pytest.approx(
        told["pos"] * math.erf(math.sqrt(math.pi) / 2 * 0.8) / told["pod"], abs=1e-3
    )
    assert told["expected_minutes"] <= told["expected_minutes_plain"]
    assert [row["share"] for row in told["pos_after"]] == [0.25, 0.5, 0.75, 1.0]
    assert told["pos_after"][-1]["pos"] == told["pos"] <= told["in_area"] * told["pod"] + 1e-4
    assert told["time_growth_allowed"] == 0.25
    assert told["counted_from"].startswith("take-off")
    assert plan.cover >= request.cover


@pytest.mark.slow
def test_a_short_time_says_what_each_sector_merits() -> None:
    request = SweepRequest(area_of(FIELD), 40.0, drones=3)
    _, told = planned(request, LikelyWish(rings(), minutes=2.0), Effort.FIRST, 60.0)
    rows = told["sectors"]
    assert sum(r["minutes_merited"] for r in rows) == pytest.approx(6.0, abs=0.02)
    by_worth = sorted(rows, key=lambda r: -r["probability"] / r["area_m2"])
    merits = [r["minutes_merited"] for r in by_worth]
    assert merits == sorted(merits, reverse=True)
    assert told["pos"] >= told["pos_plain"]


TABLE = {"kind": "sweep_width", "source": "our trials", "rows": [
    {"sensor": "thermal", "hour": "night", "cover": "open", "height_agl_m": h, "width_m": w}
    for h, w in ((40, 30), (80, 50))]}  # fmt: skip


def test_widths_come_from_where_they_are_said_to() -> None:
    def width(**given: str) -> tuple[float, str]:
        return width_from(LikelyWish("{}", **given), 40.0, 60.0)

    assert width(width="25") == (25.0, "given")
    assert width(width=json.dumps(TABLE), look="thermal,night,open") == (40.0, "our trials")
    assert width()[0] == 40.0
    open_ground, forest = width(look="thermal,night,open"), width(look="thermal,night,forest:0.6")
    assert forest[0] == pytest.approx(0.4 * open_ground[0])
    assert "not measured" in forest[1]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"probability": "no json"}, "--probability"),
        ({"probability": "[" * 100_000}, "--probability"),
        ({"probability": "{}"}, "type"),
        ({"probability": rings(point=[0.0, 0.0])}, "point"),
        ({"probability": rings(), "width": "nan"}, "--sweep-width"),
        ({"probability": rings(), "width": "-3"}, "--sweep-width"),
        ({"probability": rings(), "width": "wide"}, "--sweep-width"),
        ({"probability": rings(), "width": json.dumps(TABLE)}, "--look"),
        ({"probability": rings(), "look": "thermal,dusk,open"}, "--look"),
        ({"probability": rings(), "look": "nose,night,open"}, "--look"),
        ({"probability": rings(), "look": "thermal,night,forest:1"}, "--sweep-width"),
        ({"probability": rings(), "minutes": float("nan")}, "minutes"),
        ({"probability": rings(), "minutes": 0.0}, "minutes"),
    ],
)
def test_bad_wishes_are_refused_by_name(given: dict[str, object], field: str) -> None:
    with pytest.raises(Malformed) as told:
        planned(SweepRequest(area_of(BENT), 40.0), LikelyWish(**given), Effort.FIRST, 60.0)  # type: ignore[arg-type]
    assert told.value.field == field
    assert told.value.fix or told.value.problem


def test_coarse_belief_is_the_same_belief() -> None:
    where = belief_at(BENT, 60, 650).where
    coarse: ProbabilityMap = coarsened(where, 300)
    assert coarse.mass.size <= 400 < where.mass.size
    assert float(coarse.mass.sum()) == pytest.approx(float(where.mass.sum()))
    assert coarse.rest == where.rest
    box = shapely.box(*where.ground.polygon.bounds)
    assert coarse.mass_in(box) == pytest.approx(where.mass_in(box))
    assert coarsened(where, 10**9) is where
