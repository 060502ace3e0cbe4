"""Who takes part in which lot: contiguous shares dealt from the ends of lots to the drones nearest to them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.geo import Floats
from flightops.planning.replan.lots import NOBODY, Lot, Split
from flightops.planning.replan.spare import Table, kept_and_spare
from flightops.planning.replan.tour import Atlas

SLIGHTEST_S = 1e-6


@dataclass(slots=True)
class _Open:
    """A lot while it is dealt: what is still open of it, reference seconds from its start, and its takers so far."""

    lot: Lot
    low: float
    high: float
    head: list[tuple[int, float]]
    tail: list[tuple[int, float]]

    @property
    def size(self) -> float:
        return self.high - self.low

    @property
    def drones(self) -> set[int]:
        return {d for d, _ in self.head + self.tail}

    def give(self, drone: int, size: float, at_head: bool) -> Floats:
        """Deals a share from one end; where it ends."""
        if at_head:
            self.head.append((drone, size))
            self.low += size
            return self.lot.at(self.low)
        self.tail.append((drone, size))
        self.high -= size
        return self.lot.at(self.high)

    def split(self) -> Split:
        shares = [*self.head, (NOBODY, max(self.size, 0.0)), *self.tail[::-1]]
        return Split(tuple(d for d, _ in shares), np.array([s for _, s in shares]))


@dataclass(frozen=True, slots=True)
class _Dealing:
    """Lots while they are dealt; by drone where it ends its work, where it is, and what it can still take."""

    opened: list[_Open]
    at: dict[int, Floats]
    front: dict[int, Floats]
    spare: dict[int, float]
    atlas: Atlas

    def deal(self) -> None:
        """Always the nearest end to the drone nearest to it, with as much as it can take."""
        while (chosen := self._nearest()) is not None:
            d, k, at_head = chosen
            o = self.opened[k]
            size = min(self.spare[d], o.size)
            if o.size - size < o.lot.line_s / 2.0:
                size = o.size
            self.at[d] = o.give(d, size, at_head)
            left = self.spare[d] - size
            self.spare[d] = left if left >= o.lot.line_s / 2.0 else 0.0

    def _nearest(self) -> tuple[int, int, bool] | None:
        """The drone, the lot and whether its head, with the least way; None when nothing is open to anybody. Straight
        ways tell which are worth working out."""
        best: tuple[float, int, int, bool] | None = None
        for least, d, k, at_head, place in sorted(self._options(), key=lambda o: o[:4]):
            if best is not None and least > best[0]:
                break
            way = min(self.atlas.hop_s(self.at[d], place), 2.0 * self.atlas.hop_s(self.front[d], place))
            if np.isfinite(way) and (best is None or (way, d, k, at_head) < best):
                best = (way, d, k, at_head)
        return best[1:] if best is not None else None

    def _options(self) -> Iterator[tuple[float, int, int, bool, Floats]]:
        """Seconds of the straight way from where a drone ends its work, or there and back from where it is; the drone,
        the lot, whether its head, and the place."""
        for k, o in enumerate(self.opened):
            if o.size <= SLIGHTEST_S:
                continue
            for at_head in (True, False):
                place = o.lot.at(o.low if at_head else o.high)
                for d, spare in self.spare.items():
                    if spare > SLIGHTEST_S and d not in o.drones:
                        far = min(math.dist(self.at[d], place), 2.0 * math.dist(self.front[d], place))
                        yield far / self.atlas.pace.speed_mps, d, k, at_head, place


def dealt(table: Table, sharing: bool) -> tuple[Split, ...]:
    """Splits of all lots among the drones at the table. `sharing`: whether drones that would finish last hand the
    tails of their own paths over; what they cannot fly at all they always do."""
    if not table.drones:
        return tuple(Split((NOBODY,), np.array([lot.size_s])) for lot in table.lots)
    keep, spare = kept_and_spare(table, sharing)
    dealing = _Dealing([_opened(lot, keep) for lot in table.lots], table.ends(), table.places, spare, table.atlas)
    dealing.deal()
    for o in dealing.opened:
        _nearest_joins(o, dealing.at, table.atlas)
    return tuple(o.split() for o in dealing.opened)


def _opened(lot: Lot, keep: dict[int, float]) -> _Open:
    if not lot.kept:
        return _Open(lot, 0.0, lot.size_s, [], [])
    mine = min(keep[lot.owner], lot.size_s)
    return _Open(lot, mine, lot.size_s, [(lot.owner, mine)], [])


def _nearest_joins(o: _Open, at: dict[int, Floats], atlas: Atlas) -> None:
    """What is still open goes to the nearest drone that has no share of the lot; levelling sees to its size."""
    if o.size <= SLIGHTEST_S:
        return
    place = o.lot.at(o.low)
    others = [(round(atlas.hop_s(p, place), 1), d) for d, p in at.items() if d not in o.drones]
    if others and np.isfinite(min(others)[0]):
        drone = min(others)[1]
        at[drone] = o.give(drone, o.size, at_head=True)
