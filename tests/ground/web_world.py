"""A web app for tests: memory log, real accounts file, a desk or a recording asker."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher
from fastapi import FastAPI

from core.errors import Accepted, Refused
from core.ids import DroneId
from core.io.files.accounts import STAFF, AccountsFile
from core.io.log.memory import MemoryLog, MemoryTrail
from core.io.settings import DroneSettings, MapSettings, Place, Settings, UnitSettings
from core.log import EventLog
from core.roles import Role
from ground.web.edge.guard import Guard
from ground.web.live import LivePicture, ServerStatus, StreamStatus
from ground.web.parts import Health, WebParts
from ground.web.picture import Picture
from ground.web.server import make_app
from tests.ground.ground_worlds import HandClock, site

PASSWORD = "correct horse battery"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def sha(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


SETTINGS = Settings(
    data_dir="data",
    map=MapSettings(centre=Place(lat_deg=42.5, lon_deg=1.5), tiles="https://tiles.example/{z}/{x}/{y}.png"),
    drones=(
        DroneSettings(id="d1", link="udpin://0.0.0.0:1", video="udp://x:1", unsigned=True),
        DroneSettings(id="d2", link="y", unsigned=True),
    ),
    units=(
        UnitSettings(id="u1", name="Unit 1", token_hash=sha("unit-1-token")),
        UnitSettings(id="u2", name="Unit 2", kind="foot", token_hash=sha("unit-2-token")),
    ),
)


STATUS = ServerStatus(True, {"d1": StreamStatus("live", 9.5, 0.2), "d2": StreamStatus("dead", 0.0, None)})


class Tap:
    def __init__(self) -> None:
        self.frames: dict[str, tuple[int, bytes]] = {}

    def newest(self, drone: DroneId) -> tuple[int, bytes] | None:
        return self.frames.get(drone)


@dataclass
class World:
    app: FastAPI
    parts: WebParts
    log: EventLog
    trail: MemoryTrail
    clock: HandClock
    live: LivePicture
    tap: Tap
    asked: list[Any] = field(default_factory=list)
    answer: Accepted | Refused | Exception | None = None
    tokens: dict[Role, str] = field(default_factory=dict)

    async def ask(self, wish: Any) -> Accepted | Refused:
        self.asked.append(wish)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer or Accepted("x")

    def client(self, role: Role | None = None, **kw: Any) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.tokens[role]}"} if role else {}
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers, **kw)

    def token(self, role: Role, must_change: bool = False) -> str:
        if role not in STAFF:
            return {Role.UNIT: "unit-1-token", Role.SITE: "site-1-token"}[role]
        return self.app.state.sessions.start(f"{role}-1", role, must_change)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[World]:
        task = asyncio.create_task(self.live.run())
        await self.live.ready()
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def world(folder: Path, ask: Callable[[Any], Any] | None = None, log: Any = None, **changes: Any) -> World:
    trail, clock, tap = MemoryTrail(), HandClock(), Tap()
    log = log or MemoryLog()
    sites = (replace(site(), token_hash=sha("site-1-token")),)
    live = LivePicture(log, trail, clock, Picture(SETTINGS.drones, SETTINGS.units, sites), lambda: STATUS)
    accounts = AccountsFile(folder / "accounts.json", CHEAP)
    made: list[World] = []

    async def asker(wish: Any) -> Accepted | Refused:
        return await (ask or made[0].ask)(wish)

    given = {"health": lambda: {"log": Health(True, "fine")}, "sites": sites, "static": folder / "static"} | changes
    parts = WebParts(log, trail, clock, accounts, asker, SETTINGS, live, tap, **given)
    w = World(make_app(parts), parts, log, trail, clock, live, tap)
    made.append(w)
    w.tokens = {r: w.token(r) for r in Role}
    return w


__all__ = ["PASSWORD", "SETTINGS", "Guard", "World", "world"]
