"""The live POD map: what footprints truly seen have found out so far, and which ground is to be flown again.

Looks of one sweep overlap from frame to frame and see nothing new: where they do the best of them counts. Sweeps are
independent passes. Under an unchanged canopy they are less than that, and the POD shown there is too high.

A look's POD is that for people whom nothing hides; the ground's `visible` share lowers it under trees. A POD that has
canopy in it already goes with ground that is all visible.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import shapely
from shapely import Polygon

from core.errors import Malformed
from core.geo import Area, Floats, LatLon, LocalFrame
from core.units import within
from flightops.planning.probability.area_map import ProbabilityMap
from flightops.planning.probability.detection import NOTHING_LEFT
from flightops.planning.probability.grid import Lattice, areas_m2, parts, to_cells

LEAST_GAP_M2 = 1_000.0
"""Smaller gaps are not worth a flight of their own."""


@dataclass(frozen=True, slots=True)
class Look:
    """Ground a camera truly saw. `shape`: polygonal, metres of the map's frame; `pod`: chance to have found somebody
    there whom nothing hides; `sweep`: the pass it belongs to, such as the id of a search."""

    shape: Any
    pod: float
    sweep: str

    def __post_init__(self) -> None:
        within("look.pod", self.pod, 0.0, 1.0)
        if not self.sweep:
            raise Malformed("look.sweep", "is empty", "name the pass the look belongs to")
        if self.shape.geom_type not in ("Polygon", "MultiPolygon") or not self.shape.is_valid:
            raise Malformed("look.shape", "is not a valid polygon", "make it valid first")


def look_of(ring: tuple[LatLon, ...], pod: float, sweep: str, frame: LocalFrame) -> Look:
    """A look at a ring of places (not closed), in the frame of the map. A ring that crosses itself is made valid.

    Raises Malformed under 3 corners or out of the frame's reach.
    """
    if len(ring) < 3:
        raise Malformed("look.ring", f"{len(ring)} corners", "a ring needs at least 3")
    xy = frame.to_xy_many(np.array([[p.lon_deg, p.lat_deg] for p in ring]))
    if not np.isfinite(xy).all():
        raise Malformed("look.ring", "lies too far from the map", "check its places")
    return Look(shapely.MultiPolygon(parts(shapely.make_valid(Polygon(xy)))), pod, sweep)


@dataclass(frozen=True, slots=True)
class Gap:
    """Ground still below the POD asked for. `polygon`: metres of the map's frame; `probability`: that somebody is
    there, given that nobody was found so far."""

    polygon: Polygon
    probability: float

    def area(self, frame: LocalFrame) -> Area:
        """The gap as a search area; `frame` is the map's."""
        rings = [self.polygon.exterior, *self.polygon.interiors]
        lonlat = [frame.to_lonlat_many(shapely.get_coordinates(r)[:-1]) for r in rings]
        outer, *holes = [tuple(LatLon(float(lat), float(lon)) for lon, lat in found) for found in lonlat]
        return Area(outer, tuple(holes))


@dataclass(frozen=True, slots=True, eq=False)
class SweptMap:
    """Belief before the search and what each sweep has seen of it.

    `pods`: by sweep, the POD (FINE rows, FINE cols) at each place of the lattice. `earlier`: chance to have been
    missed by sweeps that have ended, same shape.
    """

    prior: ProbabilityMap
    lattice: Lattice
    earlier: Floats
    pods: Mapping[str, Floats] = field(default_factory=lambda: MappingProxyType({}))

    def missed(self) -> Floats:
        """(FINE rows, FINE cols) chance that somebody at a place was missed by all sweeps."""
        left = self.earlier.copy()
        for pod in self.pods.values():
            left *= 1.0 - pod
        return left

    def pod(self) -> Floats:
        """(rows, cols) cumulative POD, the mean over a cell's ground; 0 where there is none."""
        return np.clip(to_cells(self.lattice.weight * (1.0 - self.missed())), 0.0, 1.0)

    def pos(self) -> float:
        """Probability that the person would have been found by now."""
        return float((self.prior.mass * self.pod()).sum())

    def posterior(self) -> ProbabilityMap:
        """Belief now, nobody having been found: every mass, and the rest of the world, over 1 - POS."""
        left = self.prior.mass * (1.0 - self.pod())
        total = float(left.sum()) + self.prior.rest
        if total <= NOTHING_LEFT:
            raise Malformed("pod", "a search that finds for certain cannot have found nothing", "give a POD below 1")
        return ProbabilityMap(self.prior.ground, left / total, self.prior.rest / total)

    def gaps(self, threshold: float, least_m2: float = LEAST_GAP_M2) -> tuple[Gap, ...]:
        """Ground whose POD is below `threshold` (0 to 1): cells that touch along an edge are merged and cut to the
        area, pieces under `least_m2` left out. The likeliest first, then the largest."""
        within("threshold", threshold, 0.0, 1.0)
        within("least_m2", least_m2, 0.0, np.inf)
        ground = self.prior.ground
        low = (ground.inside > 0.0) & (self.pod() < threshold - 1e-9)
        found = shapely.intersection(ground.grid.merged(low), ground.polygon)
        pieces = [p for p in parts(found) if p.area > 0.0 and p.area >= least_m2]
        left = self.prior.mass * (1.0 - self.pod())
        total = float(left.sum()) + self.prior.rest
        known = [Gap(p, self._held(p, left) / total if total > NOTHING_LEFT else 0.0) for p in pieces]
        return tuple(sorted(known, key=lambda g: (-g.probability, -g.polygon.area, g.polygon.bounds)))

    def _held(self, piece: Polygon, mass: Floats) -> float:
        """The mass in a piece of the area, each cell's lying evenly on its ground."""
        ground = self.prior.ground
        ground_m2 = ground.inside * ground.grid.cell_m2
        share = np.divide(areas_m2(piece, ground.grid), ground_m2, out=np.zeros(mass.shape), where=ground_m2 > 0.0)
        return float((mass * np.minimum(share, 1.0)).sum())


def unswept(prior: ProbabilityMap) -> SweptMap:
    """Nothing seen yet."""
    lattice = Lattice.of(prior.ground)
    return SweptMap(prior, lattice, np.ones(lattice.weight.shape))


def saw(swept: SweptMap, looks: Iterable[Look]) -> SweptMap:
    """The map after some looks. Looks of one sweep may come in any order and more than once: nothing changes."""
    visible = swept.lattice.visible
    pods = dict(swept.pods)
    fresh: set[str] = set()
    for look in looks:
        if look.sweep not in fresh:
            fresh.add(look.sweep)
            pods[look.sweep] = pods.get(look.sweep, np.zeros(swept.lattice.weight.shape)).copy()
        window, seen = swept.lattice.within(look.shape)
        now = pods[look.sweep][window]
        now[seen] = np.maximum(now[seen], look.pod * visible[window][seen])
    return replace(swept, pods=MappingProxyType(pods))


def ended(swept: SweptMap, sweep: str) -> SweptMap:
    """The map with a sweep closed: its places are kept as missed only, which saves memory. A later look of that sweep
    would count as a new pass."""
    if sweep not in swept.pods:
        return swept
    others = {name: pod for name, pod in swept.pods.items() if name != sweep}
    return replace(swept, earlier=swept.earlier * (1.0 - swept.pods[sweep]), pods=MappingProxyType(others))
