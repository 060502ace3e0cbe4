"""Probability of area (POA): where somebody may be, as masses on a grid, with what lies elsewhere kept in the books.

Distance rings come from the user: tables of lost-person behaviour are copyright and none is bundled.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

import numpy as np
import shapely

from core.errors import Malformed
from core.geo import Floats
from core.units import positive, within
from flightops.planning.probability.grid import MOST_CELL_M, Grid, Ground, areas_m2, checked_cells

SUM_SLACK = 1e-6
RING_SEGS = 64
LOG_STEPS = 8
"""Uniform rings that stand for one in which probability is spread evenly in log distance."""


@dataclass(frozen=True, slots=True, eq=False)
class ProbabilityMap:
    """Belief where the missing person is. `mass` (rows, cols): probability to be in a cell's ground, spread evenly
    over it; `rest`: probability to be outside the area or over its no-fly zones. Together 1."""

    ground: Ground
    mass: Floats
    rest: float

    def __post_init__(self) -> None:
        within("probability.rest", self.rest, 0.0, 1.0)
        object.__setattr__(self, "mass", checked_cells("probability.mass", self.mass, self.ground.grid, 1.0))
        total = float(self.mass.sum()) + self.rest
        if abs(total - 1.0) > SUM_SLACK:
            raise Malformed("probability", f"mass and rest sum to {total:g}", "let them sum to 1")
        if (self.mass[self.ground.inside == 0.0] > 0.0).any():
            raise Malformed("probability.mass", "a cell outside the area has mass", "count it as rest")

    @property
    def inside(self) -> float:
        """Probability to be in the area."""
        return float(self.mass.sum())

    def density_per_m2(self) -> Floats:
        """(rows, cols) probability a square metre of ground; 0 where there is none."""
        ground_m2 = self.ground.inside * self.ground.grid.cell_m2
        return np.divide(self.mass, ground_m2, out=np.zeros(self.mass.shape), where=ground_m2 > 0.0)

    def mass_in(self, shape: Any) -> float:
        """Probability to be in a polygonal shape (metres of the grid's frame), less what lies outside the area."""
        seen_m2 = areas_m2(shapely.intersection(shape, self.ground.polygon), self.ground.grid)
        return float((self.density_per_m2() * seen_m2).sum())


@dataclass(frozen=True, slots=True)
class Patch:
    """A polygonal shape (metres of the grid's frame) and the probability spread evenly over it."""

    shape: Any
    probability: float

    def __post_init__(self) -> None:
        within("probability", self.probability, 0.0, 1.0)
        if not self.shape.area > 0.0:
            raise Malformed("shape", "it has no area", "give a polygon")


class Spread(StrEnum):
    """How probability lies inside a ring: evenly over its area, or evenly over the logarithm of distance (and so of
    area), which puts more of it near the point. The innermost ring is always even: it has no least distance."""

    UNIFORM = "uniform"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class Ring:
    """`probability` (0 to 1, cumulative) to be within `within_m` of the last known point."""

    within_m: float
    probability: float

    def __post_init__(self) -> None:
        positive("within_m", self.within_m)
        within("probability", self.probability, 0.0, 1.0)


def uniform(ground: Ground, rest: float = 0.0) -> ProbabilityMap:
    """Belief spread evenly over the area, with `rest` outside it."""
    return ProbabilityMap(ground, (1.0 - rest) * ground.inside / ground.inside.sum(), rest)


def from_patches(ground: Ground, patches: Sequence[Patch]) -> ProbabilityMap:
    """The sum of patches; those that overlap add up. What they lack to 1 and what lies outside the area is the rest.

    Raises Malformed when they sum to more than 1.
    """
    total = sum(p.probability for p in patches)
    if total > 1.0 + SUM_SLACK:
        raise Malformed("probability", f"the probabilities sum to {total:g}", "let them sum to at most 1")
    mass = np.zeros(ground.grid.shape)
    for patch in patches:
        here = areas_m2(shapely.intersection(patch.shape, ground.polygon), ground.grid)
        mass += patch.probability * here / patch.shape.area
    return from_masses(ground, mass)


def from_masses(ground: Ground, mass: Floats) -> ProbabilityMap:
    """Masses (rows, cols) with what they lack to 1 as the rest; those in cells without ground are counted there too."""
    kept = np.where(ground.inside > 0.0, mass, 0.0)
    total = float(kept.sum())
    if 1.0 < total <= 1.0 + SUM_SLACK:
        kept = kept / total
    return ProbabilityMap(ground, kept, max(1.0 - float(kept.sum()), 0.0))


def from_rings(
    ground: Ground, point: tuple[float, float], rings: Sequence[Ring], spread: Spread = Spread.UNIFORM
) -> ProbabilityMap:
    """Distance rings round a last known point (x, y in metres of the grid's frame). Radii grow and probabilities never
    fall from ring to ring, else Malformed; beyond the last ring is the rest of the world."""
    if not rings:
        raise Malformed("rings", "there are none", "give at least one")
    for i, (inner, outer) in enumerate(pairwise(rings), start=1):
        if outer.within_m <= inner.within_m:
            problem = f"{outer.within_m:g} m is not beyond the ring before ({inner.within_m:g} m)"
            raise Malformed(f"rings[{i}].within_m", problem, "sort rings by growing distance")
        if outer.probability < inner.probability:
            problem = f"{outer.probability:g} is less than the ring before has ({inner.probability:g})"
            raise Malformed(f"rings[{i}].probability", problem, "give cumulative probabilities")
    patches = []
    for low, high in pairwise((Ring(1e-9, 0.0), *rings)):
        even = spread is Spread.UNIFORM or low.within_m < 1e-6
        steps = 1 if even else LOG_STEPS
        radii = np.geomspace(low.within_m, high.within_m, steps + 1)
        share = (high.probability - low.probability) / steps
        patches += [Patch(_annulus(point, float(a), float(b)), share) for a, b in pairwise(radii)]
    return from_patches(ground, patches)


def coarsened(where: ProbabilityMap, most_cells: int = 3_000) -> ProbabilityMap:
    """The same belief in at most some `most_cells` larger cells, or as it is when it has no more."""
    ground, grid = where.ground, where.ground.grid
    times = min(math.ceil(math.sqrt(grid.rows * grid.cols / most_cells)), math.floor(MOST_CELL_M / grid.cell_m))
    if times < 2:
        return where
    rows, cols = math.ceil(grid.rows / times), math.ceil(grid.cols / times)

    def summed(cells: Floats) -> Floats:
        padded = np.pad(cells, ((0, rows * times - grid.rows), (0, cols * times - grid.cols)))
        return np.asarray(padded.reshape(rows, times, cols, times).sum(axis=(1, 3)))

    larger = Grid(grid.frame, grid.west_m, grid.south_m, grid.cell_m * times, rows, cols)
    held = summed(ground.inside)
    visible = np.divide(summed(ground.visible * ground.inside), held, out=np.ones(larger.shape), where=held > 0.0)
    return ProbabilityMap(Ground(larger, ground.polygon, held / times**2, visible), summed(where.mass), where.rest)


def _annulus(point: tuple[float, float], inner_m: float, outer_m: float) -> Any:
    centre = shapely.Point(point)
    disc = centre.buffer(outer_m, quad_segs=RING_SEGS)
    return disc if inner_m < 1e-6 else disc.difference(centre.buffer(inner_m, quad_segs=RING_SEGS))
