"""In what order whole strips or sectors are flown so that somebody is found soon.

The measure is the area under the curve of cumulative POS against time: of two orders that find as much in the end,
the one with more area finds it earlier on average. Along a leg POS is taken to grow evenly. Legs that see the same
ground are independent passes there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.errors import Malformed
from core.geo import Floats, LatLon, LocalFrame
from core.units import positive, within
from flightops.planning.paths.timing import Pace
from flightops.planning.paths.verify import footprint
from flightops.planning.probability.area_map import ProbabilityMap
from flightops.planning.probability.grid import Lattice, to_places

MOST_LEGS = 200
TRIES = 6_000
"""Orders that the local search looks at, over all its starts; it stops earlier when none of its moves helps."""
FEW_LEGS = 24
MOST_MOVED = 3
QUAD_SEGS = 8
SHADES = 100
"""Steps in which the share seen through the canopy is told apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Leg:
    """A strip or sector flown whole. `path` (n, 2): metres of the map's frame, two or more points; `pod`: chance to
    find somebody within half a swath of it whom nothing hides."""

    path: Floats
    time_s: float
    swath_m: float
    pod: float = 1.0

    def __post_init__(self) -> None:
        path = np.array(self.path, dtype=np.float64)
        if path.ndim != 2 or path.shape[1:] != (2,) or len(path) < 2 or not np.isfinite(path).all():
            raise Malformed("leg.path", f"shape {path.shape}", "give 2 or more finite points (x, y)")
        path.setflags(write=False)
        object.__setattr__(self, "path", path)
        positive("leg.time_s", self.time_s)
        within("leg.swath_m", self.swath_m, 0.1, 10_000.0)
        within("leg.pod", self.pod, 0.0, 1.0)


def metres(places: Sequence[LatLon], frame: LocalFrame) -> Floats:
    """(n, 2) m of a path given in WGS-84, in the frame of a map's grid."""
    return frame.to_xy_many(np.array([[p.lon_deg, p.lat_deg] for p in places], dtype=np.float64))


@dataclass(frozen=True, slots=True)
class Run:
    """How legs are flown. `home`: x, y where the drone starts, None: at its first leg. `cap_s`: the last leg must have
    ended by then, None: no end (the flight home is the caller's to take off). `may_turn`: legs may be flown backwards.
    Transits are straight, from rest to rest, with a turn at either end."""

    pace: Pace = field(default_factory=Pace)
    home: tuple[float, float] | None = None
    cap_s: float | None = None
    may_turn: bool = True

    def __post_init__(self) -> None:
        if self.cap_s is not None:
            positive("cap_s", self.cap_s)
        if self.home is not None and not np.isfinite(self.home).all():
            raise Malformed("home", "is not a finite place", "give x, y in metres, or nothing")


@dataclass(frozen=True, slots=True)
class Flown:
    """A leg by its index, and whether it is flown backwards."""

    leg: int
    turned: bool


@dataclass(frozen=True, slots=True)
class Order:
    """Legs in the order flown (those that do not end before the cap are left out), and cumulative POS by time: points
    (time_s, pos) joined by straight lines, the last value held."""

    legs: tuple[Flown, ...]
    curve: tuple[tuple[float, float], ...]

    @property
    def pos(self) -> float:
        """Probability to have found, in the end."""
        return self.curve[-1][1]

    @property
    def time_s(self) -> float:
        """When the last leg ends."""
        return self.curve[-1][0]

    def area_under(self, until_s: float) -> float:
        """Area under the curve from 0 to `until_s`, s."""
        times, found = (np.array(v) for v in zip(*self.curve, strict=True))
        early = times < until_s
        at = np.append(times[early], until_s)
        return float(np.trapezoid(np.append(found[early], np.interp(until_s, times, found)), at))


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """Node 2 j is leg j as given, node 2 j + 1 the same backwards; node 2 n is home.

    `transit_s` (2 n + 1, 2 n): from a node's end to a node's start. `miss` (n, k): chance that a leg misses somebody
    in one of k kinds of ground, `mass` (k,) the probability there. `horizon_s`: no order ends later.
    """

    time_s: Floats
    transit_s: Floats
    miss: Floats
    mass: Floats
    cap_s: float
    horizon_s: float
    may_turn: bool

    def nodes(self) -> list[int]:
        """All legs in all directions they may be flown."""
        return list(range(0, 2 * len(self.time_s), 1 if self.may_turn else 2))

    def ends_s(self, nodes: list[int]) -> Floats:
        """When each leg of a sequence ends."""
        at = np.array(nodes, dtype=np.int64)
        before = np.concatenate([[len(self.transit_s) - 1], at[:-1]])
        return np.cumsum(self.transit_s[before, at] + self.time_s[at // 2])

    def found(self, nodes: list[int]) -> Floats:
        """Cumulative POS after each leg of a sequence."""
        missed = np.cumprod(self.miss[np.array(nodes, dtype=np.int64) // 2], axis=0)
        return np.asarray(self.mass.sum() - missed @ self.mass)

    def key(self, nodes: list[int]) -> tuple[float, float]:
        """What is maximised: area under the curve up to the horizon (a share of it), then an early end."""
        ends = self.ends_s(nodes)
        fit = int(np.searchsorted(ends, self.cap_s, side="right"))
        if fit == 0:
            return 0.0, 0.0
        gains = np.diff(self.found(nodes[:fit]), prepend=0.0)
        middle = ends[:fit] - self.time_s[np.array(nodes[:fit]) // 2] / 2.0
        return round(float(gains @ (self.horizon_s - middle)) / self.horizon_s, 12), -float(ends[fit - 1])


def given_order(legs: Sequence[Leg], where: ProbabilityMap, run: Run | None = None) -> Order:
    """The legs as given, none turned, up to the first that does not end before the cap."""
    return _order(_task(legs, where, run or Run()), [2 * j for j in range(len(legs))])


def best_order(legs: Sequence[Leg], where: ProbabilityMap, run: Run | None = None) -> Order:
    """A better order of the legs, never worse than the one given; not proven the best. Deterministic.

    Starts are greedy: next the leg that gains most a second, looking one leg further; of few legs each is tried as
    the first. Then moves of one to three legs, swaps, reversals and turns, as long as they help and TRIES last.
    Raises Malformed for no legs or over MOST_LEGS.
    """
    task = _task(legs, where, run or Run())
    starts = [[2 * j for j in range(len(legs))], _greedy(task, None)]
    if len(legs) <= FEW_LEGS:
        starts += [_greedy(task, first) for first in task.nodes()]
    starts.sort(key=task.key, reverse=True)
    best, tries = starts[0], TRIES
    for start in starts:
        nodes, tries = _polished(task, start, tries)
        best = max(best, nodes, key=task.key)
        if tries <= 0:
            break
    return _order(task, best)


def _task(legs: Sequence[Leg], where: ProbabilityMap, run: Run) -> _Task:
    if not 0 < len(legs) <= MOST_LEGS:
        raise Malformed("legs", f"{len(legs)} legs", f"give 1 to {MOST_LEGS}")
    tips = np.array([[leg.path[0], leg.path[-1]] for leg in legs])
    starts = tips.reshape(-1, 2)
    ends = tips[:, ::-1].reshape(-1, 2)
    away = np.hypot(*(ends[:, None, :] - starts[None, :, :]).transpose(2, 0, 1))
    between = run.pace.run_s(away) + run.pace.turn_s
    first = np.zeros(len(starts))
    if run.home is not None:
        first = run.pace.run_s(np.hypot(*(starts - run.home).T)) + run.pace.turn_s
    time_s = np.array([leg.time_s for leg in legs])
    miss, mass = _kinds(legs, where)
    transit = np.vstack([between, first])
    latest = float(time_s.sum() + transit.max() * len(legs))
    cap = np.inf if run.cap_s is None else run.cap_s + 1e-9
    return _Task(time_s, transit, miss, mass, cap, min(cap, latest), run.may_turn)


def _kinds(legs: Sequence[Leg], where: ProbabilityMap) -> tuple[Floats, Floats]:
    """Ground sorted by which legs see it and by canopy: (n, k) chance that a leg misses there, (k,) mass.

    Places start as one kind a shade of canopy; each leg splits every kind it sees in part.
    """
    lattice = Lattice.of(where.ground)
    mass = (to_places(where.mass) * lattice.weight).ravel()
    visible = lattice.visible.ravel()
    kind = np.rint(visible * SHADES).astype(np.int64)
    kinds, seen = SHADES + 1, []
    for leg in legs:
        (rows, cols), within_it = lattice.within(footprint((leg.path,), leg.swath_m, QUAD_SEGS))
        r, c = np.nonzero(within_it)
        places = (r + rows.start) * lattice.weight.shape[1] + c + cols.start
        places = places[mass[places] > 0.0]
        _, split = np.unique(kind[places], return_inverse=True)
        kind[places] = kinds + split
        kinds += int(split.max(initial=-1)) + 1
        seen.append(places)
    held = np.asarray(np.bincount(kind, weights=mass, minlength=kinds), dtype=np.float64)
    shade = np.bincount(kind, weights=mass * visible, minlength=kinds) / np.maximum(held, 1e-300)
    miss = np.ones((len(legs), kinds))
    for j, (leg, places) in enumerate(zip(legs, seen, strict=True)):
        here = np.unique(kind[places])
        miss[j, here] = 1.0 - leg.pod * np.clip(shade[here], 0.0, 1.0)
    found = (miss < 1.0).any(axis=0)
    return miss[:, found], held[found]


def _greedy(task: _Task, first: int | None) -> list[int]:
    """All legs, each next one that with the best follower gains most a second; those past the cap come last.

    `first`: the node to start with, or None.
    """
    left = task.nodes() if first is None else [first]
    nodes: list[int] = []
    mass, at, now = task.mass.copy(), len(task.transit_s) - 1, 0.0
    while left:
        free = np.array(left)
        gain = ((1.0 - task.miss) @ mass)[free // 2]
        spent = task.transit_s[at, free] + task.time_s[free // 2]
        further = spent[:, None] + task.transit_s[np.ix_(free, free)] + task.time_s[free // 2][None, :]
        pair = np.where(free[:, None] // 2 == free[None, :] // 2, 0.0, (gain[:, None] + gain[None, :]) / further)
        pair = np.where(now + further <= task.cap_s, pair, 0.0)
        rate = np.maximum(gain / spent, pair.max(axis=1))
        best = int(np.lexsort((spent, -np.where(now + spent <= task.cap_s, rate, -1.0)))[0])
        at, now = int(free[best]), now + float(spent[best])
        mass = mass * task.miss[at // 2]
        nodes.append(at)
        flown = {n // 2 for n in nodes}
        left = [n for n in task.nodes() if n // 2 not in flown]
    return nodes


def _polished(task: _Task, nodes: list[int], tries: int) -> tuple[list[int], int]:
    """The sequence after every first move that betters it, until none does or `tries` are spent, and those left."""
    best = task.key(nodes)
    better = True
    while better and tries > 0:
        better = False
        for tried in _moves(nodes, task.may_turn):
            tries -= 1
            key = task.key(tried)
            if key > best:
                nodes, best, better = tried, key, True
                break
            if tries <= 0:
                break
    return nodes, tries


def _moves(nodes: list[int], may_turn: bool) -> Iterator[list[int]]:
    """Neighbours of a sequence: a leg turned, some moved, as they are or backwards, two swapped, a stretch reversed."""
    n = len(nodes)
    if may_turn:
        yield from ([*nodes[:i], nodes[i] ^ 1, *nodes[i + 1 :]] for i in range(n))
    for size in range(1, min(MOST_MOVED, n - 1) + 1):
        for i in range(n - size + 1):
            rest, taken = nodes[:i] + nodes[i + size :], nodes[i : i + size]
            for at in range(n - size + 1):
                if at != i:
                    yield [*rest[:at], *taken, *rest[at:]]
                if may_turn:
                    yield [*rest[:at], *_backwards(taken, True), *rest[at:]]
    for i in range(n - 1):
        for j in range(i + 1, n):
            yield [*nodes[:i], nodes[j], *nodes[i + 1 : j], nodes[i], *nodes[j + 1 :]]
        for j in range(i + 2, n + 1):
            yield [*nodes[:i], *_backwards(nodes[i:j], may_turn), *nodes[j:]]


def _backwards(nodes: list[int], may_turn: bool) -> list[int]:
    """Last leg first, each leg turned where legs may be."""
    return [n ^ 1 if may_turn else n for n in reversed(nodes)]


def _order(task: _Task, nodes: list[int]) -> Order:
    ends = task.ends_s(nodes)
    fit = int(np.searchsorted(ends, task.cap_s, side="right"))
    curve, before = [(0.0, 0.0)], 0.0
    for node, end, found in zip(nodes[:fit], ends, task.found(nodes), strict=False):
        curve += [(float(end - task.time_s[node // 2]), before), (float(end), float(found))]
        before = float(found)
    return Order(tuple(Flown(n // 2, bool(n % 2)) for n in nodes[:fit]), tuple(curve))
