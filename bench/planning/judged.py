"""What a path is worth, by the measure that plans are held to: exact union, metres astray, time from rest to rest.

A path may run along the very edge, so TOLERANCE_M to the wrong side of it is forgiven, as the anchors' judge does.
Ours are held to less by the planner itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import Polygon

from bench.planning.areas import BenchArea
from core.geo import Floats
from flightops.planning.paths.timing import Pace, flight_s, length_m
from flightops.planning.paths.verify import judge

PACE = Pace(12.0, 3.0, 2.0)
TOLERANCE_M = 0.05
SAFE_M = 1.0
VALID = 0.99
ASKED = 0.995
Points = Sequence[Sequence[float]] | Floats


@dataclass(frozen=True, slots=True)
class Score:
    """Figures of the paths flown over one area, one a drone; cover 0 to 1."""

    least_m: float
    length_m: float
    times_s: tuple[float, ...]
    cover: float
    outside_m: float
    hole_m: float

    @property
    def time_s(self) -> float:
        """The longest flight, s."""
        return max(self.times_s)

    @property
    def length_ratio(self) -> float:
        return self.length_m / self.least_m

    @property
    def time_ratio(self) -> float:
        """To the least length flown at cruise speed by one drone."""
        return self.time_s * PACE.speed_mps / self.least_m

    @property
    def balance(self) -> float:
        """Longest flight over the mean one; 1 for one drone."""
        return self.time_s * len(self.times_s) / sum(self.times_s)

    @property
    def safe(self) -> bool:
        return self.outside_m < SAFE_M and self.hole_m < SAFE_M

    def safe_at(self, cover: float) -> bool:
        """Whether it stays inside, off the holes, and covers that share."""
        return self.safe and self.cover >= cover

    def makespan_ratio(self, drones: int) -> float:
        """The longest flight to an even share of the least time."""
        return self.time_ratio * drones


def flown(path: Points) -> Floats:
    """A path as an (n, 2) array without points repeated in a row; under two of them it is no flight."""
    xy = np.asarray(path, dtype=np.float64).reshape(-1, 2)
    if not np.isfinite(xy).all():
        return np.zeros((0, 2))
    apart = np.hypot(*np.diff(xy, axis=0).T) > 1e-6
    return xy[np.concatenate([[True], apart])] if len(xy) else xy


def forgiving(area: Polygon) -> Polygon:
    """The area grown, and its holes shrunk, by the tolerance."""
    outer = shapely.buffer(Polygon(area.exterior), TOLERANCE_M)
    holes = [p for r in area.interiors for p in shapely.get_parts(shapely.buffer(Polygon(r), -TOLERANCE_M))]
    return Polygon(outer.exterior, [h.exterior for h in holes if h.area > 0])


def scored(area: BenchArea, paths: Sequence[Points]) -> Score | None:
    """The score of all paths together; None when nothing is flown."""
    lines = tuple(p for p in map(flown, paths) if len(p) > 1)
    if not lines:
        return None
    verdict = judge(area.polygon, lines, area.swath_m)
    outside, hole = verdict.outside_m, verdict.hole_m
    if outside > 0 or hole > 0:
        lenient = judge(forgiving(area.polygon), lines, area.swath_m)
        outside, hole = lenient.outside_m, lenient.hole_m
    length = sum(map(length_m, lines))
    return Score(area.least_m, length, tuple(flight_s(p, PACE) for p in lines), verdict.cover, outside, hole)


def best_of(area: BenchArea, candidates: Sequence[Points]) -> Score | None:
    """The best of one drone's candidates, chosen for its planner: the quickest that is safe and covers what is asked,
    else the quickest valid one, else the one with the fewest metres astray and metres of line still to fly."""
    quickest = sorted((p for p in map(flown, candidates) if len(p) > 1), key=lambda p: flight_s(p, PACE))
    found: list[Score] = []
    for path in quickest:
        score = scored(area, [path])
        if score is not None and score.safe_at(ASKED):
            return score
        found += [score] if score is not None else []
    valid = [s for s in found if s.safe_at(VALID)]
    if valid:
        return valid[0]
    return min(found, key=lambda s: s.outside_m + s.hole_m + (1.0 - s.cover) * s.least_m, default=None)
