"""The drones' video streams of one coordinator: one vision Watch each, and the tap for the map's live tiles."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from core.camera import Camera, PoseError
from core.clock import Clock
from core.drone import DroneState
from core.events import SightingMade
from core.ids import DroneId
from core.io.runtime import new_id
from core.io.settings import DroneSettings, Settings
from core.terrain import Terrain
from vision.ingest.source import parse_source
from vision.pipeline import Saw, StreamSpec, StreamStatus, Watch

Emit = Callable[[SightingMade], Awaitable[None]]


def spec_of(drone: DroneSettings, video: str) -> StreamSpec:
    """A drone's stream. Raises Malformed for an address that can't be one."""
    lens = drone.camera
    return StreamSpec(
        DroneId(drone.id),
        parse_source(video),
        Camera(lens.width_px, lens.height_px, lens.hfov_deg),
        latency_s=lens.latency_s,
        error=PoseError(time_s=lens.latency_sigma_s),
    )


class Streams:
    """Implements ground.web.parts.VideoTap."""

    def __init__(self, settings: Settings, terrain: Terrain, clock: Clock) -> None:
        specs = [spec_of(d, d.video) for d in settings.drones if d.video is not None]
        self._watches = {s.drone: Watch(s, terrain, clock, new_id) for s in specs}
        self._shown: dict[DroneId, tuple[int, bytes]] = {}

    def heard(self, state: DroneState) -> None:
        """Telemetry of a drone; its watch places sightings with it."""
        if (watch := self._watches.get(state.drone)) is not None:
            watch.heard(state)

    async def run(self, emit: Emit, saw: Saw) -> None:
        """Watch all streams until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for watch in self._watches.values():
                tasks.create_task(watch.run(emit, saw))

    def status(self) -> dict[str, StreamStatus]:
        """How each stream does."""
        return {drone: watch.status for drone, watch in self._watches.items()}

    def newest(self, drone: DroneId) -> tuple[int, bytes] | None:
        """See VideoTap: the number grows with every new picture."""
        watch = self._watches.get(drone)
        jpeg = watch.preview() if watch is not None else None
        if jpeg is None:
            return None
        number, old = self._shown.get(drone, (0, b""))
        if jpeg is not old:
            number += 1
            self._shown[drone] = (number, jpeg)
        return number, jpeg
