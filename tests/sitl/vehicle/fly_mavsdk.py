"""Flies one simulated vehicle with MAVSDK: `fly_mavsdk.py px4|ardupilot PORT`. Prints a line a step done."""

from __future__ import annotations

import asyncio
import math
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from mavsdk.asyncio import *  # noqa: F403
from mavsdk.asyncio.mavsdk import ComponentType, Configuration, Mavsdk
from mavsdk.asyncio.plugins.action import ActionAsync, ActionError
from mavsdk.asyncio.plugins.mission_raw import MissionItem, MissionRawAsync
from mavsdk.asyncio.plugins.telemetry import TelemetryAsync

from core.drone import Autopilot
from core.geo import GeoPoint, LocalFrame
from core.io.runtime import SystemClock
from core.terrain import FlatTerrain
from core.units import MetresAmsl
from sitl.vehicle.fleet import Fleet
from sitl.vehicle.spec import Airframe, Truth, VehicleSpec

HOME = GeoPoint(28.9, 120.0, MetresAmsl(100.0))
PARAMS = {
    Autopilot.PX4: {"RTL_RETURN_ALT": 12.0, "MPC_LAND_SPEED": 2.0},
    Autopilot.ARDUPILOT: {"RTL_ALT": 1200.0, "RTL_LOIT_TIME": 500.0, "LAND_SPEED": 200.0},
}
NAN = math.nan


def step(name: str) -> None:
    sys.stdout.write(f"STEP {name}\n")
    sys.stdout.flush()


def mission(who: Autopilot) -> list[Any]:
    """Take-off, speed, camera down, two corners, return; item 0 is home on ArduPilot."""
    frame = LocalFrame(HOME.ground)
    rows: list[tuple[int, tuple[float, float] | None, tuple[float, ...], float]] = [
        (22, (0.0, 0.0), (0, 0, 0, NAN), 10.0),
        (178, None, (1, 8, -1, 0), 0.0),
        (205, None, (-90, 0, 0, 0), 2.0),
        (16, (60.0, 0.0), (0, 0, 0, NAN), 10.0),
        (16, (60.0, 30.0), (0, 0, 0, NAN), 10.0),
        (20, None, (0, 0, 0, 0), 0.0),
    ]
    if who is Autopilot.ARDUPILOT:
        rows.insert(0, (16, (0.0, 0.0), (0, 0, 0, 0), 100.0))
    items = []
    for i, (command, xy, p, z) in enumerate(rows):
        at = frame.to_latlon(*xy) if xy else None
        x, y = (round(at.lat_deg * 1e7), round(at.lon_deg * 1e7)) if at else (0, 0)
        items.append(MissionItem(i, 3 if xy else 2, command, int(i == 0), 1, *map(float, p), x, y, z, 0))
    return items


async def until(what: Any, seconds: float = 60.0) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not what():
        assert asyncio.get_running_loop().time() < deadline, "it never came true"
        await asyncio.sleep(0.05)


async def patiently(call: Any) -> None:
    """Try again while the autopilot refuses, as after boot."""
    for _ in range(15):
        try:
            return await call()
        except ActionError:
            await asyncio.sleep(1.0)
    await call()


async def fly(who: Autopilot, port: int) -> None:
    newest: list[Truth] = []
    spec = VehicleSpec(7, who, HOME, ("127.0.0.1", port), Airframe(cruise_mps=8.0), params=PARAMS[who])

    def keep(truth: Truth) -> None:
        newest[:] = [truth]

    fleet = asyncio.create_task(Fleet([spec], FlatTerrain(MetresAmsl(100.0)), SystemClock(), keep).run())
    sdk = Mavsdk(Configuration.create_with_component_type(ComponentType.GROUND_STATION))
    await sdk.add_any_connection(f"udpin://127.0.0.1:{port}")
    system = await sdk.first_autopilot(15)
    assert system is not None, "no autopilot found"
    raw, action, telemetry = MissionRawAsync(system), ActionAsync(system), TelemetryAsync(system)
    for name in ("position", "health", "gps_info", "battery", "in_air", "landed_state", "home"):
        await getattr(telemetry, f"set_rate_{name}")(2.0)
    await until(lambda: bool(newest))
    items = mission(who)
    await raw.upload_mission(items)
    step("uploaded")
    back = await raw.download_mission()
    assert [(i.command, i.x, i.y) for i in back] == [(i.command, i.x, i.y) for i in items]
    step("read back")
    await patiently(action.arm)
    step("armed")
    await raw.start_mission()
    await until(lambda: newest[0].velocity.east_mps > 6.0)
    step("mission")
    await raw.pause_mission()
    await until(lambda: abs(newest[0].velocity.east_mps) < 0.2, 15)
    stopped = newest[0].place
    assert stopped.lon_deg > HOME.lon_deg + 1e-4
    step("paused")
    await raw.start_mission()
    await until(lambda: newest[0].place.lat_deg > HOME.lat_deg + 1e-4)
    step("resumed")
    await action.return_to_launch()
    step("returning")
    await until(lambda: not newest[0].armed, 80)
    assert not newest[0].in_air
    assert abs(newest[0].place.lat_deg - HOME.lat_deg) < 3e-5
    assert newest[0].gimbal.pitch_deg == -90.0
    step("landed")
    fleet.cancel()
    sdk.destroy()


if __name__ == "__main__":
    asyncio.run(fly(Autopilot(sys.argv[1]), int(sys.argv[2])))
