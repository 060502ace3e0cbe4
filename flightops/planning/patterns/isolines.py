"""Lines of equal height on a grid: marching squares (Lorensen and Cline 1987, in two dimensions).

A cell edge is crossed when one of its ends lies at or above the level and the other below; each crossing belongs to
at most two cells, so the crossings chain up to lines without any search by distance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.geo import Floats

Ints = NDArray[np.intp]
SOUTH, EAST, NORTH, WEST = range(4)


def isolines(heights: Floats, level: float) -> list[Floats]:
    """(rows, columns) heights -> lines (n, 2) of (column, row) where the bilinear surface crosses `level`.

    A closed line repeats its first point at the end. Cells with an unknown (NaN) corner have no line. Lines come in
    the order of their lowest cell, row by row.
    """
    segments = _segments(heights, level)
    places = _crossings(heights, level, np.unique(segments))
    return [np.array([places[edge] for edge in chain]) for chain in _chains(segments)]


def _segments(heights: Floats, level: float) -> Ints:
    """(m, 2) ids of the edges that each piece of line joins.

    An edge's id: twice its lower left node, plus 1 for the edge that goes up from there.
    """
    rows, columns = heights.shape
    above = heights >= level
    corners = above[:-1, :-1], above[:-1, 1:], above[1:, 1:], above[1:, :-1]
    known = np.isfinite(heights)
    usable = known[:-1, :-1] & known[:-1, 1:] & known[1:, 1:] & known[1:, :-1]
    crossed = [usable & (corners[k] != corners[(k + 1) % 4]) for k in range(4)]
    node = np.arange(rows)[:-1, None] * columns + np.arange(columns)[None, :-1]
    ids = 2 * node, 2 * (node + 1) + 1, 2 * (node + columns), 2 * node + 1
    count = sum(c.astype(np.intp) for c in crossed)
    found = []
    for a in range(4):
        for b in range(a + 1, 4):
            plain = crossed[a] & crossed[b] & (count == 2)
            found.append(np.column_stack([ids[a][plain], ids[b][plain]]))
    found += _saddles(heights, level, usable & (count == 4), ids)
    pieces = np.concatenate(found)
    return pieces[np.lexsort((pieces.max(axis=1), pieces.min(axis=1)))]


def _saddles(heights: Floats, level: float, saddle: NDArray[np.bool_], ids: tuple[Ints, ...]) -> list[Ints]:
    """Both pieces of cells whose corners lie high and low by turns: the saddle point of the bilinear surface decides
    whether the high corners are joined."""
    sw, se, ne, nw = heights[:-1, :-1], heights[:-1, 1:], heights[1:, 1:], heights[1:, :-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        high_joined = (sw * ne - se * nw) / (sw + ne - se - nw) >= level
    cut_off_sw = high_joined != (sw >= level)
    out = []
    for around_sw, pairs in ((True, ((WEST, SOUTH), (EAST, NORTH))), (False, ((SOUTH, EAST), (NORTH, WEST)))):
        here = saddle & (cut_off_sw == around_sw)
        out += [np.column_stack([ids[a][here], ids[b][here]]) for a, b in pairs]
    return out


def _crossings(heights: Floats, level: float, edges: Ints) -> dict[int, tuple[float, float]]:
    """Where the surface crosses each edge: (column, row)."""
    columns = heights.shape[1]
    row, column = np.divmod(edges // 2, columns)
    up = edges % 2
    start, end = heights[row, column], heights[row + up, column + 1 - up]
    share = (level - start) / (end - start)
    x, y = column + share * (1 - up), row + share * up
    return dict(zip(edges.tolist(), zip(x.tolist(), y.tolist(), strict=True), strict=True))


def _chains(segments: Ints) -> list[list[int]]:
    """Edge ids in the order of a walk along each line: first lines with ends, then closed ones."""
    beside: dict[int, list[int]] = {}
    for a, b in segments.tolist():
        beside.setdefault(a, []).append(b)
        beside.setdefault(b, []).append(a)
    ends = [edge for edge, others in beside.items() if len(others) == 1]
    chains = []
    for start in (*ends, *beside):
        if not beside[start]:
            continue
        chain = [start]
        while beside[chain[-1]]:
            ahead = beside[chain[-1]].pop(0)
            beside[ahead].remove(chain[-1])
            chain.append(ahead)
        chains.append(chain)
    return chains
