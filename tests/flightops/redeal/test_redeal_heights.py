"""The way to a share, and home from it: over all others' ways, from where the drone hovers, round no-fly zones."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from core.errors import Refused
from core.events import Sector
from core.geo import Area, Floats, GeoPoint, LatLon
from core.ids import DroneId, SectorId
from core.terrain import FlatTerrain, GridTerrain
from core.units import MetresAmsl
from flightops.missions.heights import LEGS, NEAR_M, STACK_M, Start, Transit, transit_over
from flightops.missions.items import ITEMS_AFTER_SWEEP, ITEMS_BEFORE_SWEEP, air_of, mission_for
from flightops.missions.mission import Mission
from flightops.missions.sorties import missions_for
from flightops.safety.fence import fence_for
from tests.flightops.missions.flying import FLAT, FRAME, at, hills, plan_for

PLAN = plan_for("s1", ("d1", "d2", "d3"))
HOMES = {DroneId(f"d{k + 1}"): at(-15.0 * k, 0.0) for k in range(3)}
SHARE = Sector(SectorId("s1.4"), DroneId("d1"), (at(300, 380), at(300, 120)), 260.0, 30.0)
HOVERS = Start(at(150, 110), at(0, 0), None, airborne=True)
ZONE = tuple(at(x, y) for x, y in ((200, 100), (260, 100), (260, 260), (200, 260)))
ZONED = Area(tuple(at(x, y) for x, y in ((100, 50), (420, 50), (420, 420), (100, 420))), (ZONE,))


def aloft(terrain: GridTerrain | FlatTerrain) -> list[tuple[GeoPoint, ...]]:
    made = missions_for(PLAN, HOMES, terrain, {})
    assert isinstance(made, dict)
    return [
        air_of(made[SectorId(f"s1.{k}")], float(terrain.height_amsl_m(HOMES[DroneId(f"d{k}")]) or 0.0)) for k in (2, 3)
    ]


def along(line: tuple[GeoPoint, ...]) -> Floats:
    """x, y, height every 1 m or less, (n, 3)."""
    points = [np.array([(*FRAME.to_xy(p), p.alt_amsl_m) for p in leg]) for leg in itertools.pairwise(line)]
    return np.vstack([a + (b - a) * np.linspace(0, 1, int(np.hypot(*(b - a)[:2])) + 2)[:, None] for a, b in points])


@settings(max_examples=15, deadline=None)
@given(st.builds(hills, st.integers(0, 2**32 - 1), st.floats(0.0, 120.0)), st.booleans())
def test_it_keeps_a_layer_over_all_that_is_aloft(terrain: GridTerrain, airborne: bool) -> None:
    others = aloft(terrain)
    start = HOVERS if airborne else Start(at(0, 0), at(0, 0), None)
    made = transit_over(SHARE, PLAN, start, terrain, others)
    assert isinstance(made, Transit)
    assert made.airborne is airborne
    for way in (made.out, made.back):
        assert len(way) == LEGS + 1
        mine = along(way)
        for other in map(along, others):
            near = cdist(mine[:, :2], other[:, :2]) < NEAR_M - 1.0
            over = mine[:, None, 2] - other[None, :, 2]
            assert over[near].min(initial=99.0) > STACK_M - 0.5


def xy_of(places: tuple[LatLon, ...]) -> list[tuple[float, float]]:
    return [FRAME.to_xy(p) for p in places]


@pytest.mark.parametrize("airborne", [True, False])
def test_its_ways_go_round_no_fly_zones_in_its_items_its_facts_and_its_fence(airborne: bool) -> None:
    """From where it hovers, or stands, to its share and home; the fence judges these very ways."""
    place = at(150, 200) if airborne else at(0, 0)
    start = replace(HOVERS, place=place, area=ZONED, airborne=airborne)
    made = transit_over(SHARE, PLAN, start, FLAT, [])
    assert isinstance(made, Transit)
    mission = mission_for(SHARE, PLAN, at(0, 0), made, FLAT)
    assert isinstance(mission, Mission)
    zone = shapely.Polygon([FRAME.to_xy(p) for p in ZONE])
    for way, ends in ((mission.out, (place, SHARE.path[0])), (mission.back, (SHARE.path[-1], at(0, 0)))):
        assert shapely.LineString(xy_of((way[0], way[-1]))).intersects(zone) or airborne is False
        assert shapely.LineString(xy_of(way)).distance(zone) > 4.0
        assert np.array(xy_of((way[0], way[-1]))) == pytest.approx(np.array(xy_of(ends)), abs=0.01)
    assert len(mission.out) + len(mission.back) > 2 * (LEGS + 1), "each bend adds a leg"
    assert [FRAME.to_xy(p) for p in SHARE.path] == [
        pytest.approx(FRAME.to_xy(LatLon(i.x / 1e7, i.y / 1e7)), abs=0.02)
        for i in mission.items[mission.sweep_from : mission.sweep_to + 1]
    ]
    fence = fence_for(ZONED, mission.out, mission.back)
    assert all(fence.outside_m(p) == 0.0 for p in (*mission.out, *mission.back))


def test_a_drone_over_a_no_fly_zone_is_given_nothing() -> None:
    refused = transit_over(SHARE, PLAN, replace(HOVERS, place=at(230, 180), area=ZONED), FLAT, [])
    assert isinstance(refused, Refused)
    assert "d1" in str(refused)
    assert "no-fly zone 1" in str(refused)


def test_its_mission_has_the_layout_of_all_missions_and_no_take_off() -> None:
    made = transit_over(SHARE, PLAN, HOVERS, FLAT, [])
    assert isinstance(made, Transit)
    mission = mission_for(SHARE, PLAN, at(0, 0), made, FLAT)
    assert isinstance(mission, Mission)
    assert len(mission.items) == ITEMS_BEFORE_SWEEP + 2 + ITEMS_AFTER_SWEEP
    assert [i.command for i in mission.items].count(22) == 0
    assert mission.items[0].z == pytest.approx(60.0, abs=0.1), "it sets out at the sweep's height, over nobody"


def test_unknown_ground_is_refused() -> None:
    nowhere = GridTerrain(FRAME, 5000.0, 5000.0, 20.0, np.zeros((2, 2)))
    refused = transit_over(SHARE, PLAN, HOVERS, nowhere, [])
    assert isinstance(refused, Refused)
    assert refused.reasons[0].field == "terrain"


def test_air_of_a_mission_is_its_places_above_the_sea() -> None:
    made = missions_for(PLAN, HOMES, FlatTerrain(MetresAmsl(100.0)), {})
    assert isinstance(made, dict)
    air = air_of(made[SectorId("s1.1")], 100.0)
    assert len(air) == 2 * LEGS + 2 + 4
    assert min(p.alt_amsl_m for p in air) >= 100.0 + 30.0
