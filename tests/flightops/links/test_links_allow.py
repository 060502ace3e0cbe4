"""What may leave for an aircraft: a table; everything else stays."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from pymavlink.dialects.v20 import ardupilotmega as mav

from core.drone import Aged, Autopilot, DroneState, FlightMode
from core.ids import DroneId
from core.units import UtcSeconds
from flightops.links.air.allow import COMMANDS, MESSAGES, Context, judged
from flightops.links.dialects import DIALECTS

NOW = UtcSeconds(1000.0)
STATE = DroneState(
    DroneId("d1"), 1, Autopilot.PX4, NOW,
    mode=Aged(FlightMode.MISSION, NOW), armed=Aged(True, NOW), in_air=Aged(True, NOW),
)  # fmt: skip
GROUND = replace(STATE, in_air=Aged(False, NOW))
HOVERS = replace(STATE, mode=Aged(FlightMode.HOLD, NOW))
STALE = replace(STATE, in_air=Aged(False, UtcSeconds(990.0)))


def why(message: Any, state: DroneState = STATE, autopilot: Autopilot = Autopilot.PX4) -> str | None:
    return judged(message, Context(state, DIALECTS[autopilot], NOW))


def command(number: int, *params: float) -> Any:
    padded = [*params, *[0.0] * (7 - len(params))]
    return mav.MAVLink_command_long_message(1, 1, number, 0, *padded)


def item(
    command: int = 16, frame: int = 3, x: int = 450000000, y: int = 130000000, z: float = 60.0, p1: float = 0.0
) -> Any:
    return mav.MAVLink_mission_item_int_message(1, 1, 0, frame, command, 0, 1, p1, 0, 0, math.nan, x, y, z, 0)


@pytest.mark.parametrize(
    "message",
    [
        command(400, 1),
        command(176, 1, 4, 4),
        command(300),
        command(511, 33, 100_000),
        command(512, 148),
        command(178, 1, 12),
        command(1000, -90),
        item(),
        item(22, 3, 0, 0, 40.0),
        item(178, 2, 0, 0, 0.0),
        mav.MAVLink_mission_request_list_message(1, 1, 0),
        mav.MAVLink_param_request_read_message(1, 1, b"NAV_DLL_ACT", -1),
    ],
    ids=str,
)
def test_may_leave(message: Any) -> None:
    assert why(message) is None


@pytest.mark.parametrize(
    "message",
    [
        command(246, 1),
        command(246, 42, 42, 42, 71, 93),
        command(185, 1),
        command(400, 1, 21196),
        command(400, 0, 21196),
        command(400, 0),
        command(400, math.nan),
        command(176, 1, 6, 0),
        command(176, 0, 4, 4),
        command(178, 1, 300),
        command(178, 1, math.nan),
        command(1000, 91),
        command(511, 33, 1),
        command(183, 1, 1900),
        command(209, 1),
        command(31010),
        mav.MAVLink_command_int_message(1, 1, 3, 192, 0, 0, 0, 0, 0, 0, 450000000, 130000000, 50),
        item(16, 3, 450000000, 130000000, math.nan),
        item(16, 3, 450000000, 130000000, math.inf),
        item(16, 3, 450000000, 130000000, 5000.0),
        item(16, 10, 450000000, 130000000, 60.0),
        item(16, 3, 900000001, 130000000, 60.0),
        item(183),
        item(16, p1=math.inf),
        mav.MAVLink_mission_count_message(1, 1, 60000, 0),
        mav.MAVLink_serial_control_message(10, 0, 0, 0, 1, [0] * 70),
        mav.MAVLink_set_position_target_local_ned_message(0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
        mav.MAVLink_param_set_message(1, 1, b"MOT_PWM_MAX", 9000.0, 9),
        mav.MAVLink_param_set_message(1, 1, b"RTL_RETURN_ALT", 9000.0, 9),
        mav.MAVLink_param_set_message(1, 1, b"RTL_RETURN_ALT", math.nan, 9),
        mav.MAVLink_set_mode_message(1, 1, 0),
        mav.MAVLink_rc_channels_override_message(1, 1, *[1900] * 8),
        mav.MAVLink_manual_control_message(1, 0, 0, 0, 0, 0),
        mav.MAVLink_mission_clear_all_message(1, 1, 0),
    ],
    ids=str,
)
def test_never_leaves(message: Any) -> None:
    assert why(message)


def test_disarming_leaves_only_for_a_drone_known_to_be_on_the_ground() -> None:
    assert why(command(400, 0), GROUND) is None
    assert why(command(400, 0), STALE)
    assert why(command(400, 0), replace(STATE, in_air=None))


def test_a_mission_is_cleared_on_the_ground_or_on_hold() -> None:
    assert why(mav.MAVLink_mission_clear_all_message(1, 1, 0), GROUND) is None
    held = replace(STATE, mode=Aged(FlightMode.HOLD, NOW))
    assert why(mav.MAVLink_mission_clear_all_message(1, 1, 0), held) is None


def test_modes_are_judged_by_the_dialect() -> None:
    assert why(command(176, 1, 3), autopilot=Autopilot.ARDUPILOT) is None
    assert why(command(176, 1, 3))


def test_integer_parameters_are_judged_by_their_value() -> None:
    two = mav.MAVLink_param_set_message(1, 1, b"NAV_DLL_ACT", 2.802596928649634e-45, 6)
    nought = mav.MAVLink_param_set_message(1, 1, b"NAV_DLL_ACT", 0.0, 6)
    assert why(two) is None
    assert why(nought)


def test_every_message_type_off_the_table_is_refused() -> None:
    for kind in mav.mavlink_map.values():
        m = kind.__new__(kind)
        m._type = kind.msgname
        if kind.msgname not in MESSAGES:
            assert why(m) == f"{kind.msgname} is not on the list of what may leave"


def test_every_command_off_the_table_is_refused() -> None:
    for number in range(0, 65536):
        if number not in COMMANDS:
            assert why(command(number))


def test_a_mission_is_changed_on_the_ground_or_in_a_hover_only() -> None:
    count = mav.MAVLink_mission_count_message(1, 1, 24, 0)
    assert why(count) == "a mission is never changed while it is flown: hold first"
    assert why(count, STALE) is not None
    assert why(count, GROUND) is None
    assert why(count, HOVERS) is None
    assert why(mav.MAVLink_mission_count_message(1, 1, 2001, 0), HOVERS) is not None
