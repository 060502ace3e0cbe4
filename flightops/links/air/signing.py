"""MAVLink 2 message signing (https://mavlink.io/en/guide/message_signing.html): which frames of a link are believed.

A signature is 13 bytes behind the checksum: link id, 48-bit time in 10 us since 2015-01-01 UTC, and the first six bytes
of SHA-256 over key, frame, link id and time. Three holes of pymavlink's own check are closed here: times believed are
kept beyond a restart, none from the future is believed, and none counts before its signature was found good.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from enum import StrEnum

from core.units import UtcSeconds

EPOCH_S = 1_420_070_400.0
"""2015-01-01 UTC."""
A_SECOND = 100_000
"""Units of time, 10 us each."""
TAIL, MARK, LEAST = 13, 6, 25
"""Bytes of a signature in all, of its hash, and of the shortest signed frame."""
MOST_STREAMS = 256
"""Of one link: whoever holds the key may not fill the memory either."""
V2, SIGNED = 0xFD, 0x01
FUTURE_S = 60.0
PAST_S = 60.0
"""How far from our clock a time is believed: ahead; behind, of a stream never heard."""
AHEAD_S = 2
"""What is kept on disk is at least so far ahead of every time believed or sent, so nothing heard before a restart is
believed after it. Honest frames are refused for so long after a restart."""


class Wrong(StrEnum):
    """Why a frame is not believed."""

    UNSIGNED = "it is not signed"
    MARK = "its signature is not of this link's key"
    FUTURE = f"it is dated over {FUTURE_S:.0f} s ahead of our clock"
    OLD = f"it is dated over {PAST_S:.0f} s behind our clock, or before our last start"
    REPLAYED = "a frame as new, or newer, was heard already"


def units_at(now: float) -> int:
    """Signing time of a moment, 10 us since 2015."""
    return max(int((now - EPOCH_S) * A_SECOND), 0)


@dataclass(slots=True)
class Signer:
    """One link's signing, both ways. `kept`: the time on disk; none up to it is believed or sent again. `streams`: the
    newest time believed of each (system, component, link id)."""

    key: bytes = field(repr=False)
    kept: int = 0
    streams: dict[tuple[int, int, int], int] = field(default_factory=dict)
    _floor: int = field(init=False)
    _newest: int = field(init=False)

    def __post_init__(self) -> None:
        self._floor = self._newest = self.kept

    def next_time(self, now: UtcSeconds) -> int:
        """The time of the next frame sent: never the same twice, whatever the clock does."""
        self._newest = max(self._newest + 1, units_at(now))
        return self._newest

    def wrong(self, frame: bytes, now: UtcSeconds) -> Wrong | None:
        """Why a whole frame with a good checksum is not believed; None when it is: its time is spent then."""
        if len(frame) < LEAST or frame[0] != V2 or not frame[2] & SIGNED:
            return Wrong.UNSIGNED
        mark = hashlib.sha256(self.key + frame[:-MARK]).digest()[:MARK]
        if not hmac.compare_digest(mark, frame[-MARK:]):
            return Wrong.MARK
        time, ours = int.from_bytes(frame[-TAIL + 1 : -MARK], "little"), units_at(now)
        if time > ours + FUTURE_S * A_SECOND:
            return Wrong.FUTURE
        stream = (frame[5], frame[6], frame[-TAIL])
        known = self.streams.get(stream)
        if known is not None and time <= known:
            return Wrong.REPLAYED
        new = known is None and (time < ours - PAST_S * A_SECOND or len(self.streams) >= MOST_STREAMS)
        if new or time <= self._floor:
            return Wrong.OLD
        self.streams[stream] = time
        self._newest = max(self._newest, time)
        return None

    def to_keep(self) -> int | None:
        """The time that must be on disk before what was last believed or sent has any effect; None: it is there."""
        return None if self._newest < self.kept else self._newest + AHEAD_S * A_SECOND
