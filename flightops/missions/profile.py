"""The ground under a line, and waypoints whose straight legs follow it (sweeps) or stay above it (transits).

A leg between two waypoints is flown straight, in height too. `follow` keeps the line's own corners and inserts
points where the ground leaves the straight leg by more than TOLERANCE_M (`terrain_profile.bends`, as plans made offline
do). `legs_over` makes a fixed number of legs that never dip under a floor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from core.geo import Floats, LatLon
from core.terrain import Terrain
from flightops.planning.airspace.terrain_profile import bends

STEP_M = 5.0
"""Distance between ground samples along a line."""
METRES_PER_DEG = 111_320.0
"""Of latitude, to 0.6 %: only spacing and shares along a leg hang on it, never a place."""
TOLERANCE_M = 4.0
"""Largest departure at a sample; with what lies between samples the drone keeps within 5 m."""


@dataclass(frozen=True, slots=True)
class Point:
    """A place on the line and the ground there, m AMSL."""

    place: LatLon
    ground_amsl_m: float


@dataclass(frozen=True)
class Samples:
    """Ground under a line: `lonlat` (n, 2) deg, `ground` (n,) m AMSL, `along` (n,) m, `corners`: indices."""

    lonlat: Floats
    ground: Floats
    along: Floats
    corners: tuple[int, ...]


def sample(line: tuple[LatLon, ...], terrain: Terrain, step_m: float = STEP_M) -> Samples | None:
    """Ground every `step_m` or less along the line, corners included; None where the model knows no height."""
    ends = np.array([[p.lon_deg, p.lat_deg] for p in line])
    scale = METRES_PER_DEG * np.array([math.cos(math.radians(line[0].lat_deg)), 1.0])
    pieces, corners = [ends[:1]], [0]
    for a, b in pairwise(ends):
        n = max(1, math.ceil(float(np.hypot(*((b - a) * scale))) / step_m))
        pieces.append(a + (b - a) * (np.arange(1, n + 1) / n)[:, None])
        corners.append(corners[-1] + n)
    lonlat = np.vstack(pieces)
    ground = terrain.heights_amsl_m(lonlat)
    if np.isnan(ground).any():
        return None
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*(np.diff(lonlat, axis=0) * scale).T))])
    return Samples(lonlat, ground, along, tuple(corners))


def follow(line: tuple[LatLon, ...], terrain: Terrain, tolerance_m: float = TOLERANCE_M) -> tuple[Point, ...] | None:
    """The line's points and those inserted to follow the ground; None where the model knows no height."""
    s = sample(line, terrain)
    if s is None:
        return None
    kept = map(int, bends(s.along, s.ground, s.corners, tolerance_m))
    own = dict(zip(s.corners, line, strict=True))
    return tuple(
        Point(own.get(i) or LatLon(float(s.lonlat[i, 1]), float(s.lonlat[i, 0])), float(s.ground[i])) for i in kept
    )


def legs_over(
    along: Floats, floor: Floats, smooth: Floats, legs: int, corners: tuple[int, ...] = ()
) -> tuple[Floats, Floats]:
    """Exactly `legs` straight legs nowhere under `floor`: where they begin and end, m along, and how high, (legs + 1,).

    Their ends lie on `smooth` (n,), so no leg is steeper than it; what still dips under the floor lifts all of them.
    Legs that are not needed come from halving the longest. `corners`: indices, fewer than legs, where one must end.
    """
    kept = sorted({0, *corners, len(along) - 1})
    while True:
        short = floor - np.interp(along, along[kept], smooth[kept])
        worst = int(short.argmax())
        if worst in kept or short[worst] <= 0.0 or len(kept) > legs:
            break
        kept = sorted({*kept, worst})
    at, heights = along[kept], smooth[kept] + max(float(short[worst]), 0.0)
    while len(at) <= legs:
        k = int(np.diff(at).argmax())
        at = np.insert(at, k + 1, (at[k] + at[k + 1]) / 2)
        heights = np.insert(heights, k + 1, (heights[k] + heights[k + 1]) / 2)
    return at, heights
