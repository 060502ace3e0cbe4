"""The fence is made of the ways on board: as they bend, and straight where facts of before do not tell them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.drone import Autopilot
from core.events import (
    AUTO,
    DroneJoined,
    DronePhaseChanged,
    Fact,
    MissionUploaded,
    Order,
    Phase,
    Recorded,
    SearchAccepted,
    SearchApproved,
    SectorEntered,
    SectorSwept,
)
from core.geo import LatLon
from core.ids import DroneId, SearchId, SectorId
from core.units import UtcSeconds
from flightops.fleet.fold import fold_all
from flightops.fleet.state import FleetState
from flightops.safety.watch import Watch
from tests.flightops.missions.flying import AREA, PILOT, at, in_mission, plan_for

D1, S1, FIRST = DroneId("d1"), SearchId("s1"), SectorId("s1.1")
PLAN = plan_for("s1", ("d1",))
NEXT = replace(PLAN.sectors[0], sector=SectorId("s1.2"))
OUT = (at(0, 0), at(-150, 200), at(120, 110))
BACK = (at(150, 110), at(300, -150), at(0, 0))
BENT = MissionUploaded(S1, FIRST, D1, 40, "ab", 13, 20, OUT, BACK)
OLD = MissionUploaded(S1, FIRST, D1, 40, "ab")


def orders(uploaded: MissionUploaded, where: LatLon, *more: Fact, phase: Phase = Phase.TRANSIT) -> list[Order]:
    """What the watch orders for a drone there."""
    plan = replace(PLAN, sectors=(*PLAN.sectors, NEXT))
    facts = (
        DroneJoined(D1, 1, Autopilot.PX4, "1.17.0"), SearchAccepted(S1, AREA, plan, PILOT), SearchApproved(S1, AUTO),
        uploaded, *more, DronePhaseChanged(D1, phase, "told"),
    )  # fmt: skip
    fleet = fold_all(FleetState(), (Recorded(k, UtcSeconds(1000.0 + k), f) for k, f in enumerate(facts, start=1)))
    watch = Watch(1500.0, UtcSeconds(900.0))
    return [b.order for b in watch.look(fleet, {D1: in_mission("d1", 1020.0, 5, where=where)}, UtcSeconds(1020.0))]


@pytest.mark.parametrize("where", [at(-150, 200), at(300, -150), at(-75, 100), at(250, 250)])
def test_a_drone_may_be_on_its_bent_ways_and_in_its_area(where: LatLon) -> None:
    assert orders(BENT, where) == []


@pytest.mark.parametrize("where", [at(60, 55), at(-220, 200), at(300, -220)])
def test_and_nowhere_else_not_even_on_the_straight_way(where: LatLon) -> None:
    assert orders(BENT, where) == [Order.HOLD]


def test_facts_of_before_have_straight_ways() -> None:
    assert orders(OLD, at(60, 55)) == []
    assert orders(OLD, at(-150, 200)) == [Order.HOLD]


def test_between_two_sectors_the_ways_still_on_board_count() -> None:
    """Its sector is behind it and the next one's mission is not on board yet: it hovers on its way home."""
    behind = (SectorEntered(S1, FIRST, D1), SectorSwept(S1, FIRST, D1))
    assert orders(BENT, at(300, -150), *behind, phase=Phase.HOLDING) == []
    assert orders(BENT, at(300, -250), *behind, phase=Phase.HOLDING) == [Order.HOLD]
