"""Ground sampled for the annealer: rows of points over an area, and what a path leaves unseen of it.

A path is fitted to the samples as closely as they allow: gaps hide between rows that run along the lines. Rows are
therefore laid aslant (TILT_DEG), and what a plan truly covers is measured by paths/verify.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

from core.geo import Floats
from flightops.planning.cells.decompose import edges_of
from flightops.planning.cells.lines import crossings, turned
from flightops.planning.paths.timing import Pace
from flightops.planning.polish import native

OUTSIDE = 0x8000
TILT_DEG = 3.0
LEAST_SAMPLES, MOST_SAMPLES = 6_000, 3_000_000
DENSER = 3.0
POINT_S = 0.02
GOLDEN = 0.6180339887498949


@dataclass(frozen=True)
class Samples:
    """Points of an area in a frame turned by `way_rad`: counts (rows + 1, columns) of an unseen area, the last row all
    outside for the compiled loop to run into, row offsets as shares of a step, left edge and y of the first row,
    distance of rows and of samples along them, swath, m."""

    way_rad: float
    bare: NDArray[np.uint16]
    offset: NDArray[np.float32]
    left_m: float
    low_m: float
    row_m: float
    step_m: float
    swath_m: float

    @staticmethod
    def of(area: Polygon, way_rad: float, swath_m: float, a_swath: float) -> Samples:
        """About `a_swath` rows across a swath, fewer over a large area, more over a small one, and DENSER samples along
        them: those cost little and leave little room to hide gaps in."""
        edges = turned(edges_of(area), way_rad)
        (left, low), (right, high) = edges.min(axis=(0, 1)), edges.max(axis=(0, 1))
        box = (right - left) * (high - low)
        few, many = (
            math.sqrt(size * DENSER / count) for size, count in ((area.area, LEAST_SAMPLES), (box, MOST_SAMPLES))
        )
        row = max(min(swath_m / a_swath, few), many)
        step = row / DENSER
        rows, columns = int((high - low) / row) + 1, max(int((right - left) / step) + 2, native.LANES)
        ys = low + (np.arange(rows) + 0.5) * row
        offset = (np.arange(rows, dtype=np.float64) * GOLDEN % 1.0).astype(np.float32)
        bare = np.full((rows + 1, columns), OUTSIDE, dtype=np.uint16)
        firsts = np.ceil(np.clip((crossings(edges, ys) - left) / step - offset[:, None], 0.0, columns)).astype(np.intp)
        for counts, ends in zip(bare, firsts.tolist(), strict=False):
            for first, past in zip(ends[::2], ends[1::2], strict=True):
                counts[first:past] = 0
        return Samples(way_rad, bare, offset, float(left), float(ys[0]), row, step, swath_m)

    @property
    def each_m2(self) -> float:
        """Ground that a sample stands for, m^2."""
        return self.row_m * self.step_m

    def counted(self, counts: NDArray[np.uint16]) -> native.CGround:
        """The C view of these samples with their counts in `counts`, which must outlive it, as must this."""
        rows, columns = counts.shape[0] - 1, counts.shape[1]
        unseen = int(np.count_nonzero(counts == 0))
        return native.CGround(
            rows, columns, self.left_m, self.low_m, self.row_m, self.step_m, self.swath_m / 2.0,
            native.floats(self.offset), native.counts(counts), unseen, 0,
        )  # fmt: skip

    def unseen_m2(self, paths: tuple[Floats, ...]) -> float:
        """Ground that no leg of the (n, 2) paths comes within half a swath of, m^2."""
        counts = self.bare.copy()
        ground = self.counted(counts)
        for path in paths:
            native.see(ground, turned(path, self.way_rad))
        return int(ground.unseen) * self.each_m2


@dataclass(frozen=True, slots=True)
class Heat:
    """How a path is annealed: temperatures at start and end, s; work in about nanoseconds; samples a swath;
    `last`: give the last path rather than the best, for stages to follow."""

    hot_s: float
    cold_s: float
    work: int
    a_swath: float
    last: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What a path may miss, m^2, and the price of more, s/m^2; `lanes`: which of its legs, n - 1 flags, are lines that
    may be shifted and lengthened but not turned (None: any leg may become anything)."""

    missed_m2: float
    price_s_m2: float
    lanes: NDArray[np.uint8] | None = None


def aslant(path: Floats, extra_deg: float = 0.0) -> float:
    """A direction, rad, a little off the longest leg of a path."""
    step = np.diff(path, axis=0)
    long = step[int(np.hypot(step[:, 0], step[:, 1]).argmax())]
    return math.atan2(long[1], long[0]) + math.radians(TILT_DEG + extra_deg)


def annealed(
    path: Floats, samples: Samples, room: Floats, pace: Pace, heat: Heat, limits: Limits
) -> tuple[Floats, float]:
    """A path (n, 2) polished, and its flight time, s: infinite when it sees too little. It meets none of the room's
    edges (m, 2, 2). Deterministic."""
    counts = samples.bare.copy()
    ground = samples.counted(counts)
    edges = np.ascontiguousarray(turned(room, samples.way_rad))
    allowed = int(max(limits.missed_m2, 0.0) / samples.each_m2)
    price_s = limits.price_s_m2 * samples.each_m2
    lanes = None if limits.lanes is None else native.flags(limits.lanes)
    task = native.CTask(
        price_s, heat.hot_s, heat.cold_s, samples.swath_m, POINT_S, allowed, heat.work, 1, lanes, heat.last
    )
    pace_c = native.pace_of(pace, samples.way_rad)
    walls = native.CRoom(len(edges), native.doubles(edges))
    found, time_s = native.polish(turned(path, samples.way_rad), ground, walls, pace_c, task)
    return turned(found, -samples.way_rad), time_s if time_s < native.NOT_SEEN_ENOUGH_S else math.inf
