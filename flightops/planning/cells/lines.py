"""Sweep lines of one cell: where they lie, and the strands (runs of neighbouring lines) they fall into.

Line positions are chosen on a mask of the cell turned so that lines run along x: rows a tenth of a swath apart.
The mask only ranks choices; what a plan truly covers is measured by planning/paths/verify.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from core.geo import Floats
from flightops.planning.cells.decompose import altitude, directions, edges_of
from flightops.planning.paths.timing import Pace

ROWS_A_SWATH = 10
MOST_ROWS = 1_200
MOST_COLUMNS = 160
Strand = tuple[Floats, ...]
"""Neighbouring lanes in order, each (n, 2) and all running the same way; flown to and fro."""


@dataclass(frozen=True, slots=True)
class Weave:
    """How to lay lines: swath m, pace, what a square metre left unseen is worth, s, and the direction all lines are to
    have, rad (None: whichever is best)."""

    swath_m: float
    pace: Pace
    unseen_s_m2: float
    way_rad: float | None = None

    @property
    def lane_s(self) -> float:
        """What one more lane costs beside its own flight: a link of one swath and two turns, s."""
        return 2.0 * self.pace.turn_s + float(self.pace.run_s(np.array(self.swath_m)))

    @property
    def least_m(self) -> float:
        """Lines shorter than this cost more than they show."""
        return 0.35 * self.swath_m


@dataclass(frozen=True, slots=True)
class Laid:
    """Lines of a cell, its strands, and the flight time expected of them, s."""

    strands: tuple[Strand, ...]
    expected_s: float


def turned(xy: Floats, way_rad: float) -> Floats:
    """Points (..., 2) turned so that direction `way_rad` becomes +x."""
    c, s = math.cos(way_rad), math.sin(way_rad)
    return np.stack([xy[..., 0] * c + xy[..., 1] * s, xy[..., 1] * c - xy[..., 0] * s], axis=-1)


def crossings(edges: Floats, ys: Floats) -> Floats:
    """x at which each horizontal line y enters and leaves: (len(ys), most) sorted, padded with inf."""
    (x0, y0), (x1, y1) = edges[:, 0].T, edges[:, 1].T
    hit = (y0 <= ys[:, None]) != (y1 <= ys[:, None])
    with np.errstate(divide="ignore", invalid="ignore"):
        x = x0 + (ys[:, None] - y0) * ((x1 - x0) / (y1 - y0))
    ordered = np.sort(np.where(hit, x, np.inf), axis=1)
    most = int(hit.sum(axis=1).max(initial=0))
    return ordered[:, :most]


@dataclass(frozen=True, slots=True)
class _Mask:
    """A turned cell as squares: inside (rows, columns), y of the rows, height of a row and width of a column, m."""

    inside: NDArray[np.bool_]
    ys: Floats
    high_m: float
    wide_m: float

    @staticmethod
    def of(edges: Floats, swath_m: float) -> _Mask:
        low, high = edges.min(axis=(0, 1)), edges.max(axis=(0, 1))
        rows = int(np.clip(np.ceil((high[1] - low[1]) / swath_m * ROWS_A_SWATH), 1, MOST_ROWS))
        columns = int(np.clip(np.ceil((high[0] - low[0]) / swath_m * ROWS_A_SWATH), 1, MOST_COLUMNS))
        tall, wide = (high[1] - low[1]) / rows, (high[0] - low[0]) / columns
        ys = low[1] + (np.arange(rows) + 0.5) * tall
        xs = low[0] + (np.arange(columns) + 0.5) * wide
        inside = np.zeros((rows, columns), dtype=bool)
        for x in crossings(edges, ys).T:
            inside ^= xs[None, :] >= x[:, None]
        return _Mask(inside, ys, float(tall), float(wide))


def _choices(low: float, high: float, swath_m: float) -> Iterator[Floats]:
    """Line positions worth trying between y = low and y = high."""
    height = high - low
    n = max(math.ceil(height / swath_m - 1e-6), 1)
    yield low + (np.arange(n) + 0.5) * height / n
    for count in (n - 1, n, n + 1):
        spare = count * swath_m - height
        for share in np.linspace(0.0, 1.0, 7 if count > 0 else 0):
            yield low + swath_m / 2 - spare * share + np.arange(count) * swath_m
    if n > 1 and height / (n - 1) < 1.006 * swath_m:
        yield low + (np.arange(n - 1) + 0.5) * height / (n - 1)


def _expected_s(mask: _Mask, ys: Floats, weave: Weave, s_m: float) -> float:
    """Flight time of lines at `ys`, at `s_m` a metre, plus the price of what they leave unseen, s."""
    nearest = np.searchsorted((ys[1:] + ys[:-1]) / 2.0, mask.ys)
    near = np.abs(mask.ys - ys[nearest]) <= weave.swath_m / 2 + 1e-6
    lines = mask.inside[np.clip(np.searchsorted(mask.ys, ys), 0, len(mask.ys) - 1)]
    unseen = np.count_nonzero(mask.inside & ~(lines[nearest] & near[:, None])) * mask.wide_m * mask.high_m
    starts = np.count_nonzero(lines[:, 1:] & ~lines[:, :-1]) + np.count_nonzero(lines[:, 0])
    flown = np.count_nonzero(lines) * mask.wide_m * s_m
    return float(flown + starts * weave.pace.line_s(weave.swath_m) + unseen * weave.unseen_s_m2)


def _placed(edges: Floats, way_rad: float, weave: Weave) -> tuple[float, Floats]:
    """The flight time expected of lines along `way_rad` through a cell turned by that, s, and y of each, at the best of
    some twenty positions."""
    low, high = float(edges[..., 1].min()), float(edges[..., 1].max())
    mask = _Mask.of(edges, weave.swath_m)
    s_m = 1.0 / weave.pace.speed_mps + float(weave.pace.slower_s_m(np.array(way_rad)))
    choices = [ys for ys in _choices(low, high, weave.swath_m) if len(ys)]
    times_s = [_expected_s(mask, ys, weave, s_m) for ys in choices]
    best = int(np.argmin(times_s))
    return times_s[best], choices[best]


def lay(cell: Polygon, ways_rad: Floats, weave: Weave) -> Laid:
    """Lines through a cell along the best of some directions. Deterministic."""
    outline = edges_of(cell)
    tried = [(turned(outline, float(way)), float(way)) for way in ways_rad]
    placed = [_placed(edges, way, weave) for edges, way in tried]
    k = int(np.argmin([expected for expected, _ in placed]))
    (edges, way), (expected, ys) = tried[k], placed[k]
    strands = tuple(tuple(turned(s, -way)) for s in _strands(edges, ys, weave.least_m))
    return Laid(strands or (_midline(cell),), expected)


def _midline(cell: Polygon) -> Strand:
    """One short line in a cell too small for any other."""
    centre = np.asarray(cell.point_on_surface().coords[0])
    reach = min(0.5, float(shapely.distance(shapely.points(centre), cell.boundary)) * 0.9)
    aside = np.array([reach, 0.0])
    return (np.stack([centre - aside, centre + aside]),)


def _strands(edges: Floats, ys: Floats, least_m: float) -> Iterator[Floats]:
    """Lines (k, 2, 2) at `ys`, chained while each has exactly one neighbour on the next line that it overlaps."""
    xs = crossings(edges, ys)
    levels: list[list[tuple[float, float]]] = []
    for row in xs:
        spans = row[np.isfinite(row)].reshape(-1, 2)
        levels.append([(float(a), float(b)) for a, b in spans if b - a >= least_m])
    open_strands: list[list[tuple[float, float, float]]] = []
    for y, spans in zip(ys, levels, strict=True):
        kept = []
        tops = [s[-1][:2] for s in open_strands]
        for span in spans:
            below = [i for i, t in enumerate(tops) if min(t[1], span[1]) > max(t[0], span[0])]
            alone = (
                len(below) == 1 and sum(min(tops[below[0]][1], s[1]) > max(tops[below[0]][0], s[0]) for s in spans) == 1
            )
            if alone:
                open_strands[below[0]].append((*span, float(y)))
                kept.append(open_strands[below[0]])
            else:
                kept.append([(*span, float(y))])
        yield from (_as_strand(s) for s in open_strands if not any(s is k for k in kept))
        open_strands = kept
    yield from (_as_strand(s) for s in open_strands)


def _as_strand(lines: list[tuple[float, float, float]]) -> Floats:
    return np.array([[[a, y], [b, y]] for a, b, y in lines])


def best_laid(cell: Polygon, weave: Weave, tried: int) -> Laid:
    """Lines of a cell along the weave's direction, or else the best of the `tried` most promising ones, edges' and
    evenly spread."""
    if weave.way_rad is not None:
        return lay(cell, np.array([weave.way_rad]), weave)
    edges = edges_of(cell)
    along = directions(edges)
    spread = np.arange(12) * np.pi / 12
    ways = np.concatenate([along, spread])
    lines_s = altitude(edges, ways) / weave.swath_m * weave.pace.line_s(weave.swath_m)
    flown_s = cell.area / weave.swath_m * weave.pace.slower_s_m(ways)
    order = np.argsort(lines_s + flown_s, kind="stable")[:tried]
    return lay(cell, ways[order], weave)
