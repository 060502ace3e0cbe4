"""What dealing again is asked and what it answers: plain values, so that they travel to the planner's process."""

from __future__ import annotations

from dataclasses import dataclass

from core.geo import Area, LatLon
from core.ids import DroneId, SectorId
from core.units import positive, within


@dataclass(frozen=True, slots=True)
class Rest:
    """What is left of a sector: its path from `from_m` metres along it."""

    sector: SectorId
    drone: DroneId
    path: tuple[LatLon, ...]
    from_m: float

    def __post_init__(self) -> None:
        within("from_m", self.from_m, 0.0, 1e9)


@dataclass(frozen=True, slots=True)
class Taker:
    """A drone that can take a share: where it will be in `busy_s` seconds, when what it flies now is flown, and how
    long it can still fly, its way home included. `launches`: it stands at `home`, and `at` is there."""

    drone: DroneId
    at: LatLon
    home: LatLon | None
    busy_s: float
    left_s: float
    launches: bool = False


@dataclass(frozen=True, slots=True)
class DealAsked:
    """All of one dealing."""

    area: Area
    swath_m: float
    speed_mps: float
    rests: tuple[Rest, ...]
    takers: tuple[Taker, ...]

    def __post_init__(self) -> None:
        positive("swath_m", self.swath_m)
        positive("speed_mps", self.speed_mps)


@dataclass(frozen=True, slots=True)
class Share:
    """One stretch for one drone, in the order and direction it is to be flown. A stretch that nobody flies has the
    drone that left it, and a reason."""

    drone: DroneId
    path: tuple[LatLon, ...]
    length_m: float
    time_s: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Deal:
    """`of`: the sectors whose rests were dealt, all of them; `shares` and `undone` together are these rests."""

    of: tuple[SectorId, ...]
    shares: tuple[Share, ...]
    undone: tuple[Share, ...]
