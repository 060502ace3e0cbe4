"""How good a link is: frames lost by sequence number over a sliding window."""

from __future__ import annotations

from collections import deque

from core.drone import LinkQuality

WINDOW_S = 10.0
MAX_GAP = 128
"""A longer jump of the sequence number is a restart or a duplicate, not a gap."""


class Quality:
    """Counts per second slot, so that memory does not grow with the frame rate."""

    def __init__(self) -> None:
        self._last: dict[int, int] = {}
        self._slots: deque[tuple[int, int, int]] = deque()

    def heard(self, component: int, seq: int, now: float) -> None:
        """A frame of this component (each numbers its own) came at monotonic time `now`."""
        gap = (seq - self._last.get(component, seq - 1) - 1) % 256
        self._last[component] = seq
        lost = gap if gap < MAX_GAP else 0
        slot = int(now)
        if self._slots and self._slots[-1][0] == slot:
            _, came, gone = self._slots.pop()
            self._slots.append((slot, came + 1, gone + lost))
        else:
            self._slots.append((slot, 1, lost))
        self._prune(now)

    def _prune(self, now: float) -> None:
        while self._slots and self._slots[0][0] <= now - WINDOW_S - 1:
            self._slots.popleft()

    def now(self, now: float) -> LinkQuality:
        """Over the last 10 s (fewer at the start: then the rate counts from the first frame)."""
        self._prune(now)
        came = sum(s[1] for s in self._slots)
        lost = sum(s[2] for s in self._slots)
        span = max(1.0, min(WINDOW_S, now - self._slots[0][0])) if self._slots else WINDOW_S
        return LinkQuality(loss=lost / (came + lost) if came else 0.0, frames_hz=came / span)
