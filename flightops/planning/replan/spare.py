"""How much each drone keeps of its own path and how much it can take over, before anything is dealt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.geo import Floats
from flightops.planning.paths.timing import Pace
from flightops.planning.replan.level import Load, filled
from flightops.planning.replan.lots import Lot
from flightops.planning.replan.tour import Atlas


@dataclass(frozen=True, slots=True)
class Table:
    """What is dealt to whom: lots, where drones that can be given work are, what binds them, the ways."""

    lots: tuple[Lot, ...]
    places: dict[int, Floats]
    load: Load
    atlas: Atlas

    @property
    def drones(self) -> tuple[int, ...]:
        """Drones that can be given work, in order."""
        return tuple(sorted(self.places))

    def ends(self) -> dict[int, Floats]:
        """Where each drone ends its own path, or where it is."""
        return self.places | {lot.owner: lot.at(lot.size_s) for lot in self.lots if lot.kept}


@dataclass(frozen=True, slots=True)
class _Figures:
    """By drone: reference seconds left of its own path, those it can fly at all, and seconds to the nearest lot of
    another; and the load."""

    own: dict[int, float]
    able: dict[int, float]
    reach: dict[int, float]
    load: Load

    @staticmethod
    def of(table: Table) -> _Figures:
        load, ends, pace = table.load, table.ends(), table.atlas.pace
        own = dict.fromkeys(table.drones, 0.0) | {lot.owner: lot.size_s for lot in table.lots if lot.kept}
        able = {d: max(float((load.cap_s[d] - load.bound_s[d]) / load.rate[d]), 0.0) for d in own}
        away = {d: [_straight_s(lot, ends[d], pace) for lot in table.lots if lot.owner != d] for d in own}
        return _Figures(own, able, {d: min(times, default=0.0) for d, times in away.items()}, load)

    def taken_over(self, takers: list[int], pool: float) -> dict[int, float]:
        """Reference seconds of others' work each takes when own work stays, but for what is beyond endurance."""
        beyond = sum(max(own - self.able[d], 0.0) for d, own in self.own.items())
        rest = [self.load.bound_s[d] + self.reach[d] + self.own[d] * self.load.rate[d] for d in takers]
        got = filled(np.array(rest), self.load.rate[takers], self.load.cap_s[takers], pool + beyond)
        return {d: float(x) for d, x in zip(takers, got, strict=True)}

    def shared_out(self, takers: list[int], pool: float) -> dict[int, float]:
        """Reference seconds each takes over, below 0 handed over, when all work is shared among the takers."""
        theirs = sum(own if d in takers else max(own - self.able[d], 0.0) for d, own in self.own.items())
        got = filled(self.load.bound_s[takers], self.load.rate[takers], self.load.cap_s[takers], pool + theirs)
        return {d: float(x) - self.own[d] for d, x in zip(takers, got, strict=True)}


def kept_and_spare(table: Table, sharing: bool) -> tuple[dict[int, float], dict[int, float]]:
    """Reference seconds each drone keeps of its own path, and those it can take over: none, or a line and more."""
    line = min((lot.line_s for lot in table.lots), default=0.0)
    pool = sum(lot.size_s for lot in table.lots if not lot.kept)
    figures = _Figures.of(table)
    able, own = figures.able, figures.own
    takers = list(table.drones)
    while True:
        extra = figures.shared_out(takers, pool) if sharing else figures.taken_over(takers, pool)
        small = [d for d in takers if 0.0 <= extra[d] < line]
        if not small or len(takers) == 1:
            break
        takers.remove(min(small, key=lambda d: (extra[d] - figures.reach[d], d)))
    keep = {d: min(own[d], able[d]) for d in own}
    keep |= {d: min(keep[d], own[d] + x) for d, x in extra.items() if x < -line}
    return keep, {d: max(extra.get(d, 0.0), 0.0) for d in own}


def _straight_s(lot: Lot, place: Floats, pace: Pace) -> float:
    """Seconds of the straight way to the nearer end of a lot."""
    far = min(float(np.hypot(*(lot.at(s) - place))) for s in (0.0, lot.size_s))
    return float(pace.run_s(np.array(far))) + 2.0 * pace.turn_s
