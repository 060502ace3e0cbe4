"""Plans over hills, judged from their points alone: limits between points, slopes, and no strip wider than is seen."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from core.camera import THERMAL_640, Camera
from core.errors import Malformed
from core.geo import Area, Floats
from core.terrain import FlatTerrain, GridTerrain, Terrain
from core.units import MetresAmsl
from flightops.planning.airspace.over_ground import LEAST_SHARE, MOST_SHARE, Followed, Heights, Relief, followed
from flightops.planning.airspace.timed import Rates
from flightops.planning.footprint import Look
from flightops.planning.sweep import Effort, SweepPlan, SweepRequest, plan_sweep
from tests.flightops.planning.airspace.courses import FRAME, hills, seeds

CORNERS = ((-200.0, -150.0), (220.0, -180.0), (180.0, 160.0), (-160.0, 140.0))
AREA = Area(tuple(FRAME.to_latlon(x, y) for x, y in CORNERS))
FLAT = FlatTerrain(MetresAmsl(100.0))
RATES = Rates(3.0, 1.5)
WISH_M = 60.0
BETWEEN_M = 1.0
"""Ground between the code's samples and between the test's may differ by this much."""


def made(terrain: Terrain, swath_m: float = 40.0, look: Look | None = None, drones: int = 1) -> Followed:
    request = SweepRequest(AREA, swath_m, drones=drones)

    def plan(apart_m: float) -> SweepPlan:
        return plan_sweep(SweepRequest(AREA, apart_m, drones=drones), Effort.FIRST)

    return followed(plan, swath_m, request.pace, Relief(terrain, WISH_M, RATES, look))


def points(found: Followed, k: int = 0) -> Floats:
    xy = FRAME.to_xy_many(np.array([[p.lon_deg, p.lat_deg] for p in found.plan.paths[k].path]))
    return np.column_stack([xy, found.heights[k].amsl_m])


def finely(line: Floats) -> Floats:
    """Places every half metre of a line (n, 3)."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line[:, :2], axis=0).T))])
    at = np.linspace(0.0, along[-1], int(along[-1] * 2) + 2)
    return np.column_stack([np.interp(at, along, line[:, k]) for k in range(3)])


def ground(terrain: Terrain, xy: Floats) -> Floats:
    return terrain.heights_amsl_m(FRAME.to_lonlat_many(xy))


@settings(max_examples=8, deadline=None)
@given(seeds, st.floats(0.0, 120.0))
def test_heights_keep_their_limits_between_points_and_strips_are_seen(seed: int, relief: float) -> None:
    terrain = hills(seed, relief)
    found = made(terrain)
    heights, line = found.heights[0], points(found)
    run = np.hypot(*np.diff(line[:, :2], axis=0).T)
    rise = np.diff(line[:, 2])
    assert (rise <= RATES.climb_mps / 12.0 * run + 1e-3).all()
    assert (-rise <= RATES.sink_mps / 12.0 * run + 1e-3).all()
    fine = finely(line)
    agl = fine[:, 2] - ground(terrain, fine[:, :2])
    assert heights.least_agl_m - BETWEEN_M <= agl.min() <= heights.least_agl_m + BETWEEN_M
    assert heights.most_agl_m - BETWEEN_M <= agl.max() <= heights.most_agl_m + BETWEEN_M
    assert heights.least_agl_m >= LEAST_SHARE * WISH_M
    assert heights.most_agl_m <= MOST_SHARE * WISH_M + 1e-6 or heights.too_high
    assert np.array(heights.agl_m) == pytest.approx(line[:, 2] - ground(terrain, line[:, :2]), abs=0.05)
    half = found.plan.swath_m / 2.0
    rng = np.random.default_rng(seed)
    turn, away = rng.uniform(0, 2 * math.pi, len(fine)), half * np.sqrt(rng.uniform(0, 1, len(fine)))
    aside = fine[:, :2] + away[:, None] * np.column_stack([np.cos(turn), np.sin(turn)])
    seen_m = 40.0 * (fine[:, 2] - ground(terrain, aside)) / WISH_M
    steepest = max(float(np.abs(np.diff(terrain.heights, axis=k)).max()) for k in (0, 1)) / 10.0
    assert found.plan.swath_m <= seen_m.min() + 40.0 / WISH_M * (BETWEEN_M + 2.5 * steepest)
    assert found.plan.cover >= 0.995


@settings(max_examples=3, deadline=None)
@given(seeds)
def test_points_are_added_on_the_legs_and_nowhere_else(seed: int) -> None:
    terrain = hills(seed, 60.0)
    found = made(terrain)
    flat = plan_sweep(SweepRequest(AREA, found.plan.swath_m), Effort.FIRST)
    way = shapely.LineString([FRAME.to_xy(p) for p in flat.paths[0].path])
    line = points(found)
    assert shapely.distance(way, shapely.points(line[:, :2])).max() < 1e-3
    assert shapely.hausdorff_distance(way, shapely.linestrings(line[:, :2])) < 1e-3
    assert found.plan.paths[0].time_s == pytest.approx(flat.paths[0].time_s, rel=1e-3)
    assert found.plan.paths[0].length_m == pytest.approx(flat.paths[0].length_m, rel=1e-6)
    assert len(line) > len(flat.paths[0].path)


def test_flat_ground_takes_the_plan_as_it_is() -> None:
    found = made(FLAT)
    flat = plan_sweep(SweepRequest(AREA, 40.0), Effort.FIRST).paths[0].path
    assert points(found)[:, :2] == pytest.approx(np.array([FRAME.to_xy(p) for p in flat]), abs=1e-6)
    assert np.array(found.heights[0].amsl_m) == pytest.approx(160.0)
    assert (found.heights[0].least_agl_m, found.heights[0].most_agl_m) == pytest.approx((60.0, 60.0))
    assert found.plan.swath_m == found.full_swath_m == 40.0


def slope(rise: float) -> GridTerrain:
    heights = np.repeat(700.0 + rise * 10.0 * np.arange(-60, 61)[None, :], 121, axis=0)
    return GridTerrain(FRAME, -600.0, -600.0, 10.0, heights)


def test_lines_lie_closer_where_the_ground_beside_them_is_high() -> None:
    found = made(slope(0.3))
    assert 0.79 * 40.0 <= found.plan.swath_m < 40.0
    assert found.full_swath_m == 40.0


def test_every_drone_has_heights_of_its_own_and_one_swath_serves_all() -> None:
    found = made(hills(4, 60.0), drones=3)
    assert len(found.heights) == len(found.plan.paths) == 3
    for k, sector in enumerate(found.plan.paths):
        assert len(found.heights[k].amsl_m) == len(found.heights[k].agl_m) == len(sector.path)
    gaps = [a.drone != b.drone for a, b in pairwise(found.plan.paths)]
    assert all(gaps)


def test_a_camera_that_sees_more_than_its_lines_need_leaves_them_as_they_are() -> None:
    look = Look(THERMAL_640)
    assert look.swath_m(WISH_M) == pytest.approx(44.74, abs=0.01)
    found = made(hills(5, 20.0), 30.0, look)
    assert found.plan.swath_m == 30.0
    assert found.full_swath_m == pytest.approx(44.74, abs=0.01)


def test_a_person_too_small_over_a_valley_is_refused_with_a_height_that_does() -> None:
    """Over 45 m of hill, ground falls off faster than the drone sinks: 60 m would do on the level only."""
    look = Look(Camera(640, 512, 45.0), person_px=6.0)
    look.check(WISH_M)
    with pytest.raises(Malformed, match=r"person_px: where the ground falls off, .* under 6 \(fly at \d+ m") as refused:
        made(hills(3, 90.0), 40.0, look)
    lower = float(refused.value.fix.split()[2])
    assert 5.0 < lower < WISH_M


def test_unknown_ground_and_bad_numbers_are_refused() -> None:
    with pytest.raises(Malformed, match="terrain: no ground height is known"):
        made(GridTerrain(FRAME, -100.0, -100.0, 10.0, np.ones((9, 9))))
    for bad in (math.nan, 1.0, 900.0):
        with pytest.raises(Malformed, match="height_agl_m"):
            Relief(FLAT, bad, RATES)
    with pytest.raises(Malformed, match="heights"):
        Heights((1.0,), (), 1.0, 1.0, ())
