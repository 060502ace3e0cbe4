"""Dealing again: what was flown and what is dealt cover what there was; nothing beyond a swath is flown twice."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.geo import Area, Floats, LatLon
from core.ids import DroneId, SectorId
from flightops.planning.paths.timing import length_m
from flightops.planning.paths.verify import footprint
from flightops.planning.replan.lots import remaining
from flightops.redeal.deal import Deal, DealAsked, Rest, Taker
from flightops.redeal.geometry import dealt, nobody_flies
from tests.flightops.missions.flying import FRAME, at

SWATH_M = 30.0
HOLE = tuple(at(x, y) for x, y in ((150, 180), (190, 180), (190, 220), (150, 220)))
AREA = Area(tuple(at(x, y) for x, y in ((0, 0), (360, 0), (360, 400), (0, 400))), (HOLE,))
HOME = at(-50, -50)


def columns(first: int, lines: int) -> tuple[LatLon, ...]:
    """An S-pattern of lines along y, each 30 m wide, from column `first` on (those beyond x = 200 meet no hole)."""
    points = []
    for k in range(first, first + lines):
        x = 15.0 + SWATH_M * k
        points += [(x, 10.0), (x, 390.0)] if k % 2 == 0 else [(x, 390.0), (x, 10.0)]
    return tuple(at(x, y) for x, y in points)


PATHS = (columns(0, 4), columns(7, 5))


def xy(path: tuple[LatLon, ...]) -> Floats:
    return np.array([FRAME.to_xy(p) for p in path])


@st.composite
def asked(draw: st.DrawFn, endless: bool) -> DealAsked:
    rests = [
        Rest(SectorId(f"s1.{k + 1}"), DroneId(f"lost{k}"), path, draw(st.floats(0.0, 1.0)) * length_m(xy(path)))
        for k, path in enumerate(PATHS[: draw(st.integers(1, 2))])
    ]
    takers = []
    for k in range(draw(st.integers(0 if not endless else 1, 3))):
        place = at(draw(st.floats(5, 355)), draw(st.floats(230, 395)))
        launches = draw(st.booleans())
        left = 1e5 if endless else draw(st.sampled_from([0.0, 60.0, 200.0, 1e5]))
        where = HOME if launches else place
        takers.append(Taker(DroneId(f"d{k}"), where, HOME, draw(st.floats(0, 600)), left, launches))
    return DealAsked(AREA, SWATH_M, 12.0, tuple(rests), tuple(takers))


def covered(asked: DealAsked, deal: Deal, with_undone: bool) -> float:
    """Share of the ground under the rests that is dealt (or said to be undone)."""
    wanted = [p for r in asked.rests if len(p := remaining(xy(r.path), r.from_m))]
    if not wanted:
        return 1.0
    given = [xy(s.path) for s in (*deal.shares, *(deal.undone if with_undone else ()))]
    ground = footprint(tuple(wanted), SWATH_M)
    return 1.0 - ground.difference(footprint(tuple(given), SWATH_M)).area / ground.area if given else 0.0


@settings(max_examples=25, deadline=None)
@given(asked(endless=True))
def test_while_batteries_last_all_of_it_is_dealt_once(a: DealAsked) -> None:
    deal = dealt(a)
    assert isinstance(deal, Deal)
    assert deal.of == tuple(r.sector for r in a.rests)
    assert deal.undone == ()
    assert covered(a, deal, with_undone=False) > 0.999
    left = sum(length_m(remaining(xy(r.path), r.from_m)) for r in a.rests)
    given_m = sum(s.length_m for s in deal.shares)
    assert given_m <= left + 0.5, "nothing is dealt twice"
    assert {s.drone for s in deal.shares} <= {t.drone for t in a.takers}


@settings(max_examples=25, deadline=None)
@given(asked(endless=False))
def test_what_nobody_can_fly_is_said_and_covers_the_rest(a: DealAsked) -> None:
    deal = dealt(a)
    assert isinstance(deal, Deal)
    assert covered(a, deal, with_undone=True) > 0.999
    assert all(s.reason for s in deal.undone)
    assert not any(s.reason for s in deal.shares)


def test_a_busy_drone_takes_less_than_an_idle_one() -> None:
    rest = Rest(SectorId("s1.1"), DroneId("lost"), PATHS[1], 0.0)
    idle, busy = (Taker(DroneId(d), at(300, 395), HOME, s, 1e5) for d, s in (("idle", 0.0), ("busy", 80.0)))
    deal = dealt(DealAsked(AREA, SWATH_M, 12.0, (rest,), (idle, busy)))
    assert isinstance(deal, Deal)
    metres = {d: sum(s.length_m for s in deal.shares if s.drone == d) for d in ("idle", "busy")}
    assert metres["idle"] > metres["busy"] + 300.0


def test_nobody_left_is_all_undone() -> None:
    rest = Rest(SectorId("s1.1"), DroneId("d2"), PATHS[0], 500.0)
    deal = dealt(DealAsked(AREA, SWATH_M, 12.0, (rest,), ()))
    assert isinstance(deal, Deal)
    assert deal.shares == ()
    assert [(s.drone, s.reason) for s in deal.undone] == [(DroneId("d2"), "no drone is left to fly it")]
    assert deal.undone[0].length_m == pytest.approx(length_m(xy(PATHS[0])) - 500.0, abs=0.1)


def test_a_rest_without_metres_needs_nobody() -> None:
    asked = DealAsked(AREA, SWATH_M, 12.0, (Rest(SectorId("s1.1"), DroneId("d2"), PATHS[0], 1e6),), ())
    assert nobody_flies(asked, "x") == Deal((SectorId("s1.1"),), (), ())


def test_the_answer_travels_between_processes_and_is_the_same_again() -> None:
    rest = Rest(SectorId("s1.1"), DroneId("lost"), PATHS[1], 100.0)
    asked = DealAsked(AREA, SWATH_M, 12.0, (rest,), (Taker(DroneId("d1"), at(300, 395), HOME, 0.0, 1e5),))
    assert dealt(pickle.loads(pickle.dumps(asked))) == pickle.loads(pickle.dumps(dealt(asked)))


def test_an_area_that_is_none_is_refused_in_words() -> None:
    rest = Rest(SectorId("s1.1"), DroneId("lost"), PATHS[1], 0.0)
    bow = Area((at(0, 0), at(100, 100), at(100, 0), at(0, 100)))
    refused = dealt(DealAsked(bow, SWATH_M, 12.0, (rest,), (Taker(DroneId("d1"), at(3, 3), HOME, 0.0, 1e5),)))
    assert not isinstance(refused, Deal)
    assert refused.reasons[0].fix
