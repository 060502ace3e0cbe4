"""Paths that follow the ground: heights AMSL within limits above ground, never steeper than a drone climbs and sinks.

Of all heights that keep to the slopes, the one halfway between the lowest of those nowhere under the wish and the
highest of those nowhere over it departs least from the wish. It is then pressed under the upper limit where slopes
allow, and lifted over the lower limit always: on ground too steep a drone flies higher, never lower. All four lines,
their means, least and greatest keep to the slopes, since these are limits on differences.

Ground is looked at on both sides of the path too, as far as asked: the lower limit holds over all of it, so that no
hillside beside a path comes nearer than that, and a camera sees no less of it than from the lower limit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.errors import Malformed, Refused
from core.geo import Floats, LocalFrame
from core.terrain import Terrain
from core.units import positive, within
from flightops.planning.airspace.timed import Rates

Ints = NDArray[np.intp]
STEP_M = 2.0
"""Between ground samples; ground between two of them may rise over both by what it rises in a metre."""
TOLERANCE_M = 1.0
"""Largest departure of the straight legs from the heights found, within the limits. The heights keep so much over the
lower limit, or legs would need a point wherever the ground bends under it."""
SAME_M = 1e-6
ACROSS_M = 5.0
"""Between ground samples beside a path, at most."""
ROUND = 16
"""Directions in which the ground about a corner is sampled."""


@dataclass(frozen=True, slots=True)
class Band:
    """Heights above ground, m: the wish and its limits."""

    wish_agl_m: float
    least_agl_m: float
    most_agl_m: float

    def __post_init__(self) -> None:
        positive("least_agl_m", self.least_agl_m)
        within("wish_agl_m", self.wish_agl_m, self.least_agl_m, self.most_agl_m)
        within("most_agl_m", self.most_agl_m, self.wish_agl_m, 5000.0)


@dataclass(frozen=True, slots=True)
class Ground:
    """A terrain in the metres of a local frame."""

    frame: LocalFrame
    terrain: Terrain

    def under(self, xy: Floats) -> Floats:
        """(n, 2) x, y m -> (n,) ground heights, m AMSL; NaN where unknown."""
        return self.terrain.heights_amsl_m(self.frame.to_lonlat_many(xy))


@dataclass(frozen=True, slots=True)
class TooHigh:
    """A stretch of a path, m along it, flown higher above ground than asked: most of all, m AGL."""

    from_m: float
    to_m: float
    most_agl_m: float


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """`points` (n, 3): x, y m and height m AMSL, the path's own corners among them; straight legs between.

    `too_high`: where ground is too steep for the upper limit. `lowest_agl_m`, `highest_agl_m`: least and greatest
    height above the ground below; `least_seen_m`, `most_seen_m`: above all ground within `beside_m` of the path.
    """

    points: Floats
    too_high: tuple[TooHigh, ...]
    lowest_agl_m: float
    highest_agl_m: float
    least_seen_m: float
    most_seen_m: float


@dataclass(frozen=True, slots=True)
class Slopes:
    """Steepest climb and sink, m a metre flown."""

    up: float
    down: float

    def __post_init__(self) -> None:
        positive("slope.up", self.up)
        positive("slope.down", self.down)

    @staticmethod
    def at(speed_mps: float, rates: Rates) -> Slopes:
        """Those of climb rates at a ground speed."""
        positive("speed_mps", speed_mps)
        return Slopes(rates.climb_mps / speed_mps, rates.sink_mps / speed_mps)


def lowest_over(along: Floats, floor: Floats, slopes: Slopes) -> Floats:
    """The lowest heights (n,) nowhere under `floor` that keep to the slopes along (n,) m."""
    before = np.maximum.accumulate(floor + slopes.down * along) - slopes.down * along
    after: Floats = np.maximum.accumulate((floor - slopes.up * along)[::-1])[::-1] + slopes.up * along
    return np.maximum(before, after)


def highest_under(along: Floats, ceiling: Floats, slopes: Slopes) -> Floats:
    """The highest heights (n,) nowhere over `ceiling` that keep to the slopes along (n,) m."""
    return -lowest_over(along, -ceiling, Slopes(slopes.down, slopes.up))


def profile(path: Floats, ground: Ground, band: Band, slopes: Slopes, beside_m: float = 0.0) -> Profile | Refused:
    """Heights along a path (n, 2) m of the ground's frame, over the ground under it and within beside_m to its sides.
    Refused where no ground height is known there."""
    xy, along, corner = _sampled(np.asarray(path, dtype=np.float64))
    found = _looked_at(xy, corner, ground, within("beside_m", beside_m, 0.0, 5000.0))
    if isinstance(found, Refused):
        return found
    under, low, high = found
    floor, ceiling = high + band.least_agl_m, under + band.most_agl_m
    heights = _heights(along, under, floor + TOLERANCE_M, band, slopes)
    kept = bends(along, heights, corner, TOLERANCE_M, (floor, np.maximum(ceiling, heights)))
    flown = np.interp(along, along[kept], heights[kept])
    agl = flown - under
    return Profile(
        np.column_stack([xy[kept], heights[kept]]),
        _too_high(along, agl, band),
        float(agl.min()),
        float(agl.max()),
        float((flown - high).min()),
        float((flown - low).max()),
    )


def _looked_at(xy: Floats, corner: Ints, ground: Ground, beside_m: float) -> tuple[Floats, Floats, Floats] | Refused:
    """Ground (m,) under the samples of a path, and the lowest and highest within beside_m of each; m AMSL."""
    under = ground.under(xy)
    if np.isnan(under).any():
        return _unknown(xy[int(np.isnan(under).argmax())], ground, "at")
    low, high = under.copy(), under.copy()
    for at, places in _beside(xy, corner, beside_m) if beside_m > 0.0 else ():
        heights = ground.under(places.reshape(-1, 2)).reshape(len(at), -1)
        if np.isnan(heights).any():
            return _unknown(xy[at[int(np.isnan(heights).any(axis=1).argmax())]], ground, f"within {beside_m:.0f} m of")
        np.minimum.at(low, at, heights.min(axis=1))
        np.maximum.at(high, at, heights.max(axis=1))
    return under, low, high


def _unknown(xy: Floats, ground: Ground, where: str) -> Refused:
    place = ground.frame.to_latlon(*map(float, xy))
    problem = f"no ground height is known {where} {place.lat_deg:.5f}, {place.lon_deg:.5f}"
    return Refused.because("terrain", problem, "load terrain for this area")


def _beside(xy: Floats, corner: Ints, beside_m: float) -> Iterator[tuple[Ints, Floats]]:
    """Samples of a path, by index (k,), and places (k, p, 2) to both sides of them; at corners all round."""
    steps = np.linspace(0.0, beside_m, math.ceil(beside_m / ACROSS_M) + 1)[1:]
    legs = np.diff(xy[corner], axis=0)
    right = np.column_stack([legs[:, 1], -legs[:, 0]]) / np.hypot(*legs.T)[:, None]
    leg = np.repeat(np.arange(len(legs)), np.diff(corner) + 1)
    at = np.concatenate([np.arange(a, b + 1) for a, b in pairwise(corner)])
    across = np.concatenate([-steps, steps])[None, :, None] * right[leg][:, None, :]
    yield at, xy[at][:, None, :] + across
    turn = np.arange(ROUND) * 2.0 * np.pi / ROUND
    ring = (steps[:, None, None] * np.column_stack([np.cos(turn), np.sin(turn)])[None]).reshape(-1, 2)
    yield corner, xy[corner][:, None, :] + ring[None]


def _heights(along: Floats, under: Floats, floor: Floats, band: Band, slopes: Slopes) -> Floats:
    wish = under + band.wish_agl_m
    middle = (lowest_over(along, wish, slopes) + highest_under(along, wish, slopes)) / 2
    pressed = np.minimum(middle, highest_under(along, under + band.most_agl_m, slopes))
    lifted: Floats = np.maximum(pressed, lowest_over(along, floor, slopes))
    return lifted


def _sampled(path: Floats) -> tuple[Floats, Floats, Ints]:
    """Points (m, 2) every STEP_M or less, m along (m,), and the indices of the path's own points."""
    if path.ndim != 2 or path.shape[1] != 2 or len(path) < 2:
        raise Malformed("path", f"shape {path.shape}", "give two or more points of x, y")
    step = np.hypot(*np.diff(path, axis=0).T)
    path = path[np.concatenate([[True], step > SAME_M])]
    step = step[step > SAME_M]
    if len(path) < 2:
        raise Malformed("path", "all its points are one", "give two or more places")
    parts = np.ceil(step / STEP_M).astype(np.intp)
    corner: Ints = np.concatenate([[0], np.cumsum(parts)])
    at = np.arange(corner[-1] + 1)
    xy = np.column_stack([np.interp(at, corner, path[:, k]) for k in (0, 1)])
    return xy, np.interp(at, corner, np.concatenate([[0.0], np.cumsum(step)])), corner


def bends(
    along: Floats,
    heights: Floats,
    corner: Sequence[int] | Ints,
    tolerance_m: float,
    limits: tuple[Floats, Floats] | None = None,
) -> Floats:
    """Indices of samples, the corners among them, whose straight legs stay within a tolerance of the heights (n,) at
    along (n,) m, and within the limits: where a leg departs most it is split (Douglas and Peucker 1973, with vertical
    instead of perpendicular distance)."""
    kept, waiting = set(map(int, corner)), list(zip(map(int, corner), map(int, corner[1:]), strict=False))
    while waiting:
        a, b = waiting.pop()
        if b - a < 2:
            continue
        inner = slice(a + 1, b)
        leg = np.interp(along[inner], along[[a, b]], heights[[a, b]])
        off = np.abs(leg - heights[inner]) - tolerance_m
        if limits is not None:
            off = np.maximum(off, np.maximum(limits[0][inner] - leg, leg - limits[1][inner]))
        worst = int(off.argmax())
        if off[worst] > SAME_M:
            middle = a + 1 + worst
            kept.add(middle)
            waiting += [(a, middle), (middle, b)]
    return np.array(sorted(kept))


def _too_high(along: Floats, agl: Floats, band: Band) -> tuple[TooHigh, ...]:
    over = np.concatenate([[False], agl > band.most_agl_m + SAME_M, [False]]).astype(np.int8)
    edge = np.diff(over)
    spans = zip(np.flatnonzero(edge == 1), np.flatnonzero(edge == -1) - 1, strict=True)
    return tuple(TooHigh(float(along[a]), float(along[b]), float(agl[a : b + 1].max())) for a, b in spans)
