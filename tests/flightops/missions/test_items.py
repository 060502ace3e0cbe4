"""Missions: layout and heights over the ground."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Refused
from core.geo import LatLon
from core.ids import DroneId
from core.terrain import GridTerrain, Terrain
from flightops.missions.heights import LEGS, Transit, transits_for
from flightops.missions.items import NAV_RETURN_TO_LAUNCH, NAV_TAKEOFF, NAV_WAYPOINT, mission_for, sweep_range
from flightops.missions.mission import Mission, MissionItem
from flightops.missions.profile import sample
from flightops.missions.sorties import missions_for
from tests.flightops.missions.flying import CENTRE, FLAT, FRAME, at, hills, plan_for

PLAN = plan_for("s1", ("d1", "d2", "d3"))
HOMES = {DroneId(d): at(-20.0 * i, 0.0) for i, d in enumerate(("d1", "d2", "d3"))}


def place(item: MissionItem) -> LatLon:
    return LatLon(item.x / 1e7, item.y / 1e7)


def transit(terrain: Terrain, k: int = 0) -> Transit:
    transits = transits_for(PLAN, HOMES, terrain, {})
    assert isinstance(transits, dict)
    return transits[PLAN.sectors[k].sector]


def made(terrain: Terrain) -> Mission:
    mission = mission_for(PLAN.sectors[0], PLAN, CENTRE, transit(terrain), terrain)
    assert isinstance(mission, Mission)
    return mission


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.0, 160.0))
def test_height_above_ground_stays_within_5_m(seed: int, relief_m: float) -> None:
    terrain = hills(seed, relief_m)
    mission = made(terrain)
    home_m = terrain.height_amsl_m(CENTRE)
    assert home_m is not None
    sweep = mission.items[mission.sweep_from : mission.sweep_to + 1]
    for a, b in itertools.pairwise(sweep):
        s = sample((place(a), place(b)), terrain, 1.0)
        assert s is not None
        share = s.along / s.along[-1] if s.along[-1] > 0 else s.along
        flown_amsl = home_m + a.z + (b.z - a.z) * share
        assert np.abs(flown_amsl - s.ground - PLAN.height_agl_m).max() <= 5.0


def test_layout_on_flat_ground() -> None:
    mission = made(FLAT)
    commands = [i.command for i in mission.items]
    way, first = [178, NAV_WAYPOINT] * LEGS, 3 + 2 * LEGS
    sweep = [NAV_WAYPOINT] * 4
    assert commands == [NAV_TAKEOFF, 205, *way, 178, *sweep, 205, NAV_WAYPOINT, *way, NAV_RETURN_TO_LAUNCH]
    assert (mission.sweep_from, mission.sweep_to) == sweep_range(len(mission.items)) == (first, first + 3)
    assert mission.items[1].params[0] == PLAN.gimbal_pitch_deg
    assert mission.items[1].frame == 2
    assert mission.items[first - 1].params[1] == PLAN.speed_mps
    assert {i.z for i in mission.items[first : first + 4]} == {60.0}
    for item, corner in zip(mission.items[first : first + 4], PLAN.sectors[0].path, strict=True):
        assert (item.frame, item.params[0]) == (3, 0.0)
        assert math.isnan(item.params[3])
        assert place(item).lat_deg == pytest.approx(corner.lat_deg, abs=1e-7)
        assert place(item).lon_deg == pytest.approx(corner.lon_deg, abs=1e-7)


def test_the_way_there_ends_over_the_start_and_the_way_back_over_home() -> None:
    mission, way = made(FLAT), transit(FLAT)
    first, last = mission.sweep_from, mission.sweep_to
    assert mission.items[0].z == way.out[0].alt_amsl_m - 100.0
    assert place(mission.items[first - 2]) == place(mission.items[first])
    assert mission.items[first - 2].z == way.out[-1].alt_amsl_m - 100.0
    assert place(mission.items[last + 2]) == place(mission.items[last])
    assert mission.items[last + 2].z == way.back[0].alt_amsl_m - 100.0
    home = HOMES[PLAN.sectors[0].drone]
    assert place(mission.items[-2]).lat_deg == pytest.approx(home.lat_deg, abs=1e-7)
    assert place(mission.items[-2]).lon_deg == pytest.approx(home.lon_deg, abs=1e-7)


def test_heights_count_from_home_not_from_the_sea() -> None:
    """A sweep 40 m above home's level flies 100 m above home for 60 m above ground."""
    ramp = GridTerrain(FRAME, -800.0, -800.0, 800.0, np.array([[200.0, 200.0, 240.0]] * 3))
    mission = made(ramp)
    x = FRAME.to_xy(PLAN.sectors[0].path[0])[0]
    assert mission.items[mission.sweep_from].z == pytest.approx(60.0 + 40.0 * x / 800.0, abs=0.1)


def test_unknown_ground_is_refused_by_name() -> None:
    small = GridTerrain(FRAME, -50.0, -50.0, 50.0, np.full((3, 3), 100.0))
    refused = missions_for(PLAN, HOMES, small, {})
    assert isinstance(refused, Refused)
    assert refused.reasons[0].field == "terrain"
    sector = mission_for(PLAN.sectors[0], PLAN, CENTRE, transit(FLAT), small)
    assert isinstance(sector, Refused)


def test_a_drone_without_a_place_is_refused() -> None:
    refused = missions_for(PLAN, {DroneId("d1"): CENTRE}, FLAT, {})
    assert isinstance(refused, Refused)
    assert "d2 has not told where it is" in str(refused)
