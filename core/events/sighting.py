"""Facts about what cameras saw."""

from __future__ import annotations

from dataclasses import dataclass

from core.camera import Pose
from core.geo import Covariance, LatLon
from core.ids import (
    DroneId,
    SightingId,
    TrackId,
)
from core.units import UtcSeconds, finite, positive, within


@dataclass(frozen=True, slots=True)
class Box:
    """A box in an image, px, top-left corner first."""

    x_px: float
    y_px: float
    width_px: float
    height_px: float

    def __post_init__(self) -> None:
        finite("box.x_px", self.x_px)
        finite("box.y_px", self.y_px)
        positive("box.width_px", self.width_px)
        positive("box.height_px", self.height_px)


@dataclass(frozen=True, slots=True)
class SightingMade:
    """A person is here, seen at `at` (capture time); never who. `chip` is a small JPEG of the box, or empty."""

    sighting: SightingId
    track: TrackId
    drone: DroneId
    at: UtcSeconds
    place: LatLon
    covariance: Covariance
    score: float
    views: int
    detector: str
    pose: Pose
    box: Box
    chip: bytes

    def __post_init__(self) -> None:
        finite("sighting.at", self.at)
        within("sighting.score", self.score, 0.0, 1.0)
