"""Who takes part in which lot: contiguous shares dealt from the ends of lots to the drones nearest to them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.geo import Floats
from flightops.planning.paths.timing import Pace
from flightops.planning.replan.level import Load, filled
from flightops.planning.replan.lots import NOBODY, Lot, Split
from flightops.planning.replan.tour import Atlas


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


def dealt(
    lots: tuple[Lot, ...], places: dict[int, Floats], load: Load, sharing: bool, atlas: Atlas
) -> tuple[Split, ...]:
    """Splits of all lots among the drones at `places` (by drone: where each begins). `sharing`: whether drones that
    would finish last hand the tails of their own paths over; what they cannot fly at all they always do."""
    drones = tuple(sorted(places))
    own = np.zeros(len(load.rate))
    for lot in lots:
        if lot.kept:
            own[lot.owner] = lot.size_s
    at = {d: places[d] for d in drones} | {lot.owner: lot.at(lot.size_s) for lot in lots if lot.kept}
    front = dict(places)
    if not drones:
        return tuple(Split((NOBODY,), np.array([lot.size_s])) for lot in lots)
    keep, spare = _spare(lots, drones, own, load, sharing, at, atlas)
    opened = [_opened(lot, keep) for lot in lots]
    _deal(opened, at, front, spare, atlas)
    for o in opened:
        _nearest_joins(o, at, atlas)
    return tuple(o.split() for o in opened)


def _opened(lot: Lot, keep: dict[int, float]) -> _Open:
    if not lot.kept:
        return _Open(lot, 0.0, lot.size_s, [], [])
    mine = min(keep[lot.owner], lot.size_s)
    return _Open(lot, mine, lot.size_s, [(lot.owner, mine)], [])


def _nearest_joins(o: _Open, at: dict[int, Floats], atlas: Atlas) -> None:
    """What is still open goes to the nearest drone that has no share of the lot; levelling sees to its size."""
    if o.size <= 1e-6:
        return
    place = o.lot.at(o.low)
    others = [(round(atlas.hop_s(p, place), 1), d) for d, p in at.items() if d not in {t for t, _ in o.head + o.tail}]
    if others and np.isfinite(min(others)[0]):
        drone = min(others)[1]
        at[drone] = o.give(drone, o.size, at_head=True)


def _spare(
    lots: tuple[Lot, ...],
    drones: tuple[int, ...],
    own: Floats,
    load: Load,
    sharing: bool,
    at: dict[int, Floats],
    atlas: Atlas,
) -> tuple[dict[int, float], dict[int, float]]:
    """Reference seconds each keeps of its own path, and those it can take over, none of less than a line."""
    pace, line = atlas.pace, min((lot.line_s for lot in lots), default=0.0)
    reach = {d: min((_straight_s(lot, at[d], pace) for lot in lots if lot.owner != d), default=0.0) for d in drones}
    able = {d: max((load.cap_s[d] - load.bound_s[d]) / load.rate[d], 0.0) for d in drones}
    pool = sum(lot.size_s for lot in lots if not lot.kept)
    takers = list(drones)
    while True:
        who = np.array(takers)
        bound = load.bound_s[who] + np.array([reach[d] for d in takers])
        if sharing:
            total = pool + float(own[list(drones)].sum()) - sum(min(own[d], able[d]) for d in drones if d not in takers)
            got = filled(load.bound_s[who], load.rate[who], load.cap_s[who], total)
            extra = {d: float(x) - own[d] for d, x in zip(takers, got, strict=True)}
        else:
            over = sum(max(own[d] - able[d], 0.0) for d in drones)
            got = filled(bound + own[who] * load.rate[who], load.rate[who], load.cap_s[who], pool + over)
            extra = {d: float(x) for d, x in zip(takers, got, strict=True)}
        small = [d for d in takers if 0.0 <= extra[d] < line]
        if not small or len(takers) == 1:
            break
        takers.remove(min(small, key=lambda d: (extra[d] - reach[d] / load.rate[d], d)))
    keep = {d: min(own[d], able[d]) for d in drones}
    if sharing:
        keep |= {d: min(keep[d], own[d] + min(extra[d], 0.0)) for d in takers if extra[d] < -line}
    return keep, {d: max(extra.get(d, 0.0), 0.0) for d in drones}


def _straight_s(lot: Lot, place: Floats, pace: Pace) -> float:
    """Seconds of the straight way to the nearer end of a lot."""
    far = min(float(np.hypot(*(lot.at(s) - place))) for s in (0.0, lot.size_s))
    return float(pace.run_s(np.array(far))) + 2.0 * pace.turn_s


def _deal(
    opened: list[_Open], at: dict[int, Floats], front: dict[int, Floats], spare: dict[int, float], atlas: Atlas
) -> None:
    """Deals the open lots: always the nearest end to the drone nearest to it, with as much as it can take."""
    taken = [{d for d, _ in o.head} for o in opened]
    while True:
        chosen = _nearest(opened, at, front, [d for d in spare if spare[d] > 1e-6], taken, atlas)
        if chosen is None:
            return
        d, k, at_head = chosen
        o = opened[k]
        size = min(spare[d], o.size)
        if o.size - size < o.lot.line_s / 2.0:
            size = o.size
        at[d] = o.give(d, size, at_head)
        taken[k].add(d)
        left = spare[d] - size
        spare[d] = left if left >= o.lot.line_s / 2.0 else 0.0


def _nearest(
    opened: list[_Open],
    at: dict[int, Floats],
    front: dict[int, Floats],
    drones: list[int],
    taken: list[set[int]],
    atlas: Atlas,
) -> tuple[int, int, bool] | None:
    """The drone, the lot and whether its head, with the least way from where the drone ends its work, or there and
    back from where it is; None when nothing is open to anybody. Straight ways tell which are worth working out."""
    options: list[tuple[float, int, int, bool, Floats]] = []
    for k, o in enumerate(opened):
        for head in (True, False) if o.size > 1e-6 else ():
            place = o.lot.at(o.low if head else o.high)
            for d in drones:
                if d not in taken[k]:
                    far = min(math.dist(at[d], place), 2.0 * math.dist(front[d], place))
                    options.append((far / atlas.pace.speed_mps, d, k, head, place))
    best: tuple[float, int, int, bool] | None = None
    for least, d, k, head, place in sorted(options, key=lambda o: o[:4]):
        if best is not None and least > best[0]:
            break
        way = min(atlas.hop_s(at[d], place), 2.0 * atlas.hop_s(front[d], place))
        if np.isfinite(way) and (best is None or (way, d, k, head) < best):
            best = (way, d, k, head)
    return best[1:] if best is not None else None
