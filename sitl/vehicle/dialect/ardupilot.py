"""ArduPilot Copter 4.5.5 as a table. Factory parameters are unsafe (FS_GCS_ENABLE 0, BATT_FS_LOW_ACT 0)."""

from __future__ import annotations

from collections.abc import Mapping

from pymavlink.dialects.v20 import ardupilotmega as mav

from sitl.vehicle.dialect.personality import BatteryRule, Doing, FenceRule, LinkRule, Param, Personality, Rules

AUTO, GUIDED, LOITER, RTL, LAND, BRAKE = 3, 4, 5, 6, 9, 17
MODES = {
    0: Doing.MANUAL,
    2: Doing.MANUAL,
    AUTO: Doing.MISSION,
    GUIDED: Doing.GUIDED,
    LOITER: Doing.HOLD,
    RTL: Doing.RETURN,
    LAND: Doing.LAND,
    16: Doing.HOLD,
    BRAKE: Doing.HOLD,
    21: Doing.RETURN,
}
MODE_OF = {
    Doing.MANUAL: 0,
    Doing.HOLD: LOITER,
    Doing.GUIDED: GUIDED,
    Doing.TAKE_OFF: GUIDED,
    Doing.MISSION: AUTO,
    Doing.RETURN: RTL,
    Doing.LAND: LAND,
    Doing.TERMINATED: 0,
}
PARAMS = {
    "AUTO_OPTIONS": Param(0, True),
    "BATT_CAPACITY": Param(10000, True),
    "BATT_CRT_MAH": Param(0.0),
    "BATT_FS_CRT_ACT": Param(0, True),
    "BATT_FS_LOW_ACT": Param(0, True),
    "BATT_LOW_MAH": Param(0.0),
    "DISARM_DELAY": Param(10, True),
    "FENCE_ACTION": Param(1, True),
    "FENCE_ALT_MAX": Param(100.0),
    "FENCE_ENABLE": Param(0, True),
    "FENCE_RADIUS": Param(300.0),
    "FENCE_TYPE": Param(7, True),
    "FS_GCS_ENABLE": Param(0, True),
    "FS_GCS_TIMEOUT": Param(5.0),
    "FS_OPTIONS": Param(16, True),
    "LAND_SPEED": Param(50, True),
    "MIS_RESTART": Param(0, True),
    "PILOT_TKOFF_ALT": Param(0.0),
    "RTL_ALT": Param(1500, True),
    "RTL_ALT_FINAL": Param(0, True),
    "RTL_LOIT_TIME": Param(5000, True),
    "SYSID_MYGCS": Param(255, True),
    "SYSID_THISMAV": Param(1, True),
    "WPNAV_RADIUS": Param(200.0),
    "WPNAV_SPEED": Param(1000.0),
    "WPNAV_SPEED_DN": Param(150.0),
    "WPNAV_SPEED_UP": Param(250.0),
}
_LINK = {
    1: Doing.RETURN,
    2: Doing.RETURN,
    3: Doing.RETURN,
    4: Doing.RETURN,
    5: Doing.LAND,
    6: Doing.RETURN,
    7: Doing.HOLD,
}
_LOW = {1: Doing.LAND, 2: Doing.RETURN, 3: Doing.RETURN, 4: Doing.LAND, 5: Doing.TERMINATED, 6: Doing.RETURN}
_FENCE = {1: Doing.RETURN, 2: Doing.LAND, 3: Doing.RETURN, 4: Doing.HOLD, 5: Doing.LAND}
_CONTINUE_IN_AUTO, _CONTINUE_LANDING, _CONTINUE_PILOTED = 2, 8, 16
FENCE_ALT, FENCE_CIRCLE, FENCE_POLYGON = 1, 2, 4


def _link(p: Mapping[str, float]) -> LinkRule:
    options, enabled = int(p["FS_OPTIONS"]), int(p["FS_GCS_ENABLE"])
    exempt = {Doing.MISSION} if options & _CONTINUE_IN_AUTO or enabled == 2 else set()
    if options & _CONTINUE_PILOTED:
        exempt |= {Doing.HOLD, Doing.MANUAL}  # LOITER and BRAKE count as piloted: a held drone stays where it is
    if options & _CONTINUE_LANDING:
        exempt.add(Doing.LAND)
    return LinkRule(
        timeout_s=p["FS_GCS_TIMEOUT"],
        delay_s=0.0,
        action=_LINK.get(enabled),
        only_from=int(p["SYSID_MYGCS"]),
        exempt=frozenset(exempt),
        armed_without=True,
    )


def _batteries(p: Mapping[str, float]) -> tuple[BatteryRule, ...]:
    capacity = max(p["BATT_CAPACITY"], 1.0)
    return (
        BatteryRule(p["BATT_LOW_MAH"] / capacity, _LOW.get(int(p["BATT_FS_LOW_ACT"])), "Battery 1 low"),
        BatteryRule(p["BATT_CRT_MAH"] / capacity, _LOW.get(int(p["BATT_FS_CRT_ACT"])), "Battery 1 critical"),
    )


def _fence(p: Mapping[str, float]) -> FenceRule:
    kinds = int(p["FENCE_TYPE"]) if p["FENCE_ENABLE"] else 0
    return FenceRule(
        _FENCE.get(int(p["FENCE_ACTION"])),
        p["FENCE_RADIUS"] if kinds & FENCE_CIRCLE else 0.0,
        p["FENCE_ALT_MAX"] if kinds & FENCE_ALT else 0.0,
        bool(kinds & FENCE_POLYGON),
    )


def rules(p: Mapping[str, float]) -> Rules:
    """Parameters (centimetres, milliseconds) as the flight uses them."""
    return Rules(
        cruise_mps=p["WPNAV_SPEED"] / 100,
        climb_mps=p["WPNAV_SPEED_UP"] / 100,
        descent_mps=p["WPNAV_SPEED_DN"] / 100,
        land_mps=p["LAND_SPEED"] / 100,
        accept_m=p["WPNAV_RADIUS"] / 100,
        return_height_m=p["RTL_ALT"] / 100,
        return_wait_s=p["RTL_LOIT_TIME"] / 1000,
        take_off_height_m=2.5,
        disarm_landed_s=1.0,
        disarm_idle_s=p["DISARM_DELAY"],
        resume_reset=bool(p["MIS_RESTART"]),
        link=_link(p),
        batteries=_batteries(p),
        fence=_fence(p),
    )


ARDUPILOT = Personality(
    name="ArduCopter",
    autopilot_id=mav.MAV_AUTOPILOT_ARDUPILOTMEGA,
    version=(4, 5, 5),
    capabilities=(
        mav.MAV_PROTOCOL_CAPABILITY_PARAM_FLOAT
        | mav.MAV_PROTOCOL_CAPABILITY_MISSION_INT
        | mav.MAV_PROTOCOL_CAPABILITY_COMMAND_INT
        | mav.MAV_PROTOCOL_CAPABILITY_MAVLINK2
        | mav.MAV_PROTOCOL_CAPABILITY_MISSION_FENCE
        | mav.MAV_PROTOCOL_CAPABILITY_MISSION_RALLY
    ),
    modes=MODES,
    mode_of=MODE_OF,
    boot_mode=0,
    params=PARAMS,
    rules=rules,
    streams_hz={mav.MAVLINK_MSG_ID_HEARTBEAT: 1.0},
    bytewise_params=False,
    mode_in_two=False,
    home_is_item_0=True,
    arm_refused=mav.MAV_RESULT_FAILED,
    settle_s={"arm": (3.0, "Arm: Need Position Estimate"), "take_off": (6.0, "PreArm: EKF attitude is bad")},
    unarmable=frozenset({AUTO, RTL, LAND, BRAKE}),
    needs_start=True,
    upload_restarts=False,
    stays_in_mission=True,
    take_off_holds=Doing.GUIDED,
    gimbal_flags=mav.GIMBAL_DEVICE_FLAGS_ROLL_LOCK | mav.GIMBAL_DEVICE_FLAGS_PITCH_LOCK,
)
