"""Simulated aircraft of both families on a slope, and all of flightops over real MAVLink."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.camera import THERMAL_640
from core.commands import SearchArea
from core.drone import Autopilot
from core.errors import Accepted, Refused
from core.events import Phase
from core.footprint import Footprint
from core.geo import GeoPoint, LatLon, LocalFrame
from core.ids import DroneId, PersonName, SearchId
from core.io.log.memory import MemoryLog
from core.io.runtime import SystemClock
from core.io.settings import DroneSettings, GatewaySettings, MapSettings, Place, Settings
from core.terrain import GridTerrain
from core.units import MetresAmsl
from flightops.links.client import GatewayClient
from flightops.links.gateway import Gateway
from flightops.missions.desk import FlightDesk
from flightops.planning.search import plan_search
from sitl.vehicle.fleet import Fleet
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
LOOKS_HZ = 10.0


@dataclass
class Flown:
    desk: FlightDesk
    log: MemoryLog
    fleet: Fleet
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
async def airfield(
    folder: Path, first_port: int, *autopilots: Autopilot, apart_m: float = 20.0
) -> AsyncIterator[Flown]:
    """Drones d1, d2 ... in a row on the slope, and all of flightops."""
    ids = [DroneId(f"d{i + 1}") for i in range(len(autopilots))]
    links = [DroneSettings(id=d, link=f"udpin://127.0.0.1:{first_port + i}", unsigned=True) for i, d in enumerate(ids)]
    gateway_settings = GatewaySettings(control_port=0, mavsdk_port=0)
    centre = MapSettings(centre=Place(28.9, 120.0))
    settings = Settings(data_dir=str(folder), map=centre, gateway=gateway_settings, drones=tuple(links))
    specs = []
    for i, autopilot in enumerate(autopilots):
        home = FRAME.to_latlon(-apart_m * i, 0.0)
        point = GeoPoint(home.lat_deg, home.lon_deg, SLOPE.height_amsl_m(home) or MetresAmsl(0.0))
        remote = ("127.0.0.1", first_port + i)
        specs.append(VehicleSpec(i + 1, autopilot, point, remote, params=SAFE[autopilot]))
    clock, log = SystemClock(), MemoryLog()
    gateway, client = Gateway(settings, clock), GatewayClient(settings, clock)
    desk = FlightDesk(log, client, plan_search, SLOPE, THERMAL_640, clock)
    client.heard.append(desk.heard)
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

    flown = Flown(desk, log, Fleet(specs, SLOPE, clock, saw))

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(task(gateway.run()))
        await asyncio.wait_for(gateway.ready.wait(), 5)
        await client.start()
        stack.push_async_callback(client.stop)
        await stack.enter_async_context(task(flown.fleet.run()))
        await stack.enter_async_context(task(desk.run()))
        yield flown


async def accepted(f: Flown, wish: Callable[[str], SearchArea]) -> SearchId:
    """Order a search until it is accepted: drones need some seconds to be fit after they are switched on."""
    answers: list[Accepted | Refused] = []
    async with asyncio.timeout(20):
        while not answers or isinstance(answers[-1], Refused):
            await asyncio.sleep(1.0)
            answers.append(await f.desk.ask(wish(f"s{len(answers) + 1}")))
    return SearchId(f"s{len(answers)}")
