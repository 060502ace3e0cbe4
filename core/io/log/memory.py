"""Event log and trail in memory: for tests and for runs that need no record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

from core.errors import Fault
from core.events import Fact, Recorded
from core.units import UtcSeconds


class MemoryLog:
    """EventLog that keeps everything in a list."""

    def __init__(self) -> None:
        self._records: list[Recorded] = []
        self._grown = asyncio.Event()
        self._closed = False

    async def append(self, now: UtcSeconds, *facts: Fact) -> int:
        if self._closed:
            raise Fault("the log is closed")
        start = len(self._records) + 1
        self._records += [Recorded(start + i, now, f) for i, f in enumerate(facts)]
        self._grown.set()
        self._grown = asyncio.Event()
        return len(self._records)

    async def read(self, after: int, limit: int = 1000) -> tuple[Recorded, ...]:
        return tuple(self._records[after : after + limit])

    def last_seq(self) -> int:
        return len(self._records)

    async def follow(self, after: int) -> AsyncIterator[Recorded]:
        while True:
            grown = self._grown
            batch = await self.read(after)
            for record in batch:
                yield record
                after = record.seq
            if not batch:
                if self._closed:
                    return
                await grown.wait()

    async def close(self) -> None:
        self._closed = True
        self._grown.set()


class MemoryTrail:
    """Trail in a dict."""

    def __init__(self) -> None:
        self._newest: dict[str, tuple[UtcSeconds, bytes]] = {}

    def push(self, subject: str, at: UtcSeconds, payload: bytes) -> None:
        old = self._newest.get(subject)
        if old is None or old[0] <= at:
            self._newest[subject] = (at, payload)

    def newest(self) -> Mapping[str, tuple[UtcSeconds, bytes]]:
        return dict(self._newest)

    def close(self) -> None:
        return None
