"""Camera numbers, shared by the renderer and the geolocator. No projection code lives here (rule 15).

Camera axes: x right, y down in the image, z along the optical axis. Pixel (0, 0) is the centre of the
top-left pixel. Attitude is that of the optical axis: heading (true, clockwise from north), pitch (0 level,
-90 straight down), roll (clockwise seen along the axis).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.geo import GeoPoint
from core.units import UtcSeconds, finite, positive, within


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole camera: image size in px, horizontal field of view in deg, square pixels, centred."""

    width_px: int
    height_px: int
    hfov_deg: float

    def __post_init__(self) -> None:
        positive("camera.width_px", self.width_px)
        positive("camera.height_px", self.height_px)
        within("camera.hfov_deg", self.hfov_deg, 1.0, 150.0)

    @property
    def focal_px(self) -> float:
        """Focal length, px."""
        return self.width_px / 2.0 / math.tan(math.radians(self.hfov_deg) / 2.0)

    @property
    def vfov_deg(self) -> float:
        """Vertical field of view, deg."""
        return math.degrees(2.0 * math.atan(self.height_px / 2.0 / self.focal_px))


THERMAL_640 = Camera(640, 512, 45.0)
"""A common 640 x 512 thermal core with a 13.6 mm lens (12 um pitch)."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a camera was and how it looked, at `at` (capture time)."""

    at: UtcSeconds
    place: GeoPoint
    heading_deg: float
    pitch_deg: float
    roll_deg: float

    def __post_init__(self) -> None:
        finite("pose.at", self.at)
        finite("pose.heading_deg", self.heading_deg)
        within("pose.pitch_deg", self.pitch_deg, -180.0, 180.0)
        within("pose.roll_deg", self.roll_deg, -180.0, 180.0)


@dataclass(frozen=True, slots=True)
class PoseError:
    """Standard errors of a pose: position m, angles deg, capture time s."""

    horizontal_m: float = 1.5
    vertical_m: float = 2.0
    heading_deg: float = 2.0
    tilt_deg: float = 0.5
    time_s: float = 0.05

    def __post_init__(self) -> None:
        for name in ("horizontal_m", "vertical_m", "heading_deg", "tilt_deg", "time_s"):
            within(f"pose_error.{name}", getattr(self, name), 0.0, 1e4)
