"""Places on the Earth: WGS-84 points, a local metric frame, polygons and error ellipses.

Frames. WGS-84 latitude and longitude in degrees; heights are AMSL. `LocalFrame` is a transverse
Mercator around its origin with scale 1 there: x east, y north, metres. It is off by under
0.1 m at 10 km and 1.3 m at 20 km from the origin; frames are made per search or per town.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod, Transformer

from core.errors import Malformed
from core.units import MetresAmsl, finite, within

Floats = NDArray[np.float64]
GEOD = Geod(ellps="WGS84")
MAX_LATITUDE_DEG = 84.0
"""Beyond it a local frame, UTM and web maps all break down; such places are refused at the edge."""


@dataclass(frozen=True, slots=True)
class LatLon:
    """A place on the ground, WGS-84 degrees."""

    lat_deg: float
    lon_deg: float

    def __post_init__(self) -> None:
        within("lat_deg", self.lat_deg, -90.0, 90.0)
        within("lon_deg", self.lon_deg, -180.0, 180.0)


@dataclass(frozen=True, slots=True)
class GeoPoint:
    """A place in the air or on the ground: WGS-84 degrees and height AMSL."""

    lat_deg: float
    lon_deg: float
    alt_amsl_m: MetresAmsl

    def __post_init__(self) -> None:
        within("lat_deg", self.lat_deg, -90.0, 90.0)
        within("lon_deg", self.lon_deg, -180.0, 180.0)
        finite("alt_amsl_m", self.alt_amsl_m)

    @property
    def ground(self) -> LatLon:
        """The same place without its height."""
        return LatLon(self.lat_deg, self.lon_deg)


@lru_cache(maxsize=64)
def _tmerc(lat_deg: float, lon_deg: float) -> Transformer:
    target = f"+proj=tmerc +lat_0={lat_deg!r} +lon_0={lon_deg!r} +k=1 +ellps=WGS84 +units=m"
    return Transformer.from_crs("EPSG:4326", target, always_xy=True)


@dataclass(frozen=True)
class LocalFrame:
    """Metres around `origin`: x east, y north (transverse Mercator, WGS-84)."""

    origin: LatLon

    def __post_init__(self) -> None:
        within("latitude", self.origin.lat_deg, -MAX_LATITUDE_DEG, MAX_LATITUDE_DEG)

    @cached_property
    def _transform(self) -> Transformer:
        return _tmerc(self.origin.lat_deg, self.origin.lon_deg)

    def to_xy(self, place: LatLon | GeoPoint) -> tuple[float, float]:
        """Metres east and north of the origin."""
        x, y = self._transform.transform(place.lon_deg, place.lat_deg)
        return float(x), float(y)

    def to_latlon(self, x_m: float, y_m: float) -> LatLon:
        """The place that lies x_m east and y_m north of the origin."""
        lon, lat = self._transform.transform(x_m, y_m, direction="INVERSE")
        return LatLon(float(lat), float(lon))

    def to_xy_many(self, lonlat: Floats) -> Floats:
        """(n, 2) longitude, latitude in degrees -> (n, 2) x, y in metres."""
        a = np.asarray(lonlat, dtype=np.float64).reshape(-1, 2)
        x, y = self._transform.transform(a[:, 0], a[:, 1])
        return np.column_stack([x, y])

    def to_lonlat_many(self, xy: Floats) -> Floats:
        """(n, 2) x, y in metres -> (n, 2) longitude, latitude in degrees."""
        a = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
        lon, lat = self._transform.transform(a[:, 0], a[:, 1], direction="INVERSE")
        return np.column_stack([lon, lat])


def distance_m(a: LatLon | GeoPoint, b: LatLon | GeoPoint) -> float:
    """Length of the geodesic, m (heights ignored)."""
    return float(GEOD.inv(a.lon_deg, a.lat_deg, b.lon_deg, b.lat_deg)[2])


def bearing_deg(a: LatLon | GeoPoint, b: LatLon | GeoPoint) -> float:
    """True bearing from a to b, deg in [0, 360)."""
    return float(GEOD.inv(a.lon_deg, a.lat_deg, b.lon_deg, b.lat_deg)[0]) % 360.0


def moved(a: LatLon, towards_deg: float, by_m: float) -> LatLon:
    """The place by_m metres from a along the true bearing towards_deg."""
    lon, lat, _ = GEOD.fwd(a.lon_deg, a.lat_deg, towards_deg, by_m)
    return LatLon(float(lat), float(lon))


@dataclass(frozen=True, slots=True)
class Area:
    """A polygon on the ground: `outer` ring and `holes` (no-fly zones), WGS-84, rings not closed.

    Rings have 3 or more corners; whether they cross themselves is judged where areas come in
    (flightops.planning.area), since it takes geometry that this floor does not carry.
    """

    outer: tuple[LatLon, ...]
    holes: tuple[tuple[LatLon, ...], ...] = ()

    def __post_init__(self) -> None:
        for name, ring in (("outer", self.outer), *((f"holes[{i}]", h) for i, h in enumerate(self.holes))):
            if len(ring) < 3:
                raise Malformed(f"area.{name}", f"{len(ring)} corners", "a ring needs at least 3")


# sqrt of the 95 % quantile of chi-square with 2 degrees of freedom
SCALE_95 = 2.4477468306808166


@dataclass(frozen=True, slots=True)
class Covariance:
    """Horizontal position covariance, m^2, axes east and north. Positive semi-definite."""

    ee_m2: float
    en_m2: float
    nn_m2: float

    def __post_init__(self) -> None:
        for name, v in (("ee_m2", self.ee_m2), ("en_m2", self.en_m2), ("nn_m2", self.nn_m2)):
            finite(f"covariance.{name}", v)
        slack = 1e-9 * (1.0 + self.ee_m2 * self.nn_m2)
        if self.ee_m2 < 0 or self.nn_m2 < 0 or self.ee_m2 * self.nn_m2 - self.en_m2**2 < -slack:
            raise Malformed("covariance", "not positive semi-definite")

    def ellipse_95(self) -> tuple[float, float, float]:
        """(semi-major m, semi-minor m, true bearing of the major axis in deg [0, 180)) holding 95 %."""
        mean = (self.ee_m2 + self.nn_m2) / 2.0
        half = math.hypot((self.ee_m2 - self.nn_m2) / 2.0, self.en_m2)
        major, minor = mean + half, max(mean - half, 0.0)
        from_east_rad = 0.5 * math.atan2(2.0 * self.en_m2, self.ee_m2 - self.nn_m2)
        bearing = (90.0 - math.degrees(from_east_rad)) % 180.0
        return SCALE_95 * math.sqrt(major), SCALE_95 * math.sqrt(minor), bearing
