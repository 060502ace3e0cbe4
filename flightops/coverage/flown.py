"""Searches as far as their coverage goes: a fold of facts in place. What it keeps of a strip is its outline."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from core.events import (
    Recorded,
    SearchAccepted,
    SearchBettered,
    SearchEnded,
    SearchPlan,
    SearchReplanned,
    Sector,
    SectorEntered,
    SectorFailed,
    SectorSwept,
    StripSwept,
)
from core.geo import Area, Floats, LatLon
from core.ids import SearchId, SectorId
from core.units import UtcSeconds

SAME_CASE_S = 6 * 3600.0
"""Searches accepted within this of one another look for the same person: their sweeps add up."""


SETTLE_S = 4.0
"""The last strips of a sector come in its first seconds after its end (`missions/strips.py`): until then nothing of it
is called a gap."""


@dataclass(slots=True)
class Searched:
    """One search: its order, its sectors (those dealt again come after the plan's), since when they are over (swept,
    given up or dealt again), what cameras saw: rings (n, 2) of longitude and latitude, not closed; when it ended, None:
    not yet."""

    search: SearchId
    area: Area
    plan: SearchPlan
    accepted_at: UtcSeconds
    sectors: tuple[Sector, ...]
    over: dict[SectorId, UtcSeconds] = field(default_factory=dict)
    strips: list[Floats] = field(default_factory=list)
    ended_at: UtcSeconds | None = None

    def over_by(self, now: UtcSeconds) -> frozenset[SectorId]:
        """Sectors that are over, their last strips included."""
        ended = self.ended_at is not None and now - self.ended_at >= SETTLE_S
        every = (s.sector for s in self.sectors)
        return frozenset(every if ended else (k for k, at in self.over.items() if now - at >= SETTLE_S))

    def dealt_again(self, told: SearchReplanned, at: UtcSeconds) -> None:
        """What superseded sectors had left is the new sectors' to see; of those nobody flies it is over."""
        self.sectors += (*told.sectors, *told.undone)
        for sector in (*told.superseded, *(s.sector for s in told.undone)):
            self.over.setdefault(sector, at)


class FlownSearches:
    """Every search that was accepted. `hear` records in order; one heard before changes nothing."""

    def __init__(self) -> None:
        self.seq = 0
        self._searches: dict[SearchId, Searched] = {}

    def hear(self, record: Recorded) -> None:
        """Fold one record in."""
        if record.seq <= self.seq:
            return
        self.seq = record.seq
        match record.fact:
            case SearchAccepted(search=id_, area=area, plan=plan):
                self._searches.setdefault(id_, Searched(id_, area, plan, record.at, plan.sectors))
            case SearchBettered(search=id_, plan=plan) if known := self._searches.get(id_):
                known.plan, known.sectors = plan, plan.sectors
            case StripSwept(search=id_, ring=ring) if known := self._searches.get(id_):
                known.strips.append(lonlat(ring))
            case SectorEntered(search=id_, sector=sector) if known := self._searches.get(id_):
                known.over.pop(sector, None)
            case SectorSwept(search=id_, sector=sector) | SectorFailed(search=id_, sector=sector) if (
                known := self._searches.get(id_)
            ):
                known.over[sector] = record.at
            case SearchReplanned(search=id_) as told if known := self._searches.get(id_):
                known.dealt_again(told, record.at)
            case SearchEnded(search=id_) if known := self._searches.get(id_):
                known.ended_at = record.at

    def search(self, search: SearchId) -> Searched | None:
        """One search as it is now."""
        return self._searches.get(search)

    def beside(self, asked: Searched) -> tuple[Searched, ...]:
        """Other searches for the same person that have seen anything, oldest first."""
        near = [
            s
            for s in self._searches.values()
            if s is not asked and s.strips and abs(s.accepted_at - asked.accepted_at) <= SAME_CASE_S
        ]
        return tuple(sorted(near, key=lambda s: (s.accepted_at, s.search)))


def lonlat(ring: tuple[LatLon, ...]) -> Floats:
    """(n, 2) longitude, latitude of places."""
    return np.array([[p.lon_deg, p.lat_deg] for p in ring], dtype=np.float64).reshape(-1, 2)
