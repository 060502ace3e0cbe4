"""A projection used by tests only: plain Euler turns, none of vision's own code (DESIGN rule 15)."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from core.camera import Camera, Pose
from core.drone import Aged, Attitude, Autopilot, DroneState, Velocity
from core.geo import GeoPoint, LatLon, LocalFrame
from core.ids import DroneId
from core.terrain import GridTerrain

HOME = LatLon(42.55, 1.57)
FRAME = LocalFrame(HOME)


def _project(pose: Pose, camera: Camera, target: GeoPoint) -> tuple[float, float] | None:
    x0, y0 = FRAME.to_xy(pose.place)
    x1, y1 = FRAME.to_xy(target)
    east, north, up = x1 - x0, y1 - y0, target.alt_amsl_m - pose.place.alt_amsl_m
    h, p, r = (math.radians(a) for a in (pose.heading_deg, pose.pitch_deg, pose.roll_deg))
    ahead, aside = north * math.cos(h) + east * math.sin(h), east * math.cos(h) - north * math.sin(h)
    depth = ahead * math.cos(p) + up * math.sin(p)
    rise = up * math.cos(p) - ahead * math.sin(p)
    right = aside * math.cos(r) - rise * math.sin(r)
    below = -(rise * math.cos(r) + aside * math.sin(r))
    if depth <= 0.1:
        return None
    f = camera.width_px / (2.0 * math.tan(math.radians(camera.hfov_deg / 2.0)))
    return (camera.width_px - 1) / 2.0 + f * right / depth, (camera.height_px - 1) / 2.0 + f * below / depth


def _hills(height_m: float = 10.0, phase: float = 0.0) -> GridTerrain:
    x = np.arange(-2000.0, 2001.0, 20.0)
    heights = 900.0 + height_m * np.sin(x[None, :] / 70.0 + phase) * np.cos(x[:, None] / 90.0)
    return GridTerrain(FRAME, -2000.0, -2000.0, 20.0, heights, sigma_m=1.0)


def _state(
    at: float, place: GeoPoint, look: Attitude, velocity: Velocity | None = None, above: float = 60.0
) -> DroneState:
    return DroneState(
        drone=DroneId("d1"),
        system_id=1,
        autopilot=Autopilot.PX4,
        heard_at=at,
        place=Aged(place, at),
        above_home_m=Aged(above, at),
        velocity=Aged(velocity, at) if velocity else None,
        gimbal=Aged(look, at),
        in_air=Aged(True, at),
    )


@pytest.fixture(scope="session")
def project() -> Callable[..., tuple[float, float] | None]:
    return _project


@pytest.fixture(scope="session")
def hills() -> Callable[..., GridTerrain]:
    return _hills


@pytest.fixture(scope="session")
def frame() -> LocalFrame:
    return FRAME


@pytest.fixture(scope="session")
def drone_state() -> Callable[..., DroneState]:
    return _state
