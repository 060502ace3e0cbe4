"""Courses, paths and lands that the airspace tests share."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from core.geo import Floats, LatLon, LocalFrame
from core.terrain import GridTerrain
from flightops.planning.airspace.timed import Course
from flightops.planning.paths.timing import Pace

FRAME = LocalFrame(LatLon(28.9, 120.0))
PACE = Pace(12.0, 3.0, 2.0)
SWEEP_M = 60.0

seeds = st.integers(0, 2**32 - 1)
winds = st.builds(
    lambda way, mps: (float(mps * np.cos(way)), float(mps * np.sin(way))), st.floats(0, 6.3), st.floats(0, 9.59)
)
"""What the air moves by, m/s east and north, up to what a drone of PACE holds its ground against."""


def any_pace(seed: int) -> Pace:
    """A drone of any speed in any wind it holds its ground against."""
    rng = np.random.default_rng(seed)
    speed, way = float(rng.uniform(1.0, 25.0)), float(rng.uniform(0.0, 6.3))
    wind = 0.7999 * speed * float(rng.uniform(0.0, 1.0))
    return Pace(
        speed, float(rng.uniform(0.5, 6.0)), float(rng.uniform(0.0, 5.0)), (wind * np.cos(way), wind * np.sin(way))
    )


def lines(x_m: float, n: int, swath_m: float = 25.0, long_m: float = 400.0, height_m: float = SWEEP_M) -> Floats:
    """An S-pattern of n lines northwards from x_m, (2 n, 3)."""
    up = [(x_m + k * swath_m, y) for k in range(n) for y in ((200.0, 200.0 + long_m)[:: 1 if k % 2 == 0 else -1])]
    return np.column_stack([np.array(up), np.full(len(up), height_m)])


def side_by_side(drones: int, n: int = 6, gap_m: float = 25.0, homes_m: float = 0.0) -> list[Course]:
    """Drones with neighbouring S-patterns of n lines, their homes `homes_m` apart, (0, 0) the first."""
    wide = (n - 1) * 25.0 + gap_m
    return [
        Course.by(f"d{k + 1}", np.array([homes_m * k, 0.0, 0.0]), lines(k * wide - drones * wide / 2, n))
        for k in range(drones)
    ]


def any_path(seed: int) -> Floats:
    """A path (n, 3) of one of three kinds: corners all about, a shaky line, shallow bends."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 30))
    kind = int(rng.integers(3))
    if kind == 0:
        xy = rng.uniform(0, 500, (n, 2))
    elif kind == 1:
        xy = np.cumsum(rng.normal(0, 1, (n, 2)) * rng.choice([0.1, 1.0, 30.0]), axis=0)
    else:
        way = np.cumsum(rng.normal(0, 0.15, n))
        xy = np.cumsum(60 * np.column_stack([np.cos(way), np.sin(way)]), axis=0)
    return np.column_stack([xy, rng.uniform(50, 60, n)])


def any_course(drone: str, rng: np.random.Generator) -> Course:
    """A short course somewhere in a square of 300 m, so that some meet."""
    home = np.array([*rng.uniform(-150, 150, 2), 0.0])
    n = int(rng.integers(2, 6))
    sweep = np.column_stack([rng.uniform(-150, 150, (n, 2)), np.full(n, 30.0)])
    return Course.by(drone, home, sweep)


def hills(seed: int, relief_m: float) -> GridTerrain:
    """Smooth random hills over 1.2 km, `relief_m` from lowest to highest, every 10 m."""
    rng = np.random.default_rng(seed)
    x = np.linspace(0, 1, 121)
    height = np.zeros((121, 121))
    for _ in range(8):
        (a, b), phase = rng.uniform(1, 7, 2), rng.uniform(0, 6.3)
        height += np.sin(2 * np.pi * (a * x[None, :] + b * x[:, None]) + phase)
    height = (height - height.min()) / np.ptp(height) * relief_m
    return GridTerrain(FRAME, -600.0, -600.0, 10.0, height + 100.0)
