"""How far along its sector's path a drone is, from the mission item it flies to and where it is. Pure.

Both are needed: the item alone tells it to a whole line, a place alone not on which of two paths that cross or run
side by side it is. When in doubt it is the least: ground is flown twice rather than left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.geo import Floats, LatLon, LocalFrame

OFF_M = 15.0
"""Farther than this from its path nothing is told by a place (GNSS, wind, a corner cut at speed)."""
LIKE_M = 3.0
"""Of stretches about as near, the first along the path counts."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What is known before: metres flown for certain, and the most that may have been flown since."""

    flown_m: float
    reach_m: float


@lru_cache(maxsize=256)
def _laid(path: tuple[LatLon, ...]) -> tuple[LocalFrame, Floats, Floats]:
    """A frame, the points in it (n, 2) m, and metres along the path at each (n,)."""
    frame = LocalFrame(path[0])
    xy = frame.to_xy_many(np.array([[p.lon_deg, p.lat_deg] for p in path]))
    return frame, xy, np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])


def length_of(path: tuple[LatLon, ...]) -> float:
    """Metres along a path."""
    return float(_laid(path)[2][-1])


def flown_m(path: tuple[LatLon, ...], sweep: tuple[int, int], item: int, place: LatLon, mark: Mark) -> float:
    """Metres of `path` flown by a drone at `place` on its way to `item` of a mission whose items from `sweep` fly it.

    Never less than was known before, nor more than the item allows. `sweep`: the first and the last such item; they
    have the path's points, and further ones between them where the ground asks for it: how many is known, which they
    are is not.
    """
    frame, xy, at = _laid(path)
    first, last = sweep
    if item > last:
        return float(at[-1])
    more = max(last - first + 1 - len(path), 0)
    lower, upper = max(item - first - 1 - more, 0), min(max(item - first, 0), len(path) - 1)
    low = max(float(at[lower]), mark.flown_m)
    high = min(float(at[upper]), mark.flown_m + mark.reach_m)
    if high <= low:
        return low
    start, leg = xy[lower:upper], np.diff(xy[lower : upper + 1], axis=0)
    long = np.maximum(np.hypot(*leg.T), 1e-9)
    here = np.array(frame.to_xy(place))
    along = ((here - start) * leg).sum(axis=1) / long
    along = np.clip(along, np.clip(low - at[lower:upper], 0.0, long), np.clip(high - at[lower:upper], 0.0, long))
    off = np.hypot(*(start + leg * (along / long)[:, None] - here).T)
    reached = (at[lower:upper] <= high) & (at[lower + 1 : upper + 1] >= low)
    off = np.where(reached, off, np.inf)
    if off.min() > OFF_M:
        return low
    k = int(np.flatnonzero(off <= off.min() + LIKE_M)[0])
    return float(min(max(at[lower + k] + along[k], low), high))
