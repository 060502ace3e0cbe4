"""Six items flown on simulated autopilots of both families, both with system id 1, through the gateway."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.drone import Autopilot, FlightMode
from core.errors import Fault
from core.events import Order
from core.geo import GeoPoint, LatLon, distance_m, moved
from core.ids import DroneId
from core.io.files.signing import write_key
from core.io.runtime import SystemClock
from core.io.settings import DroneSettings
from core.terrain import FlatTerrain
from core.units import MetresAmsl
from flightops.missions.mission import Mission, MissionItem
from sitl.vehicle.fleet import run_fleet
from sitl.vehicle.spec import Truth, VehicleSpec
from tests.flightops.missions.airfield import SAFE

HOME = LatLon(45.0, 13.0)
KEY = bytes(range(32))


def spec(autopilot: Autopilot, port: int, home: LatLon, params: dict[str, float] | None = None) -> VehicleSpec:
    return VehicleSpec(
        system_id=1,
        personality=autopilot,
        home=GeoPoint(home.lat_deg, home.lon_deg, MetresAmsl(300.0)),
        remote=("127.0.0.1", port),
        params=SAFE[autopilot] if params is None else params,
    )


def mission(home: LatLon) -> Mission:
    """Take off to 20 m, speed, three points about 100 m north, home."""

    def at(command: int, north_m: float, z: float) -> MissionItem:
        p = moved(home, 0.0, north_m)
        return MissionItem(command, 3, (0, 0, 0, math.nan), round(p.lat_deg * 1e7), round(p.lon_deg * 1e7), z)

    speed = MissionItem(178, 2, (1, 10.0, -1, 0), 0, 0, 0.0)
    home_item = MissionItem(20, 2, (0, 0, 0, 0), 0, 0, 0.0)
    way = (LatLon(28.8885, 120.036),) * 2
    items = (at(22, 0, 20.0), speed, at(16, 100, 20), at(16, 180, 20), at(16, 260, 20), home_item)
    return Mission(items, 2, 4, way, way)


async def flown(r: Any, name: DroneId, truth: dict[Any, Truth], home: LatLon, wait_for: Any) -> None:
    """The whole flight of one drone."""
    v = await wait_for(lambda: r.client.vehicle(name), 20)
    plan = mission(home)
    assert await v.upload(plan) == plan.digest
    await v.fly()
    await wait_for(lambda: distance_m(r.states[name].place.value, home) > 30, 40)
    held = await r.client.order(name, Order.HOLD)
    assert (held.done, held.detail) == (True, "holding")
    await asyncio.sleep(4.0)
    stood = r.states[name].place.value
    await asyncio.sleep(1.0)
    assert distance_m(r.states[name].place.value, stood) < 2.0
    await v.resume()
    far = distance_m(stood, home)
    await wait_for(lambda: distance_m(r.states[name].place.value, home) > far + 15, 30)
    assert r.states[name].mode.value is FlightMode.MISSION
    back = await r.client.order(name, Order.RETURN)
    assert (back.done, back.detail) == (True, "coming home")


@pytest.mark.slow
async def test_both_personalities_fly_hold_resume_and_return(rig: Any, wait_for: Any, tmp_path: Path) -> None:
    """PX4 unsigned, as it can't; ArduPilot signed, its clock far behind at first."""
    a = DroneSettings(id="d1", link="udpin://127.0.0.1:23401", unsigned=True)
    write_key(tmp_path / "d2.key", KEY)
    b = DroneSettings(id="d2", link="udpin://127.0.0.1:23402", signing_key=str(tmp_path / "d2.key"))
    r, truth, other = rig(a, b), {}, moved(HOME, 90.0, 2000.0)
    signed = replace(spec(Autopilot.ARDUPILOT, 23402, other), signing_key=KEY)
    specs = [spec(Autopilot.PX4, 23401, HOME), signed]
    fleet = asyncio.create_task(
        run_fleet(specs, FlatTerrain(MetresAmsl(300.0)), SystemClock(), lambda t: truth.__setitem__(t.system_id, t))
    )
    r.tasks.append(fleet)
    await r.start()
    flights = [flown(r, DroneId("d1"), truth, HOME, wait_for), flown(r, DroneId("d2"), truth, other, wait_for)]
    await asyncio.gather(*flights)
    for name, autopilot in (("d1", Autopilot.PX4), ("d2", Autopilot.ARDUPILOT)):
        state = r.states[name]
        assert state.autopilot is autopilot
        assert state.system_id == 1
        assert "simulated" in state.version
        assert state.gimbal is not None
        assert state.link.loss < 0.05
        for field in (
            state.place,
            state.velocity,
            state.attitude,
            state.gimbal,
            state.battery,
            state.mode,
            state.in_air,
        ):
            assert field.fresh(r.clock.now(), 3.0)
    assert r.warnings == [("d1", "its link is not signed: whoever is near enough can command it")]


@pytest.mark.slow
@pytest.mark.parametrize("autopilot", list(Autopilot))
async def test_link_loss_failsafe_fires_when_the_control_loop_hangs(
    rig: Any, wait_for: Any, autopilot: Autopilot
) -> None:
    port = 23403 if autopilot is Autopilot.PX4 else 23404
    r, truth = rig(DroneSettings(id="d1", link=f"udpin://127.0.0.1:{port}", unsigned=True)), {}
    specs = [spec(autopilot, port, HOME)]
    fleet = asyncio.create_task(
        run_fleet(specs, FlatTerrain(MetresAmsl(300.0)), SystemClock(), lambda t: truth.__setitem__(t.system_id, t))
    )
    r.tasks.append(fleet)
    await r.start()
    v = await wait_for(lambda: r.client.vehicle(DroneId("d1")), 20)
    await v.upload(mission(HOME))
    await v.fly()
    r.beating = False
    await wait_for(lambda: r.states["d1"].mode.value is FlightMode.RETURN, 30)


@pytest.mark.slow
@pytest.mark.parametrize("autopilot", list(Autopilot))
async def test_factory_defaults_are_refused_before_arming(rig: Any, wait_for: Any, autopilot: Autopilot) -> None:
    port = 23405 if autopilot is Autopilot.PX4 else 23406
    r = rig(DroneSettings(id="d1", link=f"udpin://127.0.0.1:{port}", unsigned=True))
    fleet = run_fleet([spec(autopilot, port, HOME, {})], FlatTerrain(MetresAmsl(300.0)), SystemClock(), lambda _: None)
    r.tasks.append(asyncio.create_task(fleet))
    await r.start()
    v = await wait_for(lambda: r.client.vehicle(DroneId("d1")), 20)
    refused = await v.preflight()
    assert refused is not None
    assert {"NAV_DLL_ACT", "COM_LOW_BAT_ACT"} <= {x.field for x in refused.reasons} or {
        "FS_GCS_ENABLE",
        "BATT_FS_LOW_ACT",
        "BATT_LOW_MAH",
    } <= {x.field for x in refused.reasons}
    assert not r.states["d1"].armed.value


@pytest.mark.slow
@pytest.mark.parametrize("autopilot", list(Autopilot))
async def test_a_mission_is_replaced_in_a_hover_and_begun_at_its_first_item(
    rig: Any, wait_for: Any, autopilot: Autopilot
) -> None:
    """Not while it is flown; and ArduPilot would else go on in the new one at the number it had reached."""
    port = 23407 if autopilot is Autopilot.PX4 else 23408
    r, d1 = rig(DroneSettings(id="d1", link=f"udpin://127.0.0.1:{port}", unsigned=True)), DroneId("d1")
    fleet = run_fleet([spec(autopilot, port, HOME)], FlatTerrain(MetresAmsl(300.0)), SystemClock(), lambda _: None)
    r.tasks.append(asyncio.create_task(fleet))
    await r.start()
    v = await wait_for(lambda: r.client.vehicle(d1), 20)
    old, aside = mission(HOME), moved(HOME, 90.0, 60.0)
    await v.upload(old)
    await v.fly()
    await wait_for(lambda: distance_m(r.states[d1].place.value, HOME) > 130, 60)
    begin = old.items[2]
    there = replace(begin, x=round(aside.lat_deg * 1e7), y=round(aside.lon_deg * 1e7))
    items = (begin, old.items[1], there, there, replace(there, z=25.0), old.items[-1])
    new = Mission(items, 2, 4, old.out, old.back)
    with pytest.raises(Fault, match="from before"):
        await v.upload(new)
    assert await v.holds(old)
    assert not await v.holds(new)
    assert (await r.client.order(d1, Order.HOLD)).done
    assert await v.upload(new) == new.digest
    assert await v.holds(new)
    assert not await v.holds(old)
    await v.begin()
    assert r.states[d1].mode.value is FlightMode.MISSION
    assert r.states[d1].mission.value.current <= 2
    await wait_for(lambda: distance_m(r.states[d1].place.value, aside) < 5, 60)
