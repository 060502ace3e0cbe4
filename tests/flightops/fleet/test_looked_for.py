from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.events import (
    AUTO,
    Fact,
    Recorded,
    SearchAccepted,
    SearchApproved,
    SearchEnded,
    SearchOutcome,
    SearchPlan,
    Sector,
)
from core.geo import Area, LatLon, LocalFrame
from core.ids import DroneId, SearchId, SectorId
from core.units import UtcSeconds
from flightops.fleet.fold import fold_all
from flightops.fleet.looked_for import MARGIN_M, looked_for_at, looks_for
from flightops.fleet.state import FleetState

FRAME = LocalFrame(LatLon(28.9, 120.0))
CORNERS = tuple(FRAME.to_latlon(x, y) for x, y in ((0, 0), (400, 0), (400, 300), (0, 300)))
PLAN = SearchPlan(40, 12, 60, -90, 1.0, (Sector(SectorId("s.1"), DroneId("d1"), CORNERS[:2], 400, 40),))
ACCEPTED = SearchAccepted(SearchId("s"), Area(CORNERS), PLAN, AUTO)
APPROVED = SearchApproved(SearchId("s"), AUTO)
ENDED = SearchEnded(SearchId("s"), SearchOutcome.SWEPT, AUTO)


def fleet(*facts: Fact) -> FleetState:
    return fold_all(FleetState(), (Recorded(k, UtcSeconds(k), f) for k, f in enumerate(facts, start=1)))


@given(st.floats(-300, 700), st.floats(-300, 600))
def test_only_the_area_of_a_flying_search_counts_and_only_for_its_drones(x: float, y: float) -> None:
    place = FRAME.to_latlon(x, y)
    gap = (max(0, -x, x - 400) ** 2 + max(0, -y, y - 300) ** 2) ** 0.5
    if abs(gap - MARGIN_M) < 0.5:
        return
    flying = fleet(ACCEPTED, APPROVED)
    assert looked_for_at(flying, DroneId("d1"), place) == (gap < MARGIN_M)
    assert not looked_for_at(flying, DroneId("d2"), place)
    assert not looked_for_at(fleet(ACCEPTED), DroneId("d1"), place)
    assert not looked_for_at(fleet(ACCEPTED, APPROVED, ENDED), DroneId("d1"), place)


@given(st.floats(-300, 700), st.floats(-300, 600), st.floats(1, 80))
def test_a_view_counts_when_a_place_in_it_does(x: float, y: float, half: float) -> None:
    square = ((x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half))
    seen = tuple(FRAME.to_latlon(*corner) for corner in square)
    flying = fleet(ACCEPTED, APPROVED)
    nearest = FRAME.to_latlon(min(max(200, x - half), x + half), min(max(150, y - half), y + half))
    if looked_for_at(flying, DroneId("d1"), nearest):
        assert looks_for(flying, DroneId("d1"), seen)
    if any(gap > half + MARGIN_M + 1 for gap in (-x, x - 400, -y, y - 300)):
        assert not looks_for(flying, DroneId("d1"), seen)
    assert not looks_for(flying, DroneId("d2"), seen)
    assert not looks_for(fleet(ACCEPTED, APPROVED, ENDED), DroneId("d1"), seen)
