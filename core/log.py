"""The event log as a port: the record, in one order. And the trail: newest telemetry, trimmed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from core.events import Fact, Recorded
from core.units import UtcSeconds


class EventLog(Protocol):
    """Append-only. What `append` has returned for is kept through kill -9 and power loss (durable adapters)."""

    async def append(self, now: UtcSeconds, *facts: Fact) -> int:
        """Append all facts or none; returns the last sequence number. Raises Fault when it can't be kept."""
        ...

    async def read(self, after: int, limit: int = 1000) -> tuple[Recorded, ...]:
        """Up to `limit` records with seq > after, in order."""
        ...

    def last_seq(self) -> int:
        """Sequence number of the newest record; 0 when empty."""
        ...

    def follow(self, after: int) -> AsyncIterator[Recorded]:
        """Every record with seq > after, those to come included; a slow reader waits, none is lost."""
        ...

    async def close(self) -> None:
        """Write out what is queued and end; afterwards append raises Fault."""
        ...


class Trail(Protocol):
    """Newest payload a subject ("unit/u1", "drone/d1"): position and attitude telemetry, not the record."""

    def push(self, subject: str, at: UtcSeconds, payload: bytes) -> None:
        """Keep the newest; may be written out up to a second later."""
        ...

    def newest(self) -> Mapping[str, tuple[UtcSeconds, bytes]]:
        """Newest payload of each subject."""
        ...

    def close(self) -> None:
        """Write out and end."""
        ...
