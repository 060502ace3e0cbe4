"""Speeds and directions towards places. Pure; axes east and north."""

from __future__ import annotations

import math

from core.units import wrap_180
from sitl.vehicle.brain import Spot

GAIN_PER_S = 1.2
"""Speed asked a metre of distance left, close to the target."""
BRAKE_SHARE = 0.8
"""Share of the acceleration limit that braking plans with."""
STRAIGHT_DEG = 15.0
STOP_TURN_DEG = 60.0


def approach_mps(left_m: float, cruise_mps: float, accel_mps2: float, end_mps: float = 0.0) -> float:
    """Speed at left_m before a target so as to pass it with end_mps; signed like left_m."""
    a = BRAKE_SHARE * accel_mps2
    near = a / GAIN_PER_S**2
    d = abs(left_m)
    speed = GAIN_PER_S * d if d < near else math.sqrt(2 * a * (d - near / 2))
    speed = min(math.hypot(speed, end_mps), cruise_mps)
    return math.copysign(speed, left_m)


def towards(dx: float, dy: float, cruise_mps: float, accel_mps2: float) -> tuple[float, float]:
    """Velocity that comes to rest dx, dy away."""
    d = math.hypot(dx, dy)
    if d < 1e-6:
        return 0.0, 0.0
    v = approach_mps(d, cruise_mps, accel_mps2)
    return v * dx / d, v * dy / d


def bearing_deg(dx: float, dy: float) -> float:
    """True bearing of an east, north vector."""
    return math.degrees(math.atan2(dx, dy)) % 360.0


def turn_deg(a: Spot, b: Spot, c: Spot) -> float:
    """How far the course turns at b on the way a, b, c, 0 to 180; 180 where a leg is too short to have a course."""
    if min(math.dist((a.x_m, a.y_m), (b.x_m, b.y_m)), math.dist((b.x_m, b.y_m), (c.x_m, c.y_m))) < 1.0:
        return 180.0
    before = bearing_deg(b.x_m - a.x_m, b.y_m - a.y_m)
    return abs(wrap_180(bearing_deg(c.x_m - b.x_m, c.y_m - b.y_m) - before))


def corner_mps(turned_deg: float, accept_m: float, accel_mps2: float, cruise_mps: float) -> float:
    """Speed at a corner: cruise when straight, 0 when it must stop, else what the turn's radius holds."""
    if turned_deg <= STRAIGHT_DEG:
        return cruise_mps
    if turned_deg >= STOP_TURN_DEG:
        return 0.0
    return min(cruise_mps, math.sqrt(accel_mps2 * max(accept_m, 0.5) / math.tan(math.radians(turned_deg) / 2)))


def along_leg(start: Spot, end: Spot, here: Spot) -> tuple[float, float, float, float, float]:
    """(unit east, unit north, m left along the leg, m off it to the right, share flown 0 to 1)."""
    dx, dy = end.x_m - start.x_m, end.y_m - start.y_m
    length = math.hypot(dx, dy)
    if length < 0.5:
        dx, dy = end.x_m - here.x_m, end.y_m - here.y_m
        left = math.hypot(dx, dy)
        return (dx / left, dy / left, left, 0.0, 1.0) if left > 1e-6 else (0.0, 1.0, 0.0, 0.0, 1.0)
    ux, uy = dx / length, dy / length
    rx, ry = end.x_m - here.x_m, end.y_m - here.y_m
    left = rx * ux + ry * uy
    off = rx * -uy + ry * ux
    return ux, uy, left, off, min(max(1.0 - left / length, 0.0), 1.0)
