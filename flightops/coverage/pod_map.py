"""The POD map: by cell of the area, how likely somebody there would have been found by now. Pure.

It is the grid that the search's POD is the mean of (`seen.py`). Ground that nobody looked at has POD 0, told as such.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from core.geo import Floats
from flightops.planning.area import CheckedArea
from flightops.planning.probability.grid import MOST_CELL_M, Grid, Ground, checked_cells, ground_of

LEAST_CELL_M = 5.0
USUAL_CELLS = 10_000
"""Cells that the area itself is cut into, unless they would be smaller than LEAST_CELL_M."""
MOST_PICTURE_CELLS = 200_000
"""Cells of the rectangle round the area: what a long one that lies aslant is cut into at most."""
SPECK_M2 = 5.0
"""Ground smaller than this is not told of: poses are not better than that."""
OUTSIDE = 101
"""In `PodMap.percents`: a cell with no ground of the area, or with a speck of it."""


@dataclass(frozen=True, slots=True, eq=False)
class PodMap:
    """POD of all sweeps together on the cells of a search area.

    Arrays are (rows, cols), row 0 the southernmost. `inside`: share of a cell that lies in the area; `pod`: mean over
    that ground, 0 to 1, and 0 where there is none.
    """

    grid: Grid
    inside: Floats
    pod: Floats

    def __post_init__(self) -> None:
        for name in ("inside", "pod"):
            object.__setattr__(self, name, checked_cells(f"pod_map.{name}", getattr(self, name), self.grid, 1.0))

    def mean(self) -> float:
        """POD of the whole area: every square metre of it counts the same."""
        return float((self.inside * self.pod).sum() / self.inside.sum())

    def percents(self) -> NDArray[np.uint8]:
        """(rows, cols) POD in percent, rounded down; OUTSIDE where a cell has none of the area or a speck of it. North
        row first, as pictures have it."""
        whole = np.floor(self.pod * 100.0 + 1e-6).astype(np.uint8)
        ground_m2 = self.inside * self.grid.cell_m2
        told = ground_m2 >= min(SPECK_M2, float(ground_m2.max()))
        return np.ascontiguousarray(np.where(told, whole, np.uint8(OUTSIDE))[::-1])

    def fractions(self) -> list[list[float | None]]:
        """POD by cell to four decimals, None where a cell has none of the area; north row first."""
        shown: NDArray[Any] = np.round(self.pod, 4).astype(object)
        shown[self.inside == 0.0] = None
        rows: list[list[float | None]] = shown[::-1].tolist()
        return rows

    def corners(self) -> list[list[float]]:
        """[longitude, latitude] of the outer corners, to 1 cm: north-west, north-east, south-east, south-west."""
        g = self.grid
        east, north = g.west_m + g.cols * g.cell_m, g.south_m + g.rows * g.cell_m
        xy = np.array([[g.west_m, north], [east, north], [east, g.south_m], [g.west_m, g.south_m]])
        places: list[list[float]] = np.round(g.frame.to_lonlat_many(xy), 7).tolist()
        return places

    def mark(self) -> str:
        """Twelve hexadecimal digits that are others when the picture is."""
        return hashlib.sha256(self.percents().tobytes()).hexdigest()[:12]


def ground_for(area: CheckedArea) -> Ground:
    """An area on the cells its POD is worked out on, all of it open: some USUAL_CELLS of LEAST_CELL_M or more."""
    west, south, east, north = shapely.bounds(area.polygon)
    usual = np.sqrt(area.polygon.area / USUAL_CELLS)
    least = np.sqrt((east - west) * (north - south) / MOST_PICTURE_CELLS)
    return ground_of(area, float(np.clip(max(usual, least), LEAST_CELL_M, MOST_CELL_M)))
