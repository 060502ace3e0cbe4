"""The camera's view of flat ground against the vectors of ANCHORS section 1."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.camera import THERMAL_640, Camera
from core.errors import Malformed
from flightops.planning.footprint import Look, pixels_per_metre, swath_m, view


def test_straight_down() -> None:
    assert swath_m(THERMAL_640, 60.0) == pytest.approx(49.71, abs=0.005)
    assert swath_m(THERMAL_640, 100.0) == pytest.approx(82.84, abs=0.005)
    assert pixels_per_metre(THERMAL_640, 60.0) == pytest.approx(12.9, abs=0.05)
    assert swath_m(THERMAL_640, 60.0, sidelap=0.2) == pytest.approx(0.8 * 49.71, abs=0.005)


def test_sixty_degrees_below_the_horizon() -> None:
    height_px = round(2 * 320 / math.tan(math.radians(22.5)) * math.tan(math.radians(18.0)))
    seen = view(Camera(640, height_px, 45.0), 60.0, -60.0)
    assert (seen.near_m, seen.centre_m, seen.far_m) == pytest.approx((12.75, 34.64, 66.64), abs=0.05)
    assert (seen.near_width_m, seen.centre_width_m, seen.far_width_m) == pytest.approx((48.33, 57.40, 70.65), abs=0.05)


def test_a_slant_view_is_as_wide_as_its_near_edge() -> None:
    """Pitch 60 deg below the horizon, VFOV 36, 60 m (ANCHORS): the near edge is 48.33 m wide, the far one 70.65 m."""
    height_px = round(2 * 320 / math.tan(math.radians(22.5)) * math.tan(math.radians(18.0)))
    look = Look(Camera(640, height_px, 45.0), -60.0, 0.0)
    assert look.swath_m(60.0) == pytest.approx(48.33, abs=0.05)
    assert look.far_px(60.0) == pytest.approx(0.5 * 640 / 70.65, abs=0.01)


@given(st.floats(6, 400), st.floats(-90, -40), st.floats(0.5, 40))
def test_a_height_that_is_named_does(height: float, pitch: float, person_px: float) -> None:
    look = Look(THERMAL_640, pitch, person_px=person_px)
    if look.far_px(height) >= person_px:
        look.check(height)
        return
    with pytest.raises(Malformed, match=r"a person \(0.5 m\)") as refused:
        look.check(height)
    assert refused.value.field == "person_px"
    if refused.value.fix.startswith("fly at"):
        named = float(refused.value.fix.split()[2])
        look.check(named)
        with pytest.raises(Malformed):
            look.check(named + 0.11)


@pytest.mark.parametrize(
    ("pitch", "sidelap", "px"), [(5.0, 0.1, 4.0), (-20.0, 0.1, 4.0), (-90.0, 1.0, 4.0), (-90.0, 0.1, 0.0)]
)
def test_a_look_that_makes_no_sense_is_refused(pitch: float, sidelap: float, px: float) -> None:
    with pytest.raises(Malformed):
        Look(THERMAL_640, pitch, sidelap, px)


@pytest.mark.parametrize(
    ("height", "sidelap", "pitch", "field"),
    [
        (0.0, 0.0, -90.0, "height_agl_m"),
        (math.nan, 0.0, -90.0, "height_agl_m"),
        (60.0, 1.0, -90.0, "sidelap"),
        (60.0, -0.1, -90.0, "sidelap"),
        (60.0, 0.0, 5.0, "gimbal_pitch_deg"),
        (60.0, 0.0, -20.0, "gimbal_pitch_deg"),
    ],
)
def test_bad_numbers_are_refused(height: float, sidelap: float, pitch: float, field: str) -> None:
    with pytest.raises(Malformed) as refused:
        swath_m(THERMAL_640, height, sidelap, pitch)
    assert refused.value.field == field


@given(st.floats(10, 500), st.floats(-90, -30), st.floats(0, 0.9))
def test_swath_grows_with_height_and_shrinks_with_sidelap(height: float, pitch: float, lap: float) -> None:
    swath = swath_m(THERMAL_640, height, lap, pitch)
    assert swath == pytest.approx(height * swath_m(THERMAL_640, 1.0, lap, pitch))
    assert swath <= swath_m(THERMAL_640, height, 0.0, pitch)
    seen = view(THERMAL_640, height, pitch)
    assert seen.near_m < seen.centre_m < seen.far_m
    assert seen.near_width_m <= seen.far_width_m + 1e-9
