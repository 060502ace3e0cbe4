"""The live picture's edge: it follows the log and the trail, and has snapshots and deltas ready as JSON.

Memory a viewer is one number: what it has seen. A viewer that is slow gets fewer and later deltas, each with the
newest version of everything it missed. Deltas are made once for all viewers that have seen the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from core.clock import Clock
from core.drone import DroneState
from core.footprint import Footprint
from core.log import EventLog, Trail
from core.units import UtcSeconds
from ground.units.places import places
from ground.web.picture import COLLECTIONS, Key, Picture

TICK_S = 0.2
"""At most five messages a second a viewer."""
PAGE = 500
_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """How a drone's video comes in: pictures a second, and capture to detection in s (None: not known)."""

    state: Literal["live", "waiting", "dead"]
    fps: float
    lag_s: float | None


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What the picture says of the server itself."""

    gateway_up: bool = False
    streams: Mapping[str, StreamStatus] = field(default_factory=dict)


class LivePicture:
    """Feed it with `heard` and `saw`; `run` must be running for facts, units and ticks."""

    def __init__(
        self, log: EventLog, trail: Trail, clock: Clock, picture: Picture, status: Callable[[], ServerStatus]
    ) -> None:
        self.picture = picture
        self._log = log
        self._trail = trail
        self._clock = clock
        self._status = status
        self._ready = asyncio.Event()
        self._ticked = asyncio.Event()
        self._frozen = 0
        self._encoded: dict[Key, tuple[int, bytes]] = {}
        self._deltas: dict[int, bytes] = {}
        self._snapshot: tuple[int, bytes] | None = None

    def heard(self, state: DroneState) -> None:
        """Telemetry of one drone."""
        self.picture.heard(state)

    def saw(self, footprint: Footprint) -> None:
        """What a camera sees now."""
        self.picture.saw(footprint)

    async def run(self) -> None:
        """Fold the record, then follow it and tick. Ends with the log."""
        seq = await self._fold(0)
        self._tick()
        self._ready.set()
        async with asyncio.TaskGroup() as tasks:
            ticking = tasks.create_task(self._ticking())
            async for record in self._log.follow(seq):
                self.picture.hear(record)
            ticking.cancel()

    async def ready(self) -> None:
        """Returns once the record is folded."""
        await self._ready.wait()

    async def ticked(self) -> None:
        """Returns at the next tick."""
        await self._ticked.wait()

    @property
    def is_ready(self) -> bool:
        """Whether the record is folded."""
        return self._ready.is_set()

    @property
    def frozen(self) -> int:
        """The version that viewers are brought to at this tick."""
        return self._frozen

    def snapshot(self) -> bytes:
        """The whole picture as JSON, as of this tick or newer."""
        if self._snapshot is None or self._snapshot[0] != self._frozen:
            parts: dict[str, dict[str, msgspec.Raw]] = {c: {} for c in COLLECTIONS}
            for key in self.picture.everything():
                encoded = self._entity(key)
                if encoded is not None:
                    parts[key[0]][key[1]] = msgspec.Raw(encoded)
            self._snapshot = (self._frozen, _ENCODER.encode({"server": self.server(), **parts}))
        return self._snapshot[1]

    def delta(self, since: int) -> bytes | None:
        """`"put":{..},"drop":{..}` from a version to this tick's; None when the whole picture is needed.

        The collection "server" holds time, log_seq, gateway and streams, each newest.
        """
        if since < self.picture.forgotten:
            return None
        made = self._deltas.get(since)
        if made is None:
            made = self._deltas[since] = self._delta(since)
        return made

    def status(self) -> ServerStatus:
        """How the gateway and the video streams do now."""
        return self._status()

    def server(self) -> dict[str, Any]:
        """The server's own entry."""
        status = self.status()
        gateway = "up" if status.gateway_up else "down"
        seq = self.picture.log_seq
        return {"time": self._clock.now(), "log_seq": seq, "gateway": gateway, "streams": status.streams}

    def _delta(self, since: int) -> bytes:
        put: dict[str, Any] = {"server": self.server()}
        drop: dict[str, list[str]] = {}
        for key in self.picture.changed_since(since):
            encoded = self._entity(key)
            if encoded is None:
                drop.setdefault(key[0], []).append(key[1])
            else:
                put.setdefault(key[0], {})[key[1]] = msgspec.Raw(encoded)
        return b'"put":' + _ENCODER.encode(put) + b',"drop":' + _ENCODER.encode(drop)

    def _entity(self, key: Key) -> bytes | None:
        version = self.picture.version_of(key)
        known = self._encoded.get(key)
        if known is not None and known[0] == version:
            return known[1]
        entity = self.picture.entity(*key)
        if entity is None:
            self._encoded.pop(key, None)
            return None
        encoded = _ENCODER.encode(entity)
        self._encoded[key] = (version, encoded)
        return encoded

    async def _fold(self, seq: int) -> int:
        while batch := await self._log.read(seq, PAGE):
            for record in batch:
                self.picture.hear(record)
            seq = batch[-1].seq
            await asyncio.sleep(0)
        return seq

    async def _ticking(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self._tick()

    def _tick(self) -> None:
        now: UtcSeconds = self._clock.now()
        self.picture.units_at(places(self._trail.newest()))
        self.picture.tick(now)
        self._frozen = self.picture.version
        self._deltas.clear()
        self._ticked.set()
        self._ticked = asyncio.Event()
