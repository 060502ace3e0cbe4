"""Ground speed in a wind: the vectors of ANCHORS section 1 and what must hold of any wind."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Malformed
from flightops.planning.patterns.wind import best_track_deg, ground_speeds

few = settings(max_examples=30, deadline=None)
angles = st.floats(-360, 720)


@pytest.mark.parametrize(("wind", "along", "across"), [(4.0, 10.67, 11.31), (8.0, 6.67, 8.94)])
def test_vectors(wind: float, along: float, across: float) -> None:
    assert ground_speeds(12.0, 30.0, wind, 30.0).pair_mean_mps == pytest.approx(along, abs=0.005)
    assert ground_speeds(12.0, 30.0, wind, 120.0).pair_mean_mps == pytest.approx(across, abs=0.005)


def test_a_wind_from_the_north_slows_a_flight_to_the_north() -> None:
    speeds = ground_speeds(12.0, 0.0, 4.0, 0.0)
    assert (speeds.out_mps, speeds.back_mps) == pytest.approx((8.0, 16.0))


@few
@given(angles, angles, st.floats(0, 0.95), st.floats(3, 30))
def test_the_wind_triangle_closes(wind_from: float, track: float, share: float, airspeed: float) -> None:
    speeds = ground_speeds(airspeed, wind_from, share * airspeed, track)
    for ground, way in ((speeds.out_mps, track), (speeds.back_mps, track + 180.0)):
        blow = math.radians(wind_from + 180.0)
        east = ground * math.sin(math.radians(way)) - share * airspeed * math.sin(blow)
        north = ground * math.cos(math.radians(way)) - share * airspeed * math.cos(blow)
        assert math.hypot(east, north) == pytest.approx(airspeed, rel=1e-9)
    back = ground_speeds(airspeed, wind_from, share * airspeed, track + 180.0)
    assert back.pair_mean_mps == pytest.approx(speeds.pair_mean_mps)


@few
@given(angles, angles, st.floats(0, 0.95))
def test_no_track_is_better_than_the_best(wind_from: float, track: float, share: float) -> None:
    best = best_track_deg(12.0, wind_from, 12.0 * share)
    assert 0.0 <= best < 180.0
    at_best = ground_speeds(12.0, wind_from, 12.0 * share, best).pair_mean_mps
    assert ground_speeds(12.0, wind_from, 12.0 * share, track).pair_mean_mps <= at_best + 1e-9
    assert at_best == pytest.approx(12.0 * math.sqrt(1 - share**2))


def test_the_best_of_given_tracks() -> None:
    assert best_track_deg(12.0, 270.0, 6.0, (80.0, 20.0, 100.0)) == 20.0
    assert best_track_deg(12.0, 270.0, 0.0, (80.0, 20.0)) == 80.0


@pytest.mark.parametrize(
    ("wind_from", "track", "how"), [(0.0, 90.0, "across"), (0.0, 0.0, "against"), (0.0, 180.0, "against")]
)
def test_a_wind_as_strong_as_the_airspeed_is_refused(wind_from: float, track: float, how: str) -> None:
    with pytest.raises(Malformed, match=how) as refused:
        ground_speeds(12.0, wind_from, 12.0, track)
    assert refused.value.field == "wind_mps"
    with pytest.raises(Malformed, match="wind_mps"):
        best_track_deg(12.0, wind_from, 12.5)


@pytest.mark.parametrize(
    ("numbers", "field"),
    [
        ((0.0, 0.0, 1.0, 0.0), "airspeed_mps"),
        ((12.0, math.nan, 1.0, 0.0), "wind_from_deg"),
        ((12.0, 0.0, -1.0, 0.0), "wind_mps"),
        ((12.0, 0.0, math.nan, 0.0), "wind_mps"),
        ((12.0, 0.0, 1.0, math.inf), "track_deg"),
    ],
)
def test_bad_numbers_are_refused_by_name(numbers: tuple[float, float, float, float], field: str) -> None:
    with pytest.raises(Malformed) as refused:
        ground_speeds(*numbers)
    assert refused.value.field == field
