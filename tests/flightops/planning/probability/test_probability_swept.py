"""The live POD map: looks fold in any order, belief stays whole, and gaps are just the ground below the threshold."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Malformed
from core.geo import Area, LatLon, LocalFrame
from flightops.planning.area import checked_area
from flightops.planning.probability.area_map import Patch, Ring, from_patches, from_rings, uniform
from flightops.planning.probability.grid import ground_of, grown_over
from flightops.planning.probability.swept import Look, SweptMap, ended, look_of, saw, unswept

FEW = settings(deadline=None, max_examples=20)
FRAME = LocalFrame(LatLon(28.8885, 120.036))
CORNERS = [(0.0, 0.0), (800.0, 50.0), (750.0, 600.0), (400.0, 420.0), (-30.0, 640.0)]
HOLE = [(300.0, 150.0), (420.0, 150.0), (420.0, 260.0), (300.0, 260.0)]


def places(corners: list[tuple[float, float]]) -> tuple[LatLon, ...]:
    return tuple(FRAME.to_latlon(x, y) for x, y in corners)


AREA = checked_area(Area(places(CORNERS), (places(HOLE),)))
GROUND = ground_of(AREA, 20.0)
WEST, SOUTH, EAST, NORTH = AREA.polygon.bounds
PRIOR = from_rings(GROUND, (WEST + 500.0, SOUTH + 100.0), [Ring(100.0, 0.3), Ring(500.0, 0.9)])
EVERYTHING = shapely.box(WEST - 10, SOUTH - 10, EAST + 10, NORTH + 10)


def box(x: float, y: float, wide: float, tall: float, pod: float = 0.8, sweep: str = "a") -> Look:
    return Look(shapely.box(WEST + x, SOUTH + y, WEST + x + wide, SOUTH + y + tall), pod, sweep)


LOOKS = st.lists(
    st.builds(
        box,
        st.floats(-100, 800),
        st.floats(-100, 600),
        st.floats(5, 500),
        st.floats(5, 500),
        st.floats(0, 1),
        st.sampled_from("abc"),
    ),
    max_size=6,
)


def test_nothing_seen() -> None:
    swept = unswept(PRIOR)
    assert swept.pos() == 0.0
    assert swept.pod().max() == 0.0
    assert swept.posterior().mass == pytest.approx(PRIOR.mass)
    assert sum(g.polygon.area for g in swept.gaps(0.5, 0.0)) == pytest.approx(AREA.polygon.area)
    assert swept.gaps(0.0) == ()


def test_everything_seen() -> None:
    swept = saw(unswept(PRIOR), [Look(EVERYTHING, 0.8, "a")])
    assert swept.pos() == pytest.approx(0.8 * PRIOR.inside)
    assert swept.pod()[GROUND.inside > 0.0] == pytest.approx(0.8)
    assert swept.gaps(0.8, 0.0) == ()
    assert len(swept.gaps(0.81)) == 1
    twice = saw(swept, [Look(EVERYTHING, 0.5, "b")])
    assert twice.pod()[GROUND.inside > 0.0] == pytest.approx(0.9)


def test_no_find_vector_on_a_map() -> None:
    """The vector of ANCHORS: POA .4/.3/.2/.1, POD .8/.5/0/0, on four separate squares."""
    squares = [shapely.box(WEST + 50 + 100 * k, SOUTH + 40, WEST + 110 + 100 * k, SOUTH + 100) for k in range(4)]
    aligned = ground_of(AREA, 10.0)
    prior = from_patches(aligned, [Patch(s, p) for s, p in zip(squares, (0.4, 0.3, 0.2, 0.1), strict=True)])
    swept = saw(unswept(prior), [Look(squares[0], 0.8, "a"), Look(squares[1], 0.5, "a")])
    assert f"{swept.pos():.4f}" == "0.4700"
    after = swept.posterior()
    assert [f"{after.mass_in(s):.5f}" for s in squares] == ["0.15094", "0.28302", "0.37736", "0.18868"]


def test_looks_of_one_sweep_overlap_without_counting_twice() -> None:
    frames = [box(20.0 * k, 0.0, 100.0, 80.0) for k in range(10)]
    swept = saw(unswept(PRIOR), frames)
    assert swept.pod().max() == pytest.approx(0.8)
    whole = saw(unswept(PRIOR), [box(0.0, 0.0, 280.0, 80.0)])
    assert swept.missed() == pytest.approx(whole.missed())


def test_neighbouring_sweeps_leave_no_seam() -> None:
    """Two drones that meet inside cells: every place is in one of their strips."""
    halves = [box(-50.0, -50.0, 413.0, 900.0, 0.8, "a"), box(363.0, -50.0, 700.0, 900.0, 0.8, "b")]
    swept = saw(unswept(PRIOR), halves)
    assert swept.pod()[GROUND.inside > 0.0] == pytest.approx(0.8)
    assert swept.gaps(0.79, 0.0) == ()


def test_canopy_lowers_the_pod_and_a_second_sweep_raises_it() -> None:
    wood = shapely.box(WEST, SOUTH, WEST + 200.0, NORTH)
    swept = saw(unswept(uniform(grown_over(GROUND, [(wood, 0.4)]))), [Look(EVERYTHING, 0.9, "a")])
    window = GROUND.grid.window((WEST + 21.0, SOUTH + 41.0, WEST + 179.0, SOUTH + 100.0))
    under = swept.pod()[window][GROUND.inside[window] > 0.0]
    assert under == pytest.approx(0.36)
    assert swept.pod().max() == pytest.approx(0.9)
    (gap,) = swept.gaps(0.8)
    assert gap.polygon.area == pytest.approx(wood.intersection(AREA.polygon).area, rel=1e-6)
    again = saw(swept, [Look(EVERYTHING, 0.9, "b")])
    assert again.pod()[window][GROUND.inside[window] > 0.0] == pytest.approx(1.0 - 0.64**2)


@pytest.mark.slow
@FEW
@given(LOOKS, st.randoms(use_true_random=False))
def test_order_and_repeats_change_nothing(looks: list[Look], rng: object) -> None:
    shuffled = [*looks, *looks[:2]]
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    one_by_one = unswept(PRIOR)
    for look in shuffled:
        one_by_one = saw(one_by_one, [look])
    assert one_by_one.missed() == pytest.approx(saw(unswept(PRIOR), looks).missed())


@FEW
@given(LOOKS)
def test_belief_stays_whole_and_looks_only_add(looks: list[Look]) -> None:
    swept, before = unswept(PRIOR), unswept(PRIOR)
    for look in looks:
        swept = saw(before, [look])
        assert (swept.pod() >= before.pod() - 1e-12).all()
        assert swept.pos() >= before.pos() - 1e-12
        before = swept
    after = swept.posterior()
    assert after.mass.sum() + after.rest == pytest.approx(1.0)
    assert after.rest >= PRIOR.rest - 1e-12
    left = float((PRIOR.mass * (1.0 - swept.pod())).sum()) + PRIOR.rest
    assert swept.pos() + left == pytest.approx(1.0)


def in_ground(swept: SweptMap, threshold: float) -> float:
    """Area of the cells at or above the threshold, less what of them lies outside, m^2."""
    return float(GROUND.inside[swept.pod() >= threshold - 1e-9].sum()) * GROUND.grid.cell_m2


@FEW
@given(LOOKS, st.floats(0.0, 1.0))
def test_gaps_and_swept_ground_make_the_area(looks: list[Look], threshold: float) -> None:
    swept = saw(unswept(PRIOR), looks)
    gaps = swept.gaps(threshold, 0.0)
    assert sum(g.polygon.area for g in gaps) + in_ground(swept, threshold) == pytest.approx(AREA.polygon.area)
    assert all(g.polygon.is_valid for g in gaps)
    outside = shapely.union_all([g.polygon for g in gaps]).difference(AREA.polygon.buffer(1e-6)).area
    assert outside == pytest.approx(0.0, abs=1e-6)
    after = swept.posterior()
    assert sum(g.probability for g in gaps) <= after.inside + 1e-9
    assert [g.probability for g in gaps] == sorted((g.probability for g in gaps), reverse=True)


@FEW
@given(LOOKS, st.floats(0.1, 0.9), st.floats(100.0, 5000.0))
def test_gaps_can_be_searched_again(looks: list[Look], threshold: float, least: float) -> None:
    for gap in saw(unswept(PRIOR), looks).gaps(threshold, least):
        assert gap.polygon.area >= least
        ground = checked_area(gap.area(AREA.frame)).polygon
        assert ground.area == pytest.approx(gap.polygon.area, rel=1e-4)


def test_a_gap_flown_again_is_closed() -> None:
    swept = saw(unswept(PRIOR), [box(-50.0, -50.0, 300.0, 900.0), box(290.0, -50.0, 700.0, 900.0)])
    (gap,) = swept.gaps(0.75, 400.0)[:1]
    again = saw(swept, [Look(g.polygon, 0.8, "b") for g in swept.gaps(0.75, 0.0)])
    assert gap.probability > 0.0
    assert again.gaps(0.75, 0.0) == ()


def test_a_sweep_that_has_ended_keeps_what_it_saw() -> None:
    swept = saw(unswept(PRIOR), [box(0, 0, 300, 300), box(100, 0, 300, 300, 0.5, "b")])
    closed = ended(ended(swept, "a"), "nobody")
    assert set(closed.pods) == {"b"}
    assert closed.missed() == pytest.approx(swept.missed())
    assert saw(closed, []).missed() == pytest.approx(swept.missed())


def test_earlier_maps_are_not_changed_by_later_looks() -> None:
    first = saw(unswept(PRIOR), [box(0, 0, 300, 300)])
    before = first.pos()
    saw(first, [box(0, 0, 700, 700)])
    assert first.pos() == before


def test_a_certain_search_of_all_there_is() -> None:
    swept = saw(unswept(uniform(GROUND)), [Look(EVERYTHING, 1.0, "a")])
    assert swept.pos() == pytest.approx(1.0)
    assert swept.gaps(1.0, 0.0) == ()
    with pytest.raises(Malformed, match="cannot have found nothing"):
        swept.posterior()


def test_rings_of_places() -> None:
    ring = tuple(AREA.frame.to_latlon(x, y) for x, y in [(0, 0), (100, 0), (100, 60), (0, 60)])
    look = look_of(ring, 0.7, "a", AREA.frame)
    assert look.shape.area == pytest.approx(6000.0, rel=1e-6)
    crossed = look_of((ring[0], ring[2], ring[1], ring[3]), 0.7, "a", AREA.frame)
    assert crossed.shape.area == pytest.approx(3000.0, rel=1e-6)
    line = look_of((ring[0], ring[1], ring[0]), 0.7, "a", AREA.frame)
    assert saw(unswept(PRIOR), [line]).pos() == 0.0


def test_bad_input_is_refused() -> None:
    square = shapely.box(0, 0, 9, 9)
    for call, field in (
        (lambda: Look(square, 1.5, "a"), "look.pod"),
        (lambda: Look(square, math.nan, "a"), "look.pod"),
        (lambda: Look(square, 0.5, ""), "look.sweep"),
        (lambda: Look(shapely.Point(0, 0), 0.5, "a"), "look.shape"),
        (lambda: Look(shapely.Polygon([(0, 0), (9, 9), (9, 0), (0, 9)]), 0.5, "a"), "look.shape"),
        (lambda: look_of(places(CORNERS[:2]), 0.5, "a", FRAME), "look.ring"),
        (lambda: unswept(PRIOR).gaps(1.5), "threshold"),
        (lambda: unswept(PRIOR).gaps(0.5, -1.0), "least_m2"),
        (lambda: unswept(PRIOR).gaps(np.nan), "threshold"),
        (lambda: grown_over(GROUND, [(square, 2.0)]), "covers[0].share"),
    ):
        with pytest.raises(Malformed) as refused:
            call()
        assert refused.value.field == field
