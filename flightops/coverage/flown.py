"""Searches as far as their coverage goes: a fold of facts in place. What it keeps of a strip is its outline."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from core.events import (
    Recorded,
    SearchAccepted,
    SearchEnded,
    SearchPlan,
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


@dataclass(slots=True)
class Searched:
    """One search: its order, which sectors are over (swept or given up), what cameras saw: rings (n, 2) of longitude
    and latitude, not closed."""

    search: SearchId
    area: Area
    plan: SearchPlan
    accepted_at: UtcSeconds
    over: set[SectorId] = field(default_factory=set)
    strips: list[Floats] = field(default_factory=list)
    ended: bool = False

    @property
    def all_over(self) -> bool:
        """Whether nothing of it will be flown any more."""
        return self.ended or self.over >= {s.sector for s in self.plan.sectors}


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
                self._searches.setdefault(id_, Searched(id_, area, plan, record.at))
            case StripSwept(search=id_, ring=ring) if known := self._searches.get(id_):
                known.strips.append(lonlat(ring))
            case SectorEntered(search=id_, sector=sector) if known := self._searches.get(id_):
                known.over.discard(sector)
            case SectorSwept(search=id_, sector=sector) | SectorFailed(search=id_, sector=sector) if (
                known := self._searches.get(id_)
            ):
                known.over.add(sector)
            case SearchEnded(search=id_) if known := self._searches.get(id_):
                known.ended = True

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
