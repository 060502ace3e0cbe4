"""The order in which pieces are flown, and where each is entered: 2-opt and or-opt on exact link times.

A piece can be entered in `o` ways; cost[i, p] is its time entered in way p, hop[i, p, j, q] the time from its exit
to entry q of piece j. For any order the best ways follow by dynamic programming, so a move of the local search is
priced with them re-chosen: prefixes, suffixes and inner stretches are o x o matrices in (min, +).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.geo import Floats

Whole = NDArray[np.intp]
MOST_ROUNDS = 400
MOST_AT_ONCE = 12
"""Moves of a kind that one round tries to make together."""
NO_WAY_S = 1e9


@dataclass(frozen=True, slots=True)
class Pieces:
    """Times of `m` pieces with `o` ways in: cost (m, o), hop (m, o, m, o); inf where there is no way."""

    cost: Floats
    hop: Floats

    @property
    def count(self) -> int:
        """How many pieces."""
        return len(self.cost)


def _dot(a: Floats, b: Floats) -> Floats:
    """(..., i, k) and (..., k, j) -> (..., i, j) in (min, +)."""
    out = a[..., :, 0, None] + b[..., 0, None, :]
    for k in range(1, a.shape[-1]):
        np.minimum(out, a[..., :, k, None] + b[..., k, None, :], out=out)
    return out


def price(pieces: Pieces, order: list[int]) -> tuple[float, list[int]]:
    """Time of an order, s, and the way into each piece that gives it."""
    best = pieces.cost[order[0]]
    came: list[Floats] = []
    for a, b in pairwise(order):
        table = best[:, None] + pieces.hop[a, :, b]
        came.append(table.argmin(axis=0))
        best = table.min(axis=0) + pieces.cost[b]
    ways = [int(best.argmin())]
    for back in reversed(came):
        ways.append(int(back[ways[-1]]))
    return float(best.min()), ways[::-1]


def nearest_first(pieces: Pieces) -> list[int]:
    """The best order of always flying on to the nearest piece, over all first pieces and ways in."""
    m, o = pieces.cost.shape
    runs = np.arange(m * o)
    at, way = runs // o, runs % o
    orders, time = at[:, None], pieces.cost[at, way]
    left = at[:, None] != np.arange(m)
    for _ in range(m - 1):
        reach = np.where(left[:, :, None], np.minimum(pieces.hop[at, way], NO_WAY_S), np.inf).reshape(len(runs), m * o)
        best = reach.argmin(axis=1)
        at, way = best // o, best % o
        time = time + reach[runs, best] + pieces.cost[at, way]
        left[runs, at] = False
        orders = np.column_stack([orders, at])
    return [int(i) for i in orders[int(time.argmin())]]


def _stretches(pieces: Pieces, order: list[int]) -> Floats:
    """(m, m, o, o): time from entering piece order[i] in way p to leaving order[j] entered in way q, i <= j."""
    m, o = pieces.cost.shape
    cost = pieces.cost[order]
    hops = pieces.hop[order[:-1], :, order[1:]]
    out = np.full((m, m, o, o), np.inf)
    eye = np.where(np.eye(o, dtype=bool), 0.0, np.inf)
    out[np.arange(m), np.arange(m)] = eye + cost[:, None, :]
    for j in range(1, m):
        out[:j, j] = _dot(out[:j, j - 1], np.broadcast_to(hops[j - 1] + cost[j][None, :], (j, o, o)))
    return out


@dataclass(frozen=True, slots=True)
class _Tables:
    """Stretches of the order as flown and of its mirror, prefix and suffix times, hops by position."""

    flown: Floats
    mirror: Floats
    prefix: Floats
    suffix: Floats
    hop: Floats

    @staticmethod
    def of(pieces: Pieces, order: list[int]) -> _Tables:
        flown = _stretches(pieces, order)
        mirror = _stretches(pieces, order[::-1])[::-1, ::-1].swapaxes(0, 1)
        hop = pieces.hop[np.ix_(order, range(pieces.cost.shape[1]), order, range(pieces.cost.shape[1]))]
        return _Tables(flown, mirror, flown[0].min(axis=1), flown[:, -1].min(axis=2), hop.swapaxes(1, 2))

    def join(self, left: Floats, i: Whole, j: Whole) -> Floats:
        """(n, o) times at positions i, then on to positions j: (n, o). Position -1 is before the first."""
        jump = np.where((i < 0)[:, None, None], 0.0, self.hop[i, j])
        return _through(left, jump)

    def head(self, i: Whole) -> Floats:
        """Prefix times up to position i, (n, o); zeros for -1."""
        return np.where((i < 0)[:, None], 0.0, self.prefix[i])

    def close(self, left: Floats, i: Whole, j: Whole) -> Floats:
        """(n,) total when (n, o) times at positions i go on with the suffix from position j (or end there)."""
        last = len(self.prefix)
        inner = np.minimum(j, last - 1)
        on = (self.join(left, i, inner) + self.suffix[inner]).min(axis=1)
        total: Floats = np.where(j >= last, left.min(axis=1), on)
        return total


def _through(left: Floats, table: Floats) -> Floats:
    out = left[:, 0, None] + table[:, 0]
    for k in range(1, left.shape[1]):
        np.minimum(out, left[:, k, None] + table[:, k], out=out)
    return out


@dataclass(frozen=True, slots=True)
class _Moves:
    """Changes of an order: their totals, s, and where: positions i to j flown backwards (`length` 0), or the block of
    `length` from i on moved behind position j, flipped or not."""

    totals: Floats
    i: Whole
    j: Whole
    length: int
    flip: NDArray[np.bool_]

    def made(self, at: int, order: list[int]) -> tuple[int, list[int]]:
        """The first position that move `at` changes, and the pieces from there on that it puts in another order."""
        i, j, block = int(self.i[at]), int(self.j[at]), order[int(self.i[at]) : int(self.i[at]) + self.length]
        if not self.length:
            return i, order[i : j + 1][::-1]
        block = block[::-1] if self.flip[at] else block
        return (i, order[i + self.length : j + 1] + block) if j > i else (j + 1, block + order[j + 1 : i])


def _turn_rounds(t: _Tables, m: int) -> _Moves:
    """Each stretch i..j flown backwards."""
    i, j = np.triu_indices(m, 1)
    inside = _through(t.join(t.head(i - 1), i - 1, j), t.mirror[i, j])
    return _Moves(t.close(inside, i, j + 1), i, j, 0, np.zeros(len(i), dtype=bool))


def _moves(t: _Tables, m: int, length: int) -> _Moves:
    """Each block of `length` moved behind a later or before an earlier position."""
    i, k = (v.ravel() for v in np.meshgrid(np.arange(m - length + 1), np.arange(m), indexing="ij"))
    keep = (k < i - 1) | (k >= i + length)
    i, k = i[keep], k[keep]
    j = i + length - 1
    totals, later = [], k > j
    a, b = np.where(later, j + 1, k + 1), np.where(later, k, i - 1)
    before = np.where(later, i - 1, k)
    for block in (t.flown, t.mirror):
        first, last = (i, j) if block is t.flown else (j, i)
        ahead = _through(t.join(t.head(before), before, a), t.flown[a, b])
        ahead = _through(t.join(ahead, b, first), block[i, j])
        ahead_total = t.close(ahead, last, k + 1)
        behind = _through(t.join(t.head(before), before, first), block[i, j])
        behind = _through(t.join(behind, last, a), t.flown[a, b])
        totals.append(np.where(later, ahead_total, t.close(behind, b, j + 1)))
    flip = np.concatenate([np.zeros(len(i), dtype=bool), np.ones(len(i), dtype=bool)])
    return _Moves(np.concatenate(totals), np.tile(i, 2), np.tile(k, 2), length, flip)


def improved(pieces: Pieces, order: list[int], rounds: int = MOST_ROUNDS) -> list[int]:
    """The order after the best moves of each round, until none gains or `rounds` are over. Deterministic."""
    m = pieces.count
    if m < 2:
        return order
    now = price(pieces, order)[0]
    for _ in range(rounds):
        t = _Tables.of(pieces, order)
        tried = [_turn_rounds(t, m), *(_moves(t, m, length) for length in range(1, min(4, m)))]
        ranked = [
            (float(moves.totals[at]), n, int(at))
            for n, moves in enumerate(tried)
            for at in np.argsort(moves.totals, kind="stable")[:MOST_AT_ONCE]
            if moves.totals[at] < now - 1e-6
        ]
        if not ranked:
            return order
        made = [tried[n].made(at, order) for _, n, at in sorted(ranked)]
        order = min((_changed(order, made), _changed(order, made[:1])), key=lambda o: price(pieces, o)[0])
        now = price(pieces, order)[0]
    return order


def _changed(order: list[int], made: list[tuple[int, list[int]]]) -> list[int]:
    """The order after moves, but for those that touch what an earlier one of them has changed."""
    order, free = list(order), np.ones(len(order), dtype=bool)
    for first, pieces in made:
        span = slice(first, first + len(pieces))
        if free[span].all():
            order[span] = pieces
            free[span] = False
    return order
