"""The way to a share, and home from it: over all others' ways, from where the drone hovers, round its corners."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from core.errors import Refused
from core.events import Sector
from core.geo import Floats, GeoPoint
from core.ids import DroneId, SectorId
from core.terrain import FlatTerrain, GridTerrain
from core.units import MetresAmsl
from flightops.missions.heights import LEGS, NEAR_M, STACK_M, Start, Transit, transit_over
from flightops.missions.items import ITEMS_AFTER_SWEEP, ITEMS_BEFORE_SWEEP, air_of, mission_for
from flightops.missions.mission import Mission
from flightops.missions.sorties import missions_for
from tests.flightops.missions.flying import FLAT, FRAME, at, hills, plan_for

PLAN = plan_for("s1", ("d1", "d2", "d3"))
HOMES = {DroneId(f"d{k + 1}"): at(-15.0 * k, 0.0) for k in range(3)}
SHARE = Sector(SectorId("s1.4"), DroneId("d1"), (at(300, 380), at(300, 120)), 260.0, 30.0)
HOVERS = Start((at(150, 110), at(230, 60)), at(0, 0), airborne=True)


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
    start = HOVERS if airborne else Start((at(0, 0),), at(0, 0), airborne=False)
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


def test_it_turns_at_its_corners() -> None:
    made = transit_over(SHARE, PLAN, HOVERS, FLAT, [])
    assert isinstance(made, Transit)
    places = [FRAME.to_xy(p) for p in made.out]
    assert places[0] == pytest.approx((150, 110), abs=0.01)
    assert min(np.hypot(x - 230, y - 60) for x, y in places) < 0.01
    assert places[-1] == pytest.approx((300, 380), abs=0.01)


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
