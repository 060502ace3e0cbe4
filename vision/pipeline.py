"""The parent's side of one video stream: it keeps the child process alive, places what that finds, tells sightings.

The child decodes and searches (vision.worker); a child that dies, by whatever cause, is started again with a growing
pause and touches no other stream. The reader waits for `emit`: while the log is slow the child drops frames, oldest
first, and memory stays as it is.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import msgspec
import structlog

from core.camera import THERMAL_640, Camera, PoseError
from core.clock import Clock
from core.drone import DroneState
from core.events import SightingMade
from core.footprint import Footprint
from core.ids import DroneId, checked_id
from core.terrain import Terrain
from core.units import UtcSeconds, positive, within
from vision import worker
from vision.detect.hot_spot import HotSpot
from vision.ingest.source import Source
from vision.messages import (
    HEADER,
    MAX_BYTES,
    Ended,
    Found,
    Heard,
    Look,
    Preview,
    Scale,
    StreamState,
    ToChild,
    framed,
    from_child,
)
from vision.sightings import SightingDesk, StreamFacts
from vision.track.tracker import TrackRule

log = structlog.get_logger(__name__)

Emit = Callable[[SightingMade], Awaitable[None]]
Saw = Callable[[Footprint], bool]
"""Told what ground a camera sees; answers whether people are looked for on any of it."""

FOOTPRINT_EVERY_S = 0.5
LOOK_LASTS_S = 3.0
"""Previews are made for this long after `preview` was last called."""
FIRST_PAUSE_S, LONGEST_PAUSE_S, STEADY_S = 0.5, 10.0, 30.0
RATE_OVER_S = 5.0
END_WITHIN_S = 2.0


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """One stream: whose, from where, by which camera. `latency_s`: capture to the arrival of a frame's last byte."""

    drone: DroneId
    source: Source
    camera: Camera = THERMAL_640
    latency_s: float = 0.12
    error: PoseError = field(default_factory=PoseError)
    preview_fps: float = 10.0
    folder_fps: float = 10.0
    rule: TrackRule = field(default_factory=TrackRule)

    def __post_init__(self) -> None:
        checked_id("drone", self.drone)
        within("latency_s", self.latency_s, 0.0, 30.0)
        positive("preview_fps", self.preview_fps)
        positive("folder_fps", self.folder_fps)


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """How a stream does. `fps`: frames searched a second over RATE_OVER_S; `lag_s`: capture to here, of the newest
    frame (None: none yet); `dropped`: frames that were not searched; `unplaced`: frames with detections that
    were not placed, see SightingDesk.unplaced; `restarts` of the child."""

    state: StreamState
    fps: float
    lag_s: float | None
    frames: int
    dropped: int
    words: str
    unplaced: int
    restarts: int


class Watch:
    """One stream's search. `run` it in a task; call `heard` with every telemetry state of its drone."""

    def __init__(self, spec: StreamSpec, terrain: Terrain, clock: Clock, new_id: Callable[[str], str]) -> None:
        self._spec, self._clock = spec, clock
        facts = StreamFacts(spec.drone, spec.camera, spec.error, f"{HotSpot.name}/{HotSpot.version}", spec.rule)
        self._desk = SightingDesk(facts, terrain, new_id)
        self._state: StreamState = "waiting"
        self._words = "starting"
        self._lag_s: float | None = None
        self._frames = self._dropped = self._dropped_before = self._restarts = 0
        self._times: deque[float] = deque(maxlen=600)
        self._preview: tuple[float, bytes] | None = None
        self._asked_at = self._seen_at = float("-inf")
        self._looking = self._looked_for = False
        self._scale: float | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._process_id: int | None = None

    @property
    def process_id(self) -> int | None:
        """Process id of the child; None between two."""
        return self._process_id

    @property
    def status(self) -> StreamStatus:
        """How the stream does now."""
        now = self._clock.monotonic()
        recent = sum(1 for t in self._times if now - t <= RATE_OVER_S)
        return StreamStatus(
            state=self._state,
            fps=round(recent / RATE_OVER_S, 1),
            lag_s=self._lag_s,
            frames=self._frames,
            dropped=self._dropped_before + self._dropped,
            words=self._words,
            unplaced=self._desk.unplaced,
            restarts=self._restarts,
        )

    def heard(self, state: DroneState) -> None:
        """Take telemetry of the drone that carries the camera."""
        self._desk.heard(state)

    def preview(self) -> bytes | None:
        """Newest frame as JPEG with boxes, at most LOOK_LASTS_S old. The first call asks for it and answers None;
        call again within LOOK_LASTS_S to keep it coming."""
        now = self._clock.monotonic()
        self._asked_at = now
        if not self._looking:
            self._look(True)
        return self._preview[1] if self._preview is not None and now - self._preview[0] <= LOOK_LASTS_S else None

    async def run(self, emit: Emit, saw: Saw) -> None:
        """Watch until the source ends (files and folders; live ones never do) or the task is cancelled."""
        pause = FIRST_PAUSE_S
        while True:
            began = self._clock.monotonic()
            if await self._one_child(emit, saw):
                return
            if self._clock.monotonic() - began > STEADY_S:
                pause = FIRST_PAUSE_S
            self._restarts += 1
            self._state, self._words = "dead", f"the video process ended; it starts again in {pause:g} s"
            log.warning("video process ended", drone=self._spec.drone, again_in_s=pause)
            await asyncio.sleep(pause)
            pause = min(2.0 * pause, LONGEST_PAUSE_S)

    async def _one_child(self, emit: Emit, saw: Saw) -> bool:
        """One life of the child; True when its source has ended."""
        ours, theirs = socket.socketpair()
        work = worker.Work(self._spec.source, self._spec.latency_s, self._spec.folder_fps)
        spawn = multiprocessing.get_context("spawn")
        process = spawn.Process(target=worker.main, args=(theirs, work), name=f"video-{self._spec.drone}", daemon=True)
        try:
            process.start()
            theirs.close()
            self._process_id = process.pid
            reader, self._writer = await asyncio.open_connection(sock=ours)
            self._dropped_before, self._dropped, self._looking, self._scale = self.status.dropped, 0, False, None
            return await self._listen(reader, emit, saw)
        finally:
            self._process_id = None
            if self._writer is not None:
                self._writer.transport.abort()
                self._writer = None
            ours.close()
            theirs.close()
            if process.pid is not None:
                process.kill()
                process.join(END_WITHIN_S)

    async def _listen(self, reader: asyncio.StreamReader, emit: Emit, saw: Saw) -> bool:
        try:
            while True:
                (length,) = HEADER.unpack(await reader.readexactly(HEADER.size))
                if length > MAX_BYTES:
                    return False
                match from_child.decode(await reader.readexactly(length)):
                    case Found() as found:
                        await self._found(found, emit, saw)
                    case Preview(_, jpeg):
                        self._preview = (self._clock.monotonic(), jpeg)
                    case Heard(state, words):
                        self._state, self._words = state, words
                    case Ended(words):
                        self._state, self._words = "dead", words
                        return True
        except (asyncio.IncompleteReadError, ConnectionError, msgspec.DecodeError):
            return False

    async def _found(self, found: Found, emit: Emit, saw: Saw) -> None:
        now = self._clock.monotonic()
        self._frames += 1
        self._dropped = found.dropped
        self._times.append(now)
        self._lag_s = max(0.0, self._clock.now() - found.at)
        if self._looking and now - self._asked_at > LOOK_LASTS_S:
            self._look(False)
        if abs(found.at - self._seen_at) >= FOOTPRINT_EVERY_S:
            self._seen_at = found.at
            self._look_down(UtcSeconds(found.at), saw)
        if self._looked_for:
            for sighting in self._desk.decide(found):
                await emit(sighting)
        else:
            self._desk.unplaced += bool(found.spots)

    def _look_down(self, at: UtcSeconds, saw: Saw) -> None:
        """Tell the ground that is seen, and the child how large a pixel is there. What is seen where nobody is looked
        for is not even placed: over a town that would be most of the work."""
        seen = self._desk.footprint_at(at)
        self._looked_for = seen is not None and saw(seen)
        scale = self._desk.scale_at(at)
        if scale != self._scale:
            self._scale = scale
            self._send(Scale(scale))

    def _look(self, wanted: bool) -> None:
        if self._writer is not None:
            self._looking = wanted
            self._send(Look(wanted, self._spec.preview_fps))

    def _send(self, wish: ToChild) -> None:
        """Queue a wish for the child; it reads at once, and one that hangs gets no more than a few hundred bytes."""
        if self._writer is not None and self._writer.transport.get_write_buffer_size() < 4096:
            self._writer.write(framed(wish))
