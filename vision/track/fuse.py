"""One track's place from many views whose errors are partly the same.

A view measures z = x + C b + v: x the place (east, north; m), b the pass's eight common errors with standard errors
`common` (position, heading, tilt, time, terrain: see vision.geolocate.place), C their 2 x 8 Jacobian in this view,
v what is new in every view. Treating C b as new each time would shrink the ellipse without end; so b is *considered*,
never estimated (Schmidt 1966; Simon, Optimal State Estimation, 10.3): the place's covariance keeps its correlation
with b and never falls below what b leaves in the weighted views. A heading error seen from two sides averages out,
a position error does not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.geo import Covariance, Floats

FRESH_SHARE = 0.1
"""Jitter of gimbal, gauge and clock, new in every view, as a share of each common error's variance and on top of it."""
STRIDE_MPS = 0.4
WANDER_M2_PER_S = 0.1
"""How a person who is searched for moves: a slow drift and small steps; standing still is the rule."""
MAX_STRAY_M = 5.0
"""Most that a gap without views adds to the standard error: beyond it a new track is more honest."""
MIN_OWN_M = 0.15
COMMON_LASTS_S = 120.0
"""Time constant with which a pass's common errors turn into new ones (satellites move, the drone turns back)."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One view on the ground: xy (2,) m, common (2, 8) = Jacobian x standard errors (unit variance each), own (2, 2)
    covariance of what is new in this view, m^2."""

    at: float
    xy: Floats
    common: Floats
    own: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """A fused place: mean (2,) m, cov (2, 2) m^2 in all, cross (2, 8) with the unit common errors."""

    at: float
    mean: Floats
    cov: Floats
    cross: Floats

    @property
    def covariance(self) -> Covariance:
        """As a core value; axes east and north."""
        c = self.cov
        return Covariance(float(c[0, 0]), float(c[0, 1]), float(c[1, 1]))


def view_of(at: float, xy: Floats, jacobian: Floats, sigmas: Floats, common: int) -> View:
    """A view from the geolocator's Jacobian (2, k) and standard errors (k,), the first `common` columns shared."""
    scaled = jacobian * sigmas
    shared = scaled[:, :common]
    own = scaled[:, common:] @ scaled[:, common:].T + FRESH_SHARE * (shared @ shared.T) + MIN_OWN_M**2 * np.eye(2)
    return View(at, xy, shared, own)


def first(view: View) -> Estimate:
    """The estimate after one view: its own and the common errors."""
    return Estimate(view.at, view.xy, view.common @ view.common.T + view.own, view.common)


def predicted(old: Estimate, at: float) -> Estimate:
    """The estimate at a later time: what is seen may have moved, and the common errors are partly new."""
    dt = max(0.0, at - old.at)
    stray = min((STRIDE_MPS * dt) ** 2 + WANDER_M2_PER_S * dt, MAX_STRAY_M**2)
    same = math.exp(-dt / COMMON_LASTS_S)
    return Estimate(max(at, old.at), old.mean, old.cov + stray * np.eye(2), same * old.cross)


def innovation(estimate: Estimate, view: View) -> tuple[Floats, Floats]:
    """View less prediction (2,), and its covariance (2, 2), the common errors' correlation counted."""
    residuals, covariances = innovations([estimate], [view])
    return residuals[0, 0], covariances[0, 0]


def innovations(estimates: Sequence[Estimate], views: Sequence[View]) -> tuple[Floats, Floats]:
    """Every view less every prediction (n, m, 2), and the covariances (n, m, 2, 2)."""
    cross, common = np.stack([e.cross for e in estimates]), np.stack([v.common for v in views])
    mixed = np.einsum("nia,mja->nmij", cross, common)
    alone = np.stack([v.common @ v.common.T + v.own for v in views])
    s = np.stack([e.cov for e in estimates])[:, None] + alone[None] - mixed - mixed.swapaxes(-1, -2)
    residuals = np.stack([v.xy for v in views])[None] - np.stack([e.mean for e in estimates])[:, None]
    return residuals, s


def fused(estimate: Estimate, view: View) -> Estimate:
    """The estimate with one more view, both at the view's time (Schmidt-Kalman update, Joseph form).

    `cross` is the correlation of the estimate's error with the unit errors b: error = mean - truth.
    """
    residual, s = innovation(estimate, view)
    gain = (estimate.cov - estimate.cross @ view.common.T) @ np.linalg.inv(s)
    keep = np.eye(2) - gain
    cross = keep @ estimate.cross + gain @ view.common
    mixed = keep @ estimate.cross @ view.common.T @ gain.T
    noise = gain @ (view.common @ view.common.T + view.own) @ gain.T
    cov = keep @ estimate.cov @ keep.T + noise + mixed + mixed.T
    return Estimate(view.at, estimate.mean + gain @ residual, (cov + cov.T) / 2.0, cross)
