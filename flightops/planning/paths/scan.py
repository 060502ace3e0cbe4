"""Ground left unseen, fast: rows across the area, on each the intervals that legs cover. Ranks threads while they are
made; what a plan truly covers is measured by paths/verify.py, which shares no code with this."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

from core.geo import Floats
from flightops.planning.cells.decompose import edges_of
from flightops.planning.cells.lines import crossings, turned

ROWS_A_SWATH = 24
MOST_ROWS = 3_000
GOLDEN = 0.6180339887498949


@dataclass(frozen=True)
class Scan:
    """Rows of an area, turned so that direction `way_rad` lies along x: their y, spacing and outside intervals."""

    way_rad: float
    ys: Floats
    step_m: float
    row: NDArray[np.intp]
    start: Floats
    end: Floats
    low: float
    high: float

    @staticmethod
    def along(lines: Floats, area: Polygon, swath_m: float) -> Scan:
        """Rows along the direction, of those of the (m, 2, 2) lines, that keeps lines on few rows."""
        step = lines[:, 1] - lines[:, 0]
        ways = np.unique(np.round(np.arctan2(step[:, 1], step[:, 0]) % np.pi, 3))
        across = np.abs(step[:, 1, None] * np.cos(ways) - step[:, 0, None] * np.sin(ways)).sum(axis=0)
        return Scan.of(area, float(ways[int(across.argmin())]), swath_m)

    @staticmethod
    def of(area: Polygon, way_rad: float, swath_m: float) -> Scan:
        """Rows a fraction of a swath apart over the whole area."""
        edges = turned(edges_of(area), way_rad)
        (left, bottom), (right, top) = edges.min(axis=(0, 1)), edges.max(axis=(0, 1))
        rows = int(np.clip(np.ceil((top - bottom) / swath_m * ROWS_A_SWATH), ROWS_A_SWATH, MOST_ROWS))
        step = float(top - bottom) / rows
        # golden-ratio offsets within each row: evenly spaced rows would beat with evenly spaced lines
        ys = bottom + (np.arange(rows) + (np.arange(rows) + 0.5) * GOLDEN % 1.0) * step
        xs = np.minimum(crossings(edges, ys), right)
        bounds = np.column_stack([np.full(rows, left), xs, np.full(rows, right)])
        start, end = bounds[:, ::2], bounds[:, 1::2]
        row = np.repeat(np.arange(rows), start.shape[1])
        return Scan(way_rad, ys, step, row, start.ravel(), end.ravel(), float(left), float(right))

    def unseen_m2(self, path: Floats, swath_m: float) -> float:
        """Ground of the area farther than half a swath from every leg of the (n, 2) path, m^2."""
        row, start, end = self._covered(turned(path, self.way_rad), swath_m / 2.0)
        row = np.concatenate([self.row, row])
        width = self.high - self.low
        # rows laid end to end: one sort and one running maximum unite the intervals of all rows
        start = np.clip(np.concatenate([self.start, start]), self.low, self.high) - self.low + row * (2.0 * width)
        end = np.clip(np.concatenate([self.end, end]), self.low, self.high) - self.low + row * (2.0 * width)
        order = np.argsort(start, kind="stable")
        start, reach = start[order], np.maximum.accumulate(end[order])
        same = row[order][1:] == row[order][:-1]
        gaps = np.where(same, np.maximum(start[1:] - reach[:-1], 0.0), 0.0).sum()
        return float(gaps) * self.step_m

    def _covered(self, path: Floats, h: float) -> tuple[NDArray[np.intp], Floats, Floats]:
        """Row, start and end of the interval that each leg's strip (round ends, radius h) cuts from each row."""
        a, b = path[:-1], path[1:]
        low = np.searchsorted(self.ys, np.minimum(a[:, 1], b[:, 1]) - h)
        count = np.searchsorted(self.ys, np.maximum(a[:, 1], b[:, 1]) + h) - low
        leg = np.repeat(np.arange(len(a)), count)
        row = np.arange(len(leg)) - np.repeat(np.cumsum(count) - count, count) + low[leg]
        y, a, b = self.ys[row], a[leg], b[leg]
        step = b - a
        aside = h * np.column_stack([-step[:, 1], step[:, 0]]) / np.maximum(np.hypot(*step.T), 1e-9)[:, None]
        starts, ends = np.full(len(y), np.inf), np.full(len(y), -np.inf)
        for tip in (a, b):
            half = h * h - (y - tip[:, 1]) ** 2
            reach = np.sqrt(np.maximum(half, 0.0))
            np.minimum(starts, np.where(half >= 0, tip[:, 0] - reach, np.inf), out=starts)
            np.maximum(ends, np.where(half >= 0, tip[:, 0] + reach, -np.inf), out=ends)
        for side in (a + aside, a - aside):
            with np.errstate(divide="ignore", invalid="ignore"):
                share = (y - side[:, 1]) / step[:, 1]
            on = (share >= 0) & (share <= 1)
            x = side[:, 0] + np.where(on, share, 0.0) * step[:, 0]
            np.minimum(starts, np.where(on, x, np.inf), out=starts)
            np.maximum(ends, np.where(on, x, -np.inf), out=ends)
        met = starts < ends
        return row[met], starts[met], ends[met]
