"""Patterns about a datum, the best guess of where somebody is: expanding square, sector search, orbit.

IAMSAR vol. III section 3: expanding square (SS) and sector search (VS). Metres of the datum's local frame; bearings
are true at the datum. All turns are to the right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.errors import Malformed, Refused
from core.geo import Area, Floats, LatLon, LocalFrame
from core.units import finite, within
from flightops.planning.paths.timing import Pace
from flightops.planning.patterns.pattern import Pattern, drawn

LEAST_M = 1.0
MOST_RADIUS_M = 20_000.0
MOST_LEGS = 1_000
MOST_LAPS = 200
SECTORS = 3
SECOND_PASS_DEG = 30.0
CHORD_ERROR_M = 0.9
"""An orbit's chords keep nearer to its circle than 1 m; the rest is for the frame."""
FEWEST_CHORDS = 12
ROUNDING = 1e-9


def expanding_square(
    datum: LatLon, first_leg_bearing_deg: float, spacing_m: float, legs: int, fence: Area | None = None
) -> Pattern | Refused:
    """Legs S, S, 2S, 2S, 3S, 3S, ... from the datum, each to the right of the last, `legs` of them.

    A swath of S leaves no gap between them; at a corner that takes the picture half a swath beyond the turn.
    """
    _spacing(spacing_m)
    finite("first_leg_bearing_deg", first_leg_bearing_deg)
    within("legs", legs, 1, MOST_LEGS)
    k = np.arange(1, int(legs) + 1)
    bearing_rad = np.radians(first_leg_bearing_deg + 90.0 * (k - 1))
    steps = ((k + 1) // 2 * spacing_m)[:, None] * np.column_stack([np.sin(bearing_rad), np.cos(bearing_rad)])
    xy = np.vstack([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
    return drawn("expanding square", LocalFrame(datum), xy, float(spacing_m), fence)


def legs_as_far_as(spacing_m: float, reach_m: float) -> int:
    """How many legs an expanding square takes until its outermost strips, half a spacing wide on each side, reach
    reach_m from the datum on all four sides."""
    _spacing(spacing_m)
    finite("reach_m", reach_m)
    return 4 * max(math.ceil(reach_m / spacing_m - 0.5 - ROUNDING), 0) + 1


def sector_search(
    datum: LatLon, radius_m: float, first_bearing_deg: float, passes: int = 1, fence: Area | None = None
) -> Pattern | Refused:
    """Three triangles with a corner at the datum, 60 degrees apart: nine legs of radius_m, six of them through it.

    A second pass is turned 30 degrees to the right, so its legs halve the gaps of the first. `spacing_m` of the
    pattern is the largest distance of neighbouring ends on the circle.
    """
    _radius(radius_m)
    finite("first_bearing_deg", first_bearing_deg)
    within("passes", passes, 1, 2)
    turned = [_triangles(first_bearing_deg + SECOND_PASS_DEG * k) for k in range(int(passes))]
    xy = radius_m * np.vstack([np.zeros((1, 2)), *turned])
    widest_m = 2.0 * radius_m * math.sin(math.pi / (2 * SECTORS * int(passes)))
    return drawn("sector search", LocalFrame(datum), xy, widest_m, fence)


def _triangles(first_bearing_deg: float) -> Floats:
    """(9, 2) corners of one pass on the unit circle, the datum after each triangle."""
    bearing_rad = np.radians(first_bearing_deg + np.array([0.0, 60.0, 240.0, 300.0, 120.0, 180.0]))
    ends = np.column_stack([np.sin(bearing_rad), np.cos(bearing_rad)]).reshape(SECTORS, 2, 2)
    return np.concatenate([ends, np.zeros((SECTORS, 1, 2))], axis=1).reshape(-1, 2)


@dataclass(frozen=True, slots=True)
class Circle:
    """A circle about a datum, radius in metres, and the way round it seen from above."""

    datum: LatLon
    radius_m: float
    clockwise: bool = True

    def __post_init__(self) -> None:
        within("radius_m", self.radius_m, LEAST_M, MOST_RADIUS_M)


def orbit(circle: Circle, pace: Pace, laps: int = 1, fence: Area | None = None) -> Pattern | Refused:
    """`laps` times round the circle from its north, on chords that keep within 1 m of it.

    `pace.speed_mps` is over the ground. Raises Malformed, naming the smallest radius that works, when v^2 / r is more
    than `pace.accel_mps2`.
    """
    within("laps", laps, 1, MOST_LAPS)
    least_m = pace.speed_mps**2 / pace.accel_mps2
    if circle.radius_m < least_m:
        needs = pace.speed_mps**2 / circle.radius_m
        raise Malformed(
            "radius_m",
            f"{circle.radius_m:g} m at {pace.speed_mps:g} m/s takes {needs:.1f} m/s^2, over {pace.accel_mps2:g}",
            f"take at least {math.ceil(least_m * 10) / 10:g} m or fly slower",
        )
    half = math.acos(max(1.0 - CHORD_ERROR_M / circle.radius_m, 0.0))
    chords = max(math.ceil(math.pi / half), FEWEST_CHORDS)
    turn_rad = np.arange(chords * int(laps) + 1) % chords * (2.0 * math.pi / chords)
    way = 1.0 if circle.clockwise else -1.0
    xy = circle.radius_m * np.column_stack([way * np.sin(turn_rad), np.cos(turn_rad)])
    return drawn("orbit", LocalFrame(circle.datum), xy, None, fence)


def _spacing(spacing_m: float) -> None:
    within("spacing_m", spacing_m, LEAST_M, MOST_RADIUS_M)


def _radius(radius_m: float) -> None:
    within("radius_m", radius_m, LEAST_M, MOST_RADIUS_M)
