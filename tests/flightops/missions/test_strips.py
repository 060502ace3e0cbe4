"""Strips of ground seen: pure, from footprints and what the fleet does."""

from __future__ import annotations

from dataclasses import replace

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from core.drone import Autopilot
from core.events import Phase, StripSwept
from core.footprint import Footprint
from core.geo import LatLon
from core.ids import DroneId, SearchId, SectorId
from core.units import UtcSeconds
from flightops.fleet.state import Drone, FleetState, OnBoard
from flightops.missions.strips import BRAKE_S, EVERY_S, LATE_S, advanced, flushed, saw, started
from tests.flightops.missions.flying import FRAME, at

D1 = DroneId("d1")
IDS = (SearchId("s1"), SectorId("s1.1"))


def t(seconds: float) -> UtcSeconds:
    return UtcSeconds(1000.0 + seconds)


def box(x: float, y: float, side: float = 40.0) -> tuple[LatLon, ...]:
    return at(x, y), at(x + side, y), at(x + side, y + side), at(x, y + side)


def fleet(phase: Phase, sector: str = "s1.1") -> FleetState:
    drone = Drone(D1, 1, Autopilot.PX4, "", phase, mission=OnBoard(IDS[0], SectorId(sector), 20, t(0)))
    return FleetState(1, {D1: drone})


def area_m2(strips: tuple[StripSwept, ...]) -> float:
    return sum(shapely.Polygon([FRAME.to_xy(p) for p in s.ring]).area for s in strips)


def centimetres(most_m: int) -> st.SearchStrategy[float]:
    """Whole centimetres, in m: shapely divides by zero on edges 1e-300 m apart, which no footprint has."""
    return st.integers(0, 100 * most_m).map(lambda cm: cm / 100)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(centimetres(60), centimetres(300)), min_size=1, max_size=12))
def test_strips_hold_what_was_seen(corners: list[tuple[float, float]]) -> None:
    sweep = started(*IDS, D1, t(0))
    for i, (x, y) in enumerate(corners):
        sweep = saw(sweep, Footprint(D1, t(0.1 * i), box(x, y)))
    rest, strips = flushed(sweep, t(5))
    seen = shapely.union_all([shapely.box(x, y, x + 40, y + 40) for x, y in corners])
    filled = shapely.union_all([shapely.Polygon(g.exterior) for g in shapely.get_parts(seen)])
    assert area_m2(strips) == pytest.approx(filled.area, abs=0.6 * seen.length + 1)
    assert rest.seen == ()
    assert flushed(rest, t(6))[1] == ()


def test_pieces_that_do_not_touch_are_strips_of_their_own() -> None:
    sweep = started(*IDS, D1, t(0))
    for x in (0, 200):
        sweep = saw(sweep, Footprint(D1, t(1), box(x, 0)))
    assert len(flushed(sweep, t(5))[1]) == 2


def test_only_this_drone_while_it_sweeps() -> None:
    sweep = replace(started(*IDS, D1, t(10)), until=t(20))
    for drone, at_s in ((D1, 9.9), (D1, 20.1), (DroneId("d2"), 15.0)):
        assert saw(sweep, Footprint(drone, t(at_s), box(0, 0))) == sweep
    assert saw(sweep, Footprint(D1, t(15), box(0, 0)[:2])) == sweep, "two corners are no ground"
    assert saw(sweep, Footprint(D1, t(15), box(0, 0))) != sweep


def test_a_strip_every_5_s_and_one_at_the_end() -> None:
    sweeps, made = advanced({}, fleet(Phase.SWEEPING), t(0))
    assert made == ()
    sweeps[D1] = saw(sweeps[D1], Footprint(D1, t(1), box(0, 0)))
    sweeps, made = advanced(sweeps, fleet(Phase.SWEEPING), t(EVERY_S - 0.1))
    assert made == ()
    sweeps, made = advanced(sweeps, fleet(Phase.SWEEPING), t(EVERY_S))
    assert [(s.search, s.sector, s.drone) for s in made] == [(*IDS, D1)]
    sweeps, made = advanced(sweeps, fleet(Phase.RETURNING), t(6))
    assert made == ()
    sweeps[D1] = saw(sweeps[D1], Footprint(D1, t(5.9), box(0, 40)))
    sweeps, made = advanced(sweeps, fleet(Phase.RETURNING), t(6 + LATE_S))
    assert len(made) == 1, "the last footprint came late and still counts"
    assert sweeps == {}


def test_the_next_sector_ends_the_last_one() -> None:
    sweeps, _ = advanced({}, fleet(Phase.SWEEPING), t(0))
    sweeps[D1] = saw(sweeps[D1], Footprint(D1, t(1), box(0, 0)))
    sweeps, made = advanced(sweeps, fleet(Phase.SWEEPING, "s2.1"), t(2))
    assert [s.sector for s in made] == ["s1.1"]
    assert sweeps[D1].sector == "s2.1"


def test_ground_braked_over_into_a_hold_is_seen_and_the_hover_is_not_told_for_ever() -> None:
    sweeps, _ = advanced({}, fleet(Phase.SWEEPING), t(0))
    sweeps = {D1: saw(sweeps[D1], Footprint(D1, t(1), box(0, 0)))}
    sweeps, none = advanced(sweeps, fleet(Phase.HOLDING), t(2))
    sweeps = {D1: saw(saw(sweeps[D1], Footprint(D1, t(4), box(0, 30))), Footprint(D1, t(20), box(0, 300)))}
    assert none == ()
    sweeps, strips = advanced(sweeps, fleet(Phase.HOLDING), t(2 + BRAKE_S + LATE_S))
    assert area_m2(strips) == pytest.approx(40.0 * 70.0, rel=1e-3)
    assert sweeps == {}
