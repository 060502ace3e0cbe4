"""The command protocol: COMMAND_LONG and COMMAND_INT by a table of commands, each giving its MAV_RESULT.

https://mavlink.io/en/services/command.html
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from pymavlink.dialects.v20 import ardupilotmega as mav

from core.errors import Malformed
from sitl.vehicle.autopilot import telemetry, transfer
from sitl.vehicle.brain import Brain, Message, Peer, Spot
from sitl.vehicle.dialect.personality import Doing, pack_px4_mode
from sitl.vehicle.guidance import modes
from sitl.vehicle.guidance.mission import RELATIVE

ACCEPTED: int = mav.MAV_RESULT_ACCEPTED
DENIED: int = mav.MAV_RESULT_DENIED
FAILED: int = mav.MAV_RESULT_FAILED
BUSY: int = mav.MAV_RESULT_TEMPORARILY_REJECTED
UNSUPPORTED: int = mav.MAV_RESULT_UNSUPPORTED
IN_PROGRESS: int = mav.MAV_RESULT_IN_PROGRESS
CALIBRATION_S = 3.0
FORCE = 21196
HIGHEST_M = 2e4


@dataclass(frozen=True, slots=True)
class Command:
    """A command of either kind: four parameters, and a place (deg; NaN or None: not given) with height z."""

    number: int
    p: tuple[float, float, float, float]
    p5: float
    lat_deg: float
    lon_deg: float
    z: float
    relative: bool
    peer: Peer

    @staticmethod
    def of(m: Message, peer: Peer) -> Command:
        """From COMMAND_LONG or COMMAND_INT."""
        p = (m.param1, m.param2, m.param3, m.param4)
        if m.get_type() == "COMMAND_LONG":
            return Command(m.command, p, m.param5, m.param5, m.param6, m.param7, False, peer)
        none = m.x in (0, 0x7FFFFFFF) and m.y in (0, 0x7FFFFFFF)
        lat, lon = (math.nan, math.nan) if none else (m.x / 1e7, m.y / 1e7)
        return Command(m.command, p, float(m.x), lat, lon, m.z, m.frame in RELATIVE, peer)

    def spot(self, brain: Brain) -> Spot:
        """The place meant; what is not given is where the aircraft is. Raises Malformed off the globe."""
        here = brain.seen.spot
        base = brain.home.alt_m if self.relative else 0.0
        alt = base + self.z if math.isfinite(self.z) else here.alt_m
        if not abs(alt) < HIGHEST_M:
            raise Malformed("height", "out of range")
        if not (math.isfinite(self.lat_deg) and math.isfinite(self.lon_deg)):
            return replace(here, alt_m=alt)
        if abs(self.lat_deg) > 90 or abs(self.lon_deg) > 180:
            raise Malformed("position", "off the globe")
        return brain.spot(round(self.lat_deg * 1e7), round(self.lon_deg * 1e7), alt)


def on_command(brain: Brain, m: Message, peer: Peer) -> None:
    """COMMAND_LONG and COMMAND_INT: do it and answer COMMAND_ACK."""
    run = TABLE.get(m.command)
    try:
        result = UNSUPPORTED if run is None else run(brain, Command.of(m, peer))
    except Malformed:
        result = DENIED
    ack(brain, m.command, result, peer)


def ack(brain: Brain, command: int, result: int, peer: Peer, progress: int = 0) -> None:
    """COMMAND_ACK to the one who asked."""
    brain.send(mav.MAVLink_command_ack_message(command, result, progress, 0, *peer))


def tick(brain: Brain) -> None:
    """End a calibration."""
    if brain.calibrating is not None and brain.now - brain.calibrating[1] >= CALIBRATION_S:
        peer, _ = brain.calibrating
        brain.calibrating = None
        ack(brain, mav.MAV_CMD_PREFLIGHT_CALIBRATION, ACCEPTED, peer, 100)


def on_set_mode(brain: Brain, m: Message, peer: Peer) -> None:
    """SET_MODE, the message before DO_SET_MODE."""
    modes.change_mode(brain, m.custom_mode)


def _whole(value: float) -> int:
    if not math.isfinite(value) or abs(value) > 2**31:
        raise Malformed("param", "not a whole number")
    return int(value)


def _request_message(brain: Brain, c: Command) -> int:
    build = telemetry.BUILDERS.get(_whole(c.p[0]))
    if build is None:
        return UNSUPPORTED
    brain.send(build(brain))
    return ACCEPTED


def _set_interval(brain: Brain, c: Command) -> int:
    return ACCEPTED if telemetry.set_interval(brain, _whole(c.p[0]), c.p[1]) else UNSUPPORTED


def _get_interval(brain: Brain, c: Command) -> int:
    number = _whole(c.p[0])
    stream = brain.streams.get(number)
    interval = int(stream[0] * 1e6) if stream else (-1 if number in telemetry.BUILDERS else 0)
    brain.send(mav.MAVLink_message_interval_message(number & 0xFFFF, interval))
    return ACCEPTED


def _capabilities(brain: Brain, c: Command) -> int:
    brain.send(telemetry.version(brain))
    return ACCEPTED


def _arm_disarm(brain: Brain, c: Command) -> int:
    forced = c.p[1] == FORCE
    if c.p[0] == 1:
        return modes.arm(brain, forced=forced)
    return modes.disarm(brain, forced=forced) if c.p[0] == 0 else DENIED


def _take_off(brain: Brain, c: Command) -> int:
    absolute = brain.personality.mode_in_two and not c.relative
    return modes.take_off(brain, c.z - brain.home.alt_m if absolute else c.z)


def _land(brain: Brain, c: Command) -> int:
    return modes.change_mode(brain, brain.personality.mode_of[Doing.LAND])


def _return(brain: Brain, c: Command) -> int:
    return modes.change_mode(brain, brain.personality.mode_of[Doing.RETURN])


def _set_mode(brain: Brain, c: Command) -> int:
    if not _whole(c.p[0]) & mav.MAV_MODE_FLAG_CUSTOM_MODE_ENABLED:
        return UNSUPPORTED
    main, sub = _whole(c.p[1]), _whole(c.p[2]) if brain.personality.mode_in_two else 0
    return modes.change_mode(brain, pack_px4_mode(main, sub) if brain.personality.mode_in_two else main)


def _reposition(brain: Brain, c: Command) -> int:
    changes = bool(_whole(c.p[1]) & mav.MAV_DO_REPOSITION_FLAGS_CHANGE_MODE)
    if not brain.armed or brain.seen.grounded or not (changes or brain.doing is Doing.GUIDED):
        return DENIED if brain.personality.home_is_item_0 else BUSY
    target = c.spot(brain)
    modes.enter(brain, Doing.GUIDED)
    brain.fly.target = target
    if math.isfinite(c.p[0]) and c.p[0] > 0:
        brain.fly.speed_mps = c.p[0]
    return ACCEPTED


def _change_speed(brain: Brain, c: Command) -> int:
    if not (math.isfinite(c.p[1]) and c.p[1] > 0):
        return DENIED
    brain.fly.speed_mps = c.p[1]
    return ACCEPTED


def _mission_start(brain: Brain, c: Command) -> int:
    p = brain.personality
    if not modes.flyable(brain):
        return DENIED if p.mode_in_two else FAILED
    if not brain.armed:
        armed = FAILED if p.needs_start else modes.arm(brain)
        if armed != ACCEPTED:
            return armed
    if math.isfinite(c.p[0]) and c.p[0] > 0 and not transfer.set_current(brain, _whole(c.p[0])):
        return DENIED
    if brain.doing is not Doing.MISSION:
        result = modes.change_mode(brain, p.mode_of[Doing.MISSION])
        if result != ACCEPTED:
            return result
    if not brain.fly.started:
        brain.fly.start, brain.fly.started = brain.seen.spot, True
    return ACCEPTED


def _pause(brain: Brain, c: Command) -> int:
    if c.p[0] not in (0, 1) or not brain.armed:
        return DENIED
    if not brain.personality.stays_in_mission:
        doing = Doing.HOLD if c.p[0] == 0 else Doing.MISSION
        return modes.change_mode(brain, brain.personality.mode_of[doing])
    if brain.doing is not Doing.MISSION:
        return FAILED
    brain.fly.target, brain.fly.started = modes.stop_spot(brain), c.p[0] == 1
    brain.fly.start = brain.seen.spot
    return ACCEPTED


def _set_current(brain: Brain, c: Command) -> int:
    return ACCEPTED if transfer.set_current(brain, _whole(c.p[0])) else DENIED


def _gimbal(brain: Brain, c: Command) -> int:
    """Pitch and yaw from the horizon and the nose (from north with the YAW_LOCK flag)."""
    flags = 0 if math.isnan(c.p5) else _whole(c.p5)
    return _look(brain, c.p[0], c.p[1], bool(flags & mav.GIMBAL_MANAGER_FLAGS_YAW_LOCK))


def _mount(brain: Brain, c: Command) -> int:
    return _look(brain, c.p[0], c.p[2], False)


def _look(brain: Brain, pitch_deg: float, yaw_deg: float, locked: bool) -> int:
    g = brain.gimbal
    if math.isfinite(pitch_deg):
        if abs(pitch_deg) > 180:
            return DENIED
        g.pitch_deg = min(max(pitch_deg, -90.0), 30.0)
    if math.isfinite(yaw_deg):
        if abs(yaw_deg) > 360:
            return DENIED
        g.yaw_deg, g.locked = yaw_deg, locked
    return ACCEPTED


def _set_home(brain: Brain, c: Command) -> int:
    brain.home = brain.seen.spot if c.p[0] == 1 else c.spot(brain)
    brain.send(telemetry.BUILDERS[mav.MAVLINK_MSG_ID_HOME_POSITION](brain))
    return ACCEPTED


def _calibrate(brain: Brain, c: Command) -> int:
    if brain.armed:
        return DENIED
    if brain.calibrating is not None:
        return BUSY
    brain.calibrating = (c.peer, brain.now)
    return IN_PROGRESS


def _reboot(brain: Brain, c: Command) -> int:
    if brain.armed:
        return BUSY
    if c.p[0] != 1:
        return DENIED
    brain.boot_at = brain.now
    brain.mode = brain.personality.boot_mode
    brain.doing = brain.personality.modes[brain.mode]
    brain.watch.gcs_at, brain.watch.link_lost_at, brain.transfer = None, None, None
    brain.streams = {i: [1.0 / hz, brain.now] for i, hz in brain.personality.streams_hz.items()}
    return ACCEPTED


def _nothing(brain: Brain, c: Command) -> int:
    return ACCEPTED


def _fence_enable(brain: Brain, c: Command) -> int:
    if "FENCE_ENABLE" not in brain.params:
        return UNSUPPORTED
    brain.params["FENCE_ENABLE"] = float(c.p[0] == 1)
    brain.rules = brain.personality.rules(brain.params)
    return ACCEPTED


TABLE: dict[int, Callable[[Brain, Command], int]] = {
    mav.MAV_CMD_REQUEST_MESSAGE: _request_message,
    mav.MAV_CMD_SET_MESSAGE_INTERVAL: _set_interval,
    mav.MAV_CMD_GET_MESSAGE_INTERVAL: _get_interval,
    mav.MAV_CMD_REQUEST_AUTOPILOT_CAPABILITIES: _capabilities,
    mav.MAV_CMD_COMPONENT_ARM_DISARM: _arm_disarm,
    mav.MAV_CMD_RUN_PREARM_CHECKS: _nothing,
    mav.MAV_CMD_NAV_TAKEOFF: _take_off,
    mav.MAV_CMD_NAV_LAND: _land,
    mav.MAV_CMD_NAV_RETURN_TO_LAUNCH: _return,
    mav.MAV_CMD_DO_SET_MODE: _set_mode,
    mav.MAV_CMD_DO_REPOSITION: _reposition,
    mav.MAV_CMD_DO_CHANGE_SPEED: _change_speed,
    mav.MAV_CMD_MISSION_START: _mission_start,
    mav.MAV_CMD_DO_PAUSE_CONTINUE: _pause,
    mav.MAV_CMD_DO_SET_MISSION_CURRENT: _set_current,
    mav.MAV_CMD_DO_GIMBAL_MANAGER_PITCHYAW: _gimbal,
    mav.MAV_CMD_DO_GIMBAL_MANAGER_CONFIGURE: _nothing,
    mav.MAV_CMD_DO_MOUNT_CONTROL: _mount,
    mav.MAV_CMD_DO_SET_HOME: _set_home,
    mav.MAV_CMD_PREFLIGHT_CALIBRATION: _calibrate,
    mav.MAV_CMD_PREFLIGHT_REBOOT_SHUTDOWN: _reboot,
    mav.MAV_CMD_DO_FENCE_ENABLE: _fence_enable,
}
