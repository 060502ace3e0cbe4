"""Detours to ground that a path misses: where lanes were too coarse for an outline, and polishing can't mend it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from core.geo import Floats
from flightops.planning.cells.lines import Weave, best_laid
from flightops.planning.paths.verify import gaps
from flightops.planning.paths.visibility import Links

MOST_GAPS = 40
TRIED_WAYS = 4
REACHES = (0.2, 0.45)
"""Of a swath: how far from a gap lines are laid that are to show it, nearer ones first."""
Flags = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Filling:
    """Ground to be seen, m^2 of it that may be missed, links inside what may be flown in, how lines are laid."""

    seen: Polygon
    spare_m2: float
    links: Links
    weave: Weave

    def filled(self, path: Floats, lanes: Flags | None) -> tuple[Floats, Flags | None]:
        """The path (n, 2) with detours to the largest gaps, and which of its n - 1 legs are lines that stay plain
        (None: none need be). A gap that nothing leads to is left."""
        missed = gaps(self.seen, (path,), self.weave.swath_m)
        left_m2 = sum(g.area for g in missed)
        for gap in missed[:MOST_GAPS]:
            if left_m2 <= self.spare_m2 / 2.0:
                break
            left_m2 -= gap.area
            for lane in self._towards(gap):
                path, lanes = self._visited(path, lanes, lane)
        return path, lanes

    def _towards(self, gap: Polygon) -> list[Floats]:
        """Lines (2, 2) from which a gap is seen."""
        for reach in REACHES:
            near = shapely.intersection(self.links.inner, shapely.buffer(gap, reach * self.weave.swath_m, quad_segs=4))
            cells = [p for p in shapely.get_parts(near) if isinstance(p, Polygon) and p.area > 1e-6]
            if cells:
                cell = max(cells, key=lambda p: (shapely.intersection(p, gap).area, p.area))
                return [lane for strand in best_laid(cell, self.weave, TRIED_WAYS).strands for lane in strand]
        return []

    def _visited(self, path: Floats, lanes: Flags | None, lane: Floats) -> tuple[Floats, Flags | None]:
        """The path with a detour to a line: from one of its points and back, before its start, or after its end."""
        there = self.links.times_s(path, lane[[0, -1]])
        ways = np.repeat(there.sum(axis=1, keepdims=True), 2, axis=1)
        ways[0], ways[-1] = there[0, ::-1], there[-1]
        k, turn = np.unravel_index(int(np.argmin(ways)), ways.shape)
        if not np.isfinite(ways[k, turn]):
            return path, lanes
        line, first, last = (lane[::-1] if turn else lane), k == 0, k == len(path) - 1
        into = [] if first else self.links.ways(path[[k]], line[:1])
        away = [] if last else self.links.ways(line[-1:], path[[k]])
        come, go = (np.concatenate([np.zeros((0, 2)), *bends]) for bends in (into, away))
        head, tail = path[: 0 if first else k + 1], path[len(path) if last else k :]
        grown = np.concatenate([head, come, line, go, tail])
        if lanes is None:
            return grown, None
        links = [np.zeros(0 if end else len(bends) + 1, np.uint8) for end, bends in ((first, come), (last, go))]
        flags = (lanes[: 0 if first else k], links[0], np.ones(len(line) - 1, np.uint8), links[1], lanes[k:])
        return grown, np.concatenate(flags)
