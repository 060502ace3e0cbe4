"""Dialects: mode tables, failsafe judgement, and the mission as it lies on board."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.drone import Autopilot, FlightMode
from core.events import Order
from core.geo import GeoPoint
from core.units import MetresAmsl
from flightops.links.dialects import BY_MAV_AUTOPILOT, DIALECTS, Dialect
from flightops.links.dialects.dialect import DO_SET_MODE
from flightops.links.dialects.failsafe import groups, judge
from flightops.links.dialects.mission import difference, on_board
from flightops.links.orders import SHOWN_BY
from flightops.missions.mission import MissionItem

BOTH = pytest.mark.parametrize("dialect", list(DIALECTS.values()), ids=lambda d: d.autopilot.value)
SAFE = {
    Autopilot.PX4: {"NAV_DLL_ACT": 2.0, "COM_DL_LOSS_T": 10.0, "COM_LOW_BAT_ACT": 3.0, "RTL_RETURN_ALT": 40.0},
    Autopilot.ARDUPILOT: {
        "FS_GCS_ENABLE": 1.0,
        "FS_OPTIONS": 0.0,
        "SYSID_MYGCS": 255.0,
        "BATT_FS_LOW_ACT": 2.0,
        "BATT_LOW_VOLT": 14.0,
        "RTL_ALT": 4000.0,
    },
}


def mode_after(dialect: Dialect, main: float, sub: float) -> FlightMode:
    """What the heartbeat shows after DO_SET_MODE with these params."""
    number = int(main) << 16 | int(sub) << 24 if dialect.autopilot is Autopilot.PX4 else int(main)
    return dialect.mode(number)


@BOTH
def test_each_order_leads_to_a_mode_that_shows_it(dialect: Dialect) -> None:
    for order in Order:
        for command in dialect.orders[order]:
            assert command.command == DO_SET_MODE
            assert mode_after(dialect, command.params[1], command.params[2]) in SHOWN_BY[order]


@BOTH
def test_modes_asked_show_as_named(dialect: Dialect) -> None:
    for (main, sub), mode in dialect.modes_asked.items():
        assert mode_after(dialect, main, sub) is mode


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.sampled_from(list(DIALECTS.values())))
def test_any_custom_mode_has_words(number: int, dialect: Dialect) -> None:
    assert dialect.mode(number) in FlightMode


def test_known_modes() -> None:
    px4, ardupilot = DIALECTS[Autopilot.PX4], DIALECTS[Autopilot.ARDUPILOT]
    assert px4.mode(4 << 16 | 4 << 24) is FlightMode.MISSION
    assert px4.mode(4 << 16 | 5 << 24) is FlightMode.RETURN
    assert px4.mode(6 << 16) is FlightMode.GUIDED
    assert ardupilot.mode(3) is FlightMode.MISSION
    assert ardupilot.mode(17) is FlightMode.HOLD
    assert ardupilot.mode(99) is FlightMode.OTHER
    assert BY_MAV_AUTOPILOT[12] is px4
    assert BY_MAV_AUTOPILOT[3] is ardupilot


@BOTH
def test_safe_parameters_pass(dialect: Dialect) -> None:
    assert judge(dialect, SAFE[dialect.autopilot]) is None


@BOTH
def test_each_missing_parameter_is_a_breach(dialect: Dialect) -> None:
    for name in SAFE[dialect.autopilot]:
        params = {k: v for k, v in SAFE[dialect.autopilot].items() if k != name}
        refused = judge(dialect, params)
        assert refused is not None
        assert len(refused.reasons) == 1


@pytest.mark.parametrize(
    ("autopilot", "name", "value", "words"),
    [
        (Autopilot.PX4, "NAV_DLL_ACT", 0.0, "link loss"),
        (Autopilot.PX4, "NAV_DLL_ACT", 5.0, "link loss"),
        (Autopilot.PX4, "COM_LOW_BAT_ACT", 0.0, "low battery"),
        (Autopilot.PX4, "RTL_RETURN_ALT", float("nan"), "return height"),
        (Autopilot.PX4, "COM_DL_LOSS_T", 300.0, "link loss"),
        (Autopilot.ARDUPILOT, "FS_GCS_ENABLE", 0.0, "link loss"),
        (Autopilot.ARDUPILOT, "FS_OPTIONS", 16.0, "hold"),
        (Autopilot.ARDUPILOT, "SYSID_MYGCS", 1.0, "link loss"),
        (Autopilot.ARDUPILOT, "BATT_FS_LOW_ACT", 0.0, "low battery"),
        (Autopilot.ARDUPILOT, "BATT_LOW_VOLT", 0.0, "low battery"),
        (Autopilot.ARDUPILOT, "RTL_ALT", 100.0, "return height"),
    ],
)
def test_unsafe_values_are_named_with_their_fix(autopilot: Autopilot, name: str, value: float, words: str) -> None:
    refused = judge(DIALECTS[autopilot], SAFE[autopilot] | {name: value})
    assert refused is not None
    (reason,) = refused.reasons
    assert reason.field == name
    assert words in reason.problem
    assert reason.fix


def test_factory_defaults_are_refused() -> None:
    px4 = {"NAV_DLL_ACT": 0.0, "COM_DL_LOSS_T": 10.0, "COM_LOW_BAT_ACT": 0.0, "RTL_RETURN_ALT": 60.0}
    refused = judge(DIALECTS[Autopilot.PX4], px4)
    assert refused is not None
    assert [r.field for r in refused.reasons] == ["NAV_DLL_ACT", "COM_LOW_BAT_ACT"]


def test_new_parameter_names_count_too() -> None:
    params = SAFE[Autopilot.ARDUPILOT] | {"MAV_GCS_SYSID": 255.0, "RTL_ALT_M": 40.0}
    del params["SYSID_MYGCS"], params["RTL_ALT"]
    assert judge(DIALECTS[Autopilot.ARDUPILOT], params) is None
    assert ("SYSID_MYGCS", "MAV_GCS_SYSID") in groups(DIALECTS[Autopilot.ARDUPILOT])


places = st.builds(
    MissionItem,
    st.sampled_from([16, 21, 22]),
    st.sampled_from([0, 3]),
    st.just((0.0, 0.0, 0.0, float("nan"))),
    st.integers(-840_000_000, 840_000_000),
    st.integers(-1_800_000_000, 1_800_000_000),
    st.floats(0.0, 500.0),
)
others = st.builds(
    MissionItem,
    st.sampled_from([178, 20, 205]),
    st.just(2),
    st.just((1.0, 12.0, -1.0, 0.0)),
    st.just(0),
    st.just(0),
    st.just(0.0),
)
items = st.lists(places | others, min_size=1, max_size=30).map(tuple)
dialects = st.sampled_from(list(DIALECTS.values()))


def as_autopilots_keep_it(item: MissionItem) -> MissionItem:
    """Centimetres for heights, any frame and place where there is none, a last digit lost."""
    if item.command in (16, 21, 22):
        kept = replace(item, z=round(item.z * 100) / 100, x=min(item.x + 1, 900_000_000))
        return replace(kept, frame={0: 5, 3: 6}[item.frame])
    return replace(item, frame=0, x=5, y=7, z=1.0)


@settings(deadline=None, max_examples=40)
@given(dialects, items)
def test_what_autopilots_keep_is_the_same_mission(dialect: Dialect, mission: tuple[MissionItem, ...]) -> None:
    sent = on_board(dialect, mission, None)
    assert difference(dialect, sent, tuple(map(as_autopilots_keep_it, sent))) is None


@settings(deadline=None, max_examples=40)
@given(dialects, items, st.data())
def test_any_change_that_matters_names_its_item(
    dialect: Dialect, mission: tuple[MissionItem, ...], data: st.DataObject
) -> None:
    sent = on_board(dialect, mission, GeoPoint(45.0, 13.0, MetresAmsl(400.0)))
    skip = len(sent) - len(mission)
    at = data.draw(st.integers(0, len(mission) - 1))
    item = mission[at]
    if item.command in (16, 21, 22):
        x = item.x + 10 if item.x < 0 else item.x - 10
        changed = data.draw(
            st.sampled_from([replace(item, z=item.z + 1), replace(item, x=x), replace(item, command=17)])
        )
    else:
        changed = replace(item, command=82)
    read = (*sent[: at + skip], changed, *sent[at + skip + 1 :])
    differs = difference(dialect, sent, read)
    assert differs is not None
    assert differs.startswith(f"item {at}:")


@settings(deadline=None, max_examples=40)
@given(dialects, items)
def test_a_missing_item_is_seen(dialect: Dialect, mission: tuple[MissionItem, ...]) -> None:
    sent = on_board(dialect, mission, None)
    assert difference(dialect, sent, sent[:-1]) is not None


def test_speed_is_compared() -> None:
    dialect = DIALECTS[Autopilot.PX4]
    slow = MissionItem(178, 2, (1.0, 5.0, -1.0, 0.0), 0, 0, 0.0)
    fast = replace(slow, params=(1.0, 12.0, -1.0, 0.0))
    assert difference(dialect, (slow,), (fast,)) == "item 0: param 2 is 12 on board, 5 was sent"


def test_ardupilot_gets_home_first_and_never_zero_zero() -> None:
    dialect = DIALECTS[Autopilot.ARDUPILOT]
    first = MissionItem(22, 3, (0.0, 0.0, 0.0, 0.0), 450_000_000, 130_000_000, 50.0)
    placeholder = on_board(dialect, (first,), None)[0]
    assert (placeholder.x, placeholder.y) == (first.x, first.y)
    home = on_board(dialect, (first,), GeoPoint(46.0, 14.0, MetresAmsl(300.0)))[0]
    assert (home.command, home.frame, home.x, home.y, home.z) == (16, 0, 460_000_000, 140_000_000, 300.0)
    assert on_board(DIALECTS[Autopilot.PX4], (first,), None) == (first,)
