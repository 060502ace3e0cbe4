"""What a made town is asked to be, and the plain shapes it is made of. World axes: x east, y north, metres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.geo import Floats, LatLon
from core.units import positive, within

YONGKANG = LatLon(28.8885, 120.0360)

Cover = Literal["forest", "building", "road", "track", "compound", "field", "water"]


@dataclass(frozen=True, slots=True)
class WorldSpec:
    """`canopy`: share of the search area under crowns seen from straight above. Temperatures in deg C."""

    origin: LatLon = YONGKANG
    area_ha: float = 10.0
    canopy: float = 0.7
    deer: int = 2
    rocks: int = 4
    cars: int = 3
    ambient_c: float = 10.0

    def __post_init__(self) -> None:
        within("world.area_ha", self.area_ha, 0.5, 100.0)
        within("world.canopy", self.canopy, 0.0, 0.9)
        within("world.ambient_c", self.ambient_c, -20.0, 45.0)
        for name in ("deer", "rocks", "cars"):
            within(f"world.{name}", getattr(self, name), 0, 200)


@dataclass(frozen=True, slots=True)
class Road:
    """A line of a road or track: `points` (n, 2) m, speed in m/s."""

    kind: Literal["road", "track"]
    name: str
    points: Floats
    width_m: float
    speed_mps: float


@dataclass(frozen=True, slots=True)
class Trees:
    """All trees, arrays of one length: foot (n, 2) m; crown radius, height of crown base and top above ground, m."""

    foot: Floats
    radius_m: Floats
    base_m: Floats
    top_m: Floats

    def __len__(self) -> int:
        return len(self.radius_m)


@dataclass(frozen=True, slots=True)
class Sphere:
    """A warm ball of a body: offset from the body's foot (east, north, up) m, radius m, temperature deg C."""

    offset: tuple[float, float, float]
    radius_m: float
    temperature_c: float

    def __post_init__(self) -> None:
        positive("sphere.radius_m", self.radius_m)


BodyKind = Literal["person", "deer", "rock", "car"]


@dataclass(frozen=True, slots=True)
class Body:
    """A warm thing on the ground at one moment: its kind (for the score only), foot (x, y) m, and its balls."""

    kind: BodyKind
    foot: tuple[float, float]
    spheres: tuple[Sphere, ...]


@dataclass(frozen=True, slots=True)
class Compound:
    """A residential compound: outline (n, 2) m, cameras and sensors as (id, name, kind, x, y, heading, fov, range)."""

    outline: Floats
    cameras: tuple[tuple[str, str, float, float, float, float, float], ...]
    sensors: tuple[tuple[str, str, str, float, float], ...]


def ring_area_m2(ring: Floats) -> float:
    """Area of a simple ring (n, 2), not closed."""
    x, y = ring[:, 0], ring[:, 1]
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2.0)
