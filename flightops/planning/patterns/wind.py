"""What a steady wind leaves of an airspeed along a track, and which track loses least.

Sweeps are flown out and back, so what counts is the mean of a pair of legs: the harmonic mean of both ground speeds,
(a^2 - w^2) / sqrt(a^2 - c^2) for airspeed a, wind w and its part c across the track. It is largest across the wind.
Vectors: ANCHORS section 1 (airspeed 12, wind 4 and 8 m/s).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import Malformed
from core.units import finite, positive, within

MOST_WIND_MPS = 100.0


@dataclass(frozen=True, slots=True)
class GroundSpeeds:
    """Ground speeds along a track and back on it, m/s, both above 0."""

    out_mps: float
    back_mps: float

    def __post_init__(self) -> None:
        positive("out_mps", self.out_mps)
        positive("back_mps", self.back_mps)

    @property
    def pair_mean_mps(self) -> float:
        """Mean speed over a leg out and a leg back of the same length."""
        return 2.0 * self.out_mps * self.back_mps / (self.out_mps + self.back_mps)


def ground_speeds(airspeed_mps: float, wind_from_deg: float, wind_mps: float, track_deg: float) -> GroundSpeeds:
    """Ground speeds on the true track and on its reverse, the nose held into the wind.

    `wind_from_deg`: true direction the wind comes from. Raises Malformed when the wind is as strong as the airspeed:
    then one of the two ways, or the track itself, cannot be flown.
    """
    positive("airspeed_mps", airspeed_mps)
    finite("wind_from_deg", wind_from_deg)
    within("wind_mps", wind_mps, 0.0, MOST_WIND_MPS)
    finite("track_deg", track_deg)
    off_rad = math.radians(wind_from_deg - track_deg)
    against, across = wind_mps * math.cos(off_rad), abs(wind_mps * math.sin(off_rad))
    if wind_mps >= airspeed_mps:
        how = "across" if across >= airspeed_mps else "against"
        raise Malformed(
            "wind_mps",
            f"{wind_mps:g} m/s is too strong {how} the track for an airspeed of {airspeed_mps:g} m/s",
            "wait for less wind or fly faster",
        )
    held = math.sqrt(airspeed_mps**2 - across**2)
    return GroundSpeeds(held - against, held + against)


def best_track_deg(
    airspeed_mps: float, wind_from_deg: float, wind_mps: float, tracks_deg: Sequence[float] = ()
) -> float:
    """The track with the highest pair mean: of those given (the first of equals), else of all, deg in [0, 180).

    Raises Malformed when the wind is as strong as the airspeed.
    """
    across_deg = (wind_from_deg + 90.0) % 180.0
    ground_speeds(airspeed_mps, wind_from_deg, wind_mps, across_deg)
    if not tracks_deg:
        return across_deg
    return max(
        tracks_deg, key=lambda t: round(ground_speeds(airspeed_mps, wind_from_deg, wind_mps, t).pair_mean_mps, 9)
    )
