"""Route search (IAMSAR vol. II 5.5, track line and corridor): passes parallel to a trail or a river.

Pass k runs `offset` metres to the right of the route and sees the strip of half a gap on both sides of itself. Each
place within the half width has a nearest place on the route, so it is seen when

- beside a segment: the pass is as long there as the segment, or is cut where it meets its neighbour at an inner bend
  and then flies the little out-and-back that the cut left unseen (between the strips of two mitred passes lies a kite
  whose far corner is gap / (2 cos(turn / 2)) from the mitre's tip);
- round the outside of a bend: the pass goes round it on chords that touch its circle, all passes at the same angles;
- round an end: the pass runs on as far as the half circle goes.

The cut is taken only where both segments are long enough for it; else the pass flies both segments in full.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from core.errors import Malformed, Refused
from core.geo import Area, Floats, LatLon, LocalFrame
from core.units import within
from flightops.planning.patterns.pattern import Pattern, drawn, in_reach, without_repeats

LEAST_M = 1.0
MOST_HALF_WIDTH_M = 5_000.0
MOST_PASSES = 200
MOST_ROUTE_POINTS = 5_000
ROUNDING = 1e-9
UNSEEN_SHARE = 1e-3
"""A swath this share wider than the gap between passes sees every last bit; less would take endless small chords."""
WIDEST_STEP_RAD = math.radians(15.0)


@dataclass(frozen=True)
class Route:
    """A polyline in metres: `corners` (n, 2), unit vectors `along` (n - 1, 2), `lengths` (n - 1,) m and the turn at
    each inner corner (n - 2,) rad, right turns positive."""

    corners: Floats
    along: Floats
    lengths: Floats
    turns_rad: Floats

    @staticmethod
    def through(corners: Floats) -> Route:
        step = np.diff(corners, axis=0)
        lengths = np.hypot(*step.T)
        along = step / lengths[:, None]
        a, b = along[:-1], along[1:]
        left = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
        return Route(corners, along, lengths, -np.arctan2(left, (a * b).sum(axis=1)))

    def right(self, segment: int) -> Floats:
        """(2,) unit vector to the right of a segment."""
        x, y = self.along[segment]
        return np.array([y, -x])


@dataclass(frozen=True, slots=True)
class _Pass:
    """One pass: metres to the right of the route, the strip it has to see and the swath that is flown."""

    offset_m: float
    gap_m: float
    swath_m: float

    @property
    def enough(self) -> float:
        """How much wider than the gap the swath is; at least by UNSEEN_SHARE."""
        return self.swath_m / self.gap_m * (1.0 + UNSEEN_SHARE)


def route_search(
    route: tuple[LatLon, ...], half_width_m: float, spacing_m: float, fence: Area | None = None
) -> Pattern | Refused:
    """Passes along the route, from the left edge to the right one, there and back by turns.

    They lie evenly, at most spacing_m apart. A swath of spacing_m (and UNSEEN_SHARE more) sees all ground within
    half_width_m of the route, its ends and bends included.
    """
    within("half_width_m", half_width_m, LEAST_M, MOST_HALF_WIDTH_M)
    within("spacing_m", spacing_m, LEAST_M, 2.0 * MOST_HALF_WIDTH_M)
    n = max(math.ceil(2.0 * half_width_m / spacing_m - ROUNDING), 1)
    if n > MOST_PASSES:
        raise Malformed("spacing_m", f"{spacing_m:g} m makes {n} passes", "widen it or narrow the corridor")
    frame, line = in_metres(route)
    gap_m = 2.0 * half_width_m / n
    passes = []
    for k in range(n):
        flown = _Pass((k + 0.5) * gap_m - half_width_m, gap_m, max(spacing_m, gap_m))
        xy = _parallel(line, flown, half_width_m)
        passes.append(xy if k % 2 == 0 else xy[::-1])
    return drawn("route search", frame, np.vstack(passes), gap_m, fence)


def in_metres(route: tuple[LatLon, ...]) -> tuple[LocalFrame, Route]:
    """The route in metres of a frame amid it. Raises Malformed: too few places or many, too far across."""
    if not 2 <= len(route) <= MOST_ROUTE_POINTS:
        raise Malformed(
            "route", f"{len(route)} points; a route has 2 to {MOST_ROUTE_POINTS}", "draw at least its start and end"
        )
    lonlat = np.array([[p.lon_deg, p.lat_deg] for p in route])
    low, high = lonlat.min(axis=0), lonlat.max(axis=0)
    if high[0] - low[0] > 180.0:
        raise Malformed("route", "it crosses the antimeridian", "split it at 180 degrees")
    middle = (low + high) / 2.0
    frame = LocalFrame(LatLon(float(middle[1]), float(middle[0])))
    corners = without_repeats(in_reach(frame.to_xy_many(lonlat), "route"))
    if len(corners) < 2:
        raise Malformed("route", "all its points are the same", "draw at least its start and end")
    return frame, Route.through(corners)


def _parallel(route: Route, flown: _Pass, half_width_m: float) -> Floats:
    """(m, 2) path of one pass in the direction of the route, run on at both ends."""
    beyond_m = _run_on_m(flown, half_width_m)
    first = route.corners[0] + flown.offset_m * route.right(0) - beyond_m * route.along[0]
    last = route.corners[-1] + flown.offset_m * route.right(-1) + beyond_m * route.along[-1]
    cut = _cuts(route, flown)
    points = [first[None]]
    for i, turn_rad in enumerate(route.turns_rad):
        if abs(turn_rad) < 1e-9:
            continue
        if flown.offset_m * turn_rad < 0.0:
            points.append(_round(route, i, flown))
        elif cut[i]:
            points.append(_mitre(route, i, flown))
        else:
            ends = [route.right(i), route.right(i + 1)]
            points.append(route.corners[i + 1] + flown.offset_m * np.array(ends))
    return np.vstack([*points, last[None]])


def _run_on_m(flown: _Pass, half_width_m: float) -> float:
    """How far beyond the route's end the inner edge of the strip still lies within the half width."""
    off = abs(flown.offset_m)
    inner_m = off - flown.gap_m / 2.0 if off > flown.gap_m / 4.0 else flown.gap_m / 2.0
    return math.sqrt(max(half_width_m**2 - inner_m**2, 0.0))


def _cuts(route: Route, flown: _Pass) -> list[bool]:
    """At which corners the pass lies inside the bend and both segments are long enough to cut it there.

    What a corner takes from a segment reaches to the strip's outer edge, or mirror images of it would be missed.
    """
    reach_m = abs(flown.offset_m) + flown.gap_m / 2.0
    inner = flown.offset_m * route.turns_rad >= 0.0
    taken = np.where(inner, reach_m * np.tan(np.abs(route.turns_rad) / 2.0), 0.0)
    fits = np.concatenate([[0.0], taken]) + np.concatenate([taken, [0.0]]) <= route.lengths
    return [bool(here and before and after) for here, (before, after) in zip(inner, pairwise(fits), strict=True)]


def _mitre(route: Route, corner: int, flown: _Pass) -> Floats:
    """The tip where both neighbours of the pass meet inside the bend, and out and back to what they leave unseen."""
    half_rad = abs(float(route.turns_rad[corner])) / 2.0
    axis: Floats = route.right(corner) + route.right(corner + 1)
    tip_m = flown.offset_m / math.cos(half_rad)
    reach_m = flown.gap_m / 2.0 * (1.0 / math.cos(half_rad) - 1.0)
    axis = axis / np.hypot(*axis)
    tip: Floats = route.corners[corner + 1] + tip_m * axis
    if flown.enough * math.cos(half_rad) >= 1.0 or flown.offset_m == 0.0:
        return tip.reshape(1, 2)
    spur: Floats = tip - math.copysign(reach_m, flown.offset_m) * axis
    return np.array([tip, spur, tip])


def _round(route: Route, corner: int, flown: _Pass) -> Floats:
    """Chords round the outside of a bend, each touching the circle of the offset in its middle."""
    turn_rad = float(route.turns_rad[corner])
    widest = min(2.0 * math.acos(min(1.0 / flown.enough, 1.0)), WIDEST_STEP_RAD)
    steps = math.ceil(abs(turn_rad) / widest)
    step_rad = turn_rad / steps
    out_m = flown.offset_m / math.cos(step_rad / 2.0)
    at_rad = (np.arange(steps) + 0.5) * step_rad
    x, y = route.right(corner)
    # a turn to the right by t takes (x, y) to (x cos t + y sin t, y cos t - x sin t)
    c, s = np.cos(at_rad), np.sin(at_rad)
    around: Floats = route.corners[corner + 1] + out_m * np.column_stack([x * c + y * s, y * c - x * s])
    return around
