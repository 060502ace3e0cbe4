"""What a personality table holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Doing(StrEnum):
    """What the aircraft does, in words common to both autopilots."""

    MANUAL = "manual"
    HOLD = "hold"
    GUIDED = "guided"
    TAKE_OFF = "take_off"
    MISSION = "mission"
    RETURN = "return"
    LAND = "land"
    TERMINATED = "terminated"


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter's factory value; integers travel differently on PX4."""

    default: float
    integer: bool = False


@dataclass(frozen=True, slots=True)
class LinkRule:
    """What link loss does. `action` None: nothing. First HOLD for `delay_s`, then the action.

    `only_from`: the one ground station id whose heartbeats count (None: all). `exempt`: what goes on undisturbed.
    `armed_without`: whether arming without a ground station is allowed while an action is set.
    """

    timeout_s: float
    delay_s: float
    action: Doing | None
    only_from: int | None
    exempt: frozenset[Doing]
    armed_without: bool


@dataclass(frozen=True, slots=True)
class BatteryRule:
    """Below `left` (0 to 1): say `text`, then do `action` (None: only say it)."""

    left: float
    action: Doing | None
    text: str


@dataclass(frozen=True, slots=True)
class FenceRule:
    """What a breach does, and the plain limits around home (0: none). `polygons`: whether uploaded fences count."""

    action: Doing | None
    radius_m: float
    height_m: float
    polygons: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """Parameters as the flight uses them: SI units, no names."""

    cruise_mps: float
    climb_mps: float
    descent_mps: float
    land_mps: float
    accept_m: float
    return_height_m: float
    return_wait_s: float
    take_off_height_m: float
    disarm_landed_s: float
    disarm_idle_s: float
    resume_reset: bool
    link: LinkRule
    batteries: tuple[BatteryRule, ...]
    fence: FenceRule


@dataclass(frozen=True, slots=True)
class Personality:
    """One autopilot's dialect. Modes are HEARTBEAT.custom_mode values; results are MAV_RESULT values."""

    name: str
    autopilot_id: int
    version: tuple[int, int, int]
    capabilities: int
    modes: Mapping[int, Doing]
    mode_of: Mapping[Doing, int]
    boot_mode: int
    params: Mapping[str, Param]
    rules: Callable[[Mapping[str, float]], Rules]
    streams_hz: Mapping[int, float]
    """Messages sent unasked, by id."""
    bytewise_params: bool
    """PX4 carries integers as raw bits in the float field; ArduPilot converts them."""
    mode_in_two: bool
    """DO_SET_MODE carries main mode in param2 and sub mode in param3 (PX4), or all in param2 (ArduPilot)."""
    home_is_item_0: bool
    arm_refused: int
    """MAV_RESULT for an arm or take-off that a check refuses."""
    settle_s: Mapping[str, tuple[float, str]]
    """For "arm" and "take_off": seconds after boot before it works, and the STATUSTEXT until then."""
    unarmable: frozenset[int]
    """Modes in which arming and take-off commands are refused."""
    needs_start: bool
    """From the ground, the mission mode waits for MISSION_START."""
    upload_restarts: bool
    """A new mission is flown from its first item (PX4), or from the old index (ArduPilot)."""
    stays_in_mission: bool
    """RETURN and LAND items, and the mission's end, keep the mission mode."""
    take_off_holds: Doing
    """What follows a take-off."""
    gimbal_flags: int
    """GIMBAL_DEVICE_FLAGS of the attitude status."""


def pack_px4_mode(main: int, sub: int) -> int:
    """PX4's custom_mode: main mode in bits 16 to 23, sub mode in bits 24 to 31."""
    return (main << 16) | (sub << 24)
