"""From a real autopilot's telemetry to Truth. Pure. What it tells is its estimate: in SITL the best there is."""

from __future__ import annotations

import math
from typing import Any

from pymavlink.dialects.v20 import ardupilotmega as mav

from core.camera import Pose
from core.drone import Attitude, Velocity
from core.geo import GeoPoint
from core.units import MetresAmsl, MetresPerSecond, UtcSeconds, wrap_360
from sitl.vehicle.spec import Truth

WANTED_US = {
    mav.MAVLINK_MSG_ID_GLOBAL_POSITION_INT: 40_000,
    mav.MAVLINK_MSG_ID_ATTITUDE: 40_000,
    mav.MAVLINK_MSG_ID_GIMBAL_DEVICE_ATTITUDE_STATUS: 100_000,
    mav.MAVLINK_MSG_ID_MOUNT_ORIENTATION: 100_000,
    mav.MAVLINK_MSG_ID_EXTENDED_SYS_STATE: 500_000,
}


def requests(system_id: int, *, with_rates: bool) -> list[Any]:
    """A heartbeat as an onboard computer, and SET_MESSAGE_INTERVAL for what truth is made of."""
    beat = mav.MAVLink_heartbeat_message(mav.MAV_TYPE_ONBOARD_CONTROLLER, mav.MAV_AUTOPILOT_INVALID, 0, 0, 4, 3)
    if not with_rates:
        return [beat]
    command = mav.MAV_CMD_SET_MESSAGE_INTERVAL
    rates = [
        mav.MAVLink_command_long_message(system_id, 1, command, 0, float(message_id), float(interval), 0, 0, 0, 0, 0)
        for message_id, interval in WANTED_US.items()
    ]
    return [beat, *rates]


class Listener:
    """Keeps the newest of each message of one vehicle; gives a Truth for each position once an attitude is known.

    Without a gimbal on board the axis points where `look_deg` says (pitch, fixed to the horizon), along the nose.
    """

    def __init__(self, system_id: int, look_deg: float = -90.0) -> None:
        self.system_id = system_id
        self._pitch_deg, self._yaw_deg = look_deg, 0.0
        self._body: Attitude | None = None
        self._armed = self._in_air = False

    def heard(self, m: Any, now: UtcSeconds) -> Truth | None:
        """Take a message; the truth it completes, if any. What makes no sense is ignored."""
        if m.get_msgId() < 0 or m.get_srcSystem() != self.system_id:
            return None
        kind = m.get_type()
        if kind == "GLOBAL_POSITION_INT":
            return self._truth(m, now)
        if kind == "HEARTBEAT" and m.type != mav.MAV_TYPE_GCS and m.autopilot != mav.MAV_AUTOPILOT_INVALID:
            self._armed = bool(m.base_mode & mav.MAV_MODE_FLAG_SAFETY_ARMED)
        elif kind == "EXTENDED_SYS_STATE":
            self._in_air = m.landed_state not in (mav.MAV_LANDED_STATE_UNDEFINED, mav.MAV_LANDED_STATE_ON_GROUND)
        elif kind == "ATTITUDE" and all(map(math.isfinite, (m.roll, m.pitch, m.yaw))):
            roll, pitch, yaw = (math.degrees(math.remainder(v, math.tau)) for v in (m.roll, m.pitch, m.yaw))
            self._body = Attitude(wrap_360(yaw), pitch, roll)
        elif kind == "GIMBAL_DEVICE_ATTITUDE_STATUS":
            self._look(m)
        return None

    def _look(self, m: Any) -> None:
        """Pitch and yaw of the axis with roll 0: at -90 deg the yaw of q alone is kept."""
        w, x, y, z = m.q
        if not all(map(math.isfinite, (w, x, y, z))) or abs(w * w + x * x + y * y + z * z - 1) > 0.1:
            return
        self._pitch_deg = math.degrees(2 * math.atan2(math.copysign(math.hypot(y, x), w * y - x * z), math.hypot(w, z)))
        yaw_deg = math.degrees(2 * math.atan2(z, w))
        heading = self._body.heading_deg if self._body is not None else 0.0
        self._yaw_deg = yaw_deg - heading if _from_north(m.flags) else yaw_deg

    def _truth(self, m: Any, now: UtcSeconds) -> Truth | None:
        if self._body is None or not (abs(m.lat) <= 840_000_000 and abs(m.lon) <= 1_800_000_000):
            return None
        place = GeoPoint(m.lat / 1e7, m.lon / 1e7, MetresAmsl(m.alt / 1000))
        axis = Pose(now, place, wrap_360(self._body.heading_deg + self._yaw_deg), self._pitch_deg, 0.0)
        north, east, down = (MetresPerSecond(v / 100) for v in (m.vx, m.vy, m.vz))
        if max(abs(north), abs(east), abs(down)) > 200:
            return None
        velocity = Velocity(north, east, down)
        return Truth(self.system_id, now, place, velocity, self._body, axis, self._armed, self._in_air)


def _from_north(flags: int) -> bool:
    """Which way q's yaw counts: the frame flags, or without them YAW_LOCK (MAVLink gimbal protocol v2)."""
    if flags & mav.GIMBAL_DEVICE_FLAGS_YAW_IN_EARTH_FRAME:
        return True
    if flags & mav.GIMBAL_DEVICE_FLAGS_YAW_IN_VEHICLE_FRAME:
        return False
    return bool(flags & mav.GIMBAL_DEVICE_FLAGS_YAW_LOCK)
