"""Which messages we want how often, asked again until they come (ArduPilot sends nothing until asked)."""

from __future__ import annotations

import math
from dataclasses import dataclass

SET_MESSAGE_INTERVAL = 511
REQUEST_MESSAGE = 512
AUTOPILOT_VERSION = 148

WANTED_HZ: dict[int, float] = {
    33: 10.0,  # GLOBAL_POSITION_INT
    30: 15.0,  # ATTITUDE
    285: 10.0,  # GIMBAL_DEVICE_ATTITUDE_STATUS
    245: 2.0,  # EXTENDED_SYS_STATE
    42: 2.0,  # MISSION_CURRENT
    1: 1.0,  # SYS_STATUS
    24: 2.0,  # GPS_RAW_INT
    242: 0.5,  # HOME_POSITION
}
GIMBAL_STATUS, MOUNT_ORIENTATION, MOUNT_HZ = 285, 265, 10.0
"""Older mounts know only MOUNT_ORIENTATION; it is asked for where the newer message did not come at first asking."""

ASKS_AT_ONCE = 3
FIRST_RETRY_S = 1.0
LAST_RETRY_S = 30.0


@dataclass(slots=True)
class _Stream:
    hz: float
    heard_at: float = -math.inf
    asked_at: float = -math.inf
    retry_s: float = 0.0
    gap_s: float = 0.0

    def came(self, now: float) -> None:
        gap_s = min(now - self.heard_at, 60.0)
        self.gap_s += 0.1 * (gap_s - self.gap_s)
        self.heard_at = now

    def due(self, now: float) -> bool:
        """Never asked; or silent, or at less than half the rate, in spite of it."""
        silent = now - self.heard_at > 3.0 / self.hz + 1.0
        slow = self.gap_s > 2.0 / self.hz
        return (silent or slow or self.asked_at == -math.inf) and now - self.asked_at >= self.retry_s


class Rates:
    """What was asked and what came, for one vehicle. `now`: monotonic, s."""

    def __init__(self) -> None:
        self._streams = {number: _Stream(hz) for number, hz in WANTED_HZ.items()}
        self._version = _Stream(hz=1e-9)

    def heard(self, message_id: int, now: float) -> None:
        """A message came."""
        if (s := self._streams.get(message_id)) is not None:
            s.came(now)
        elif message_id == AUTOPILOT_VERSION:
            self._version.heard_at = now

    def restart(self) -> None:
        """The vehicle came back, perhaps rebooted: ask for all that does not come."""
        for s in self._streams.values():
            s.retry_s = 0.0
        self._version.retry_s = 0.0

    def asks(self, now: float) -> list[tuple[int, tuple[float, ...]]]:
        """Commands due now, (MAV_CMD, params 1 to 7), at most a few; intervals stretch from 1 s to 30 s."""
        due: list[tuple[int, tuple[float, ...]]] = []
        if self._version.due(now):
            _asked(self._version, now)
            due.append((REQUEST_MESSAGE, (float(AUTOPILOT_VERSION), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)))
        for number, s in list(self._streams.items()):
            if len(due) >= ASKS_AT_ONCE:
                break
            if s.due(now):
                if number == GIMBAL_STATUS and s.retry_s > FIRST_RETRY_S:
                    self._streams.setdefault(MOUNT_ORIENTATION, _Stream(MOUNT_HZ))
                _asked(s, now)
                due.append((SET_MESSAGE_INTERVAL, (float(number), 1e6 / s.hz, 0.0, 0.0, 0.0, 0.0, 0.0)))
        return due


def _asked(s: _Stream, now: float) -> None:
    s.asked_at = now
    s.retry_s = min(LAST_RETRY_S, max(FIRST_RETRY_S, s.retry_s * 2.0))
