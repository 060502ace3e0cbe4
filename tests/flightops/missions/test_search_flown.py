"""A whole search in real time: desk, planner, gateway, MAVSDK and simulated autopilots of both families."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from core.camera import THERMAL_640
from core.commands import ApproveSearch, Hold, ResumeSearch, SearchArea
from core.drone import Autopilot
from core.errors import Accepted, Refused
from core.events import OrderAnswered, Phase, SectorFailed, SectorSwept
from core.footprint import Footprint
from core.geo import Area, GeoPoint, LatLon, LocalFrame
from core.ids import DroneId, PersonName, SearchId
from core.io.log.memory import MemoryLog
from core.io.runtime import SystemClock
from core.io.settings import DroneSettings, GatewaySettings, MapSettings, Place, Settings
from core.terrain import GridTerrain
from core.units import MetresAmsl
from flightops.coverage.book import CoverageBook
from flightops.coverage.flown import SETTLE_S
from flightops.coverage.seen import Means
from flightops.fleet.state import SearchStage
from flightops.links.client import GatewayClient
from flightops.links.gateway import Gateway
from flightops.missions.desk import FlightDesk
from flightops.missions.heights import LOW_M, NEAR_M, STACK_M
from flightops.planning.search import plan_search
from sitl.vehicle.fleet import run_fleet
from sitl.vehicle.spec import Truth, VehicleSpec
from vision.geolocate.place import footprint

FRAME = LocalFrame(LatLon(28.9, 120.0))
SLOPE = GridTerrain(FRAME, -1000.0, -1000.0, 500.0, np.tile(300.0 + np.arange(5) * 25.0, (5, 1)))
SAFE = {
    Autopilot.PX4: {"NAV_DLL_ACT": 2.0, "COM_LOW_BAT_ACT": 3.0, "RTL_RETURN_ALT": 40.0},
    Autopilot.ARDUPILOT: {
        "FS_GCS_ENABLE": 1.0,
        "FS_OPTIONS": 0.0,
        "BATT_FS_LOW_ACT": 2.0,
        "BATT_LOW_MAH": 2000.0,
        "RTL_ALT": 4000.0,
    },
}
PILOT = PersonName("chen")
HEIGHT_M = 25.0
LOOKS_HZ = 10.0
OFF_M = 4.0
"""How far a flown height may be from the one asked: GNSS, control, and the start of a climb."""


@dataclass
class Flown:
    desk: FlightDesk
    log: MemoryLog
    truths: list[tuple[Phase, Truth]] = field(default_factory=list)
    views: list[tuple[Phase, Footprint]] = field(default_factory=list)

    def phases(self) -> set[Phase]:
        return {drone.phase for drone in self.desk.fleet.drones.values()}

    async def until(self, what: str, true: Callable[[], bool], seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not true():  # noqa: ASYNC110 - looks at other tasks' state
                    await asyncio.sleep(0.05)
        except TimeoutError:
            tail = "\n".join(str(r) for r in (await self.log.read(0, 10_000))[-25:])
            pytest.fail(f"not within {seconds:.0f} s: {what}\n{tail}")


@asynccontextmanager
async def task(job: Any) -> AsyncIterator[None]:
    running = asyncio.create_task(job)
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


@asynccontextmanager
async def airfield(folder: Path, first_port: int, *autopilots: Autopilot) -> AsyncIterator[Flown]:
    """Drones d1, d2 ... 20 m apart on the slope, and all of flightops."""
    ids = [DroneId(f"d{i + 1}") for i in range(len(autopilots))]
    links = [DroneSettings(id=d, link=f"udpin://127.0.0.1:{first_port + i}") for i, d in enumerate(ids)]
    gateway_settings = GatewaySettings(control_port=0, mavsdk_port=0)
    centre = MapSettings(centre=Place(28.9, 120.0))
    settings = Settings(data_dir=str(folder), map=centre, gateway=gateway_settings, drones=tuple(links))
    specs = []
    for i, autopilot in enumerate(autopilots):
        home = FRAME.to_latlon(-20.0 * i, 0.0)
        point = GeoPoint(home.lat_deg, home.lon_deg, SLOPE.height_amsl_m(home) or MetresAmsl(0.0))
        remote = ("127.0.0.1", first_port + i)
        specs.append(VehicleSpec(i + 1, autopilot, point, remote, params=SAFE[autopilot]))
    clock, log = SystemClock(), MemoryLog()
    gateway, client = Gateway(settings, clock), GatewayClient(settings, clock)
    desk = FlightDesk(log, client, plan_search, SLOPE, THERMAL_640, clock)
    client.heard.append(desk.heard)
    flown = Flown(desk, log)
    looked: dict[DroneId, float] = {}

    def saw(truth: Truth) -> None:
        known = desk.fleet.drones.get(DroneId(f"d{truth.system_id}"))
        if known is not None:
            flown.truths.append((known.phase, truth))
            look(known.phase, truth)

    def look(phase: Phase, truth: Truth) -> None:
        """What the camera sees from its true pose, LOOKS_HZ times a second."""
        drone = DroneId(f"d{truth.system_id}")
        if truth.at - looked.get(drone, 0.0) >= 1.0 / LOOKS_HZ and (
            seen := footprint(truth.gimbal, THERMAL_640, SLOPE)
        ):
            looked[drone] = truth.at
            made = Footprint(drone, truth.at, seen)
            desk.note_footprint(made)
            flown.views.append((phase, made))

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(task(gateway.run()))
        await asyncio.wait_for(gateway.ready.wait(), 5)
        await client.start()
        stack.push_async_callback(client.stop)
        await stack.enter_async_context(task(run_fleet(specs, SLOPE, clock, saw)))
        await stack.enter_async_context(task(desk.run()))
        yield flown


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
        answers: list[Accepted | Refused] = []
        async with asyncio.timeout(20):
            while not answers or isinstance(answers[-1], Refused):
                await asyncio.sleep(1.0)
                answers.append(await f.desk.ask(order(f"s{len(answers) + 1}", *both)))
        search = SearchId(f"s{len(answers)}")
        assert await f.desk.ask(ApproveSearch(search, PILOT)) == Accepted(search)
        await f.until("both sweep", lambda: f.phases() == {Phase.SWEEPING}, 90)
        for d in both:
            assert await f.desk.ask(Hold(d, PILOT)) == Accepted(d)
        await f.until(
            "orders answered", lambda: all(o.order and o.order.done for o in f.desk.fleet.drones.values()), 12
        )
        assert f.phases() == {Phase.HOLDING}
        assert 0.1 < await tells_what_was_seen(f, search) < 0.9
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
    """The share told is that of the exact union of true footprints of sweeping drones, to 1 %."""
    await asyncio.sleep(SETTLE_S)
    asked = shapely.Polygon([FRAME.to_xy(p) for p in order("any").area.outer])
    seen = [shapely.Polygon([FRAME.to_xy(p) for p in v.ring]) for phase, v in f.views if phase is Phase.SWEEPING]
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
