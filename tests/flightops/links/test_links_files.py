"""The flight log on disk, the doors of the gateway, and the endpoints of links."""

from __future__ import annotations

import asyncio
import os
import pty
import stat
import subprocess
import sys
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymavlink import mavutil
from pymavlink.dialects.v20 import ardupilotmega as mav

from core.errors import Fault, Malformed
from core.events import Order
from core.ids import DroneId
from core.units import UtcSeconds
from flightops.links import control
from flightops.links.air.endpoint import open_link
from flightops.links.air.frames import Writer
from flightops.links.air.tlog import Tlog

D1 = DroneId("d1")


def test_tlog_is_read_by_mavutil_and_mavlogdump(tmp_path: Path) -> None:
    failed: list[Any] = []
    log, writer = Tlog(tmp_path / "tlog", UtcSeconds(1_795_000_000.0), lambda *a: failed.append(a)), Writer(1, 1)
    for k in range(500):
        frame = writer.pack(mav.MAVLink_attitude_message(k, 0.1, 0.2, 0.3, 0, 0, 0))
        log.write(D1, UtcSeconds(1_795_000_000.0 + k * 0.1), frame)
    log.close()
    path = log.path(D1)
    assert path.name == "d1-20261118T110640Z.tlog"
    reader = mavutil.mavlink_connection(str(path))
    heard = []
    while (m := reader.recv_match(type="ATTITUDE")) is not None:
        heard.append((m.time_boot_ms, round(m._timestamp, 1)))
    reader.close()
    assert heard == [(k, round(1_795_000_000.0 + k * 0.1, 1)) for k in range(500)]
    script = Path(sys.executable).parent / "mavlogdump.py"
    dump = subprocess.run(
        [sys.executable, script, "--types", "ATTITUDE", path], capture_output=True, text=True, check=True
    )
    assert dump.stdout.count("ATTITUDE {") == 500
    assert not failed


def test_a_full_disk_ends_the_log_whole_and_warns_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    failed: list[Any] = []
    log = Tlog(tmp_path, UtcSeconds(1_795_000_000.0), lambda drone, why: failed.append((drone, why)))
    frame = Writer(1, 1).pack(mav.MAVLink_attitude_message(1, 0.1, 0.2, 0.3, 0, 0, 0))
    real, room = os.write, 40 * (len(frame) + 8)

    def full(fd: int, data: bytes) -> int:
        nonlocal room
        if room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        done = real(fd, data[:room])
        room -= done
        return done

    monkeypatch.setattr(os, "write", full)
    for k in range(200):
        log.write(D1, UtcSeconds(1_795_000_000.0 + k), frame)
        if k % 20 == 0:
            while not log._waiting.empty():
                pass
    log.close()
    assert len(failed) == 1
    assert "No space left" in failed[0][1]
    assert "flying goes on" in failed[0][1]
    size = log.path(D1).stat().st_size
    assert size > 0
    assert size % (len(frame) + 8) == 0


def test_a_folder_that_cannot_be_made_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    failed: list[Any] = []
    log = Tlog(tmp_path / "file" / "tlog", UtcSeconds(1.0), lambda *a: failed.append(a))
    for _ in range(10):
        log.write(D1, UtcSeconds(1.0), b"x")
    log.close()
    assert len(failed) == 1


def test_the_door_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    door = control.Door(8442, "secret", os.getpid())
    os.close(control.claim(tmp_path / "data"))
    control.write_door(tmp_path / "data", door)
    path = tmp_path / "data" / control.DOOR_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert control.read_door(tmp_path / "data") == door
    assert sorted(p.name for p in (tmp_path / "data").iterdir()) == [control.DOOR_FILE, "gateway.lock"]
    path.write_text("{")
    with pytest.raises(Fault, match="damaged"):
        control.read_door(tmp_path / "data")
    with pytest.raises(Fault, match="no gateway has run here"):
        control.read_door(tmp_path)


def test_one_gateway_a_data_folder(tmp_path: Path) -> None:
    first = control.claim(tmp_path)
    with pytest.raises(Fault, match="another gateway runs"):
        control.claim(tmp_path)
    os.close(first)
    os.close(control.claim(tmp_path))


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_malformed(body: bytes) -> None:
    for decode in (control.decode_to_gateway, control.decode_to_coordinator):
        try:
            decode(body)
        except Malformed:
            continue


def test_messages_survive_the_wire() -> None:
    asked = control.OrderAsked("o1", D1, Order.HOLD)
    assert control.decode_to_gateway(control.encode(asked)[4:]) == asked
    read = control.ParamsRead("p", {"A": 1.0})
    assert control.decode_to_coordinator(control.encode(read)[4:]) == read


@pytest.mark.parametrize(
    "url", ["", "udpin://", "udpin://host", "tcpout://h:99999", "serial://", "serial:///dev/x?baud=7", "http://a:1"]
)
def test_a_link_that_is_none_names_the_fix(url: str) -> None:
    with pytest.raises(Malformed, match=r"drones\.d1\.link"):
        open_link(url, "drones.d1.link")


class Ear:
    def __init__(self) -> None:
        self.heard: list[tuple[bytes, Hashable]] = []
        self.troubles: list[str] = []
        self.any = asyncio.Event()

    def __call__(self, data: bytes, source: Hashable) -> None:
        self.heard.append((data, source))
        self.any.set()

    def trouble(self, why: str) -> None:
        self.troubles.append(why)
        self.any.set()


async def spoken(ear: Ear) -> None:
    await asyncio.wait_for(ear.any.wait(), 5)
    ear.any.clear()


async def test_udp_in_and_out_speak_with_each_other() -> None:
    a, b, ear_a, ear_b = (
        open_link("udpin://127.0.0.1:23101", "f"),
        open_link("udpout://127.0.0.1:23101", "f"),
        Ear(),
        Ear(),
    )
    tasks = [asyncio.create_task(a.run(ear_a, ear_a.trouble)), asyncio.create_task(b.run(ear_b, ear_b.trouble))]
    await asyncio.sleep(0.05)
    assert a.fixed_peer is None
    assert b.send(b"hello", b.fixed_peer)
    await spoken(ear_a)
    data, source = ear_a.heard[0]
    assert data == b"hello"
    assert a.send(b"back", source)
    await spoken(ear_b)
    assert ear_b.heard == [(b"back", b.fixed_peer)]
    for t in tasks:
        t.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert not a.send(b"late", source)


async def test_tcp_out_waits_for_its_peer_and_comes_back() -> None:
    link, ear = open_link("tcpout://127.0.0.1:23102", "f"), Ear()
    task = asyncio.create_task(link.run(ear, ear.trouble))
    await spoken(ear)
    assert len(ear.troubles) == 1
    assert not link.send(b"x", link.fixed_peer)
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        writer.write(b"hello %d" % len(writers))
        if len(writers) == 1:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 23102)
    for said in (b"hello 1", b"hello 2"):
        await spoken(ear)
        assert ear.heard[-1] == (said, link.fixed_peer)
    assert link.send(b"x", link.fixed_peer)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    for w in writers:
        w.close()
    server.close()
    await server.wait_closed()


async def test_serial_line_both_ways_and_unplugged() -> None:
    master, slave = pty.openpty()
    name = os.ttyname(slave)
    link, ear = open_link(f"serial://{name}?baud=57600", "f"), Ear()
    task = asyncio.create_task(link.run(ear, ear.trouble))
    await asyncio.sleep(0.05)
    os.write(master, b"\xfd\x00\x0d\x0a\x11\x13")
    await spoken(ear)
    assert b"".join(d for d, _ in ear.heard) == b"\xfd\x00\x0d\x0a\x11\x13"
    assert link.send(b"\x0a\x0d\x03", link.fixed_peer)
    assert os.read(master, 100) == b"\x0a\x0d\x03"
    os.close(slave)
    os.close(master)
    await spoken(ear)
    assert ear.troubles
    assert not link.send(b"x", link.fixed_peer)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
