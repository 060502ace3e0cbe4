"""The thermal renderer: one world, one camera; a pose and a time in, an 8-bit white-hot frame out.

Ground and foliage are sampled from rasters along each pixel's ray; warm bodies are drawn as projected balls and then
covered by whatever foliage stands between them and the camera. Radiometric: grey levels are temperatures
(sitl.world.heat). Noise: 50 mK per pixel, fixed columns, a point spread of 0.6 px, vignetting.
"""

from __future__ import annotations

import cv2
import numpy as np

from core.camera import Camera, Pose
from core.geo import Floats
from sitl.camera.projection import Singles, Surface, View, axes, spread
from sitl.world.heat import ABOVE_C, BELOW_C, LAYERS_M, Bytes, Heat, Raster, grey, make_heat
from sitl.world.spec import Body
from sitl.world.world import World

SKY_C = -20.0
NOISE_C = 0.05
BANK = 24
"""Noise frames made once, the fixed pattern in each; a picture takes one at random."""
SHRINK = 4
"""Foliage is composed at a quarter of the resolution: its cells of 0.5 m span six pixels from 60 m."""


class Renderer:
    """Renders frames of one world through one camera. About 25 MB; the same arguments give the same frame."""

    def __init__(self, world: World, camera: Camera, heat: Heat | None = None) -> None:
        self._world, self._camera = world, camera
        self._heat = heat or make_heat(world)
        self._surface = Surface(world.terrain)
        self._air_c = world.spec.ambient_c
        shape = (camera.height_px, camera.width_px)
        rng = np.random.default_rng(world.seed + 31)
        level = NOISE_C * 255.0 / (BELOW_C + ABOVE_C)
        v, u = (np.linspace(-1, 1, n, dtype=np.float32) for n in shape)
        shade = -1.2 * (v[:, None] ** 2 + u[None, :] ** 2)
        fixed = shade + rng.normal(0, 0.35, shape[1]).astype(np.float32)
        self._bank = rng.normal(0, level, (BANK, *shape)).astype(np.float32) + fixed

    def render(self, pose: Pose, t_s: float, rng: np.random.Generator) -> Bytes:
        """(height, width) grey levels seen from `pose`, t_s after the world's start."""
        view = self._view(pose)
        nodes = view.nodes_on(self._surface, 0.0)
        frame = self._ground(view, nodes)
        for body in self._world.bodies_at(t_s):
            self._draw(frame, view, body)
        cover = self._foliage(view, nodes)
        noise = self._bank[int(rng.integers(BANK))]
        if cover is None:
            signal = cv2.add(frame, noise, dtype=cv2.CV_32F)
        else:
            passing, leaves = cover
            signal = cv2.multiply(frame, passing, dtype=cv2.CV_32F)
            cv2.add(signal, leaves, dst=signal)
            cv2.add(signal, noise, dst=signal)
        sharp = cv2.convertScaleAbs(signal)
        return np.asarray(cv2.GaussianBlur(sharp, (3, 3), 0.6), dtype=np.uint8)

    def visible_share(self, pose: Pose, t_s: float) -> float:
        """Share of the hiker's lit pixels that no leaf hides from `pose` (0 outside the image): for the score only."""
        view = self._view(pose)
        blank = np.zeros((self._camera.height_px, self._camera.width_px), np.uint8)
        self._draw(blank, view, self._world.bodies_at(t_s)[0])
        lit = blank > 0
        if not lit.any():
            return 0.0
        cover = self._foliage(view, view.nodes_on(self._surface, 0.0))
        return 1.0 if cover is None else float(cover[0][lit].mean())

    def _view(self, pose: Pose) -> View:
        x, y = self._world.frame.to_xy(pose.place)
        return View(self._camera, np.array([x, y, pose.place.alt_amsl_m]), axes(pose))

    def _ground(self, view: View, nodes: Floats) -> Bytes:
        x, y = spread(nodes, self._camera, 1)
        return _sampled(self._heat.ground, x, y, cv2.INTER_LINEAR, float(grey(SKY_C, self._air_c)))

    def _draw(self, frame: Bytes, view: View, body: Body) -> None:
        x, y = body.foot
        ground = float(self._surface.heights(np.array([[x, y]]))[0])
        centres = np.array([[x + s.offset[0], y + s.offset[1], ground + s.offset[2]] for s in body.spheres])
        pixels, depth = view.to_pixels(centres)
        order = np.argsort(-depth)
        for k in order:
            u, v = pixels[k]
            inside = -50 < u < self._camera.width_px + 50 and -50 < v < self._camera.height_px + 50
            if depth[k] > 0.5 and inside:
                radius = self._camera.focal_px * body.spheres[k].radius_m / depth[k]
                shade = float(grey(body.spheres[k].temperature_c, self._air_c))
                centre = (round(float(u) * 16), round(float(v) * 16))
                cv2.circle(frame, centre, max(round(float(radius) * 16), 8), shade, -1, cv2.LINE_AA, 4)

    def _foliage(self, view: View, nodes: Floats) -> tuple[Singles, Singles] | None:
        """(share of the ray that passes, light added by leaves), both full size; None where there is no tree."""
        passing: Singles | None = None
        leaves: Singles | None = None
        for height, raster, shade in zip(LAYERS_M, self._heat.foliage, self._heat.foliage_grey, strict=True):
            nodes = view.nodes_on(self._surface, height, nodes)
            if not _touches(raster, nodes):
                continue
            x, y = spread(nodes, self._camera, SHRINK)
            mask = _sampled(raster, x, y, cv2.INTER_LINEAR, 0.0).astype(np.float32) * np.float32(1 / 255)
            gap = 1 - mask
            leaves = mask * np.float32(shade) if leaves is None else leaves * gap + mask * np.float32(shade)
            passing = gap if passing is None else passing * gap
        if passing is None or leaves is None:
            return None
        size = (self._camera.width_px, self._camera.height_px)
        return _grown(passing, size), _grown(leaves, size)


def _grown(small: Singles, size: tuple[int, int]) -> Singles:
    return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def _touches(raster: Raster, nodes: Floats) -> bool:
    rows, cols = raster.values.shape
    x, y = nodes[..., 0], nodes[..., 1]
    east, north = raster.west_m + cols * raster.step_m, raster.south_m + rows * raster.step_m
    inside = (x.max() > raster.west_m) & (x.min() < east)
    return bool(inside & (y.max() > raster.south_m) & (y.min() < north))


def _sampled(raster: Raster, x: Singles, y: Singles, way: int, outside: float) -> Bytes:
    col = (x - np.float32(raster.west_m)) * np.float32(1 / raster.step_m)
    row = (y - np.float32(raster.south_m)) * np.float32(1 / raster.step_m)
    made = cv2.remap(raster.values, col, row, way, borderMode=cv2.BORDER_CONSTANT, borderValue=outside)
    return np.asarray(made, dtype=np.uint8)
