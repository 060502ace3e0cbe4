"""Uploads take effect whole or not at all; what goes up comes down; junk never raises."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymavlink.dialects.v20 import ardupilotmega as mav

from core.drone import Autopilot
from sitl.vehicle.autopilot.items import POSITIONED

RELAXED = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
both = pytest.mark.parametrize("who", list(Autopilot), ids=str)
floats = st.floats(-1000, 1000, width=32)
place = st.tuples(st.floats(-2000, 2000), st.floats(-2000, 2000))
step = st.one_of(
    st.tuples(st.just(16), place, st.floats(0, 500, width=32), st.tuples(floats, floats, floats, floats)),
    st.tuples(st.just(19), place, st.floats(0, 500, width=32), st.tuples(floats, floats, floats, floats)),
    st.tuples(st.sampled_from([178, 205, 112, 20]), st.none(), st.just(0.0), st.tuples(*[floats] * 4)),
)


def _same(sent: Any, back: Any, who: Autopilot) -> bool:
    exact = (sent.seq, sent.command, sent.x, sent.y) == (back.seq, back.command, back.x, back.y)
    if who is Autopilot.PX4:
        params = all(getattr(sent, f"param{i}") == getattr(back, f"param{i}") for i in range(1, 5))
        return exact and params and sent.z == back.z
    return exact and abs(sent.z - back.z) <= 0.0051


@both
@given(steps=st.lists(step, min_size=1, max_size=30))
@RELAXED
def test_what_goes_up_comes_down(bench: Any, who: Autopilot, steps: list[Any]) -> None:
    b = bench(who)
    first = [(16, (0.0, 0.0), 100.0, (0.0,) * 4)] if who is Autopilot.ARDUPILOT else []
    items = [b.item(i, c, xy, z, p=p) for i, (c, xy, z, p) in enumerate([*first, *steps])]
    assert b.upload(items) == mav.MAV_MISSION_ACCEPTED
    back = b.download()
    assert len(back) == len(items)
    skip = len(first)
    assert all(_same(s, r, who) for s, r in zip(items[skip:], back[skip:], strict=True))
    for m in back[skip:]:
        positioned = m.command in POSITIONED
        if who is Autopilot.PX4:
            assert m.frame == (6 if positioned else 2)
        else:
            assert m.frame == (3 if positioned else 0)


@both
@given(cut=st.integers(0, 4), then=st.sampled_from(["silence", "cancel", "bad item", "other party"]))
@RELAXED
def test_an_interrupted_upload_leaves_the_old_mission(bench: Any, who: Autopilot, cut: int, then: str) -> None:
    b = bench(who)
    assert b.upload(b.square()) == 0
    before = dict(b.brain.plans)
    new = b.square(height_m=50.0)
    b.send(mav.MAVLink_mission_count_message(7, 1, len(new), 0))
    for item in new[:cut]:
        b.send(item)
    if then == "cancel":
        b.send(mav.MAVLink_mission_ack_message(7, 1, mav.MAV_MISSION_OPERATION_CANCELLED, 0))
    elif then == "bad item":
        out = b.send(b.item(max(cut, 1) if cut else 0, 31000, (0.0, 0.0)))
        assert who is Autopilot.ARDUPILOT or cut != 0 or out[-1].type == mav.MAV_MISSION_UNSUPPORTED
    elif then == "other party":
        out = b.send(mav.MAVLink_mission_count_message(7, 1, 3, 0), peer=(250, 190))
        assert out[-1].type == mav.MAV_MISSION_DENIED
    assert b.brain.plans == before
    b.run(12.0)
    assert b.brain.plans == before
    assert b.brain.transfer is None
    assert b.upload(new) == 0
    assert b.brain.plans != before


def test_a_lost_item_is_asked_for_again(vehicle: Any) -> None:
    items = vehicle.square()
    vehicle.send(mav.MAVLink_mission_count_message(7, 1, len(items), 0))
    vehicle.send(items[0])
    vehicle.heard.clear()
    vehicle.run(2.0)
    assert [m.seq for m in vehicle.heard if m.get_type() == "MISSION_REQUEST_INT"].count(1) >= 3
    out = vehicle.send(items[3])
    assert out[-1].seq == 1


def test_a_dead_upload_says_so(vehicle: Any) -> None:
    vehicle.send(mav.MAVLink_mission_count_message(7, 1, 5, 0))
    vehicle.run(12.0)
    acks = [m.type for m in vehicle.heard if m.get_type() == "MISSION_ACK"]
    assert acks == [mav.MAV_MISSION_OPERATION_CANCELLED]


@pytest.mark.parametrize(
    ("change", "result"),
    [
        ({"command": 31000}, mav.MAV_MISSION_UNSUPPORTED),
        ({"frame": 1}, mav.MAV_MISSION_UNSUPPORTED_FRAME),
        ({"x": 2_000_000_000}, mav.MAV_MISSION_INVALID_PARAM5_X),
        ({"y": 2_000_000_000}, mav.MAV_MISSION_INVALID_PARAM6_Y),
        ({"z": math.nan}, mav.MAV_MISSION_INVALID_PARAM7),
    ],
)
def test_an_item_that_cannot_be_flown_is_refused_by_name(vehicle: Any, change: dict[str, Any], result: int) -> None:
    items = vehicle.square()
    for key, value in change.items():
        setattr(items[2], key, value)
    assert vehicle.upload(items) == result
    assert vehicle.download() == []


def test_fence_and_rally_have_their_own_plans(vehicle: Any) -> None:
    ring = [(-100.0, -100.0), (100.0, -100.0), (100.0, 100.0)]
    corner = mav.MAV_CMD_NAV_FENCE_POLYGON_VERTEX_INCLUSION
    fence = [vehicle.item(i, corner, xy, p=(3.0, 0, 0, 0), kind=1) for i, xy in enumerate(ring)]
    rally = [vehicle.item(0, mav.MAV_CMD_NAV_RALLY_POINT, (10.0, 10.0), 30.0, kind=2)]
    assert vehicle.upload(fence, 1) == 0
    assert vehicle.upload(rally, 2) == 0
    assert vehicle.upload(vehicle.square()) == 0
    assert [len(vehicle.download(k)) for k in (0, 1, 2)] == [len(vehicle.square()), 3, 1]
    assert vehicle.upload(fence[:2], 1) == mav.MAV_MISSION_INVALID
    assert len(vehicle.download(1)) == 3
    ack = vehicle.send(mav.MAVLink_mission_clear_all_message(7, 1, 255))[-1]
    assert ack.type == 0
    assert [len(vehicle.download(k)) for k in (0, 1, 2)] == [0, 0, 0]


def test_unknown_kinds_counts_and_sequences_are_refused(vehicle: Any) -> None:
    assert vehicle.send(mav.MAVLink_mission_count_message(7, 1, 3, 9))[-1].type == mav.MAV_MISSION_UNSUPPORTED
    assert vehicle.send(mav.MAVLink_mission_count_message(7, 1, 60000, 0))[-1].type == mav.MAV_MISSION_NO_SPACE
    late = mav.MAVLink_mission_request_int_message(7, 1, 99, 0)
    assert vehicle.send(late)[-1].type == mav.MAV_MISSION_INVALID_SEQUENCE


def test_ardupilots_item_0_is_home(bench: Any) -> None:
    b = bench(Autopilot.ARDUPILOT)
    items = b.square()
    items[0].x, items[0].z = 100, 5.0
    assert b.upload(items) == 0
    back = b.download()[0]
    assert (back.frame, back.command) == (0, 16)
    assert (back.x, back.y, back.z) == (289000000, 1200000000, 100.0)
