"""Missions are flown as written: heights, corners, holds, pauses, speeds, gimbal, return."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pymavlink.dialects.v20 import ardupilotmega as mav

from core.drone import Autopilot
from sitl.vehicle.spec import SensorErrors, Wind

PX4, ARDU = Autopilot.PX4, Autopilot.ARDUPILOT
both = pytest.mark.parametrize("who", list(Autopilot), ids=str)
FREE = (178, 205, 112)


def plan(b: Any, *steps: tuple[Any, ...]) -> list[Any]:
    """Items from (command, xy, z, p); the home item comes first where the dialect has it."""
    full = [(16, (0.0, 0.0), 0.0), *steps] if b.brain.personality.home_is_item_0 else list(steps)
    return [b.item(i, s[0], s[1], s[2], **({"p": s[3]} if len(s) > 3 else {})) for i, s in enumerate(full)]


def first(b: Any) -> int:
    return 1 if b.brain.personality.home_is_item_0 else 0


@both
def test_a_square_is_flown_and_it_comes_home(bench: Any, who: Autopilot) -> None:
    b = bench(who, wind=Wind(4.0, -2.0, 1.0), seed=3)
    b.upload(b.square())
    b.start_mission()
    assert b.run(300.0, lambda: not b.brain.armed)
    body = b.craft.body
    assert math.hypot(body.x_m, body.y_m) < 2.5
    assert not body.broken
    reached = [m.seq for m in b.heard if m.get_type() == "MISSION_ITEM_REACHED"]
    assert reached == list(range(first(b), len(b.square())))
    for x, y in ((60, 0), (60, 60), (0, 60)):
        assert min(math.hypot(p.x_m - x, p.y_m - y) for p in b.bodies) < 2.0
    legs = [p for p in b.bodies if p.alt_m > 119 and 10 < p.x_m < 50 and abs(p.y_m - 60) < 15]
    assert legs
    top = max(p.alt_m for p in b.bodies)
    assert top == pytest.approx(160.0 if who is PX4 else 120.0, abs=1.5)


@both
def test_legs_are_straight_and_limits_hold(bench: Any, who: Autopilot) -> None:
    b = bench(who, wind=Wind(5.0, 3.0, 1.5), seed=1)
    up, there = (22, (0.0, 0.0), 30.0), (16, (300.0, 0.0), 30.0)
    b.upload(plan(b, up, there, (16, (300.0, 200.0), 30.0), (17, (300.0, 200.0), 30.0)))
    b.start_mission()
    assert b.run(120.0, lambda: b.brain.current == first(b) + 3)
    frame = b.craft.spec.airframe
    for before, after in zip(b.bodies, b.bodies[1:], strict=False):
        dv = math.hypot(after.east_mps - before.east_mps, after.north_mps - before.north_mps)
        assert dv <= frame.accel_mps2 * b.DT + 1e-6
        assert math.hypot(after.east_mps, after.north_mps) <= 12.3
    eastward = [p for p in b.bodies if 20 < p.x_m < 290 and p.y_m < 1.0 and p.alt_m > 125]
    assert max(abs(p.y_m) for p in eastward) < 0.6
    assert max(p.east_mps for p in eastward) == pytest.approx(12.0, abs=0.3)


@both
def test_straight_corners_are_passed_and_sharp_ones_stop(bench: Any, who: Autopilot) -> None:
    b = bench(who)
    ring = [(100.0, 0.0), (200.0, 10.0), (300.0, 0.0), (300.0, 100.0)]
    b.upload(plan(b, (22, (0.0, 0.0), 20.0), *[(16, xy, 20.0) for xy in ring], (17, ring[-1], 20.0)))
    b.start_mission()
    b.run(120.0, lambda: b.brain.current == first(b) + 4)

    def slowest(x: float) -> float:
        return min(math.hypot(p.east_mps, p.north_mps) for p in b.bodies if abs(p.x_m - x) < 3 and p.alt_m > 118)

    assert slowest(100.0) > 8.0
    assert slowest(200.0) > 8.0
    assert slowest(300.0) < 1.0


@both
def test_hold_time_speed_and_gimbal(bench: Any, who: Autopilot) -> None:
    b = bench(who)
    b.upload(
        plan(
            b,
            (22, (0.0, 0.0), 15.0),
            (178, None, 0.0, (1.0, 5.0, -1.0, 0.0)),
            (205, None, 2.0, (-45.0, 0.0, 0.0, 0.0)),
            (112, None, 0.0, (3.0, 0.0, 0.0, 0.0)),
            (16, (60.0, 0.0), 15.0, (4.0, 0.0, 0.0, 0.0)),
            (17, (60.0, 0.0), 15.0),
        )
    )
    b.start_mission()
    assert b.run(60.0, lambda: b.brain.current == first(b) + 5)
    assert max(p.east_mps for p in b.bodies) == pytest.approx(5.0, abs=0.1)
    standing = [p for p in b.bodies if abs(p.x_m - 60) < 2.0]
    assert len(standing) * b.DT > 4.0
    assert b.craft.gimbal_pitch_deg == pytest.approx(-45.0)
    assert "command 112 ignored" in b.said()


@both
def test_pause_and_resume(bench: Any, who: Autopilot) -> None:
    b = bench(who)
    b.upload(b.square())
    b.start_mission()
    assert b.run(60.0, lambda: b.craft.body.x_m > 30)
    assert b.command(mav.MAV_CMD_DO_PAUSE_CONTINUE, 0) == 0
    b.run(8.0)
    at = b.craft.body
    b.run(5.0)
    assert math.hypot(b.craft.body.x_m - at.x_m, b.craft.body.y_m - at.y_m) < 0.3
    current = b.brain.current
    assert b.command(mav.MAV_CMD_DO_PAUSE_CONTINUE, 1) == 0
    assert b.brain.current == current
    assert b.run(60.0, lambda: b.brain.current == current + 2)


@both
def test_set_current_skips(bench: Any, who: Autopilot) -> None:
    b = bench(who)
    b.upload(b.square())
    b.start_mission()
    assert b.run(60.0, lambda: b.brain.current == first(b) + 1)
    assert b.command(mav.MAV_CMD_DO_SET_MISSION_CURRENT, first(b) + 3) == 0
    assert b.run(30.0, lambda: b.craft.body.y_m > 50)
    assert max(p.x_m for p in b.bodies) < 40
    assert b.command(mav.MAV_CMD_DO_SET_MISSION_CURRENT, 99) == mav.MAV_RESULT_DENIED


@both
def test_absolute_heights_and_landing_items(bench: Any, who: Autopilot) -> None:
    b = bench(who)
    items = plan(b, (22, (0.0, 0.0), 20.0), (16, (50.0, 0.0), 135.0), (21, (50.0, 20.0), 0.0))
    items[-2].frame = 0
    b.upload(items)
    b.start_mission()
    assert b.run(120.0, lambda: not b.brain.armed)
    assert max(p.alt_m for p in b.bodies) == pytest.approx(135.0, abs=1.0)
    assert math.hypot(b.craft.body.x_m - 50, b.craft.body.y_m - 20) < 2.5


@both
def test_commands_fly_it(bench: Any, who: Autopilot) -> None:
    b = bench(who)
    b.airborne(15.0)
    assert b.craft.body.alt_m == pytest.approx(115.0, abs=0.6)
    nan = math.nan
    target = b.brain.frame.to_latlon(80.0, 0.0)
    z = b.brain.home.alt_m + 25
    assert b.command(mav.MAV_CMD_DO_REPOSITION, 6, 1, 0, nan, target.lat_deg, target.lon_deg, z) == 0
    assert b.run(40.0, lambda: b.craft.body.x_m > 79)
    b.run(5.0)
    assert b.craft.body.alt_m == pytest.approx(125.0, abs=0.5)
    assert max(p.east_mps for p in b.bodies) == pytest.approx(6.0, abs=0.1)
    assert b.command(mav.MAV_CMD_NAV_LAND) == 0
    assert b.run(60.0, lambda: not b.brain.armed)
    assert b.craft.body.x_m == pytest.approx(80.0, abs=2.0)


@both
def test_the_autopilot_believes_its_gnss(bench: Any, who: Autopilot) -> None:
    b = bench(who, errors=SensorErrors(gnss_east_m=5.0, gnss_north_m=-3.0, compass_deg=8.0, gimbal_tilt_deg=1.0))
    b.upload(plan(b, (22, (0.0, 0.0), 20.0), (16, (100.0, 0.0), 20.0), (17, (100.0, 0.0), 20.0)))
    b.start_mission()
    assert b.run(60.0, lambda: b.brain.current == first(b) + 2)
    b.run(3.0)
    assert b.craft.body.x_m == pytest.approx(95.0, abs=0.7)
    assert b.craft.body.y_m == pytest.approx(3.0, abs=0.7)
    assert b.brain.seen.heading_deg == pytest.approx(90.0, abs=2.0)
    assert b.craft.body.heading_deg == pytest.approx(82.0, abs=2.0)
