"""The parts under the planner: the clock of a path, the order of pieces, sight lines, cells."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon

from core.errors import Malformed
from flightops.planning.cells.decompose import Cost, altitude, cells, directions, edges_of
from flightops.planning.cells.lines import Weave, lay, turned
from flightops.planning.paths import route
from flightops.planning.paths.timing import Pace, flight_s, length_m, runs_m
from flightops.planning.paths.verify import judge
from flightops.planning.paths.visibility import Links
from flightops.planning.polish import native
from flightops.planning.polish.native import in_sight

PACE = Pace(12.0, 3.0, 2.0)


def points(*xy: tuple[float, float]) -> np.ndarray:
    return np.array(xy, dtype=float)


@pytest.mark.parametrize(
    ("path", "seconds"),
    [
        (points((0, 0), (120, 0)), 14.0),
        (points((0, 0), (12, 0)), 4.0),
        (points((0, 0), (60, 0), (120, 0)), 14.0),
        (points((0, 0), (120, 0), (120, 120)), 14.0 * 2 + 2.0),
        (points((0, 0), (120, 0), (0, 0)), 14.0 * 2 + 2.0),
        (points((0, 0), (120, 0), (120, 20), (0, 20)), 14.0 * 2 + 4.0 + 2 * math.sqrt(20 / 3)),
        (points((0, 0), (0, 0), (120, 0)), 14.0),
        (points((5, 5), (5, 5)), 0.0),
    ],
)
def test_flight_time(path: np.ndarray, seconds: float) -> None:
    assert flight_s(path, PACE) == pytest.approx(seconds)


@pytest.mark.parametrize(("bend_deg", "stops"), [(5, 0), (22, 0), (24, 1), (90, 1), (179, 1)])
def test_shallow_bends_are_flown_through(bend_deg: float, stops: int) -> None:
    way = math.radians(bend_deg)
    path = points((0, 0), (300, 0), (300 + 300 * math.cos(way), 300 * math.sin(way)))
    assert len(runs_m(path, PACE)) == stops + 1
    assert sum(runs_m(path, PACE)) == pytest.approx(length_m(path))


@pytest.mark.parametrize("bad", [(math.nan, 3, 2), (0.0, 3, 2), (12, 0, 2), (12, 3, -1), (12, 3, math.inf)])
def test_pace_is_checked(bad: tuple[float, float, float]) -> None:
    with pytest.raises(Malformed):
        Pace(*bad)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 6), st.sampled_from([2, 4]), st.integers(0, 2**32 - 1))
def test_moves_are_priced_as_the_order_they_lead_to(m: int, o: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    pieces = route.Pieces(rng.uniform(0, 5, (m, o)), rng.uniform(0, 50, (m, o, m, o)))
    order = [int(i) for i in rng.permutation(m)]
    tables = route._Tables.of(pieces, order)
    for moves in (route._turn_rounds(tables, m), *(route._moves(tables, m, k) for k in range(1, min(4, m)))):
        for at, total in enumerate(moves.totals):
            first, put = moves.made(at, order)
            moved = [*order[:first], *put, *order[first + len(put) :]]
            assert sorted(moved) == list(range(m))
            assert route.price(pieces, moved)[0] == pytest.approx(total)


def test_small_orders_are_found_best() -> None:
    rng = np.random.default_rng(7)
    for _ in range(10):
        spots = rng.uniform(0, 100, (6, 2, 2))
        hop = np.hypot(*(spots[:, ::-1, None, None] - spots[None, None]).transpose(4, 0, 1, 2, 3))
        pieces = route.Pieces(np.zeros((6, 2)), hop)
        found = route.price(pieces, route.improved(pieces, route.nearest_first(pieces)))[0]
        best = min(route.price(pieces, list(p))[0] for p in itertools.permutations(range(6)))
        assert found <= 1.15 * best


def test_price_names_the_ways_in() -> None:
    pieces = route.Pieces(np.zeros((2, 2)), np.array([[[[0, 0], [9, 1]], [[0, 0], [9, 9]]], [[[9, 9], [0, 0]]] * 2]))
    assert route.price(pieces, [0, 1]) == (1.0, [0, 1])


def test_verdict_measures_what_leaves_the_area() -> None:
    area = Polygon([(0, 0), (100, 0), (100, 100), (0, 100)], [[(40, 40), (60, 40), (60, 60), (40, 60)]])
    verdict = judge(area, (points((-10, 50), (110, 50)),), 10.0)
    assert verdict.outside_m == pytest.approx(20.0)
    assert verdict.hole_m == pytest.approx(20.0)
    assert verdict.cover == pytest.approx(800 / 9600)
    assert not verdict.passes(0.0)
    assert judge(area, (points((1, 5), (99, 5)),), 10.0).passes(0.1)
    thin_gap = judge(area, (points((0, 5), (100, 5), (100, 15.5), (0, 15.5)),), 10.0)
    assert thin_gap.cover < (100 * 20.5 - 40) / 9600


def test_links_go_round_what_is_in_the_way() -> None:
    area = Polygon([(0, 0), (100, 0), (100, 100), (0, 100)], [[(40, 40), (60, 40), (60, 60), (40, 60)]])
    room, inner = (shapely.buffer(area, -m, join_style="mitre") for m in (0.01, 0.03))
    links = Links(room, inner, PACE)
    ends = points((10, 50), (90, 50), (10, 90))
    times = links.times_s(ends, ends)
    assert np.allclose(times, times.T)
    assert times[0, 2] == pytest.approx(float(PACE.run_s(np.array(40.0))))
    assert times[0, 1] > float(PACE.run_s(np.array(80.0)))
    bends = links.ways(ends[:1], ends[1:2])[0]
    assert len(bends) == 2
    whole = np.concatenate([ends[:1], bends, ends[1:2]])
    assert room.covers(shapely.linestrings(whole))
    assert in_sight(ends[:1], ends[2:], links.edges).all()
    legs = np.hypot(*np.diff(whole, axis=0).T)
    assert times[0, 1] == pytest.approx(float(PACE.run_s(legs).sum()) + 2 * PACE.turn_s)


def test_lines_follow_the_longest_side_of_a_rectangle() -> None:
    box = Polygon([(0, 0), (400, 0), (400, 100), (0, 100)])
    assert Cost(20.0, PACE, 0.0).of(box)[1] == pytest.approx(0.0)
    assert altitude(edges_of(box), np.array([0.0, np.pi / 2])) == pytest.approx([100.0, 400.0])
    assert sorted(directions(edges_of(box))) == pytest.approx([0.0, np.pi / 2])
    laid = lay(box, np.array([0.0]), Weave(20.0, PACE, 1 / 36))
    assert [len(s) for s in laid.strands] == [5]
    assert [lane[0, 1] for lane in laid.strands[0]] == pytest.approx([10, 30, 50, 70, 90])


def test_an_l_is_cut_at_its_reflex_corner() -> None:
    shape = Polygon([(0, 0), (600, 0), (600, 150), (150, 150), (150, 600), (0, 600)])
    parts = cells(shape, Cost(20.0, PACE, 5.0), {})
    assert len(parts) == 2
    assert shapely.union_all([p for p, _ in parts]).area == pytest.approx(shape.area)
    assert sum(p.area for p, _ in parts) == pytest.approx(shape.area)
    assert {round(math.degrees(w)) for _, w in parts} == {0, 90}


def test_links_bend_at_corners_that_hardly_stick_in() -> None:
    """A ridge of 0.8 degrees hides a place behind it: one of a hundred parts of an area could not be linked."""
    area = Polygon([(0, 0), (400, 5.5), (800, 0), (800, 60), (0, 60)])
    room, inner = (shapely.buffer(area, -m, join_style="mitre") for m in (0.02, 0.03))
    links = Links(room, inner, PACE)
    ends = points((0.1, 0.1), (799.9, 0.1))
    assert np.isfinite(links.times_s(ends[:1], ends[1:])).all()
    assert len(links.ways(ends[:1], ends[1:])[0]) == 1


def test_wind_takes_the_ground_speeds_of_the_anchors() -> None:
    """ANCHORS section 1: airspeed 12, pair means along and across the wind."""
    for wind, along, across in ((4.0, 10.67, 11.31), (8.0, 6.67, 8.94)):
        slower = Pace(12.0, wind_mps=(wind, 0.0)).slower_s_m(np.radians([0.0, 90.0]))
        assert 1.0 / (1.0 / 12.0 + slower) == pytest.approx([along, across], abs=0.005)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_what_a_wind_gives_on_the_whole_is_the_same_for_every_way(seed: int) -> None:
    """The rest is the same both ways, so the quickest way out is the quickest back."""
    rng = np.random.default_rng(seed)
    pace = Pace(wind_mps=tuple(rng.uniform(-6, 6, 2)))
    step = rng.uniform(-500, 500, (20, 2))
    rest = [pace.drift_s(s) + pace.carried_s(s) for s in (step, -step)]
    assert rest[0] == pytest.approx(rest[1])
    assert (rest[0] >= -1e-9).all()
    assert pace.carried_s(step).sum() == pytest.approx(float(pace.carried_s(step.sum(axis=0))))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_compiled_clock_agrees_whatever_the_wind_and_the_frame(seed: int) -> None:
    rng = np.random.default_rng(seed)
    path, pace = rng.uniform(0, 800, (int(rng.integers(2, 12)), 2)), Pace(wind_mps=tuple(rng.uniform(-6, 6, 2)))
    way = float(rng.uniform(0, 6))
    assert native.time_s(turned(path, way), native.pace_of(pace, way)) == pytest.approx(flight_s(path, pace), abs=1e-6)
