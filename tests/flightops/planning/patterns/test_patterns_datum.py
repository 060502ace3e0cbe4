"""Expanding squares, sector searches and orbits: lengths by closed form, ground seen by exact union, limits."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Malformed, Refused
from core.geo import Area, bearing_deg, distance_m
from core.units import wrap_180
from flightops.planning.paths.timing import Pace
from flightops.planning.patterns.datum import (
    Circle,
    expanding_square,
    legs_as_far_as,
    orbit,
    sector_search,
)
from tests.flightops.planning.patterns.ground import DATUM, box, good, metres, places, seen

few = settings(max_examples=15, deadline=None)
bearings = st.floats(-360, 720)


@few
@given(bearings, st.floats(5, 200), st.integers(1, 40))
def test_a_square_is_as_long_as_its_series(bearing: float, spacing: float, legs: int) -> None:
    pattern = good(expanding_square(DATUM, bearing, spacing, legs))
    k = legs // 2
    assert pattern.length_m == pytest.approx(spacing * (k * (k + 1) if legs % 2 == 0 else (k + 1) ** 2), rel=1e-6)
    assert pattern.path[0] == DATUM
    assert len(pattern.path) == legs + 1
    assert pattern.spacing_m == spacing


def test_legs_grow_by_one_spacing_every_second_leg_and_turn_right() -> None:
    path = good(expanding_square(DATUM, 30.0, 100.0, 6)).path
    legs = [distance_m(a, b) for a, b in pairwise(path)]
    assert legs == pytest.approx([100, 100, 200, 200, 300, 300], abs=0.01)
    ways = [bearing_deg(a, b) for a, b in pairwise(path)]
    assert ways == pytest.approx([30, 120, 210, 300, 30, 120], abs=0.05)


@few
@given(bearings, st.floats(10, 100), st.integers(2, 6))
def test_a_square_leaves_no_gap_between_its_legs(bearing: float, spacing: float, rings: int) -> None:
    path = metres(good(expanding_square(DATUM, bearing, spacing, 4 * rings + 2)).path)
    inner = shapely.affinity.rotate(shapely.box(-1, -1, 1, 1), -bearing, origin=(0, 0))
    inner = shapely.affinity.scale(inner, rings * spacing, rings * spacing, origin=(0, 0))
    assert inner.difference(seen(path, spacing * 1.0001, "square")).area <= 1e-6 * inner.area


@few
@given(bearings, st.floats(5, 100), st.floats(1, 1000))
def test_a_square_as_far_as_asked_is_the_least_that_gets_there(bearing: float, spacing: float, reach: float) -> None:
    legs = legs_as_far_as(spacing, reach)
    turn = math.radians(bearing)
    along = np.array([[math.sin(turn), math.cos(turn)], [math.cos(turn), -math.sin(turn)]])
    path = metres(good(expanding_square(DATUM, bearing, spacing, legs)).path) @ along.T
    out = np.concatenate([path.max(axis=0), -path.min(axis=0)])
    assert out.min() + spacing / 2 >= reach - 0.01
    assert legs == 1 or (legs - 5) / 4 * spacing + spacing / 2 < reach + 1e-6


@few
@given(bearings, st.floats(50, 3000), st.integers(1, 2))
def test_a_sector_search_flies_nine_radii_a_pass_three_times_through_the_datum(
    bearing: float, radius: float, passes: int
) -> None:
    pattern = good(sector_search(DATUM, radius, bearing, passes))
    path = metres(pattern.path)
    assert pattern.length_m == pytest.approx(9 * radius * passes, rel=1e-6)
    away = np.hypot(*path.T)
    assert away.max() <= radius * (1 + 1e-6)
    assert sum(away < 1e-3) == 3 * passes + 1
    assert away[away > 1.0] == pytest.approx(radius, rel=1e-6)
    assert abs(wrap_180(bearing_deg(DATUM, pattern.path[1]) - bearing)) < 0.05


def test_a_sector_search_looks_the_same_from_all_six_sides_and_turns_right() -> None:
    path = metres(good(sector_search(DATUM, 900.0, 0.0)).path)
    rays = sorted(round(math.degrees(math.atan2(x, y))) % 360 for x, y in path if math.hypot(x, y) > 1)
    assert rays == [0, 60, 120, 180, 240, 300]
    step = np.diff(path, axis=0)
    turns = step[:-1, 0] * step[1:, 1] - step[:-1, 1] * step[1:, 0]
    assert (turns < 1.0).all()


def test_the_second_pass_lies_half_way_between_the_legs_of_the_first() -> None:
    pattern = good(sector_search(DATUM, 900.0, 10.0, passes=2))
    rays = sorted(round(bearing_deg(DATUM, p)) for p in pattern.path if distance_m(DATUM, p) > 1)
    assert rays == list(range(10, 360, 30))
    assert pattern.spacing_m == pytest.approx(2 * 900 * math.sin(math.radians(15)))


@few
@given(st.floats(20, 3000), st.booleans(), st.integers(1, 4))
def test_an_orbit_keeps_within_a_metre_of_its_circle(radius: float, clockwise: bool, laps: int) -> None:
    pattern = good(orbit(Circle(DATUM, radius, clockwise), Pace(7.0, 3.0), laps))
    path = metres(pattern.path)
    assert np.hypot(*path.T).max() <= radius + 1e-3
    middles = (path[:-1] + path[1:]) / 2
    assert np.hypot(*middles.T).min() > radius - 1.0
    chords = (len(path) - 1) // laps
    assert pattern.length_m == pytest.approx(laps * chords * 2 * radius * math.sin(math.pi / chords), rel=1e-5)
    assert (sum(a[0] * b[1] - a[1] * b[0] for a, b in pairwise(path)) < 0) == clockwise
    assert path[0] == pytest.approx((0.0, radius), abs=0.01)
    assert path[-1] == pytest.approx(path[0], abs=1e-3)


def test_an_orbit_too_tight_names_the_radius_that_works() -> None:
    with pytest.raises(Malformed, match=r"at least 48 m") as refused:
        orbit(Circle(DATUM, 40.0), Pace(12.0, 3.0))
    assert refused.value.field == "radius_m"
    good(orbit(Circle(DATUM, 48.0), Pace(12.0, 3.0)))
    with pytest.raises(Malformed, match=r"at least 40.4 m"):
        orbit(Circle(DATUM, 40.3), Pace(11.0, 3.0))


def test_a_pattern_that_leaves_its_fence_is_refused_in_words() -> None:
    hole = [(50.0, 80.0), (130.0, 80.0), (130.0, 120.0), (50.0, 120.0)]
    answer = expanding_square(DATUM, 0.0, 100.0, 12, box(250.0, 1000.0, hole))
    assert isinstance(answer, Refused)
    assert [r.problem.split(" for ")[0] for r in answer.reasons] == [
        "the path from leg 2 to leg 3 crosses no-fly zone 1",
        "the path from leg 10 to leg 12 leaves the fence",
        "leg 12 leaves the fence",
    ]
    assert "for 70 m, at latitude 28.88" in answer.reasons[0].problem
    assert {r.field for r in answer.reasons} == {"fence"}
    good(expanding_square(DATUM, 0.0, 100.0, 12, box(1000.0, 1000.0)))


def test_a_long_list_of_stretches_is_cut_short() -> None:
    answer = expanding_square(DATUM, 0.0, 20.0, 60, box(600.0, 50.0))
    assert isinstance(answer, Refused)
    assert len(answer.reasons) == 9
    assert "more stretches" in answer.reasons[-1].problem


def test_a_fence_that_is_no_area_is_malformed() -> None:
    bow = Area(places([(0, 0), (100, 100), (100, 0), (0, 100)]))
    with pytest.raises(Malformed, match="fence"):
        expanding_square(DATUM, 0.0, 20.0, 6, bow)


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: expanding_square(DATUM, 0.0, 0.0, 4), "spacing_m"),
        (lambda: expanding_square(DATUM, math.nan, 10.0, 4), "first_leg_bearing_deg"),
        (lambda: expanding_square(DATUM, 0.0, 10.0, 0), "legs"),
        (lambda: legs_as_far_as(0.0, 100.0), "spacing_m"),
        (lambda: legs_as_far_as(10.0, math.inf), "reach_m"),
        (lambda: sector_search(DATUM, math.nan, 0.0), "radius_m"),
        (lambda: sector_search(DATUM, 100.0, math.inf), "first_bearing_deg"),
        (lambda: sector_search(DATUM, 100.0, 0.0, passes=3), "passes"),
        (lambda: Circle(DATUM, -5.0), "radius_m"),
        (lambda: orbit(Circle(DATUM, 100.0), Pace(), laps=0), "laps"),
    ],
)
def test_bad_numbers_are_refused_by_name(call: object, field: str) -> None:
    with pytest.raises(Malformed) as refused:
        call()  # type: ignore[operator]
    assert refused.value.field == field
