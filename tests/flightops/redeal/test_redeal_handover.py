"""Missions handed over at one time lie over one another, and their facts tell their items and ways."""

from __future__ import annotations

import asyncio
import itertools

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from core.drone import FlightMode
from core.events import MissionUploaded, Order, SearchReplanned
from core.geo import Floats, GeoPoint
from core.ids import DroneId
from flightops.missions.heights import NEAR_M, STACK_M
from flightops.missions.items import air_of
from flightops.missions.mission import Mission
from tests.flightops.missions.aloft import SWEEP, Flight, flying, sweeping
from tests.flightops.missions.flying import FRAME, at, gateway, items_of

ALL = ("d1", "d2", "d3")
GROUND_M = 100.0


def along(line: tuple[GeoPoint, ...]) -> Floats:
    """x, y, height every 1 m or less, (n, 3)."""
    points = [np.array([(*FRAME.to_xy(p), p.alt_amsl_m) for p in leg]) for leg in itertools.pairwise(line)]
    return np.vstack([a + (b - a) * np.linspace(0, 1, int(np.hypot(*(b - a)[:2])) + 2)[:, None] for a, b in points])


def least_over_m(mission: Mission, other: Mission) -> float:
    """How far the ways of one lie over all of the other where they are near from above, m."""
    air = air_of(mission, GROUND_M)
    ways = np.vstack([along(air[: len(mission.out)]), along(air[-len(mission.back) :])])
    all_of_it = along(air_of(other, GROUND_M))
    near = cdist(ways[:, :2], all_of_it[:, :2]) < NEAR_M - 1.0
    over = ways[:, None, 2] - all_of_it[None, :, 2]
    return float(over[near].min(initial=99.0))


async def both_change(f: Flight) -> tuple[Mission, Mission]:
    """d2 leaves early; d1 and d3 are at the end of their sectors together, and neither upload ends before both are
    laid."""
    go, given = asyncio.Event(), dict[str, Mission]()

    def held(drone: str) -> None:
        async def upload(mission: Mission) -> str:
            given[drone] = mission
            await go.wait()
            f.gate.vehicles[drone].mission = mission
            return mission.digest

        f.gate.vehicles[drone].upload = upload  # type: ignore[method-assign]

    await sweeping(f, *ALL)
    await f.hears("d2", mode=FlightMode.RETURN, in_air=True, item=SWEEP + 1, where=at(180, 115), battery=0.2)
    told = await f.first(SearchReplanned)
    assert {s.drone for s in told.sectors} == {"d1", "d3"}
    for drone, where in (("d1", at(150, 110)), ("d3", at(170, 110))):
        held(drone)
        _, last = items_of(f.gate.vehicles[drone].mission)  # type: ignore[arg-type]
        await f.hears(drone, item=last, where=where)
        await f.hears(drone, item=last + 1, where=where)
    await f.until(lambda: set(given) == {"d1", "d3"})
    assert all((d, Order.HOLD) in f.gate.orders for d in ("d1", "d3"))
    go.set()
    await f.until(lambda: all("begin" in f.gate.vehicles[d].calls for d in ("d1", "d3")))
    return given["d1"], given["d3"]


async def test_missions_that_change_at_one_time_lie_over_one_another() -> None:
    async with flying(gate=gateway(*ALL)) as f:
        one, other = await both_change(f)
        assert max(least_over_m(one, other), least_over_m(other, one)) > STACK_M - 0.5
        assert least_over_m(one, other) < 99.0, "the test shows nothing when their ways never come near"


async def test_the_fact_of_a_handed_over_mission_tells_its_items_and_ways() -> None:
    async with flying(gate=gateway(*ALL)) as f:
        one, other = await both_change(f)
        for drone, mission, where in (("d1", one, at(150, 110)), ("d3", other, at(170, 110))):
            told = [x for x in await f.of(MissionUploaded) if x.drone == drone][-1]
            assert isinstance(told, MissionUploaded)
            assert (told.sweep_from, told.sweep_to) == items_of(mission)
            assert (told.out, told.back) == (mission.out, mission.back)
            assert FRAME.to_xy(told.out[0]) == pytest.approx(FRAME.to_xy(where), abs=0.01)
            sector = f.desk.fleet.searches[told.search].status(told.sector)
            assert sector is not None
            assert told.out[-1] == pytest.approx(sector.sector.path[0])
            aboard = f.desk.fleet.drones[DroneId(drone)].mission
            assert aboard is not None
            assert (aboard.sweep, aboard.out, aboard.back) == (items_of(mission), mission.out, mission.back)
