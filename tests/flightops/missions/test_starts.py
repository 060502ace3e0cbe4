"""Missions as flights in time: ways round no-fly zones, starts that keep drones apart, and what a restart knows."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Refused
from core.events import MissionUploaded, SearchPlan, Sector
from core.geo import Area, LatLon
from core.ids import DroneId, SectorId
from core.io.wire import decode, encode
from core.terrain import Terrain
from flightops.fleet.machine import sweep_of
from flightops.fleet.state import OnBoard
from flightops.missions import starts as missions_starts
from flightops.missions.heights import LEGS
from flightops.missions.items import NAV_WAYPOINT, sweep_range
from flightops.missions.mission import Mission
from flightops.missions.profile import legs_over
from flightops.missions.sorties import flights_for, missions_for, proved
from flightops.missions.starts import MOST_WAIT_S, Launches, starts
from flightops.planning.airspace.terrain_profile import Slopes, lowest_over
from flightops.planning.airspace.timed import Flight, Phase
from flightops.safety.fence import fence_for
from tests.flightops.missions.flying import FLAT, FRAME, FakeClock, at, hills, plan_for

HOLE = (at(60, 40), at(110, 40), at(110, 300), at(60, 300))
ZONED = Area((at(20, 20), at(400, 20), at(400, 420), at(20, 420)), (HOLE,))
THREE = tuple(DroneId(f"d{k}") for k in (1, 2, 3))
NEAR = {d: at(-15.0 * k, 0.0) for k, d in enumerate(THREE)}


def laid(
    plan: SearchPlan, homes: dict[DroneId, LatLon], terrain: Terrain, area: Area | None
) -> dict[SectorId, Mission]:
    made = missions_for(plan, homes, terrain, {}, area)
    assert isinstance(made, dict), str(made)
    return made


def least_ratio(flights: list[Flight]) -> float:
    """Least of max(horizontal / 30, vertical / 10) of any pair in the air, every fifth of a second."""
    worst = np.inf
    for a, b in combinations(flights, 2):
        times = np.arange(max(a.start_s, b.start_s), min(a.end_s, b.end_s), 0.2)
        off = a.at(times) - b.at(times)
        ratio = np.maximum(np.hypot(off[:, 0], off[:, 1]) / 30.0, np.abs(off[:, 2]) / 10.0)
        worst = min(worst, float(ratio.min(initial=np.inf)))
    return worst


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.0, 120.0), st.sampled_from([ZONED, None]))
def test_started_as_told_missions_stay_apart_even_a_little_late(seed: int, relief_m: float, area: Area | None) -> None:
    rng = np.random.default_rng(seed)
    homes = {d: at(float(rng.uniform(-60, 0)), float(rng.uniform(-60, 0))) for d in THREE}
    plan, terrain = plan_for("s1", THREE), hills(seed, relief_m)
    flights = flights_for(plan, laid(plan, homes, terrain, area), homes, terrain, FRAME)
    begun = starts(flights)
    assert isinstance(begun, dict)
    assert proved(plan, area, homes, terrain, {}) is None
    for late in ((0.0, 0.0, 0.0), (0.0, 3.0, 0.0), (3.0, 0.0, 0.0)):
        flown = [f.later(begun[s] + by) for (s, f), by in zip(flights.items(), late, strict=True)]
        assert least_ratio(flown) >= 0.995


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.0, 120.0))
def test_ways_go_round_no_fly_zones_in_the_items_and_in_the_fence(seed: int, relief_m: float) -> None:
    plan, terrain = plan_for("s1", THREE), hills(seed, relief_m)
    zone = shapely.Polygon([FRAME.to_xy(p) for p in HOLE])
    bent = 0
    for mission in laid(plan, NEAR, terrain, ZONED).values():
        places = [LatLon(i.x / 1e7, i.y / 1e7) for i in mission.items if i.command == NAV_WAYPOINT]
        line = shapely.LineString([FRAME.to_xy(mission.out[0]), *map(FRAME.to_xy, places)])
        assert line.distance(zone) > 4.0
        bends = len(mission.out) - LEGS - 1
        bent += bends > 0
        assert mission.sweep_from == 3 + 2 * (LEGS + bends)
        assert all(mission.items[k].command == NAV_WAYPOINT for k in range(mission.sweep_from, mission.sweep_to + 1))
        fence = fence_for(ZONED, mission.out, mission.back)
        assert all(fence.outside_m(p) == 0.0 for p in places)
    assert bent > 0


def test_a_straight_way_is_laid_as_ever() -> None:
    plan = plan_for("s1", THREE)
    far = Area(ZONED.outer, ((at(380, 20.5), at(399, 20.5), at(399, 40), at(380, 40)),))
    assert laid(plan, NEAR, FLAT, far) == laid(plan, NEAR, FLAT, None)
    for mission in laid(plan, NEAR, FLAT, None).values():
        assert (mission.sweep_from, mission.sweep_to) == sweep_range(len(mission.items))


def test_a_flight_follows_its_items() -> None:
    plan = plan_for("s1", ("d1",))
    homes = {DroneId("d1"): at(0, 0)}
    (mission,) = laid(plan, homes, FLAT, ZONED).values()
    (flight,) = flights_for(plan, {plan.sectors[0].sector: mission}, homes, FLAT, FRAME).values()
    heights = flight.at(np.array(flight.ends_s))[:, 2]
    z = [i.z + 100.0 for i in mission.items]
    assert heights[Phase.CLIMB] == pytest.approx(z[0])
    assert heights[Phase.OUT] == pytest.approx(z[mission.sweep_from - 2])
    assert heights[Phase.SWEEP] == pytest.approx(160.0)
    assert heights[Phase.BACK] == pytest.approx(z[-2])
    assert heights[Phase.LAND] == pytest.approx(100.0)
    began, ended = flight.span_s(Phase.SWEEP)
    assert 590.0 / 12.0 < ended - began < 590.0 / 12.0 + 40.0


def test_homes_over_a_zone_are_refused_by_name() -> None:
    refused = missions_for(plan_for("s1", THREE), {**NEAR, THREE[1]: at(80, 100)}, FLAT, {}, ZONED)
    assert isinstance(refused, Refused)
    assert "d2" in str(refused)
    assert "no-fly zone" in str(refused)


def facing(lines: int) -> SearchPlan:
    """Two drones that fly one pattern from its two ends."""
    path = tuple(at(100.0 + 20.0 * (k // 2), 100.0 if k % 4 in (0, 3) else 600.0) for k in range(2 * lines))
    sectors = (
        Sector(SectorId("s1.1"), THREE[0], path, 1.0, 1.0),
        Sector(SectorId("s1.2"), THREE[1], path[::-1], 1.0, 1.0),
    )
    return replace(plan_for("s1", THREE[:2]), sectors=sectors)


def test_a_drone_waits_for_another_in_its_way_and_is_not_sent_when_that_takes_too_long() -> None:
    homes = {THREE[0]: at(0, 0), THREE[1]: at(200, 0)}
    short, long = facing(3), facing(24)
    begun = starts(flights_for(short, laid(short, homes, FLAT, None), homes, FLAT, FRAME))
    assert isinstance(begun, dict)
    assert 60.0 < begun[SectorId("s1.2")] <= MOST_WAIT_S
    refused = proved(long, None, homes, FLAT, {})
    assert isinstance(refused, Refused)
    assert "d2" in str(refused)
    assert "fewer" in str(refused)


async def test_who_is_ready_first_starts_first() -> None:
    plan = plan_for("s1", THREE)
    flights = flights_for(plan, laid(plan, NEAR, FLAT, None), NEAR, FLAT, FRAME)
    clock = FakeClock()
    launches, flown = Launches(clock), []
    for sector, ready_s in (("s1.3", 0.0), ("s1.1", 1.0), ("s1.2", 0.5)):
        clock.time += ready_s
        wait_s = await launches.wait_s(flights[SectorId(sector)])
        assert isinstance(wait_s, float)
        assert flown or wait_s == 0.0
        flown.append(flights[SectorId(sector)].later(clock.monotonic() + wait_s))
    assert flown[-1].start_s > clock.monotonic()
    assert least_ratio(flown) >= 0.995


async def test_drones_start_in_the_order_in_which_they_wait_least(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_for("s1", THREE)
    flights = flights_for(plan, laid(plan, NEAR, FLAT, None), NEAR, FLAT, FRAME)
    begun = starts(flights)
    assert isinstance(begun, dict)
    for order in permutations(flights):
        in_turn = Launches(FakeClock())
        waits = [await in_turn.wait_s(flights[s]) for s in order]
        assert sum(begun.values()) <= sum(w for w in waits if isinstance(w, float))
    launches = Launches(FakeClock())
    launches.expect([flights[s].drone for s in begun])
    given = await asyncio.gather(*(launches.wait_s(f) for f in flights.values()))
    assert dict(zip(flights, given, strict=True)) == begun
    monkeypatch.setattr(missions_starts, "GATHER_S", 0.05)
    launches.expect([flights[s].drone for s in begun])
    *_, last = begun
    assert isinstance(await launches.wait_s(flights[last]), float), "the others are never ready"


async def test_a_search_waits_for_another_one_over_the_same_ground() -> None:
    homes = {THREE[0]: at(0, 0), THREE[1]: at(200, 0)}
    both = facing(3)
    one, other = flights_for(both, laid(both, homes, FLAT, None), homes, FLAT, FRAME).values()
    clock = FakeClock()
    launches = Launches(clock)
    assert launches.frame(at(0, 0)) == launches.frame(at(900, 900))
    began_s = clock.monotonic()
    assert await launches.wait_s(one) == 0.0
    clock.time += 20.0
    wait_s = await launches.wait_s(other)
    assert isinstance(wait_s, float)
    assert wait_s > 30.0
    assert least_ratio([one.later(began_s), other.later(began_s + 20.0 + wait_s)]) >= 0.995
    clock.time += 8000.0
    assert await launches.wait_s(one) == 0.0, "all are down"
    clock.time += 5.0
    assert await launches.wait_s(one) == 0.0, "its own last start binds nobody"


def test_a_restart_knows_which_items_sweep() -> None:
    plan = plan_for("s1", THREE)
    mission = laid(plan, NEAR, FLAT, ZONED)[plan.sectors[2].sector]
    fact = MissionUploaded(
        plan.sectors[2].sector, SectorId("s1.3"), THREE[2], len(mission.items), "ab",  # type: ignore[arg-type]
        mission.sweep_from, mission.sweep_to, mission.out, mission.back,
    )  # fmt: skip
    assert decode(encode(fact)) == fact
    board = OnBoard(fact.search, fact.sector, fact.items, 0.0, (mission.sweep_from, mission.sweep_to))  # type: ignore[arg-type]
    assert sweep_of(board) == (mission.sweep_from, mission.sweep_to) != sweep_range(len(mission.items))


def test_facts_of_before_have_the_fixed_layout() -> None:
    old = MissionUploaded("s1", "s1.1", "d1", 40, "ab")  # type: ignore[arg-type]
    assert decode(encode(old)) == old
    assert sweep_of(OnBoard("s1", "s1.1", 40, 0.0)) == sweep_range(40)  # type: ignore[arg-type]


@given(
    st.lists(st.floats(0.0, 300.0), min_size=12, max_size=60),
    st.floats(0.02, 1.0),
    st.lists(st.integers(1, 10), max_size=4, unique=True),
)
def test_legs_end_at_corners(floor: list[float], slope: float, corners: list[int]) -> None:
    along = np.arange(len(floor)) * 5.0
    smooth = lowest_over(along, np.array(floor), Slopes(slope, slope))
    legs = LEGS + len(corners)
    ends, heights = legs_over(along, np.array(floor), smooth, legs, tuple(sorted(corners)))
    assert len(ends) == legs + 1
    assert {5.0 * k for k in corners} <= set(ends.tolist())
    assert (np.interp(along, ends, heights) >= np.array(floor) - 1e-9).all()
    assert (np.abs(np.diff(heights)) <= slope * np.diff(ends) + 1e-9).all()
