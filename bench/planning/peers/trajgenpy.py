"""trajgenpy (boustrophedon cells and sweeps of ETH's polygon_coverage_planning): its cells, swept and strung together.

It orders no cells: they are flown nearest end first from each of the first few, both senses of sweep tried, joined by
straight lines. Of the package only what plans is loaded; its front door also asks for maps of OpenStreetMap.
"""

from __future__ import annotations

import math
import sys
import types
from importlib import import_module
from importlib.util import find_spec

from shapely import MultiPolygon, Polygon

STARTS = 6
Path = list[list[float]]


def plan(rings: list[Path], swath_m: float) -> list[Path]:
    geometries = without_maps()
    holes = MultiPolygon([Polygon(r) for r in rings[1:]]) if rings[1:] else None
    cells = geometries.decompose_polygon(Polygon(rings[0]), holes)
    ways = [sweeps(geometries, cell, swath_m) for cell in cells]
    ways = [w for w in ways if w]
    return [strung(ways, start) for start in range(min(STARTS, len(ways)))]


def without_maps() -> types.ModuleType:
    """trajgenpy.Geometries, past the package's own __init__."""
    stub = types.ModuleType("trajgenpy")
    spec = find_spec("trajgenpy")
    stub.__path__ = list(spec.submodule_search_locations or ()) if spec else []
    sys.modules["trajgenpy"] = stub
    return import_module("trajgenpy.Geometries")


def sweeps(geometries: types.ModuleType, cell: Polygon, swath_m: float) -> list[Path]:
    """The ways to fly a cell: two senses, each from both ends."""
    found = []
    for clockwise in (True, False):
        for line in geometries.generate_sweep_pattern(cell, swath_m, clockwise, connect_sweeps=True):
            path = [list(p) for p in line.coords]
            found += [path, path[::-1]]
    return found


def strung(ways: list[list[Path]], start: int) -> Path:
    """The cells one after the other, the nearest end next."""
    left = list(range(len(ways)))
    left.remove(start)
    path = list(ways[start][0])
    while left:
        _, cell, way = min((math.dist(path[-1], w[0]), c, k) for c in left for k, w in enumerate(ways[c]))
        path += ways[cell][way]
        left.remove(cell)
    return path
