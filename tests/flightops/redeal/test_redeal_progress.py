"""How far along its path a drone is: from item and place, never too much."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.geo import LatLon
from flightops.redeal.progress import Mark, flown_m, length_of
from tests.flightops.missions.flying import at

COMB = tuple(
    at(x, y)
    for k in range(5)
    for x, y in ((40.0 * k, 0.0 if k % 2 == 0 else 300.0), (40.0 * k, 300.0 if k % 2 == 0 else 0.0))
)
FIRST = 11
LAST = FIRST + len(COMB) - 1
SWEEP = (FIRST, LAST)
FREE = Mark(0.0, math.inf)
ENDS = np.concatenate([[0.0], np.cumsum([300.0, 40.0] * 5)])[: len(COMB)]


def place_at(metres: float) -> tuple[LatLon, int]:
    """Where a drone is that has flown so far along COMB, and the vertex it flies to."""
    k = min(int(np.searchsorted(ENDS, metres, side="right")), len(COMB) - 1)
    share = (metres - ENDS[k - 1]) / (ENDS[k] - ENDS[k - 1])
    a, b = COMB[k - 1], COMB[k]
    return LatLon(a.lat_deg + share * (b.lat_deg - a.lat_deg), a.lon_deg + share * (b.lon_deg - a.lon_deg)), k


@given(st.floats(0.0, float(ENDS[-1]) - 0.1))
def test_on_its_path_it_is_told_to_a_metre(metres: float) -> None:
    place, vertex = place_at(metres)
    assert flown_m(COMB, SWEEP, FIRST + vertex, place, FREE) == pytest.approx(metres, abs=1.0)


@given(st.floats(0.0, float(ENDS[-1]) - 0.1), st.integers(1, 6))
def test_points_put_in_for_the_ground_make_it_less_certain_never_more(metres: float, more: int) -> None:
    """Which of its items are corners is not known then: what was told before bounds it."""
    place, vertex = place_at(metres)
    told = flown_m(COMB, (FIRST, LAST + more), FIRST + vertex + more, place, Mark(max(metres - 20.0, 0.0), 60.0))
    assert told <= metres + 1.0
    assert told >= metres - 20.0 - 1e-6


@given(st.floats(-500, 900), st.floats(-500, 900), st.integers(0, LAST + 14), st.floats(0, 1500), st.floats(0, 400))
def test_anywhere_it_stays_between_what_is_known(x: float, y: float, item: int, known: float, reach: float) -> None:
    told = flown_m(COMB, SWEEP, item, at(x, y), Mark(min(known, length_of(COMB)), reach))
    assert min(known, length_of(COMB)) - 1e-6 <= told <= length_of(COMB) + 1e-6


def test_before_its_first_line_nothing_and_after_its_last_all_is_flown() -> None:
    assert flown_m(COMB, SWEEP, 0, at(0, 150), FREE) == 0.0
    assert flown_m(COMB, SWEEP, FIRST, at(0, 150), FREE) == 0.0
    assert flown_m(COMB, SWEEP, LAST + 1, at(0, 0), FREE) == length_of(COMB)


def test_far_off_its_path_only_the_item_counts() -> None:
    assert flown_m(COMB, SWEEP, FIRST + 3, at(-100, 150), FREE) == pytest.approx(ENDS[2], abs=0.5)


def test_where_a_path_crosses_itself_the_first_of_both_counts() -> None:
    cross = (at(0, 0), at(200, 0), at(200, 100), at(100, 100), at(100, -100))
    told = flown_m(cross, (FIRST, FIRST + len(cross) + 3), FIRST + 5, at(100, 0), Mark(60.0, math.inf))
    assert told == pytest.approx(100.0, abs=1.0)
