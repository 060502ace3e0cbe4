"""Each autopilot's own ways, as measured on the real ones (FACTS)."""

from __future__ import annotations

import math
import struct
from typing import Any

import pytest
from pymavlink.dialects.v20 import ardupilotmega as mav

from core.drone import Autopilot
from core.errors import Malformed
from sitl.vehicle.dialect import PERSONALITIES
from sitl.vehicle.dialect.personality import Doing

PX4, ARDU = Autopilot.PX4, Autopilot.ARDUPILOT


def last(b: Any, kind: str) -> Any:
    return next(m for m in reversed(b.heard) if m.get_type() == kind)


def test_px4_sends_telemetry_at_once_and_ardupilot_only_heartbeats(bench: Any) -> None:
    px4, ardu = bench(PX4), bench(ARDU)
    px4.run(3.0)
    ardu.run(3.0)
    assert {"GLOBAL_POSITION_INT", "ATTITUDE", "SYS_STATUS", "BATTERY_STATUS", "HOME_POSITION"} <= px4.types()
    assert ardu.types() == {"HEARTBEAT"}


def test_ardupilot_streams_what_is_asked_for(bench: Any) -> None:
    b = bench(ARDU)
    assert b.command(mav.MAV_CMD_SET_MESSAGE_INTERVAL, mav.MAVLINK_MSG_ID_ATTITUDE, 100_000) == 0
    b.send(mav.MAVLink_request_data_stream_message(7, 1, mav.MAV_DATA_STREAM_POSITION, 5, 1))
    b.heard.clear()
    b.run(10.0)
    kinds = [m.get_type() for m in b.heard]
    assert kinds.count("ATTITUDE") == pytest.approx(100, abs=3)
    assert kinds.count("GLOBAL_POSITION_INT") == pytest.approx(50, abs=3)
    assert b.command(mav.MAV_CMD_SET_MESSAGE_INTERVAL, mav.MAVLINK_MSG_ID_ATTITUDE, -1) == 0
    b.heard.clear()
    b.run(2.0)
    assert "ATTITUDE" not in b.types()


def test_an_acked_request_is_always_sent(vehicle: Any) -> None:
    for number in mav.mavlink_map:
        out = vehicle.send(mav.MAVLink_command_long_message(7, 1, 512, 0, number, 0, 0, 0, 0, 0, 0))
        assert (out[-1].result == 0) == any(m.get_msgId() == number and m is not out[-1] for m in out), number


def test_versions_are_honestly_simulated(bench: Any) -> None:
    for who, version in ((PX4, (1, 17, 0)), (ARDU, (4, 5, 5))):
        b = bench(who)
        b.command(mav.MAV_CMD_REQUEST_MESSAGE, mav.MAVLINK_MSG_ID_AUTOPILOT_VERSION)
        m = last(b, "AUTOPILOT_VERSION")
        assert tuple(m.flight_sw_version >> s & 0xFF for s in (24, 16, 8)) == version
        assert bytes(m.flight_custom_version) == b"airgrnd\0"


@pytest.mark.parametrize(
    ("who", "doing", "mode"),
    [
        (PX4, Doing.MISSION, 4 << 16 | 4 << 24),
        (PX4, Doing.RETURN, 4 << 16 | 5 << 24),
        (PX4, Doing.HOLD, 4 << 16 | 3 << 24),
        (PX4, Doing.LAND, 4 << 16 | 6 << 24),
        (ARDU, Doing.MISSION, 3),
        (ARDU, Doing.GUIDED, 4),
        (ARDU, Doing.HOLD, 5),
        (ARDU, Doing.RETURN, 6),
        (ARDU, Doing.LAND, 9),
    ],
)
def test_mode_numbers(bench: Any, who: Autopilot, doing: Doing, mode: int) -> None:
    b = bench(who)
    b.airborne()
    b.upload(b.square())
    assert b.set_mode(doing) == 0
    b.run(1.2)
    assert last(b, "HEARTBEAT").custom_mode == mode
    assert b.brain.doing is doing


def test_ardupilot_brakes_in_mode_17(bench: Any) -> None:
    b = bench(ARDU)
    b.airborne()
    assert b.command(mav.MAV_CMD_DO_SET_MODE, 1, 17) == 0
    assert b.brain.doing is Doing.HOLD
    assert b.command(mav.MAV_CMD_DO_SET_MODE, 1, 99) == mav.MAV_RESULT_DENIED


def test_ardupilot_refuses_soon_after_boot_and_says_why(bench: Any) -> None:
    b = bench(ARDU)
    b.command(mav.MAV_CMD_SET_MESSAGE_INTERVAL, mav.MAVLINK_MSG_ID_SYS_STATUS, 200_000)
    b.run(2.3)
    assert last(b, "SYS_STATUS").onboard_control_sensors_health & mav.MAV_SYS_STATUS_PREARM_CHECK
    assert b.command(mav.MAV_CMD_COMPONENT_ARM_DISARM, 1) == mav.MAV_RESULT_FAILED
    assert "Need Position Estimate" in b.said()
    b.run(1.0)
    b.set_mode(Doing.GUIDED)
    assert b.command(mav.MAV_CMD_COMPONENT_ARM_DISARM, 1) == 0
    assert b.command(mav.MAV_CMD_NAV_TAKEOFF, 0, 0, 0, 0, 0, 0, 10) == mav.MAV_RESULT_FAILED
    assert "EKF" in b.said()
    b.run(3.0)
    assert b.command(mav.MAV_CMD_NAV_TAKEOFF, 0, 0, 0, 0, 0, 0, 10) == 0


def test_ardupilot_refuses_take_off_in_auto_from_the_last_mission(bench: Any) -> None:
    b = bench(ARDU)
    b.upload(b.square())
    b.start_mission()
    assert b.run(240.0, lambda: not b.brain.armed)
    b.run(1.5)
    assert last(b, "HEARTBEAT").custom_mode == 3
    assert b.command(mav.MAV_CMD_COMPONENT_ARM_DISARM, 1) == mav.MAV_RESULT_FAILED
    assert "AUTO mode not armable" in b.said()
    assert b.command(mav.MAV_CMD_NAV_TAKEOFF, 0, 0, 0, 0, 0, 0, 10) == mav.MAV_RESULT_FAILED
    assert b.set_mode(Doing.GUIDED) == 0
    assert b.command(mav.MAV_CMD_COMPONENT_ARM_DISARM, 1) == 0
    assert b.command(mav.MAV_CMD_NAV_TAKEOFF, 0, 0, 0, 0, 0, 0, 10) == 0


def test_ardupilot_waits_on_the_ground_for_mission_start(bench: Any) -> None:
    b = bench(ARDU)
    b.upload(b.square())
    b.run(8.0)
    b.set_mode(Doing.GUIDED)
    b.command(mav.MAV_CMD_COMPONENT_ARM_DISARM, 1)
    assert b.set_mode(Doing.MISSION) == 0
    b.run(4.0)
    assert b.craft.body.grounded
    assert b.command(mav.MAV_CMD_MISSION_START) == 0
    assert b.run(3.0, lambda: not b.craft.body.grounded)


def test_px4_flies_the_mission_from_the_ground_by_mode_alone(bench: Any) -> None:
    b = bench(PX4)
    b.upload(b.square())
    b.run(1.0)
    assert b.command(mav.MAV_CMD_COMPONENT_ARM_DISARM, 1) == 0
    assert b.set_mode(Doing.MISSION) == 0
    assert b.run(3.0, lambda: not b.craft.body.grounded)


def test_px4_rejects_arming_for_now_without_the_ground_station_it_needs(bench: Any) -> None:
    b = bench(PX4, params={"NAV_DLL_ACT": 2})
    b.beating = False
    b.run(3.0)
    assert b.command(mav.MAV_CMD_COMPONENT_ARM_DISARM, 1) == mav.MAV_RESULT_TEMPORARILY_REJECTED
    assert "No connection to the GCS" in b.said()
    b.beating = True
    b.run(2.0)
    assert b.command(mav.MAV_CMD_COMPONENT_ARM_DISARM, 1) == 0


def test_a_new_mission_in_flight_starts_anew_on_px4_and_at_the_old_index_on_ardupilot(bench: Any) -> None:
    for who, index in ((PX4, 0), (ARDU, 3)):
        b = bench(who)
        b.upload(b.square())
        b.start_mission()
        assert b.run(60.0, lambda b=b: b.brain.current == 3)
        b.set_mode(Doing.HOLD)
        b.upload(b.square(25.0))
        b.set_mode(Doing.MISSION)
        assert b.brain.current == index


def test_factory_defaults_are_unsafe(bench: Any) -> None:
    px4, ardu = PERSONALITIES[PX4], PERSONALITIES[ARDU]
    assert px4.params["NAV_DLL_ACT"].default == 0
    assert px4.params["COM_LOW_BAT_ACT"].default == 0
    assert ardu.params["FS_GCS_ENABLE"].default == 0
    assert ardu.params["BATT_FS_LOW_ACT"].default == 0
    for who in (PX4, ARDU):
        rules = bench(who).brain.rules
        assert rules.link.action is None
        assert all(r.action is None for r in rules.batteries)


def _value(m: Any, who: Autopilot) -> float:
    if who is PX4 and m.param_type == mav.MAV_PARAM_TYPE_INT32:
        return float(struct.unpack("<i", struct.pack("<f", m.param_value))[0])
    return float(m.param_value)


@pytest.mark.parametrize(("who", "name", "value"), [(PX4, b"NAV_DLL_ACT", 2), (ARDU, b"FS_GCS_ENABLE", 1)])
def test_parameters_are_read_and_set_in_each_encoding(bench: Any, who: Autopilot, name: bytes, value: int) -> None:
    b = bench(who)
    wire = struct.unpack("<f", struct.pack("<i", value))[0] if who is PX4 else float(value)
    out = b.send(mav.MAVLink_param_set_message(7, 1, name, wire, mav.MAV_PARAM_TYPE_INT32))
    assert _value(out[-1], who) == value
    assert b.brain.rules.link.action is Doing.RETURN
    read = b.send(mav.MAVLink_param_request_read_message(7, 1, name, -1))[-1]
    assert _value(read, who) == value
    by_index = b.send(mav.MAVLink_param_request_read_message(7, 1, b"", read.param_index))[-1]
    assert by_index.param_id == read.param_id
    everything = b.send(mav.MAVLink_param_request_list_message(7, 1))
    assert [m.param_index for m in everything] == list(range(everything[0].param_count))
    assert {m.param_id: _value(m, who) for m in everything} == pytest.approx(b.brain.params)


def test_a_parameter_that_is_no_number_changes_nothing(vehicle: Any) -> None:
    name = "MPC_XY_CRUISE" if "MPC_XY_CRUISE" in vehicle.brain.params else "WPNAV_SPEED"
    before = vehicle.brain.params[name]
    out = vehicle.send(mav.MAVLink_param_set_message(7, 1, name.encode(), math.nan, mav.MAV_PARAM_TYPE_REAL32))
    assert out[-1].param_value == pytest.approx(before)
    assert vehicle.brain.params[name] == before


def test_a_spec_with_a_parameter_the_autopilot_lacks_is_refused(bench: Any) -> None:
    with pytest.raises(Malformed, match="FS_GCS_ENABLE"):
        bench(PX4, params={"FS_GCS_ENABLE": 1})


def test_gimbal_frames(bench: Any) -> None:
    for who, flagged in ((PX4, True), (ARDU, False)):
        b = bench(who, heading_deg=40.0)
        b.command(mav.MAV_CMD_DO_GIMBAL_MANAGER_PITCHYAW, -60, 0)
        b.run(3.0)
        b.command(mav.MAV_CMD_REQUEST_MESSAGE, mav.MAVLINK_MSG_ID_GIMBAL_DEVICE_ATTITUDE_STATUS)
        m = last(b, "GIMBAL_DEVICE_ATTITUDE_STATUS")
        assert bool(m.flags & mav.GIMBAL_DEVICE_FLAGS_YAW_IN_VEHICLE_FRAME) is flagged
        assert not m.flags & mav.GIMBAL_DEVICE_FLAGS_YAW_LOCK
        w, x, y, z = m.q
        assert math.degrees(2 * math.atan2(z, w)) == pytest.approx(0.0, abs=0.01)
        assert math.degrees(math.asin(2 * (w * y - z * x))) == pytest.approx(-60.0, abs=0.01)


def test_calibration_is_in_progress_then_done(vehicle: Any) -> None:
    assert vehicle.command(mav.MAV_CMD_PREFLIGHT_CALIBRATION, 1) == mav.MAV_RESULT_IN_PROGRESS
    assert vehicle.command(mav.MAV_CMD_PREFLIGHT_CALIBRATION, 1) == mav.MAV_RESULT_TEMPORARILY_REJECTED
    vehicle.heard.clear()
    vehicle.run(4.0)
    assert [m.result for m in vehicle.heard if m.get_type() == "COMMAND_ACK"] == [0]


def test_timesync_is_answered(vehicle: Any) -> None:
    vehicle.run(1.0)
    reply = vehicle.send(mav.MAVLink_timesync_message(0, 123456789))[-1]
    assert (reply.get_type(), reply.ts1) == ("TIMESYNC", 123456789)
    assert reply.tc1 == pytest.approx(1e9, rel=0.01)
    assert vehicle.send(mav.MAVLink_timesync_message(5, 5)) == []
