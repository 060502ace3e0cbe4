"""A whole search in real time: desk, planner, gateway, MAVSDK and simulated autopilots of both families."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path

import numpy as np
import pytest
import shapely

from core.camera import THERMAL_640
from core.commands import ApproveSearch, Hold, ResumeSearch, SearchArea
from core.drone import Autopilot
from core.errors import Accepted
from core.events import OrderAnswered, Phase, SectorFailed, SectorSwept
from core.geo import Area
from core.ids import DroneId, SearchId
from core.io.runtime import SystemClock
from flightops.coverage.book import CoverageBook
from flightops.coverage.flown import SETTLE_S
from flightops.coverage.seen import Means
from flightops.fleet.state import SearchStage
from flightops.missions.heights import LOW_M, NEAR_M, STACK_M
from flightops.missions.strips import BRAKE_S
from tests.flightops.missions.airfield import FRAME, PILOT, SLOPE, Flown, accepted, airfield

HEIGHT_M = 25.0
OFF_M = 4.0
"""How far a flown height may be from the one asked: GNSS, control, and the start of a climb."""


def order(search: str, *drones: DroneId) -> SearchArea:
    corners = ((30, -110), (90, -110), (90, 150), (30, 150))
    area = Area(tuple(FRAME.to_latlon(x, y) for x, y in corners))
    return SearchArea(SearchId(search), area, PILOT, drones, HEIGHT_M, 12.0, swath_m=20.0)


@pytest.mark.scenario
@pytest.mark.timeout(180)
async def test_both_families_sweep_a_slope_hold_resume_and_end(tmp_path: Path) -> None:
    async with airfield(tmp_path, 24101, Autopilot.PX4, Autopilot.ARDUPILOT) as f:
        d1, d2 = DroneId("d1"), DroneId("d2")
        both = (d1, d2)
        await f.until("both joined", lambda: all(d in f.desk.fleet.drones for d in both), 15)
        search = await accepted(f, lambda name: order(name, *both))
        assert await f.desk.ask(ApproveSearch(search, PILOT)) == Accepted(search)
        await f.until("both sweep", lambda: f.phases() == {Phase.SWEEPING}, 90)
        for d in both:
            assert await f.desk.ask(Hold(d, PILOT)) == Accepted(d)
        await f.until(
            "orders answered", lambda: all(o.order and o.order.done for o in f.desk.fleet.drones.values()), 12
        )
        assert f.phases() == {Phase.HOLDING}
        assert 0.02 < await tells_what_was_seen(f, search) < 0.9
        for d in both:
            assert await f.desk.ask(ResumeSearch(d, PILOT)) == Accepted(d)
        await f.until("the end", lambda: f.desk.fleet.searches[search].stage is SearchStage.ENDED, 90)
        facts = [r.fact for r in await f.log.read(0, 10_000)]
        assert [x for x in facts if isinstance(x, SectorFailed)] == []
        assert len([x for x in facts if isinstance(x, SectorSwept)]) == 2
        assert all(x.done for x in facts if isinstance(x, OrderAnswered))
        keeps_its_height(f)
        keeps_clear_on_the_way(f)
        assert await tells_what_was_seen(f, search) > 0.99


def keeps_its_height(f: Flown) -> None:
    """While sweeping, the true height above the true ground keeps to the order."""
    heights = []
    for phase, truth in f.truths:
        if phase is Phase.SWEEPING:
            ground = SLOPE.height_amsl_m(truth.place.ground)
            assert ground is not None
            heights.append(float(truth.place.alt_amsl_m - ground))
    assert len(heights) > 100
    middle = sorted(heights)[len(heights) // 10 : -len(heights) // 10]
    assert min(middle) > HEIGHT_M - 8
    assert max(middle) < HEIGHT_M + 20, "the climb before and after the sweep is within the transit height"


async def tells_what_was_seen(f: Flown, search: SearchId) -> float:
    """The share told is that of the exact union of true footprints of drones that sweep or brake, to 1 %."""
    await asyncio.sleep(BRAKE_S + SETTLE_S)
    asked = shapely.Polygon([FRAME.to_xy(p) for p in order("any").area.outer])
    swept_at: dict[DroneId, float] = {}
    seen = []
    for phase, view in f.views:
        if phase is Phase.SWEEPING:
            swept_at[view.drone] = view.at
        if phase is Phase.SWEEPING or (
            phase is Phase.HOLDING and view.at - swept_at.get(view.drone, -math.inf) <= BRAKE_S
        ):
            seen.append(shapely.Polygon([FRAME.to_xy(p) for p in view.ring]))
    assert len(seen) > 10
    union = shapely.union_all([s.buffer(0) for s in seen]).intersection(asked)
    told = await CoverageBook(f.log, Means(THERMAL_640), SystemClock()).coverage(search)
    assert told is not None
    figures = told["figures"]
    assert figures["seen"] == pytest.approx(union.area / asked.area, abs=0.01)
    missed_m2 = asked.area - union.area
    assert figures["gaps_m2"] <= (missed_m2 + 0.01 * asked.area if figures["over"] else 0.0)
    return float(figures["seen"])


def keeps_clear_on_the_way(f: Flown) -> None:
    """In transit it is as far above the true ground as its layer asks, and from the other's way where it is near."""
    ways: dict[int, list[tuple[float, float, float]]] = {}
    for phase, truth in f.truths:
        if phase is Phase.TRANSIT:
            place = truth.place.ground
            ground = SLOPE.height_amsl_m(place)
            assert ground is not None
            assert truth.place.alt_amsl_m - ground > min(HEIGHT_M, LOW_M) - OFF_M
            ways.setdefault(truth.system_id, []).append((*FRAME.to_xy(place), truth.place.alt_amsl_m))
    one, other = (np.array(w) for w in ways.values())
    assert min(len(one), len(other)) > 50
    near = np.hypot(one[:, None, 0] - other[None, :, 0], one[:, None, 1] - other[None, :, 1]) < NEAR_M
    apart = np.abs(one[:, None, 2] - other[None, :, 2])
    assert near.any(), "the test shows nothing when their ways never come near"
    assert apart[near].min() > STACK_M - OFF_M
