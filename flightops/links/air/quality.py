"""How good a link is: frames lost by sequence number over a sliding window."""

from __future__ import annotations

from collections import deque

from core.drone import LinkQuality

WINDOW_S = 10.0
MAX_LATE = 40
MAX_GAP = 128
"""A sequence number further behind or ahead of the newest is a restart of the counter, no late frame and no gap."""


class Quality:
    """Sent (by sequence numbers, late ones counted once) and come, a second a slot: memory does not grow with the
    frame rate."""

    def __init__(self) -> None:
        self._newest: dict[int, int] = {}
        self._slots: deque[tuple[int, int, int]] = deque()

    def heard(self, component: int, seq: int, now: float) -> None:
        """A frame of this component (each numbers its own) came at monotonic time `now`."""
        ahead = (seq - self._newest.get(component, seq - 1) + MAX_LATE) % 256 - MAX_LATE
        if ahead > 0:
            self._newest[component] = seq
        slot, sent = int(now), max(ahead, 0) if ahead <= MAX_GAP else 1
        if self._slots and self._slots[-1][0] == slot:
            _, came, before = self._slots.pop()
            self._slots.append((slot, came + 1, before + sent))
        else:
            self._slots.append((slot, 1, sent))
        self._prune(now)

    def _prune(self, now: float) -> None:
        while self._slots and self._slots[0][0] <= now - WINDOW_S - 1:
            self._slots.popleft()

    def now(self, now: float) -> LinkQuality:
        """Over the last 10 s (fewer at the start: then the rate counts from the first frame)."""
        self._prune(now)
        came = sum(s[1] for s in self._slots)
        sent = sum(s[2] for s in self._slots)
        span = max(1.0, min(WINDOW_S, now - self._slots[0][0])) if self._slots else WINDOW_S
        return LinkQuality(loss=max(0.0, 1 - came / sent) if sent else 0.0, frames_hz=came / span)
