"""A scripted vehicle: just enough MAVLink over UDP to answer the gateway, with instant effects."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from pymavlink.dialects.v20 import ardupilotmega as mav

from core.io.runtime import SystemClock
from core.io.settings import DroneSettings, GatewaySettings, MapSettings, Place, Settings
from flightops.links.air.signing import units_at
from flightops.links.client import GatewayClient
from flightops.links.gateway import Gateway

SAFE = {
    "px4": {"NAV_DLL_ACT": 2, "COM_DL_LOSS_T": 10, "COM_LOW_BAT_ACT": 3, "RTL_RETURN_ALT": 40.0},
    "ardupilot": {
        "FS_GCS_ENABLE": 1,
        "FS_OPTIONS": 0,
        "SYSID_MYGCS": 255,
        "BATT_FS_LOW_ACT": 2,
        "BATT_LOW_VOLT": 14.0,
        "RTL_ALT": 4000,
    },
}
MISSION_MODE = {"px4": 4 << 16 | 4 << 24, "ardupilot": 3}
HOLD_MODE = {"px4": 4 << 16 | 3 << 24, "ardupilot": 17}


class Peer(asyncio.DatagramProtocol):
    """`deaf`: message types it does not hear; `refuses`: commands it answers with DENIED; `heard`: all it got, with a
    `key` what is signed with it, as pymavlink judges; `last`: the frame it sent last."""

    def __init__(self, kind: str = "px4", system: int = 1, lat: float = 45.0, key: bytes | None = None) -> None:
        self.kind, self.system, self.lat = kind, system, lat
        self.mav = mav.MAVLink(None, srcSystem=system, srcComponent=1)
        self.parser = mav.MAVLink(None)
        self.parser.robust_parsing = True
        for codec in (self.mav, self.parser):
            codec.signing.secret_key = key
        self.mav.signing.sign_outgoing = key is not None
        self.heard: list[Any] = []
        self.deaf: set[str] = set()
        self.refuses: dict[int, str] = {}
        self.params: dict[str, float] = dict(SAFE[kind])
        self.mission: list[Any] = []
        self.armed = False
        self.mode = HOLD_MODE[kind] if kind == "px4" else 5
        self.boot_ms = 1000
        self.transport: asyncio.DatagramTransport | None = None
        self._expecting = 0
        self.last = b""
        self._incoming: list[Any] = []
        self.spoil: Callable[[Any], None] | None = None

    async def fly(self, port: int, local_port: int = 0) -> None:
        loop = asyncio.get_running_loop()
        self.transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", local_port), remote_addr=("127.0.0.1", port)
        )
        try:
            while True:
                self.telemetry()
                await asyncio.sleep(0.1)
        finally:
            self.transport.close()

    def telemetry(self) -> None:
        self.boot_ms += 100
        autopilot = 12 if self.kind == "px4" else 3
        self.send(mav.MAVLink_heartbeat_message(2, autopilot, 1 | 128 * self.armed, self.mode, 4, 3))
        lat, lon = round(self.lat * 1e7), 130_000_000
        alt = 50_000 * self.armed
        self.send(mav.MAVLink_global_position_int_message(self.boot_ms, lat, lon, 400_000 + alt, alt, 100, 0, 0, 9000))
        self.send(mav.MAVLink_attitude_message(self.boot_ms, 0.0, 0.1, 1.5707963, 0, 0, 0))
        self.send(mav.MAVLink_extended_sys_state_message(0, 2 if self.armed else 1))
        self.send(mav.MAVLink_home_position_message(lat, lon, 400_000, 0, 0, 0, [1, 0, 0, 0], 0, 0, 0))
        self.send(mav.MAVLink_sys_status_message(0, 0, 0, 0, 16200, 100, 80, 0, 0, 0, 0, 0, 0))

    def send(self, message: Any) -> None:
        self.mav.signing.timestamp = max(self.mav.signing.timestamp + 1, units_at(SystemClock().now()))
        self.last = bytes(message.pack(self.mav))
        if self.transport is not None:
            self.transport.sendto(self.last)
        self.mav.seq = (self.mav.seq + 1) % 256

    def error_received(self, exc: Exception) -> None:
        pass

    def datagram_received(self, data: bytes, addr: Any) -> None:
        for m in self.parser.parse_buffer(data) or []:
            if m.get_type() in self.deaf:
                continue
            self.heard.append(m)
            answer = getattr(self, "on_" + m.get_type().lower(), None)
            if answer:
                answer(m)

    def count(self, kind: str) -> int:
        return sum(m.get_type() == kind for m in self.heard)

    def commands(self) -> list[int]:
        return [m.command for m in self.heard if m.get_type() == "COMMAND_LONG"]

    def on_command_long(self, m: Any) -> None:
        who = (m.get_srcSystem(), m.get_srcComponent())
        if m.command in self.refuses:
            self.send(mav.MAVLink_statustext_message(4, self.refuses[m.command].encode()))
            self.send(mav.MAVLink_command_ack_message(m.command, 4, 0, 0, *who))
            return
        if m.command == 400:
            self.armed = m.param1 == 1
        elif m.command == 176:
            self.mode = int(m.param2) << 16 | int(m.param3) << 24 if self.kind == "px4" else int(m.param2)
        elif m.command == 300:
            self.mode = MISSION_MODE[self.kind]
        self.send(mav.MAVLink_command_ack_message(m.command, 0, 0, 0, *who))
        if m.command == 512 and m.param1 == 148:
            custom = list(b"airgrnd\0")
            version = mav.MAVLink_autopilot_version_message(0xEF, 0x010F02FF, 0, 0, 0, custom, custom, custom, 0, 0, 1)
            self.send(version)

    def on_mission_count(self, m: Any) -> None:
        self._incoming, self._expecting = [], m.count
        self.send(mav.MAVLink_mission_request_int_message(m.get_srcSystem(), m.get_srcComponent(), 0, 0))

    def on_mission_item_int(self, m: Any) -> None:
        who = (m.get_srcSystem(), m.get_srcComponent())
        if m.seq == len(self._incoming):
            self._incoming.append(m)
        if len(self._incoming) < self._expecting:
            self.send(mav.MAVLink_mission_request_int_message(*who, len(self._incoming), 0))
            return
        self.mission = list(self._incoming)
        self.send(mav.MAVLink_mission_ack_message(*who, 0, 0))

    def on_mission_request_list(self, m: Any) -> None:
        count = len(self.mission)
        self.send(mav.MAVLink_mission_count_message(m.get_srcSystem(), m.get_srcComponent(), count, 0))

    def on_mission_request_int(self, m: Any) -> None:
        i = self.mission[m.seq]
        item = mav.MAVLink_mission_item_int_message(
            m.get_srcSystem(), m.get_srcComponent(), i.seq, i.frame, i.command, 0, 1,
            i.param1, i.param2, i.param3, i.param4, i.x, i.y, i.z, 0,
        )  # fmt: skip
        if self.kind == "px4" and i.command == 178:
            item.frame = 2
        if self.kind == "ardupilot" and i.seq == 0:
            item.x, item.y, item.z = 1, 2, 3.0
        if self.spoil:
            self.spoil(item)
        self.send(item)

    def on_mission_clear_all(self, m: Any) -> None:
        self.mission = []
        self.send(mav.MAVLink_mission_ack_message(m.get_srcSystem(), m.get_srcComponent(), 0, 0))

    def on_param_request_read(self, m: Any) -> None:
        if m.param_id in self.params:
            value = self.params[m.param_id]
            packed, kind = mav.MAVLink_param_value_message(m.param_id.encode(), value, 9, 1, 0), 9
            if self.kind == "px4" and isinstance(value, int):
                kind = 6
                packed.param_value = struct.unpack("<f", struct.pack("<i", value))[0]
            packed.param_type = kind
            self.send(packed)


class Rig:
    """A gateway, a client and peers on loopback."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = SystemClock()
        self.gateway = Gateway(settings, self.clock)
        self.client = GatewayClient(settings, self.clock)
        self.states: dict[str, Any] = {}
        self.warnings: list[tuple[str | None, str]] = []
        self.beating = True
        self.tasks: list[asyncio.Task[None]] = []

    async def start(self, *peers: tuple[Peer, int]) -> None:
        self.tasks.append(asyncio.create_task(self.gateway.run()))
        await asyncio.wait_for(self.gateway.ready.wait(), 5)
        self.client.heard.append(lambda s: self.states.__setitem__(s.drone, s))
        self.client.warned.append(lambda d, t: self.warnings.append((d, t)))
        await self.client.start()
        self.tasks.append(asyncio.create_task(self._beats()))
        for peer, port in peers:
            self.tasks.append(asyncio.create_task(peer.fly(port)))

    async def _beats(self) -> None:
        while True:
            if self.beating:
                self.client.beat()
            await asyncio.sleep(0.1)

    async def stop(self) -> None:
        await self.client.stop()
        for t in self.tasks:
            t.cancel()
        for t in self.tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await t


async def until(condition: Callable[[], Any], seconds: float = 10.0) -> Any:
    """The first true value of condition; fails after `seconds`."""
    async with asyncio.timeout(seconds):
        while not (value := condition()):  # noqa: ASYNC110 (conditions of many kinds, in tests only)
            await asyncio.sleep(0.02)
    return value


def settings_for(folder: Path, *drones: DroneSettings) -> Settings:
    return Settings(
        data_dir=str(folder),
        map=MapSettings(centre=Place(45.0, 13.0)),
        gateway=GatewaySettings(control_port=0, mavsdk_port=0),
        drones=drones,
    )


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Callable[..., Rig]]:
    """Makes a Rig for some drones, stops it at the end."""
    made: list[Rig] = []

    def make(*drones: DroneSettings) -> Rig:
        made.append(Rig(settings_for(tmp_path, *drones)))
        return made[-1]

    yield make
    for r in made:
        await r.stop()


@pytest.fixture
def peer() -> type[Peer]:
    return Peer


@pytest.fixture
def wait_for() -> Any:
    return until
