"""ArduPilot Copter 4.3 to 4.7 (mode numbers: ArduCopter/mode.h; parameter lists; what was measured is in FACTS.md)."""

from __future__ import annotations

from core.drone import Autopilot, FlightMode
from core.events import Order
from flightops.links.dialects.dialect import FROM_THE_START, MISSION_START, Command, Dialect, FailsafeRule, set_mode

AUTO, GUIDED, RTL, LAND, BRAKE = 3, 4, 6, 9, 17
_MODES = {
    0: FlightMode.MANUAL,
    1: FlightMode.MANUAL,
    2: FlightMode.MANUAL,
    AUTO: FlightMode.MISSION,
    GUIDED: FlightMode.GUIDED,
    5: FlightMode.HOLD,
    RTL: FlightMode.RETURN,
    LAND: FlightMode.LAND,
    16: FlightMode.HOLD,
    BRAKE: FlightMode.HOLD,
    21: FlightMode.RETURN,
    27: FlightMode.RETURN,
}


def mode(custom_mode: int) -> FlightMode:
    """custom_mode is the number of the mode."""
    return _MODES.get(custom_mode, FlightMode.OTHER)


GCS_SYSTEM_ID = 255
"""The id our heartbeats carry; ArduPilot's link-loss failsafe counts those of one id only."""

CONTINUE_IN_PILOT_MODES = 16
"""FS_OPTIONS bit 4: no link-loss failsafe in LOITER and BRAKE, where HOLD leaves it."""

ARDUPILOT = Dialect(
    autopilot=Autopilot.ARDUPILOT,
    mav_autopilot=3,
    words="ArduPilot Copter",
    mode=mode,
    modes_asked={(number, 0): _MODES[number] for number in (AUTO, GUIDED, RTL, LAND, BRAKE)},
    orders={
        # LOITER without a pilot's stick at mid-throttle may sink, so BRAKE comes first and LOITER last.
        Order.HOLD: (set_mode("hold (brake)", BRAKE), set_mode("hold (loiter)", 5)),
        Order.RETURN: (set_mode("return", RTL),),
    },
    before_arming=(set_mode("leave the last mission (guided)", GUIDED), FROM_THE_START),
    start=(Command("fly the mission", MISSION_START),),
    from_first=(FROM_THE_START,),
    resume=set_mode("fly the mission", AUTO),
    home_first=True,
    bytewise_params=False,
    failsafes=(
        FailsafeRule(
            "link loss",
            ("FS_GCS_ENABLE",),
            lambda p: p["FS_GCS_ENABLE"] in (1, 3, 4, 5, 6),
            "on link loss it would not come home",
            "set FS_GCS_ENABLE to 1 (return)",
        ),
        FailsafeRule(
            "link loss",
            ("SYSID_MYGCS", "MAV_GCS_SYSID"),
            lambda p: GCS_SYSTEM_ID in p.values(),
            "it counts the heartbeats of another ground station, so link loss would go unseen",
            "set SYSID_MYGCS (from 4.7 on MAV_GCS_SYSID) to 255",
        ),
        FailsafeRule(
            "link loss while it holds",
            ("FS_OPTIONS",),
            lambda p: not int(p["FS_OPTIONS"]) & CONTINUE_IN_PILOT_MODES,
            "told to hold, it would ignore link loss and hover until its battery is low",
            "clear bit 4 of FS_OPTIONS (set it to 0)",
        ),
        FailsafeRule(
            "low battery",
            ("BATT_FS_LOW_ACT",),
            lambda p: p["BATT_FS_LOW_ACT"] in (1, 2, 3, 4),
            "on low battery it would only warn",
            "set BATT_FS_LOW_ACT to 2 (return)",
        ),
        FailsafeRule(
            "low battery",
            ("BATT_LOW_VOLT", "BATT_LOW_MAH"),
            lambda p: any(v > 0 for v in p.values()),
            "no level is called low, so the low battery action never comes",
            "set BATT_LOW_VOLT or BATT_LOW_MAH",
        ),
        FailsafeRule(
            "return height",
            ("RTL_ALT", "RTL_ALT_M"),
            lambda p: 15 <= (p["RTL_ALT"] / 100 if "RTL_ALT" in p else p["RTL_ALT_M"]) <= 500,
            "it would come home below 15 m or above 500 m",
            "set RTL_ALT above everything on its way home (centimetres above home; from 4.7 on RTL_ALT_M, metres)",
        ),
    ),
    settable={
        "FS_GCS_ENABLE": (1, 6),
        "FS_OPTIONS": (0, 47),
        "SYSID_MYGCS": (255, 255),
        "MAV_GCS_SYSID": (255, 255),
        "BATT_FS_LOW_ACT": (1, 4),
        "RTL_ALT": (1500, 50000),
        "RTL_ALT_M": (15, 500),
    },
)
