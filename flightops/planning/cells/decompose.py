"""Cutting an area into cells that sweep well, each with its own line direction.

The mean number of sweep lines that cut a polygon along direction u, one swath apart, is the sum of its edges'
extents across u, halved and divided by the swath (each line enters and leaves). As a function of direction it is
concave between edge directions, so its minimum lies along an edge. (Huang 2001 calls the sum the altitude.)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.polygon import orient

from core.geo import Floats
from flightops.planning.paths.timing import Pace

MOST_EDGES = 40
MOST_REFLEX = 24
MOST_PAIRS = 10


@dataclass(frozen=True, slots=True)
class Cost:
    """Prices of a sweep: swath m, cruise pace, and what one more cell costs, s."""

    swath_m: float
    pace: Pace
    cell_s: float

    def of(self, poly: Polygon) -> tuple[float, float]:
        """Estimated flight time of a cell, s, its own price left out, and the direction of its lines, rad."""
        edges = edges_of(poly)
        ways = directions(edges)
        lines_s = (altitude(edges, ways) / self.swath_m + 0.35) * self.pace.line_s(self.swath_m)
        flown_s = poly.area / self.swath_m * (1.0 / self.pace.speed_mps + self.pace.slower_s_m(ways))
        times = lines_s + flown_s
        at = int(np.argmin(times))
        return float(times[at]), float(ways[at])


def rings_of(poly: Polygon) -> list[Floats]:
    """Rings as (n, 2), not closed; the area lies to the left of every edge."""
    turned = orient(poly)
    return [np.asarray(r.coords, dtype=np.float64)[:-1, :2] for r in (turned.exterior, *turned.interiors)]


def edges_of(poly: Polygon) -> Floats:
    """All edges as (n, 2, 2): start, end; the area lies to their left."""
    return np.concatenate([np.stack([r, np.roll(r, -1, axis=0)], axis=1) for r in rings_of(poly)])


def directions(edges: Floats) -> Floats:
    """Directions of the longest edges, rad in [0, pi), no two within half a degree."""
    step = edges[:, 1] - edges[:, 0]
    longest = np.argsort(-np.hypot(step[:, 0], step[:, 1]), kind="stable")[:MOST_EDGES]
    way = np.arctan2(step[longest, 1], step[longest, 0]) % np.pi
    apart = np.abs((way[:, None] - way[None, :] + np.pi / 2) % np.pi - np.pi / 2) < np.radians(0.5)
    first = ~np.tril(apart, -1).any(axis=1)
    distinct: Floats = way[first]
    return distinct


def altitude(edges: Floats, ways: Floats) -> Floats:
    """Mean extent of the polygon across each direction, m, counting every interval of a line; shape of `ways`."""
    step = edges[:, 1] - edges[:, 0]
    across = np.abs(step[:, 1] * np.cos(ways)[:, None] - step[:, 0] * np.sin(ways)[:, None])
    total: Floats = across.sum(axis=1) / 2.0
    return total


def reflex_corners(poly: Polygon, least_sine: float = 0.02) -> tuple[Floats, Floats, Floats]:
    """Corners that stick into the area by a turn of more than `least_sine`: (n, 2) corner, its predecessor and its
    successor."""
    here, before, after = [], [], []
    for ring in rings_of(poly):
        prev, nxt = np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0)
        a, b = ring - prev, nxt - ring
        sine = (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) / np.maximum(np.hypot(*a.T) * np.hypot(*b.T), 1e-12)
        reflex = sine < -least_sine
        here.append(ring[reflex])
        before.append(prev[reflex])
        after.append(nxt[reflex])
    return np.concatenate(here), np.concatenate(before), np.concatenate(after)


def _reach(start: Floats, way: Floats, edges: Floats) -> tuple[Floats, int] | None:
    """Where the ray from `start` along unit `way` first meets an edge, a hair beyond it, and which; None when it meets
    none."""
    step = edges[:, 1] - edges[:, 0]
    rel = edges[:, 0] - start
    det = way[0] * step[:, 1] - way[1] * step[:, 0]
    safe = np.where(np.abs(det) < 1e-12, np.inf, det)
    along = (rel[:, 0] * step[:, 1] - rel[:, 1] * step[:, 0]) / safe
    on = (rel[:, 0] * way[1] - rel[:, 1] * way[0]) / safe
    hits = (along > 1e-3) & (on >= -1e-9) & (on <= 1 + 1e-9) & np.isfinite(safe)
    if not hits.any():
        return None
    first = int(np.where(hits, along, np.inf).argmin())
    return start + way * (along[first] + 1e-4), first


def _chords(poly: Polygon) -> Iterator[Floats]:
    """Cuts worth trying: edges lengthened at their reflex ends, and straight ways between reflex corners; of the first,
    those that come to one ring twice: others cut nothing off."""
    edges = edges_of(poly)
    ring = np.repeat(np.arange(len(poly.interiors) + 1), [len(r) for r in rings_of(poly)])
    corner, before, after = reflex_corners(poly)
    of = {tuple(place): int(k) for place, k in zip(edges[:, 0], ring, strict=True)}
    weight = np.minimum(np.hypot(*(corner - before).T), np.hypot(*(after - corner).T))
    pick = np.sort(np.argsort(-weight, kind="stable")[:MOST_REFLEX])
    reflex = {tuple(c) for c in corner}
    for i in pick:
        for far in (before[i], after[i]):
            way = (corner[i] - far) / np.hypot(*(corner[i] - far))
            ahead = _reach(corner[i], way, edges)
            back = _reach(far, -way, edges) if tuple(far) in reflex else None
            met = [of[tuple(corner[i])], *(int(ring[hit[1]]) for hit in (ahead, back) if hit)]
            if ahead is not None and len(set(met)) < len(met):
                yield np.array([corner[i], ahead[0]] if back is None else [back[0], far, corner[i], ahead[0]])
    if len(corner) <= MOST_PAIRS:
        for i, j in combinations(range(len(corner)), 2):
            yield corner[[i, j]]


def _cut(poly: Polygon, chord: Floats) -> list[Polygon]:
    """The two or more pieces that a chord leaves; empty when it cuts nothing off."""
    noded = shapely.union_all([poly.boundary, shapely.linestrings(chord)])
    pieces = [p for p in shapely.polygonize([*shapely.get_parts(noded)]).geoms if poly.contains(p.point_on_surface())]
    return sorted(pieces, key=lambda p: (-p.area, p.bounds)) if len(pieces) > 1 else []


Known = dict[bytes, list[tuple[float, list[Polygon]]]]


def cells(poly: Polygon, cost: Cost, known: Known, depth: int = 12) -> list[tuple[Polygon, float]]:
    """Cells and the direction of their lines, rad: cut greedily where the estimated flight time falls. `known`: cuts
    measured so far, which do not depend on the price of a cell."""
    time_s, way = cost.of(poly)
    best, pieces = time_s + cost.cell_s - 1.0, []
    if depth > 0:
        for cut_s, parts in _cuts(poly, cost, known):
            total = cut_s + cost.cell_s * len(parts)
            if total < best:
                best, pieces = total, parts
    if not pieces:
        return [(poly, way)]
    return [cell for part in pieces for cell in cells(part, cost, known, depth - 1)]


def _cuts(poly: Polygon, cost: Cost, known: Known) -> list[tuple[float, list[Polygon]]]:
    """Flight times of the pieces of each cut worth trying, s, and the pieces."""
    key = poly.wkb
    if key not in known:
        cut = [_cut(poly, chord) for chord in _chords(poly)]
        large = [parts for parts in cut if parts and parts[-1].area >= cost.swath_m**2]
        known[key] = [(sum(cost.of(p)[0] for p in parts), parts) for parts in large]
    return known[key]
