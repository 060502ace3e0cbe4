"""The autopilot's whole state. The rooms autopilot/ and guidance/ are functions over it; nothing here does I/O.

Positions are metres around the spec's home (x east, y north) as the autopilot believes them; heights AMSL.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pymavlink.dialects.v20 import ardupilotmega as mav

from core.errors import Malformed
from core.geo import LatLon, LocalFrame
from core.units import Seconds, UtcSeconds
from sitl.vehicle.dialect import PERSONALITIES, Personality
from sitl.vehicle.dialect.personality import Doing, Rules
from sitl.vehicle.spec import VehicleSpec

Message = Any
"""A pymavlink message object; the dialect is untyped."""

BOOT = Seconds(0.0)
OUT_LIMIT = 4000
"""Messages waiting to be sent; the oldest are dropped."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place: m east, m north, m AMSL."""

    x_m: float
    y_m: float
    alt_m: float


@dataclass(slots=True)
class Seen:
    """What the sensors tell the autopilot now. `agl_m` from the range finder; `left` of the battery 0 to 1."""

    spot: Spot
    east_mps: float = 0.0
    north_mps: float = 0.0
    up_mps: float = 0.0
    heading_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    airspeed_mps: float = 0.0
    agl_m: float = 0.0
    grounded: bool = True
    left: float = 1.0
    volts: float = 25.2
    amperes: float = 0.0
    used_wh: float = 0.0
    gimbal_pitch_deg: float = 0.0
    gimbal_yaw_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class Item:
    """A mission, fence or rally item as it travels: x, y in 1e-7 deg for positions."""

    frame: int
    command: int
    param1: float
    param2: float
    param3: float
    param4: float
    x: int
    y: int
    z: float
    autocontinue: int = 1


Peer = tuple[int, int]
"""System and component id of who speaks to us."""


@dataclass(slots=True)
class Transfer:
    """An upload that is under way: items so far, none of it in force until all are there."""

    peer: Peer
    kind: int
    count: int
    items: list[Item]
    asked_at: Seconds
    heard_at: Seconds


@dataclass(slots=True)
class Gimbal:
    """Where the gimbal is told to look: pitch deg, yaw deg (from north when locked, else from the nose)."""

    pitch_deg: float = 0.0
    yaw_deg: float = 0.0
    locked: bool = False


@dataclass(slots=True)
class Flying:
    """What is being flown. `target` of GUIDED, HOLD, TAKE_OFF; `start` of the leg; `step` within RETURN."""

    target: Spot
    start: Spot
    speed_mps: float | None = None
    step: int = 0
    since: Seconds = BOOT
    arrived_at: Seconds | None = None
    started: bool = False
    finished: bool = False


@dataclass(slots=True)
class Watch:
    """What the failsafes remember. `gcs_at` None: no ground station was ever heard."""

    gcs_at: Seconds | None = None
    link_lost_at: Seconds | None = None
    link_acted: bool = False
    link_holding: bool = False
    battery_stage: int = 0
    breached: bool = False
    landed_at: Seconds | None = None


@dataclass(slots=True)
class Brain:
    """One autopilot. `now` is seconds since the machine's start; `utc_offset_s` makes it UTC."""

    spec: VehicleSpec
    personality: Personality
    frame: LocalFrame
    params: dict[str, float]
    rules: Rules
    seen: Seen
    home: Spot
    mode: int
    boot_at: Seconds
    utc_offset_s: float
    now: Seconds
    fly: Flying
    doing: Doing = Doing.HOLD
    armed: bool = False
    gimbal: Gimbal = field(default_factory=Gimbal)
    watch: Watch = field(default_factory=Watch)
    plans: dict[int, tuple[Item, ...]] = field(default_factory=lambda: {0: (), 1: (), 2: ()})
    current: int = 0
    transfer: Transfer | None = None
    calibrating: tuple[Peer, Seconds] | None = None
    streams: dict[int, list[float]] = field(default_factory=dict)
    """Message id -> [interval s, next due]."""
    out: deque[Message] = field(default_factory=lambda: deque(maxlen=OUT_LIMIT))

    def send(self, message: Message) -> None:
        """Queue a message for whoever listens."""
        self.out.append(message)

    def say(self, text: str, severity: int = mav.MAV_SEVERITY_WARNING) -> None:
        """STATUSTEXT, cut at 50 characters as on the wire."""
        self.out.append(mav.MAVLink_statustext_message(severity, text.encode("ascii", "replace")[:50]))

    @property
    def up_s(self) -> Seconds:
        """Seconds since boot."""
        return Seconds(self.now - self.boot_at)

    @property
    def utc(self) -> UtcSeconds:
        """Time of day."""
        return UtcSeconds(self.now + self.utc_offset_s)

    def latlon(self, spot: Spot) -> LatLon:
        """The spot on the globe."""
        return self.frame.to_latlon(spot.x_m, spot.y_m)

    def spot(self, x_e7: int, y_e7: int, alt_m: float) -> Spot:
        """A position as it travels (1e-7 deg) -> metres; raises Malformed off the globe or far from home."""
        x, y = self.frame.to_xy(LatLon(x_e7 / 1e7, y_e7 / 1e7))
        if not (abs(x) < 1e5 and abs(y) < 1e5 and abs(alt_m) < 2e4):
            raise Malformed("position", "more than 100 km from home")
        return Spot(x, y, alt_m)


def booted(spec: VehicleSpec, now: Seconds, utc: UtcSeconds, ground_m: float) -> Brain:
    """An autopilot just switched on, standing at the spec's home. Raises Malformed for a parameter it has not."""
    personality = PERSONALITIES[spec.personality]
    params = _params(spec, personality)
    home = Spot(0.0, 0.0, ground_m)
    return Brain(
        spec=spec,
        personality=personality,
        frame=LocalFrame(spec.home.ground),
        params=params,
        rules=personality.rules(params),
        seen=Seen(home, heading_deg=spec.heading_deg, left=spec.pack.left),
        home=home,
        mode=personality.boot_mode,
        doing=personality.modes[personality.boot_mode],
        boot_at=now,
        utc_offset_s=utc - now,
        now=now,
        fly=Flying(home, home),
        streams={i: [1.0 / hz, now] for i, hz in personality.streams_hz.items()},
    )


def _params(spec: VehicleSpec, personality: Personality) -> dict[str, float]:
    frame = spec.airframe
    own: Mapping[str, float] = (
        {
            "MAV_SYS_ID": spec.system_id,
            "MPC_XY_CRUISE": frame.cruise_mps,
            "MPC_XY_VEL_MAX": max(frame.cruise_mps, 12.0),
            "MPC_Z_VEL_MAX_UP": frame.climb_mps,
            "MPC_Z_VEL_MAX_DN": frame.descent_mps,
        }
        if "MAV_SYS_ID" in personality.params
        else {
            "SYSID_THISMAV": spec.system_id,
            "WPNAV_SPEED": frame.cruise_mps * 100,
            "WPNAV_SPEED_UP": frame.climb_mps * 100,
            "WPNAV_SPEED_DN": frame.descent_mps * 100,
        }
    )
    for name in spec.params:
        if name not in personality.params:
            raise Malformed(f"params.{name}", f"{personality.name} has no such parameter")
    values = {name: float(p.default) for name, p in personality.params.items()}
    return {**values, **own, **{k: float(v) for k, v in spec.params.items()}}
