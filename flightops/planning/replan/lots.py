"""Remainders of paths as lots on a time axis, and the spans they are cut into."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.geo import Floats
from core.units import within
from flightops.planning.paths.timing import Pace, length_m, runs
from flightops.planning.replan.fleet import Flyer, State

LEAST_M = 0.05
LINK_SWATHS = 1.6
"""Runs no longer than this are links between lines: no cut falls inside them."""
NOBODY = -1
SLIGHT_S = 0.01
"""What goes to nobody by rounding alone."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A path (n, 2) along its arc length: metres at its points, and metres and reference seconds at the ends of its
    runs, turns included, both starting at 0."""

    path: Floats
    at_m: Floats
    mark_m: Floats
    mark_s: Floats

    @staticmethod
    def of(path: Floats, pace: Pace) -> Axis:
        at = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
        lengths, times = runs(path, pace)
        scale = at[-1] / max(float(lengths.sum()), 1e-9)
        return Axis(path, at, *(np.concatenate([[0.0], np.cumsum(v)]) for v in (lengths * scale, times + pace.turn_s)))

    def seconds(self, metres: float) -> float:
        """Reference seconds from the start to a place along the path."""
        return float(np.interp(metres, self.mark_m, self.mark_s))

    def metres(self, seconds: float) -> float:
        """Where along the path so many reference seconds lead."""
        return float(np.interp(seconds, self.mark_s, self.mark_m))

    def snapped(self, metres: float, swath_m: float) -> float:
        """The place itself, or the end of a run when it lies inside a link or within a swath of one."""
        i = int(np.clip(np.searchsorted(self.mark_m, metres, side="right") - 1, 0, max(len(self.mark_m) - 2, 0)))
        ends = self.mark_m[i : i + 2]
        end = float(ends[np.argmin(np.abs(ends - metres))])
        is_link = float(np.ptp(ends)) <= LINK_SWATHS * swath_m
        return end if is_link or abs(end - metres) < swath_m else metres

    def point(self, metres: float) -> Floats:
        """The place so far along the path, (2,)."""
        return np.array([np.interp(metres, self.at_m, self.path[:, k]) for k in (0, 1)])

    def stretch(self, start_m: float, end_m: float) -> Floats:
        """The path from one place along it to another, (n, 2); backwards when the first lies beyond the second."""
        low, high = min(start_m, end_m), max(start_m, end_m)
        inner = self.path[(self.at_m > low + 1e-6) & (self.at_m < high - 1e-6)]
        both = np.concatenate([self.point(low)[None], inner, self.point(high)[None]])
        return both if start_m <= end_m else both[::-1]

    def line_m(self, swath_m: float) -> float:
        """Mean length of the runs that are no links, m; a swath when there are none."""
        runs = np.diff(self.mark_m)
        lines = runs[runs > LINK_SWATHS * swath_m]
        return float(lines.mean()) if len(lines) else swath_m


@dataclass(frozen=True, slots=True)
class Lot:
    """What is left of the path of `owner`, from `start_m` to `end_m` along it. `kept`: the owner flies on."""

    owner: int
    axis: Axis
    start_m: float
    end_m: float
    kept: bool
    line_s: float

    @property
    def start_s(self) -> float:
        """Reference seconds at its start."""
        return self.axis.seconds(self.start_m)

    @property
    def size_s(self) -> float:
        """Reference seconds it takes."""
        return self.axis.seconds(self.end_m) - self.start_s

    def at(self, size_s: float) -> Floats:
        """The place so many reference seconds into it, (2,)."""
        return self.axis.point(float(np.clip(self.axis.metres(self.start_s + size_s), self.start_m, self.end_m)))


@dataclass(frozen=True, slots=True)
class Split:
    """A lot cut among `takers` in the order of its path (NOBODY: left undone), with the reference seconds of each."""

    takers: tuple[int, ...]
    sizes: Floats


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a lot, from `start_m` to `end_m` along its path; flown backwards when start > end."""

    lot: int
    start_m: float
    end_m: float

    @property
    def turned(self) -> Span:
        """The same stretch from its other end."""
        return Span(self.lot, self.end_m, self.start_m)


def remaining(path: Floats, flown_m: float, back_m: float = 0.0) -> Floats:
    """What is left of an (n, 2) path after `flown_m`, begun again up to `back_m` before; (0, 2) when nothing is.

    Raises Malformed for a length below 0 or not finite.
    """
    within("flown_m", flown_m, 0.0, 1e9)
    within("back_m", back_m, 0.0, 1e9)
    total = length_m(path)
    start = max(min(flown_m, total) - back_m, 0.0)
    if len(path) < 2 or total - start < LEAST_M:
        return np.zeros((0, 2))
    at = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    return Axis(path, at, at, at).stretch(start, total)


def lot_of(owner: int, flyer: Flyer, swath_m: float, pace: Pace) -> Lot | None:
    """The lot that is left of a drone's path, begun a swath before where it was lost; None when too short to fly."""
    back_m = swath_m if flyer.state == State.LOST else 0.0
    start_m, total = max(flyer.flown_m - back_m, 0.0), length_m(flyer.path)
    if total - start_m < LEAST_M:
        return None
    axis = Axis.of(flyer.path, pace)
    line_s = axis.line_m(swath_m) * float(axis.mark_s[-1]) / total
    return Lot(owner, axis, start_m, float(axis.at_m[-1]), flyer.stays, line_s)


def spans(index: int, lot: Lot, split: Split, swath_m: float) -> tuple[tuple[int, Span], ...]:
    """Who flies which stretch of a lot; cuts moved to ends of lines where they are near."""
    shares = [(t, s) for t, s in zip(split.takers, split.sizes, strict=True) if t != NOBODY or s > SLIGHT_S]
    ends = lot.start_s + np.cumsum([s for _, s in shares])[:-1]
    cuts = [lot.axis.snapped(lot.axis.metres(float(s)), swath_m) for s in ends]
    out: list[tuple[int, Span]] = []
    low = lot.start_m
    for (taker, _), cut in zip(shares, [*cuts, lot.end_m], strict=True):
        high = lot.end_m if lot.end_m - cut < LEAST_M else cut
        if high - low >= LEAST_M:
            out.append((taker, Span(index, low, high)))
            low = high
    return tuple(out)
