"""Poses between telemetry samples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.drone import Attitude, Velocity
from core.geo import GeoPoint, LatLon, distance_m
from core.units import wrap_180
from vision.geolocate.pose_track import PoseTrack

HERE = GeoPoint(42.55, 1.57, 960.0)


def track(drone_state, *samples):
    made = PoseTrack()
    for at, place, look in samples:
        made.heard(drone_state(at, place, look, Velocity(10.0, 0.0, 0.0)))
    return made


def test_heading_goes_the_short_way_across_north(drone_state):
    poses = track(drone_state, (0.0, HERE, Attitude(359.0, -45.0, 0.0)), (1.0, HERE, Attitude(3.0, -45.0, 0.0)))
    assert wrap_180(poses.pose_at(0.5).heading_deg) == pytest.approx(1.0, abs=0.01)


@given(st.floats(0, 360), st.floats(-40, 40), st.floats(0, 1))
def test_a_turn_while_looking_straight_down_is_halved_too(drone_state, heading, turn, share):
    poses = track(
        drone_state, (0.0, HERE, Attitude(heading, -90.0, 0.0)), (1.0, HERE, Attitude(heading + turn, -90.0, 0.0))
    )
    pose = poses.pose_at(share)
    assert wrap_180(pose.heading_deg - heading - share * turn) == pytest.approx(0.0, abs=0.01)
    assert pose.pitch_deg == pytest.approx(-90.0, abs=0.01)


def test_position_is_between_and_moves_on_with_the_speed_for_half_a_second(drone_state):
    there = GeoPoint(42.5501, 1.57, 962.0)
    poses = track(drone_state, (0.0, HERE, Attitude(0, -90, 0)), (1.0, there, Attitude(0, -90, 0)))
    half = poses.pose_at(0.5)
    assert (half.place.lat_deg, half.place.alt_amsl_m) == pytest.approx((42.55005, 961.0))
    assert distance_m(poses.pose_at(1.4).place, there) == pytest.approx(4.0, abs=0.01)
    assert poses.pose_at(1.51) is None


def test_before_the_first_in_a_gap_or_without_gimbal_there_is_no_pose(drone_state):
    poses = track(drone_state, (10.0, HERE, Attitude(0, -90, 0)), (13.0, HERE, Attitude(0, -90, 0)))
    assert poses.pose_at(9.9) is None
    assert poses.pose_at(11.0) is None
    assert PoseTrack().pose_at(0.0) is None


def test_old_and_repeated_samples_change_nothing(drone_state):
    look = Attitude(0, -90, 0)
    poses = track(drone_state, (0.0, HERE, look), (1.0, HERE, look))
    before = poses.pose_at(0.7)
    poses.heard(drone_state(0.5, GeoPoint(43.0, 2.0, 0.0), look))
    poses.heard(drone_state(1.0, GeoPoint(43.0, 2.0, 0.0), look))
    assert poses.pose_at(0.7) == before


def test_the_date_line_is_no_wall(drone_state):
    look = Attitude(0, -90, 0)
    poses = track(drone_state, (0.0, GeoPoint(0, 179.9999, 0), look), (1.0, GeoPoint(0, -179.9999, 0), look))
    assert distance_m(poses.pose_at(0.5).place, LatLon(0, 180.0)) < 0.1
