"""Profiles over random hills: never under the lower limit, never steeper than asked, higher only where they must be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.camera import THERMAL_640
from core.errors import Malformed, Refused
from core.geo import Floats
from core.terrain import FlatTerrain, GridTerrain
from core.units import MetresAmsl
from flightops.planning.airspace.terrain_profile import (
    TOLERANCE_M,
    Band,
    Ground,
    Profile,
    Slopes,
    highest_under,
    lowest_over,
    profile,
    swath_on_slope,
)
from flightops.planning.airspace.timed import Rates
from flightops.planning.footprint import swath_m
from tests.flightops.planning.airspace.courses import FRAME, hills, seeds

BAND = Band(60.0, 45.0, 80.0)
FLAT = Ground(FRAME, FlatTerrain(MetresAmsl(100.0)))
SLOPES = Slopes.at(12.0, Rates(2.5, 1.5))
BETWEEN_M = 1.0
"""Ground between the code's samples and between the test's may differ by this much."""


def made(path: Floats, ground: Ground, band: Band = BAND, slopes: Slopes = SLOPES) -> Profile:
    found = profile(path, ground, band, slopes)
    assert isinstance(found, Profile), str(found)
    return found


def along_of(points: Floats) -> Floats:
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points[:, :2], axis=0).T))])


def finely(points: Floats) -> tuple[Floats, Floats]:
    """(n, 3) places every half metre of a line, and m along."""
    along = along_of(points)
    at = np.linspace(0.0, along[-1], int(along[-1] * 2) + 2)
    return np.column_stack([np.interp(at, along, points[:, k]) for k in range(3)]), at


def random_path(seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    return rng.uniform(-550, 550, (int(rng.integers(2, 7)), 2))


@settings(max_examples=30, deadline=None)
@given(seeds, st.floats(0.0, 300.0), st.floats(0.05, 0.6), st.floats(0.05, 0.6))
def test_limits_and_slopes_are_kept(seed: int, relief: float, up: float, down: float) -> None:
    ground, slopes, path = Ground(FRAME, hills(seed, relief)), Slopes(up, down), random_path(seed)
    found = made(path, ground, BAND, slopes)
    rise, run = np.diff(found.points[:, 2]), np.diff(along_of(found.points))
    assert (rise <= up * run + 1e-6).all()
    assert (-rise <= down * run + 1e-6).all()
    fine, at = finely(found.points)
    agl = fine[:, 2] - ground.under(fine[:, :2])
    assert agl.min() >= BAND.least_agl_m - BETWEEN_M
    assert found.lowest_agl_m >= BAND.least_agl_m - 1e-6
    told = np.zeros(len(at), dtype=bool)
    for span in found.too_high:
        told |= (at >= span.from_m - 2.0) & (at <= span.to_m + 2.0)
        assert span.most_agl_m > BAND.most_agl_m
    assert (agl[~told] <= BAND.most_agl_m + BETWEEN_M).all()
    assert all((np.hypot(*(found.points[:, :2] - corner).T) < 1e-6).any() for corner in path)


@settings(max_examples=20, deadline=None)
@given(seeds, st.floats(0.0, 300.0))
def test_it_is_higher_only_where_any_line_would_be(seed: int, relief: float) -> None:
    ground, path = Ground(FRAME, hills(seed, relief)), random_path(seed)
    found = made(path, ground)
    fine, at = finely(found.points)
    under = ground.under(fine[:, :2])
    must = lowest_over(at, under + BAND.least_agl_m, SLOPES) - under
    for span in found.too_high:
        inside = (at >= span.from_m) & (at <= span.to_m)
        if inside.any():
            assert must[inside].max() >= BAND.most_agl_m - BETWEEN_M - TOLERANCE_M


@settings(max_examples=30, deadline=None)
@given(seeds, st.floats(0.05, 1.0), st.floats(0.05, 1.0))
def test_envelopes_are_the_nearest_lines(seed: int, up: float, down: float) -> None:
    rng = np.random.default_rng(seed)
    along = np.cumsum(rng.uniform(0.5, 5.0, 60))
    floor, slopes = rng.uniform(0, 40, 60), Slopes(up, down)
    run = along[None, :] - along[:, None]
    behind = np.where(run >= 0, floor[:, None] - down * run, -np.inf).max(axis=0)
    ahead = np.where(run <= 0, floor[:, None] + up * run, -np.inf).max(axis=0)
    assert lowest_over(along, floor, slopes) == pytest.approx(np.maximum(behind, ahead))
    under = highest_under(along, floor, slopes)
    assert (under <= floor + 1e-9).all()
    rise = np.diff(under)
    assert (rise <= up * np.diff(along) + 1e-9).all()
    assert (-rise <= down * np.diff(along) + 1e-9).all()


def test_flat_ground_takes_no_points() -> None:
    path = np.array([[0.0, 0.0], [500.0, 0.0], [500.0, 0.0], [500.0, 30.0]])
    found = made(path, FLAT)
    assert found.points == pytest.approx(np.array([[0, 0, 160], [500, 0, 160], [500, 30, 160.0]]), abs=1e-6)
    assert found.too_high == ()
    assert found.lowest_agl_m == pytest.approx(60.0)


def test_gentle_hills_are_followed_near_the_wish() -> None:
    ground = Ground(FRAME, hills(5, 30.0))
    found = made(np.array([[-500.0, -500.0], [500.0, 500.0]]), ground, slopes=Slopes(1.0, 1.0))
    fine, _ = finely(found.points)
    agl = fine[:, 2] - ground.under(fine[:, :2])
    assert np.abs(agl - 60.0).max() <= TOLERANCE_M + 0.2


def cliff(high_m: float) -> Ground:
    """Ground that drops by high_m at x = 0."""
    heights = np.where(np.arange(121)[None, :] < 60, 100.0 + high_m, 100.0).repeat(121, axis=0)
    return Ground(FRAME, GridTerrain(FRAME, -600.0, -600.0, 10.0, heights))


def test_a_cliff_is_flown_over_higher_and_said() -> None:
    found = made(np.array([[-400.0, 0.0], [400.0, 0.0]]), cliff(100.0))
    (span,) = found.too_high
    assert span.most_agl_m == pytest.approx(145.0, abs=3.0)
    assert 385 < span.from_m < 415
    # from 145 m down to 80 m above ground at 1.5 / 12
    assert span.to_m == pytest.approx(400 + (145 - 80) / 0.125, abs=15.0) or span.to_m == pytest.approx(800.0, abs=3.0)


def test_unknown_ground_is_refused() -> None:
    refused = profile(np.array([[0.0, 0.0], [5000.0, 0.0]]), Ground(FRAME, hills(1, 50.0)), BAND, SLOPES)
    assert isinstance(refused, Refused)
    assert "no ground height is known at 28.9" in str(refused)


def line(x_m: float, height_m: float) -> Floats:
    return np.array([[x_m, -200.0, height_m], [x_m, 200.0, height_m]])


def test_the_swath_on_flat_ground_is_the_cameras() -> None:
    found = swath_on_slope(line(0.0, 160.0), line(40.0, 170.0), FLAT, THERMAL_640, 0.1)
    assert found == pytest.approx(swath_m(THERMAL_640, 60.0, 0.1))


def test_the_swath_on_a_slope_is_that_of_the_ground_uphill() -> None:
    rise = np.repeat(100.0 + 5.0 * np.arange(121)[None, :], 121, axis=0)
    ground = Ground(FRAME, GridTerrain(FRAME, -600.0, -600.0, 10.0, rise))
    # lines follow the slope of 1 in 2, 60 m over the ground; half way up to the next, 20 m off, it is 10 m higher
    found = swath_on_slope(line(0.0, 460.0), line(40.0, 480.0), ground, THERMAL_640)
    assert found == pytest.approx(swath_m(THERMAL_640, 50.0), rel=1e-6)
    refused = swath_on_slope(line(0.0, 405.0), line(40.0, 480.0), ground, THERMAL_640)
    assert isinstance(refused, Refused)
    assert "closer lines" in str(refused)
    assert isinstance(swath_on_slope(line(0.0, 460.0), line(4000.0, 480.0), ground, THERMAL_640), Refused)


def test_what_makes_no_profile_is_malformed() -> None:
    with pytest.raises(Malformed, match="path"):
        made(np.zeros((1, 2)), FLAT)
    with pytest.raises(Malformed, match="one"):
        made(np.zeros((3, 2)), FLAT)
    with pytest.raises(Malformed, match="wish_agl_m"):
        Band(30.0, 40.0, 80.0)
    with pytest.raises(Malformed, match="least_agl_m"):
        Band(30.0, float("nan"), 80.0)
    with pytest.raises(Malformed, match="slope"):
        Slopes(0.0, 1.0)
