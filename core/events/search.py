"""Facts about searches and their sectors."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.errors import Reason
from core.geo import Area, LatLon
from core.ids import (
    DroneId,
    PersonName,
    SearchId,
    SectorId,
)
from core.units import finite, positive, within


@dataclass(frozen=True, slots=True)
class Sector:
    """One drone's share: the line it flies from the start of its first sweep to the end of its last."""

    sector: SectorId
    drone: DroneId
    path: tuple[LatLon, ...]
    length_m: float
    time_s: float

    def __post_init__(self) -> None:
        finite("sector.length_m", self.length_m)
        finite("sector.time_s", self.time_s)


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """How an area is swept. `height_agl_m` above ground, `swath_m` between legs, cover 0..1 of the area asked."""

    swath_m: float
    speed_mps: float
    height_agl_m: float
    gimbal_pitch_deg: float
    cover: float
    sectors: tuple[Sector, ...]

    def __post_init__(self) -> None:
        positive("plan.swath_m", self.swath_m)
        positive("plan.speed_mps", self.speed_mps)
        positive("plan.height_agl_m", self.height_agl_m)
        within("plan.gimbal_pitch_deg", self.gimbal_pitch_deg, -90.0, 0.0)
        within("plan.cover", self.cover, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class SearchAccepted:
    search: SearchId
    area: Area
    plan: SearchPlan
    by: PersonName


@dataclass(frozen=True, slots=True)
class SearchBettered:
    """A quicker plan for the same order and drones, found before anybody approved the search; it takes the place of the
    one before."""

    search: SearchId
    plan: SearchPlan


@dataclass(frozen=True, slots=True)
class SearchRefused:
    search: SearchId
    reasons: tuple[Reason, ...]
    by: PersonName


@dataclass(frozen=True, slots=True)
class SearchApproved:
    search: SearchId
    by: PersonName


@dataclass(frozen=True, slots=True)
class MissionUploaded:
    """The mission on board was read back and equals what was sent; `digest` is its SHA-256, hex.

    `sweep_from`, `sweep_to`: the first and last item that sweep; None in facts of before they were kept. `out`, `back`:
    its ways from home to the sector and back, ends included; empty in those.
    """

    search: SearchId
    sector: SectorId
    drone: DroneId
    items: int
    digest: str
    sweep_from: int | None = None
    sweep_to: int | None = None
    out: tuple[LatLon, ...] = ()
    back: tuple[LatLon, ...] = ()


@dataclass(frozen=True, slots=True)
class SectorEntered:
    search: SearchId
    sector: SectorId
    drone: DroneId


@dataclass(frozen=True, slots=True)
class SectorFlown:
    """The drone has flown its sector's path up to here, metres from its start; told each half swath."""

    search: SearchId
    sector: SectorId
    drone: DroneId
    flown_m: float

    def __post_init__(self) -> None:
        within("flown_m", self.flown_m, 0.0, 1e9)


@dataclass(frozen=True, slots=True)
class StripSwept:
    """Ground that a camera truly saw since the last strip; `ring` is not closed."""

    search: SearchId
    sector: SectorId
    drone: DroneId
    ring: tuple[LatLon, ...]


@dataclass(frozen=True, slots=True)
class SectorSwept:
    search: SearchId
    sector: SectorId
    drone: DroneId


@dataclass(frozen=True, slots=True)
class SectorFailed:
    """The drone will not finish this sector by itself; `reason` in words a pilot can read aloud."""

    search: SearchId
    sector: SectorId
    drone: DroneId
    reason: str


class ReplanCause(StrEnum):
    """Why a search was dealt out again: its drone was lost, low on battery, called home by a person, or gave its sector
    up for another reason; or a drone was added."""

    LOST = "lost"
    BATTERY = "battery"
    ORDERED = "ordered"
    FAILED = "failed"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class SearchReplanned:
    """What `superseded` sectors had left was dealt out again: `sectors` are flown after what their drones fly now,
    `undone` by nobody (their drone is the one that left them). `drones`: who left, or was added; `reason` in words."""

    search: SearchId
    cause: ReplanCause
    drones: tuple[DroneId, ...]
    superseded: tuple[SectorId, ...]
    sectors: tuple[Sector, ...]
    undone: tuple[Sector, ...]
    reason: str
    by: PersonName


class SearchOutcome(StrEnum):
    """How a search ended."""

    SWEPT = "swept"
    FOUND = "found"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SearchEnded:
    search: SearchId
    outcome: SearchOutcome
    by: PersonName
