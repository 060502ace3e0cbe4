"""The annealer: what it counts, what it times, and that it stays inside; patterns it starts from."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon

from core.errors import Fault
from flightops.planning.cells.decompose import edges_of
from flightops.planning.cells.lanes import along_chain, chains, strands_of
from flightops.planning.cells.lines import Weave, lay
from flightops.planning.cells.rings import ring_polygons, spiral
from flightops.planning.paths.timing import Pace, flight_s, runs_m
from flightops.planning.paths.verify import footprint, judge
from flightops.planning.polish import native
from flightops.planning.polish.ground import Heat, Limits, Samples, annealed, aslant

PACE = Pace(12.0, 3.0, 2.0)
WEAVE = Weave(20.0, PACE, 1 / 36)


def star(seed: int, corners: int = 9) -> Polygon:
    rng = np.random.default_rng(seed)
    around = (np.arange(corners) + rng.uniform(0.05, 0.95, corners)) * 2 * np.pi / corners
    return Polygon(200 * rng.uniform(0.5, 1, corners)[:, None] * np.column_stack([np.cos(around), np.sin(around)]))


def rough_path(area: Polygon) -> np.ndarray:
    """S-lines through a polygon whose lines are whole, joined straight on."""
    lanes = [lane for s in lay(area, np.array([0.3]), WEAVE).strands for lane in s]
    return np.concatenate([lane[:: 1 if k % 2 == 0 else -1] for k, lane in enumerate(lanes)])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, math.pi))
def test_samples_agree_with_exact_union(seed: int, way: float) -> None:
    area = star(seed)
    path = np.random.default_rng(seed).uniform(-150, 150, (12, 2))
    exact = area.difference(footprint((path,), 30.0)).area
    sampled = Samples.of(area, way, 30.0, 16.0).unseen_m2((path,))
    assert sampled == pytest.approx(exact, abs=0.006 * area.area)
    cover = judge(area, (path,), 30.0).cover
    assert cover == pytest.approx(1 - exact / area.area, abs=1e-9)
    for enough in (cover - 0.005, cover, cover + 1e-5, cover + 0.02):
        told = judge(area, (path,), 30.0, enough=enough)
        assert told.passes(enough) == (cover >= enough) or told.outside_m > 0.0
        assert cover - 0.005 <= told.cover <= cover


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 60), st.sampled_from([0.1, 1.0, 30.0]))
def test_paths_are_timed_as_in_python(seed: int, n: int, bend: float) -> None:
    rng = np.random.default_rng(seed)
    way = np.cumsum(rng.normal(0, math.radians(bend * 10), n))
    path = np.cumsum(rng.uniform(1, 80, n)[:, None] * np.column_stack([np.cos(way), np.sin(way)]), axis=0)
    assert native.time_s(path, native.pace_of(PACE)) == pytest.approx(flight_s(path, PACE), rel=1e-9)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_polished_path_is_quicker_stays_inside_and_sees_as_much(seed: int) -> None:
    area = shapely.convex_hull(star(seed))
    path = rough_path(shapely.buffer(area, -0.05))
    samples = Samples.of(area, aslant(path), 20.0, 8.0)
    missed = max(samples.unseen_m2((path,)), 0.005 * area.area)
    heat = Heat(0.5, 0.05, 20_000_000, 8.0)
    found, time_s = annealed(path, samples, edges_of(area), PACE, heat, Limits(missed, 0.06))
    assert time_s <= flight_s(path, PACE) + 1e-6
    assert time_s == pytest.approx(flight_s(found, PACE))
    assert samples.unseen_m2((found,)) <= missed + samples.each_m2
    assert area.covers(shapely.linestrings(found))
    again, _ = annealed(path, samples, edges_of(area), PACE, heat, Limits(missed, 0.06))
    assert np.array_equal(found, again)


def test_a_path_that_sees_too_little_is_not_called_good() -> None:
    area = Polygon([(0, 0), (400, 0), (400, 400), (0, 400)])
    path = np.array([[10.0, 10.0], [390.0, 10.0]])
    samples = Samples.of(area, 0.1, 20.0, 6.0)
    _, time_s = annealed(path, samples, edges_of(area), PACE, Heat(1.0, 0.1, 1000, 6.0), Limits(0.0, 0.06))
    assert math.isinf(time_s)


def test_too_long_a_path_is_a_fault() -> None:
    area = Polygon([(0, 0), (400, 0), (400, 400), (0, 400)])
    path = np.random.default_rng(1).uniform(1, 399, (native.MOST_POINTS, 2))
    samples = Samples.of(area, 0.1, 20.0, 6.0)
    with pytest.raises(Fault, match="points"):
        annealed(path, samples, edges_of(area), PACE, Heat(1.0, 0.1, 1000, 6.0), Limits(0.0, 0.06))


def test_a_spiral_of_a_square_has_one_turn_a_side() -> None:
    square = Polygon([(0, 0), (400, 0), (400, 400), (0, 400)])
    made = spiral(square, ring_polygons(square, 20.0), WEAVE, 30.0)
    assert made.rings == 10
    assert len(runs_m(made.lane, PACE)) <= 4 * made.rings
    assert judge(square, (made.lane,), 20.0).cover > 0.98
    assert not made.core


def test_rings_stop_where_a_hole_begins() -> None:
    holed = Polygon([(0, 0), (400, 0), (400, 400), (0, 400)], [[(95, 150), (95, 250), (250, 250), (250, 150)]])
    nested = ring_polygons(holed, 20.0)
    assert len(nested) == 5
    made = spiral(holed, nested, WEAVE, 30.0)
    assert judge(holed, (made.lane,), 20.0).hole_m == 0.0
    assert sum(c.area for c in made.core) == pytest.approx(200 * 200 - 150 * 100, rel=0.05)


def test_an_l_is_swept_by_lanes_round_its_corner() -> None:
    shape = Polygon([(0, 0), (600, 0), (600, 150), (150, 150), (150, 600), (0, 600)])
    found = [along_chain(c, shape, WEAVE) for c in chains(shape, 20.0, 8)]
    best = min(found, key=lambda strands: -judge(shape, tuple(lane for s in strands for lane in s), 20.0).cover)
    assert len(best) == 1
    assert len(best[0]) == 8
    assert judge(shape, best[0], 20.0).cover > 0.97


def test_lanes_that_fork_are_not_one_strand() -> None:
    whole, left, right = (
        shapely.linestrings(c) for c in ([(0, 0), (100, 0)], [(0, 20), (40, 20)], [(60, 20), (100, 20)])
    )
    assert sorted(len(s) for s in strands_of([[whole], [left, right]], 20.0)) == [1, 1, 1]
    assert [len(s) for s in strands_of([[whole], [left]], 20.0)] == [2]
