"""What a camera sees of flat ground, and the swath that follows: the spacing of sweep lines.

The camera flies along its heading; its image rows lie across the track. Ground is flat; a pitch is that of the
optical axis, -90 straight down. A view at a slant is narrowest at its near edge and coarsest at its far one, so the
swath is that of the near edge and pixels on a person are counted at the far edge. Figures checked against the vectors
of ANCHORS section 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.camera import Camera
from core.errors import Malformed
from core.units import positive, within

SIDELAP = 0.1
"""Share of a swath seen from the next line too, unless another is asked for."""
MOST_SIDELAP = 0.9
PERSON_M = 0.5
"""How wide a person is across the view: shoulders, standing or lying, from any side."""
LOWEST_M = 5.0
"""No height under it is advised."""
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
    """Spacing of sweep lines, m: the width seen along the image's near edge less the sidelap (0 to MOST_SIDELAP).

    In proportion to the height. Looking straight down all rows are as wide.
    """
    within("sidelap", sidelap, 0.0, MOST_SIDELAP)
    return view(camera, height_agl_m, gimbal_pitch_deg).near_width_m * (1.0 - sidelap)


def pixels_per_metre(camera: Camera, height_agl_m: float, gimbal_pitch_deg: float = -90.0) -> float:
    """Image pixels a metre across the track, at the image centre."""
    return camera.width_px / view(camera, height_agl_m, gimbal_pitch_deg).centre_width_m


@dataclass(frozen=True, slots=True)
class Look:
    """A camera and how it is held: pitch of its axis, overlap of neighbouring strips, and the pixels that a person has
    to have across (None: any number will do)."""

    camera: Camera
    gimbal_pitch_deg: float = -90.0
    sidelap: float = SIDELAP
    person_px: float | None = None

    def __post_init__(self) -> None:
        if self.person_px is not None:
            positive("person_px", self.person_px)
        swath_m(self.camera, 1.0, self.sidelap, self.gimbal_pitch_deg)

    def swath_m(self, height_agl_m: float) -> float:
        """Spacing of sweep lines at a height, m."""
        return swath_m(self.camera, height_agl_m, self.sidelap, self.gimbal_pitch_deg)

    def far_px(self, height_agl_m: float) -> float:
        """Pixels across a person of PERSON_M at the far edge of the view, where they are fewest."""
        return PERSON_M * self.camera.width_px / view(self.camera, height_agl_m, self.gimbal_pitch_deg).far_width_m

    def check(self, height_agl_m: float) -> None:
        """Raises Malformed, naming the height that would do, when a person has too few pixels from this one."""
        found = self.far_px(height_agl_m)
        if self.person_px is None or found >= self.person_px:
            return
        do_m = math.floor(height_agl_m * found / self.person_px * 10.0) / 10.0
        advice = "take a narrower view, one steeper down, or more pixels"
        raise Malformed(
            "person_px",
            f"a person ({PERSON_M:g} m) is {found:.1f} px across at the far edge of the view from "
            f"{height_agl_m:.1f} m, under {self.person_px:g}",
            f"fly at {do_m:g} m or lower, or {advice}" if do_m >= LOWEST_M else advice,
        )
