"""One frame, and the slot where the newest waits."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.units import UtcSeconds, finite


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A frame: capture time, (height, width) uint8 gray, white-hot, and its number since the source was opened."""

    at: UtcSeconds
    pixels: NDArray[np.uint8]
    number: int

    def __post_init__(self) -> None:
        finite("frame.at", self.at)
        if self.pixels.ndim != 2 or self.pixels.dtype != np.uint8:
            raise ValueError(f"pixels are (height, width) uint8; got {self.pixels.shape} {self.pixels.dtype}")


class NewestFrame:
    """A queue of length one between the decoder's thread and the detector: when full, the older frame is dropped
    and counted. `end` lets the reader go once the last frame is taken."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._end: str | None = None
        self.dropped = 0

    def put(self, frame: Frame) -> None:
        """Leave a frame; one that still waits is dropped."""
        with self._changed:
            self.dropped += self._frame is not None
            self._frame = frame
            self._changed.notify()

    def end(self, words: str) -> None:
        """No frame will follow, for the reason in `words`."""
        with self._changed:
            self._end = words
            self._changed.notify()

    def take(self, timeout_s: float) -> Frame | str | None:
        """The newest frame; the words of `end` after the last; None when timeout_s pass."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self._end is not None, timeout_s)
            frame, self._frame = self._frame, None
            return frame if frame is not None else self._end
