"""Coverage, POD, POS and belief after no find: the vectors of ANCHORS section 1 and what must hold for any numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Malformed
from core.geo import Floats
from flightops.planning.probability.detection import (
    DEFINITE,
    INVERSE_CUBE,
    RANDOM,
    PodCurve,
    coverage,
    coverage_of_lines,
    cumulative_pod,
    missed,
    pod_definite,
    pod_inverse_cube,
    pod_random,
    pos,
    posterior,
)

FEW = settings(deadline=None, max_examples=40)
SHARES = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=8)


def beliefs(pods: list[float], seed: int) -> Floats:
    """Probabilities of as many areas that sum to less than 1."""
    raw = np.random.default_rng(seed).random(len(pods) + 1)
    return np.asarray(raw / raw.sum())[:-1]


@pytest.mark.parametrize(
    ("c", "random", "inverse"), [(0.5, "0.3935", "0.4691"), (1.0, "0.6321", "0.7899"), (2.0, "0.8647", "0.9878")]
)
def test_pod_vectors(c: float, random: str, inverse: str) -> None:
    assert f"{pod_random(c):.4f}" == random
    assert f"{pod_inverse_cube(c):.4f}" == inverse
    assert float(pod_definite(c)) == min(c, 1.0)


def test_no_find_vector() -> None:
    poa, pod = [0.4, 0.3, 0.2, 0.1], [0.8, 0.5, 0.0, 0.0]
    assert pos(poa, pod).sum() == pytest.approx(0.47)
    assert missed(poa, pod) == pytest.approx([0.08, 0.15, 0.2, 0.1])
    assert [f"{x:.5f}" for x in posterior(poa, pod)] == ["0.15094", "0.28302", "0.37736", "0.18868"]


def test_coverage_of_effort_and_of_lines_agree() -> None:
    assert float(coverage(40.0, 12.0, 1000.0, 1e6)) == pytest.approx(0.48)
    lines_m = 12.0 * 1000.0
    assert coverage_of_lines(40.0, 1e6 / lines_m) == pytest.approx(0.48)
    assert coverage([40.0, 20.0], 12.0, 1000.0, [1e6, 5e5]) == pytest.approx([0.48, 0.48])


@FEW
@given(st.lists(st.floats(0.0, 20.0), min_size=2, max_size=20))
def test_pod_grows_with_coverage_and_keeps_its_bounds(values: list[float]) -> None:
    c = np.sort(np.array(values))
    for curve in (RANDOM, INVERSE_CUBE, DEFINITE):
        pod = curve.pod(c)
        assert (np.diff(pod) >= 0.0).all()
        assert ((pod >= 0.0) & (pod <= 1.0)).all()
    assert (pod_random(c) <= pod_inverse_cube(c) + 1e-15).all()
    assert (pod_inverse_cube(c) <= pod_definite(c) + 1e-15).all()


@FEW
@given(st.floats(0.0, 5.0))
def test_slopes_are_those_of_the_curves(c: float) -> None:
    at = np.array([c])
    for curve in (RANDOM, INVERSE_CUBE):
        assert PodCurve.of("chord", curve.pod).slope(at) == pytest.approx(curve.slope(at), abs=2e-6)


@FEW
@given(SHARES)
def test_passes_add_up_and_more_passes_find_more(pods: list[float]) -> None:
    whole = float(cumulative_pod(pods))
    assert max(pods) - 1e-12 <= whole <= min(sum(pods), 1.0) + 1e-12
    assert whole == pytest.approx(1.0 - math.prod(1.0 - p for p in pods))
    assert cumulative_pod(np.array([pods, pods]).T, axis=0) == pytest.approx([whole, whole])


@FEW
@given(SHARES, st.integers(0, 999))
def test_posterior_with_the_rest_of_the_world_sums_to_one(pods: list[float], seed: int) -> None:
    poa = beliefs(pods, seed)
    rest, found = 1.0 - poa.sum(), pos(poa, pods).sum()
    after = posterior(poa, pods)
    assert after.sum() + rest / (1.0 - found) == pytest.approx(1.0)
    assert missed(poa, pods).sum() + found == pytest.approx(poa.sum())


@FEW
@given(SHARES, SHARES, st.integers(0, 999))
def test_two_passes_are_one_after_the_other(first: list[float], second: list[float], seed: int) -> None:
    size = min(len(first), len(second))
    a, b = first[:size], second[:size]
    poa = beliefs(a, seed)
    together = posterior(poa, cumulative_pod([a, b]))
    assert posterior(posterior(poa, a), b) == pytest.approx(together, abs=1e-9)


def test_bad_numbers_are_refused() -> None:
    for call, field in (
        (lambda: pod_random(-0.1), "coverage"),
        (lambda: pod_inverse_cube([1.0, math.nan]), "coverage"),
        (lambda: coverage(40.0, 12.0, 10.0, 0.0), "area_m2"),
        (lambda: coverage(40.0, math.inf, 10.0, 1.0), "speed_mps"),
        (lambda: coverage_of_lines(-1.0, 10.0), "width_m"),
        (lambda: cumulative_pod([0.5, 1.5]), "pod"),
        (lambda: pos([0.5], [math.nan]), "pod"),
        (lambda: posterior([0.7, 0.7], [0.1, 0.1]), "poa"),
        (lambda: posterior([1.0], [1.0]), "pod"),
    ):
        with pytest.raises(Malformed) as refused:
            call()
        assert refused.value.field == field
        assert refused.value.fix
