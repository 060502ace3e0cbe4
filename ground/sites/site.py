"""A compound: its outline, cameras and sensors, from a site file (TOML). Unknown keys are refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from core.errors import Malformed
from core.events import AlarmKind
from core.geo import LatLon, bearing_deg, distance_m
from core.ids import DeviceId, SiteId, checked_id
from core.io.settings import Struct, convert
from core.units import positive, within, wrap_180

CAMERA_KINDS = frozenset({AlarmKind.PERIMETER, AlarmKind.THROWN_OBJECT})
"""What a camera's own analytics may raise."""


@dataclass(frozen=True, slots=True)
class SiteCamera:
    """A fixed camera: true heading of its axis, horizontal field of view (360: all round), reach in m."""

    id: DeviceId
    name: str
    place: LatLon
    heading_deg: float
    hfov_deg: float
    range_m: float

    def __post_init__(self) -> None:
        checked_id("cameras.id", self.id)
        within("cameras.heading_deg", self.heading_deg, 0.0, 360.0)
        within("cameras.hfov_deg", self.hfov_deg, 1.0, 360.0)
        positive("cameras.range_m", self.range_m)

    def looks_at(self, place: LatLon) -> bool:
        """Whether a place is within reach and within the field of view (walls are not known)."""
        away_m = distance_m(self.place, place)
        if away_m > self.range_m:
            return False
        return away_m < 0.5 or abs(wrap_180(bearing_deg(self.place, place) - self.heading_deg)) <= self.hfov_deg / 2.0


@dataclass(frozen=True, slots=True)
class Sensor:
    """A device that raises one kind of alarm."""

    id: DeviceId
    name: str
    kind: AlarmKind
    place: LatLon

    def __post_init__(self) -> None:
        checked_id("sensors.id", self.id)


@dataclass(frozen=True, slots=True)
class Site:
    """A compound. `ring` is not closed. `token_hash`: SHA-256, hex, of the token it signs in with; "" none."""

    id: SiteId
    name: str
    ring: tuple[LatLon, ...]
    cameras: tuple[SiteCamera, ...] = ()
    sensors: tuple[Sensor, ...] = ()
    token_hash: str = ""

    def __post_init__(self) -> None:
        checked_id("id", self.id)
        if len(self.ring) < 3:
            raise Malformed("ring", f"{len(self.ring)} corners", "a ring needs at least 3")
        ids = [d.id for d in self.devices]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            raise Malformed("id", f"{', '.join(twice)} names two devices", "give every device its own id")

    @property
    def devices(self) -> tuple[Sensor | SiteCamera, ...]:
        """All that may raise alarms."""
        return (*self.sensors, *self.cameras)

    def device(self, device: DeviceId) -> Sensor | SiteCamera | None:
        """The device of that id."""
        return next((d for d in self.devices if d.id == device), None)


def nearest_camera(sites: Iterable[Site], place: LatLon) -> DeviceId | None:
    """The nearest camera that looks at a place; None when none does."""
    looking = [(distance_m(c.place, place), c.id) for s in sites for c in s.cameras if c.looks_at(place)]
    return min(looking)[1] if looking else None


class _Camera(Struct, frozen=True, kw_only=True):
    id: str
    name: str = ""
    lat_deg: float
    lon_deg: float
    heading_deg: float
    hfov_deg: float
    range_m: float


class _Sensor(Struct, frozen=True, kw_only=True):
    id: str
    name: str = ""
    kind: AlarmKind
    lat_deg: float
    lon_deg: float


class _Site(Struct, frozen=True, kw_only=True):
    id: str
    name: str = ""
    ring: tuple[tuple[float, float], ...]
    """[[lat, lon], ...] in degrees."""
    cameras: tuple[_Camera, ...] = ()
    sensors: tuple[_Sensor, ...] = ()
    token_hash: str = ""


def parse_site(doc: dict[str, Any], source: str) -> Site:
    """A site from its TOML document; raises Malformed naming `source` and the key."""
    raw = convert(doc, _Site, source)
    try:
        return Site(
            SiteId(raw.id),
            raw.name or raw.id,
            _open_ring(tuple(LatLon(lat, lon) for lat, lon in raw.ring)),
            tuple(_camera(c) for c in raw.cameras),
            tuple(Sensor(DeviceId(s.id), s.name or s.id, s.kind, LatLon(s.lat_deg, s.lon_deg)) for s in raw.sensors),
            raw.token_hash.lower(),
        )
    except Malformed as e:
        raise Malformed(f"{source}: {e.field}", e.problem, e.fix) from e


def _camera(raw: _Camera) -> SiteCamera:
    place = LatLon(raw.lat_deg, raw.lon_deg)
    return SiteCamera(DeviceId(raw.id), raw.name or raw.id, place, raw.heading_deg, raw.hfov_deg, raw.range_m)


def _open_ring(ring: tuple[LatLon, ...]) -> tuple[LatLon, ...]:
    return ring[:-1] if len(ring) > 3 and ring[0] == ring[-1] else ring
