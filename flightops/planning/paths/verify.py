"""What a path truly does: ground covered, metres outside the area, metres over its holes.

Shares no code with the making of paths. Every leg's strip is buffered on its own and the strips united: one buffer
of the whole line would fill thin gaps between neighbouring passes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from core.geo import Floats

EXACT_SEGS, QUICK_SEGS = 24, 8
"""Segments a quarter circle: polygons lie inside their circles, so the cover measured is a hair too small."""
SLAB_SWATHS = 8.0
TOLERANCE_M = 0.005


@dataclass(frozen=True, slots=True)
class Verdict:
    """Share of the area covered (0 to 1), path length outside the outer ring and over holes, m."""

    cover: float
    outside_m: float
    hole_m: float

    def passes(self, asked: float) -> bool:
        """Whether the path stays inside, off the holes, and covers at least `asked`."""
        return self.outside_m <= TOLERANCE_M and self.hole_m <= TOLERANCE_M and self.cover >= asked


def _along(paths: tuple[Floats, ...]) -> Floats:
    """(2, 2) rotation that lays the longest leg along x: strips with slim bounds unite three times as fast."""
    step = np.concatenate([np.diff(p, axis=0) for p in paths])
    long = step[np.argmax(np.hypot(*step.T))]
    c, s = long / max(float(np.hypot(*long)), 1e-12)
    return np.array([[c, -s], [s, c]])


def footprint(paths: tuple[Floats, ...], swath_m: float, quad_segs: int = EXACT_SEGS) -> BaseGeometry:
    """Ground within half a swath of any leg of the (n, 2) paths; fewer segments a quarter circle give a little less."""
    legs = np.concatenate([np.stack([p[:-1], p[1:]], axis=1) for p in paths])
    return shapely.union_all(shapely.buffer(shapely.linestrings(legs), swath_m / 2.0, quad_segs=quad_segs))


def _unseen(area: Polygon, paths: tuple[Floats, ...], swaths_m: tuple[float, ...], segs: int) -> list[BaseGeometry]:
    """Ground that no leg covers, slab by slab across the legs (small unions), in a frame of its own; one swath a
    path."""
    turn = _along(paths)
    legs = np.concatenate([np.stack([p[:-1], p[1:]], axis=1) for p in paths]) @ turn
    ground = shapely.transform(area, lambda xy: xy @ turn)
    left, bottom, right, top = ground.bounds
    slabs = max(int((top - bottom) / (SLAB_SWATHS * max(swaths_m))), 1)
    edges = np.linspace(bottom - 1.0, top + 1.0, slabs + 1)
    pieces = shapely.intersection(ground, shapely.box(left - 1.0, edges[:-1], right + 1.0, edges[1:]))
    half_m = np.repeat(np.array(swaths_m) / 2.0, [len(p) - 1 for p in paths])
    strips = shapely.buffer(shapely.linestrings(legs), half_m, quad_segs=segs)
    reach = shapely.bounds(strips)
    lost = []
    for piece, low, high in zip(pieces, edges[:-1], edges[1:], strict=True):
        near = strips[(reach[:, 3] >= low) & (reach[:, 1] <= high)]
        lost.append(shapely.difference(piece, shapely.union_all(near)))
    return lost


def gaps(area: Polygon, paths: tuple[Floats, ...], swath_m: float) -> list[Polygon]:
    """Ground that no leg covers, in the frame of the area, the largest piece first."""
    back, missed = _along(paths).T, _unseen(area, paths, (swath_m,) * len(paths), EXACT_SEGS)
    # united before they are turned back: rounding can make slivers cross themselves
    turned = shapely.transform(shapely.get_parts(shapely.union_all(missed)), lambda xy: xy @ back)
    pieces = shapely.get_parts(shapely.make_valid(turned, method="structure", keep_collapsed=False))
    return sorted((g for g in pieces if g.area > 0.0), key=lambda g: (-g.area, g.bounds))


def _leaving(flyable: Polygon, paths: tuple[Floats, ...]) -> tuple[float, float]:
    """Path length outside the outer ring and over holes, m."""
    outside = hole = 0.0
    outer = Polygon(flyable.exterior)
    holes = [Polygon(r) for r in flyable.interiors]
    shapely.prepare([outer, *holes])
    for path in paths:
        legs = shapely.linestrings(np.stack([path[:-1], path[1:]], axis=1))
        leaving = legs[~shapely.covers(outer, legs)]
        outside += float(shapely.length(shapely.difference(leaving, outer)).sum())
        hole += sum(
            float(shapely.length(shapely.intersection(legs[shapely.intersects(h, legs)], h)).sum()) for h in holes
        )
    return outside, hole


def judge(
    area: Polygon,
    paths: tuple[Floats, ...],
    swath_m: float | tuple[float, ...],
    flyable: Polygon | None = None,
    enough: float = math.inf,
) -> Verdict:
    """Measure the (n, 2) paths, two or more points each, against the area they are to sweep and the part of it they
    must not leave (None: all of it), in the same frame. `swath_m`: one for all, or each path's own; `enough`: what
    coarser circles, inside the exact ones, show is told when it is this much, or too little by more than they hide."""
    swaths_m = swath_m if isinstance(swath_m, tuple) else (swath_m,) * len(paths)
    leaving = _leaving(flyable or area, paths)
    cover = _cover(area, paths, swaths_m, QUICK_SEGS if math.isfinite(enough) else EXACT_SEGS)
    if cover < enough <= cover + _hidden_m2(paths, swaths_m) / area.area:
        cover = _cover(area, paths, swaths_m, EXACT_SEGS)
    return Verdict(cover, *leaving)


def _cover(area: Polygon, paths: tuple[Floats, ...], swaths_m: tuple[float, ...], segs: int) -> float:
    lost = sum(float(g.area) for g in _unseen(area, paths, swaths_m, segs))
    return float(np.clip(1.0 - lost / area.area, 0.0, 1.0))


def _hidden_m2(paths: tuple[Floats, ...], swaths_m: tuple[float, ...]) -> float:
    """The most that QUICK_SEGS' circles at the ends of legs can hide: what they are smaller than true ones."""
    sector = math.pi / (2.0 * QUICK_SEGS)
    share = 1.0 - math.sin(sector) / sector
    return sum((len(p) - 1) * share * math.pi * (s / 2.0) ** 2 for p, s in zip(paths, swaths_m, strict=True))
