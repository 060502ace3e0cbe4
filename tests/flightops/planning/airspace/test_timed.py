"""Flights in time: as long as the timing model says, without jumps, no faster than drones are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings

from core.errors import Malformed
from core.geo import Floats
from flightops.planning.airspace.timed import Course, Phase, Rates, Waits, timed_flight
from flightops.planning.airspace.track import Track, flown, joined, rising, waiting
from flightops.planning.paths.timing import Pace, flight_s
from tests.flightops.planning.airspace.courses import PACE, any_pace, any_path, lines, seeds

HOME = np.array([0.0, 0.0, 10.0])


def to_path_m(path: Floats, places: Floats) -> float:
    """Greatest distance of places (n, 3) from a path (m, 3), each in three dimensions."""
    a, step = path[:-1], np.diff(path, axis=0)
    share = ((places[:, None] - a) * step).sum(axis=2) / np.maximum((step * step).sum(axis=1), 1e-18)
    near = a + np.clip(share, 0, 1)[..., None] * step
    return float(np.linalg.norm(places[:, None] - near, axis=2).min(axis=1).max())


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_a_path_takes_what_the_timing_model_says(seed: int) -> None:
    path = any_path(seed)
    track = flown(path, PACE)
    assert track.end_s - track.start_s == pytest.approx(flight_s(path[:, :2], PACE), abs=1e-6)


@settings(max_examples=150, deadline=None)
@given(seeds, seeds)
def test_in_any_wind_a_path_takes_what_the_timing_model_says(seed: int, drone: int) -> None:
    path, pace = any_path(seed), any_pace(drone)
    track = flown(path, pace)
    assert track.end_s - track.start_s == pytest.approx(flight_s(path[:, :2], pace), abs=1e-6)
    times = np.linspace(track.start_s, track.end_s, 200)
    assert to_path_m(path, track.at(times)) < 0.01


@settings(max_examples=100, deadline=None)
@given(seeds, seeds)
def test_no_wind_makes_a_drone_fly_faster_through_the_air_than_it_can(seed: int, drone: int) -> None:
    path, pace = any_path(seed), any_pace(drone)
    assume(np.hypot(*np.diff(path[:, :2], axis=0).T).min() > 5.0)
    track = flown(path, pace)
    for times in (track.t_s[:-1], np.nextafter(track.t_s[1:], 0.0)):
        air = np.hypot(*(track.speed_at(times)[:, :2] - pace.wind_mps).T)
        assert air.max() <= 1.01 * pace.speed_mps


def test_a_leg_in_wind_by_hand() -> None:
    """Airspeed 12, wind 4: 8 m/s against it, 16 with it, sqrt(144 - 16) across; ramps of 4 s at either end."""
    for step, wind, ground in (
        ((800.0, 0.0), (-4.0, 0.0), 8.0),
        ((800.0, 0.0), (4.0, 0.0), 16.0),
        ((0.0, 800.0), (4.0, 0.0), np.sqrt(128.0)),
    ):
        track = flown(np.array([[0.0, 0.0, 60.0], [*step, 60.0]]), Pace(12.0, 3.0, 2.0, wind))
        assert track.end_s == pytest.approx(800.0 / ground + 4.0)
        assert track.t_s[1] == pytest.approx(4.0)
        cruise = track.speed_at(np.array([0.5 * track.end_s]))[0]
        assert np.hypot(*cruise[:2]) == pytest.approx(ground)


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_a_path_is_flown_on_it_and_no_faster_than_cruise(seed: int) -> None:
    path = any_path(seed)
    track = flown(path, PACE)
    times = np.linspace(track.start_s, track.end_s, 400)
    assert to_path_m(path, track.at(times)) < 0.01
    assert track.at(track.t_s[[0, -1]]) == pytest.approx(path[[0, -1]])
    moved = np.hypot(*np.diff(track.at(times)[:, :2], axis=0).T)
    shaken = np.hypot(*np.diff(path[:, :2], axis=0).T).min() < 5.0
    assert shaken or moved.max() <= PACE.speed_mps * (times[1] - times[0]) * 1.001


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_a_sweep_in_a_flight_takes_what_the_timing_model_says(seed: int) -> None:
    course = Course.by("d1", HOME, any_path(seed) * [1, 1, 0] + [0, 0, 60])
    flight = timed_flight(course, 80.0, PACE, waits=Waits(5.0, 6.0, 7.0))
    start, end = flight.span_s(Phase.SWEEP)
    assert end - start == pytest.approx(flight_s(course.sweep[:, :2], PACE), abs=1e-6)
    start, end = flight.span_s(Phase.OUT)
    assert end - start == pytest.approx(flight_s(course.out, PACE), abs=1e-6)
    moved = np.abs(np.diff(flight.at(np.arange(0.0, flight.end_s, 0.1)), axis=0)).max(axis=0)
    assert (moved <= [1.3, 1.3, 0.6]).all()


def test_the_parts_of_a_flight_by_hand() -> None:
    course = Course.by("d1", HOME, lines(100.0, 1, long_m=120.0))
    flight = timed_flight(course, 85.0, PACE, Rates(2.5, 1.25), Waits(10.0, 3.0, 4.0))
    out_s = flight_s(course.out, PACE)
    back_s = flight_s(course.back, PACE)
    lasts = [30.0, out_s, 3.0, 20.0, 14.0, 10.0, 4.0, back_s, 60.0]
    assert np.diff([flight.start_s, *flight.ends_s]) == pytest.approx(lasts)
    assert flight.start_s == 10.0
    assert flight.at(np.array([0.0, 10.0, 20.0]))[:, 2] == pytest.approx([10.0, 10.0, 35.0])
    assert flight.at(np.array([flight.ends_s[Phase.DOWN] + 2.0]))[0] == pytest.approx([100.0, 206.0, 60.0])
    assert flight.at(np.array([1e9]))[0] == pytest.approx(HOME)
    assert flight.phase_at(9.0) is Phase.CLIMB
    assert flight.phase_at(flight.ends_s[Phase.SWEEP] - 1) is Phase.SWEEP
    assert flight.phase_at(1e9) is Phase.LAND
    later = flight.later(7.0)
    assert later.at(np.array([100.0])) == pytest.approx(flight.at(np.array([93.0])))
    assert later.span_s(Phase.CLIMB) == pytest.approx((17.0, 47.0))


def test_parts_of_no_time_leave_no_piece() -> None:
    here = np.array([1.0, 2.0, 3.0])
    assert joined((waiting(here, 0.0), rising(here, 3.0, 1.0))).at(np.array([5.0])) == pytest.approx(here[None])
    assert flown(np.array([here, here]), PACE).end_s == 0.0
    twice = np.array([[0, 0, 5], [0, 0, 5], [120, 0, 5.0]])
    assert flown(twice, PACE).end_s == pytest.approx(14.0)


def test_what_is_no_track_or_course_is_refused() -> None:
    sweep = lines(0.0, 2)
    with pytest.raises(Malformed, match="on the spot"):
        flown(np.array([[0, 0, 5], [0, 0, 9], [120, 0, 5.0]]), PACE)
    with pytest.raises(Malformed, match="does not end where"):
        Track(np.array([0.0, 1.0]), np.zeros((2, 3)), np.ones((1, 3)), np.zeros((1, 3)))
    with pytest.raises(Malformed, match="do not rise"):
        Track(np.array([0.0, 0.0]), np.zeros((2, 3)), np.zeros((1, 3)), np.zeros((1, 3)))
    with pytest.raises(Malformed, match="differ in number"):
        Track(np.array([0.0, 1.0]), np.zeros((2, 3)), np.zeros((2, 3)), np.zeros((1, 3)))
    with pytest.raises(Malformed, match="not finite"):
        Course.by("d1", np.array([0.0, np.nan, 0.0]), sweep)
    with pytest.raises(Malformed, match="join"):
        Course("d1", HOME, sweep[:2, :2], sweep, sweep[:2, :2])
    with pytest.raises(Malformed, match="shapes"):
        Course.by("d1", HOME, sweep[:, :2])
    with pytest.raises(Malformed, match="under 60 m"):
        timed_flight(Course.by("d1", HOME, sweep), 59.0, PACE)
    with pytest.raises(Malformed):
        Waits(entry_s=-1.0)
    with pytest.raises(Malformed):
        Rates(climb_mps=0.0)
