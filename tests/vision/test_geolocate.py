"""Project with a test-only projection, geolocate, and be back where it began; and errors that are true."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.camera import THERMAL_640, Pose, PoseError
from core.drone import Velocity
from core.events import Box
from core.geo import SCALE_95, GeoPoint, distance_m
from core.terrain import FlatTerrain, GridTerrain
from vision.geolocate.place import Missed, Placed, Sight, foot_pixels, footprint, ground_sampling_m, place_pixel
from vision.geolocate.rays import attitude_of, camera_axes, turned


def pose_over(frame, x, y, height, heading, pitch, roll, at=0.0):
    ground = frame.to_latlon(x, y)
    return Pose(at, GeoPoint(ground.lat_deg, ground.lon_deg, height), heading, pitch, roll)


poses = st.tuples(
    st.floats(-800, 800),
    st.floats(-800, 800),
    st.floats(950, 1050),
    st.floats(0, 360),
    st.floats(-90, -32),
    st.floats(-10, 10),
)


@given(poses, st.floats(-0.9, 0.9), st.floats(-0.9, 0.9), st.floats(0, 6.2))
@settings(max_examples=80, deadline=None)
def test_a_projected_place_comes_back(project, hills, frame, numbers, across, along, phase):
    terrain = hills(10.0, phase)
    pose = pose_over(frame, *numbers)
    camera = THERMAL_640
    pixel = (319.5 + across * 310, 255.5 + along * 250)
    placed = place_pixel(Sight(camera, pose), pixel, 1.0, terrain)
    assert isinstance(placed, Placed)
    target = GeoPoint(placed.place.lat_deg, placed.place.lon_deg, terrain.height_amsl_m(placed.place))
    back = project(pose, camera, target)
    assert back == pytest.approx(pixel, abs=0.15)  # the frames' norths differ by up to 0.01 deg


@given(poses, st.floats(-15, 15), st.floats(-15, 15))
@settings(max_examples=60, deadline=None)
def test_a_place_on_the_ground_is_found_again_from_its_pixel(project, hills, frame, numbers, dx, dy):
    terrain = hills()
    pose = pose_over(frame, *numbers)
    reach = (pose.place.alt_amsl_m - 900.0) / math.tan(math.radians(-numbers[4])) if numbers[4] > -89.9 else 0.0
    h = math.radians(numbers[3])
    spot = frame.to_latlon(numbers[0] + reach * math.sin(h) + dx, numbers[1] + reach * math.cos(h) + dy)
    target = GeoPoint(spot.lat_deg, spot.lon_deg, terrain.height_amsl_m(spot))
    pixel = project(pose, THERMAL_640, target)
    if pixel is None or not (0 <= pixel[0] < 640 and 0 <= pixel[1] < 512):
        return
    placed = place_pixel(Sight(THERMAL_640, pose), pixel, 1.0, terrain)
    assert isinstance(placed, Placed)
    assert distance_m(placed.place, spot) < 0.05


@given(poses, st.floats(0.1, 5), st.floats(0.1, 5), st.floats(0.05, 2))
@settings(max_examples=60, deadline=None)
def test_covariance_is_positive_and_grows_with_every_error(hills, frame, numbers, horizontal, heading, tilt):
    pose, terrain = pose_over(frame, *numbers), hills()
    small = PoseError(horizontal, 1.0, heading, tilt, 0.05)
    large = PoseError(horizontal * 2, 2.0, heading * 2, tilt * 2, 0.1)
    velocity = Velocity(8.0, 5.0, 0.0)
    a, b = (
        place_pixel(Sight(THERMAL_640, pose, velocity, e), (300, 200), 1.0, terrain).covariance for e in (small, large)
    )
    assert a.ee_m2 * a.nn_m2 - a.en_m2**2 > 0
    grown = np.array([[b.ee_m2 - a.ee_m2, b.en_m2 - a.en_m2], [b.en_m2 - a.en_m2, b.nn_m2 - a.nn_m2]])
    assert np.linalg.eigvalsh(grown).min() > -1e-9


@pytest.mark.parametrize(
    "pitch", [-90.0, pytest.param(-60.0, marks=pytest.mark.slow), pytest.param(-45.0, marks=pytest.mark.slow)]
)
def test_ellipses_hold_95_of_100(hills, frame, pitch):
    """Wrong poses drawn from the stated errors: the truth lies in the 95 % ellipse in 92 to 97.8 % of the cases."""
    rng = np.random.default_rng(int(-pitch))
    error, terrain, velocity = PoseError(), hills(4.0), Velocity(10.0, -6.0, 0.5)
    true = pose_over(frame, 20.0, -30.0, 990.0, 200.0, pitch, 0.0)
    truth = place_pixel(Sight(THERMAL_640, true), (400.0, 180.0), 1.0, terrain)
    runs, inside = 600, 0
    for _ in range(runs):
        said = wrong_pose(rng, frame, true, error, velocity)
        pixel = (400.0 + rng.normal(0, 1.5), 180.0 + rng.normal(0, 1.5))
        lifted = GridTerrain(frame, -2000.0, -2000.0, 20.0, terrain.heights + rng.normal(0, terrain.sigma_m), 1.0)
        placed = place_pixel(Sight(THERMAL_640, said, velocity, error), pixel, 1.5, lifted)
        inside += holds(placed, truth.place, frame)
    assert 0.92 < inside / runs < 0.978


def wrong_pose(rng, frame, true, error, velocity):
    late = rng.normal(0, error.time_s)
    x, y = frame.to_xy(true.place)
    x += rng.normal(0, error.horizontal_m) + late * velocity.east_mps
    y += rng.normal(0, error.horizontal_m) + late * velocity.north_mps
    z = true.place.alt_amsl_m + rng.normal(0, error.vertical_m) - late * velocity.down_mps
    axes = camera_axes(true.heading_deg, true.pitch_deg, true.roll_deg)
    h = math.radians(true.heading_deg)
    for about, sigma in (
        ((0, 0, 1), error.heading_deg),
        ((math.cos(h), -math.sin(h), 0), error.tilt_deg),
        ((math.sin(h), math.cos(h), 0), error.tilt_deg),
    ):
        axes = turned(axes, np.array(about, float), math.radians(rng.normal(0, sigma)))
    return pose_over(frame, x, y, z, *attitude_of(axes))


def holds(placed, truth, frame):
    d = np.array(frame.to_xy(placed.place)) - np.array(frame.to_xy(truth))
    c = placed.covariance
    return d @ np.linalg.solve([[c.ee_m2, c.en_m2], [c.en_m2, c.nn_m2]], d) <= SCALE_95**2


@pytest.mark.parametrize(
    ("height", "pitch", "words"),
    [(950.0, -2.0, "horizon"), (3000.0, -60.0, "within"), (890.0, -90.0, "AMSL")],
)
def test_rays_that_tell_nothing_are_refused_with_the_reason(frame, height, pitch, words):
    pose = pose_over(frame, 0.0, 0.0, height, 10.0, pitch, 0.0)
    missed = place_pixel(Sight(THERMAL_640, pose), (319.5, 255.5), 1.0, FlatTerrain(900.0))
    assert isinstance(missed, Missed)
    assert words in missed.reason


def test_unknown_terrain_is_refused(hills, frame):
    pose = pose_over(frame, 5000.0, 0.0, 960.0, 0.0, -90.0, 0.0)
    missed = place_pixel(Sight(THERMAL_640, pose), (319.5, 255.5), 1.0, hills())
    assert isinstance(missed, Missed)
    assert "terrain" in missed.reason


def test_the_near_side_of_a_ridge_hides_what_lies_behind(frame):
    x = np.arange(-500.0, 501.0, 10.0)
    heights = np.tile(np.where(np.abs(x - 100.0) < 15.0, 940.0, 900.0)[:, None], (1, len(x)))
    terrain = GridTerrain(frame, -500.0, -500.0, 10.0, heights)
    pose = pose_over(frame, 0.0, 0.0, 960.0, 0.0, -25.0, 0.0)
    placed = place_pixel(Sight(THERMAL_640, pose), (319.5, 255.5), 1.0, terrain)
    assert 70.0 < frame.to_xy(placed.place)[1] < 105.0


@given(st.floats(0, 359.9), st.floats(-89.9, 60), st.floats(-179, 179))
def test_attitude_round_trip(heading, pitch, roll):
    back = attitude_of(camera_axes(heading, pitch, roll))
    assert np.allclose(camera_axes(*back), camera_axes(heading, pitch, roll), atol=1e-9)


def test_footprint_and_scale_from_60_m_match_the_anchor(frame):
    """60 m, HFOV 45 deg: swath 49.71 m, 12.9 px/m (ANCHORS section 1)."""
    pose = pose_over(frame, 0.0, 0.0, 960.0, 0.0, -90.0, 0.0)
    ring = footprint(pose, THERMAL_640, FlatTerrain(900.0))
    xy = np.array([frame.to_xy(p) for p in ring])
    assert len(ring) == 12
    assert np.ptp(xy[:, 0]) == pytest.approx(49.71, abs=0.02)
    assert np.ptp(xy[:, 1]) == pytest.approx(49.71 * 512 / 640, abs=0.02)
    assert 1.0 / ground_sampling_m(pose, THERMAL_640, FlatTerrain(900.0)) == pytest.approx(12.9, abs=0.05)


@pytest.mark.parametrize(("pitch", "points"), [(-90.0, 12), (-65.0, 12), (-30.0, 12), (-15.0, 0), (0.0, 0), (30.0, 0)])
def test_a_view_that_reaches_the_horizon_has_no_footprint(frame, pitch, points):
    pose = pose_over(frame, 0.0, 0.0, 960.0, 0.0, pitch, 0.0)
    assert len(footprint(pose, THERMAL_640, FlatTerrain(900.0))) == points


def test_the_foot_of_a_box_counts_when_seen_from_the_side(frame):
    flat = FlatTerrain(900.0)
    oblique, down = (pose_over(frame, 0.0, 0.0, 960.0, 0.0, p, 0.0) for p in (-30.0, -90.0))
    box = Box(310.0, 240.0, 20.0, 32.0)
    assert foot_pixels(Sight(THERMAL_640, down), (box,))[0] == pytest.approx((319.5, 255.5), abs=0.02)
    side = foot_pixels(Sight(THERMAL_640, oblique), (box,))[0]
    assert side == pytest.approx((319.5, 255.5 + 15.5 * math.cos(math.radians(30))), abs=0.02)
    near, middle = (place_pixel(Sight(THERMAL_640, oblique), p, 1, flat).place for p in (tuple(side), (319.5, 255.5)))
    assert frame.to_xy(near)[1] < frame.to_xy(middle)[1] - 0.5


@given(poses, st.floats(20, 620), st.floats(20, 490))
@settings(max_examples=15, deadline=None)
def test_the_jacobian_is_what_happens(frame, numbers, column, row):
    """Against differences: the same pixel placed from a pose moved, turned and lifted."""
    flat = FlatTerrain(900.0)
    pose, velocity = pose_over(frame, *numbers), Velocity(8.0, -3.0, 1.0)
    sight = Sight(THERMAL_640, pose, velocity)
    base = place_pixel(sight, (column, row), 1.0, flat)

    def moved(at=(0, 0, 0), about=None, pixel=(0, 0), lift=0.0):
        x, y, z = numbers[0] + at[0], numbers[1] + at[1], numbers[2] + at[2]
        axes = camera_axes(*numbers[3:])
        attitude = numbers[3:] if about is None else attitude_of(turned(axes, np.array(about, float), 2e-3))
        there = Sight(THERMAL_640, pose_over(frame, x, y, z, *attitude), velocity)
        placed = place_pixel(there, (column + pixel[0], row + pixel[1]), 1.0, FlatTerrain(900.0 + lift))
        return np.array(frame.to_xy(placed.place)) - np.array(frame.to_xy(base.place))

    h = math.radians(numbers[3])
    turns = [(0, 0, 1), (math.cos(h), -math.sin(h), 0), (math.sin(h), math.cos(h), 0)]
    columns = [moved(at=e) for e in np.eye(3)] + [moved(about=a) / 2e-3 for a in turns]
    columns += [moved(at=(-3.0, 8.0, -1.0)), moved(lift=1.0), moved(pixel=(1, 0)), moved(pixel=(0, 1))]
    assert np.column_stack(columns) == pytest.approx(base.jacobian, rel=0.08, abs=0.4)
