"""Patterns over a rectangle: parallel track and creeping line (IAMSAR vol. II 5.5, vol. III section 3: PS, CS).

Legs lie evenly, at most the asked spacing apart, half of it inside the rectangle on all sides: a strip as wide as
the spacing about each leg, and as far beyond its ends, is the whole rectangle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.errors import Malformed, Refused
from core.geo import Area, LatLon, LocalFrame
from core.units import finite, within
from flightops.planning.patterns.pattern import Pattern, drawn

LEAST_M = 1.0
MOST_SIDE_M = 50_000.0
MOST_LEGS = 2_000
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A rectangle about its centre `datum`, metres; `bearing_deg`: true direction of its length, the longer side."""

    datum: LatLon
    length_m: float
    width_m: float
    bearing_deg: float = 0.0

    def __post_init__(self) -> None:
        within("length_m", self.length_m, LEAST_M, MOST_SIDE_M)
        within("width_m", self.width_m, LEAST_M, MOST_SIDE_M)
        finite("bearing_deg", self.bearing_deg)
        if self.width_m > self.length_m:
            raise Malformed(
                "width_m",
                f"{self.width_m:g} m is more than the length, {self.length_m:g} m",
                "swap them and turn the bearing by 90 degrees",
            )


def parallel_track(rectangle: Rectangle, spacing_m: float, fence: Area | None = None) -> Pattern | Refused:
    """Legs along the length, the first one along the bearing, advancing to the right of it."""
    return _legs("parallel track", rectangle, spacing_m, fence)


def creeping_line(rectangle: Rectangle, spacing_m: float, fence: Area | None = None) -> Pattern | Refused:
    """Legs along the width, the first one to the right of the bearing, advancing along it."""
    return _legs("creeping line", rectangle, spacing_m, fence)


def _legs(name: str, rectangle: Rectangle, spacing_m: float, fence: Area | None) -> Pattern | Refused:
    within("spacing_m", spacing_m, LEAST_M, MOST_SIDE_M)
    along_length = name == "parallel track"
    run_m, across_m = rectangle.length_m, rectangle.width_m
    if not along_length:
        run_m, across_m = across_m, run_m
    n = max(math.ceil(across_m / spacing_m - ROUNDING), 1)
    if n > MOST_LEGS:
        raise Malformed("spacing_m", f"{spacing_m:g} m makes {n} legs", "widen it or split the rectangle")
    gap_m = across_m / n
    half_m = (run_m - gap_m) / 2.0
    if half_m < LEAST_M / 2.0:
        raise Malformed(
            "spacing_m",
            f"legs of {run_m:g} m are no longer than the {gap_m:g} m between them",
            "narrow the spacing" if along_length else "narrow the spacing, or fly a parallel track",
        )
    offset = (np.arange(n) + 0.5) * gap_m - across_m / 2.0
    there = np.where(np.arange(n) % 2 == 0, -half_m, half_m)
    run = np.column_stack([there, -there]).ravel()
    advance = np.repeat(offset, 2)
    forward, right = (run, advance) if along_length else (advance, run)
    bearing_rad = math.radians(rectangle.bearing_deg)
    s, c = math.sin(bearing_rad), math.cos(bearing_rad)
    xy = np.column_stack([forward * s + right * c, forward * c - right * s])
    return drawn(name, LocalFrame(rectangle.datum), xy, gap_m, fence)
