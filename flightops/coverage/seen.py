"""What a search has truly seen, what that is worth, and what is to be flown again. Pure.

Seen is the exact union of its strips. Whether somebody there would have been found is POD: coverage C is sweep width
over line spacing, and where the map knows the canopy, the share of ground seen through it lowers POD. Sweeps of the
same ground are taken as independent passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from core.camera import Camera
from core.events import SearchPlan
from core.geo import Floats, LocalFrame
from core.ids import SearchId, SectorId
from core.units import within
from flightops.coverage.flown import Searched
from flightops.coverage.land import Wood
from flightops.coverage.pod_map import SPECK_M2, PodMap, ground_for
from flightops.planning.area import CheckedArea, checked_area
from flightops.planning.paths.verify import footprint
from flightops.planning.probability.area_map import uniform
from flightops.planning.probability.detection import INVERSE_CUBE, RANDOM, PodCurve, coverage_of_lines
from flightops.planning.probability.grid import Ground, grown_over, parts
from flightops.planning.probability.sweep_width import (
    Cover,
    Hour,
    Land,
    Sensor,
    SensorUse,
    assumed_width_m,
    seen_through,
)
from flightops.planning.probability.swept import Look, SweptMap, saw, unswept

GRID_M = 0.05
"""Strips are joined on this grid: far under what a camera resolves, and it keeps the union robust."""
NARROW_M = 1.0
LEAST_GAP_M2 = SPECK_M2
"""Gaps narrower or smaller are left out."""
MOST_GAPS = 300
MOST_AGAIN = 3
"""More clusters of gaps than this are flown as one search over their hull."""


@dataclass(frozen=True, slots=True)
class Means:
    """`lens`: the drones' camera; `width_m`: measured sweep width in the open, None: the assumed formula; `woods`:
    where trees are known."""

    lens: Camera
    width_m: float | None = None
    woods: tuple[Wood, ...] = ()

    def __post_init__(self) -> None:
        if self.width_m is not None:
            within("search.sweep_width_m", self.width_m, 0.1, 2000.0)

    def sweep_width_m(self, plan: SearchPlan) -> float:
        """In the open, for somebody who stands out from the ground."""
        if self.width_m is not None:
            return self.width_m
        use = SensorUse(Sensor.THERMAL, self.lens, plan.gimbal_pitch_deg)
        return assumed_width_m(use, plan.height_agl_m, Land(Cover.OPEN), Hour.NIGHT)


@dataclass(frozen=True, slots=True)
class Pods:
    """Mean POD over the area asked, 0 to 1: of random search (what to count on) and under the inverse cube law (at
    best)."""

    random: float
    inverse_cube: float


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """One search. Shares are of the area asked, 0 to 1; shapes are metres of `frame`.

    `seen`: by its own cameras; `seen_by_all`: by any of `sweeps`. `through_canopy`: ground seen and not hidden by known
    trees, None when no canopy in the area is known; `canopy_known`, `canopy_unknown`: under trees of known, unknown
    canopy. `again`: areas to search for the gaps. `pod_map`: by cell, what `pods_of_all.random` is the mean of.
    """

    search: SearchId
    frame: LocalFrame
    plan: SearchPlan
    width_m: float
    seen: float
    seen_by_all: float
    sweeps: tuple[SearchId, ...]
    pods: Pods
    pods_of_all: Pods
    pod_map: PodMap
    through_canopy: float | None
    canopy_known: float
    canopy_unknown: float
    over: bool
    gaps: tuple[Polygon, ...]
    gaps_left_out: int
    again: tuple[Polygon, ...]


def coverage_of(asked: Searched, others: Sequence[Searched], over: frozenset[SectorId], means: Means) -> Coverage:
    """The coverage of a search as things stand. `over`: its sectors that are (`Searched.over_by`); `others`: sweeps for
    the same person, which may have seen its gaps. Raises Malformed when its area is none (such a search is never
    accepted)."""
    checked = checked_area(asked.area)
    area, frame = checked.polygon, checked.frame
    own = seen_ground(asked.strips, checked)
    beside = [(s, shape) for s in others if not (shape := seen_ground(s.strips, checked)).is_empty]
    sweeps = [(asked, own), *beside]
    everything = shapely.union_all([shape for _, shape in sweeps], grid_size=GRID_M) if beside else own
    ground, known, unknown = _under_trees(checked, means, asked.plan)
    gaps = gaps_in(shapely.difference(_over_ground(asked, over, checked), everything))
    known_share = float(known.area / area.area)
    pods, found = _pods(ground, sweeps[:1], means)
    pods_of_all, found = _pods(ground, sweeps, means) if beside else (pods, found)
    return Coverage(
        asked.search,
        frame,
        asked.plan,
        means.sweep_width_m(asked.plan),
        _share(own, area),
        _share(everything, area),
        tuple(s.search for s, _ in sweeps),
        pods,
        pods_of_all,
        PodMap(ground.grid, ground.inside, found.pod()),
        _through(ground, own) if known_share > 0.0 else None,
        known_share,
        float(shapely.difference(unknown, known).area / area.area),
        _all(asked, over),
        gaps[:MOST_GAPS],
        max(len(gaps) - MOST_GAPS, 0),
        again(gaps, area, asked.plan.swath_m),
    )


def seen_ground(strips: Sequence[Floats], checked: CheckedArea) -> BaseGeometry:
    """The exact union of strips within an area, metres of its frame."""
    shapes = []
    for strip in strips:
        xy = checked.frame.to_xy_many(strip)
        if len(xy) >= 3 and np.isfinite(xy).all() and (np.abs(xy) < 1e6).all():
            shape = Polygon(xy)
            shapes.append(shape if shape.is_valid else shapely.buffer(shapely.make_valid(shape), 0.0))
    near = [s for s in shapes if shapely.intersects(s, checked.polygon)]
    return shapely.MultiPolygon(parts(shapely.intersection(shapely.union_all(near, grid_size=GRID_M), checked.polygon)))


def gaps_in(missed: BaseGeometry) -> tuple[Polygon, ...]:
    """The places of missed ground worth telling of: NARROW_M wide somewhere, LEAST_GAP_M2 large; the largest first."""
    core = shapely.buffer(missed, -NARROW_M / 2.0)
    wide = shapely.intersection(missed, shapely.buffer(core, NARROW_M / 2.0 + GRID_M, join_style="mitre"))
    found = [p for p in parts(shapely.set_precision(wide, GRID_M)) if p.area >= LEAST_GAP_M2]
    return tuple(sorted(found, key=lambda p: (-p.area, p.bounds)))


def again(gaps: Sequence[Polygon], area: Polygon, swath_m: float) -> tuple[Polygon, ...]:
    """Areas that, searched, fly the gaps again: gaps within a swath of one another together, half a swath of ground
    round them, cut to the area. Over MOST_AGAIN of them become the hull of all, cut to the area."""
    if not gaps:
        return ()
    room = shapely.buffer(area, -GRID_M, join_style="mitre")
    grown = shapely.union_all(shapely.buffer(list(gaps), swath_m / 2.0, quad_segs=4))
    found = _holding(grown, gaps, room)
    if len(found) > MOST_AGAIN:
        found = _holding(shapely.convex_hull(grown), gaps, room)
    return tuple(sorted(found, key=lambda p: (-p.area, p.bounds)))


def _holding(shape: BaseGeometry, gaps: Sequence[Polygon], room: BaseGeometry) -> list[Polygon]:
    """The pieces of a shape inside a room that hold some of the gaps, with plain outlines."""
    pieces = parts(shapely.intersection(shapely.simplify(shape, 0.5), room))
    held = shapely.union_all(list(gaps))
    return [p for p in pieces if shapely.area(shapely.intersection(p, held)) >= LEAST_GAP_M2 / 2.0]


def _all(asked: Searched, over: frozenset[SectorId]) -> bool:
    """Whether nothing of it will be flown any more."""
    return over >= {s.sector for s in asked.sectors}


def _over_ground(asked: Searched, done: frozenset[SectorId], checked: CheckedArea) -> BaseGeometry:
    """Ground whose turn is over: all of it once nothing will be flown any more, else what sectors that are over were to
    see, less what others still may."""
    if _all(asked, done):
        return checked.polygon
    swath = asked.plan.swath_m
    paths = {
        s.sector: checked.frame.to_xy_many(np.array([[p.lon_deg, p.lat_deg] for p in s.path]))
        for s in asked.sectors
        if len(s.path) > 1
    }
    over = tuple(p for k, p in paths.items() if k in done)
    still = tuple(p for k, p in paths.items() if k not in done)
    if not over:
        return Polygon()
    ground = shapely.intersection(footprint(over, swath, 8), checked.polygon)
    return shapely.difference(ground, footprint(still, swath, 8)) if still else ground


def _under_trees(checked: CheckedArea, means: Means, plan: SearchPlan) -> tuple[Ground, BaseGeometry, BaseGeometry]:
    """The ground with what is seen through its canopy, and the parts of the area under known and unknown canopy."""
    area = checked.polygon
    shapes = [(w.canopy, shapely.intersection(w.shape(checked.frame), area)) for w in means.woods]
    ground = ground_for(checked)
    known: BaseGeometry = Polygon()
    for canopy, shape in shapes:
        fresh = shapely.difference(shape, known)
        if canopy is not None and fresh.area > 0.0:
            share = seen_through(Land(Cover.FOREST, canopy), plan.gimbal_pitch_deg)
            ground = grown_over(ground, [(shapely.MultiPolygon(parts(fresh)), share)])
            known = shapely.union(known, fresh)
    return ground, known, shapely.union_all([shape for canopy, shape in shapes if canopy is None])


def _pods(ground: Ground, sweeps: Sequence[tuple[Searched, BaseGeometry]], means: Means) -> tuple[Pods, SweptMap]:
    """Mean POD over the area of sweeps, each with what it saw, and the map that the one of random search is of."""

    def swept(curve: PodCurve) -> SweptMap:
        looks = []
        for sweep, shape in sweeps:
            c = coverage_of_lines(means.sweep_width_m(sweep.plan), sweep.plan.swath_m)
            looks.append(Look(shape, float(curve.pod(c)), sweep.search))
        return saw(unswept(uniform(ground)), looks)

    found = swept(RANDOM)
    return Pods(found.pos(), swept(INVERSE_CUBE).pos()), found


def _through(ground: Ground, shape: BaseGeometry) -> float:
    """Share of the area that was seen and that no known tree hides."""
    return saw(unswept(uniform(ground)), [Look(shape, 1.0, "all")]).pos()


def _share(shape: BaseGeometry, area: Polygon) -> float:
    return float(np.clip(shape.area / area.area, 0.0, 1.0))
