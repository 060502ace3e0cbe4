"""A .tlog a drone and start: 8-byte big-endian microseconds since 1970, then the frame, as ground stations write it."""

from __future__ import annotations

import os
import queue
import struct
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from core.ids import DroneId
from core.units import UtcSeconds

QUEUE = 20_000
"""Frames waiting for the disk; when full, frames are left out of the log (counted), the flying goes on."""
Full = Callable[[DroneId, str], None]


class Tlog:
    """One writing thread for all drones. `failed(drone, why)` is called from it, once a drone, when its log ends."""

    def __init__(self, folder: Path, started: UtcSeconds, failed: Full) -> None:
        self._folder, self._failed = folder, failed
        self._stamp = datetime.fromtimestamp(started, UTC).strftime("%Y%m%dT%H%M%SZ")
        self._waiting: queue.Queue[tuple[DroneId, bytes] | None] = queue.Queue(QUEUE)
        self._files: dict[DroneId, int | None] = {}
        self.left_out = 0
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="tlog", daemon=True)
        self._thread.start()

    def path(self, drone: DroneId) -> Path:
        """Where this drone's log is written."""
        return self._folder / f"{drone}-{self._stamp}.tlog"

    def write(self, drone: DroneId, at: UtcSeconds, frame: bytes) -> None:
        """Queue a frame, heard or sent at `at`; never waits, never raises."""
        try:
            self._waiting.put_nowait((drone, struct.pack(">Q", int(at * 1e6)) + frame))
        except queue.Full:
            self.left_out += 1

    def close(self) -> None:
        """Write out what waits and end."""
        self._waiting.put(None)
        self._thread.join(timeout=5.0)

    def _run(self) -> None:
        while not self._ending and (batch := self._batch()) is not None:
            for drone, data in batch.items():
                self._append(drone, data)
        for fd in self._files.values():
            if fd is not None:
                os.close(fd)

    def _batch(self) -> dict[DroneId, bytes] | None:
        """All that waits, a drone's frames together; None at the end (what came before it is written first)."""
        first = self._waiting.get()
        if first is None:
            return None
        batch = {first[0]: [first[1]]}
        while not self._waiting.empty() and sum(map(len, batch.values())) < 1000:
            item = self._waiting.get()
            if item is None:
                self._ending = True
                break
            batch.setdefault(item[0], []).append(item[1])
        return {drone: b"".join(frames) for drone, frames in batch.items()}

    def _append(self, drone: DroneId, data: bytes) -> None:
        try:
            if drone not in self._files:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._files[drone] = os.open(self.path(drone), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
            fd = self._files[drone]
            if fd is not None:
                _write_whole(fd, data)
        except OSError as e:
            if (fd := self._files.get(drone)) is not None:
                os.close(fd)
            self._files[drone] = None
            self._failed(drone, f"the flight log ({self.path(drone)}) ended: {e.strerror}. The flying goes on.")


def _write_whole(fd: int, data: bytes) -> None:
    """All of it or, on a full disk, none of it (so that the file stays readable); raises OSError."""
    good = os.fstat(fd).st_size
    try:
        while data:
            data = data[os.write(fd, data) :]
    except OSError:
        os.ftruncate(fd, good)
        raise
