from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Malformed
from core.geo import SCALE_95, Covariance, LatLon, LocalFrame, bearing_deg, distance_m, moved
from core.terrain import FlatTerrain, GridTerrain
from core.units import MetresAmsl, wrap_180, wrap_360
from tests.core.strategies import covariances

places = st.builds(LatLon, lat_deg=st.floats(-80, 80), lon_deg=st.floats(-179, 179))
offsets = st.floats(-10_000, 10_000)


@given(places, offsets, offsets)
def test_local_frame_round_trips(origin: LatLon, x: float, y: float) -> None:
    frame = LocalFrame(origin)
    assert frame.to_xy(frame.to_latlon(x, y)) == pytest.approx((x, y), abs=1e-4)


@given(places, offsets, offsets)
def test_local_metres_are_metres_on_the_ground(origin: LatLon, x: float, y: float) -> None:
    frame = LocalFrame(origin)
    true = distance_m(origin, frame.to_latlon(x, y))
    assert true == pytest.approx(math.hypot(x, y), abs=0.05)


@given(places, st.floats(0, 359.9), st.floats(1, 5000))
def test_moved_goes_that_far_that_way(origin: LatLon, towards: float, by: float) -> None:
    there = moved(origin, towards, by)
    assert distance_m(origin, there) == pytest.approx(by, abs=1e-3)
    assert abs(wrap_180(bearing_deg(origin, there) - towards)) < 0.01


@pytest.mark.parametrize(("lat", "lon"), [(math.nan, 0), (0, math.nan), (90.1, 0), (0, 180.1), (math.inf, 0)])
def test_impossible_places_do_not_exist(lat: float, lon: float) -> None:
    with pytest.raises(Malformed):
        LatLon(lat, lon)


def test_no_local_frame_at_the_pole() -> None:
    with pytest.raises(Malformed, match="latitude"):
        LocalFrame(LatLon(89.0, 0.0))


@given(st.floats(-1e6, 1e6))
def test_wrapping(angle: float) -> None:
    assert 0 <= wrap_360(angle) < 360 or math.isclose(wrap_360(angle), 360)
    assert -180 <= wrap_180(angle) <= 180


@given(covariances())
def test_ellipse_holds_the_covariance(cov: Covariance) -> None:
    major, minor, bearing = cov.ellipse_95()
    assert major >= minor >= 0
    assert 0 <= bearing <= 180
    t = math.radians(90 - bearing)
    rot = np.array([[math.cos(t), -math.sin(t)], [math.sin(t), math.cos(t)]])
    back = rot @ np.diag([(major / SCALE_95) ** 2, (minor / SCALE_95) ** 2]) @ rot.T
    want = np.array([[cov.ee_m2, cov.en_m2], [cov.en_m2, cov.nn_m2]])
    assert np.allclose(back, want, atol=1e-6 * (1 + cov.ee_m2 + cov.nn_m2))


def test_covariance_must_be_one() -> None:
    with pytest.raises(Malformed):
        Covariance(1.0, 2.0, 1.0)
    with pytest.raises(Malformed):
        Covariance(math.nan, 0.0, 1.0)


@given(st.floats(0, 290), st.floats(0, 190), st.floats(-3, 3), st.floats(-3, 3))
def test_grid_terrain_is_exact_on_planes(x: float, y: float, a: float, b: float) -> None:
    frame = LocalFrame(LatLon(28.9, 120.0))
    cols, rows = np.meshgrid(np.arange(31) * 10.0, np.arange(21) * 10.0)
    grid = GridTerrain(frame, 0.0, 0.0, 10.0, 100.0 + a * cols + b * rows)
    place = frame.to_latlon(x, y)
    height = grid.height_amsl_m(place)
    if height is not None:  # the round trip may fall a hair outside the edge
        assert height == pytest.approx(100.0 + a * x + b * y, abs=0.01)


def test_terrain_is_unknown_outside_the_grid() -> None:
    frame = LocalFrame(LatLon(28.9, 120.0))
    grid = GridTerrain(frame, 0.0, 0.0, 10.0, np.zeros((3, 3)))
    assert grid.height_amsl_m(frame.to_latlon(-1.0, 5.0)) is None
    assert FlatTerrain(MetresAmsl(5.0)).height_amsl_m(LatLon(0, 0)) == 5.0
    with pytest.raises(Malformed):
        GridTerrain(frame, 0.0, 0.0, 10.0, np.zeros((1, 3)))
