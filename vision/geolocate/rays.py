"""Camera attitude and pixel rays.

World axes are east, north, up; camera axes x right, y down, z along the optical axis (core.camera). A camera's
axes are the columns of a 3 x 3 matrix that turns camera vectors into world vectors.
"""

from __future__ import annotations

import math

import numpy as np

from core.camera import Camera, Pose
from core.geo import Floats


def camera_axes(heading_deg: float, pitch_deg: float, roll_deg: float) -> Floats:
    """(3, 3): columns are the camera's right, down and forward directions in east, north, up."""
    h, p, r = (math.radians(a) for a in (heading_deg, pitch_deg, roll_deg))
    forward = np.array([math.sin(h) * math.cos(p), math.cos(h) * math.cos(p), math.sin(p)])
    level_right = np.array([math.cos(h), -math.sin(h), 0.0])
    level_down = np.cross(forward, level_right)
    right = level_right * math.cos(r) + level_down * math.sin(r)
    down = level_down * math.cos(r) - level_right * math.sin(r)
    return np.column_stack([right, down, forward])


def pose_axes(pose: Pose) -> Floats:
    """The axes of a pose's camera, see camera_axes."""
    return camera_axes(pose.heading_deg, pose.pitch_deg, pose.roll_deg)


def attitude_of(axes: Floats) -> tuple[float, float, float]:
    """Heading [0, 360), pitch and roll, deg, of camera axes; straight up or down the roll is 0 by choice."""
    right, down, forward = axes[:, 0], axes[:, 1], axes[:, 2]
    level = math.hypot(forward[0], forward[1])
    pitch = math.degrees(math.atan2(forward[2], level))
    if level < 1e-7:
        return math.degrees(math.atan2(-right[1], right[0])) % 360.0, pitch, 0.0
    heading = math.atan2(forward[0], forward[1])
    level_right = np.array([math.cos(heading), -math.sin(heading), 0.0])
    roll = math.degrees(math.atan2(-float(down @ level_right), float(right @ level_right)))
    return math.degrees(heading) % 360.0, pitch, roll


def pixel_directions(camera: Camera, pixels: Floats) -> Floats:
    """(n, 2) column, row in px -> (n, 3) unit vectors in camera axes."""
    px = np.asarray(pixels, dtype=np.float64).reshape(-1, 2)
    x = (px[:, 0] - (camera.width_px - 1) / 2.0) / camera.focal_px
    y = (px[:, 1] - (camera.height_px - 1) / 2.0) / camera.focal_px
    d = np.column_stack([x, y, np.ones(len(px))])
    return np.asarray(d / np.linalg.norm(d, axis=1, keepdims=True), dtype=np.float64)


def turned(axes: Floats, about: Floats, angle_rad: float) -> Floats:
    """`axes` rotated by a right-handed angle about the unit world vector `about` (Rodrigues)."""
    k = np.array([[0.0, -about[2], about[1]], [about[2], 0.0, -about[0]], [-about[1], about[0], 0.0]])
    spin = np.eye(3) + math.sin(angle_rad) * k + (1.0 - math.cos(angle_rad)) * (k @ k)
    return np.asarray(spin @ axes, dtype=np.float64)
