"""A real autopilot's binary is started, found and ended; what it tells becomes truth."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymavlink.dialects.v20 import ardupilotmega as mav

from core.drone import Autopilot
from core.errors import Fault, Malformed
from core.geo import GeoPoint
from core.io.runtime import SystemClock
from core.units import MetresAmsl, UtcSeconds
from sitl.peers.launch import Launch, PeerSpec, launch, named_binary
from sitl.peers.listen import Listener, requests
from sitl.peers.process import read_truth, running
from sitl.vehicle.spec import Truth

HOME = GeoPoint(28.9, 120.0, MetresAmsl(100.0))
ARDU, PX4 = Autopilot.ARDUPILOT, Autopilot.PX4
NOW = UtcSeconds(1.7e9)
SCRIPT = """#!{python}
import json, os, signal, sys, time
if {deaf}:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
told = {{"argv": sys.argv[1:], "cwd": os.getcwd(), "lat": os.environ.get("PX4_HOME_LAT"), "pid": os.getpid()}}
open("told.json.part", "w").write(json.dumps(told))
os.rename("told.json.part", "told.json")
print("booted", flush=True)
time.sleep(60)
"""


def binary(folder: Path, *, deaf: bool = False) -> Path:
    path = folder / "autopilot"
    path.write_text(SCRIPT.format(python=sys.executable, deaf=deaf))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def peer(folder: Path, who: Autopilot = ARDU, instance: int = 2, *, deaf: bool = False) -> PeerSpec:
    return PeerSpec(who, binary(folder, deaf=deaf), instance, HOME, 90.0, folder / "run")


async def told(spec: PeerSpec) -> dict[str, Any]:
    path = spec.folder / "told.json"
    for _ in range(400):
        if path.exists():
            return dict(json.loads(path.read_text()))
        await asyncio.sleep(0.025)
    raise AssertionError("the script never ran")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_environment_names_the_binary(tmp_path: Path) -> None:
    assert named_binary(ARDU, {}) is None
    assert named_binary(PX4, {"AIRGROUND_PX4": str(tmp_path / "px4")}) == tmp_path / "px4"
    assert named_binary(ARDU, {"AIRGROUND_PX4": "x"}) is None


def test_a_path_that_cannot_run_is_named_with_its_fix(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("no program")
    with pytest.raises(Malformed, match=r"AIRGROUND_ARDUPILOT.*not executable.*chmod"):
        PeerSpec(ARDU, plain, 0, HOME, 0.0, tmp_path)
    with pytest.raises(Malformed, match=r"AIRGROUND_PX4.*no file"):
        PeerSpec(PX4, tmp_path / "absent", 0, HOME, 0.0, tmp_path)
    with pytest.raises(Malformed, match="instance"):
        PeerSpec(ARDU, binary(tmp_path), 11, HOME, 0.0, tmp_path)


def test_command_lines_and_addresses(tmp_path: Path) -> None:
    ardu, px4 = launch(peer(tmp_path, ARDU, 2)), launch(peer(tmp_path, PX4, 3))
    text = " ".join(ardu.command)
    assert "--model quad" in text
    assert "--home 28.9000000,120.0000000,100.00,90.0" in text
    assert "-I2 --sysid 3" in text
    assert (ardu.link, ardu.truth_link) == ("tcpout://127.0.0.1:5780", "tcpout://127.0.0.1:5782")
    assert px4.command[1:4] == ("-i", "3", "-d")
    assert px4.environment["PX4_HOME_LON"] == "120.0000000"
    assert (px4.link, px4.truth_link) == ("udpin://0.0.0.0:14543", "udpout://127.0.0.1:18573")


def test_px4_gets_its_etc_folder_and_ardupilot_its_defaults(tmp_path: Path) -> None:
    (tmp_path / "etc" / "init.d-posix").mkdir(parents=True)
    (tmp_path / "copter.parm").write_text("")
    assert launch(peer(tmp_path, PX4)).command[-1] == str(tmp_path / "etc")
    assert launch(peer(tmp_path, ARDU)).command[-2:] == ("--defaults", str(tmp_path / "copter.parm"))


@pytest.mark.parametrize("who", [ARDU, PX4], ids=str)
async def test_it_runs_in_its_folder_and_ends_with_the_context(tmp_path: Path, who: Autopilot) -> None:
    spec = peer(tmp_path, who)
    async with running(spec) as plan:
        said = await told(spec)
        assert said["argv"] == list(plan.command[1:])
        assert Path(said["cwd"]) == spec.folder
        assert (said["lat"] == "28.9000000") is (who is PX4)
        assert alive(said["pid"])
    assert not alive(said["pid"])
    assert (spec.folder / "output.log").read_text() == "booted\n"


async def test_one_that_does_not_listen_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sitl.peers.process.STOP_S", 0.2)
    spec = peer(tmp_path, deaf=True)
    async with running(spec):
        said = await told(spec)
    assert not alive(said["pid"])


async def test_a_file_that_is_no_program_is_a_fault(tmp_path: Path) -> None:
    spec = peer(tmp_path)
    spec.binary.write_bytes(b"\x7fELF but broken")
    with pytest.raises(Fault, match="does not start"):
        async with running(spec):
            pass


def decoded(*messages: Any, system_id: int = 3) -> list[Any]:
    there, here = mav.MAVLink(None, system_id, 1), mav.MAVLink(None)
    return [m for message in messages for m in here.parse_buffer(message.pack(there))]


def quaternion(pitch_deg: float, yaw_deg: float) -> list[float]:
    p, y = math.radians(pitch_deg) / 2, math.radians(yaw_deg) / 2
    return [
        math.cos(y) * math.cos(p),
        -math.sin(y) * math.sin(p),
        math.cos(y) * math.sin(p),
        math.sin(y) * math.cos(p),
    ]


def told_by(pitch_deg: float, yaw_deg: float, heading_deg: float, flags: int) -> list[Any]:
    q = quaternion(pitch_deg, yaw_deg)
    yaw = math.radians((heading_deg + 180) % 360 - 180)
    return decoded(
        mav.MAVLink_heartbeat_message(2, 3, 0x81, 3, 4, 3),
        mav.MAVLink_extended_sys_state_message(0, 2),
        mav.MAVLink_attitude_message(0, 0.1, -0.2, yaw, 0, 0, 0),
        mav.MAVLink_gimbal_device_attitude_status_message(0, 0, 0, flags, q, 0, 0, 0, 0),
        mav.MAVLink_global_position_int_message(0, 289000000, 1200000000, 150000, 50000, 300, 400, -100, 0),
    )


@given(st.floats(-90, 30), st.floats(-179, 179), st.floats(0, 359.9))
def test_telemetry_becomes_truth(pitch: float, yaw: float, heading: float) -> None:
    for flags, north in ((12, 0.0), (12 | 32, 0.0), (12 | 64, heading), (12 | 16, heading)):
        listener = Listener(3)
        made = [listener.heard(m, NOW) for m in told_by(pitch, yaw, heading, flags)]
        assert made[:-1] == [None] * 4
        truth = made[-1]
        assert truth is not None
        assert truth.gimbal.pitch_deg == pytest.approx(pitch, abs=0.01)
        assert (truth.gimbal.heading_deg - (heading - north + yaw) + 180) % 360 - 180 == pytest.approx(0.0, abs=0.02)
        assert truth.body.pitch_deg == pytest.approx(math.degrees(-0.2), abs=0.01)
        assert (truth.armed, truth.in_air, truth.place.alt_amsl_m) == (True, True, 150.0)
        assert truth.velocity.down_mps == -1.0


def test_others_and_nonsense_make_no_truth() -> None:
    listener = Listener(3)
    position = mav.MAVLink_global_position_int_message(0, 289000000, 1200000000, 0, 0, 0, 0, 0, 0)
    assert [listener.heard(m, NOW) for m in decoded(position)] == [None]
    mad = mav.MAVLink_attitude_message(0, math.nan, 0, 0, 0, 0, 0)
    assert [listener.heard(m, NOW) for m in decoded(mad, position)] == [None, None]
    level = mav.MAVLink_attitude_message(0, 0, 0, 0, 0, 0, 0)
    assert [listener.heard(m, NOW) for m in decoded(level, position, system_id=4)] == [None, None]
    away = mav.MAVLink_global_position_int_message(0, 2**31 - 1, 0, 0, 0, 0, 0, 0, 0)
    assert [listener.heard(m, NOW) for m in decoded(level, away)] == [None, None]


def test_the_reader_is_no_ground_station() -> None:
    beat, *rates = requests(3, with_rates=True)
    assert beat.type != mav.MAV_TYPE_GCS
    assert mav.MAVLINK_MSG_ID_GLOBAL_POSITION_INT in {int(m.param1) for m in rates}
    assert len(requests(3, with_rates=False)) == 1


async def first_truth(plan: Launch) -> Truth:
    found: asyncio.Queue[Truth] = asyncio.Queue()
    task = asyncio.create_task(read_truth(plan, 3, SystemClock(), found.put_nowait))
    try:
        async with asyncio.timeout(10):
            return await found.get()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def frames() -> bytes:
    codec = mav.MAVLink(None, 3, 1)
    return b"junk" + b"".join(m.pack(codec) for m in told_by(-90.0, 0.0, 45.0, 12))


async def test_truth_over_tcp_after_a_broken_connection() -> None:
    calls = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        if calls > 1:
            assert await reader.read(10)
            writer.write(frames() * 2)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 21301)
    async with server:
        truth = await first_truth(Launch((), {}, "", "tcpout://127.0.0.1:21301"))
    assert calls >= 2
    assert truth.gimbal.pitch_deg == pytest.approx(-90.0)
    assert truth.gimbal.heading_deg == pytest.approx(45.0, abs=0.01)


async def test_truth_over_udp() -> None:
    class Speaker(asyncio.DatagramProtocol):
        transport: Any = None
        answer: Callable[[], bytes] = staticmethod(frames)

        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: Any) -> None:
            self.transport.sendto(self.answer(), addr)

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Speaker, local_addr=("127.0.0.1", 21302))
    try:
        truth = await first_truth(Launch((), {}, "", "udpout://127.0.0.1:21302"))
    finally:
        transport.close()
    assert truth.system_id == 3
