"""What a search finds: coverage, probability of detection (POD) and of success (POS), and belief after no find.

Coverage C is effort over ground: sweep width x distance flown / area, or sweep width / line spacing. All functions
take and give arrays that broadcast. Sources: B. O. Koopman, Search and Screening (OEG report 56, 1946; Pergamon
1980); J. R. Frost, Principles of Search Theory (1999); IAMSAR Manual volume II, chapter 4. Vectors: ANCHORS section 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erf

from core.errors import Malformed
from core.geo import Floats

HALF_ROOT_PI = math.sqrt(math.pi) / 2.0
CHORD = 1e-6
"""Step in coverage over which the slope of a POD given without one is taken."""
NOTHING_LEFT = 1e-12
"""Belief that sums to less is rounding: the search could not have failed."""


def coverage(width_m: ArrayLike, speed_mps: ArrayLike, time_s: ArrayLike, area_m2: ArrayLike) -> Floats:
    """C = W v t / A: sweep width, speed over ground and time spent in an area."""
    area = _above_0("area_m2", area_m2)
    flown = _at_least_0("speed_mps", speed_mps) * _at_least_0("time_s", time_s)
    return _at_least_0("width_m", width_m) * flown / area


def coverage_of_lines(width_m: ArrayLike, spacing_m: ArrayLike) -> Floats:
    """C = W / S of parallel sweep lines S apart (IAMSAR II)."""
    return _at_least_0("width_m", width_m) / _above_0("spacing_m", spacing_m)


def pod_random(c: ArrayLike) -> Floats:
    """1 - exp(-C): effort spread without system; the least to expect of a search (Koopman's random search)."""
    return -np.expm1(-_at_least_0("coverage", c))


def pod_inverse_cube(c: ArrayLike) -> Floats:
    """erf(sqrt(pi)/2 C): parallel lines under Koopman's inverse-cube law of sighting."""
    return np.asarray(erf(HALF_ROOT_PI * _at_least_0("coverage", c)), dtype=np.float64)


def pod_definite(c: ArrayLike) -> Floats:
    """min(C, 1): everybody within half a sweep width is found, nobody beyond; the most to hope for."""
    return np.minimum(_at_least_0("coverage", c), 1.0)


@dataclass(frozen=True, slots=True)
class PodCurve:
    """POD by coverage, concave from 0 at C = 0 and never falling, with its slope dPOD/dC; both take and give arrays."""

    name: str
    pod: Callable[[Floats], Floats]
    slope: Callable[[Floats], Floats]

    @staticmethod
    def of(name: str, pod: Callable[[Floats], Floats]) -> PodCurve:
        """A curve whose slope is taken over a short chord. The caller answers for its being concave."""

        def slope(c: Floats) -> Floats:
            return (pod(c + CHORD) - pod(c)) / CHORD

        return PodCurve(name, pod, slope)


RANDOM = PodCurve("random", pod_random, lambda c: np.exp(-c))
INVERSE_CUBE = PodCurve("inverse cube", pod_inverse_cube, lambda c: np.exp(-((HALF_ROOT_PI * c) ** 2)))
DEFINITE = PodCurve("definite range", pod_definite, lambda c: np.where(c < 1.0, 1.0, 0.0))


def cumulative_pod(pods: ArrayLike, axis: int = 0) -> Floats:
    """1 - product of (1 - POD) over passes along `axis`, each independent of the others.

    Passes of one camera over one canopy at one angle are less than independent: the figure is then too high.
    """
    missed: Floats = np.prod(1.0 - _share("pod", pods), axis=axis)
    return 1.0 - missed


def pos(poa: ArrayLike, pod: ArrayLike) -> Floats:
    """POS = POA x POD of each area; their sum is the search's."""
    return _share("poa", poa) * _share("pod", pod)


def missed(poa: ArrayLike, pod: ArrayLike) -> Floats:
    """POA x (1 - POD): belief after no find, not normalised; what it lost is the POS so far."""
    return _share("poa", poa) * (1.0 - _share("pod", pod))


def posterior(poa: ArrayLike, pod: ArrayLike) -> Floats:
    """Belief after no find by Bayes: POA (1 - POD) / (1 - POS), POS summed over all areas.

    What `poa` lacks to 1 is the rest of the world, which no pass has seen; it grows to rest / (1 - POS). Raises
    Malformed when `poa` sums to more than 1, or when the search could not have failed.
    """
    prior = _share("poa", poa)
    if prior.sum() > 1.0 + 1e-9:
        raise Malformed("poa", f"probabilities sum to {prior.sum():g}", "let them sum to at most 1")
    left = missed(prior, pod)
    rest = max(1.0 - float(prior.sum()), 0.0)
    total = float(left.sum()) + rest
    if total <= NOTHING_LEFT:
        raise Malformed("pod", "a search that finds for certain cannot have found nothing", "give a POD below 1")
    return left / total


def _at_least_0(field: str, value: ArrayLike) -> Floats:
    return _where(field, value, lambda a: (a >= 0.0) & np.isfinite(a), "0 or more")


def _above_0(field: str, value: ArrayLike) -> Floats:
    return _where(field, value, lambda a: (a > 0.0) & np.isfinite(a), "more than 0")


def _share(field: str, value: ArrayLike) -> Floats:
    return _where(field, value, lambda a: (a >= 0.0) & (a <= 1.0), "0 to 1")


def _where(field: str, value: ArrayLike, good: Callable[[Floats], NDArray[np.bool_]], words: str) -> Floats:
    array = np.asarray(value, dtype=np.float64)
    fits = good(array)
    if not fits.all():
        raise Malformed(field, f"{array[~fits].flat[0]:g} is out of range", f"give {words}")
    return array
