"""Where rays meet the terrain: steps along all rays at once until each has gone under ground, then finer ones."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from core.geo import Floats, GeoPoint, LatLon, LocalFrame
from core.terrain import Terrain

MIN_DEPRESSION_DEG = 5.0
"""Rays closer to the horizon than this are refused: a degree of tilt would move the place by half its distance."""
MAX_RANGE_M = 1500.0
"""Rays longer than this are refused; the Earth's curve, left out here, is 0.18 m over that distance."""
FIRST_STEP_M = 4.0
STEP_GROWTH = 0.03
"""Steps are 4 m or 3 % of the distance, whichever is larger: finer than any terrain grid in use."""
CHUNK = 24
PARTS, ROUNDS = 24, 3
"""A step is cut into PARTS, the part where the ray goes under again, ROUNDS times: 0.3 mm of 4 m. Wider cuts than
bisection, since a call for heights costs far more than a height."""


class Miss(IntEnum):
    """Why a ray has no place on the ground."""

    NONE = 0
    HORIZON = 1
    RANGE = 2
    UNKNOWN = 3
    BELOW = 4


WORDS = {
    Miss.HORIZON: f"the ray is less than {MIN_DEPRESSION_DEG:g} deg below the horizon",
    Miss.RANGE: f"the ray meets no ground within {MAX_RANGE_M:g} m",
    Miss.UNKNOWN: "the terrain is unknown there: load a terrain model that covers the search area",
    Miss.BELOW: "the camera is at or below the ground: check that heights are AMSL",
}


@lru_cache(maxsize=64)
def _frame(lat_deg: float, lon_deg: float) -> LocalFrame:
    return LocalFrame(LatLon(lat_deg, lon_deg))


def frame_near(place: LatLon | GeoPoint) -> LocalFrame:
    """A local frame within a kilometre of `place`; shared by all places of a hundredth of a degree."""
    return _frame(round(place.lat_deg, 2), round(place.lon_deg, 2))


@dataclass(frozen=True, slots=True)
class Ground:
    """Terrain seen from a local frame."""

    terrain: Terrain
    frame: LocalFrame

    def heights(self, xy: Floats) -> Floats:
        """(n, 2) metres in the frame -> (n,) m AMSL; NaN where unknown."""
        return self.terrain.heights_amsl_m(self.frame.to_lonlat_many(xy))

    def above(self, points: Floats) -> Floats:
        """(n, 3) east, north m and height m AMSL -> (n,) height above ground, m; NaN where unknown."""
        return np.asarray(points[:, 2] - self.heights(points[:, :2]), dtype=np.float64)

    def normals(self, points: Floats, reach_m: float = 5.0) -> Floats:
        """(n, 3) unit normals (upwards) of the ground around (n, 3) points, from heights reach_m to each side."""
        side = np.array([[reach_m, 0.0], [-reach_m, 0.0], [0.0, reach_m], [0.0, -reach_m]])
        around = self.heights((points[:, None, :2] + side).reshape(-1, 2)).reshape(-1, 4)
        e, w, n, s = np.where(np.isnan(around), points[:, 2:], around).T
        up = np.column_stack([(w - e) / (2.0 * reach_m), (s - n) / (2.0 * reach_m), np.ones(len(points))])
        return np.asarray(up / np.linalg.norm(up, axis=1, keepdims=True), dtype=np.float64)


def _distances() -> Floats:
    steps = [0.0]
    while steps[-1] < MAX_RANGE_M:
        steps.append(steps[-1] + max(FIRST_STEP_M, STEP_GROWTH * steps[-1]))
    return np.array([*steps[:-1], MAX_RANGE_M])


DISTANCES = _distances()


def first_hits(origin: Floats, directions: Floats, ground: Ground) -> tuple[Floats, NDArray[np.intp]]:
    """Distance to the ground along each ray.

    origin (3,) east, north m, height m AMSL; directions (n, 3) unit. Returns (n,) distances, m (NaN: none), and
    (n,) Miss codes. Accurate to under a millimetre of the interpolated terrain, where a ray does not graze it.
    """
    n = len(directions)
    low, high = np.full(n, np.nan), np.full(n, np.nan)
    miss = np.full(n, Miss.RANGE, dtype=np.intp)
    miss[directions[:, 2] > -np.sin(np.radians(MIN_DEPRESSION_DEG))] = Miss.HORIZON
    if np.isnan(start := float(ground.above(origin[None])[0])) or start <= 0.0:
        miss[miss == Miss.RANGE] = Miss.UNKNOWN if np.isnan(start) else Miss.BELOW
        return low, miss
    for first in range(0, len(DISTANCES) - 1, CHUNK):
        live = np.flatnonzero((miss == Miss.RANGE) & np.isnan(high))
        if not len(live):
            break
        d = DISTANCES[first : first + CHUNK + 1]
        above = _heights_above(origin, directions[live], d, ground)
        under = ~(above > 0.0)
        hit, at = under.any(axis=1), under.argmax(axis=1)
        for row, k, ray in zip(np.flatnonzero(hit), at[hit], live[hit], strict=True):
            if np.isnan(above[row, k]):
                miss[ray] = Miss.UNKNOWN
            else:
                low[ray], high[ray] = d[max(k - 1, 0)], d[k]
    found = ~np.isnan(high)
    miss[found] = Miss.NONE
    return _refined(origin, directions, ground, (low, high)), miss


def _heights_above(origin: Floats, directions: Floats, d: Floats, ground: Ground) -> Floats:
    """(rays, steps) heights above ground, m."""
    points = origin + directions[:, None, :] * d[None, :, None]
    return ground.above(points.reshape(-1, 3)).reshape(len(directions), len(d))


def _refined(origin: Floats, directions: Floats, ground: Ground, bracket: tuple[Floats, Floats]) -> Floats:
    """(n,) distances inside the brackets (low, high) at which the rays go under; NaN stays NaN."""
    low, high = bracket[0].copy(), bracket[1].copy()
    found = np.flatnonzero(~np.isnan(high))
    if not len(found):
        return low
    share = np.arange(1, PARTS) / PARTS
    for _ in range(ROUNDS):
        step = (high[found] - low[found]) / PARTS
        d = low[found, None] + (high - low)[found, None] * share
        points = origin + directions[found][:, None, :] * d[:, :, None]
        over = (ground.above(points.reshape(-1, 3)) > 0.0).reshape(len(found), PARTS - 1)
        first_under = np.where(over.all(axis=1), PARTS - 1, over.argmin(axis=1))
        low[found] += first_under * step
        high[found] = low[found] + step
    return np.asarray((low + high) / 2.0, dtype=np.float64)
