"""Ground that a camera sees at one moment."""

from __future__ import annotations

from dataclasses import dataclass

from core.geo import LatLon
from core.ids import DroneId
from core.units import UtcSeconds


@dataclass(frozen=True, slots=True)
class Footprint:
    """Outline on the ground of what `drone`'s camera saw at `at`; the ring is not closed."""

    drone: DroneId
    at: UtcSeconds
    ring: tuple[LatLon, ...]
