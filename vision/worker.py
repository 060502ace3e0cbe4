"""The child process of one stream: decode in one thread, search in another, tell the parent small things.

It opens a live source again with a growing pause whenever that falls silent. It leaves when a file or folder has
ended, or when the parent is gone (its socket closes). Frames that come faster than they are searched are dropped,
oldest first, and counted.
"""

from __future__ import annotations

import os
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
from numpy.typing import NDArray

from core.clock import Clock
from core.io.runtime import SystemClock
from core.units import UtcSeconds
from vision.detect.hot_spot import HotSpot
from vision.detect.port import Detection, Detector, Gray
from vision.ingest.capture_time import CaptureTime
from vision.ingest.frame import Frame, NewestFrame
from vision.ingest.images import images
from vision.ingest.limits import confine
from vision.ingest.source import Source, SourceKind
from vision.ingest.video import StreamEnded, decoded
from vision.messages import (
    HEADER,
    MAX_BYTES,
    Ended,
    Found,
    FromChild,
    Heard,
    Look,
    Preview,
    Scale,
    Spot,
    StreamState,
    framed,
    to_child,
)

SILENT_S = 2.0
"""A live stream without a frame for this long is dead."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 8.0
CHIPS = 8
CHIP_PX = 64
PREVIEW_PX = 1280


@dataclass(frozen=True, slots=True)
class Work:
    """What a child has to do. `folder_fps`: pace of a folder of images."""

    source: Source
    latency_s: float
    folder_fps: float


@dataclass(slots=True)
class Asked:
    """What the parent asked for last; written by the listening thread, read by the searching one."""

    metres_per_px: float | None = None
    look: Look = field(default_factory=lambda: Look(False, 0.0))


def main(parent: socket.socket, work: Work) -> None:
    """Entry of the child process."""
    confine()
    asked, newest, clock = Asked(), NewestFrame(), SystemClock()
    mouth = Mouth(parent)
    threading.Thread(target=listen, args=(parent, asked), name="listen", daemon=True).start()
    supply = Supply(work, newest, mouth, clock)
    threading.Thread(target=supply.run, name="decode", daemon=True).start()
    search(newest, HotSpot(), mouth, (asked, clock))
    os._exit(0)  # the decoder's thread may hang in a library; nothing here needs to be put in order


class Mouth:
    """Speaks to the parent from any thread; a parent that is gone ends the process."""

    def __init__(self, parent: socket.socket) -> None:
        self._parent = parent
        self._lock = threading.Lock()
        self._state: tuple[StreamState, str] | None = None

    def say(self, message: FromChild) -> None:
        """Send; waits while the parent is slow (the newest frame then wins, older ones are dropped)."""
        with self._lock:
            try:
                self._parent.sendall(framed(message))
            except OSError:
                os._exit(0)

    def state(self, state: StreamState, words: str) -> None:
        """Say the stream's state when it is news."""
        if self._state != (state, words):
            self._state = (state, words)
            self.say(Heard(state, words))

    def silent(self) -> None:
        """No frame came for SILENT_S: a stream that was live is dead."""
        if self._state is not None and self._state[0] == "live":
            self.state("dead", f"no frame for {SILENT_S:g} s")


def listen(parent: socket.socket, asked: Asked) -> None:
    """Take the parent's wishes until it is gone."""
    stream = parent.makefile("rb")
    while len(header := stream.read(HEADER.size)) == HEADER.size:
        (length,) = HEADER.unpack(header)
        if length > MAX_BYTES:
            break
        match to_child.decode(stream.read(length)):
            case Scale(metres):
                asked.metres_per_px = metres
            case Look() as look:
                asked.look = look
    os._exit(0)


class Supply:
    """The decoding thread: fills `newest` from the source, for ever when it is live."""

    def __init__(self, work: Work, newest: NewestFrame, mouth: Mouth, clock: Clock) -> None:
        self._work, self._newest, self._mouth, self._clock = work, newest, mouth, clock
        self._number = 0
        self._wait = threading.Event().wait

    def run(self) -> None:
        """Entry of the thread."""
        source = self._work.source
        try:
            if source.kind is SourceKind.FOLDER:
                self._folder()
            elif source.kind is SourceKind.FILE:
                self._file()
            else:
                self._live()
        except Exception as e:  # noqa: BLE001  the one catch of this task (rule 11)
            self._newest.end(f"{source.words}: {e}")

    def _put(self, at: UtcSeconds, pixels: Gray) -> None:
        self._number += 1
        self._newest.put(Frame(at, pixels, self._number))

    def _folder(self) -> None:
        start, bad, k = self._clock.now(), 0, 0
        for k, (_, gray) in enumerate(images(Path(self._work.source.address))):
            bad += gray is None
            self._sleep_until(start + k / self._work.folder_fps)
            if gray is not None and min(gray.shape) >= 16:
                self._put(self._clock.now(), gray)
        self._newest.end(
            f"{self._work.source.words}: all {k + 1} images shown" + (f", {bad} unreadable" if bad else "")
        )

    def _file(self) -> None:
        start = self._clock.now()
        try:
            for frame in decoded(self._work.source, self._clock.now):
                at = start + (frame.pts_s or 0.0)
                self._sleep_until(at)
                self._put(UtcSeconds(at), frame.pixels)
        except StreamEnded as e:
            self._newest.end(str(e))

    def _live(self) -> None:
        source, pause = self._work.source, FIRST_PAUSE_S
        while True:
            times = CaptureTime(self._work.latency_s)
            try:
                for frame in decoded(source, self._clock.now):
                    pause = FIRST_PAUSE_S
                    self._put(times.at(frame.pts_s, UtcSeconds(frame.arrival - frame.held_s)), frame.pixels)
            except StreamEnded as e:
                self._mouth.state("dead" if self._number else "waiting", str(e))
            self._wait(pause)
            pause = min(pause * 2.0, LONGEST_PAUSE_S)

    def _sleep_until(self, at: float) -> None:
        self._wait(max(0.0, min(at - self._clock.now(), 10.0)))


def search(newest: NewestFrame, detector: Detector, mouth: Mouth, others: tuple[Asked, Clock]) -> None:
    """Search frames until the source ends; the stream's state follows from when frames come."""
    asked, clock = others
    mouth.state("waiting", "no frame yet")
    drawn_at = 0.0
    while True:
        frame = newest.take(SILENT_S)
        if isinstance(frame, str):
            mouth.say(Ended(frame))
            return
        if frame is None:
            mouth.silent()
            continue
        mouth.state("live", "")
        found = detector.find(frame.pixels, asked.metres_per_px)
        height, width = frame.pixels.shape
        spots = tuple(_spot(frame.pixels, d, k < CHIPS) for k, d in enumerate(found))
        mouth.say(Found(frame.at, clock.now(), frame.number, width, height, newest.dropped, spots))
        if asked.look.wanted and clock.monotonic() - drawn_at >= 0.9 / asked.look.fps:
            drawn_at = clock.monotonic()
            mouth.say(Preview(frame.at, drawn(frame.pixels, found)))


def _spot(gray: Gray, d: Detection, with_chip: bool) -> Spot:
    b = d.box
    chip = _chip(gray, d) if with_chip and d.label == "Person" else b""
    return Spot(b.x_px, b.y_px, b.width_px, b.height_px, d.label, d.score, chip, d.level)


def _chip(gray: Gray, d: Detection) -> bytes:
    """JPEG of the box and its surroundings, CHIP_PX a side at least, two boxes wide."""
    b = d.box
    half = int(max(CHIP_PX, 2.0 * b.width_px, 2.0 * b.height_px)) // 2
    x, y = int(b.x_px + b.width_px / 2.0), int(b.y_px + b.height_px / 2.0)
    part = gray[max(y - half, 0) : y + half, max(x - half, 0) : x + half]
    return jpeg(part, 85) if part.size else b""


def drawn(gray: Gray, found: tuple[Detection, ...]) -> bytes:
    """JPEG of a frame with the boxes of likely people."""
    picture = cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR)
    for d in found:
        if d.label == "Person":
            b = d.box
            top_left = (int(b.x_px) - 3, int(b.y_px) - 3)
            bottom_right = (int(b.x_px + b.width_px) + 3, int(b.y_px + b.height_px) + 3)
            cv2.rectangle(picture, top_left, bottom_right, (60, 170, 255) if d.score < 0.5 else (60, 60, 255), 1)
    shrink = min(1.0, PREVIEW_PX / picture.shape[1])
    return jpeg(cv2.resize(picture, None, fx=shrink, fy=shrink) if shrink < 1.0 else picture, 75)


def jpeg(picture: NDArray[Any], quality: int) -> bytes:
    """An image as JPEG."""
    ok, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data.tobytes() if ok else b""
