"""Ground height as a port, with two adapters: flat ground and a regular grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from core.errors import Malformed
from core.geo import Floats, LatLon, LocalFrame
from core.units import MetresAmsl, finite, positive


class Terrain(Protocol):
    """Height of bare ground."""

    def height_amsl_m(self, place: LatLon) -> MetresAmsl | None:
        """Ground height at a place; None where the model knows nothing."""
        ...

    def heights_amsl_m(self, lonlat: Floats) -> Floats:
        """(n, 2) longitude, latitude -> (n,) ground heights, m AMSL; NaN where unknown."""
        ...

    @property
    def sigma_m(self) -> float:
        """Standard error of the heights, m."""
        ...


@dataclass(frozen=True, slots=True)
class FlatTerrain:
    """The same height everywhere."""

    level_amsl_m: MetresAmsl
    sigma_m: float = 10.0

    def __post_init__(self) -> None:
        finite("level_amsl_m", self.level_amsl_m)
        positive("sigma_m", self.sigma_m)

    def height_amsl_m(self, place: LatLon) -> MetresAmsl | None:
        return self.level_amsl_m

    def heights_amsl_m(self, lonlat: Floats) -> Floats:
        return np.full(len(lonlat), self.level_amsl_m, dtype=np.float64)


@dataclass(frozen=True)
class GridTerrain:
    """Heights on a regular grid in a local frame, interpolated bilinearly.

    `heights` (rows, columns), m AMSL, row 0 southernmost; its [0, 0] lies at (west_m, south_m) of `frame`.
    NaN marks unknown cells. Raises Malformed for a grid under 2 x 2.
    """

    frame: LocalFrame
    west_m: float
    south_m: float
    step_m: float
    heights: Floats
    sigma_m: float = 3.0

    def __post_init__(self) -> None:
        positive("terrain.step_m", self.step_m)
        if self.heights.ndim != 2 or min(self.heights.shape) < 2:
            raise Malformed("terrain.heights", f"shape {self.heights.shape}", "at least 2 x 2")

    def heights_xy(self, xy: Floats) -> Floats:
        """(n, 2) x, y in `frame` -> (n,) heights, m AMSL; NaN outside."""
        col = (xy[:, 0] - self.west_m) / self.step_m
        row = (xy[:, 1] - self.south_m) / self.step_m
        rows, cols = self.heights.shape
        inside = (col >= 0) & (row >= 0) & (col <= cols - 1) & (row <= rows - 1)
        c0 = np.clip(np.nan_to_num(col).astype(np.intp), 0, cols - 2)
        r0 = np.clip(np.nan_to_num(row).astype(np.intp), 0, rows - 2)
        fc, fr = col - c0, row - r0
        h = self.heights
        south = h[r0, c0] * (1 - fc) + h[r0, c0 + 1] * fc
        north = h[r0 + 1, c0] * (1 - fc) + h[r0 + 1, c0 + 1] * fc
        return np.where(inside, south * (1 - fr) + north * fr, np.nan)

    def height_amsl_m(self, place: LatLon) -> MetresAmsl | None:
        value = float(self.heights_xy(np.array([self.frame.to_xy(place)]))[0])
        return None if np.isnan(value) else MetresAmsl(value)

    def heights_amsl_m(self, lonlat: Floats) -> Floats:
        return self.heights_xy(self.frame.to_xy_many(lonlat))
