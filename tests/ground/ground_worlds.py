"""Values that ground tests share."""

from __future__ import annotations

import numpy as np

from core.camera import Pose
from core.events import AlarmKind, Box, Fact, Recorded, SightingMade
from core.geo import Covariance, GeoPoint, LatLon, LocalFrame
from core.ids import DeviceId, DroneId, SightingId, SiteId, TrackId
from core.units import MetresAmsl, UtcSeconds
from ground.sites.site import Sensor, Site, SiteCamera

ORIGIN = LatLon(42.5, 1.5)
FRAME = LocalFrame(ORIGIN)
T0 = UtcSeconds(1_800_000_000.0)


class HandClock:
    """A clock that the test moves."""

    def __init__(self, now: float = T0) -> None:
        self.time = now

    def now(self) -> UtcSeconds:
        return UtcSeconds(self.time)

    def monotonic(self) -> float:
        return self.time


def at(x_m: float, y_m: float) -> LatLon:
    return FRAME.to_latlon(x_m, y_m)


def sighting(
    name: str,
    x_m: float = 0.0,
    y_m: float = 0.0,
    *,
    track: str = "",
    drone: str = "d1",
    after_s: float = 0.0,
    sigma_m: float = 3.0,
    score: float = 0.9,
) -> SightingMade:
    when = UtcSeconds(T0 + after_s)
    pose = Pose(when, GeoPoint(ORIGIN.lat_deg, ORIGIN.lon_deg, MetresAmsl(1100.0)), 0.0, -90.0, 0.0)
    cov = Covariance(sigma_m**2, 0.0, sigma_m**2)
    return SightingMade(
        SightingId(name), TrackId(track or f"k-{name}"), DroneId(drone), when, at(x_m, y_m), cov, score, 3,
        "hot-spot", pose, Box(300, 200, 12, 19), b"\xff\xd8chip",
    )  # fmt: skip


def records(*facts: Fact, start: int = 1, now: float = T0) -> list[Recorded]:
    return [Recorded(start + i, UtcSeconds(now + i), f) for i, f in enumerate(facts)]


def site() -> Site:
    cameras = (
        SiteCamera(DeviceId("cam-n"), "north gate", at(0, 100), 180.0, 90.0, 150.0),
        SiteCamera(DeviceId("cam-s"), "south gate", at(0, -40), 180.0, 60.0, 300.0),
    )
    sensors = (
        Sensor(DeviceId("smoke-1"), "stairwell", AlarmKind.SMOKE, at(0, 0)),
        Sensor(DeviceId("gas-1"), "kitchen", AlarmKind.GAS, at(20, 0)),
    )
    ring = (at(-100, -100), at(100, -100), at(100, 100), at(-100, 100))
    return Site(SiteId("site-1"), "East garden", ring, cameras, sensors)


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)
