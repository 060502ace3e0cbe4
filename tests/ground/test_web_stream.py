"""The live stream against a real server and a real WebSocket client."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from core.drone import Aged, Autopilot, DroneState
from core.events import IncidentKind, IncidentOpened, ViewGranted
from core.geo import GeoPoint
from core.ids import DroneId
from core.roles import Role
from core.units import MetresAmsl, UtcSeconds
from ground.web.server import server_config
from tests.ground.ground_worlds import sighting
from tests.ground.web_world import World, world

PORTS = range(26000, 27000)


def free_port() -> int:
    for port in PORTS:
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port in 26000-26999")


@contextlib.asynccontextmanager
async def served(w: World) -> AsyncIterator[str]:
    port = free_port()
    server = uvicorn.Server(server_config(w.app, "127.0.0.1", port))
    server.install_signal_handlers = lambda: None
    async with w.running():
        task = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        try:
            yield f"ws://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            await task


@pytest.fixture
def w(tmp_path: Path) -> World:
    return world(tmp_path)


def bearer(w: World, role: Role) -> dict[str, str]:
    return {"Authorization": f"Bearer {w.tokens[role]}"}


async def message(ws: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(10):
        return json.loads(await ws.recv())


class Follower:
    """What a viewer does: keep the picture, count the sequence."""

    def __init__(self, ws: ClientConnection) -> None:
        self.ws = ws
        self.seq = 0
        self.picture: dict[str, dict[str, Any]] = {}

    async def step(self) -> dict[str, Any]:
        m = await message(self.ws)
        assert m["seq"] == self.seq + 1
        self.seq = m["seq"]
        if m["type"] == "snapshot":
            self.picture = m["picture"]
        else:
            for collection, put in m["put"].items():
                self.picture.setdefault(collection, {}).update(put)
            for collection, ids in m["drop"].items():
                for id_ in ids:
                    self.picture[collection].pop(id_, None)
        return m

    async def until(self, collection: str, id_: str) -> dict[str, Any]:
        while id_ not in self.picture[collection]:
            await self.step()
        return self.picture[collection][id_]


def state(drone: str, at: float, lat: float = 42.5) -> DroneState:
    place = Aged(GeoPoint(lat, 1.5, MetresAmsl(1200.0)), UtcSeconds(at))
    return DroneState(DroneId(drone), 1, Autopilot.PX4, UtcSeconds(at), place=place)


async def test_a_viewer_gets_the_picture_then_every_change_in_sequence(w: World) -> None:
    s = sighting("s1")
    await w.log.append(w.clock.now(), s)
    async with served(w) as url, connect(f"{url}/api/v1/stream", additional_headers=bearer(w, Role.UNIT)) as ws:
        viewer = Follower(ws)
        first = await viewer.step()
        assert (first["type"], first["seq"]) == ("snapshot", 1)
        assert set(first["picture"]) == {
            "server", "drones", "searches", "sightings", "incidents", "units", "tasks", "sites",
        }  # fmt: skip
        assert first["picture"]["sightings"]["s1"]["incident"] is None
        opened = IncidentOpened("i-s1", IncidentKind.PERSON_SEEN, s.place, s.covariance, "s1", None)
        await w.log.append(w.clock.now(), opened)
        w.live.heard(state("d1", w.clock.now()))
        incident = await viewer.until("incidents", "i-s1")
        assert incident["state"] == "open"
        assert viewer.picture["sightings"]["s1"]["incident"] == "i-s1"
        assert viewer.picture["server"]["log_seq"] == 2
        whole = json.loads(w.live.snapshot())
        assert {k: v for k, v in viewer.picture.items() if k != "server"} == {
            k: v for k, v in whole.items() if k != "server"
        }


async def test_a_resync_brings_a_new_snapshot_with_the_next_number(w: World) -> None:
    async with served(w) as url, connect(f"{url}/api/v1/stream", additional_headers=bearer(w, Role.PILOT)) as ws:
        viewer = Follower(ws)
        await viewer.step()
        w.clock.time += 2
        for odd in ('{"type":"resync"}', "[]", "not json", "[" * 500):
            await ws.send(odd)
        w.live.heard(state("d2", w.clock.now()))
        while (await viewer.step())["type"] != "snapshot":
            w.clock.time += 1
        assert viewer.seq >= 2


async def test_who_is_not_signed_in_or_comes_from_another_site_sees_nothing(w: World) -> None:
    async with served(w) as url:
        for headers, hello, code in (
            ({}, '{"type":"hello","token":"wrong"}', 4401),
            ({}, "nonsense", 4401),
            (bearer(w, Role.SITE), None, 4403),
        ):
            async with connect(f"{url}/api/v1/stream", additional_headers=headers) as ws:
                if hello:
                    await ws.send(hello)
                with pytest.raises(ConnectionClosed) as closed:
                    await message(ws)
                assert closed.value.rcvd.code == code
        with pytest.raises(Exception, match="403"):
            async with connect(f"{url}/api/v1/stream", origin="https://evil.example"):
                pass
        async with connect(f"{url}/api/v1/stream") as ws:
            await ws.send(json.dumps({"type": "hello", "token": w.tokens[Role.PILOT]}))
            assert (await message(ws))["type"] == "snapshot"


async def test_video_needs_purpose_and_reference_and_is_on_record_first(w: World) -> None:
    s = sighting("s1")
    await w.log.append(
        w.clock.now(), s, IncidentOpened("i-1", IncidentKind.PERSON_SEEN, s.place, s.covariance, "s1", None)
    )
    w.tap.frames["d1"] = (7, b"\xff\xd8jpeg")
    headers = bearer(w, Role.DISPATCHER)
    async with served(w) as url:
        for query in ("", "?purpose=find+the+hiker", "?reference=i-1", "?purpose=find+the+hiker&reference=i-9"):
            async with connect(f"{url}/api/v1/drones/d1/video{query}", additional_headers=headers) as ws:
                with pytest.raises(ConnectionClosed) as closed:
                    await message(ws)
                assert closed.value.rcvd.code == 4403
        fine = f"{url}/api/v1/drones/d1/video?purpose=find+the+hiker&reference=i-1"
        async with connect(fine, additional_headers=headers) as ws:
            async with asyncio.timeout(5):
                assert await ws.recv() == b"\xff\xd8jpeg"
            granted = (await w.log.read(2))[0].fact
            assert granted == ViewGranted("dispatcher-1", "drone/d1/video", "find the hiker", "i-1")
            w.tap.frames["d1"] = (8, b"\xff\xd8more")
            async with asyncio.timeout(5):
                assert await ws.recv() == b"\xff\xd8more"
        await w.log.close()
        async with connect(fine, additional_headers=headers) as ws:
            with pytest.raises(ConnectionClosed) as closed:
                await message(ws)
            assert closed.value.rcvd.code == 4503


@pytest.mark.slow
async def test_a_viewer_that_never_reads_keeps_little_waiting_and_catches_up_with_the_newest(w: World) -> None:
    async with served(w) as url:
        port = int(url.rsplit(":", 1)[1])
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(raw, ("127.0.0.1", port))
        request = (
            "GET /api/v1/stream HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            f"Authorization: Bearer {w.tokens[Role.PILOT]}\r\n\r\n"
        )
        await loop.sock_sendall(raw, request.encode())
        counter = w.app.state.metrics.messages.labels("picture")._value
        sent = []
        for i in range(30):
            for d in range(1500):
                w.live.heard(state(f"x{d}", w.clock.now(), 42.0 + i / 1000))
            await w.live.ticked()
            sent.append(counter.get())
        assert sent[-1] == sent[-8], "the server went on sending to a viewer that does not read"
        w.live.heard(state("x0", w.clock.now(), 43.0))
        stop = asyncio.get_running_loop().time() + 20
        data = b""
        while b'"lat_deg":43.0' not in data[-400_000:] and loop.time() < stop:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    data += await loop.sock_recv(raw, 1 << 20)
        assert b'"lat_deg":43.0' in data
        assert struct.unpack(">B", data[data.index(b"\r\n\r\n") + 4 :][:1])[0] in (0x81, 0x01)
        raw.close()
