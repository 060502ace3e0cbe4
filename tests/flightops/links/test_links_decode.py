"""Telemetry to DroneState, link quality, message rates."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pymavlink.dialects.v20 import ardupilotmega as mav
from scipy.spatial.transform import Rotation

from core.drone import Autopilot, DroneState, FlightMode
from core.errors import Malformed
from core.ids import DroneId
from core.units import UtcSeconds, wrap_180
from flightops.links.air.decode import euler_deg, fold
from flightops.links.air.frames import Parser, Writer, param_number, to_mavsdk
from flightops.links.air.quality import Quality
from flightops.links.air.rates import SET_MESSAGE_INTERVAL, WANTED_HZ, Rates
from flightops.links.dialects import DIALECTS

NOW = UtcSeconds(1000.0)


def fresh(autopilot: Autopilot = Autopilot.PX4) -> DroneState:
    return DroneState(DroneId("d1"), 1, autopilot, UtcSeconds(999.0))


def after(*messages: Any, autopilot: Autopilot = Autopilot.PX4) -> DroneState:
    """The state after these messages, each through bytes."""
    state, writer, parser = fresh(autopilot), Writer(1, 1), Parser()
    for m in messages:
        (heard,) = parser.feed(writer.pack(m))
        state = fold(state, heard, NOW, DIALECTS[autopilot])
    return state


def test_position_heights_and_speeds() -> None:
    s = after(mav.MAVLink_global_position_int_message(5, 450000000, 130000000, 412_500, 12_500, 300, -400, 50, 9000))
    assert s.place is not None
    assert s.above_home_m is not None
    assert s.velocity is not None
    assert (s.place.value.lat_deg, s.place.value.lon_deg, s.place.value.alt_amsl_m) == (45.0, 13.0, 412.5)
    assert s.above_home_m.value == 12.5
    assert (s.velocity.value.north_mps, s.velocity.value.east_mps, s.velocity.value.down_mps) == (3.0, -4.0, 0.5)
    assert s.heard_at == s.place.at == NOW


def test_zero_zero_is_no_place() -> None:
    assert after(mav.MAVLink_global_position_int_message(5, 0, 0, 0, 0, 0, 0, 0, 0)).place is None
    assert after(mav.MAVLink_home_position_message(0, 0, 0, 0, 0, 0, [1, 0, 0, 0], 0, 0, 0)).home is None


def test_heartbeat_mode_and_arming() -> None:
    px4 = after(mav.MAVLink_heartbeat_message(2, 12, 129, 4 << 16 | 4 << 24, 4, 3))
    copter = after(mav.MAVLink_heartbeat_message(2, 3, 1, 6, 4, 3), autopilot=Autopilot.ARDUPILOT)
    assert px4.mode is not None
    assert px4.armed is not None
    assert copter.mode is not None
    assert copter.armed is not None
    assert (px4.mode.value, px4.armed.value) == (FlightMode.MISSION, True)
    assert (copter.mode.value, copter.armed.value) == (FlightMode.RETURN, False)


def test_battery_gnss_landed_version_mission() -> None:
    s = after(
        mav.MAVLink_sys_status_message(0, 0, 0, 0, 15200, 100, 63, 0, 0, 0, 0, 0, 0),
        mav.MAVLink_gps_raw_int_message(1, 6, 1, 1, 1, 80, 90, 0, 0, 17, 0, 900),
        mav.MAVLink_extended_sys_state_message(0, 3),
        mav.MAVLink_autopilot_version_message(0, 0x011102FF, 0, 0, 0, list(b"airgrnd\0"), [0] * 8, [0] * 8, 0, 0, 0),
        mav.MAVLink_mission_current_message(3, 12, 0, 0),
    )
    assert s.battery is not None
    assert s.gnss is not None
    assert s.in_air is not None
    assert s.mission is not None
    assert (s.battery.value.left, s.battery.value.volts) == (0.63, 15.2)
    assert (s.gnss.value.fix, s.gnss.value.satellites, s.gnss.value.horizontal_sigma_m) == (6, 17, 0.9)
    assert s.in_air.value
    assert s.version == "PX4 1.17.2 simulated"
    assert (s.mission.value.current, s.mission.value.total) == (3, 12)


def test_ardupilot_counts_home_as_item_0() -> None:
    s = after(mav.MAVLink_mission_current_message(3, 12, 0, 0), autopilot=Autopilot.ARDUPILOT)
    assert s.mission is not None
    assert (s.mission.value.current, s.mission.value.total) == (2, 12)


def test_unknown_battery_is_none() -> None:
    assert after(mav.MAVLink_sys_status_message(0, 0, 0, 0, 15200, 100, -1, 0, 0, 0, 0, 0, 0)).battery is None


def test_says_keeps_warnings_and_joins_chunks() -> None:
    s = after(
        mav.MAVLink_statustext_message(4, b"PreArm: compass not calibrated, please do that bef", 7, 0),
        mav.MAVLink_statustext_message(4, b"ore the flight", 7, 1),
        mav.MAVLink_statustext_message(6, b"EKF2 is fine"),
    )
    assert s.says is not None
    assert s.says.value == "PreArm: compass not calibrated, please do that before the flight"


@settings(deadline=None, max_examples=60)
@given(st.floats(-179, 179), st.floats(-89.5, 89.5), st.floats(-179, 179))
def test_euler_angles_agree_with_scipy(yaw: float, pitch: float, roll: float) -> None:
    x, y, z, w = Rotation.from_euler("ZYX", [yaw, pitch, roll], degrees=True).as_quat()
    y2, p2, r2 = euler_deg(w, x, y, z)
    assert p2 == pytest.approx(pitch, abs=1e-4)
    again = Rotation.from_euler("ZYX", [y2, p2, r2], degrees=True)
    assert (again.inv() * Rotation.from_quat([x, y, z, w])).magnitude() < 1e-3


@settings(deadline=None, max_examples=60)
@given(st.floats(-179, 179))
def test_straight_down_keeps_the_yaw(yaw: float) -> None:
    x, y, z, w = Rotation.from_euler("ZYX", [yaw, -90.0, 0.0], degrees=True).as_quat()
    y2, p2, r2 = euler_deg(w, x, y, z)
    assert (p2, r2) == (-90.0, 0.0)
    assert abs(wrap_180(y2 - yaw)) < 1e-3


@pytest.mark.parametrize(("flags", "heading"), [(64, 30.0), (32, 120.0), (16, 30.0), (0, 120.0)])
def test_gimbal_yaw_counts_from_north_or_nose_by_flags(flags: int, heading: float) -> None:
    x, y, z, w = Rotation.from_euler("ZYX", [30.0, -60.0, 0.0], degrees=True).as_quat()
    s = after(
        mav.MAVLink_attitude_message(1, 0.0, 0.0, math.pi / 2, 0, 0, 0),
        mav.MAVLink_gimbal_device_attitude_status_message(0, 0, 1, flags, [w, x, y, z], 0, 0, 0, 0),
    )
    assert s.gimbal is not None
    assert s.gimbal.value.heading_deg == pytest.approx(heading, abs=1e-4)
    assert s.gimbal.value.pitch_deg == pytest.approx(-60.0, abs=1e-4)


def test_gimbal_off_the_nose_without_heading_is_unknown() -> None:
    assert (
        after(mav.MAVLink_gimbal_device_attitude_status_message(0, 0, 1, 32, [1, 0, 0, 0], 0, 0, 0, 0)).gimbal is None
    )


def test_mount_orientation() -> None:
    attitude = mav.MAVLink_attitude_message(1, 0.0, 0.0, math.pi / 2, 0, 0, 0)
    nose = after(attitude, mav.MAVLink_mount_orientation_message(1, 0.0, -45.0, 10.0, math.nan))
    north = after(attitude, mav.MAVLink_mount_orientation_message(1, 0.0, -45.0, 10.0, 200.0))
    assert nose.gimbal is not None
    assert north.gimbal is not None
    assert nose.gimbal.value.heading_deg == pytest.approx(100.0, abs=1e-4)
    assert north.gimbal.value.heading_deg == pytest.approx(200.0, abs=1e-4)


@pytest.mark.parametrize(
    "message",
    [
        mav.MAVLink_global_position_int_message(5, 1_000_000_000, 1, 0, 0, 0, 0, 0, 0),
        mav.MAVLink_attitude_message(1, math.nan, 0.0, 0.0, 0, 0, 0),
        mav.MAVLink_gimbal_device_attitude_status_message(0, 0, 1, 64, [0, 0, 0, 0], 0, 0, 0, 0),
        mav.MAVLink_gimbal_device_attitude_status_message(0, 0, 1, 64, [math.nan] * 4, 0, 0, 0, 0),
        mav.MAVLink_sys_status_message(0, 0, 0, 0, 15200, 100, 120, 0, 0, 0, 0, 0, 0),
    ],
    ids=lambda m: m.get_type(),
)
def test_values_that_cannot_be_are_refused(message: Any) -> None:
    with pytest.raises(Malformed):
        after(message)


def test_parameter_numbers_by_bytes_and_by_value() -> None:
    by_value = mav.MAVLink_param_value_message(b"A", 3.0, 6, 1, 0)
    assert param_number(by_value, bytewise=False) == 3.0
    by_bytes = mav.MAVLink_param_value_message(b"A", 4.203895392974451e-45, 6, 1, 0)
    assert param_number(by_bytes, bytewise=True) == 3.0


def test_what_mavsdk_sees_is_readdressed() -> None:
    ack = mav.MAVLink_command_ack_message(400, 0, 0, 0, 255, 190)
    (heard,) = Parser().feed(Writer(1, 1).pack(ack))
    (seen,) = Parser().feed(to_mavsdk(heard, 42))
    assert (seen.get_srcSystem(), seen.get_srcComponent()) == (42, 1)
    assert (seen.target_system, seen.target_component) == (245, 190)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 5), min_size=50, max_size=100), st.integers(0, 255))
def test_loss_is_what_was_lost(gaps: list[int], start: int) -> None:
    quality, seq = Quality(), start
    for gap in gaps:
        seq += 1 + gap
        quality.heard(1, seq % 256, 5.0)
    lost = sum(gaps[1:])
    assert quality.now(5.0).loss == pytest.approx(lost / (lost + len(gaps)))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=50, max_size=150), st.integers(0, 255))
def test_late_frames_are_not_lost(frames: list[tuple[bool, int]], start: int) -> None:
    """Each frame is lost or comes up to six places late; the first and last come, and in time."""
    order = sorted((k + late, k) for k, (lost, late) in enumerate(frames) if not lost)
    arrived = [0, *(k + 1 for _, k in order), len(frames) + 8]
    quality = Quality()
    for k in arrived:
        quality.heard(1, (start + k) % 256, 5.0)
    assert quality.now(5.0).loss == pytest.approx(1 - len(arrived) / (len(frames) + 9))


def test_quality_forgets_after_its_window() -> None:
    quality = Quality()
    for k in range(100):
        quality.heard(1, (k * 2) % 256, k / 10)
    assert quality.now(10.0).loss == pytest.approx(0.5, abs=0.02)
    assert quality.now(10.0).frames_hz == pytest.approx(10.0, rel=0.1)
    assert quality.now(30.0).frames_hz == 0.0


def drive(rates: Rates, seconds: float, sends: dict[int, float], ignore: float) -> list[tuple[float, int]]:
    """Ten steps a second; the vehicle ignores asks before `ignore`, then sends as in `sends` (Hz). What was asked."""
    asked: list[tuple[float, int]] = []
    granted: set[int] = set()
    for tick in range(int(seconds * 20)):
        now = tick / 20
        if tick % 2 == 0:
            for command, params in rates.asks(now):
                assert command in (SET_MESSAGE_INTERVAL, 512)
                asked.append((now, int(params[0])))
                granted |= {int(params[0])} if now >= ignore else set()
        for number in granted & set(sends):
            if tick % round(20 / sends[number]) == 0:
                rates.heard(number, now)
    return asked


def test_rates_are_asked_until_they_come_and_then_no_more() -> None:
    every = dict.fromkeys(WANTED_HZ, 20.0) | WANTED_HZ | {30: 20.0, 148: 1.0}
    asked = drive(Rates(), 60.0, every, ignore=5.0)
    for number in WANTED_HZ:
        times = [t for t, n in asked if n == number]
        assert times[0] < 1.0
        assert 2 <= len(times) <= 6
        assert max(times) < 16.0


def test_a_vehicle_that_never_sends_is_asked_ever_more_rarely() -> None:
    asked = drive(Rates(), 300.0, {}, ignore=0.0)
    late = [n for t, n in asked if t > 200.0]
    assert all(late.count(n) <= 5 for n in set(late))
    assert 265 in {n for _, n in asked}


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.sampled_from(list(DIALECTS.values())))
def test_versions_never_fail(number: int, dialect: Any) -> None:
    assume(number >= 0)
    m = mav.MAVLink_autopilot_version_message(0, number, 0, 0, 0, [0] * 8, [0] * 8, [0] * 8, 0, 0, 0)
    assert fold(fresh(), m, NOW, dialect).version
