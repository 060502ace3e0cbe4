"""Drafts of a path: several ways to lay lanes over an area, each put in order, the most promising first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

from core.geo import Floats
from flightops.planning.cells.decompose import Cost, Known, cells
from flightops.planning.cells.lanes import along_chain, chains
from flightops.planning.cells.lines import Strand, Weave, best_laid
from flightops.planning.cells.rings import ring_polygons, spiral
from flightops.planning.paths.thread import threaded
from flightops.planning.paths.timing import flight_s
from flightops.planning.paths.visibility import Links
from flightops.planning.polish import native
from flightops.planning.polish.ground import TILT_DEG, Samples


class Richness(IntEnum):
    """Which patterns are tried: straight lines along few directions; along more; every pattern over the whole area;
    every pattern in every cell."""

    FEW = 0
    LINES = 1
    WHOLE = 2
    CELLS = 3


CELL_PRICES_S = (3.0, 10.0)
FEW_CELL_PRICES_S = (10.0,)
TRIED_WAYS = 5
WIDE_WAYS = 9
FEW_WAYS = 3
SAMPLES_A_SWATH = 6.0
CORNERS = {Richness.WHOLE: 5, Richness.CELLS: 8}
CHAINS_KEPT = 2
RING_SHARES = (1.0, 0.75, 0.5, 0.25)
ROUND_DEG = (30.0, 65.0, 100.0)
SPIRALS_KEPT = 2


@dataclass(frozen=True, slots=True)
class Layout:
    """Lanes not yet in order: strands, from how many cells, and what they are expected to cost, s."""

    strands: tuple[Strand, ...]
    cells: int
    cost_s: float
    pattern: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A path (n, 2) not yet polished, which of its n - 1 legs belong to lanes, the layout it comes from, its flight
    time plus the price of what it misses, s."""

    path: Floats
    lanes: NDArray[np.uint8]
    layout: Layout
    cost_s: float


@dataclass(frozen=True, slots=True)
class Loom:
    """Where lanes are laid and judged: weave, and samples of the ground in question."""

    weave: Weave
    samples: Samples

    @staticmethod
    def of(ground: Polygon, weave: Weave) -> Loom:
        """Judges lanes over one piece of ground."""
        return Loom(weave, Samples.of(ground, np.radians(TILT_DEG), weave.swath_m, SAMPLES_A_SWATH))

    def layout(self, strands: tuple[Strand, ...], pattern: str, count: int = 1) -> Layout:
        """Strands with what they cost: flight, a link from lane to lane, and ground missed."""
        lanes = [lane for s in strands for lane in s]
        pace = native.pace_of(self.weave.pace)
        flown = sum(native.time_s(lane, pace) for lane in lanes) + (len(lanes) - 1) * self.weave.lane_s
        return Layout(strands, count, flown + self.missed_s(tuple(lanes)), pattern)

    def missed_s(self, paths: tuple[Floats, ...]) -> float:
        """The price of the ground that paths miss, s."""
        return self.samples.unseen_m2(paths) * self.weave.unseen_s_m2


def lined(cell: Polygon, loom: Loom, tried: int) -> Layout:
    """Straight lines along the best direction tried."""
    return loom.layout(best_laid(cell, loom.weave, tried).strands, "lines")


def laned(cell: Polygon, loom: Loom, corners: int) -> list[Layout]:
    """Lanes along the few boundary chains that promise most."""
    swept = (along_chain(chain, cell, loom.weave) for chain in chains(cell, loom.weave.swath_m, corners))
    judged = [loom.layout(strands, "lanes") for strands in swept if strands]
    return sorted(judged, key=lambda c: c.cost_s)[:CHAINS_KEPT]


def spiralled(cell: Polygon, loom: Loom) -> list[Layout]:
    """Distinct spirals of several depths and roundings, with lines in the middle: the few that promise most."""
    judged = {round(c.cost_s, 3): c for c in _spirals(cell, loom)}
    return [judged[cost] for cost in sorted(judged)][:SPIRALS_KEPT]


def _spirals(cell: Polygon, loom: Loom) -> Iterator[Layout]:
    nested = ring_polygons(cell, loom.weave.swath_m)
    depths = sorted({round(share * len(nested)) for share in RING_SHARES} - {0}, reverse=True)
    for depth in depths:
        middle: tuple[Strand, ...] | None = None
        for round_deg in ROUND_DEG:
            made = spiral(cell, nested[:depth], loom.weave, round_deg)
            if middle is None:
                middle = tuple(s for core in made.core for s in best_laid(core, loom.weave, TRIED_WAYS).strands)
            yield loom.layout(((made.lane,), *middle), "spiral")


def layouts(inner: Polygon, weave: Weave, rich: Richness) -> list[Layout]:
    """Distinct layouts, the most promising first."""
    whole = Loom.of(inner, weave)
    found = [lined(inner, whole, FEW_WAYS if rich is Richness.FEW else WIDE_WAYS)]
    if rich >= Richness.WHOLE:
        found += [*laned(inner, whole, CORNERS[rich]), *spiralled(inner, whole)]
    seen, known = {1}, Known()
    for price in FEW_CELL_PRICES_S if rich is Richness.FEW else CELL_PRICES_S:
        parts = [cell for cell, _ in cells(inner, Cost(weave.swath_m, weave.pace, price), known)]
        if len(parts) in seen:
            continue
        seen.add(len(parts))
        chosen = [_best_of(part, weave, rich) for part in parts]
        strands = tuple(s for c in chosen for s in c.strands)
        found.append(
            Layout(strands, len(parts), sum(c.cost_s for c in chosen), "+".join(sorted({c.pattern for c in chosen})))
        )
        if any(c.pattern != "lines" for c in chosen):
            lines = [lined(part, Loom.of(part, weave), TRIED_WAYS) for part in parts]
            found.append(
                Layout(tuple(s for c in lines for s in c.strands), len(parts), sum(c.cost_s for c in lines), "lines")
            )
    return sorted(found, key=lambda c: c.cost_s)


def _best_of(cell: Polygon, weave: Weave, rich: Richness) -> Layout:
    loom = Loom.of(cell, weave)
    found = [lined(cell, loom, FEW_WAYS if rich is Richness.FEW else TRIED_WAYS)]
    if rich >= Richness.CELLS:
        found += [*laned(cell, loom, CORNERS[rich]), *spiralled(cell, loom)]
    return min(found, key=lambda c: c.cost_s)


def _unlike(found: list[Layout], most: int) -> list[Layout]:
    """The first layouts, one of each pattern before a second of any: what they cost before they are polished says less
    about patterns than within one."""
    seen: list[str] = []
    rank = []
    for k, layout in enumerate(found):
        rank.append((seen.count(layout.pattern), k))
        seen.append(layout.pattern)
    return [found[k] for _, k in sorted(rank)[:most]]


def drafts(area: Polygon, links: Links, weave: Weave, rich: Richness, most: int) -> list[Draft]:
    """A few drafts over an area, quickest first."""
    found, loom = [], Loom.of(area, weave)
    for layout in _unlike(layouts(links.inner, weave, rich), most):
        try:
            thread = threaded(layout.strands, links)
        except ValueError:
            continue
        path = thread.path()
        found.append(Draft(path, thread.lane_legs(), layout, flight_s(path, weave.pace) + loom.missed_s((path,))))
    return sorted(found, key=lambda d: d.cost_s)
