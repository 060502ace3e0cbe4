"""What people built: roads and tracks, houses, and the compound Hillside Court."""

from __future__ import annotations

import numpy as np

from core.geo import Floats
from sitl.world.spec import Compound, Road

MAIN_Y = -420.0
FOREST_ROAD_Y = 0.0
COMPOUND = (360.0, -640.0)
TRACK_MPS = 5.0
"""What a motorcycle makes of a forest track."""


def make_roads(area: Floats) -> tuple[Road, ...]:
    """A main road along the valley, side streets, a forest road below the search area, and tracks up to and past it."""
    roads = [Road("road", "Valley Road", _bent(-1400, 1400, MAIN_Y, 18), 7.0, 13.9)]
    for k, x in enumerate((-600.0, -150.0, 150.0, 560.0)):
        street = np.array([[x, _main_y(x)], [x, MAIN_Y - 160], [x, MAIN_Y - 420]])
        roads.append(Road("road", f"Street {k + 1}", street, 5.0, 8.3))
    cross = np.array([[-600.0, MAIN_Y - 420], [-150, MAIN_Y - 420], [150, MAIN_Y - 420], [560, MAIN_Y - 420]])
    roads.append(Road("road", "Mill Street", cross, 5.0, 8.3))
    climb = [[-600.0, _main_y(-600.0)], [-640, -300], [-560, -180], [-620, -70], [-520, FOREST_ROAD_Y]]
    level = [[x, FOREST_ROAD_Y + 12 * np.sin(x / 150)] for x in (-300.0, -150.0, 0.0, 150.0, 300.0, 560.0)]
    roads.append(Road("road", "Forest Road", np.array(climb + level), 4.0, 8.3))
    descent = np.array([level[-1], [620.0, -120.0], [560.0, -300.0], [560.0, _main_y(560.0)]])
    roads.append(Road("road", "Quarry Lane", descent, 4.0, 8.3))
    west, east = area[:, 0].min() - 60, area[:, 0].max() + 60
    middle, south = area[:, 1].mean(), area[:, 1].min()
    roads.append(_track("Ridge Track", [level[1], [west, south], [west - 20, middle], [west + 60, middle + 260]]))
    roads.append(_track("Spring Track", [level[4], [east - 90, south - 30], [east, middle], [east - 40, middle + 240]]))
    bend = area[:, 0].mean()
    through = [level[2], [bend - 15, south - 60], [bend + 20, south + 60], [bend - 25, middle], [bend, middle + 240]]
    roads.append(_track("Charcoal Track", through))
    return tuple(roads)


def make_houses(rng: np.random.Generator) -> tuple[Floats, ...]:
    """Outlines (4, 2) of houses along the streets."""
    houses = []
    for x in np.arange(-560.0, 540.0, 42.0):
        for y in (MAIN_Y - 60, MAIN_Y - 110, MAIN_Y - 300, MAIN_Y - 360):
            near_compound = abs(x - COMPOUND[0]) < 130 and abs(y - COMPOUND[1]) < 100
            near_street = min(abs(x - s) for s in (-600.0, -150.0, 150.0, 560.0)) < 20
            if near_compound or near_street or rng.uniform() < 0.25:
                continue
            houses.append(_box(x + rng.uniform(-4, 4), y + rng.uniform(-5, 5), *rng.uniform(9, 16, 2)))
    return tuple(houses)


def make_compound() -> tuple[Compound, tuple[Floats, ...]]:
    """Hillside Court: outline, cameras, sensors; and its blocks' outlines."""
    cx, cy = COMPOUND
    outline = _box(cx, cy, 180.0, 120.0)
    cameras = (
        ("gate-south", "South gate 南门", cx, cy - 58, 180.0, 80.0, 60.0),
        ("gate-north", "North gate 北门", cx, cy + 58, 0.0, 80.0, 60.0),
        ("high-point", "High-point camera 鹰眼", cx - 85, cy + 55, 125.0, 60.0, 220.0),
        ("court", "Court 中庭", cx + 20, cy, 270.0, 90.0, 70.0),
    )
    sensors = (
        ("smoke-3-2", "Block 3, stair 2 3 幢 2 单元烟感", "smoke", cx + 55, cy + 28),
        ("gas-1-1", "Block 1, stair 1 1 幢 1 单元气感", "gas", cx - 55, cy + 28),
        ("charger-1", "Charging shed 充电棚", "charger_heat", cx + 78, cy - 45),
        ("fence-west", "West fence 西侧周界", "perimeter", cx - 89, cy),
    )
    blocks = tuple(_box(cx + dx, cy + dy, 44, 14) for dx in (-55, 0, 55) for dy in (28, -28))
    return Compound(outline, cameras, sensors), blocks


def _main_y(x: float) -> float:
    return float(MAIN_Y + 18 * np.sin(x / 210))


def _bent(start: float, end: float, y: float, swing: float) -> Floats:
    xs = np.unique(np.concatenate([np.arange(start, end + 1, 70.0), [-600.0, -150.0, 150.0, 560.0]]))
    return np.column_stack([xs, y + swing * np.sin(xs / 210)])


def _track(name: str, points: list[list[float]]) -> Road:
    return Road("track", name, np.array(points, dtype=np.float64), 2.5, TRACK_MPS)


def _box(x: float, y: float, width: float, depth: float) -> Floats:
    return np.array([[x - width / 2, y - depth / 2], [x + width / 2, y - depth / 2],
                     [x + width / 2, y + depth / 2], [x - width / 2, y + depth / 2]])  # fmt: skip
