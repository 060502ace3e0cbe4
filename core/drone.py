"""What is known of one drone, each field with the time it was heard (so that stale is visible, never guessed)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from core.geo import GeoPoint
from core.ids import DroneId
from core.units import Metres, MetresPerSecond, Seconds, UtcSeconds, finite, within

T = TypeVar("T")

STALE_S = Seconds(1.5)
"""A field older than this is shown as stale."""
LOST_S = Seconds(3.0)
"""A link silent for longer than this is lost."""


@dataclass(frozen=True, slots=True)
class Aged(Generic[T]):
    """A value and when it was heard."""

    value: T
    at: UtcSeconds

    def __post_init__(self) -> None:
        finite("at", self.at)

    def age_s(self, now: UtcSeconds) -> Seconds:
        """How old it is; never negative."""
        return Seconds(max(0.0, now - self.at))

    def fresh(self, now: UtcSeconds, limit_s: float = STALE_S) -> bool:
        """Whether it is younger than limit_s."""
        return self.age_s(now) <= limit_s


class Autopilot(StrEnum):
    """The two families whose dialects we speak."""

    PX4 = "px4"
    ARDUPILOT = "ardupilot"


class FlightMode(StrEnum):
    """What the autopilot says it is doing, in words common to both dialects."""

    OTHER = "other"
    MANUAL = "manual"
    HOLD = "hold"
    GUIDED = "guided"
    TAKE_OFF = "take_off"
    MISSION = "mission"
    RETURN = "return"
    LAND = "land"


@dataclass(frozen=True, slots=True)
class Attitude:
    """Orientation, deg: heading true and clockwise from north, pitch up positive, roll right positive."""

    heading_deg: float
    pitch_deg: float
    roll_deg: float

    def __post_init__(self) -> None:
        finite("heading_deg", self.heading_deg)
        within("pitch_deg", self.pitch_deg, -180.0, 180.0)
        within("roll_deg", self.roll_deg, -180.0, 180.0)


@dataclass(frozen=True, slots=True)
class Velocity:
    """Speed over ground, m/s: north, east, down."""

    north_mps: MetresPerSecond
    east_mps: MetresPerSecond
    down_mps: MetresPerSecond

    def __post_init__(self) -> None:
        for name in ("north_mps", "east_mps", "down_mps"):
            within(f"velocity.{name}", getattr(self, name), -200.0, 200.0)


@dataclass(frozen=True, slots=True)
class Battery:
    """What is left, 0 to 1, and the pack voltage (None: not told)."""

    left: float
    volts: float | None = None

    def __post_init__(self) -> None:
        within("battery.left", self.left, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Gnss:
    """Satellite fix: MAVLink GPS_FIX_TYPE (3 = 3-D, 6 = RTK fixed), satellites used, 1-sigma horizontal error."""

    fix: int
    satellites: int
    horizontal_sigma_m: Metres | None = None


@dataclass(frozen=True, slots=True)
class MissionProgress:
    """Item being flown (0-based as uploaded) and how many there are on board."""

    current: int
    total: int


@dataclass(frozen=True, slots=True)
class LinkQuality:
    """Share of frames lost over the last 10 s by sequence number (0 to 1), and frames a second."""

    loss: float
    frames_hz: float


@dataclass(frozen=True, slots=True)
class DroneState:
    """One drone as last heard. A field is None until it was heard once."""

    drone: DroneId
    system_id: int
    autopilot: Autopilot
    heard_at: UtcSeconds
    version: str = ""
    place: Aged[GeoPoint] | None = None
    above_home_m: Aged[float] | None = None
    velocity: Aged[Velocity] | None = None
    attitude: Aged[Attitude] | None = None
    gimbal: Aged[Attitude] | None = None
    battery: Aged[Battery] | None = None
    gnss: Aged[Gnss] | None = None
    mode: Aged[FlightMode] | None = None
    armed: Aged[bool] | None = None
    in_air: Aged[bool] | None = None
    home: Aged[GeoPoint] | None = None
    mission: Aged[MissionProgress] | None = None
    link: LinkQuality | None = None
    says: Aged[str] | None = None
    """Last STATUSTEXT of severity warning or worse."""

    def lost(self, now: UtcSeconds) -> bool:
        """Whether nothing was heard for longer than LOST_S."""
        return now - self.heard_at > LOST_S
