"""What a camera sees of flat ground, and the swath that follows: the spacing of sweep lines.

The camera flies along its heading; its image rows lie across the track. Ground is flat; a pitch is that of the
optical axis, -90 straight down. Figures checked against the vectors of ANCHORS section 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.camera import Camera
from core.errors import Malformed
from core.units import positive, within

MOST_SIDELAP = 0.9
HORIZON_MARGIN_DEG = 6.0
"""One more than the 5 below which vision places nobody (a gimbal may be a degree off)."""


@dataclass(frozen=True, slots=True)
class GroundTrapezoid:
    """A camera's view of flat ground, m: distances ahead of the point below it (behind: negative) and widths across
    at the near edge, the optical axis and the far edge."""

    near_m: float
    centre_m: float
    far_m: float
    near_width_m: float
    centre_width_m: float
    far_width_m: float


def view(camera: Camera, height_agl_m: float, gimbal_pitch_deg: float = -90.0) -> GroundTrapezoid:
    """What the camera sees. Raises Malformed when its upper edge comes within HORIZON_MARGIN_DEG of the horizon."""
    positive("height_agl_m", height_agl_m)
    within("gimbal_pitch_deg", gimbal_pitch_deg, -90.0, 0.0)
    if gimbal_pitch_deg + camera.vfov_deg / 2.0 > -HORIZON_MARGIN_DEG:
        raise Malformed(
            "gimbal_pitch_deg", f"at {gimbal_pitch_deg:g} the view reaches the horizon", "look further down"
        )
    half_width = math.tan(math.radians(camera.hfov_deg) / 2.0)

    def edge(off_axis_deg: float) -> tuple[float, float]:
        down = math.radians(-gimbal_pitch_deg - off_axis_deg)
        ahead = height_agl_m / math.tan(down) if abs(down - math.pi / 2) > 1e-12 else 0.0
        depth = height_agl_m / math.sin(down) * math.cos(math.radians(off_axis_deg))
        return ahead, 2.0 * depth * half_width

    (near, near_width), (centre, centre_width), (far, far_width) = map(
        edge, (-camera.vfov_deg / 2.0, 0.0, camera.vfov_deg / 2.0)
    )
    return GroundTrapezoid(near, centre, far, near_width, centre_width, far_width)


def swath_m(camera: Camera, height_agl_m: float, sidelap: float = 0.0, gimbal_pitch_deg: float = -90.0) -> float:
    """Spacing of sweep lines, m: the width seen along the image's centre row less the sidelap (0 to MOST_SIDELAP)."""
    within("sidelap", sidelap, 0.0, MOST_SIDELAP)
    return view(camera, height_agl_m, gimbal_pitch_deg).centre_width_m * (1.0 - sidelap)


def pixels_per_metre(camera: Camera, height_agl_m: float, gimbal_pitch_deg: float = -90.0) -> float:
    """Image pixels a metre across the track, at the image centre."""
    return camera.width_px / view(camera, height_agl_m, gimbal_pitch_deg).centre_width_m
