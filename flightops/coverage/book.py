"""The edge of coverage: it reads the record when asked, and works a search out once for all who ask."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from core.clock import Clock
from core.ids import SearchId, SectorId
from core.log import EventLog
from flightops.coverage.answers import coverage_json
from flightops.coverage.flown import FlownSearches
from flightops.coverage.pod_map import PodMap
from flightops.coverage.pod_picture import Theme, picture, rows_json
from flightops.coverage.seen import Means, coverage_of

MOST_KEPT = 20
REST = 20.0
"""New strips alone are not looked at before so many times as long as the last look took: 5 % of a core at most."""

Mark = tuple[tuple[frozenset[SectorId], int], tuple[tuple[SearchId, int], ...]]


@dataclass(frozen=True, slots=True)
class _Worked:
    """An answer and its POD by cell, what they were made of, and until when new strips alone do not make others
    (monotonic, s)."""

    mark: Mark
    answer: dict[str, Any]
    pod_map: PodMap
    rests_until: float


class CoverageBook:
    """Coverage of searches in a log. Geometry runs in a thread, one search at a time."""

    def __init__(self, log: EventLog, means: Means, clock: Clock) -> None:
        self._log, self._means, self._clock = log, means, clock
        self._flown = FlownSearches()
        self._lock = asyncio.Lock()
        self._known: dict[SearchId, _Worked] = {}

    async def coverage(self, search: SearchId) -> dict[str, Any] | None:
        """The coverage of a search as GeoJSON (`answers.py`); None when no such search was accepted."""
        known = await self._newest(search)
        return None if known is None else known.answer

    async def pod_rows(self, search: SearchId) -> dict[str, Any] | None:
        """Its POD by cell as numbers (`pod_picture.rows_json`); None when no such search was accepted."""
        known = await self._newest(search)
        return None if known is None else await asyncio.to_thread(rows_json, search, known.pod_map)

    async def pod_picture(self, search: SearchId, theme: str) -> bytes | None:
        """Its POD by cell as a PNG in a theme's colours (`night`, `day`); None when no such search was accepted."""
        known = await self._newest(search)
        return None if known is None else await asyncio.to_thread(picture, known.pod_map, Theme(theme))

    async def _newest(self, search: SearchId) -> _Worked | None:
        async with self._lock:
            await self._catch_up()
            asked = self._flown.search(search)
            if asked is None:
                return None
            others = self._flown.beside(asked)
            over = asked.over_by(self._clock.now())
            mark = (over, len(asked.sectors)), tuple((s.search, len(s.strips)) for s in (asked, *others))
            known, began = self._known.get(search), self._clock.monotonic()
            if known is None or (known.mark != mark and (known.mark[0] != mark[0] or began >= known.rests_until)):
                found = await asyncio.to_thread(coverage_of, asked, others, over, self._means)
                answer = await asyncio.to_thread(coverage_json, found)
                end = self._clock.monotonic()
                known = _Worked(mark, answer, found.pod_map, end + REST * (end - began))
                self._known.pop(search, None)
                self._known[search] = known
                if len(self._known) > MOST_KEPT:
                    del self._known[next(iter(self._known))]
            return known

    async def _catch_up(self) -> None:
        while batch := await self._log.read(self._flown.seq):
            for record in batch:
                self._flown.hear(record)
            await asyncio.sleep(0)
