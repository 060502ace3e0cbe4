"""Telemetry to DroneState, decoded once (MAVLink common; frames and units as in its message definitions)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from core.drone import Aged, Attitude, Battery, DroneState, Gnss, MissionProgress, Velocity
from core.errors import Malformed
from core.geo import GeoPoint
from core.units import Metres, MetresAmsl, MetresPerSecond, UtcSeconds, wrap_180, wrap_360
from flightops.links.air.frames import Message
from flightops.links.dialects import Dialect

Fold = Callable[[DroneState, Message, UtcSeconds, Dialect], DroneState]
ARMED = 128
UNKNOWN_16 = 65535


def fold(state: DroneState, message: Message, now: UtcSeconds, dialect: Dialect) -> DroneState:
    """The state after this message of its autopilot or gimbal. Raises Malformed for a value that can't be."""
    rule = FOLDS.get(message.get_type())
    state = replace(state, heard_at=now)
    return rule(state, message, now, dialect) if rule else state


def _heartbeat(state: DroneState, m: Message, now: UtcSeconds, dialect: Dialect) -> DroneState:
    armed = bool(m.base_mode & ARMED)
    return replace(state, mode=Aged(dialect.mode(m.custom_mode), now), armed=Aged(armed, now))


def _place(lat: int, lon: int, alt_mm: int) -> GeoPoint | None:
    """0, 0 is how autopilots say that they don't know."""
    return None if lat == 0 and lon == 0 else GeoPoint(lat / 1e7, lon / 1e7, MetresAmsl(alt_mm / 1000))


def _position(state: DroneState, m: Message, now: UtcSeconds, _: Dialect) -> DroneState:
    velocity = Velocity(MetresPerSecond(m.vx / 100), MetresPerSecond(m.vy / 100), MetresPerSecond(m.vz / 100))
    place = _place(m.lat, m.lon, m.alt)
    return replace(
        state,
        place=Aged(place, now) if place else state.place,
        above_home_m=Aged(m.relative_alt / 1000, now),
        velocity=Aged(velocity, now),
    )


def _attitude(state: DroneState, m: Message, now: UtcSeconds, _: Dialect) -> DroneState:
    heading, pitch, roll = (math.degrees(a) for a in (m.yaw, m.pitch, m.roll))
    return replace(state, attitude=Aged(Attitude(wrap_360(heading), pitch, roll), now))


YAW_LOCK, YAW_IN_VEHICLE_FRAME, YAW_IN_EARTH_FRAME = 16, 32, 64


def _gimbal(state: DroneState, m: Message, now: UtcSeconds, _: Dialect) -> DroneState:
    """Quaternion w, x, y, z, body to a frame whose roll and pitch are level with the earth; the flags say whether its
    yaw counts from north or from the nose (where neither is set, the old rule: YAW_LOCK means north)."""
    yaw, pitch, roll = euler_deg(*m.q)
    in_earth = m.flags & YAW_IN_EARTH_FRAME or (not m.flags & YAW_IN_VEHICLE_FRAME and m.flags & YAW_LOCK)
    return _gimbal_at(state, yaw, pitch, roll, now) if in_earth else _gimbal_off_nose(state, (yaw, pitch, roll), now)


def _gimbal_off_nose(state: DroneState, ypr: tuple[float, float, float], now: UtcSeconds) -> DroneState:
    """Without a heading of the vehicle there is none of the gimbal."""
    if state.attitude is None:
        return state
    return _gimbal_at(state, ypr[0] + state.attitude.value.heading_deg, ypr[1], ypr[2], now)


def _gimbal_at(state: DroneState, yaw: float, pitch: float, roll: float, now: UtcSeconds) -> DroneState:
    return replace(state, gimbal=Aged(Attitude(wrap_360(yaw), pitch, roll), now))


def euler_deg(w: float, x: float, y: float, z: float) -> tuple[float, float, float]:
    """Yaw, pitch, roll (z-y'-x''), deg. Raises Malformed unless it is a rotation. At pitch +-90 deg roll is 0 and yaw
    takes all of the turn, since only their sum is defined there."""
    norm = math.sqrt(w * w + x * x + y * y + z * z)
    if not 0.9 < norm < 1.1:
        raise Malformed("gimbal.q", f"norm {norm:g} is not 1")
    w, x, y, z = w / norm, x / norm, y / norm, z / norm
    sin_pitch = 2 * (w * y - z * x)
    if abs(sin_pitch) > 0.999999:
        yaw = -2 * math.copysign(1.0, sin_pitch) * math.atan2(x, w)
        return wrap_180(math.degrees(yaw)), math.copysign(90.0, sin_pitch), 0.0
    yaw = math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
    roll = math.atan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y))
    return math.degrees(yaw), math.degrees(math.asin(sin_pitch)), math.degrees(roll)


def _mount(state: DroneState, m: Message, now: UtcSeconds, _: Dialect) -> DroneState:
    """MOUNT_ORIENTATION, deg: yaw counts from the nose, yaw_absolute (NaN or 0: not told) from north."""
    if math.isfinite(m.yaw_absolute) and m.yaw_absolute:
        return _gimbal_at(state, m.yaw_absolute, m.pitch, m.roll, now)
    return _gimbal_off_nose(state, (m.yaw, m.pitch, m.roll), now)


def _sys_status(state: DroneState, m: Message, now: UtcSeconds, _: Dialect) -> DroneState:
    volts = m.voltage_battery / 1000 if m.voltage_battery != UNKNOWN_16 else None
    return _battery_left(state, m.battery_remaining, volts, now)


def _battery(state: DroneState, m: Message, now: UtcSeconds, _: Dialect) -> DroneState:
    if m.id != 0:
        return state
    cells = [v for v in m.voltages if v != UNKNOWN_16]
    return _battery_left(state, m.battery_remaining, sum(cells) / 1000 if cells else None, now)


def _battery_left(state: DroneState, percent: int, volts: float | None, now: UtcSeconds) -> DroneState:
    return state if percent < 0 else replace(state, battery=Aged(Battery(percent / 100, volts), now))


def _gnss(state: DroneState, m: Message, now: UtcSeconds, _: Dialect) -> DroneState:
    satellites = 0 if m.satellites_visible == 255 else m.satellites_visible
    return replace(state, gnss=Aged(Gnss(m.fix_type, satellites, Metres(m.h_acc / 1000) if m.h_acc else None), now))


def _home(state: DroneState, m: Message, now: UtcSeconds, _: Dialect) -> DroneState:
    home = _place(m.latitude, m.longitude, m.altitude)
    return replace(state, home=Aged(home, now)) if home else state


def _landed(state: DroneState, m: Message, now: UtcSeconds, _: Dialect) -> DroneState:
    """MAV_LANDED_STATE: 1 on the ground; 2, 3, 4 in the air, taking off, landing; 0 not known."""
    return state if m.landed_state == 0 else replace(state, in_air=Aged(m.landed_state != 1, now))


def _mission(state: DroneState, m: Message, now: UtcSeconds, dialect: Dialect) -> DroneState:
    """`total` leaves the home item out (message definition), `seq` does not."""
    total = m.total if m.total != UNKNOWN_16 else 0
    current = max(m.seq - 1, 0) if dialect.home_first else m.seq
    return replace(state, mission=Aged(MissionProgress(current, total), now))


WARNING = 4


def _says(state: DroneState, m: Message, now: UtcSeconds, _: Dialect) -> DroneState:
    """A long text comes in chunks with one id; they are put together as they come."""
    if m.severity > WARNING:
        return state
    before = state.says.value if m.id and m.chunk_seq and state.says else ""
    return replace(state, says=Aged((before + str(m.text))[:500], now))


SIMULATED = "airgrnd"


def _version(state: DroneState, m: Message, _: UtcSeconds, dialect: Dialect) -> DroneState:
    v = m.flight_sw_version
    stage = {255: "", 192: "-rc", 128: "-beta", 64: "-alpha"}.get(v & 0xFF, "-dev")
    custom = bytes(m.flight_custom_version)
    simulated = " simulated" if custom.startswith(SIMULATED.encode()) else ""
    return replace(state, version=f"{dialect.words} {v >> 24}.{v >> 16 & 255}.{v >> 8 & 255}{stage}{simulated}")


FOLDS: dict[str, Fold] = {
    "HEARTBEAT": _heartbeat,
    "GLOBAL_POSITION_INT": _position,
    "ATTITUDE": _attitude,
    "GIMBAL_DEVICE_ATTITUDE_STATUS": _gimbal,
    "MOUNT_ORIENTATION": _mount,
    "SYS_STATUS": _sys_status,
    "BATTERY_STATUS": _battery,
    "GPS_RAW_INT": _gnss,
    "HOME_POSITION": _home,
    "EXTENDED_SYS_STATE": _landed,
    "MISSION_CURRENT": _mission,
    "STATUSTEXT": _says,
    "AUTOPILOT_VERSION": _version,
}
