"""The lie of the land: fractal heights, the search area's outline, and trees."""

from __future__ import annotations

import cv2
import numpy as np

from core.geo import Floats, LatLon, LocalFrame
from core.terrain import GridTerrain
from sitl.world.spec import Trees, ring_area_m2

HALF_M = 1500.0
STEP_M = 10.0
VALLEY_Y = -250.0
SLOPE = 0.2
FOREST_MARGIN_M = 120.0
CROWN_M = (1.5, 4.0)
TOP_M = (8.0, 18.0)


def noise(shape: tuple[int, int], cell: float, rng: np.random.Generator) -> Floats:
    """Smooth noise, zero mean, unit deviation: white noise on a grid `cell` samples wide, enlarged bicubically."""
    rows, cols = (int(np.ceil(n / cell)) + 3 for n in shape)
    small = rng.standard_normal((rows, cols)).astype(np.float32)
    size = (int(cols * cell), int(rows * cell))
    big = cv2.resize(small, size, interpolation=cv2.INTER_CUBIC)[: shape[0], : shape[1]].astype(np.float64)
    made: Floats = (big - big.mean()) / max(float(big.std()), 1e-9)
    return made


def make_terrain(origin: LatLon, rng: np.random.Generator) -> GridTerrain:
    """A valley floor in the south and a wooded slope of about 20 % in the north, with spurs and gullies."""
    n = int(2 * HALF_M / STEP_M) + 1
    y = (-HALF_M + STEP_M * np.arange(n))[:, None] * np.ones((1, n))
    rise = 90.0 * np.logaddexp(0.0, (y - VALLEY_Y) / 90.0) * SLOPE
    rough = 9.0 * noise((n, n), 60, rng) + 3.0 * noise((n, n), 20, rng) + 0.6 * noise((n, n), 6, rng)
    upland = 1.0 / (1.0 + np.exp(-(y - VALLEY_Y) / 150.0))
    heights = 130.0 + rise + rough * (0.15 + upland)
    return GridTerrain(LocalFrame(origin), -HALF_M, -HALF_M, STEP_M, heights, sigma_m=1.0)


def make_area(centre: tuple[float, float], area_m2: float, rng: np.random.Generator) -> Floats:
    """An irregular ring (n, 2) of that area: a lying oval with smooth dents."""
    turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    phases = rng.uniform(0, 2 * np.pi, 3)
    dents = sum(0.07 * np.cos((k + 2) * turn + phases[k]) for k in range(3))
    ring = np.column_stack([1.45 * np.cos(turn), np.sin(turn)]) * (1.0 + dents)[:, None]
    ring *= np.sqrt(area_m2 / ring_area_m2(ring))
    made: Floats = np.round(ring + np.array(centre), 1)
    return made


def forest_outline(area: Floats) -> Floats:
    """The wood around the search area, FOREST_MARGIN_M wider on every side."""
    middle = area.mean(axis=0)
    away = area - middle
    length = np.linalg.norm(away, axis=1, keepdims=True)
    made: Floats = middle + away * (1.0 + FOREST_MARGIN_M / length)
    return made


def make_trees(outline: Floats, canopy: float, rng: np.random.Generator) -> Trees:
    """Trees at random (a Boolean model): so many that crowns hide `canopy` of the ground from straight above."""
    low, high = outline.min(axis=0), outline.max(axis=0)
    span = high - low
    mean_r2 = (CROWN_M[1] ** 3 - CROWN_M[0] ** 3) / (3 * (CROWN_M[1] - CROWN_M[0]))
    per_m2 = -np.log(1.0 - canopy) / (np.pi * mean_r2)
    n = int(rng.poisson(per_m2 * span[0] * span[1]))
    foot = low + rng.uniform(0, 1, (n, 2)) * span
    closed = outline.astype(np.float32).reshape(-1, 1, 2)
    keep = np.array([cv2.pointPolygonTest(closed, (float(x), float(y)), False) >= 0 for x, y in foot], dtype=bool)
    foot = foot[keep]
    radius = rng.uniform(*CROWN_M, len(foot))
    share = (radius - CROWN_M[0]) / (CROWN_M[1] - CROWN_M[0])
    top = np.clip(TOP_M[0] + (TOP_M[1] - TOP_M[0]) * share + rng.normal(0, 1.2, len(foot)), *TOP_M)
    return Trees(foot, radius, top * rng.uniform(0.3, 0.45, len(foot)), top)
