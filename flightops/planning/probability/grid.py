"""Square cells over a search area, and how shapes lie on them.

Arrays over cells are (rows, cols): row 0 is the southernmost, column 0 the westernmost. Metres are those of the grid's
own `LocalFrame`: x east, y north.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
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
        rows, cols = np.nonzero(chosen)
        west, south = self.west_m + cols * self.cell_m, self.south_m + rows * self.cell_m
        east, north = self.west_m + (cols + 1) * self.cell_m, self.south_m + (rows + 1) * self.cell_m
        return shapely.union_all(shapely.box(west, south, east, north))


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
    return shapely.multipolygons([p for p in parts(shape) if p.area > 0])


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


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """Places at which shapes are judged: FINE x FINE a cell, the centres of `grid`'s cells.

    `weight` (FINE rows, FINE cols): what share of its cell's ground a place stands for; a cell with ground sums to 1.
    """

    grid: Grid
    weight: Floats

    @staticmethod
    def of(ground: Ground) -> Lattice:
        """The lattice of a ground; a cell whose ground falls between its places is judged at all of them."""
        fine = ground.grid.finer(FINE)
        everywhere = (slice(0, fine.rows), slice(0, fine.cols))
        shapely.prepare(ground.polygon)
        counted = shapely.contains_xy(ground.polygon, *fine.centres(everywhere)).astype(np.float64)
        has = np.repeat(np.repeat(ground.inside > 0.0, FINE, axis=0), FINE, axis=1)
        counted *= has
        held = to_cells(counted)
        counted[has & (to_places(held) == 0.0)] = 1.0
        weight = counted / np.maximum(to_places(to_cells(counted)), 1.0)
        weight.setflags(write=False)
        return Lattice(fine, weight)

    def within(self, shape: Any) -> tuple[Window, NDArray[np.bool_]]:
        """The window a shape touches and which of its places lie in the shape."""
        if shape.is_empty:
            return (slice(0, 0), slice(0, 0)), np.zeros((0, 0), dtype=np.bool_)
        window = self.grid.window(shape.bounds)
        shapely.prepare(shape)
        return window, shapely.contains_xy(shape, *self.grid.centres(window))


def to_places(cells: Floats) -> Floats:
    """(rows, cols) -> (FINE rows, FINE cols): each cell's value at all its places."""
    return np.repeat(np.repeat(cells, FINE, axis=0), FINE, axis=1)


def to_cells(places: Floats) -> Floats:
    """(FINE rows, FINE cols) -> (rows, cols): the sum over each cell's places."""
    rows, cols = places.shape
    summed: Floats = places.reshape(rows // FINE, FINE, cols // FINE, FINE).sum(axis=(1, 3))
    return summed
