"""The gateway and its client together, against scripted vehicles on loopback UDP."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import socket
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pymavlink.dialects.v20 import ardupilotmega as mav

from core.errors import Fault, Malformed
from core.events import Order
from core.geo import LatLon
from core.ids import DroneId
from core.io.runtime import SystemClock
from core.io.settings import DroneSettings
from flightops.links import control
from flightops.links.air.frames import Writer
from flightops.links.client import gateway_answers
from flightops.links.gateway import Gateway
from flightops.missions.mission import Mission, MissionItem

D1, D2 = DroneId("d1"), DroneId("d2")
WITHIN_S = 20.0


def drone(name: str, port: int, system_id: int | None = None) -> DroneSettings:
    return DroneSettings(id=name, link=f"udpin://127.0.0.1:{port}", system_id=system_id, unsigned=True)


def mission(height_m: float = 60.0) -> Mission:
    nan = math.nan
    items = [
        MissionItem(22, 3, (0, 0, 0, nan), 450000000, 130000000, 50.0),
        MissionItem(178, 2, (1, 12.0, -1, 0), 0, 0, 0.0),
        *(MissionItem(16, 3, (0, 0, 0, nan), 450000000 + 1000 * k, 130000000, height_m) for k in range(4)),
    ]
    way = (LatLon(45.0, 13.0),) * 2
    return Mission(tuple(items), 2, 5, way, way)


@pytest.mark.slow
async def test_both_families_with_one_system_id_fly_hold_resume_return(rig: Any, peer: Any, wait_for: Any) -> None:
    r, a, b = rig(drone("d1", 23201), drone("d2", 23202)), peer("px4"), peer("ardupilot", lat=46.0)
    await r.start((a, 23201), (b, 23202))
    for name, p in ((D1, a), (D2, b)):
        v = await wait_for(lambda name=name: r.client.vehicle(name))
        assert await v.upload(mission()) == mission().digest
        await v.fly()
        assert (await r.client.order(name, Order.HOLD)).done
        await v.resume()
        result = await r.client.order(name, Order.RETURN)
        assert (result.done, result.detail) == (True, "coming home")
        assert p.armed
    assert len(a.mission) == 6
    assert len(b.mission) == 7
    assert {(m.get_srcSystem(), m.get_srcComponent()) for p in (a, b) for m in p.heard} == {(255, 190), (255, 191)}
    assert 224 in b.commands(), "an old index on board would be flown on from"
    assert {m.target_system for p in (a, b) for m in p.heard if hasattr(m, "target_system")} == {1}
    await wait_for(lambda: r.states["d2"].version.endswith("simulated"))
    logs = sorted((r.settings.path(r.settings.data_dir) / "tlog").glob("*.tlog"))
    assert [p.name.split("-")[0] for p in logs] == ["d1", "d2"]


@pytest.mark.slow
async def test_heartbeats_need_beats_and_orders_do_not(rig: Any, peer: Any, wait_for: Any) -> None:
    r, a = rig(drone("d1", 23203)), peer("px4")
    await r.start((a, 23203))
    await wait_for(lambda: a.count("HEARTBEAT") >= 1)
    assert not (await wait_for(lambda: r.states.get("d1"))).lost(r.clock.now())
    r.beating = False
    await asyncio.sleep(2.0)
    before = a.count("HEARTBEAT")
    await asyncio.sleep(1.5)
    assert a.count("HEARTBEAT") == before
    assert (await r.client.order(D1, Order.HOLD)).done
    r.beating = True
    await wait_for(lambda: a.count("HEARTBEAT") > before)


async def test_an_order_is_done_only_when_telemetry_shows_it(rig: Any, peer: Any, wait_for: Any) -> None:
    r, a = rig(drone("d1", 23204)), peer("px4")
    a.mode = 4 << 16 | 4 << 24
    a.armed = True
    await r.start((a, 23204))
    await wait_for(lambda: r.states.get("d1"))
    a.deaf.add("COMMAND_LONG")
    asking = asyncio.create_task(r.client.order(D1, Order.RETURN))
    await asyncio.sleep(1.2)
    assert not asking.done()
    a.deaf.clear()
    result = await asking
    assert (result.done, result.detail) == (True, "coming home")
    confirmations = [m.confirmation for m in a.heard if m.get_type() == "COMMAND_LONG" and m.command == 176]
    assert confirmations[0] >= 2


async def test_orders_for_nobody_are_answered(rig: Any, wait_for: Any) -> None:
    r = rig(drone("d1", 23205))
    result = await r.client.order(D1, Order.HOLD)
    assert (result.done, result.detail) == (False, "the gateway is not reachable")
    await r.start()
    await wait_for(lambda: r.client.up)
    assert (await r.client.order(D1, Order.HOLD)).detail == "it was never heard"
    assert "no drone d9" in (await r.client.order(DroneId("d9"), Order.HOLD)).detail


async def test_a_repeated_order_id_is_answered_and_not_sent_again(rig: Any, peer: Any, wait_for: Any) -> None:
    r, a = rig(drone("d1", 23206)), peer("px4")
    await r.start((a, 23206))
    await wait_for(lambda: r.states.get("d1"))
    door = control.read_door(r.settings.path(r.settings.data_dir))
    reader, writer = await asyncio.open_connection("127.0.0.1", door.control_port)
    writer.write(control.encode(control.Hello(door.secret)))
    answers = []
    for _ in range(2):
        writer.write(control.encode(control.OrderAsked("same", D1, Order.HOLD)))
        while not isinstance(
            m := control.decode_to_coordinator(await control.read_body(reader) or b""), control.OrderAnswered
        ):
            pass
        answers.append(m)
    assert answers[0] == answers[1]
    assert answers[0].done
    assert a.commands().count(176) == 1
    writer.close()


async def test_two_vehicles_with_one_id_are_named_and_neither_is_commanded(rig: Any, peer: Any, wait_for: Any) -> None:
    r, a, b = rig(drone("d1", 23207)), peer("px4"), peer("px4", lat=45.2)
    await r.start((a, 23207), (b, 23207))
    told = "two vehicles answer with system id 1"
    await wait_for(lambda: any(d == "d1" and told in text for d, text in r.warnings))
    for p in (a, b):
        p.heard.clear()
    asking = asyncio.create_task(r.client.order(D1, Order.HOLD))
    await asyncio.sleep(1.5)
    asking.cancel()
    assert not [m for p in (a, b) for m in p.heard if m.get_type() != "HEARTBEAT"]


async def test_two_ids_on_one_link_and_a_stranger(rig: Any, peer: Any, wait_for: Any) -> None:
    r = rig(drone("d1", 23208, 1), drone("d2", 23208, 2))
    a, b, c = peer("px4", 1), peer("ardupilot", 2, lat=46.0), peer("px4", 3, lat=47.0)
    await r.start((a, 23208), (b, 23208), (c, 23208))
    told = "unknown vehicle with system id 3"
    await wait_for(lambda: len(r.states) == 2 and any(told in text for _, text in r.warnings))
    assert (await r.client.order(D2, Order.HOLD)).done
    assert b.commands().count(176) >= 1
    assert 176 not in a.commands()
    assert not c.heard
    assert round(r.states["d2"].place.value.lat_deg) == 46


@pytest.mark.slow
async def test_link_lost_and_restored_are_told(rig: Any, peer: Any, wait_for: Any) -> None:
    r, a = rig(drone("d1", 23209)), peer("px4")
    await r.start((a, 23209))
    await wait_for(lambda: r.states.get("d1"))
    real, a.telemetry = a.telemetry, lambda: None
    a.deaf.add("COMMAND_LONG")
    await wait_for(lambda: any("link lost" in t for _, t in r.warnings))
    a.telemetry = real
    await wait_for(lambda: any("link restored" in t for _, t in r.warnings))


async def test_a_spoiled_mission_names_the_item_and_is_cleared(rig: Any, peer: Any, wait_for: Any) -> None:
    r, a = rig(drone("d1", 23210)), peer("ardupilot")

    def spoil(item: Any) -> None:
        if item.seq == 4:
            item.z += 7.0

    a.spoil = spoil
    await r.start((a, 23210))
    v = await wait_for(lambda: r.client.vehicle(D1))
    with pytest.raises(Fault, match="item 3: height 67 m on board, 60 m was sent"):
        await v.upload(mission())
    assert len(a.mission) <= 1, "nothing but ArduPilot's home item is left"


@pytest.mark.slow
async def test_unsafe_settings_and_refused_arming_are_told_in_words(
    rig: Any, peer: Any, wait_for: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flightops.links.mavsdk_vehicle.ARM_FOR_S", 1.0)
    r, a = rig(drone("d1", 23211)), peer("px4")
    a.params["NAV_DLL_ACT"] = 0
    await r.start((a, 23211))
    v = await wait_for(lambda: r.client.vehicle(D1))
    with pytest.raises(Fault, match="NAV_DLL_ACT: link loss"):
        await v.fly()
    assert 400 not in a.commands()
    a.params["NAV_DLL_ACT"] = 2
    a.refuses[400] = "PreArm: need 3D fix"
    with pytest.raises(Fault, match="would not arm within 1 s: PreArm: need 3D fix"):
        await v.fly()
    assert not a.armed


@pytest.mark.slow
async def test_an_order_overtakes_a_start(rig: Any, peer: Any, wait_for: Any) -> None:
    r, a = rig(drone("d1", 23212)), peer("px4")
    await r.start((a, 23212))
    v = await wait_for(lambda: r.client.vehicle(D1))
    a.refuses[400] = "PreArm: wait"
    flying = asyncio.create_task(v.fly())
    await wait_for(lambda: 400 in a.commands())
    assert (await r.client.order(D1, Order.HOLD)).done
    a.refuses.clear()
    with pytest.raises(Fault, match="HOLD was ordered"):
        await flying
    assert not a.armed


def raw_side(r: Any) -> Callable[[Any], None]:
    """Sends frames to the gateway as if from MAVSDK (it has none in this test)."""
    writer = Writer(245, 190)
    return lambda m: r.gateway.from_mavsdk(writer.pack(m))


@pytest.mark.slow
async def test_what_is_off_the_list_never_leaves(rig: Any, peer: Any, wait_for: Any) -> None:
    r, a = rig(drone("d1", 23213)), peer("px4")
    await r.start((a, 23213))
    await wait_for(lambda: r.states.get("d1") and a.count("HEARTBEAT"))
    send = raw_side(r)
    send(mav.MAVLink_command_long_message(1, 1, 246, 0, 1, 0, 0, 0, 0, 0, 0))
    send(mav.MAVLink_command_long_message(1, 1, 185, 0, 1, 0, 0, 0, 0, 0, 0))
    send(mav.MAVLink_command_long_message(9, 1, 400, 0, 1, 0, 0, 0, 0, 0, 0))
    send(mav.MAVLink_command_long_message(0, 0, 400, 0, 1, 0, 0, 0, 0, 0, 0))
    send(mav.MAVLink_serial_control_message(10, 0, 0, 0, 1, [0] * 70))
    send(mav.MAVLink_heartbeat_message(6, 8, 0, 0, 4, 3))
    send(mav.MAVLink_command_long_message(1, 1, 300, 0, 0, 0, 0, 0, 0, 0, 0))
    await wait_for(lambda: 300 in a.commands())
    assert not {246, 185, 400} & set(a.commands())
    assert a.count("SERIAL_CONTROL") == 0
    assert {"COMMAND_LONG 246", "COMMAND_LONG 185", "SERIAL_CONTROL"} <= set(r.gateway.stats().refused)
    r.beating = False
    await asyncio.sleep(3.3)
    before = len(a.commands())
    send(mav.MAVLink_command_long_message(1, 1, 300, 0, 0, 0, 0, 0, 0, 0, 0))
    await asyncio.sleep(0.2)
    assert a.commands()[before:].count(300) == 0


async def test_bad_control_input_closes_that_connection_only(rig: Any, peer: Any, wait_for: Any) -> None:
    r, a = rig(drone("d1", 23214)), peer("px4")
    await r.start((a, 23214))
    await wait_for(lambda: r.client.up)
    door = control.read_door(r.settings.path(r.settings.data_dir))
    good = control.encode(control.Hello(door.secret))
    for junk in (
        b"\xff\xff\xff\xff",
        b"\0\0\0\0",
        b"\0\0\0\3abc",
        control.encode(control.Hello("wrong")),
        good + b"\0\0\0\1\xc1",
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", door.control_port)
        writer.write(junk)
        await asyncio.wait_for(reader.read(), 5)
        writer.close()
    assert r.client.up
    assert (await r.client.order(D1, Order.HOLD)).detail


@pytest.mark.slow
async def test_a_restarted_coordinator_takes_over(rig: Any, peer: Any, wait_for: Any) -> None:
    r, a = rig(drone("d1", 23215)), peer("px4")
    await r.start((a, 23215))
    await wait_for(lambda: a.count("HEARTBEAT"))
    door = control.read_door(r.settings.path(r.settings.data_dir))
    reader, writer = await asyncio.open_connection("127.0.0.1", door.control_port)
    writer.write(control.encode(control.Hello(door.secret)) + control.encode(control.Beat()))
    assert isinstance(control.decode_to_coordinator(await control.read_body(reader) or b""), control.Welcome)
    await asyncio.sleep(2.0)
    before = a.count("HEARTBEAT")
    await asyncio.sleep(1.5)
    assert a.count("HEARTBEAT") == before, "the newest is in charge, and it does not beat any more"
    writer.close()
    await wait_for(lambda: a.count("HEARTBEAT") > before)


async def test_the_client_finds_a_new_gateway(rig: Any, peer: Any, wait_for: Any) -> None:
    r, a = rig(drone("d1", 23216)), peer("px4")
    await r.start((a, 23216))
    await wait_for(lambda: r.client.up and r.states.get("d1"))
    assert await gateway_answers(r.settings)
    r.tasks[0].cancel()
    await asyncio.gather(r.tasks[0], return_exceptions=True)
    await wait_for(lambda: not r.client.up)
    assert not await gateway_answers(r.settings)
    assert (await r.client.order(D1, Order.HOLD)).done is False
    r.states.clear()
    r.gateway = Gateway(r.settings, SystemClock())
    r.tasks[0] = asyncio.create_task(r.gateway.run())
    await wait_for(lambda: r.client.up and r.states.get("d1"))
    assert (await r.client.order(D1, Order.HOLD)).done


async def test_a_second_gateway_says_so_and_leaves_the_first_alone(rig: Any, tmp_path: Path) -> None:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    r = rig(drone("d1", 23217))
    r.settings = type(r.settings)(
        data_dir=r.settings.data_dir, map=r.settings.map, drones=r.settings.drones,
        gateway=type(r.settings.gateway)(control_port=port, mavsdk_port=0),
    )  # fmt: skip
    r.gateway = Gateway(r.settings, SystemClock())
    await r.start()
    path = r.settings.path(r.settings.data_dir) / control.DOOR_FILE
    door = path.read_bytes()
    with pytest.raises(Fault, match="another gateway runs"):
        await Gateway(r.settings, SystemClock()).run()
    elsewhere = type(r.settings)(
        data_dir=str(tmp_path / "elsewhere"), map=r.settings.map, gateway=r.settings.gateway, drones=()
    )  # fmt: skip
    with pytest.raises(Fault, match=f"control_port {port}.*another gateway"):
        await Gateway(elsewhere, SystemClock()).run()
    assert path.read_bytes() == door
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_settings_that_cannot_be_are_refused(tmp_path: Any, rig: Any) -> None:
    for drones in (
        (drone("d1", 1), drone("d1", 2)),
        (drone("d1", 1, 5), drone("d2", 1, 5)),
        (replace_link("carrier-pigeon://x"),),
    ):
        with pytest.raises(Malformed):
            rig(*drones)


def replace_link(link: str) -> DroneSettings:
    return DroneSettings(id="d1", link=link, unsigned=True)


@pytest.mark.slow
async def test_the_process_outlives_a_killed_coordinator(rig: Any, peer: Any, wait_for: Any) -> None:
    """`run_gateway` in a process of its own; a coordinator dies without a word, another one takes over."""
    r, a = rig(drone("d1", 23218)), peer("px4")
    code = (
        "import sys, msgspec; from core.io.settings import Settings; from flightops.links.gateway import run_gateway; "
    )
    code += "run_gateway(msgspec.json.decode(sys.argv[1], type=Settings))"
    text = msgspec.json.encode(r.settings).decode()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, text, stderr=asyncio.subprocess.PIPE)
    try:
        r.tasks.append(asyncio.create_task(a.fly(23218)))
        while not await gateway_answers(r.settings):  # noqa: ASYNC110 (the process has no other sign)
            await asyncio.sleep(0.05)
        door = control.read_door(r.settings.path(r.settings.data_dir))
        assert door.pid == process.pid
        _, dying = await asyncio.open_connection("127.0.0.1", door.control_port)
        dying.write(control.encode(control.Hello(door.secret)) + control.encode(control.Beat()))
        await wait_for(lambda: a.count("HEARTBEAT") > 0)
        dying.transport.abort()
        r.client.heard.append(lambda s: r.states.__setitem__(s.drone, s))
        await r.client.start()
        await wait_for(lambda: r.states.get("d1"))
        assert (await r.client.order(D1, Order.RETURN)).done
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = await asyncio.wait_for(process.communicate(), 10)
    assert process.returncode == 0
    assert b"gateway ended" in said
