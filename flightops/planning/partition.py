"""One path cut into contiguous shares of equal flight time, and shares handed to drones with little transit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
from scipy.optimize import linear_sum_assignment

from core.geo import Floats
from flightops.planning.paths.timing import Pace, flight_s, runs

WaysTime = Callable[[tuple[Floats, ...]], Floats]
"""Paths -> seconds that ways there and back take beside each, (n,)."""
ROUNDS = 14
SNAP_M = 5.0
LEAST_M = 0.5
APART_M = 60.0
"""Between the places where drones enter, and where they leave, their shares."""
MOST = 10
"""Paths whose directions are all tried against one another."""


@dataclass(frozen=True, slots=True)
class _Axis:
    """A path along its arc length: where each of its runs ends, m, and how long each takes with its turn, s."""

    path: Floats
    at_m: Floats
    run_end_m: Floats
    weight_s: Floats
    link_m: float

    @staticmethod
    def of(path: Floats, pace: Pace, link_m: float) -> _Axis:
        at = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
        lengths, times = runs(path, pace)
        return _Axis(path, at, np.cumsum(lengths) * (at[-1] / lengths.sum()), times + pace.turn_s, link_m)

    def cut(self, time_s: float) -> tuple[float, float]:
        """Where the share before a cut ends and the one after it starts, m along the path: inside a run, or at both
        ends of one so short that it is taken for a link."""
        after = np.cumsum(self.weight_s)
        i = min(int(np.searchsorted(after, time_s, side="right")), len(after) - 1)
        start, end = float(self.run_end_m[i - 1]) if i else 0.0, float(self.run_end_m[i])
        if end - start <= self.link_m:
            return start, end
        place = start + (end - start) * float((time_s - after[i] + self.weight_s[i]) / self.weight_s[i])
        if place - start < SNAP_M:
            before = float(self.run_end_m[i - 2]) if i > 1 else 0.0
            return (before if i and start - before <= self.link_m else start), start
        if end - place < SNAP_M:
            after_m = float(self.run_end_m[min(i + 1, len(after) - 1)])
            return end, (after_m if after_m - end <= self.link_m else end)
        return place, place

    def stretch(self, start: float, end: float) -> Floats:
        """The path from `start` to `end`, m along it."""
        inner = self.path[(self.at_m > start + 1e-6) & (self.at_m < end - 1e-6)]
        tips = np.stack([np.interp([start, end], self.at_m, self.path[:, k]) for k in (0, 1)], axis=1)
        return np.concatenate([tips[:1], inner, tips[1:]])

    def shares(self, cuts: Floats) -> tuple[Floats, ...]:
        """Paths between cuts (s along the axis of weights); those too short to fly are left out."""
        places = [(0.0, 0.0), *(self.cut(float(c)) for c in cuts), (float(self.at_m[-1]),) * 2]
        spans = [(a[1], b[0]) for a, b in pairwise(places)]
        return tuple(self.stretch(a, b) for a, b in spans if b - a >= LEAST_M)


def shares(path: Floats, drones: int, pace: Pace, link_m: float, ways_s: WaysTime | None = None) -> tuple[Floats, ...]:
    """At most `drones` paths (n, 2) that together fly the path, in its order, with flight times as equal as cuts allow.
    A run no longer than `link_m` is dropped where a cut falls on it (it may cover ground of its own). Fewer paths come
    back when the path is too short to be shared. `ways_s`: what ways there and back add to each path's time."""
    if drones == 1:
        return (path,)
    axis = _Axis.of(path, pace, link_m)
    total = float(axis.weight_s.sum())
    size = np.full(drones, total / drones)
    found: list[tuple[int, float, tuple[Floats, ...]]] = []
    for _ in range(ROUNDS):
        paths = axis.shares(np.cumsum(size)[:-1]) or (path,)
        times = np.array([flight_s(p, pace) for p in paths])
        if ways_s is not None:
            times = times + ways_s(paths)
        found.append((-len(paths), float(times.max()), paths))
        if len(paths) != drones or times.max() - times.min() < 0.5:
            break
        size = size * (times.mean() / times) ** 0.9
        size *= total / size.sum()
    return min(found, key=lambda f: f[:2])[2]


def ways_time(homes: tuple[Floats, ...], pace: Pace) -> WaysTime:
    """Straight ways, in the wind of the pace, from and to the homes that `assigned` would fly the paths from."""

    def ways_s(paths: tuple[Floats, ...]) -> Floats:
        step = _steps(homes, np.array([[p[0], p[-1]] for p in paths]))
        far = np.hypot(step[..., 0], step[..., 1])
        rows, columns = linear_sum_assignment(far.sum(axis=2))
        flown = step[rows, columns] * [[1.0], [-1.0]]
        added: Floats = (pace.run_s(far[rows, columns]) + pace.drift_s(flown)).sum(axis=1)
        return added

    return ways_s


def _steps(homes: tuple[Floats, ...], ends: Floats) -> Floats:
    """The ways from homes straight to the ends (n, 2, 2) of paths, (n, homes, 2, 2) m."""
    steps: Floats = ends[:, None] - np.stack(homes)[None, :, None]
    return steps


def assigned(homes: tuple[Floats | None, ...], paths: tuple[Floats, ...]) -> tuple[tuple[int, Floats], ...]:
    """For each path the index of the home it is flown from and the path in its better direction.

    Least total flight from and to home; a drone whose home is unknown costs the mean of the others. Homes are (2,)
    in the frame of the paths; at least as many homes as paths.
    """
    if len(homes) < len(paths):
        raise ValueError("fewer homes than paths")
    ends = np.array([[p[0], p[-1]] for p in paths])
    known = [h for h in homes if h is not None]
    stand_in = np.mean(known, axis=0) if known else None
    cost = np.zeros((len(paths), len(homes)))
    for j, home in enumerate(homes):
        place = home if home is not None else stand_in
        if place is not None:
            cost[:, j] = np.hypot(*(ends - place).transpose(2, 0, 1)).sum(axis=1)
    rows, columns = linear_sum_assignment(cost)
    places = [homes[j] if homes[j] is not None else stand_in for j in columns]
    turned = turned_round(ends[rows], places)
    return tuple(
        (int(j), paths[i][::-1] if back else paths[i]) for i, j, back in zip(rows, columns, turned, strict=True)
    )


def turned_round(ends: Floats, homes: Sequence[Floats | None]) -> tuple[bool, ...]:
    """Which paths are flown backwards: the shortest ways in, among those that keep starts and ends APART_M apart.

    Neighbouring shares of one thread touch where it was cut: two drones must neither enter nor leave there at one
    time. `ends` (n, 2, 2): first and last point of each path. Over MOST paths all are turned alike, which keeps
    every start and every end to itself.
    """
    n = len(ends)
    alike = ((False,) * n, (True,) * n)
    best: tuple[float, float, tuple[bool, ...]] | None = None
    for ways in product((False, True), repeat=n) if n <= MOST else alike:
        k = np.array(ways, dtype=int)
        starts, stops = ends[np.arange(n), k], ends[np.arange(n), 1 - k]
        near = min(_closest(starts), _closest(stops))
        way_in = sum(float(np.hypot(*(p - h))) for p, h in zip(starts, homes, strict=True) if h is not None)
        rank = (-min(near, APART_M), round(way_in, 1), ways)
        best = rank if best is None else min(best, rank)
    assert best is not None
    return best[2]


def _closest(points: Floats) -> float:
    """Least distance between any two of (n, 2) points, m; infinite for fewer than two."""
    if len(points) < 2:
        return float("inf")
    gaps = np.hypot(*(points[:, None] - points[None, :]).transpose(2, 0, 1))
    return float(gaps[np.triu_indices(len(points), 1)].min())
