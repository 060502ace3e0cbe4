"""The phase table: every cell, and what telemetry is read as."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.drone import FlightMode
from core.events import Order, Phase
from core.ids import SearchId, SectorId
from core.units import UtcSeconds
from flightops.fleet.machine import BREACHED, ORDERED, TABLE, Sign, item_of, sign_of
from flightops.fleet.state import IN_AIR, OnBoard
from flightops.missions.items import sweep_range
from tests.flightops.missions.flying import in_mission, state

CELLS = list(itertools.product(Phase, Sign))
SEEN = {
    Sign.AT_SWEEP: Phase.SWEEPING,
    Sign.PAST_SWEEP: Phase.RETURNING,
    Sign.RETURNS: Phase.RETURNING,
    Sign.LANDS: Phase.LANDING,
    Sign.ON_WAY: Phase.TRANSIT,
}
BOARD = OnBoard(SearchId("s"), SectorId("s.1"), 40, UtcSeconds(10.0))


@pytest.mark.parametrize(("phase", "sign"), CELLS, ids=[f"{p}-{s.name}" for p, s in CELLS])
def test_every_cell(phase: Phase, sign: Sign) -> None:
    after = TABLE[phase, sign]
    down = phase in (Phase.GROUNDED, Phase.UPLOADING)
    if sign in SEEN:
        assert after is SEEN[sign], "what telemetry shows plainly is believed in every phase"
    elif sign is Sign.ON_GROUND:
        assert after is (Phase.UPLOADING if phase is Phase.UPLOADING else Phase.GROUNDED)
    elif sign is Sign.UPLOAD:
        assert after is (Phase.UPLOADING if down else phase), "nothing is uploaded to a drone in the air"
    elif sign is Sign.NOT_FLOWN:
        assert after is {Phase.UPLOADING: Phase.GROUNDED, Phase.TAKING_OFF: Phase.HOLDING}.get(phase, phase)
    elif sign is Sign.LIFTING:
        assert after is (Phase.TAKING_OFF if down else phase)
    elif sign in (Sign.HOLDS, Sign.BY_HAND):
        starting = phase in (Phase.UPLOADING, Phase.TAKING_OFF)
        assert after is (Phase.TAKING_OFF if starting else Phase.HOLDING)
    elif down:
        assert after is Phase.GROUNDED, "an order before take-off keeps it on the ground"
    elif sign is Sign.HOLD:
        assert after is Phase.HOLDING
    elif sign is Sign.RETURN:
        assert after is Phase.RETURNING
    else:
        homeward = phase in (Phase.RETURNING, Phase.LANDING)
        rule = Phase.HOLDING if sign is Sign.BREACH_HOLD else Phase.RETURNING
        assert after is (phase if homeward else rule), "a rule never stops a drone on its way home"


def test_table_is_whole() -> None:
    assert set(TABLE) == set(CELLS)
    assert set(ORDERED) == set(BREACHED) == set(Order)


@pytest.mark.parametrize("order", list(Order))
@pytest.mark.parametrize("phase", sorted(IN_AIR))
def test_breach_leads_home_or_to_a_hold(order: Order, phase: Phase) -> None:
    assert TABLE[phase, BREACHED[order]] in (Phase.HOLDING, Phase.RETURNING, Phase.LANDING)


@given(st.integers(-1, 45), st.booleans(), st.booleans())
def test_mission_items_read_as_signs(item: int, in_air: bool, armed: bool) -> None:
    heard = state("d1", 20.0, FlightMode.MISSION, in_air=in_air, armed=armed or in_air, item=item)
    sign = sign_of(heard, BOARD)
    if not in_air:
        assert sign is (Sign.LIFTING if armed else Sign.ON_GROUND)
    elif item <= 0:
        assert sign is Sign.LIFTING
    else:
        first, last = sweep_range(BOARD.items)
        expected = Sign.ON_WAY if item < first else Sign.AT_SWEEP if item <= last else Sign.PAST_SWEEP
        assert sign is expected


def test_progress_heard_before_the_upload_is_of_another_mission() -> None:
    assert item_of(in_mission("d1", 9.0, 12), BOARD) is None
    assert item_of(in_mission("d1", 11.0, 12), BOARD) == 12


@pytest.mark.parametrize("field", ["mode", "in_air", "armed"])
def test_a_field_never_heard_gives_no_sign(field: str) -> None:
    assert sign_of(state("d1", 20.0), BOARD) is Sign.ON_GROUND
    assert sign_of(replace(state("d1", 20.0), **{field: None}), BOARD) is None
