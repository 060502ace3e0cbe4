"""What one simulated vehicle is, and what is true of it at a moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from core.camera import Pose
from core.drone import Attitude, Autopilot, Velocity
from core.geo import GeoPoint
from core.units import UtcSeconds, finite, positive, within


@dataclass(frozen=True, slots=True)
class Airframe:
    """What the aircraft can do. `airspeed_max_mps`: what full tilt holds; wind is paid from it."""

    cruise_mps: float = 12.0
    airspeed_max_mps: float = 16.0
    accel_mps2: float = 3.0
    climb_mps: float = 3.0
    descent_mps: float = 2.0
    yaw_rate_dps: float = 60.0

    def __post_init__(self) -> None:
        for name in ("cruise_mps", "airspeed_max_mps", "accel_mps2", "climb_mps", "descent_mps", "yaw_rate_dps"):
            positive(f"airframe.{name}", getattr(self, name))
        within("airframe.cruise_mps", self.cruise_mps, 0.5, self.airspeed_max_mps)


@dataclass(frozen=True, slots=True)
class Pack:
    """A battery and what the aircraft draws from it: about 29 min at 12 m/s with these figures.

    `hover_w` at rest in still air, `drag_w` more at 12 m/s airspeed (grows with its cube), `weight_n` to climb.
    """

    capacity_wh: float = 220.0
    left: float = 1.0
    hover_w: float = 410.0
    drag_w: float = 40.0
    idle_w: float = 12.0
    weight_n: float = 30.0
    cells: int = 6

    def __post_init__(self) -> None:
        for name in ("capacity_wh", "hover_w", "idle_w", "weight_n", "cells"):
            positive(f"pack.{name}", getattr(self, name))
        within("pack.drag_w", self.drag_w, 0.0, 1e5)
        within("pack.left", self.left, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Wind:
    """Where the air moves to, m/s east and north, and the 1-sigma of its gusts."""

    east_mps: float = 0.0
    north_mps: float = 0.0
    gust_mps: float = 0.0

    def __post_init__(self) -> None:
        within("wind.east_mps", self.east_mps, -60.0, 60.0)
        within("wind.north_mps", self.north_mps, -60.0, 60.0)
        within("wind.gust_mps", self.gust_mps, 0.0, 20.0)


@dataclass(frozen=True, slots=True)
class SensorErrors:
    """How telemetry differs from truth: GNSS offset and wander (1 sigma a axis) m, compass and gimbal tilt deg."""

    gnss_east_m: float = 0.0
    gnss_north_m: float = 0.0
    gnss_up_m: float = 0.0
    gnss_sigma_m: float = 0.0
    compass_deg: float = 0.0
    gimbal_tilt_deg: float = 0.0

    def __post_init__(self) -> None:
        for name in ("gnss_east_m", "gnss_north_m", "gnss_up_m"):
            within(f"errors.{name}", getattr(self, name), -1e4, 1e4)
        within("errors.gnss_sigma_m", self.gnss_sigma_m, 0.0, 100.0)
        within("errors.compass_deg", self.compass_deg, -180.0, 180.0)
        within("errors.gimbal_tilt_deg", self.gimbal_tilt_deg, -45.0, 45.0)


@dataclass(frozen=True, slots=True)
class VehicleSpec:
    """One vehicle. It stands at `home` (put on the ground there) and sends to `remote` until it is answered.

    `params` overrides the autopilot's factory defaults, which are unsafe (link loss does nothing). `signing_key`: 32
    bytes of MAVLink 2 signing; with it the vehicle hears and says nothing unsigned, and its clock starts at 2015.
    """

    system_id: int
    personality: Autopilot
    home: GeoPoint
    remote: tuple[str, int]
    airframe: Airframe = field(default_factory=Airframe)
    pack: Pack = field(default_factory=Pack)
    wind: Wind = field(default_factory=Wind)
    errors: SensorErrors = field(default_factory=SensorErrors)
    params: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    heading_deg: float = 0.0
    seed: int = 0
    signing_key: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        within("system_id", self.system_id, 1, 250)
        within("home.lat_deg", self.home.lat_deg, -84.0, 84.0)
        within("remote.port", self.remote[1], 1, 65535)
        finite("heading_deg", self.heading_deg)
        for name, value in self.params.items():
            finite(f"params.{name}", value)


@dataclass(frozen=True, slots=True)
class Truth:
    """What is really so, for the camera renderer and the score: never sent by radio.

    `gimbal` is the pose of the optical axis (core.camera.Pose); `body` the airframe's attitude.
    """

    system_id: int
    at: UtcSeconds
    place: GeoPoint
    velocity: Velocity
    body: Attitude
    gimbal: Pose
    armed: bool
    in_air: bool
