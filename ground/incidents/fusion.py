"""One place from many views of the same spot, with an ellipse that stays honest.

Views are combined by information (inverse covariance). Two errors do not average out and are set aside before
and put back after: what one aircraft's sensors share over a flight (position bias, compass, boresight), and
what all aircraft share (terrain and map). A track's newer view already holds its older ones, so only one view
a track counts. Older views get wider by how far somebody may have walked since. Source of the two-stage form:
Y. Bar-Shalom, X. Li, T. Kirubarajan, Estimation with Applications to Tracking and Navigation (2001), 8.2
(fusion with common errors).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from core.geo import Covariance, Floats, LatLon
from core.ids import DroneId, SightingId, TrackId
from core.units import UtcSeconds
from ground.incidents.nearby import offset_m, shifted

FLIGHT_BIAS_M = 1.5
"""Standard error that the views of one aircraft share, m an axis: the horizontal default of core.camera.PoseError."""
COMMON_BIAS_M = 0.5
"""Standard error that all views share, m an axis."""
WALK_M2_PER_S = 0.5
"""How fast a lost walker's place spreads, m^2 an axis and second (5 m after a minute)."""
WALK_S = 600.0
"""After this long it spreads no further: people who know they are lost tend to stay."""
GATE_99 = 9.2103403719761836
"""99 % quantile of chi-square with 2 degrees of freedom."""


@dataclass(frozen=True, slots=True)
class View:
    """One sighting as far as fusion needs it."""

    sighting: SightingId
    track: TrackId
    drone: DroneId
    at: UtcSeconds
    place: LatLon
    covariance: Covariance
    views: int


def newer(a: View, b: View) -> View:
    """Which of two views of one track counts; the same whichever way round they come."""
    return max(a, b, key=lambda v: (v.at, v.views, v.sighting))


def newest_by_track(views: Iterable[View]) -> tuple[View, ...]:
    """One view a track, ordered by track."""
    kept: dict[TrackId, View] = {}
    for view in views:
        kept[view.track] = newer(kept[view.track], view) if view.track in kept else view
    return tuple(kept[t] for t in sorted(kept))


def fuse(views: Iterable[View]) -> tuple[LatLon, Covariance]:
    """Place and covariance from all views (at least one), at the time of the newest; their order does not matter."""
    kept = newest_by_track(views)
    origin = kept[0].place
    now = max(v.at for v in kept)
    by_drone: dict[DroneId, list[tuple[Floats, Floats]]] = {}
    for view in kept:
        spread = matrix(view.covariance) + walked_m2(now - view.at) * np.eye(2)
        by_drone.setdefault(view.drone, []).append((offset_m(origin, view.place), spread))
    flights = [_together(by_drone[d], FLIGHT_BIAS_M) for d in sorted(by_drone)]
    xy, spread = _together(flights, COMMON_BIAS_M)
    return shifted(origin, float(xy[0]), float(xy[1])), covariance(spread)


def distance2(a: LatLon, a_spread: Covariance, b: LatLon, b_spread: Covariance, apart_s: float = 0.0) -> float:
    """Squared Mahalanobis distance between two estimates of a place, `apart_s` seconds apart in time."""
    gap = offset_m(a, b)
    spread = matrix(a_spread) + matrix(b_spread) + (walked_m2(apart_s) + COMMON_BIAS_M**2) * np.eye(2)
    return float(gap @ np.linalg.solve(spread, gap))


def walked_m2(seconds: float) -> float:
    """Variance that walking adds over a time, m^2 an axis."""
    return WALK_M2_PER_S * min(abs(seconds), WALK_S)


def matrix(c: Covariance) -> Floats:
    """(2, 2), east and north, m^2."""
    return np.array([[c.ee_m2, c.en_m2], [c.en_m2, c.nn_m2]], dtype=np.float64)


def covariance(m: Floats) -> Covariance:
    """The reverse of `matrix`."""
    return Covariance(float(m[0, 0]), float((m[0, 1] + m[1, 0]) / 2.0), float(m[1, 1]))


def _together(estimates: list[tuple[Floats, Floats]], bias_m: float) -> tuple[Floats, Floats]:
    """Information-weighted mean of estimates that share a bias of up to bias_m."""
    if len(estimates) == 1:
        xy, spread = estimates[0]
        return xy, _floored(spread, COMMON_BIAS_M**2)
    shared, information, weighted = 0.0, [], []
    for xy, spread in estimates:
        floored = _floored(spread, COMMON_BIAS_M**2)
        common = min(bias_m**2, 0.9 * float(np.linalg.eigvalsh(floored)[0]))
        own = np.linalg.inv(floored - common * np.eye(2))
        shared = max(shared, common)
        information.append(own)
        weighted.append(own @ xy)
    mean_spread: Floats = np.linalg.inv(np.sum(information, axis=0))
    return mean_spread @ np.sum(weighted, axis=0), mean_spread + shared * np.eye(2)


def _floored(spread: Floats, least_m2: float) -> Floats:
    """The same ellipse with no axis shorter than the least."""
    values, vectors = np.linalg.eigh(spread)
    if values[0] >= least_m2:
        return spread
    lifted: Floats = (vectors * np.maximum(values, least_m2)) @ vectors.T
    return lifted
