"""The desk: a simulated pass of a drone with wrong sensors over a person."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from core.camera import THERMAL_640, Pose, PoseError
from core.drone import Aged, Attitude, Gnss, Velocity
from core.geo import SCALE_95, GeoPoint
from core.terrain import FlatTerrain
from vision.messages import Found, Spot
from vision.sightings import SightingDesk, StreamFacts
from vision.track.tracker import TrackRule

LEVEL = 900.0
ERROR = PoseError(1.5, 1.0, 2.0, 0.5, 0.05)


def a_pass(project, drone_state, frame, rng, pitch=-90.0):
    """Fly north at 12 m/s, 60 m up, past a person at (6, 0); every common error drawn once. -> sightings, truth (xy)"""
    desk = SightingDesk(StreamFacts("d1", THERMAL_640, ERROR), FlatTerrain(LEVEL, 1.0), ids())
    target = frame.to_latlon(6.0, 0.0)
    person = GeoPoint(target.lat_deg, target.lon_deg, LEVEL)
    shift = rng.normal(0, [ERROR.horizontal_m, ERROR.horizontal_m, np.hypot(ERROR.vertical_m, 1.0)])
    turn, tilt, late = rng.normal(0, ERROR.heading_deg), rng.normal(0, ERROR.tilt_deg), rng.normal(0, ERROR.time_s)
    told = []
    for k in range(-25, 26):
        t = 1000.0 + k * 0.1
        ahead = -60.0 / np.tan(np.radians(-pitch)) if pitch > -89 else 0.0

        def at(y, east=0.0, up=0.0):
            p = frame.to_latlon(east, y)
            return GeoPoint(p.lat_deg, p.lon_deg, LEVEL + 60.0 + up)

        truth = desk_pose(t, at(1.2 * k + ahead), 0.0, pitch)
        said = at(1.2 * k + ahead + shift[1] + 12.0 * late, shift[0], shift[2])
        desk.heard(drone_state(t, said, Attitude(turn % 360, min(pitch + tilt, 0.0), 0), Velocity(12.0, 0, 0)))
        pixel = project(truth, THERMAL_640, person)
        spots = ()
        if pixel and 10 < pixel[0] < 630 and 10 < pixel[1] < 500:
            spots = (Spot(pixel[0] - 4 + rng.normal(0, 1), pixel[1] - 4 + rng.normal(0, 1), 9, 9, "Person", 0.7, b""),)
        told += desk.decide(Found(t, t, k, 640, 512, 0, spots))
    return told, np.array([6.0, 0.0])


def desk_pose(t, place, heading, pitch):
    return Pose(t, place, heading, pitch, 0.0)


def ids():
    counter = itertools.count()
    return lambda kind: f"{kind}-{next(counter)}"


@pytest.mark.slow
@pytest.mark.parametrize("pitch", [-90.0, -60.0])
def test_ellipses_of_whole_passes_are_honest(project, drone_state, frame, pitch):
    rng = np.random.default_rng(11)
    inside = runs = 0
    for _ in range(80):
        told, truth = a_pass(project, drone_state, frame, rng, pitch)
        assert len({s.track for s in told}) == 1
        d = np.array(frame.to_xy(told[-1].place)) - truth
        c = told[-1].covariance
        inside += d @ np.linalg.solve([[c.ee_m2, c.en_m2], [c.en_m2, c.nn_m2]], d) <= SCALE_95**2
        runs += 1
    assert inside / runs > 0.87


def test_one_pass_makes_one_track(project, drone_state, frame):
    told, truth = a_pass(project, drone_state, frame, np.random.default_rng(1))
    assert 1 <= len(told) <= 2
    assert told[0].views >= TrackRule().views
    assert np.linalg.norm(np.array(frame.to_xy(told[0].place)) - truth) < told[0].covariance.ellipse_95()[0] * 1.5


def still(drone_state, frame, **changes):
    p = frame.to_latlon(0.0, 0.0)
    state = drone_state(1000.0, GeoPoint(p.lat_deg, p.lon_deg, LEVEL + 60.0), Attitude(0, -90, 0), Velocity(0, 0, 0))
    return replace(state, **changes)


def told_hovering(state, size=(640, 512)):
    desk = SightingDesk(StreamFacts("d1", THERMAL_640, ERROR), FlatTerrain(LEVEL, 1.0), ids())
    desk.heard(state)
    spot = Spot(size[0] / 2 - 5, size[1] / 2 - 5, 10, 10, "Person", 0.9, b"chip")
    told = []
    for k in range(6):
        told += desk.decide(Found(1000.0 + k * 0.08, 1000.0, k, *size, 0, (spot,)))
    return told, desk


@pytest.mark.parametrize(
    "changes",
    [
        {"in_air": Aged(False, 1000.0)},
        {"above_home_m": Aged(14.0, 1000.0)},
        {"above_home_m": None},
        {"gimbal": None},
        {"place": None},
        {"drone": "d2"},
    ],
)
def test_without_a_pose_in_the_air_nothing_is_told(drone_state, frame, changes):
    told, desk = told_hovering(still(drone_state, frame, **changes))
    assert (told, desk.unplaced) == ([], 6)
    assert desk.footprint_at(1000.0) is None
    assert desk.scale_at(1000.0) is None


def test_height_comes_from_home_when_it_is_not_told(drone_state, frame):
    state = still(drone_state, frame, above_home_m=None)
    home = Aged(GeoPoint(state.place.value.lat_deg, state.place.value.lon_deg, LEVEL), 1000.0)
    told, _ = told_hovering(still(drone_state, frame, above_home_m=None, home=home))
    assert len(told) == 1


def test_video_of_another_size_is_scaled_to_the_camera(drone_state, frame):
    told, _ = told_hovering(still(drone_state, frame), size=(320, 256))
    assert np.array(frame.to_xy(told[0].place)) == pytest.approx((0.0, 0.0), abs=0.3)
    assert told[0].box.width_px == 20
    assert told[0].chip == b"chip"


def test_a_receiver_that_admits_a_larger_error_is_believed_and_a_smaller_one_not(drone_state, frame):
    def major(sigma):
        gnss = Aged(Gnss(3, 12, sigma), 1000.0)
        return told_hovering(still(drone_state, frame, gnss=gnss))[0][0].covariance.ellipse_95()[0]

    assert major(0.01) == pytest.approx(major(None))
    assert major(8.0) > 2 * major(None)
