"""When ground is seen along paths flown at one time, and so how soon somebody would be found.

Ground that several legs see counts once, at the first of them: they are one sweep. A place is seen when its leg passes
abeam of it within half a swath. Metres are those of the map's frame.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from core.geo import Floats
from flightops.planning.paths.timing import Pace, reached_s
from flightops.planning.probability.area_map import ProbabilityMap

USUAL_PLACES = 50_000
PLACES_A_SWATH = 10.0
"""Places are never closer than a swath over this."""


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """`xy` (n, 2) m: where belief is sampled; `mass` (n,): the probability each stands for, times the share of people
    there that nothing hides. `inside`: probability to be in the area at all; `area_m2`: ground each stands for."""

    xy: Floats
    mass: Floats
    inside: float
    area_m2: float

    @staticmethod
    def of(where: ProbabilityMap, swath_m: float) -> Places:
        """Some USUAL_PLACES places on a square lattice over the area; at least one."""
        ground = where.ground
        west, south, east, north = ground.polygon.bounds
        step = max(math.sqrt((east - west) * (north - south) / USUAL_PLACES), swath_m / PLACES_A_SWATH)
        x, y = (
            np.arange(low + step / 2.0, max(high, low + step), step) for low, high in ((west, east), (south, north))
        )
        xy = np.column_stack([v.ravel() for v in np.meshgrid(x, y)])
        shapely.prepare(ground.polygon)
        xy = xy[shapely.contains_xy(ground.polygon, xy[:, 0], xy[:, 1])]
        if not len(xy):
            point = ground.polygon.representative_point()
            xy = np.array([[point.x, point.y]])
        grid = ground.grid
        row = np.clip((xy[:, 1] - grid.south_m) // grid.cell_m, 0, grid.rows - 1).astype(np.intp)
        col = np.clip((xy[:, 0] - grid.west_m) // grid.cell_m, 0, grid.cols - 1).astype(np.intp)
        held = where.density_per_m2()[row, col]
        share = held * (where.inside / held.sum()) if held.sum() > 0.0 else np.full(len(xy), where.inside / len(xy))
        return Places(xy, share * ground.visible[row, col], where.inside, ground.polygon.area / len(xy))


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """Which place is abeam of which place along a path: indices `place` (k,), metres along `at_m` (k,)."""

    place: NDArray[np.intp]
    at_m: Floats


def sighted(places: Places, path: Floats, swath_m: float) -> Sight:
    """Every place within half a swath of a leg of the (n, 2) path, once a leg."""
    legs = np.stack([path[:-1], path[1:]], axis=1)
    tree = shapely.STRtree(shapely.linestrings(legs))
    seen, leg = tree.query(shapely.points(places.xy), predicate="dwithin", distance=swath_m / 2.0)
    step = legs[:, 1] - legs[:, 0]
    size = np.hypot(*step.T)
    start = np.concatenate([[0.0], np.cumsum(size)[:-1]])
    way = np.einsum("ij,ij->i", places.xy[seen] - legs[leg, 0], step[leg]) / np.maximum(size[leg] ** 2, 1e-12)
    return Sight(seen, start[leg] + np.clip(way, 0.0, 1.0) * size[leg])


def first_seen_s(places: Places, path: Floats, swath_m: float, pace: Pace) -> Floats:
    """(n,) when each place is first seen, s after the path's start; inf where it never is."""
    sight = sighted(places, path, swath_m)
    found = np.full(len(places.xy), np.inf)
    np.minimum.at(found, sight.place, reached_s(path, sight.at_m, pace))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Cumulative POS by time: at `times_s` (k, rising) it has reached `pos` (k,)."""

    times_s: Floats
    pos: Floats

    @staticmethod
    def of(places: Places, seen_s: Sequence[Floats], pod: float) -> Curve:
        """The curve of paths flown at one time, each with its (n,) first sights; `pod` 0 to 1 where nothing hides."""
        first = np.min(np.stack(seen_s), axis=0)
        order = np.argsort(first, kind="stable")
        order = order[np.isfinite(first[order])]
        return Curve(first[order], np.minimum(np.cumsum(places.mass[order]) * pod, 1.0))

    def at(self, time_s: float) -> float:
        """Probability to have found by then."""
        k = int(np.searchsorted(self.times_s, time_s, side="right"))
        return float(self.pos[k - 1]) if k else 0.0

    def wait_s(self, until_s: float) -> float:
        """Expected time to find, s: the integral of 1 - POS from 0 to `until_s`; who is not found by then waits till
        then."""
        gains = np.diff(self.pos, prepend=0.0)
        return until_s - float((gains * np.maximum(until_s - self.times_s, 0.0)).sum())

    def mean_if_found_s(self) -> float | None:
        """Mean time of finding, given that the plan finds; None when it finds nobody."""
        gains = np.diff(self.pos, prepend=0.0)
        total = float(gains.sum())
        return float((gains * self.times_s).sum()) / total if total > 0.0 else None
