"""Drafts of a path: several ways to lay lanes over an area, each put in order, the most promising first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from core.geo import Floats
from flightops.planning.cells.decompose import Cost, Known, cells
from flightops.planning.cells.lanes import along_chain, chains
from flightops.planning.cells.lines import Strand, Weave, best_laid
from flightops.planning.cells.rings import ring_polygons, spiral
from flightops.planning.paths.route import MOST_ROUNDS
from flightops.planning.paths.thread import threaded
from flightops.planning.paths.timing import flight_s
from flightops.planning.paths.visibility import Links
from flightops.planning.polish import native
from flightops.planning.polish.ground import TILT_DEG, Samples
from flightops.planning.rings import offset


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
FEW_WAYS, FEW_ROUNDS = 3, 1
SAMPLES_A_SWATH = 6.0
CORNERS = {Richness.WHOLE: 5, Richness.CELLS: 8}
CHAINS_KEPT = 2
RING_SHARES = (1.0, 0.75, 0.5, 0.25)
ROUND_DEG = (30.0, 65.0, 100.0)
SPIRALS_KEPT = 2
LEAST_INSIDE_M = 0.5


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
        flown = (
            sum(native.time_s(lane, pace) + native.time_s(lane[::-1], pace) for lane in lanes) / 2.0
            + (len(lanes) - 1) * self.weave.lane_s
        )
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


@dataclass(frozen=True, slots=True)
class Ground:
    """What is to be seen, links inside what may be flown in, and the margin between the two, m."""

    seen: Polygon
    links: Links
    margin_m: float = 0.0

    def layouts(self, weave: Weave, rich: Richness) -> list[Layout]:
        """Layouts as `layouts` makes them. With a margin, lanes are laid over ground so much wider and then cut to what
        may be flown in: the outermost lie half a swath from the edge of what is to be seen, or on the margin."""
        inner = self.links.inner
        wider_m = min(self.margin_m, weave.swath_m / 2.0 - LEAST_INSIDE_M)
        if wider_m <= 0.0:
            return layouts(inner, weave, rich)
        wide = offset(inner, wider_m)
        over = [p for p in shapely.get_parts(shapely.intersection(wide, self.seen)) if isinstance(p, Polygon)]
        cut = [_cut_to(inner, layout) for layout in layouts(max(over, key=lambda p: p.area), weave, rich)]
        return [made for made in cut if made.strands] or [lined(inner, Loom.of(inner, weave), TRIED_WAYS)]


def _cut_to(inner: Polygon, layout: Layout) -> Layout:
    """The layout's lanes where they lie inside; a strand stays one while each of its lanes stays whole."""
    strands: list[Strand] = []
    for strand in layout.strands:
        cut = [_inside(inner, lane) for lane in strand]
        whole = all(len(parts) == 1 for parts in cut)
        strands += [tuple(parts[0] for parts in cut)] if whole else [(part,) for parts in cut for part in parts]
    return replace(layout, strands=tuple(strands))


def _inside(inner: Polygon, lane: Floats) -> list[Floats]:
    """Stretches of a lane that lie inside, as it runs."""
    line = shapely.linestrings(lane)
    parts = [g for g in shapely.get_parts(shapely.intersection(line, inner)) if g.length > LEAST_INSIDE_M]
    ways = [shapely.get_coordinates(g) for g in parts]
    ends = [(line.project(shapely.points(w[0])), line.project(shapely.points(w[-1]))) for w in ways]
    return [w if a <= b else w[::-1] for w, (a, b) in zip(ways, ends, strict=True)]


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


def drafts(ground: Ground, weave: Weave, rich: Richness, most: int) -> list[Draft]:
    """A few drafts over ground, quickest first."""
    found, loom = [], Loom.of(ground.seen, weave)
    for layout in _unlike(ground.layouts(weave, rich), most):
        try:
            rounds = FEW_ROUNDS if rich is Richness.FEW else MOST_ROUNDS
            thread = threaded(layout.strands, ground.links, rounds)
        except ValueError:
            continue
        path = thread.path()
        found.append(Draft(path, thread.lane_legs(), layout, flight_s(path, weave.pace) + loom.missed_s((path,))))
    return sorted(found, key=lambda d: d.cost_s)
