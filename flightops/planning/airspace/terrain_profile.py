"""Paths that follow the ground: heights AMSL within limits above ground, never steeper than a drone climbs and sinks.

Of all heights that keep to the slopes, the one halfway between the lowest of those nowhere under the wish and the
highest of those nowhere over it departs least from the wish. It is then pressed under the upper limit where slopes
allow, and lifted over the lower limit always: on ground too steep a drone flies higher, never lower. All four lines,
their means, least and greatest keep to the slopes, since these are limits on differences.

`flightops.missions.profile.gentle` is the case of equal slopes and no upper limit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from core.camera import Camera
from core.errors import Malformed, Refused
from core.geo import Floats, LocalFrame
from core.terrain import Terrain
from core.units import positive, within
from flightops.planning.airspace.timed import Rates
from flightops.planning.footprint import swath_m

STEP_M = 2.0
"""Between ground samples; ground between two of them may rise over both by what it rises in a metre."""
TOLERANCE_M = 1.0
"""Largest departure of the straight legs from the heights found, within the limits."""
SAME_M = 1e-6
ACROSS = np.linspace(0.0, 0.5, 5)
"""Shares of the way to the neighbouring line at which a swath is judged: to half way."""


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

    `too_high`: where ground is too steep for the upper limit. `lowest_agl_m`: least height above ground on the way.
    """

    points: Floats
    too_high: tuple[TooHigh, ...]
    lowest_agl_m: float


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


def profile(path: Floats, ground: Ground, band: Band, slopes: Slopes) -> Profile | Refused:
    """Heights along a path (n, 2) m of the ground's frame. Refused where no ground height is known under it."""
    xy, along, corner = _sampled(np.asarray(path, dtype=np.float64))
    under = ground.under(xy)
    if np.isnan(under).any():
        place = ground.frame.to_latlon(*map(float, xy[int(np.isnan(under).argmax())]))
        problem = f"no ground height is known at {place.lat_deg:.5f}, {place.lon_deg:.5f}"
        return Refused.because("terrain", problem, "load terrain for this area")
    floor, ceiling = under + band.least_agl_m, under + band.most_agl_m
    heights = _heights(along, under, band, slopes)
    kept = _kept(along, heights, (floor, np.maximum(ceiling, heights)), corner)
    flown = np.interp(along, along[kept], heights[kept])
    points = np.column_stack([xy[kept], heights[kept]])
    return Profile(points, _too_high(along, flown - under, band), float((flown - under).min()))


def _heights(along: Floats, under: Floats, band: Band, slopes: Slopes) -> Floats:
    wish = under + band.wish_agl_m
    middle = (lowest_over(along, wish, slopes) + highest_under(along, wish, slopes)) / 2
    pressed = np.minimum(middle, highest_under(along, under + band.most_agl_m, slopes))
    lifted: Floats = np.maximum(pressed, lowest_over(along, under + band.least_agl_m, slopes))
    return lifted


def _sampled(path: Floats) -> tuple[Floats, Floats, Floats]:
    """Points (m, 2) every STEP_M or less, m along (m,), and the indices of the path's own points."""
    if path.ndim != 2 or path.shape[1] != 2 or len(path) < 2:
        raise Malformed("path", f"shape {path.shape}", "give two or more points of x, y")
    step = np.hypot(*np.diff(path, axis=0).T)
    path = path[np.concatenate([[True], step > SAME_M])]
    step = step[step > SAME_M]
    if len(path) < 2:
        raise Malformed("path", "all its points are one", "give two or more places")
    parts = np.ceil(step / STEP_M).astype(np.intp)
    corner = np.concatenate([[0], np.cumsum(parts)])
    at = np.arange(corner[-1] + 1)
    xy = np.column_stack([np.interp(at, corner, path[:, k]) for k in (0, 1)])
    return xy, np.interp(at, corner, np.concatenate([[0.0], np.cumsum(step)])), corner


def _kept(along: Floats, heights: Floats, limits: tuple[Floats, Floats], corner: Floats) -> Floats:
    """Indices of samples whose straight legs stay within TOLERANCE_M of the heights and within the limits."""
    kept, waiting = set(map(int, corner)), list(zip(map(int, corner), map(int, corner[1:]), strict=False))
    floor, ceiling = limits
    while waiting:
        a, b = waiting.pop()
        if b - a < 2:
            continue
        inner = slice(a + 1, b)
        leg = np.interp(along[inner], along[[a, b]], heights[[a, b]])
        off = np.maximum(
            np.abs(leg - heights[inner]) - TOLERANCE_M, np.maximum(floor[inner] - leg, leg - ceiling[inner])
        )
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


def swath_on_slope(one: Floats, other: Floats, ground: Ground, camera: Camera, sidelap: float = 0.0) -> float | Refused:
    """The narrowest swath, m, of a camera that looks straight down, anywhere on two neighbouring lines (n, 3).

    Taken at the least height of either line over the ground from under it to half way to the other: uphill a camera
    sees less. Lines this far apart leave no gap between them. Refused where no ground height is known.
    """
    heights = np.concatenate([_over_strip(one, other, ground), _over_strip(other, one, ground)])
    if np.isnan(heights).any():
        return Refused.because("terrain", "no ground height is known between the lines", "load terrain for this area")
    lowest = float(heights.min())
    if lowest <= 0.0:
        problem = f"ground between the lines reaches {-lowest:.0f} m over them"
        return Refused.because("height_agl_m", problem, "fly higher, or closer lines")
    return swath_m(camera, lowest, sidelap)


def _over_strip(line: Floats, beside: Floats, ground: Ground) -> Floats:
    """Heights (k,) of a line over the ground beside it, every STEP_M along, as far as half way to the other line."""
    xy, along, corner = _sampled(line[:, :2])
    heights = np.interp(along, along[corner], _at_corners(line))
    far, _, _ = _sampled(beside[:, :2])
    _, nearest = cKDTree(far).query(xy)
    towards = far[nearest] - xy
    strip = xy[:, None] + towards[:, None] * ACROSS[None, :, None]
    found: Floats = (heights[:, None] - ground.under(strip.reshape(-1, 2)).reshape(len(xy), -1)).ravel()
    return found


def _at_corners(line: Floats) -> Floats:
    """Heights of the points of a line that `_sampled` keeps."""
    step = np.hypot(*np.diff(line[:, :2], axis=0).T)
    kept: Floats = line[np.concatenate([[True], step > SAME_M]), 2]
    return kept
