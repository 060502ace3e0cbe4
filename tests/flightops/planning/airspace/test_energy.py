"""Battery: power by hand, energy against fine sums, the rule held at every moment, sorties that leave nothing out."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.errors import Malformed, Refused
from flightops.planning.airspace.energy import (
    RESERVE,
    RETURN_MARGIN,
    Aircraft,
    EnergyModel,
    endurance_cut,
    legs_by_battery,
    spare_wh,
    too_far,
    used_wh,
)
from flightops.planning.airspace.timed import Course, Flight, Phase, Waits, timed_flight
from flightops.planning.paths.timing import STILL, Pace, length_m
from tests.flightops.planning.airspace.courses import PACE, any_path, lines, seeds, winds

HOME = np.array([0.0, 0.0, 0.0])
MODEL = EnergyModel()
CRAFT = Aircraft(80.0, PACE)


def in_wind(wind: tuple[float, float], craft: Aircraft = CRAFT) -> Aircraft:
    return replace(craft, pace=replace(craft.pace, wind_mps=wind))


def flown(course: Course, craft: Aircraft = CRAFT) -> Flight:
    return timed_flight(course, craft.transit_amsl_m, craft.pace, craft.rates)


def test_power_by_hand() -> None:
    still, cruise, climb, sink = [0, 0, 0], [12, 0, 0], [0, 0, 2.5], [0, 0, -2.5]
    power = MODEL.power_w(np.array([still, cruise, climb, sink], dtype=float), STILL)
    assert power == pytest.approx([480, 520, 640, 480])
    power = MODEL.power_w(np.array([still, cruise, [-12, 0, 0]], dtype=float), (6.0, 0.0))
    assert power == pytest.approx([480 + 40 / 8, 480 + 40 / 8, 480 + 40 * 1.5**3])


def test_energy_of_waiting_by_hand() -> None:
    course = Course.by("d1", HOME, lines(100.0, 2))
    short, long = (timed_flight(course, 80.0, PACE, waits=Waits(0, s, 0)) for s in (10.0, 370.0))
    more = used_wh(long, CRAFT)[1][-1] - used_wh(short, CRAFT)[1][-1]
    assert more == pytest.approx(48.0)
    later = used_wh(short.later(500.0), CRAFT)[1][-1]
    assert later == pytest.approx(used_wh(short, CRAFT)[1][-1])


@settings(max_examples=15, deadline=None)
@given(seeds, winds)
def test_energy_is_the_sum_of_power(seed: int, wind: tuple[float, float]) -> None:
    craft = in_wind(wind)
    flight = flown(Course.by("d1", HOME, any_path(seed) * [1, 1, 0] + [0, 0, 60]), craft)
    fine = np.linspace(flight.start_s, flight.end_s, 40_000)
    middle = (fine[1:] + fine[:-1]) / 2
    total = float((MODEL.power_w(flight.track.speed_at(middle), wind) * np.diff(fine)).sum()) / 3600
    times, used = used_wh(flight, craft)
    assert used[-1] == pytest.approx(total, rel=1e-3)
    assert (np.diff(used) > 0).all()
    assert np.diff(times).max() <= 1.0 + 1e-9


@settings(max_examples=15, deadline=None)
@given(seeds, winds)
def test_the_way_home_is_priced_as_it_is_flown_or_higher(seed: int, wind: tuple[float, float]) -> None:
    """From the place of the last point, at its height, up to the transit's height, straight home, down; a wind behind
    is no help."""
    craft = in_wind(wind)
    flight = flown(Course.by("d1", HOME, any_path(seed) * [1, 1, 0] + [50, 50, 60]), craft)
    times, used = used_wh(flight, craft)
    turn = flight.ends_s[Phase.SWEEP]
    left = used[-1] - np.interp(turn, times, used)
    place = flight.at(np.array([turn]))
    priced = craft.home_wh(place, HOME)[0]
    # speeding up and slowing down are priced at cruise power, in wind a few tenths of a watt-hour off
    assert priced >= left - 0.5
    if float(place[0, :2] @ np.array(wind)) >= 0.0:  # home lies against the wind, or there is none
        assert priced == pytest.approx(left, abs=0.5)


@settings(max_examples=30, deadline=None)
@given(winds, st.floats(0, 6.3), st.floats(300.0, 3000.0))
def test_it_takes_more_against_the_wind_than_with_it(wind: tuple[float, float], way: float, far_m: float) -> None:
    along = float(np.cos(way) * wind[0] + np.sin(way) * wind[1])
    assume(along > 0.5)
    used = []
    for unit in (np.array([np.cos(way), np.sin(way)]), -np.array([np.cos(way), np.sin(way)])):
        sweep = np.column_stack([np.array([50.0 * unit, (50.0 + far_m) * unit]), [60.0, 60.0]])
        flight = flown(Course.by("d1", HOME, sweep), in_wind(wind))
        times, spent = used_wh(flight, in_wind(wind))
        used.append(float(np.diff(np.interp(flight.span_s(Phase.SWEEP), times, spent))[0]))
    with_it, against = used
    assert against > with_it
    assert with_it + against > 2.0 * 520.0 * far_m / 12.0 / 3600.0  # more than both ways in still air


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(st.integers(1, 40), st.floats(60.0, 400.0), winds)
def test_the_rule_holds_on_every_sortie_and_nothing_is_left_out(
    n: int, battery_wh: float, wind: tuple[float, float]
) -> None:
    craft = in_wind(wind, replace(CRAFT, model=EnergyModel(battery_wh=battery_wh)))
    course = Course.by("d1", HOME, lines(300.0, n))
    sorties = legs_by_battery(course, craft)
    if isinstance(sorties, Refused):
        assert "battery" in str(sorties)
        assert battery_wh < 120
        return
    for sortie in sorties:
        flight = flown(sortie, craft)
        times, used = used_wh(flight, craft)
        left = battery_wh - used
        home = RETURN_MARGIN * craft.home_wh(flight.at(times), HOME)
        assert (left >= home + RESERVE * battery_wh - 1e-9).all()
        assert too_far(flight, craft) is None
    for before, after in pairwise(sorties):
        assert before.sweep[-1] == pytest.approx(after.sweep[0])
    assert sum(length_m(s.sweep[:, :2]) for s in sorties) == pytest.approx(length_m(course.sweep[:, :2]))
    every = np.concatenate([s.sweep for s in sorties])
    assert all((np.abs(every - corner).max(axis=1) < 1e-6).any() for corner in course.sweep)


@settings(max_examples=25, deadline=None)
@given(seeds, winds)
def test_the_rule_holds_too_for_a_drone_that_keeps_its_speed_over_the_ground(
    seed: int, wind: tuple[float, float]
) -> None:
    """As autopilots do: sorties cut for a kept airspeed, flown and flown home at the speed of still air."""
    rng = np.random.default_rng(seed)
    battery_wh = float(rng.uniform(80, 400))
    craft = in_wind(wind, replace(CRAFT, model=EnergyModel(battery_wh=battery_wh)))
    path = lines(float(rng.uniform(-900, 900)), int(rng.integers(1, 20)), long_m=float(rng.uniform(100, 900)))
    sorties = legs_by_battery(Course.by("d1", HOME, path), craft)
    assume(not isinstance(sorties, Refused))
    assert not isinstance(sorties, Refused)
    for sortie in sorties:
        flight = timed_flight(sortie, craft.transit_amsl_m, PACE, craft.rates)
        times, used = used_wh(flight, craft)
        place = flight.at(times)
        far = np.hypot(place[:, 0], place[:, 1])
        homeward = -place * [1, 1, 0] / np.maximum(far, 1e-9)[:, None] * PACE.speed_mps
        more_w = craft.model.power_w(homeward, wind) - craft.model.cruise_w
        home = replace(craft, pace=PACE).home_wh(place, HOME) + more_w * PACE.run_s(far) / 3600.0
        assert (battery_wh * (1.0 - RESERVE) - used >= RETURN_MARGIN * home - 1e-3 * battery_wh).all()


def test_the_cut_is_as_far_as_it_goes() -> None:
    course = Course.by("d1", HOME, lines(300.0, 40))
    cut = endurance_cut(course, CRAFT)
    assert isinstance(cut, float)
    assert 4000 < cut < length_m(course.sweep[:, :2])
    further = legs_by_battery(course, replace(CRAFT, model=EnergyModel(battery_wh=280.0)))
    assert not isinstance(further, Refused)
    assert length_m(further[0].sweep[:, :2]) > cut + 100
    spare = spare_wh(flown(Course.by("d1", HOME, np.concatenate([course.sweep[:1]]).repeat(2, axis=0))), CRAFT)[1]
    assert spare.min() > 0
    assert endurance_cut(Course.by("d1", HOME, lines(300.0, 4)), CRAFT) == pytest.approx(4 * 400 + 75)


def test_headwind_on_the_way_home_cuts_shorter() -> None:
    course = Course.by("d1", HOME, lines(1500.0, 40))
    cuts = [endurance_cut(course, in_wind((east, 0.0))) for east in (0.0, 7.0)]
    assert all(isinstance(c, float) for c in cuts)
    assert cuts[1] < cuts[0] - 100  # type: ignore[operator]


def test_what_is_too_far_is_refused_in_words() -> None:
    course = Course.by("d1", HOME, lines(9000.0, 4))
    refused = legs_by_battery(course, CRAFT)
    assert isinstance(refused, Refused)
    assert "d1 cannot sweep anything 9002 m from home" in str(refused)
    refused = too_far(flown(course), CRAFT)
    assert isinstance(refused, Refused)
    assert "must turn home" in str(refused)


def test_models_are_checked() -> None:
    with pytest.raises(Malformed, match="cruise_w"):
        EnergyModel(cruise_w=400.0)
    with pytest.raises(Malformed, match="battery_wh"):
        EnergyModel(battery_wh=float("nan"))
    with pytest.raises(Malformed, match="most_airspeed"):
        EnergyModel(most_airspeed_mps=11.0)
    with pytest.raises(Malformed, match="speed_mps: 21 m/s through the air is more than 20"):
        Aircraft(80.0, Pace(21.0))
    with pytest.raises(Malformed, match="wind_mps"):
        in_wind((float("inf"), 0.0))
    with pytest.raises(Malformed, match="detour_m"):
        Aircraft(80.0, detour_m=-1.0)
