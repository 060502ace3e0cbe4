"""Search effort shared out: the vector of ANCHORS, optimality against other shares, and the KKT conditions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Malformed
from flightops.planning.probability.detection import DEFINITE, INVERSE_CUBE, RANDOM, PodCurve, pod_random
from flightops.planning.probability.effort import (
    Effort,
    EffortSector,
    best_effort,
    best_effort_for,
    effort_of,
    equal_effort,
)

FEW = settings(deadline=None, max_examples=15)
VECTOR = [EffortSector(p, a * 1e6, 40.0, 12.0) for p, a in ((0.5, 2.0), (0.3, 1.0), (0.2, 4.0))]
TOTAL_S = st.floats(1.0, 2e5)


@st.composite
def sectors(draw: st.DrawFn) -> list[EffortSector]:
    size = draw(st.integers(1, 7))
    weight = draw(st.lists(st.floats(0.01, 1.0), min_size=size, max_size=size))
    rest = draw(st.floats(0.0, 0.5))
    return [
        EffortSector(
            w / (sum(weight) + rest), draw(st.floats(1e4, 1e7)), draw(st.floats(5.0, 90.0)), draw(st.floats(3.0, 20.0))
        )
        for w in weight
    ]


def test_vector() -> None:
    best = best_effort(VECTOR, 3600.0)
    assert [f"{t:.1f}" for t in best.times_s] == ["2146.8", "1453.2", "0.0"]
    assert f"{best.pos:.4f}" == "0.3520"
    assert f"{equal_effort(VECTOR, 3600.0).pos:.4f}" == "0.2833"


@FEW
@given(sectors(), TOTAL_S, st.integers(0, 999))
def test_best_beats_equal_and_random_shares_and_spends_all(found: list[EffortSector], total: float, seed: int) -> None:
    best = best_effort(found, total)
    assert sum(best.times_s) == pytest.approx(total)
    assert min(best.times_s) >= 0.0
    rng = np.random.default_rng(seed)
    for shares in (np.full(len(found), 1.0 / len(found)), *rng.dirichlet(np.full(len(found), 0.5), 20)):
        assert best.pos >= effort_of(found, (shares * total).tolist()).pos - 1e-12
    assert best.pos >= equal_effort(found, total).pos - 1e-12


def kkt_holds(found: list[EffortSector], best: Effort, curve: PodCurve) -> None:
    """One marginal gain wherever time is spent, no higher one elsewhere."""
    p, rate = (np.array([getattr(s, n) for s in found]) for n in ("probability", "rate_per_s"))
    gain = p * rate * curve.slope(np.array(best.coverages))
    used = np.array(best.times_s) > 1e-6 * sum(best.times_s)
    assert gain[used] == pytest.approx(np.full(used.sum(), best.multiplier), rel=1e-6)
    assert (gain <= best.multiplier * (1.0 + 1e-6)).all()


@FEW
@given(sectors(), TOTAL_S)
def test_kkt_in_closed_form(found: list[EffortSector], total: float) -> None:
    kkt_holds(found, best_effort(found, total), RANDOM)


@FEW
@given(sectors(), st.floats(1.0, 2e4))
def test_kkt_by_bisection(found: list[EffortSector], total: float) -> None:
    best = best_effort_for(found, total, INVERSE_CUBE)
    assert sum(best.times_s) == pytest.approx(total)
    if best.multiplier > 1e-200:
        kkt_holds(found, best, INVERSE_CUBE)
    assert best.pos >= equal_effort(found, total, INVERSE_CUBE).pos - 1e-12


@pytest.mark.slow
@FEW
@given(sectors(), TOTAL_S)
def test_bisection_agrees_with_the_closed_form(found: list[EffortSector], total: float) -> None:
    exact = best_effort(found, total)
    assert best_effort_for(found, total, RANDOM).pos == pytest.approx(exact.pos, abs=1e-9)
    assert best_effort_for(found, total, PodCurve.of("chord", pod_random)).pos == pytest.approx(exact.pos, abs=1e-6)


@pytest.mark.slow
@FEW
@given(sectors(), TOTAL_S)
def test_definite_range_fills_the_densest_first(found: list[EffortSector], total: float) -> None:
    """Under min(C, 1) the best is the fractional knapsack: sectors in the order of p x rate, each to C = 1."""
    best = best_effort_for(found, total, DEFINITE)
    left, pos = total, 0.0
    for s in sorted(found, key=lambda s: -s.probability * s.rate_per_s):
        spent = min(left, 1.0 / s.rate_per_s)
        left, pos = left - spent, pos + s.probability * spent * s.rate_per_s
    assert best.pos == pytest.approx(pos, abs=1e-9)
    assert sum(best.times_s) == pytest.approx(total)


def test_more_time_finds_more_and_leaves_no_sector_for_good() -> None:
    found = [best_effort(VECTOR, t).pos for t in (60.0, 600.0, 3600.0, 36_000.0)]
    assert found == sorted(found)
    assert min(best_effort(VECTOR, 36_000.0).times_s) > 0.0


def test_sectors_in_which_nobody_is_found_get_no_time() -> None:
    found = [*VECTOR, EffortSector(0.0, 1e6, 40.0, 12.0)]
    blind = [EffortSector(0.4, 1e6, 0.0, 12.0), EffortSector(0.4, 1e6, 30.0, 12.0)]
    for best in (best_effort, lambda s, t: best_effort_for(s, t, INVERSE_CUBE)):
        assert best(found, 3600.0).times_s[3] == 0.0
        assert best(blind, 600.0).times_s == pytest.approx((0.0, 600.0))


def test_times_below_rounding_go_to_the_worthiest() -> None:
    assert best_effort(VECTOR, 1e-300).times_s == (0.0, 1e-300, 0.0)


def test_bad_input_is_refused() -> None:
    for call, field in (
        (lambda: best_effort([], 60.0), "sectors"),
        (lambda: best_effort(VECTOR, 0.0), "total_s"),
        (lambda: best_effort(VECTOR, math.nan), "total_s"),
        (lambda: best_effort([*VECTOR, *VECTOR], 60.0), "sectors"),
        (lambda: best_effort_for([EffortSector(0.5, 1.0, 0.0, 1.0)], 60.0, RANDOM), "sectors"),
        (lambda: effort_of(VECTOR, [1.0, 2.0]), "times_s"),
        (lambda: effort_of(VECTOR, [1.0, 2.0, -1.0]), "times_s"),
        (lambda: EffortSector(1.1, 1.0, 1.0, 1.0), "sector.probability"),
        (lambda: EffortSector(0.1, 0.0, 1.0, 1.0), "sector.area_m2"),
        (lambda: EffortSector(0.1, 1.0, math.nan, 1.0), "sector.width_m"),
        (lambda: EffortSector(0.1, 1.0, 1.0, 0.0), "sector.speed_mps"),
    ):
        with pytest.raises(Malformed) as refused:
            call()
        assert refused.value.field == field
