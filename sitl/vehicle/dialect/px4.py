"""PX4 1.17 as a table. Parameter defaults are the factory's: unsafe (NAV_DLL_ACT 0, COM_LOW_BAT_ACT 0)."""

from __future__ import annotations

from collections.abc import Mapping

from pymavlink.dialects.v20 import ardupilotmega as mav

from sitl.vehicle.dialect.personality import (
    BatteryRule,
    Doing,
    FenceRule,
    LinkRule,
    Param,
    Personality,
    Rules,
    pack_px4_mode,
)

AUTO = 4
MODES = {
    pack_px4_mode(1, 0): Doing.MANUAL,
    pack_px4_mode(2, 0): Doing.MANUAL,
    pack_px4_mode(3, 0): Doing.HOLD,
    pack_px4_mode(AUTO, 2): Doing.TAKE_OFF,
    pack_px4_mode(AUTO, 3): Doing.HOLD,
    pack_px4_mode(AUTO, 4): Doing.MISSION,
    pack_px4_mode(AUTO, 5): Doing.RETURN,
    pack_px4_mode(AUTO, 6): Doing.LAND,
}
MODE_OF = {
    Doing.MANUAL: pack_px4_mode(1, 0),
    Doing.HOLD: pack_px4_mode(AUTO, 3),
    Doing.GUIDED: pack_px4_mode(AUTO, 3),
    Doing.TAKE_OFF: pack_px4_mode(AUTO, 2),
    Doing.MISSION: pack_px4_mode(AUTO, 4),
    Doing.RETURN: pack_px4_mode(AUTO, 5),
    Doing.LAND: pack_px4_mode(AUTO, 6),
    Doing.TERMINATED: pack_px4_mode(AUTO, 3),
}
PARAMS = {
    "BAT1_N_CELLS": Param(6, True),
    "BAT_CRIT_THR": Param(0.07),
    "BAT_EMERGEN_THR": Param(0.05),
    "BAT_LOW_THR": Param(0.15),
    "COM_DISARM_LAND": Param(2.0),
    "COM_DISARM_PRFLT": Param(10.0),
    "COM_DLL_EXCEPT": Param(0, True),
    "COM_DL_LOSS_T": Param(10, True),
    "COM_FAIL_ACT_T": Param(5.0),
    "COM_LOW_BAT_ACT": Param(0, True),
    "COM_OF_LOSS_T": Param(1.0),
    "COM_RC_IN_MODE": Param(3, True),
    "GF_ACTION": Param(2, True),
    "GF_MAX_HOR_DIST": Param(0.0),
    "GF_MAX_VER_DIST": Param(0.0),
    "MAV_SYS_ID": Param(1, True),
    "MIS_TAKEOFF_ALT": Param(2.5),
    "MPC_ACC_HOR": Param(3.0),
    "MPC_LAND_SPEED": Param(0.7),
    "MPC_XY_CRUISE": Param(5.0),
    "MPC_XY_VEL_MAX": Param(12.0),
    "MPC_YAWRAUTO_MAX": Param(60.0),
    "MPC_Z_VEL_MAX_DN": Param(1.5),
    "MPC_Z_VEL_MAX_UP": Param(3.0),
    "NAV_ACC_RAD": Param(2.0),
    "NAV_DLL_ACT": Param(0, True),
    "NAV_RCL_ACT": Param(2, True),
    "RTL_DESCEND_ALT": Param(30.0),
    "RTL_LAND_DELAY": Param(0.0),
    "RTL_RETURN_ALT": Param(60.0),
    "RTL_TYPE": Param(0, True),
}
_LINK = {1: Doing.HOLD, 2: Doing.RETURN, 3: Doing.LAND, 5: Doing.TERMINATED, 6: Doing.TERMINATED}
_FENCE = {2: Doing.HOLD, 3: Doing.RETURN, 4: Doing.TERMINATED, 5: Doing.LAND}
_LOW = {2: (Doing.LAND, Doing.LAND), 3: (Doing.RETURN, Doing.LAND), 1: (Doing.RETURN, Doing.RETURN)}
_EXEMPT = ((1, Doing.MISSION), (2, Doing.HOLD), (4, Doing.GUIDED))
_HZ = {
    mav.MAVLINK_MSG_ID_HEARTBEAT: 1.0,
    mav.MAVLINK_MSG_ID_SYS_STATUS: 1.0,
    mav.MAVLINK_MSG_ID_SYSTEM_TIME: 1.0,
    mav.MAVLINK_MSG_ID_BATTERY_STATUS: 1.0,
    mav.MAVLINK_MSG_ID_HOME_POSITION: 0.5,
    mav.MAVLINK_MSG_ID_EXTENDED_SYS_STATE: 2.0,
    mav.MAVLINK_MSG_ID_GPS_RAW_INT: 5.0,
    mav.MAVLINK_MSG_ID_GLOBAL_POSITION_INT: 10.0,
    mav.MAVLINK_MSG_ID_LOCAL_POSITION_NED: 5.0,
    mav.MAVLINK_MSG_ID_ATTITUDE: 10.0,
    mav.MAVLINK_MSG_ID_VFR_HUD: 4.0,
    mav.MAVLINK_MSG_ID_MISSION_CURRENT: 1.0,
    mav.MAVLINK_MSG_ID_GIMBAL_DEVICE_ATTITUDE_STATUS: 10.0,
}


def rules(p: Mapping[str, float]) -> Rules:
    """Parameters as the flight uses them."""
    at_critical, at_emergency = _LOW.get(int(p["COM_LOW_BAT_ACT"]), (None, None))
    return Rules(
        cruise_mps=p["MPC_XY_CRUISE"],
        climb_mps=p["MPC_Z_VEL_MAX_UP"],
        descent_mps=p["MPC_Z_VEL_MAX_DN"],
        land_mps=p["MPC_LAND_SPEED"],
        accept_m=p["NAV_ACC_RAD"],
        return_height_m=p["RTL_RETURN_ALT"],
        return_wait_s=p["RTL_LAND_DELAY"],
        take_off_height_m=p["MIS_TAKEOFF_ALT"],
        disarm_landed_s=p["COM_DISARM_LAND"],
        disarm_idle_s=p["COM_DISARM_PRFLT"],
        resume_reset=False,
        link=LinkRule(
            timeout_s=p["COM_DL_LOSS_T"],
            delay_s=p["COM_FAIL_ACT_T"],
            action=_LINK.get(int(p["NAV_DLL_ACT"])),
            only_from=None,
            exempt=frozenset(doing for bit, doing in _EXEMPT if int(p["COM_DLL_EXCEPT"]) & bit),
            armed_without=False,
        ),
        batteries=(
            BatteryRule(p["BAT_LOW_THR"], None, "Low battery level, return advised"),
            BatteryRule(p["BAT_CRIT_THR"], at_critical, "Critical battery level"),
            BatteryRule(p["BAT_EMERGEN_THR"], at_emergency, "Emergency battery level, land now"),
        ),
        fence=FenceRule(
            _FENCE.get(int(p["GF_ACTION"])), p["GF_MAX_HOR_DIST"], p["GF_MAX_VER_DIST"], int(p["GF_ACTION"]) > 0
        ),
    )


PX4 = Personality(
    name="PX4",
    autopilot_id=mav.MAV_AUTOPILOT_PX4,
    version=(1, 17, 0),
    capabilities=(
        mav.MAV_PROTOCOL_CAPABILITY_MISSION_INT
        | mav.MAV_PROTOCOL_CAPABILITY_COMMAND_INT
        | mav.MAV_PROTOCOL_CAPABILITY_MAVLINK2
        | mav.MAV_PROTOCOL_CAPABILITY_PARAM_ENCODE_BYTEWISE
        | mav.MAV_PROTOCOL_CAPABILITY_MISSION_FENCE
        | mav.MAV_PROTOCOL_CAPABILITY_MISSION_RALLY
    ),
    modes=MODES,
    mode_of=MODE_OF,
    boot_mode=pack_px4_mode(AUTO, 3),
    params=PARAMS,
    rules=rules,
    streams_hz=_HZ,
    bytewise_params=True,
    mode_in_two=True,
    home_is_item_0=False,
    arm_refused=mav.MAV_RESULT_TEMPORARILY_REJECTED,
    settle_s={"arm": (0.0, ""), "take_off": (0.0, "")},
    unarmable=frozenset({pack_px4_mode(AUTO, 5), pack_px4_mode(AUTO, 6)}),
    needs_start=False,
    upload_restarts=True,
    stays_in_mission=False,
    take_off_holds=Doing.HOLD,
    gimbal_flags=(
        mav.GIMBAL_DEVICE_FLAGS_ROLL_LOCK
        | mav.GIMBAL_DEVICE_FLAGS_PITCH_LOCK
        | mav.GIMBAL_DEVICE_FLAGS_YAW_IN_VEHICLE_FRAME
    ),
)
