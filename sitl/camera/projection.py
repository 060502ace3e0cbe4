"""From camera to world, for the renderer alone: the geolocator has its own (DESIGN rule 15).

World axes x east, y north, z up (AMSL), m. Camera axes x right, y down, z along the optical axis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from core.camera import Camera, Pose
from core.geo import Floats
from core.terrain import GridTerrain

NODES_U, NODES_V = 21, 17
ROUNDS = 12
SKY_M = 1e7
"""Where rays that never meet the ground are said to meet it: outside every raster."""
LOWEST_DIP = 0.05
"""Rays that dip less (sine of the angle below the horizon) see sky."""
Singles = NDArray[np.float32]


def axes(pose: Pose) -> Floats:
    """(3, 3): rows are the camera's right, down and forward axes in world axes."""
    h, p, r = (math.radians(a) for a in (pose.heading_deg, pose.pitch_deg, pose.roll_deg))
    forward = np.array([math.sin(h) * math.cos(p), math.cos(h) * math.cos(p), math.sin(p)])
    level = np.array([math.cos(h), -math.sin(h), 0.0])
    below = np.cross(forward, level)
    right = level * math.cos(r) + below * math.sin(r)
    return np.stack([right, below * math.cos(r) - level * math.sin(r), forward])


@dataclass(frozen=True)
class View:
    """One camera at one moment: eye (3,) m, axes (3, 3)."""

    camera: Camera
    eye: Floats
    axes: Floats

    def to_pixels(self, points: Floats) -> tuple[Floats, Floats]:
        """(n, 3) world points -> (n, 2) pixels and (n,) depth along the optical axis, m (not above 0: behind)."""
        local = (points - self.eye) @ self.axes.T
        depth = local[:, 2]
        safe = np.where(depth > 0.1, depth, np.nan)[:, None]
        middle = np.array([(self.camera.width_px - 1) / 2, (self.camera.height_px - 1) / 2])
        return middle + self.camera.focal_px * local[:, :2] / safe, depth

    def nodes_on(self, surface: Surface, above_m: float, near: Floats | None = None) -> Floats:
        """(NODES_V, NODES_U, 2) world x, y where the node rays meet the surface above_m over ground; SKY_M: sky.

        `near`: the nodes of a surface a few metres lower; from there two rounds are enough.
        """
        rays = _node_rays(self.camera) @ self.axes
        dip = -rays[:, 2]
        seen = dip > LOWEST_DIP
        run = rays[:, :2] / np.where(seen, dip, 1.0)[:, None]
        steep = float(np.abs(run[seen]).max(initial=0.0)) > 1.5
        spot = np.repeat(self.eye[None, :2], len(rays), axis=0) if near is None else near.reshape(-1, 2)
        level = surface.heights(spot) + above_m
        for _ in range(ROUNDS if near is None else 2):
            spot = self.eye[:2] + run * (self.eye[2] - level)[:, None]
            fresh = surface.heights(spot) + above_m
            if np.abs(fresh - level).max() < 0.02:
                break
            level = 0.5 * (level + fresh) if steep else fresh
        spot[~seen] = SKY_M
        return spot.reshape(NODES_V, NODES_U, 2)


@dataclass(frozen=True)
class Surface:
    """Terrain for many quick look-ups: outside the grid its edge goes on."""

    terrain: GridTerrain

    def heights(self, xy: Floats) -> Floats:
        """(n, 2) world x, y -> (n,) m AMSL."""
        t = self.terrain
        rows, cols = t.heights.shape
        col = np.fmin(np.fmax((xy[:, 0] - t.west_m) / t.step_m, 0.0), cols - 1.001)
        row = np.fmin(np.fmax((xy[:, 1] - t.south_m) / t.step_m, 0.0), rows - 1.001)
        c, r = col.astype(np.intp), row.astype(np.intp)
        fc, fr = col - c, row - r
        h = t.heights
        south = h[r, c] * (1 - fc) + h[r, c + 1] * fc
        north = h[r + 1, c] * (1 - fc) + h[r + 1, c + 1] * fc
        made: Floats = south * (1 - fr) + north * fr
        return made


def spread(nodes: Floats, camera: Camera, shrink: int) -> tuple[Singles, Singles]:
    """Node values (NODES_V, NODES_U, 2) -> two maps (height / shrink, width / shrink), bilinear between nodes."""
    down, across = _weights(camera, shrink)
    x = down @ nodes[..., 0].astype(np.float32) @ across
    y = down @ nodes[..., 1].astype(np.float32) @ across
    return x, y


@lru_cache(maxsize=8)
def _node_rays(camera: Camera) -> Floats:
    u = np.linspace(0, camera.width_px - 1, NODES_U) - (camera.width_px - 1) / 2
    v = np.linspace(0, camera.height_px - 1, NODES_V) - (camera.height_px - 1) / 2
    uu, vv = np.meshgrid(u, v)
    rays = np.column_stack([uu.ravel(), vv.ravel(), np.full(uu.size, camera.focal_px)])
    made: Floats = rays / np.linalg.norm(rays, axis=1, keepdims=True)
    return made


@lru_cache(maxsize=8)
def _weights(camera: Camera, shrink: int) -> tuple[Singles, Singles]:
    def along(pixels: int, nodes: int) -> Singles:
        centres = (np.arange(pixels // shrink) + 0.5) * shrink - 0.5
        where = np.clip(centres / (pixels - 1) * (nodes - 1), 0, nodes - 1 - 1e-6)
        low = where.astype(int)
        made = np.zeros((len(where), nodes), np.float32)
        made[np.arange(len(where)), low] = 1 - (where - low)
        made[np.arange(len(where)), low + 1] = where - low
        return made

    return along(camera.height_px, NODES_V), np.ascontiguousarray(along(camera.width_px, NODES_U).T)
