"""Schedules: proven apart, little time lost, the same each time, refused in words that name drones and place."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Malformed, Refused
from core.geo import Floats
from flightops.planning.airspace.schedule import Schedule, Sky, scheduled
from flightops.planning.airspace.separation import Apart, first_conflict
from flightops.planning.airspace.timed import Course
from tests.flightops.planning.airspace.courses import FRAME, PACE, any_course, seeds, side_by_side


def made(courses: list[Course], sky: Sky | None = None) -> Schedule:
    schedule = scheduled(courses, PACE, FRAME, sky)
    assert isinstance(schedule, Schedule), str(schedule)
    return schedule


def least_ratio(schedule: Schedule) -> float:
    """Least of max(horizontal / 30, vertical / 10) of any pair in the air at any tenth of a second."""
    worst = np.inf
    for a, b in combinations([s.flight for s in schedule.slots], 2):
        times = np.arange(max(a.start_s, b.start_s), min(a.end_s, b.end_s), 0.1)
        off = a.at(times) - b.at(times)
        ratio = np.maximum(np.hypot(off[:, 0], off[:, 1]) / 30.0, np.abs(off[:, 2]) / 10.0)
        worst = min(worst, float(ratio.min(initial=np.inf)))
    return worst


@pytest.mark.parametrize(("drones", "homes_m", "added_s"), [(2, 0.0, 20), (3, 0.0, 30), (5, 15.0, 20), (8, 40.0, 5)])
def test_neighbours_are_kept_apart_for_little_time(drones: int, homes_m: float, added_s: float) -> None:
    schedule = made(side_by_side(drones, homes_m=homes_m))
    assert first_conflict([s.flight for s in schedule.slots]) is None
    assert least_ratio(schedule) >= 0.999
    assert schedule.makespan_s <= schedule.alone_s + added_s
    assert [s.drone for s in schedule.slots] == [f"d{k + 1}" for k in range(drones)]
    layers = np.array([s.transit_amsl_m for s in schedule.slots])
    assert (layers >= 70.0).all()
    assert np.allclose((layers - 70.0) % 10.0, 0.0)


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(seeds, st.integers(2, 4))
def test_courses_all_over_one_another_are_kept_apart(seed: int, drones: int) -> None:
    rng = np.random.default_rng(seed)
    schedule = made([any_course(f"d{k}", rng) for k in range(drones)])
    assert first_conflict([s.flight for s in schedule.slots]) is None
    assert least_ratio(schedule) >= 0.999
    assert schedule.makespan_s <= sum(s.flight.end_s - s.flight.start_s for s in schedule.slots) + 10.0 * drones


def test_sectors_that_touch_are_kept_apart_by_timing_alone() -> None:
    """Both sweep the common border, at one height, with homes far apart: the same line, the same way."""
    one = side_by_side(1)[0]
    mirrored = one.sweep * [-1, 1, 1] + [2 * one.sweep[0, 0], 0, 0]
    other = Course.by("d2", np.array([-500.0, 0.0, 0.0]), mirrored)
    schedule = made([one, other])
    assert any(s.waits.take_off_s + s.waits.entry_s > 0 for s in schedule.slots)
    assert least_ratio(schedule) >= 0.999


def test_ways_with_bends_are_scheduled() -> None:
    def round_a_corner(start: Floats, end: Floats) -> Floats:
        return np.array([start, [start[0], 150.0], end]) if start[1] < end[1] else np.array([start, end])

    courses = [Course.by(c.drone, c.home, c.sweep, round_a_corner) for c in side_by_side(3)]
    assert least_ratio(made(courses)) >= 0.999


def test_a_schedule_is_the_same_each_time() -> None:
    one, two = (made(side_by_side(4)) for _ in range(2))
    assert [(s.layer, s.waits) for s in one.slots] == [(s.layer, s.waits) for s in two.slots]


def test_wider_distances_and_higher_floors_are_kept() -> None:
    sky = Sky(apart=Apart(50.0, 15.0), stack_m=20.0, floor_amsl_m=150.0, layers=2)
    schedule = made(side_by_side(3), sky)
    assert first_conflict([s.flight for s in schedule.slots], sky.apart) is None
    assert {s.transit_amsl_m for s in schedule.slots} <= {150.0, 170.0}


def test_a_refusal_names_the_two_and_the_place() -> None:
    refused = scheduled(side_by_side(2), PACE, FRAME, Sky(layers=1, most_wait_s=3.0))
    assert isinstance(refused, Refused)
    words = str(refused)
    assert "d1" in words
    assert "d2" in words
    assert "28.9" in words
    assert "120.0" in words


def test_what_makes_no_schedule_is_malformed() -> None:
    course = side_by_side(1)[0]
    with pytest.raises(Malformed, match="courses"):
        scheduled([], PACE, FRAME)
    with pytest.raises(Malformed, match="courses"):
        scheduled([course, course], PACE, FRAME)
    with pytest.raises(Malformed, match="stack"):
        Sky(stack_m=9.0)
    with pytest.raises(Malformed):
        Sky(layers=0)
    with pytest.raises(Malformed):
        Sky(floor_amsl_m=float("nan"))
