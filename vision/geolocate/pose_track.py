"""Where the camera was when a frame was taken, from telemetry heard before and after.

Positions (AMSL) and optical-axis attitudes are kept apart, each with the time it was heard, since autopilots send
them at different rates. Attitudes are interpolated as rotations: no trouble across north or straight down.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from core.camera import Pose
from core.drone import Aged, Attitude, DroneState, Velocity
from core.geo import GEOD, GeoPoint
from core.units import MetresAmsl, MetresPerSecond, UtcSeconds
from vision.geolocate.rays import attitude_of, camera_axes

T = TypeVar("T")

KEEP = 600
"""Samples kept of each kind: 30 s at 20 Hz."""
MAX_EXTRAPOLATION_S = 0.5
MAX_GAP_S = 2.0
"""Between samples further apart than this nothing is interpolated."""


class PoseTrack:
    """Telemetry of one drone, newest last. `heard` takes samples; `pose_at` answers for a capture time."""

    def __init__(self) -> None:
        self._places: deque[Aged[GeoPoint]] = deque(maxlen=KEEP)
        self._gimbal: deque[Aged[Attitude]] = deque(maxlen=KEEP)
        self._velocity: deque[Aged[Velocity]] = deque(maxlen=KEEP)

    def heard(self, state: DroneState) -> None:
        """Take what is new in a state; a sample no younger than the last of its kind is left out."""
        _append(self._places, state.place)
        _append(self._gimbal, state.gimbal)
        _append(self._velocity, state.velocity)

    def pose_at(self, t: UtcSeconds) -> Pose | None:
        """Pose of the camera at t; None before the first sample, in a gap over MAX_GAP_S, more than
        MAX_EXTRAPOLATION_S past the last, or when position or gimbal attitude were never heard."""
        velocity = self.velocity_at(t)
        place = _at(self._places, t, _between_places, lambda last, dt: _moved(last, velocity, dt))
        look = _at(self._gimbal, t, _between_attitudes, lambda last, dt: last)
        if place is None or look is None:
            return None
        return Pose(t, place, look.heading_deg, look.pitch_deg, look.roll_deg)

    def velocity_at(self, t: UtcSeconds) -> Velocity | None:
        """Speed over ground at t; None when it was not heard around t."""
        return _at(self._velocity, t, _between_velocities, lambda last, dt: last)


def _append(samples: deque[Aged[T]], new: Aged[T] | None) -> None:
    if new is not None and (not samples or new.at > samples[-1].at):
        samples.append(new)


def _at(
    samples: deque[Aged[T]], t: float, between: Callable[[T, T, float], T], beyond: Callable[[T, float], T]
) -> T | None:
    if not samples or t < samples[0].at:
        return None
    last = samples[-1]
    if t >= last.at:
        dt = t - last.at
        return beyond(last.value, dt) if dt <= MAX_EXTRAPOLATION_S else None
    k = bisect_right(samples, t, key=lambda s: s.at)
    a, b = samples[k - 1], samples[k]
    if b.at - a.at > MAX_GAP_S:
        return None
    return between(a.value, b.value, (t - a.at) / (b.at - a.at))


def _between_places(a: GeoPoint, b: GeoPoint, share: float) -> GeoPoint:
    east = (b.lon_deg - a.lon_deg + 180.0) % 360.0 - 180.0
    lon = (a.lon_deg + east * share + 180.0) % 360.0 - 180.0
    lat = a.lat_deg + (b.lat_deg - a.lat_deg) * share
    return GeoPoint(lat, lon, MetresAmsl(a.alt_amsl_m + (b.alt_amsl_m - a.alt_amsl_m) * share))


def _between_attitudes(a: Attitude, b: Attitude, share: float) -> Attitude:
    ends = np.stack([camera_axes(x.heading_deg, x.pitch_deg, x.roll_deg) for x in (a, b)])
    middle = Slerp([0.0, 1.0], Rotation.from_matrix(ends))(share).as_matrix()
    return Attitude(*attitude_of(middle))


def _between_velocities(a: Velocity, b: Velocity, share: float) -> Velocity:
    def mix(x: float, y: float) -> MetresPerSecond:
        return MetresPerSecond(x + (y - x) * share)

    return Velocity(mix(a.north_mps, b.north_mps), mix(a.east_mps, b.east_mps), mix(a.down_mps, b.down_mps))


def _moved(place: GeoPoint, velocity: Velocity | None, dt: float) -> GeoPoint:
    if velocity is None:
        return place
    speed = float(np.hypot(velocity.north_mps, velocity.east_mps))
    towards = float(np.degrees(np.arctan2(velocity.east_mps, velocity.north_mps)))
    lon, lat, _ = GEOD.fwd(place.lon_deg, place.lat_deg, towards, speed * dt)
    return GeoPoint(float(lat), float(lon), MetresAmsl(place.alt_amsl_m - velocity.down_mps * dt))
