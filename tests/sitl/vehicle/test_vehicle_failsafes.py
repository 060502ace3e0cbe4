"""Link loss, low battery and fence breaches always lead to the configured action."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pymavlink.dialects.v20 import ardupilotmega as mav

from core.drone import Autopilot
from sitl.vehicle.dialect.personality import Doing
from sitl.vehicle.spec import Pack

PX4, ARDU = Autopilot.PX4, Autopilot.ARDUPILOT
FLOWN = [Doing.HOLD, Doing.GUIDED, Doing.MISSION]
LINK = [
    (PX4, {"NAV_DLL_ACT": 1}, Doing.HOLD),
    (PX4, {"NAV_DLL_ACT": 2}, Doing.RETURN),
    (PX4, {"NAV_DLL_ACT": 3}, Doing.LAND),
    (PX4, {"NAV_DLL_ACT": 5}, Doing.TERMINATED),
    (ARDU, {"FS_GCS_ENABLE": 1, "FS_OPTIONS": 0}, Doing.RETURN),
    (ARDU, {"FS_GCS_ENABLE": 5, "FS_OPTIONS": 0}, Doing.LAND),
    (ARDU, {"FS_GCS_ENABLE": 7, "FS_OPTIONS": 0}, Doing.HOLD),
]


def flying(b: Any, doing: Doing) -> None:
    b.airborne()
    b.upload(b.square())
    if doing is Doing.GUIDED:
        z = b.brain.home.alt_m + 20
        assert b.command(mav.MAV_CMD_DO_REPOSITION, 5, 1, 0, 0, 28.903, 120.0, z) == 0
    else:
        assert b.set_mode(doing) == 0
    b.run(1.0)
    assert b.brain.doing is doing


@pytest.mark.parametrize("doing", FLOWN, ids=str)
@pytest.mark.parametrize(("who", "params", "action"), LINK)
def test_link_loss_leads_to_the_action(
    bench: Any, who: Autopilot, params: dict[str, float], action: Doing, doing: Doing
) -> None:
    b = bench(who, params=params)
    flying(b, doing)
    b.beating = False
    rule = b.brain.rules.link
    b.run(rule.timeout_s - 2.0)
    assert b.brain.doing is doing
    b.run(rule.delay_s + 3.5)
    assert b.brain.doing is action
    assert "GCS connection lost" in b.said()
    if action in (Doing.RETURN, Doing.LAND):
        assert b.run(300.0, lambda: not b.brain.armed)
        assert not b.craft.body.broken
    if action is Doing.RETURN:
        assert abs(b.craft.body.x_m) < 2.5
        assert abs(b.craft.body.y_m) < 2.5


@pytest.mark.parametrize("who", list(Autopilot), ids=str)
def test_by_default_link_loss_does_nothing(bench: Any, who: Autopilot) -> None:
    b = bench(who)
    flying(b, Doing.MISSION)
    b.beating = False
    b.run(10.0)
    assert b.brain.doing is Doing.MISSION


def test_px4_holds_first_and_keeps_the_action_when_the_link_is_back(bench: Any) -> None:
    b = bench(PX4, params={"NAV_DLL_ACT": 2})
    flying(b, Doing.MISSION)
    b.beating = False
    assert b.run(14.0, lambda: b.brain.doing is Doing.HOLD)
    assert b.run(6.0, lambda: b.brain.doing is Doing.RETURN)
    b.beating = True
    b.run(3.0)
    assert b.brain.doing is Doing.RETURN
    assert "regained" in b.said()


def test_px4_mission_can_be_exempt(bench: Any) -> None:
    b = bench(PX4, params={"NAV_DLL_ACT": 2, "COM_DLL_EXCEPT": 1})
    flying(b, Doing.MISSION)
    b.beating = False
    b.run(18.0)
    assert b.brain.doing is Doing.MISSION


def test_ardupilot_counts_only_its_own_ground_station(bench: Any) -> None:
    b = bench(ARDU, params={"FS_GCS_ENABLE": 1})
    flying(b, Doing.GUIDED)
    b.beating = False
    for _ in range(8):
        b.send(mav.MAVLink_heartbeat_message(mav.MAV_TYPE_GCS, 8, 0, 0, 4, 3), peer=(245, 190))
        b.run(1.0)
    assert b.brain.doing is Doing.RETURN


def test_ardupilots_failsafe_sleeps_when_no_ground_station_ever_came(bench: Any) -> None:
    b = bench(ARDU, params={"FS_GCS_ENABLE": 1, "FS_OPTIONS": 0})
    b.beating = False
    flying(b, Doing.HOLD)
    b.run(20.0)
    assert b.brain.doing is Doing.HOLD


def test_ardupilot_held_in_loiter_ignores_link_loss_by_factory_default(bench: Any) -> None:
    """FS_OPTIONS 16, "continue if in pilot controlled modes": a drone told to HOLD hovers until its battery ends."""
    for options, doing in ((16, Doing.HOLD), (0, Doing.RETURN)):
        b = bench(ARDU, params={"FS_GCS_ENABLE": 1, "FS_OPTIONS": options})
        flying(b, Doing.HOLD)
        b.beating = False
        b.run(10.0)
        assert b.brain.doing is doing


def test_px4_exempting_hold_does_not_stop_what_a_lost_mission_leads_to(bench: Any) -> None:
    b = bench(PX4, params={"NAV_DLL_ACT": 2, "COM_DLL_EXCEPT": 2})
    flying(b, Doing.MISSION)
    b.beating = False
    assert b.run(20.0, lambda: b.brain.doing is Doing.RETURN)


def test_ardupilot_auto_goes_on_with_the_option(bench: Any) -> None:
    b = bench(ARDU, params={"FS_GCS_ENABLE": 1, "FS_OPTIONS": 2})
    flying(b, Doing.MISSION)
    b.beating = False
    b.run(9.0)
    assert b.brain.doing is Doing.MISSION


BATTERY = [
    (PX4, {"COM_LOW_BAT_ACT": 2}, 0.06, Doing.LAND),
    (PX4, {"COM_LOW_BAT_ACT": 3}, 0.06, Doing.RETURN),
    (PX4, {"COM_LOW_BAT_ACT": 3}, 0.04, Doing.LAND),
    (PX4, {"COM_LOW_BAT_ACT": 3}, 0.12, Doing.HOLD),
    (PX4, {}, 0.04, Doing.HOLD),
    (ARDU, {"BATT_LOW_MAH": 2000, "BATT_FS_LOW_ACT": 2}, 0.15, Doing.RETURN),
    (ARDU, {"BATT_LOW_MAH": 2000, "BATT_FS_LOW_ACT": 2}, 0.25, Doing.HOLD),
    (ARDU, {"BATT_LOW_MAH": 2000, "BATT_CRT_MAH": 1000, "BATT_FS_CRT_ACT": 1}, 0.05, Doing.LAND),
]


@pytest.mark.parametrize(("who", "params", "left", "action"), BATTERY)
def test_battery_failsafe(bench: Any, who: Autopilot, params: dict[str, float], left: float, action: Doing) -> None:
    b = bench(who, params=params)
    flying(b, Doing.HOLD)
    b.craft.charge = replace(b.craft.charge, left_wh=left * b.craft.spec.pack.capacity_wh)
    b.run(1.0)
    assert b.brain.doing is action


def test_an_empty_battery_drops_it(vehicle: Any) -> None:
    vehicle.airborne()
    vehicle.craft.charge = replace(vehicle.craft.charge, left_wh=0.01)
    assert vehicle.run(30.0, lambda: vehicle.craft.body.broken)
    assert not vehicle.brain.armed


@pytest.mark.parametrize(
    ("who", "params", "action"),
    [
        (PX4, {"GF_ACTION": 3, "GF_MAX_HOR_DIST": 30}, Doing.RETURN),
        (PX4, {"GF_MAX_HOR_DIST": 30}, Doing.HOLD),
        (PX4, {"GF_ACTION": 5, "GF_MAX_HOR_DIST": 30}, Doing.LAND),
        (ARDU, {"FENCE_ENABLE": 1, "FENCE_RADIUS": 30}, Doing.RETURN),
        (ARDU, {"FENCE_ENABLE": 1, "FENCE_RADIUS": 30, "FENCE_ACTION": 4}, Doing.HOLD),
        (ARDU, {"FENCE_RADIUS": 30}, Doing.MISSION),
    ],
)
def test_fence_radius(bench: Any, who: Autopilot, params: dict[str, float], action: Doing) -> None:
    b = bench(who, params=params)
    flying(b, Doing.MISSION)
    b.run(9.0)
    assert b.brain.doing is action
    assert ("Geofence breach" in b.said()) is (action is not Doing.MISSION)


@pytest.mark.parametrize(
    ("who", "params"), [(PX4, {"GF_ACTION": 3}), (ARDU, {"FENCE_ENABLE": 1, "FENCE_RADIUS": 1000})]
)
@pytest.mark.parametrize("shape", ["polygon in", "polygon out", "circle out"])
def test_uploaded_fences(bench: Any, who: Autopilot, params: dict[str, float], shape: str) -> None:
    b = bench(who, params=params)
    near = [(-30.0, -30.0), (30.0, -30.0), (30.0, 30.0), (-30.0, 30.0)]
    ahead = [(30.0, -30.0), (90.0, -30.0), (90.0, 30.0), (30.0, 30.0)]
    if shape == "circle out":
        items = [b.item(0, 5004, (60.0, 0.0), p=(30.0, 0, 0, 0), kind=1)]
    else:
        command, ring = (5001, near) if shape == "polygon in" else (5002, ahead)
        items = [b.item(i, command, xy, p=(4.0, 0, 0, 0), kind=1) for i, xy in enumerate(ring)]
    assert b.upload(items, 1) == 0
    flying(b, Doing.MISSION)
    assert b.run(10.0, lambda: b.brain.doing is Doing.RETURN)
    assert 27.0 < b.craft.body.x_m < 36.0


def test_it_disarms_by_itself_when_left_standing(vehicle: Any) -> None:
    vehicle.run(8.0)
    assert vehicle.command(mav.MAV_CMD_COMPONENT_ARM_DISARM, 1) == 0
    vehicle.run(9.0)
    assert vehicle.brain.armed
    vehicle.run(2.0)
    assert not vehicle.brain.armed


def test_it_will_not_disarm_in_flight_unless_forced(vehicle: Any) -> None:
    vehicle.airborne()
    assert vehicle.command(mav.MAV_CMD_COMPONENT_ARM_DISARM, 0) != 0
    assert vehicle.brain.armed
    assert vehicle.command(mav.MAV_CMD_COMPONENT_ARM_DISARM, 0, 21196) == 0
    assert vehicle.run(10.0, lambda: vehicle.craft.body.broken)


def test_a_flat_pack_is_not_armed(bench: Any) -> None:
    b = bench(PX4, pack=Pack(left=0.02))
    b.run(3.0)
    assert b.command(mav.MAV_CMD_COMPONENT_ARM_DISARM, 1) == mav.MAV_RESULT_TEMPORARILY_REJECTED
