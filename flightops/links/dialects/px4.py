"""PX4 1.14 to 1.17 (px4_custom_mode.h; parameter reference; what was measured is in FACTS.md)."""

from __future__ import annotations

from core.drone import Autopilot, FlightMode
from core.events import Order
from flightops.links.dialects.dialect import Dialect, FailsafeRule, set_mode

AUTO = 4
_MAIN = {
    1: FlightMode.MANUAL,
    2: FlightMode.MANUAL,
    3: FlightMode.MANUAL,
    5: FlightMode.MANUAL,
    6: FlightMode.GUIDED,
    7: FlightMode.MANUAL,
}
_AUTO = {
    2: FlightMode.TAKE_OFF,
    3: FlightMode.HOLD,
    4: FlightMode.MISSION,
    5: FlightMode.RETURN,
    6: FlightMode.LAND,
    9: FlightMode.LAND,
}


def mode(custom_mode: int) -> FlightMode:
    """custom_mode holds the main mode in bits 16 to 23 and the sub mode in bits 24 to 31."""
    main, sub = custom_mode >> 16 & 0xFF, custom_mode >> 24 & 0xFF
    return (_AUTO.get(sub) if main == AUTO else _MAIN.get(main)) or FlightMode.OTHER


_MISSION = set_mode("fly the mission", AUTO, 4)

PX4 = Dialect(
    autopilot=Autopilot.PX4,
    mav_autopilot=12,
    words="PX4",
    mode=mode,
    modes_asked={(AUTO, sub): m for sub, m in _AUTO.items() if sub in (3, 4, 5, 6)},
    orders={
        Order.HOLD: (set_mode("hold", AUTO, 3),),
        Order.RETURN: (set_mode("return", AUTO, 5),),
    },
    before_arming=(),
    start=(_MISSION,),
    from_first=(),
    resume=_MISSION,
    home_first=False,
    bytewise_params=True,
    failsafes=(
        FailsafeRule(
            "link loss",
            ("NAV_DLL_ACT",),
            lambda p: p["NAV_DLL_ACT"] in (2, 3),
            "on link loss it would not come home",
            "set NAV_DLL_ACT to 2 (return)",
        ),
        FailsafeRule(
            "link loss",
            ("COM_DL_LOSS_T",),
            lambda p: 5 <= p["COM_DL_LOSS_T"] <= 60,
            "link loss is noticed too early or too late",
            "set COM_DL_LOSS_T to 10 (seconds)",
        ),
        FailsafeRule(
            "low battery",
            ("COM_LOW_BAT_ACT",),
            lambda p: p["COM_LOW_BAT_ACT"] in (2, 3),
            "on low battery it would only warn",
            "set COM_LOW_BAT_ACT to 3 (return, then land)",
        ),
        FailsafeRule(
            "return height",
            ("RTL_RETURN_ALT",),
            lambda p: 15 <= p["RTL_RETURN_ALT"] <= 500,
            "it would come home below 15 m or above 500 m",
            "set RTL_RETURN_ALT above everything on its way home (metres above home)",
        ),
    ),
    settable={
        "NAV_DLL_ACT": (2, 3),
        "COM_DL_LOSS_T": (5, 60),
        "COM_LOW_BAT_ACT": (2, 3),
        "RTL_RETURN_ALT": (15, 500),
    },
)
