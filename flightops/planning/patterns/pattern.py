"""What every pattern returns, and the fence it has to stay in.

A pattern that leaves its fence is refused, with every stretch outside named; `patterns.cut` makes what a pilot may fly
all the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from core.errors import Malformed, Reason, Refused
from core.geo import Area, Floats, LatLon, LocalFrame
from core.units import positive
from flightops.planning.area import CheckedArea, checked_area
from flightops.planning.paths.timing import length_m

Lines = NDArray[np.object_]
"""Shapely geometries, one a leg."""
MOST_POINTS = 20_000
MOST_REACH_M = 50_000.0
"""A pattern reaches no further from the origin of its frame: distances are true to 31 ppm there."""
SAME_M = 1e-6
SLACK_M = 0.01
"""How far outside its fence a path may lie: the change of map frame, not a flight."""
MOST_REASONS = 8
FIX = "move or shrink the pattern, or widen the fence"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A path to fly, WGS-84, straight between its points.

    `length_m`: of the whole path; `spacing_m`: between neighbouring legs (None: the pattern has no even spacing).
    """

    name: str
    path: tuple[LatLon, ...]
    length_m: float
    spacing_m: float | None = None

    def __post_init__(self) -> None:
        if not self.name:
            raise Malformed("pattern.name", "is empty", "name the pattern")
        if not 2 <= len(self.path) <= MOST_POINTS:
            raise Malformed(
                "pattern.path",
                f"{len(self.path)} points; a path has 2 to {MOST_POINTS}",
                "take a wider spacing or fewer legs",
            )
        positive("pattern.length_m", self.length_m)
        if self.spacing_m is not None:
            positive("pattern.spacing_m", self.spacing_m)


def drawn(
    name: str, frame: LocalFrame, xy: Floats, spacing_m: float | None = None, fence: Area | None = None
) -> Pattern | Refused:
    """The pattern along (n, 2) metres of `frame`; points that repeat the one before are dropped.

    Refused when it leaves the fence or crosses a hole of it. Raises Malformed when fence or path are none.
    """
    xy = without_repeats(in_reach(xy, "pattern.path"))
    places = tuple(LatLon(float(lat), float(lon)) for lon, lat in frame.to_lonlat_many(xy))
    pattern = Pattern(name, places, length_m(xy), spacing_m)
    reasons = () if fence is None else leaving(pattern, fence)
    return Refused(reasons) if reasons else pattern


def in_reach(xy: Floats, field: str) -> Floats:
    """The (n, 2) metres when all lie within MOST_REACH_M of the frame's axes; raises Malformed, for NaN too."""
    reach = float(np.abs(xy).max())
    if not reach <= MOST_REACH_M:
        raise Malformed(field, f"it reaches {reach / 1000:.0f} km from its middle", "draw it smaller")
    return xy


def without_repeats(xy: Floats) -> Floats:
    """(n, 2) -> (m, 2): points that lie on the one before are dropped."""
    step = np.hypot(*np.diff(xy, axis=0).T)
    kept: Floats = xy[np.concatenate([[True], step > SAME_M])]
    return kept


def leaving(pattern: Pattern, fence: Area) -> tuple[Reason, ...]:
    """One reason for each stretch outside the fence or over a hole of it, in flying order, the first few only.

    Legs count from 1. Raises Malformed when the fence is no area.
    """
    ground = checked_area(fence, "fence")
    legs = _legs(pattern, ground)
    outer = Polygon(ground.polygon.exterior)
    beyond = stretches(legs, shapely.difference(legs, outer.buffer(SLACK_M)))
    found = [(s, s.words("leaves the fence", ground)) for s in beyond]
    for k, ring in enumerate(ground.polygon.interiors, start=1):
        over = stretches(legs, shapely.intersection(legs, Polygon(ring).buffer(-SLACK_M)))
        found += [(s, s.words(f"crosses no-fly zone {k}", ground)) for s in over]
    found.sort(key=lambda at: at[0].first)
    reasons = tuple(Reason("fence", words, FIX) for _, words in found)
    if len(reasons) <= MOST_REASONS:
        return reasons
    return (*reasons[:MOST_REASONS], Reason("fence", f"and {len(reasons) - MOST_REASONS} more stretches", FIX))


@dataclass(frozen=True, slots=True)
class Stretch:
    """Parts of neighbouring legs (counted from 0) that hang together: their points in metres, in flying order."""

    first: int
    last: int
    points: tuple[tuple[float, float], ...]

    def words(self, what: str, ground: CheckedArea) -> str:
        """Which legs do so, how far, and from where on."""
        which = f"leg {self.first + 1}" if self.first == self.last else f"the path from leg {self.first + 1}"
        until = "" if self.first == self.last else f" to leg {self.last + 1}"
        at = ground.frame.to_latlon(*self.points[0])
        metres = length_m(np.array(self.points))
        return f"{which}{until} {what} for {metres:.0f} m, at latitude {at.lat_deg:.6f}, longitude {at.lon_deg:.6f}"


def _legs(pattern: Pattern, ground: CheckedArea) -> Lines:
    xy = ground.frame.to_xy_many(np.array([[p.lon_deg, p.lat_deg] for p in pattern.path]))
    legs: Lines = shapely.linestrings(np.stack([xy[:-1], xy[1:]], axis=1))
    return legs


def stretches(legs: Lines, parts: Lines) -> list[Stretch]:
    """The parts of each leg (one geometry a leg), joined where one goes on from the last; none under SLACK_M."""
    found: list[Stretch] = []
    for k, (leg, part) in enumerate(zip(legs, parts, strict=True)):
        start = shapely.Point(leg.coords[0])
        lines = [p for p in shapely.get_parts(part) if p.length > 0.0]
        for line in sorted(lines, key=start.distance):
            points = tuple(line.coords)
            if found and math.dist(found[-1].points[-1], points[0]) <= SAME_M:
                found[-1] = Stretch(found[-1].first, k, (*found[-1].points, *points[1:]))
            else:
                found.append(Stretch(k, k, points))
    return [s for s in found if length_m(np.array(s.points)) > SLACK_M]
