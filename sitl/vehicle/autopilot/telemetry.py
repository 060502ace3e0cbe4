"""Every message the autopilot can send by itself, and when. All values carry the sensors' errors."""

from __future__ import annotations

import math
from collections.abc import Callable

from pymavlink.dialects.v20 import ardupilotmega as mav

from core.units import wrap_180
from sitl.vehicle.autopilot.transfer import mission_current
from sitl.vehicle.brain import Brain, Message
from sitl.vehicle.dialect.personality import Doing

READY_AFTER_S = 2.0
"""From then on SYS_STATUS says it can be armed (on ArduPilot too early, as in real life)."""
FASTEST_S = 0.02
SIMULATED = b"airgrnd\0"
"""flight_custom_version: tells tools that this is no real autopilot."""
_SENSORS = (
    mav.MAV_SYS_STATUS_SENSOR_3D_GYRO
    | mav.MAV_SYS_STATUS_SENSOR_3D_ACCEL
    | mav.MAV_SYS_STATUS_SENSOR_3D_MAG
    | mav.MAV_SYS_STATUS_SENSOR_ABSOLUTE_PRESSURE
    | mav.MAV_SYS_STATUS_SENSOR_GPS
    | mav.MAV_SYS_STATUS_SENSOR_XY_POSITION_CONTROL
    | mav.MAV_SYS_STATUS_SENSOR_BATTERY
    | mav.MAV_SYS_STATUS_PREARM_CHECK
)
_EKF_GOOD = 0x33F
"""All of EKF_STATUS_FLAGS but constant position and predicted ones."""
_AUTO = frozenset({Doing.MISSION, Doing.RETURN, Doing.LAND, Doing.TAKE_OFF, Doing.HOLD})


def tick(brain: Brain) -> None:
    """Send what is due."""
    for message_id, stream in brain.streams.items():
        if brain.now >= stream[1]:
            stream[1] = max(stream[1] + stream[0], brain.now - stream[0])
            brain.send(BUILDERS[message_id](brain))


def set_interval(brain: Brain, message_id: int, interval_us: float) -> bool:
    """Every interval_us from now on; 0: the default rate, below 0: never. Whether the message is known."""
    if message_id not in BUILDERS or not math.isfinite(interval_us):
        return False
    if interval_us < 0:
        brain.streams.pop(message_id, None)
        return True
    default_hz = brain.personality.streams_hz.get(message_id)
    if interval_us == 0 and default_hz is None:
        brain.streams.pop(message_id, None)
        return True
    seconds = 1.0 / default_hz if interval_us == 0 and default_hz else interval_us / 1e6
    brain.streams[message_id] = [min(max(seconds, FASTEST_S), 3600.0), brain.now]
    return True


def _ms(brain: Brain) -> int:
    return int(brain.up_s * 1000) & 0xFFFFFFFF


def _i16(value: float) -> int:
    return int(min(max(value, -32768.0), 32767.0))


def _u16(value: float) -> int:
    return int(min(max(value, 0.0), 65535.0))


def _cdeg(angle_deg: float) -> int:
    return int(angle_deg * 100) % 36000


def _place(brain: Brain) -> tuple[int, int]:
    here = brain.latlon(brain.seen.spot)
    return round(here.lat_deg * 1e7), round(here.lon_deg * 1e7)


def heartbeat(brain: Brain) -> Message:
    """HEARTBEAT."""
    base = mav.MAV_MODE_FLAG_CUSTOM_MODE_ENABLED | mav.MAV_MODE_FLAG_STABILIZE_ENABLED
    if brain.doing in _AUTO:
        base |= mav.MAV_MODE_FLAG_AUTO_ENABLED | mav.MAV_MODE_FLAG_GUIDED_ENABLED
    if brain.doing is Doing.GUIDED:
        base |= mav.MAV_MODE_FLAG_GUIDED_ENABLED
    status = mav.MAV_STATE_STANDBY
    if brain.armed:
        base |= mav.MAV_MODE_FLAG_SAFETY_ARMED
        failing = brain.watch.link_acted or brain.watch.battery_stage > 1
        status = mav.MAV_STATE_CRITICAL if failing else mav.MAV_STATE_ACTIVE
    p = brain.personality
    return mav.MAVLink_heartbeat_message(mav.MAV_TYPE_QUADROTOR, p.autopilot_id, base, brain.mode, status, 3)


def _sys_status(brain: Brain) -> Message:
    s = brain.seen
    health = _SENSORS if brain.up_s >= READY_AFTER_S else mav.MAV_SYS_STATUS_SENSOR_BATTERY
    mv, ca = _u16(s.volts * 1000), _i16(s.amperes * 100)
    return mav.MAVLink_sys_status_message(_SENSORS, _SENSORS, health, 200, mv, ca, round(s.left * 100), *[0] * 6)


def _battery(brain: Brain) -> Message:
    s, cells = brain.seen, brain.spec.pack.cells
    voltages = ([_u16(s.volts * 1000 / cells)] * min(cells, 10) + [65535] * 10)[:10]
    used_mah = int(s.used_wh / max(s.volts, 1.0) * 1000)
    return mav.MAVLink_battery_status_message(
        0, 0, mav.MAV_BATTERY_TYPE_LIPO, 32767, voltages, _i16(s.amperes * 100), used_mah, int(s.used_wh * 36),
        round(s.left * 100),
    )  # fmt: skip


def _gps_raw(brain: Brain) -> Message:
    s = brain.seen
    lat, lon = _place(brain)
    speed = math.hypot(s.east_mps, s.north_mps)
    cog = _cdeg(math.degrees(math.atan2(s.east_mps, s.north_mps)))
    h_acc = int(max(brain.spec.errors.gnss_sigma_m, 0.3) * 1000)
    alt = int(s.spot.alt_m * 1000)
    return mav.MAVLink_gps_raw_int_message(
        int(brain.up_s * 1e6), mav.GPS_FIX_TYPE_3D_FIX, lat, lon, alt, 80, 120, _u16(speed * 100), cog, 14, alt,
        h_acc, int(h_acc * 1.5), 200,
    )  # fmt: skip


def _global_position(brain: Brain) -> Message:
    s = brain.seen
    lat, lon = _place(brain)
    return mav.MAVLink_global_position_int_message(
        _ms(brain), lat, lon, int(s.spot.alt_m * 1000), int((s.spot.alt_m - brain.home.alt_m) * 1000),
        _i16(s.north_mps * 100), _i16(s.east_mps * 100), _i16(-s.up_mps * 100), _cdeg(s.heading_deg),
    )  # fmt: skip


def _local_position(brain: Brain) -> Message:
    s = brain.seen
    down = brain.home.alt_m - s.spot.alt_m
    return mav.MAVLink_local_position_ned_message(
        _ms(brain), s.spot.y_m, s.spot.x_m, down, s.north_mps, s.east_mps, -s.up_mps
    )


def _attitude(brain: Brain) -> Message:
    s = brain.seen
    roll, pitch, yaw = (math.radians(v) for v in (s.roll_deg, s.pitch_deg, wrap_180(s.heading_deg)))
    return mav.MAVLink_attitude_message(_ms(brain), roll, pitch, yaw, 0.0, 0.0, 0.0)


def _home(brain: Brain) -> Message:
    at = brain.latlon(brain.home)
    h = brain.home
    return mav.MAVLink_home_position_message(
        round(at.lat_deg * 1e7), round(at.lon_deg * 1e7), int(h.alt_m * 1000), h.y_m, h.x_m, 0.0,
        [1.0, 0.0, 0.0, 0.0], 0.0, 0.0, 0.0, int(brain.up_s * 1e6),
    )  # fmt: skip


def _extended_state(brain: Brain) -> Message:
    if brain.seen.grounded:
        landed = mav.MAV_LANDED_STATE_ON_GROUND
    elif brain.doing is Doing.TAKE_OFF:
        landed = mav.MAV_LANDED_STATE_TAKEOFF
    else:
        landed = mav.MAV_LANDED_STATE_LANDING if brain.doing is Doing.LAND else mav.MAV_LANDED_STATE_IN_AIR
    return mav.MAVLink_extended_sys_state_message(0, landed)


def _vfr_hud(brain: Brain) -> Message:
    s = brain.seen
    speed = math.hypot(s.east_mps, s.north_mps)
    throttle = 0 if s.grounded else 50
    return mav.MAVLink_vfr_hud_message(s.airspeed_mps, speed, int(s.heading_deg), throttle, s.spot.alt_m, s.up_mps)


def _gimbal(brain: Brain) -> Message:
    """Yaw from the nose; roll and pitch from the horizon. At -90 deg Euler angles of q are not unique: roll is 0."""
    s = brain.seen
    half_yaw, half_pitch = math.radians(s.gimbal_yaw_deg) / 2, math.radians(s.gimbal_pitch_deg) / 2
    cy, sy, cp, sp = math.cos(half_yaw), math.sin(half_yaw), math.cos(half_pitch), math.sin(half_pitch)
    q = [cy * cp, -sy * sp, cy * sp, sy * cp]
    flags = brain.personality.gimbal_flags
    return mav.MAVLink_gimbal_device_attitude_status_message(0, 0, _ms(brain), flags, q, 0.0, 0.0, 0.0, 0)


def _mount(brain: Brain) -> Message:
    s = brain.seen
    north = wrap_180(s.heading_deg + s.gimbal_yaw_deg)
    return mav.MAVLink_mount_orientation_message(_ms(brain), 0.0, s.gimbal_pitch_deg, s.gimbal_yaw_deg, north)


def _system_time(brain: Brain) -> Message:
    return mav.MAVLink_system_time_message(int(brain.utc * 1e6), _ms(brain))


def version(brain: Brain) -> Message:
    """AUTOPILOT_VERSION: the version imitated, and in flight_custom_version that it is simulated."""
    major, minor, patch = brain.personality.version
    number = major << 24 | minor << 16 | patch << 8 | mav.FIRMWARE_VERSION_TYPE_OFFICIAL
    custom, none = list(SIMULATED), [0] * 8
    return mav.MAVLink_autopilot_version_message(
        brain.personality.capabilities, number, 0, 0, 0, custom, none, none, 0, 0, brain.spec.system_id
    )


def _gimbal_manager(brain: Brain) -> Message:
    flags = mav.GIMBAL_MANAGER_CAP_FLAGS_HAS_PITCH_AXIS | mav.GIMBAL_MANAGER_CAP_FLAGS_HAS_YAW_AXIS
    low, high = -math.pi / 2, math.radians(30)
    return mav.MAVLink_gimbal_manager_information_message(_ms(brain), flags, 1, 0, 0, low, high, -math.pi, math.pi)


def _gimbal_device(brain: Brain) -> Message:
    """GIMBAL_DEVICE_INFORMATION. Without an answer MAVSDK asks for it without end."""
    caps = mav.GIMBAL_DEVICE_CAP_FLAGS_HAS_PITCH_AXIS | mav.GIMBAL_DEVICE_CAP_FLAGS_HAS_YAW_AXIS
    low, high = -math.pi / 2, math.radians(30)
    names, axes = (b"airground", b"simulated", b""), (0.0, 0.0, low, high, -math.pi, math.pi)
    return mav.MAVLink_gimbal_device_information_message(_ms(brain), *names, 0, 0, 0, caps, 0, *axes, 1)


def _attitude_quaternion(brain: Brain) -> Message:
    s = brain.seen
    r, p, y = (math.radians(v) / 2 for v in (s.roll_deg, s.pitch_deg, s.heading_deg))
    (cr, sr), (cp, sp), (cy, sy) = ((math.cos(v), math.sin(v)) for v in (r, p, y))
    w, x = cr * cp * cy + sr * sp * sy, sr * cp * cy - cr * sp * sy
    j, k = cr * sp * cy + sr * cp * sy, cr * cp * sy - sr * sp * cy
    return mav.MAVLink_attitude_quaternion_message(_ms(brain), w, x, j, k, 0.0, 0.0, 0.0)


def _ekf_status(brain: Brain) -> Message:
    return mav.MAVLink_ekf_status_report_message(_EKF_GOOD if brain.up_s >= READY_AFTER_S else 0, 0.1, 0.1, 0.1, 0.1, 0)


def _estimator(brain: Brain) -> Message:
    flags = _EKF_GOOD if brain.up_s >= READY_AFTER_S else 0
    ratios, accuracy = (0.1,) * 6, (1.0, 1.5)
    return mav.MAVLink_estimator_status_message(int(brain.up_s * 1e6), flags, *ratios, *accuracy)


def _gimbal_status(brain: Brain) -> Message:
    return mav.MAVLink_gimbal_manager_status_message(_ms(brain), brain.personality.gimbal_flags, 1, 0, 0, 0, 0)


BUILDERS: dict[int, Callable[[Brain], Message]] = {
    mav.MAVLINK_MSG_ID_HEARTBEAT: heartbeat,
    mav.MAVLINK_MSG_ID_SYS_STATUS: _sys_status,
    mav.MAVLINK_MSG_ID_SYSTEM_TIME: _system_time,
    mav.MAVLINK_MSG_ID_BATTERY_STATUS: _battery,
    mav.MAVLINK_MSG_ID_GPS_RAW_INT: _gps_raw,
    mav.MAVLINK_MSG_ID_GLOBAL_POSITION_INT: _global_position,
    mav.MAVLINK_MSG_ID_LOCAL_POSITION_NED: _local_position,
    mav.MAVLINK_MSG_ID_ATTITUDE: _attitude,
    mav.MAVLINK_MSG_ID_HOME_POSITION: _home,
    mav.MAVLINK_MSG_ID_EXTENDED_SYS_STATE: _extended_state,
    mav.MAVLINK_MSG_ID_VFR_HUD: _vfr_hud,
    mav.MAVLINK_MSG_ID_MISSION_CURRENT: mission_current,
    mav.MAVLINK_MSG_ID_GIMBAL_DEVICE_ATTITUDE_STATUS: _gimbal,
    mav.MAVLINK_MSG_ID_MOUNT_ORIENTATION: _mount,
    mav.MAVLINK_MSG_ID_AUTOPILOT_VERSION: version,
    mav.MAVLINK_MSG_ID_GIMBAL_MANAGER_INFORMATION: _gimbal_manager,
    mav.MAVLINK_MSG_ID_GIMBAL_MANAGER_STATUS: _gimbal_status,
    mav.MAVLINK_MSG_ID_GIMBAL_DEVICE_INFORMATION: _gimbal_device,
    mav.MAVLINK_MSG_ID_ATTITUDE_QUATERNION: _attitude_quaternion,
    mav.MAVLINK_MSG_ID_EKF_STATUS_REPORT: _ekf_status,
    mav.MAVLINK_MSG_ID_ESTIMATOR_STATUS: _estimator,
}
