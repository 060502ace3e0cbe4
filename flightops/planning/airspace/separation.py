"""Proof that no two flights come too near one another, transits, climbs and landings included.

Between the breakpoints of two flights their difference is a quadratic in time, d(t). Over a step of w seconds it is off
the straight chord between its ends by at most |d''| w^2 / 8, and a chord's least distance from the origin is known
exactly. So a step is proven safe when the chord's least horizontal distance less that slack is enough, or the least
vertical one is; else it is halved. Nothing is sampled: None is a proof, up to TOLERANCE_M.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from core.geo import Floats
from core.units import positive
from flightops.planning.airspace.timed import Flight
from flightops.planning.airspace.track import Track

TOLERANCE_M = 1e-3
"""A pair counts as safe when it is at most this much nearer than asked: rounding, and ways that touch the limit."""
SURE_M = TOLERANCE_M / 2
Bools = NDArray[np.bool_]
WIDE = 2.0
LOOK_S = 0.2
BLOCK = 8
"""Pieces of a flight that are first judged together, by the boxes they stay in."""


@dataclass(frozen=True, slots=True)
class Apart:
    """What two drones in the air keep: this much seen from above, or this much in height, m."""

    horizontal_m: float = 30.0
    vertical_m: float = 10.0

    def __post_init__(self) -> None:
        positive("horizontal_m", self.horizontal_m)
        positive("vertical_m", self.vertical_m)


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two drones too near one another: when, and how far apart they are then."""

    a: str
    b: str
    at_s: float
    horizontal_m: float
    vertical_m: float


@dataclass(frozen=True, slots=True, eq=False)
class _Steps:
    """n steps of time of pairs: `pair` (n,), start and end (n,) s, differences there (n, 3) m, their second
    derivative (n, 3) m/s^2."""

    pair: Floats
    start: Floats
    end: Floats
    first: Floats
    last: Floats
    bent: Floats

    def only(self, which: Bools) -> _Steps:
        return _Steps(*(a[which] for a in (self.pair, self.start, self.end, self.first, self.last, self.bent)))

    @property
    def middle(self) -> Floats:
        """Differences half way, (n, 3)."""
        wide = (self.end - self.start)[:, None]
        half: Floats = (self.first + self.last) / 2 - self.bent * wide**2 / 8
        return half

    def halves(self) -> _Steps:
        """Each step as two."""
        half, at = self.middle, (self.start + self.end) / 2
        return _Steps(
            np.concatenate([self.pair, self.pair]),
            np.concatenate([self.start, at]),
            np.concatenate([at, self.end]),
            np.concatenate([self.first, half]),
            np.concatenate([half, self.last]),
            np.concatenate([self.bent, self.bent]),
        )

    def safe(self, apart: Apart) -> Bools:
        """(n,) whether the pair keeps apart for all of the step."""
        slack = (self.end - self.start) ** 2 / 8
        level = _least_m(self.first[:, :2], self.last[:, :2]) - slack * np.hypot(self.bent[:, 0], self.bent[:, 1])
        same_side = self.first[:, 2] * self.last[:, 2] > 0
        upright = np.where(same_side, np.minimum(np.abs(self.first[:, 2]), np.abs(self.last[:, 2])), 0.0)
        upright -= slack * np.abs(self.bent[:, 2])
        found: Bools = (level >= apart.horizontal_m - TOLERANCE_M) | (upright >= apart.vertical_m - TOLERANCE_M)
        return found


def _least_m(a: Floats, b: Floats) -> Floats:
    """Least distance of the origin from the straight ways a to b, (n, 2) each -> (n,)."""
    way = b - a
    share = np.minimum(np.maximum(-(a * way).sum(axis=1) / np.maximum((way * way).sum(axis=1), 1e-18), 0.0), 1.0)
    near = a + share[:, None] * way
    found: Floats = np.hypot(near[:, 0], near[:, 1])
    return found


@dataclass(frozen=True, slots=True)
class Look:
    """How far to look: at what happens from `from_s` to `until_s`, until the first conflict is known to `sure_s`.

    What is found with a wide `sure_s` is a conflict too, at most that much later than the first one.
    """

    from_s: float = -np.inf
    until_s: float = np.inf
    sure_s: float = 1e-3


def first_conflict(flights: Sequence[Flight], apart: Apart | None = None) -> Conflict | None:
    """The first moment at which two of the flights are too near one another; None when there is none: then proven.

    A drone on the ground, before take-off and after landing, is near nobody.
    """
    return _first(list(combinations(flights, 2)), apart or Apart(), Look())


def conflict_with(
    flight: Flight, others: Iterable[Flight], apart: Apart | None = None, look: Look | None = None
) -> Conflict | None:
    """As `first_conflict`, of one flight with others; these are not held against one another."""
    return _first([(flight, other) for other in others], apart or Apart(), look or Look())


@dataclass(frozen=True, slots=True)
class Nearest:
    """Least separations of any two flights: seen from above while less than what is kept in height, in height while
    less than what is kept seen from above, m. None: never within WIDE times what is kept in both."""

    horizontal_m: float | None
    vertical_m: float | None


def nearest(flights: Sequence[Flight], apart: Apart | None = None) -> Nearest:
    """How near the flights come, to some 3 cm: looked at every LOOK_S (`first_conflict` is the proof)."""
    apart = apart or Apart()
    wide = Apart(WIDE * apart.horizontal_m, WIDE * apart.vertical_m)
    level, upright = [np.inf], [np.inf]
    for a, b in combinations(flights, 2):
        for start, end in _windows(a.track, b.track, wide, Look()):
            times = np.linspace(start, end, int(np.ceil((end - start) / LOOK_S)) + 1)
            off = a.at(times) - b.at(times)
            high, far = np.abs(off[:, 2]), np.hypot(off[:, 0], off[:, 1])
            begin, stop = _beside(off, apart.vertical_m - SURE_M)
            level.append(float(_least_m(begin, stop).min(initial=np.inf)))
            upright.append(float(high[far < apart.horizontal_m - SURE_M].min(initial=np.inf)))
    least_level, least_upright = min(level), min(upright)
    return Nearest(*(m if np.isfinite(m) else None for m in (least_level, least_upright)))


def _beside(off: Floats, within_m: float) -> tuple[Floats, Floats]:
    """Of the straight ways between (n, 3) places one after the other, the parts less than `within_m` off in height:
    where they begin and end seen from above, (k, 2) each."""
    high, rise = off[:-1, 2], np.diff(off[:, 2])
    safe = np.where(np.abs(rise) < 1e-12, 1e-12, rise)
    cuts = np.sort(np.stack([(-within_m - high) / safe, (within_m - high) / safe]), axis=0).clip(0.0, 1.0)
    some = cuts[1] > cuts[0]
    way = np.diff(off[:, :2], axis=0)
    begin, stop = (off[:-1, :2] + cut[:, None] * way for cut in cuts)
    return begin[some], stop[some]


def _first(pairs: list[tuple[Flight, Flight]], apart: Apart, look: Look) -> Conflict | None:
    open_steps = [s for k, (a, b) in enumerate(pairs) if (s := _unproven(k, a, b, apart, look)) is not None]
    if not open_steps:
        return None
    steps = _stacked(open_steps)
    best: tuple[float, int, Floats] | None = None
    while len(steps.start):
        best = _sooner(best, _witness(steps, apart))
        if best is not None:
            steps = steps.only(steps.start < best[0] - look.sure_s)
        steps = steps.halves()
        steps = steps.only(~steps.safe(apart))
    if best is None:
        return None
    at, k, (east, north, up) = best
    return Conflict(pairs[k][0].drone, pairs[k][1].drone, at, float(np.hypot(east, north)), abs(float(up)))


def _sooner(
    a: tuple[float, int, Floats] | None, b: tuple[float, int, Floats] | None
) -> tuple[float, int, Floats] | None:
    return b if a is None or (b is not None and b[0] < a[0]) else a


def _witness(steps: _Steps, apart: Apart) -> tuple[float, int, Floats] | None:
    """The earliest start, middle or end of a step at which the pair is surely too near."""
    times = np.concatenate([steps.start, (steps.start + steps.end) / 2, steps.end])
    off = np.concatenate([steps.first, steps.middle, steps.last])
    near = np.hypot(off[:, 0], off[:, 1]) < apart.horizontal_m - SURE_M
    near &= np.abs(off[:, 2]) < apart.vertical_m - SURE_M
    if not near.any():
        return None
    k = int(np.where(near, times, np.inf).argmin())
    return float(times[k]), int(steps.pair[k % len(steps.start)]), off[k]


def _stacked(steps: list[_Steps]) -> _Steps:
    return _Steps(
        np.concatenate([s.pair for s in steps]),
        np.concatenate([s.start for s in steps]),
        np.concatenate([s.end for s in steps]),
        np.concatenate([s.first for s in steps]),
        np.concatenate([s.last for s in steps]),
        np.concatenate([s.bent for s in steps]),
    )


def _unproven(pair: int, a: Flight, b: Flight, apart: Apart, look: Look) -> _Steps | None:
    """The steps between breakpoints of two flights that are not safe at once; None when all are."""
    windows = _windows(a.track, b.track, apart, look)
    if not len(windows):
        return None
    knots = np.concatenate([a.track.t_s, b.track.t_s, windows.ravel()])
    times = np.unique(knots[(knots >= windows[0, 0]) & (knots <= windows[-1, 1])])
    middle = (times[1:] + times[:-1]) / 2
    which = middle < windows[np.searchsorted(windows[:, 0], middle, side="right") - 1, 1]
    off = a.at(times) - b.at(times)
    bent = a.track.accel[a.track.piece(middle)] - b.track.accel[b.track.piece(middle)]
    steps = _Steps(np.full(len(middle), pair), times[:-1], times[1:], off[:-1], off[1:], bent)
    steps = steps.only(which & ~steps.safe(apart))
    return steps if len(steps.start) else None


def _windows(a: Track, b: Track, apart: Apart, look: Look) -> Floats:
    """(n, 2) from, to s, in order and apart: the only times at which blocks of pieces may be too near."""
    one, two = _blocks(a, look), _all_blocks(b)
    start = np.maximum(np.maximum(one.start[:, None], two.start), look.from_s)
    end = np.minimum(np.minimum(one.end[:, None], two.end), look.until_s)
    need = np.array([apart.horizontal_m, apart.horizontal_m, apart.vertical_m])
    apart_m = np.maximum(one.low[:, None] - two.high, two.low - one.high[:, None])
    near = (start < end) & (apart_m < need).all(axis=2)
    windows = np.column_stack([start[near], end[near]])
    found: Floats = windows[np.argsort(windows[:, 0], kind="stable")]
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Boxes:
    """Blocks of pieces: from, to (m,) s, and the corners (m, 3) m of the box each stays in."""

    start: Floats
    end: Floats
    low: Floats
    high: Floats


@lru_cache(maxsize=256)
def _all_blocks(track: Track) -> _Boxes:
    """As `_blocks`, of the whole track; kept, as flights are held against many others."""
    return _blocks(track, Look())


def _blocks(track: Track, look: Look) -> _Boxes:
    """Boxes round every BLOCK pieces looked at. A piece goes at most |accel| t^2 / 8 past its ends."""
    begin = max(int(np.searchsorted(track.t_s, look.from_s, side="right")) - 1, 0)
    count = max(min(int(np.searchsorted(track.t_s, look.until_s)), len(track.speed)) - begin, 0)
    firsts = np.arange(0, count, BLOCK)
    times, place = track.t_s[begin : begin + count + 1], track.place[begin : begin + count + 1]
    past = np.abs(track.accel[begin : begin + count]) * (times[1:] - times[:-1])[:, None] ** 2 / 8
    low = np.minimum(place[:-1], place[1:]) - past
    high = np.maximum(place[:-1], place[1:]) + past
    ends = np.minimum(firsts + BLOCK, count)
    boxes = (np.minimum.reduceat(low, firsts, axis=0), np.maximum.reduceat(high, firsts, axis=0))
    return _Boxes(times[firsts], times[ends], *boxes)
