"""Transits over random hills: clear of the ground, flyable, apart from one another, the same every time."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from core.events import SearchPlan
from core.geo import Floats, GeoPoint, LatLon
from core.ids import DroneId, SectorId
from core.terrain import GridTerrain, Terrain
from flightops.missions.heights import (
    CLIMB_MPS,
    LEGS,
    LOW_M,
    NEAR_M,
    SINK_MPS,
    STACK_M,
    Transit,
    transits_for,
)
from flightops.missions.profile import legs_over, sample
from flightops.planning.airspace.terrain_profile import Slopes, lowest_over
from tests.flightops.missions.flying import FLAT, FRAME, at, hills, plan_for

DRONES = ("d1", "d2", "d3")
PLAN = plan_for("s1", DRONES)
HOMES = {DroneId(d): at(-15.0 * i, 0.0) for i, d in enumerate(DRONES)}
BETWEEN_M = 1.0
"""Ground between the code's samples and between the test's may differ by this much."""


def transits(terrain: Terrain, plan: SearchPlan = PLAN) -> dict[SectorId, Transit]:
    made = transits_for(plan, HOMES, terrain, {})
    assert isinstance(made, dict)
    return made


def flown(way: tuple[GeoPoint, ...], terrain: Terrain) -> tuple[Floats, Floats, Floats]:
    """x, y (n, 2), heights and ground (n,) m AMSL, every 3 m or less."""
    xy, heights, ground = [], [], []
    for a, b in itertools.pairwise(way):
        s = sample((a.ground, b.ground), terrain, 3.0)
        assert s is not None
        share = s.along / s.along[-1] if s.along[-1] > 0 else s.along
        xy.append(FRAME.to_xy_many(s.lonlat))
        heights.append(a.alt_amsl_m + (b.alt_amsl_m - a.alt_amsl_m) * share)
        ground.append(s.ground)
    return np.vstack(xy), np.concatenate(heights), np.concatenate(ground)


lands = st.builds(hills, st.integers(0, 2**32 - 1), st.floats(0.0, 160.0))


@settings(max_examples=25, deadline=None)
@given(lands)
def test_clear_of_the_ground(terrain: GridTerrain) -> None:
    for transit in transits(terrain).values():
        for way in (transit.out, transit.back):
            _, heights, ground = flown(way, terrain)
            assert (heights - ground).min() >= LOW_M - BETWEEN_M
        for end in (transit.out[-1], transit.back[0]):
            ground_m = terrain.height_amsl_m(end.ground)
            assert ground_m is not None
            assert end.alt_amsl_m - ground_m >= PLAN.height_agl_m - 1e-6


@settings(max_examples=25, deadline=None)
@given(lands)
def test_each_has_its_layer(terrain: GridTerrain) -> None:
    """Sorted by height over the sector, layer k is k x STACK_M over the plan's height, all along but for the climb."""
    ends = []
    for transit in transits(terrain).values():
        ground_m = terrain.height_amsl_m(transit.out[-1].ground)
        assert ground_m is not None
        ends.append(transit.out[-1].alt_amsl_m - ground_m - PLAN.height_agl_m)
    assert all(over >= k * STACK_M - 1e-6 for k, over in enumerate(sorted(ends)))


@settings(max_examples=25, deadline=None)
@given(lands)
def test_no_leg_is_steeper_than_a_drone_climbs_and_sinks(terrain: GridTerrain) -> None:
    for transit in transits(terrain).values():
        for way, speeds in ((transit.out, transit.out_mps), (transit.back, transit.back_mps)):
            assert len(way) == LEGS + 1
            for (a, b), mps in zip(itertools.pairwise(way), speeds, strict=True):
                run_m = float(np.hypot(*np.subtract(FRAME.to_xy(b), FRAME.to_xy(a))))
                rate = (b.alt_amsl_m - a.alt_amsl_m) * mps / max(run_m, 1e-9)
                assert -SINK_MPS * 1.01 <= rate <= CLIMB_MPS * 1.01
                assert PLAN.speed_mps * SINK_MPS / CLIMB_MPS * 0.99 <= mps <= PLAN.speed_mps


@settings(max_examples=15, deadline=None)
@given(lands)
def test_transits_are_apart_where_they_are_near(terrain: GridTerrain) -> None:
    ways = [
        (drone, *flown(way, terrain)[:2])
        for drone, transit in transits(terrain).items()
        for way in (transit.out, transit.back)
    ]
    for (one, xy, heights), (other, other_xy, other_heights) in itertools.combinations(ways, 2):
        near = cdist(xy, other_xy) <= NEAR_M
        if one != other and near.any():
            gap = np.abs(heights[:, None] - other_heights[None, :])[near].min()
            assert gap >= STACK_M - BETWEEN_M


@settings(max_examples=15, deadline=None)
@given(lands)
def test_transits_pass_over_the_sweeps_of_others(terrain: GridTerrain) -> None:
    """But for where the drone goes up and down through that height itself, at the ends of its own sweep."""
    made = transits(terrain)
    for mine, other in itertools.permutations(PLAN.sectors, 2):
        s = sample(other.path, terrain)
        assert s is not None
        swept = FRAME.to_xy_many(s.lonlat)
        ends = np.array([FRAME.to_xy(p) for p in (mine.path[0], mine.path[-1])])
        counts = cdist(swept, ends).min(axis=1) > NEAR_M + 5.0
        for way in (made[mine.sector].out, made[mine.sector].back):
            xy, heights, _ = flown(way, terrain)
            near = cdist(xy, swept[counts]) <= NEAR_M
            gap = heights[:, None] - (s.ground[counts] + PLAN.height_agl_m)[None, :]
            assert not near.any() or gap[near].min() >= STACK_M - BETWEEN_M


@settings(max_examples=5, deadline=None)
@given(lands)
def test_the_same_plan_gives_the_same_transits(terrain: GridTerrain) -> None:
    assert transits(terrain) == transits(terrain)


def test_on_flat_ground_it_takes_off_low_and_climbs_on_the_way() -> None:
    far = LatLon(FRAME.to_latlon(0.0, -900.0).lat_deg, FRAME.origin.lon_deg)
    plan = plan_for("s1", ("d1",))
    made = transits_for(plan, {DroneId("d1"): far}, FLAT, {})
    assert isinstance(made, dict)
    (transit,) = made.values()
    assert transit.out[0].alt_amsl_m - 100.0 == pytest.approx(LOW_M)
    assert transit.out[-1].alt_amsl_m - 100.0 == pytest.approx(60.0)
    assert transit.back[-1].alt_amsl_m - 100.0 == pytest.approx(LOW_M)
    assert min(transit.back_mps) >= 6.0 - 1e-6


def test_steep_ground_is_climbed_before_it_comes() -> None:
    """A wall of 100 m, 200 m away: the climb begins over home, above what height alone would ask."""
    wall = GridTerrain(
        FRAME, -800.0, -800.0, 20.0, np.where(np.arange(81) * 20.0 < 890.0, 100.0, 200.0) * np.ones((81, 1))
    )
    (transit, *_) = transits(wall).values()
    _, heights, ground = flown(transit.out, wall)
    assert (heights - ground).min() >= LOW_M - BETWEEN_M
    assert transit.out[0].alt_amsl_m - 100.0 > 2 * LOW_M


def test_settings_can_raise_a_transit_but_not_sink_it() -> None:
    for asked, least in ((5.0, LOW_M), (150.0, 150.0)):
        made = transits_for(PLAN, HOMES, FLAT, {DroneId("d1"): asked})
        assert isinstance(made, dict)
        transit = made[PLAN.sectors[0].sector]
        assert min(p.alt_amsl_m for p in (*transit.out, *transit.back)) - 100.0 >= least - 1e-6


heights_of = st.lists(st.floats(0.0, 300.0), min_size=2, max_size=60)


@given(heights_of, st.floats(0.02, 1.0), st.integers(1, 8))
def test_legs_over_any_floor(floor: list[float], slope: float, legs: int) -> None:
    """Nowhere under the floor, nowhere steeper than asked, and no leg too many or too few."""
    along = np.arange(len(floor)) * 5.0
    smooth = lowest_over(along, np.array(floor), Slopes(slope, slope))
    assert (smooth >= np.array(floor) - 1e-9).all()
    assert np.abs(np.diff(smooth)).max() <= slope * 5.0 + 1e-9
    ends, heights = legs_over(along, np.array(floor), smooth, legs)
    assert len(ends) == len(heights) == legs + 1
    assert (ends[0], ends[-1]) == (along[0], along[-1])
    assert (np.diff(ends) > 0).all()
    assert (np.interp(along, ends, heights) >= np.array(floor) - 1e-9).all()
    assert (np.abs(np.diff(heights)) <= slope * np.diff(ends) + 1e-9).all()
