"""Square cells over a search area, and how shapes lie on them.

Arrays over cells are (rows, cols): row 0 is the southernmost, column 0 the westernmost. Metres are those of the grid's
own `LocalFrame`: x east, y north.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from core.errors import Malformed
from core.geo import Floats, LocalFrame
from core.units import finite, within
from flightops.planning.area import CheckedArea

MOST_CELLS = 250_000
USUAL_CELLS = 40_000
LEAST_CELL_M = 1.0
USUAL_LEAST_CELL_M = 10.0
MOST_CELL_M = 5_000.0
FINE = 4
"""Samples a side of a cell: a shape's edge within a cell is judged at FINE x FINE places."""
ASIDE = (1.1e-5, 1.7e-5)
"""Places are judged so many cells beside themselves: of two strips that meet in a row of places, one has it."""
NOTHING = 1e-9
"""A cell with a smaller share of ground than this has none."""

AT_ONCE = 100
"""Cells that a small piece of a shape is cut with in one go."""

Window = tuple[slice, slice]


@dataclass(frozen=True, slots=True)
class Grid:
    """`rows` x `cols` square cells of `cell_m`; `west_m`, `south_m` is the outer corner of cell (0, 0) in `frame`."""

    frame: LocalFrame
    west_m: float
    south_m: float
    cell_m: float
    rows: int
    cols: int

    def __post_init__(self) -> None:
        finite("grid.west_m", self.west_m)
        finite("grid.south_m", self.south_m)
        within("grid.cell_m", self.cell_m, LEAST_CELL_M / FINE, MOST_CELL_M)
        if self.rows < 1 or self.cols < 1:
            raise Malformed("grid", f"{self.rows} x {self.cols} cells", "a grid has at least one row and one column")
        if self.rows * self.cols > MOST_CELLS * FINE**2:
            raise Malformed("grid", f"{self.rows} x {self.cols} cells are too many", "take larger cells")

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, cols)."""
        return self.rows, self.cols

    @property
    def cell_m2(self) -> float:
        """Area of a cell, m^2."""
        return self.cell_m**2

    def finer(self, times: int) -> Grid:
        """The same ground in cells `times` smaller a side."""
        return Grid(self.frame, self.west_m, self.south_m, self.cell_m / times, self.rows * times, self.cols * times)

    def window(self, bounds: tuple[float, float, float, float]) -> Window:
        """Slices of the rows and columns that touch `bounds` (west, south, east, north, m); may be empty."""
        low = np.floor((np.array([bounds[1], bounds[0]]) - (self.south_m, self.west_m)) / self.cell_m)
        high = np.ceil((np.array([bounds[3], bounds[2]]) - (self.south_m, self.west_m)) / self.cell_m)
        start = np.clip(low, 0, self.shape).astype(int)
        stop = np.maximum(np.clip(high, 0, self.shape).astype(int), start)
        return slice(int(start[0]), int(stop[0])), slice(int(start[1]), int(stop[1]))

    def centres(self, window: Window) -> tuple[Floats, Floats]:
        """x and y, m, of the centres of the cells in a window, each in its shape."""
        y = self.south_m + (np.arange(self.rows)[window[0]] + 0.5) * self.cell_m
        x = self.west_m + (np.arange(self.cols)[window[1]] + 0.5) * self.cell_m
        east, north = np.meshgrid(x, y)
        return east, north

    def boxes(self, window: Window) -> NDArray[np.object_]:
        """The cells of a window as polygons, in its shape."""
        x, y = self.centres(window)
        half = self.cell_m / 2.0
        found: NDArray[np.object_] = shapely.box(x - half, y - half, x + half, y + half)
        return found

    def block(self, window: Window) -> Polygon:
        """The rectangle of a window's cells."""
        rows, cols = window
        return shapely.box(
            self.west_m + cols.start * self.cell_m,
            self.south_m + rows.start * self.cell_m,
            self.west_m + cols.stop * self.cell_m,
            self.south_m + rows.stop * self.cell_m,
        )

    def merged(self, chosen: NDArray[np.bool_]) -> Any:
        """The chosen cells (rows, cols) as one geometry: a Polygon, a MultiPolygon, or empty."""
        edges = np.diff(np.pad(chosen, ((0, 0), (1, 1))).astype(np.int8), axis=1)
        (rows, starts), (_, stops) = np.nonzero(edges == 1), np.nonzero(edges == -1)
        south, north = (self.south_m + (rows + k) * self.cell_m for k in (0, 1))
        return shapely.union_all(
            shapely.box(self.west_m + starts * self.cell_m, south, self.west_m + stops * self.cell_m, north)
        )


def areas_m2(shape: Any, grid: Grid) -> Floats:
    """(rows, cols) m^2 of each cell that lies in a polygonal shape; exact, and quick for outlines of many corners.

    The grid is halved again and again; a half that is full or empty is not looked into.
    """
    found = np.zeros(grid.shape)
    if shape.is_empty:
        return found
    todo = [(polygonal(shape), grid.window(shape.bounds))]
    while todo:
        whole, window = todo.pop()
        rows, cols = window
        tall, wide = rows.stop - rows.start, cols.stop - cols.start
        if tall == 0 or wide == 0:
            continue
        piece = polygonal(shapely.intersection(whole, grid.block(window)))
        if piece.area >= tall * wide * grid.cell_m2 * (1.0 - 1e-12):
            found[window] = grid.cell_m2
        elif tall * wide <= AT_ONCE:
            found[window] = shapely.area(shapely.intersection(piece, grid.boxes(window)))
        elif piece.area > 0.0:
            todo += [(piece, half) for half in _halves(window)]
    return found


def _halves(window: Window) -> tuple[Window, Window]:
    rows, cols = window
    if rows.stop - rows.start >= cols.stop - cols.start:
        middle = (rows.start + rows.stop) // 2
        return (slice(rows.start, middle), cols), (slice(middle, rows.stop), cols)
    middle = (cols.start + cols.stop) // 2
    return (rows, slice(cols.start, middle)), (rows, slice(middle, cols.stop))


def polygonal(shape: Any) -> Any:
    """The shape without the points and lines that an overlay may leave beside its polygons."""
    if shape.geom_type != "GeometryCollection":
        return shape
    return shapely.MultiPolygon([p for p in parts(shape) if p.area > 0])


def parts(shape: Any) -> list[Polygon]:
    """The polygons of a geometry; points and lines are dropped."""
    return [
        p for g in shapely.get_parts(shape) for p in shapely.get_parts(g) if isinstance(p, Polygon) and not p.is_empty
    ]


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """A search area on a grid. `polygon`: the area in metres of the grid's frame, no-fly zones as holes.

    `inside` (rows, cols): share of each cell that lies in the area. `visible` (rows, cols): share of that ground a
    camera above sees through the canopy, 1 in the open. Both 0 to 1.
    """

    grid: Grid
    polygon: Polygon
    inside: Floats
    visible: Floats

    def __post_init__(self) -> None:
        for name in ("inside", "visible"):
            object.__setattr__(self, name, checked_cells(f"ground.{name}", getattr(self, name), self.grid, 1.0))
        if not self.inside.any():
            raise Malformed("ground", "no cell lies in the search area", "let the grid cover the area")


def checked_cells(field: str, values: Floats, grid: Grid, most: float) -> Floats:
    """A read-only copy (rows, cols) of values 0 to `most`. Raises Malformed."""
    array = np.array(values, dtype=np.float64)
    if array.shape != grid.shape:
        raise Malformed(field, f"shape {array.shape} on a grid of {grid.shape}", "give one value a cell")
    if not ((array >= -1e-12) & (array <= most + 1e-9)).all():
        raise Malformed(field, "a value is not a number or out of range", f"give 0 to {most:g}")
    np.clip(array, 0.0, most, out=array)
    array.setflags(write=False)
    return array


def ground_of(area: CheckedArea, cell_m: float | None = None) -> Ground:
    """The area on a grid in its own frame, all of it open. `cell_m` None: some USUAL_CELLS cells of 10 m or more."""
    west, south, east, north = area.polygon.bounds
    usual = max(math.sqrt((east - west) * (north - south) / USUAL_CELLS), USUAL_LEAST_CELL_M)
    cell = within("cell_m", usual if cell_m is None else cell_m, LEAST_CELL_M, MOST_CELL_M)
    rows, cols = math.ceil((north - south) / cell), math.ceil((east - west) / cell)
    return ground_on(_sized(area, west, south, cell, (rows, cols)), area.polygon)


def _sized(area: CheckedArea, west: float, south: float, cell: float, shape: tuple[int, int]) -> Grid:
    rows, cols = max(shape[0], 1), max(shape[1], 1)
    if rows * cols > MOST_CELLS:
        raise Malformed("cell_m", f"{cell:g} m makes {rows * cols} cells", f"stay under {MOST_CELLS} cells")
    return Grid(area.frame, west, south, cell, rows, cols)


def ground_on(grid: Grid, polygon: Polygon) -> Ground:
    """The polygon (metres of the grid's frame) on a grid that is given, all of it open."""
    inside = np.minimum(areas_m2(polygon, grid) / grid.cell_m2, 1.0)
    return Ground(grid, polygon, np.where(inside < NOTHING, 0.0, inside), np.ones(grid.shape))


def grown_over(ground: Ground, covers: Sequence[tuple[Any, float]]) -> Ground:
    """The ground with land cover: polygonal shapes (metres of the grid's frame) that do not overlap, each with the
    share (0 to 1) seen through what grows there (`sweep_width.seen_through`). Elsewhere it stays as it was."""
    held_m2 = ground.inside * ground.grid.cell_m2
    visible = ground.visible.copy()
    for i, (shape, share) in enumerate(covers):
        within(f"covers[{i}].share", share, 0.0, 1.0)
        here = areas_m2(shapely.intersection(shape, ground.polygon), ground.grid)
        part = np.divide(here, held_m2, out=np.zeros(held_m2.shape), where=held_m2 > 0.0)
        visible -= np.minimum(part, 1.0) * (ground.visible - share)
    return replace(ground, visible=np.clip(visible, 0.0, 1.0))


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """Places at which shapes are judged: FINE x FINE a cell of `grid`, spread evenly over it; those of a cell whose
    ground falls between them all lie in that ground.

    Arrays are (FINE rows, FINE cols). `x_m`, `y_m`: metres of the grid's frame; `weight`: what share of its cell's
    ground a place stands for, a cell with ground sums to 1; `visible`: that of the ground.
    """

    grid: Grid
    x_m: Floats
    y_m: Floats
    weight: Floats
    visible: Floats

    @staticmethod
    def of(ground: Ground) -> Lattice:
        """The lattice of a ground."""
        fine = ground.grid.finer(FINE)
        x, y = fine.centres((slice(0, fine.rows), slice(0, fine.cols)))
        x, y = x + ASIDE[0] * fine.cell_m, y + ASIDE[1] * fine.cell_m
        shapely.prepare(ground.polygon)
        counted = shapely.contains_xy(ground.polygon, x, y).astype(np.float64)
        counted *= to_places(ground.inside) > 0.0
        for row, col in np.argwhere((ground.inside > 0.0) & (to_cells(counted) == 0.0)):
            here = (slice(row * FINE, (row + 1) * FINE), slice(col * FINE, (col + 1) * FINE))
            x[here], y[here] = _amid(ground, int(row), int(col))
            counted[here] = 1.0
        weight = counted / np.maximum(to_places(to_cells(counted)), 1.0)
        return Lattice(ground.grid, x, y, weight, to_places(ground.visible))

    def within(self, shape: Any) -> tuple[Window, NDArray[np.bool_]]:
        """The window of places a shape touches and which of them lie in it."""
        if shape.is_empty:
            return (slice(0, 0), slice(0, 0)), np.zeros((0, 0), dtype=np.bool_)
        rows, cols = self.grid.window(shape.bounds)
        window = slice(rows.start * FINE, rows.stop * FINE), slice(cols.start * FINE, cols.stop * FINE)
        shapely.prepare(shape)
        return window, shapely.contains_xy(shape, self.x_m[window], self.y_m[window])


def _amid(ground: Ground, row: int, col: int) -> tuple[float, float]:
    """A place in the ground of a cell."""
    cell = ground.grid.block((slice(row, row + 1), slice(col, col + 1)))
    piece = shapely.clip_by_rect(ground.polygon, *cell.bounds)
    point = cell.centroid if piece.is_empty else piece.representative_point()
    return float(point.x), float(point.y)


def to_places(cells: Floats) -> Floats:
    """(rows, cols) -> (FINE rows, FINE cols): each cell's value at all its places."""
    return np.repeat(np.repeat(cells, FINE, axis=0), FINE, axis=1)


def to_cells(places: Floats) -> Floats:
    """(FINE rows, FINE cols) -> (rows, cols): the sum over each cell's places."""
    rows, cols = places.shape
    summed: Floats = places.reshape(rows // FINE, FINE, cols // FINE, FINE).sum(axis=(1, 3))
    return summed
