"""A multicopter as a point mass: accelerates, tilts, fights the wind, stands on the ground. Pure.

Axes: x east, y north (m, around the vehicle's home), up; heights AMSL. Angles as in core.drone.Attitude.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.units import wrap_180, wrap_360
from sitl.vehicle.spec import Airframe

GRAVITY_MPS2 = 9.80665
DRAG_PER_M = 0.0155
"""Drag deceleration over airspeed squared: 13 deg of tilt at 12 m/s, 22 deg at 16 m/s."""
UP_ACCEL_MPS2 = 2.5
TILT_LAG_S = 0.25
HARD_HIT_MPS = 3.5
"""Ground contact faster than this breaks the aircraft."""


@dataclass(frozen=True, slots=True)
class Body:
    """Where the aircraft truly is and how it moves: ground velocity m/s east, north, up."""

    x_m: float
    y_m: float
    alt_m: float
    east_mps: float = 0.0
    north_mps: float = 0.0
    up_mps: float = 0.0
    heading_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    grounded: bool = True
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Demand:
    """What the autopilot asks: ground velocity m/s, heading (None: keep), motors running."""

    east_mps: float = 0.0
    north_mps: float = 0.0
    up_mps: float = 0.0
    heading_deg: float | None = None
    motors: bool = True


@dataclass(frozen=True, slots=True)
class Around:
    """The air's motion m/s and the ground's height below, m AMSL."""

    wind_east_mps: float
    wind_north_mps: float
    ground_m: float


OFF = Demand(motors=False)


def step(body: Body, demand: Demand, around: Around, frame: Airframe, dt_s: float) -> Body:
    """The aircraft dt_s later."""
    if body.grounded and (not demand.motors or body.broken or demand.up_mps <= 0):
        return Body(body.x_m, body.y_m, around.ground_m, heading_deg=body.heading_deg, broken=body.broken)
    if not demand.motors or body.broken:
        return _landed(body, _falling(body, dt_s), around)
    east, north = _against_wind(demand.east_mps, demand.north_mps, around, frame.airspeed_max_mps)
    cap = frame.accel_mps2 * dt_s
    de, dn = _shortened(east - body.east_mps, north - body.north_mps, cap)
    up = min(max(demand.up_mps, -frame.descent_mps), frame.climb_mps)
    du = min(max(up - body.up_mps, -UP_ACCEL_MPS2 * dt_s), UP_ACCEL_MPS2 * dt_s)
    east, north, up = body.east_mps + de, body.north_mps + dn, body.up_mps + du
    heading = _turned(body.heading_deg, demand.heading_deg, frame.yaw_rate_dps * dt_s)
    pitch, roll = _tilt(east - around.wind_east_mps, north - around.wind_north_mps, (de / dt_s, dn / dt_s), heading)
    lag = dt_s / (dt_s + TILT_LAG_S)
    moved = Body(
        body.x_m + (body.east_mps + east) / 2 * dt_s,
        body.y_m + (body.north_mps + north) / 2 * dt_s,
        body.alt_m + (body.up_mps + up) / 2 * dt_s,
        east,
        north,
        up,
        heading,
        body.pitch_deg + (pitch - body.pitch_deg) * lag,
        body.roll_deg + (roll - body.roll_deg) * lag,
        grounded=False,
    )
    return _landed(body, moved, around)


def airspeed_mps(body: Body, around: Around) -> float:
    """Speed through the air, m/s; 0 on the ground."""
    if body.grounded:
        return 0.0
    return math.hypot(body.east_mps - around.wind_east_mps, body.north_mps - around.wind_north_mps)


def _shortened(x: float, y: float, cap: float) -> tuple[float, float]:
    length = math.hypot(x, y)
    return (x, y) if length <= cap else (x * cap / length, y * cap / length)


def _turned(heading_deg: float, wanted_deg: float | None, cap_deg: float) -> float:
    if wanted_deg is None:
        return heading_deg
    return wrap_360(heading_deg + min(max(wrap_180(wanted_deg - heading_deg), -cap_deg), cap_deg))


def _against_wind(east: float, north: float, around: Around, limit: float) -> tuple[float, float]:
    """The ground velocity along the wanted track that the airspeed limit allows; drifts when the wind is stronger."""
    we, wn = around.wind_east_mps, around.wind_north_mps
    if math.hypot(east - we, north - wn) <= limit:
        return east, north
    speed = math.hypot(east, north)
    if speed > 1e-6:
        ue, un = east / speed, north / speed
        along = we * ue + wn * un
        inside = limit**2 - (we**2 + wn**2 - along**2)
        if inside >= 0 and along + math.sqrt(inside) >= 0:
            held = min(speed, along + math.sqrt(inside))
            return ue * held, un * held
    ae, an = _shortened(east - we, north - wn, limit)
    return we + ae, wn + an


def _tilt(air_east: float, air_north: float, accel: tuple[float, float], heading_deg: float) -> tuple[float, float]:
    """Pitch and roll, deg, whose thrust gives this acceleration against the drag."""
    drag = DRAG_PER_M * math.hypot(air_east, air_north)
    fe, fn = accel[0] + drag * air_east, accel[1] + drag * air_north
    c, s = math.cos(math.radians(heading_deg)), math.sin(math.radians(heading_deg))
    forward, right = fn * c + fe * s, fe * c - fn * s
    return -math.degrees(math.atan2(forward, GRAVITY_MPS2)), math.degrees(math.atan2(right, GRAVITY_MPS2))


def _falling(body: Body, dt_s: float) -> Body:
    up = max(body.up_mps - GRAVITY_MPS2 * dt_s, -30.0)
    x, y = body.x_m + body.east_mps * dt_s, body.y_m + body.north_mps * dt_s
    alt = body.alt_m + (body.up_mps + up) / 2 * dt_s
    motion = (body.east_mps, body.north_mps, up, body.heading_deg, body.pitch_deg, body.roll_deg)
    return Body(x, y, alt, *motion, grounded=False, broken=body.broken)


def _landed(before: Body, after: Body, around: Around) -> Body:
    """`after`, standing on the ground if it came down to it; broken if it hit too fast."""
    leaving = before.grounded and after.up_mps > 0
    if after.alt_m > around.ground_m or leaving:
        return after
    hit = math.hypot(after.east_mps, after.north_mps) > HARD_HIT_MPS or after.up_mps < -HARD_HIT_MPS
    return Body(after.x_m, after.y_m, around.ground_m, heading_deg=after.heading_deg, broken=before.broken or hit)
