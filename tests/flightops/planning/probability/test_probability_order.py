"""Orders of legs: never worse than the order given, capped as asked, near the best of all where all can be tried."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Malformed
from core.geo import Area, Floats, LatLon, LocalFrame
from flightops.planning.area import checked_area
from flightops.planning.paths.timing import Pace, flight_s
from flightops.planning.probability.area_map import Patch, ProbabilityMap, Ring, from_patches, from_rings, uniform
from flightops.planning.probability.grid import ground_of, grown_over
from flightops.planning.probability.order import Flown, Leg, Order, Run, best_order, given_order, metres

FEW = settings(deadline=None, max_examples=12)
FRAME = LocalFrame(LatLon(28.8885, 120.036))
SIDE = 1000.0
PACE = Pace()


def square_area() -> Area:
    corners = [(0.0, 0.0), (SIDE, 0.0), (SIDE, SIDE), (0.0, SIDE)]
    return Area(tuple(FRAME.to_latlon(x, y) for x, y in corners))


AREA = checked_area(square_area())
GROUND = ground_of(AREA, 25.0)
WEST, SOUTH, EAST, NORTH = AREA.polygon.bounds
CORNER = from_rings(GROUND, (EAST - 200.0, NORTH - 200.0), [Ring(150.0, 0.5), Ring(600.0, 0.9)])


def leg(path: object, swath_m: float = 100.0, pod: float = 1.0) -> Leg:
    xy: Floats = np.array(path, dtype=np.float64)
    return Leg(xy, flight_s(xy, PACE), swath_m, pod)


def strips(count: int, pod: float = 1.0) -> list[Leg]:
    """Parallel strips from south to north, flown to and fro."""
    wide = SIDE / count
    at = [SOUTH + wide * (k + 0.5) for k in range(count)]
    return [leg([(WEST, y), (EAST, y)][:: -1 if k % 2 else 1], wide, pod) for k, y in enumerate(at)]


def until(*orders: Order) -> float:
    return max(o.time_s for o in orders)


def test_the_strips_over_the_likely_corner_come_first() -> None:
    legs = strips(10)
    best, plain = best_order(legs, CORNER), given_order(legs, CORNER)
    assert [f.leg for f in plain.legs] == list(range(10))
    assert best.legs[0].leg in (7, 8)
    assert {f.leg for f in best.legs} == set(range(10))
    end = until(best, plain)
    assert best.area_under(end) > 1.5 * plain.area_under(end)
    assert best.pos == pytest.approx(plain.pos)


def test_strips_that_cover_the_area_find_what_is_in_it() -> None:
    whole = given_order(strips(10, 0.8), CORNER)
    assert whole.pos == pytest.approx(0.8 * CORNER.inside, rel=1e-4)


def test_ground_seen_twice_is_two_independent_passes() -> None:
    legs = strips(4, 0.6)
    assert given_order([*legs, *legs], CORNER).pos == pytest.approx((1.0 - 0.4**2) * CORNER.inside, rel=1e-4)


def test_canopy_hides() -> None:
    half = shapely.box(WEST, SOUTH, EAST, (SOUTH + NORTH) / 2.0)
    shaded = uniform(grown_over(GROUND, [(half, 0.25)]))
    assert given_order(strips(10), shaded).pos == pytest.approx(0.5 + 0.5 * 0.25, abs=1e-4)
    assert best_order(strips(10), shaded).legs[0].leg >= 5


def test_the_curve_rises_only_while_legs_are_flown() -> None:
    legs = strips(5)
    plain = given_order(legs, CORNER, Run(PACE, home=(WEST, SOUTH - 500.0)))
    assert plain.curve[0] == (0.0, 0.0)
    assert len(plain.curve) == 11
    times, found = np.array(plain.curve).T
    assert (np.diff(times) > 0.0).all()
    assert (np.diff(found)[::2] == 0.0).all()
    away = float(PACE.run_s(np.array(np.hypot(0.0, 600.0)))) + PACE.turn_s
    assert times[1] == pytest.approx(away)
    assert np.diff(times)[1::2] == pytest.approx([g.time_s for g in legs])


def test_area_under_a_curve() -> None:
    order = Order((Flown(0, False),), ((0.0, 0.0), (10.0, 0.0), (30.0, 0.4)))
    assert order.area_under(30.0) == pytest.approx(4.0)
    assert order.area_under(20.0) == pytest.approx(1.0)
    assert order.area_under(50.0) == pytest.approx(12.0)
    assert order.area_under(5.0) == 0.0
    assert order.area_under(0.0) == 0.0


def test_a_cap_leaves_whole_legs_out() -> None:
    legs = strips(10)
    cap = 3.5 * (legs[0].time_s + 15.0)
    best, plain = (f(legs, CORNER, Run(PACE, cap_s=cap)) for f in (best_order, given_order))
    assert 0 < len(best.legs) < 10
    assert best.time_s <= cap
    assert best.pos > plain.pos
    nothing = best_order(legs, CORNER, Run(PACE, cap_s=1.0))
    assert (nothing.legs, nothing.curve) == ((), ((0.0, 0.0),))
    assert nothing.area_under(60.0) == 0.0


def test_legs_are_turned_only_where_they_may_be() -> None:
    legs = [leg([(WEST, y), (EAST, y)]) for y in np.linspace(SOUTH + 50, NORTH - 50, 6)]
    fixed, free = (best_order(legs, CORNER, Run(PACE, may_turn=m)) for m in (False, True))
    assert not any(f.turned for f in fixed.legs)
    assert any(f.turned for f in free.legs)
    assert free.area_under(until(free, fixed)) > fixed.area_under(until(free, fixed))


@st.composite
def tasks(draw: st.DrawFn, most: int = 9) -> tuple[list[Leg], ProbabilityMap, Run]:
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    size = draw(st.integers(1, most))
    low, high = (WEST - 50.0, SOUTH - 50.0), (EAST + 50.0, NORTH + 50.0)
    legs = [leg(rng.uniform(low, high, (3, 2)), rng.uniform(10, 200), rng.uniform(0.1, 1.0)) for _ in range(size)]
    spots = [shapely.Point(rng.uniform(low, high)).buffer(rng.uniform(50, 400)) for _ in range(3)]
    where = from_patches(GROUND, [Patch(s, 0.3) for s in spots])
    cap = draw(st.none() | st.floats(0.2, 1.5))
    total = sum(g.time_s for g in legs)
    home = draw(st.sampled_from([None, (WEST, SOUTH)]))
    return legs, where, Run(PACE, home, None if cap is None else cap * total, draw(st.booleans()))


@pytest.mark.slow
@FEW
@given(tasks())
def test_never_worse_than_the_order_given(task: tuple[list[Leg], ProbabilityMap, Run]) -> None:
    legs, where, run = task
    best, plain = best_order(legs, where, run), given_order(legs, where, run)
    end = run.cap_s or until(best, plain)
    assert best.area_under(end) >= plain.area_under(end) - 1e-9 * max(end, 1.0)
    assert len({f.leg for f in best.legs}) == len(best.legs)
    assert run.cap_s is None or best.time_s <= run.cap_s + 1e-6
    assert run.cap_s is not None or len(best.legs) == len(legs)
    assert best_order(legs, where, run) == best


@pytest.mark.slow
@FEW
@given(tasks(most=3))
def test_near_the_best_of_all_orders(task: tuple[list[Leg], ProbabilityMap, Run]) -> None:
    """Every order of up to three legs, by `given_order` on legs put in that order."""
    legs, where, run = task
    turns = (1, -1) if run.may_turn else (1,)
    every = [
        given_order(
            [Leg(legs[j].path[::t], legs[j].time_s, legs[j].swath_m, legs[j].pod) for j, t in picked], where, run
        )
        for order in permutations(range(len(legs)))
        for picked in product(*[[(j, t) for t in turns] for j in order])
    ]
    best = best_order(legs, where, run)
    end = run.cap_s or until(best, *every)
    assert best.area_under(end) >= 0.98 * max(o.area_under(end) for o in every) - 1e-9


def test_a_good_order_of_many_legs_is_not_spoilt() -> None:
    """More legs than are tried one by one as the first: what comes back is put in again."""
    legs = strips(40)
    found = best_order(legs, CORNER)
    again = [
        Leg(legs[f.leg].path[:: -1 if f.turned else 1], legs[f.leg].time_s, legs[f.leg].swath_m) for f in found.legs
    ]
    plain, best = given_order(again, CORNER), best_order(again, CORNER)
    end = until(found, plain, best)
    assert plain.area_under(end) == pytest.approx(found.area_under(end))
    assert best.area_under(end) >= plain.area_under(end) - 1e-9 * end


def test_places_become_metres_of_the_map() -> None:
    place = AREA.frame.to_latlon(120.0, -30.0)
    assert metres([place], AREA.frame) == pytest.approx(np.array([[120.0, -30.0]]), abs=1e-6)


def test_bad_input_is_refused() -> None:
    path = [(0.0, 0.0), (10.0, 0.0)]
    for call, field in (
        (lambda: best_order([], CORNER), "legs"),
        (lambda: given_order([leg(path)] * 201, CORNER), "legs"),
        (lambda: Leg(np.zeros((1, 2)), 1.0, 1.0), "leg.path"),
        (lambda: Leg(np.full((2, 2), np.nan), 1.0, 1.0), "leg.path"),
        (lambda: Leg(np.array(path), 0.0, 1.0), "leg.time_s"),
        (lambda: Leg(np.array(path), 1.0, 0.0), "leg.swath_m"),
        (lambda: Leg(np.array(path), 1.0, 1.0, 1.2), "leg.pod"),
        (lambda: Run(cap_s=0.0), "cap_s"),
        (lambda: Run(home=(np.nan, 0.0)), "home"),
    ):
        with pytest.raises(Malformed) as refused:
            call()
        assert refused.value.field == field
