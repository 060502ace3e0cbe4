"""Lanes along a chain of boundary edges: every lane keeps its distance to the chain, round its bends.

A corridor, an L or a comb is swept by few long lanes where straight lines would be many and short.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import permutations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, Polygon
from shapely.geometry.polygon import orient

from core.geo import Floats
from flightops.planning.cells.lines import Strand, Weave

SHARP_DEG = 30.0
SIMPLER_SWATHS = 0.25
MITRE = 5.0
NEIGHBOUR_SWATHS = 1.2
MOST_LANES = 600
LATTICE = 24


def bends_deg(ring: Floats) -> Floats:
    """Turn at each corner of an (n, 2) ring, not closed, deg; positive to the left."""
    before, after = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    turn: Floats = np.degrees(np.arctan2(cross, (before * after).sum(axis=1)))
    return turn


def chains(cell: Polygon, swath_m: float, most: int) -> Iterator[Floats]:
    """Stretches (n, 2), n > 2, of the outer ring between two of its `most` sharpest corners; the cell lies to the
    left."""
    plain = orient(shapely.simplify(Polygon(cell.exterior), SIMPLER_SWATHS * swath_m))
    ring = np.asarray(plain.exterior.coords)[:-1]
    bend = bends_deg(ring)
    sharp = np.flatnonzero(bend > SHARP_DEG)
    sharp = np.sort(sharp[np.argsort(-bend[sharp], kind="stable")[:most]])
    for i, j in permutations(sharp.tolist(), 2):
        stretch = ring[np.arange(i, j + 1 if j > i else j + 1 + len(ring)) % len(ring)]
        if len(stretch) > 2:
            yield stretch


def along_chain(chain: Floats, cell: Polygon, weave: Weave) -> tuple[Strand, ...]:
    """Lanes half a swath, one and a half... to the left of a chain that is lengthened at both ends, cut by the cell."""
    across = math.hypot(cell.bounds[2] - cell.bounds[0], cell.bounds[3] - cell.bounds[1])
    first, last = chain[0] - chain[1], chain[-1] - chain[-2]
    ends = chain[0] + first / np.hypot(*first) * 2 * across, chain[-1] + last / np.hypot(*last) * 2 * across
    line = shapely.linestrings(np.concatenate([ends[:1], chain[1:-1], ends[1:]]))
    count = int(min(_depth_m(cell, line) / weave.swath_m + 1.5, MOST_LANES))
    away = (np.arange(count) + 0.5) * weave.swath_m
    offset = shapely.offset_curve(line, away, join_style="mitre", mitre_limit=MITRE)
    inside = shapely.line_merge(shapely.intersection(offset, cell))
    levels = [[g for g in shapely.get_parts(cut) if g.length >= weave.least_m] for cut in inside]
    return tuple(strands_of(levels, weave.swath_m))


def _depth_m(cell: Polygon, line: LineString) -> float:
    """How far from a line the cell reaches, m: over its corners and a lattice inside."""
    left, low, right, high = cell.bounds
    at = np.stack(np.meshgrid(np.linspace(left, right, LATTICE), np.linspace(low, high, LATTICE)), axis=-1).reshape(
        -1, 2
    )
    inside = at[shapely.contains_xy(cell, at)]
    corners = shapely.get_coordinates(cell)
    return float(shapely.distance(line, shapely.points(np.concatenate([inside, corners]))).max())


def strands_of(levels: list[list[LineString]], swath_m: float) -> Iterator[Strand]:
    """Lanes chained while each has exactly one neighbour on the next level."""
    open_strands: list[list[Floats]] = []
    tops: list[LineString] = []
    for lanes in levels:
        near = _near(tops, lanes, NEIGHBOUR_SWATHS * swath_m)
        alone = (near.sum(axis=0) == 1)[None, :] & (near.sum(axis=1) == 1)[:, None] & near
        grown: list[list[Floats]] = []
        for j, lane in enumerate(lanes):
            below = np.flatnonzero(alone[:, j])
            at = np.asarray(lane.coords)[:, :2]
            if len(below):
                strand = open_strands[int(below[0])]
                strand.append(_alike(strand[-1], at))
                grown.append(strand)
            else:
                grown.append([at])
        yield from (tuple(s) for s in open_strands if not any(s is g for g in grown))
        open_strands, tops = grown, lanes
    yield from (tuple(s) for s in open_strands)


def _near(tops: list[LineString], lanes: list[LineString], reach_m: float) -> NDArray[np.bool_]:
    """(tops, lanes) whether two lanes come within reach of each other."""
    if not tops or not lanes:
        return np.zeros((len(tops), len(lanes)), dtype=bool)
    close: NDArray[np.bool_] = shapely.distance(np.array(tops)[:, None], np.array(lanes)[None, :]) < reach_m
    return close


def _alike(a: Floats, b: Floats) -> Floats:
    """Lane b, turned so that it runs as a does."""
    same = np.hypot(*(a[0] - b[0])) + np.hypot(*(a[-1] - b[-1]))
    back = np.hypot(*(a[0] - b[-1])) + np.hypot(*(a[-1] - b[0]))
    return b if same <= back else b[::-1]
