"""Profiles over random hills: never under the lower limit, never steeper than asked, higher only where they must be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
)
from flightops.planning.airspace.timed import Rates
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
    beside = profile(np.array([[0.0, 0.0], [580.0, 0.0]]), Ground(FRAME, hills(1, 50.0)), BAND, SLOPES, 30.0)
    assert isinstance(beside, Refused)
    assert "within 30 m of 28.9" in str(beside)


def steep(rise: float) -> Ground:
    """Ground that rises eastwards by `rise` metres a metre."""
    heights = np.repeat(700.0 + rise * 10.0 * np.arange(-60, 61)[None, :], 121, axis=0)
    return Ground(FRAME, GridTerrain(FRAME, -600.0, -600.0, 10.0, heights))


def test_a_hillside_beside_a_path_counts() -> None:
    """Along a slope of 1 in 2, ground 30 m uphill is 15 m higher: the path goes up until it is 45 m (and the tolerance)
    over that."""
    path = np.array([[0.0, -200.0], [0.0, 200.0]])
    plain = made(path, steep(0.5), Band(50.0, 45.0, 80.0))
    assert (plain.least_seen_m, plain.most_seen_m) == pytest.approx((50.0, 50.0))
    found = profile(path, steep(0.5), Band(50.0, 45.0, 80.0), SLOPES, 30.0)
    assert isinstance(found, Profile)
    assert (found.lowest_agl_m, found.highest_agl_m) == pytest.approx((61.0, 61.0), abs=0.01)
    assert (found.least_seen_m, found.most_seen_m) == pytest.approx((46.0, 76.0), abs=0.01)


@settings(max_examples=20, deadline=None)
@given(seeds, st.floats(0.0, 200.0), st.floats(5.0, 45.0))
def test_no_ground_beside_a_path_comes_nearer_than_told(seed: int, relief: float, beside: float) -> None:
    ground, path = Ground(FRAME, hills(seed, relief)), random_path(seed)
    found = profile(path, ground, BAND, SLOPES, beside)
    assert isinstance(found, Profile)
    assert found.least_seen_m >= BAND.least_agl_m - 1e-6
    assert found.least_seen_m <= found.lowest_agl_m <= found.highest_agl_m <= found.most_seen_m
    rng = np.random.default_rng(seed)
    fine, _ = finely(found.points)
    off = rng.uniform(-1, 1, (len(fine), 2))
    off *= (beside * rng.uniform(0, 1, len(fine)) / np.hypot(*off.T))[:, None]
    steepest = float(np.abs(np.diff(ground.terrain.heights, axis=1)).max()) / 10.0  # type: ignore[attr-defined]
    over = fine[:, 2] - ground.under(fine[:, :2] + off)
    assert over.min() >= found.least_seen_m - 0.4 * beside * steepest - BETWEEN_M
    assert over.max() <= found.most_seen_m + 0.4 * beside * steepest + BETWEEN_M


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
