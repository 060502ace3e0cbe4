"""When a frame was taken, from its presentation time and when it arrived.

    capture = pts + min over the last WINDOW_S of (arrival - pts) - latency

The camera's clock gives even spacing, the fastest packet of the window gives its offset to ours: network jitter and
decoder hiccups drop out. What stays is one error for all frames of a stream: the true smallest latency less the
stated one (its standard error is PoseError.time_s), and up to WINDOW_S of the two clocks' drift (30 s at 50 ppm:
1.5 ms). A pts that jumps by more than JUMP_S against arrival (restarted encoder, stepped clock) starts anew.
"""

from __future__ import annotations

from collections import deque

from core.units import UtcSeconds

WINDOW_S = 30.0
JUMP_S = 1.0


class CaptureTime:
    """Keeps the running minimum of one stream; latency_s is capture to the arrival that is given here."""

    def __init__(self, latency_s: float) -> None:
        self._latency_s = latency_s
        self._least: deque[tuple[float, float]] = deque()
        """(arrival, offset), offsets rising: the front is the minimum of the window."""
        self._last: float | None = None

    def at(self, pts_s: float | None, arrival: UtcSeconds) -> UtcSeconds:
        """Capture time of a frame; without a pts its arrival less the latency."""
        if pts_s is None:
            return UtcSeconds(arrival - self._latency_s)
        offset = arrival - pts_s
        if self._last is not None and abs(offset - self._last) > JUMP_S:
            self._least.clear()
        self._last = offset
        while self._least and self._least[-1][1] >= offset:
            self._least.pop()
        self._least.append((arrival, offset))
        while arrival - self._least[0][0] > WINDOW_S:
            self._least.popleft()
        return UtcSeconds(pts_s + self._least[0][1] - self._latency_s)
