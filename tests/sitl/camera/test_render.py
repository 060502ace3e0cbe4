from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.camera import THERMAL_640, Pose
from core.geo import GeoPoint
from core.units import MetresAmsl, UtcSeconds
from sitl.camera.render import Renderer
from sitl.world.bodies import Mover
from sitl.world.heat import make_heat
from sitl.world.spec import Sphere, WorldSpec
from sitl.world.world import World, make_world

WORLD = make_world(1, WorldSpec(canopy=0.0, deer=0, rocks=0, cars=0))
HEAT = make_heat(WORLD)
HOT = (Sphere((0, 0, 0.3), 0.5, 60.0),)


def with_body(x: float, y: float) -> World:
    return replace(WORLD, movers=(Mover("person", (x, y), HOT),))


def pose_over(x: float, y: float, height: float, heading: float, pitch: float, roll: float) -> Pose:
    place = WORLD.frame.to_latlon(x, y)
    ground = WORLD.terrain.height_amsl_m(place)
    assert ground is not None
    return Pose(
        UtcSeconds(0), GeoPoint(place.lat_deg, place.lon_deg, MetresAmsl(ground + height)), heading, pitch, roll
    )


def expected_pixel(pose: Pose, x: float, y: float) -> tuple[float, float]:
    """Written a second time, by rotation matrices about axes, to check the renderer's own."""
    ex, ey = WORLD.frame.to_xy(pose.place)
    ground = float(WORLD.terrain.heights_xy(np.array([[x, y]]))[0])
    north, east, down = y - ey, x - ex, pose.place.alt_amsl_m - (ground + 0.3)
    v = np.array([north, east, down])
    psi, theta, phi = (math.radians(a) for a in (pose.heading_deg, pose.pitch_deg, pose.roll_deg))
    yaw = np.array([[math.cos(psi), math.sin(psi), 0], [-math.sin(psi), math.cos(psi), 0], [0, 0, 1]])
    pitch = np.array([[math.cos(theta), 0, -math.sin(theta)], [0, 1, 0], [math.sin(theta), 0, math.cos(theta)]])
    roll = np.array([[1, 0, 0], [0, math.cos(phi), math.sin(phi)], [0, -math.sin(phi), math.cos(phi)]])
    ahead, right, below = roll @ pitch @ yaw @ v
    f = 320 / math.tan(math.radians(22.5))
    return 319.5 + f * right / ahead, 255.5 + f * below / ahead


@given(
    st.floats(-15, 15), st.floats(-12, 12), st.floats(40, 110), st.floats(0, 360), st.floats(-90, -50), st.floats(-8, 8)
)
@settings(max_examples=15, deadline=None)
def test_a_hot_body_is_where_an_independent_projection_says(
    dx: float, dy: float, height: float, heading: float, pitch: float, roll: float
) -> None:
    pose = pose_over(0.0, 400.0, height, heading, pitch, roll)
    x, y = dx, 400.0 + dy
    u, v = expected_pixel(pose, x, y)
    if not (20 < u < 620 and 20 < v < 492):
        return
    frame = Renderer(with_body(x, y), THERMAL_640, HEAT).render(pose, 0.0, np.random.default_rng(0))
    hot = np.argwhere(frame > 180)
    assert len(hot)
    assert hot[:, 1].mean() == pytest.approx(u, abs=1.5)
    assert hot[:, 0].mean() == pytest.approx(v, abs=1.5)


@pytest.mark.slow
def test_leaves_hide_and_gaps_reveal() -> None:
    world = make_world(1, WorldSpec(canopy=0.8))
    renderer = Renderer(world, THERMAL_640)
    shares = []
    for tree in range(0, len(world.trees), len(world.trees) // 60):
        x, y = map(float, world.trees.foot[tree])
        under = replace(world, movers=(Mover("person", (x, y), HOT),))
        place = world.frame.to_latlon(x, y)
        ground = world.terrain.height_amsl_m(place)
        assert ground is not None
        pose = Pose(UtcSeconds(0), GeoPoint(place.lat_deg, place.lon_deg, MetresAmsl(ground + 60)), 0, -90, 0)
        renderer._world = under
        shares.append(renderer.visible_share(pose, 0.0))
    assert np.median(shares) < 0.1
    open_world = Renderer(with_body(0.0, 400.0), THERMAL_640, HEAT)
    assert open_world.visible_share(pose_over(0, 400, 60, 0, -90, 0), 0.0) == 1.0


def test_the_sky_is_cold_and_the_same_pose_gives_the_same_frame() -> None:
    renderer = Renderer(WORLD, THERMAL_640, HEAT)
    pose = pose_over(0.0, 400.0, 60, 10, -5, 0)
    a = renderer.render(pose, 0.0, np.random.default_rng(5))
    b = renderer.render(pose, 0.0, np.random.default_rng(5))
    assert np.array_equal(a, b)
    assert a[:150].mean() < 10 < a[400:].mean()
