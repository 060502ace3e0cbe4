"""Rasters that the thermal renderer samples: ground temperature, and foliage at some heights above ground.

A raster's [row, column] lies at x = west + column * step, y = south + row * step. Temperatures are kept as grey
levels of the range the camera is set to: from BELOW_C under to ABOVE_C over the air's temperature.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from core.geo import Floats
from core.io.runtime import seeded_rng
from sitl.world.land import HALF_M, noise
from sitl.world.world import World

Bytes = NDArray[np.uint8]

BELOW_C, ABOVE_C = 8.0, 28.0
GROUND_STEP_M = 1.0
FOLIAGE_STEP_M = 0.5
LAYERS_M = (3.5, 6.0, 8.5, 11.0, 14.0)
"""Heights above ground at which foliage is sampled; crowns reach from 2.4 to 18 m."""
HOLES = 0.22
"""Share of a crown that lets a ray through, in one layer."""


def grey(temperature_c: float | Floats, air_c: float) -> Floats:
    """Grey levels (0 to 255, not rounded) of temperatures, for a camera set for that air temperature, deg C."""
    levels = (np.asarray(temperature_c, dtype=np.float64) - air_c + BELOW_C) * 255.0 / (BELOW_C + ABOVE_C)
    return np.clip(levels, 0, 255)


@dataclass(frozen=True)
class Raster:
    """One raster and where it lies, m."""

    west_m: float
    south_m: float
    step_m: float
    values: Bytes


@dataclass(frozen=True)
class Heat:
    """`foliage[k]`: 255 where leaves stand at LAYERS_M[k], 0 where a ray passes."""

    ground: Raster
    foliage: tuple[Raster, ...]
    foliage_grey: tuple[float, ...]


def make_heat(world: World) -> Heat:
    """All rasters of a world (some 25 MB); the same world gives the same bytes."""
    rng = seeded_rng(world.seed + 7919)
    air = world.spec.ambient_c
    tops = tuple(float(grey(air + 0.9 - 0.45 * k, air)) for k in range(len(LAYERS_M)))
    return Heat(_ground(world, rng), _foliage(world, rng), tops)


def canopy_cover(world: World, step_m: float = 0.5) -> float:
    """Share of the search area that crowns hide from straight above."""
    low, high = world.area.min(axis=0), world.area.max(axis=0)
    shape = tuple(int(n) for n in np.ceil((high - low) / step_m)[::-1])
    crowns, inside = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    _fill(inside, world.area, low, step_m, 1)
    _discs(crowns, world.trees.foot, world.trees.radius_m, low, step_m)
    return float((crowns[inside > 0] > 0).mean())


def _ground(world: World, rng: np.random.Generator) -> Raster:
    n = int(2 * HALF_M / GROUND_STEP_M) + 1
    air, low = world.spec.ambient_c, np.array([-HALF_M, -HALF_M])
    base = np.full((n, n), air - 2.0, np.float64)
    wood = np.zeros((n, n), np.uint8)
    _fill(wood, world.forest, low, GROUND_STEP_M, 1)
    base[wood > 0] = air - 0.5
    paint = base.astype(np.float32)
    for road in world.roads:
        warm = air + (3.0 if road.kind == "road" else 0.0)
        line = np.round((road.points - low) / GROUND_STEP_M * 16).astype(np.int32)
        cv2.polylines(paint, [line], False, warm, max(1, round(road.width_m)), cv2.LINE_AA, 4)
    for k, house in enumerate(world.houses):
        _fill(paint, house, low, GROUND_STEP_M, air + 1.0 + 3.0 * ((k * 37) % 10) / 10)
    rough = 0.9 * noise((n, n), 40, rng) + 0.7 * noise((n, n), 8, rng) + 0.35 * noise((n, n), 2, rng)
    made = np.round(grey(paint + rough, air)).astype(np.uint8)
    return Raster(-HALF_M, -HALF_M, GROUND_STEP_M, made)


def _foliage(world: World, rng: np.random.Generator) -> tuple[Raster, ...]:
    trees = world.trees
    low = world.forest.min(axis=0) - 10.0
    span = world.forest.max(axis=0) + 10.0 - low
    shape = tuple(int(n) for n in np.ceil(span / FOLIAGE_STEP_M)[::-1])
    layers = []
    for height in LAYERS_M:
        middle, half = (trees.base_m + trees.top_m) / 2, (trees.top_m - trees.base_m) / 2
        inside = np.clip(1.0 - ((height - middle) / half) ** 2, 0.0, None)
        mask = np.zeros(shape, np.uint8)
        _discs(mask, trees.foot, trees.radius_m * np.sqrt(inside), low, FOLIAGE_STEP_M)
        mask[rng.uniform(0, 1, shape) < HOLES] = 0
        layers.append(Raster(float(low[0]), float(low[1]), FOLIAGE_STEP_M, mask * np.uint8(255)))
    return tuple(layers)


def _discs(mask: Bytes, foot: Floats, radius_m: Floats, low: Floats, step_m: float) -> None:
    centres = np.round((foot - low) / step_m * 16).astype(int)
    for (x, y), r in zip(centres.tolist(), radius_m.tolist(), strict=True):
        if r > 0.2:
            cv2.circle(mask, (x, y), round(max(r / step_m - 0.4, 0.0) * 16), 1, -1, cv2.LINE_8, 4)


def _fill(
    mask: NDArray[np.uint8] | NDArray[np.float32], ring: Floats, low: Floats, step_m: float, value: float
) -> None:
    cv2.fillPoly(mask, [np.round((ring - low) / step_m * 16).astype(np.int32)], value, cv2.LINE_8, 4)
