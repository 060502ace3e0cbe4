"""The fleet as the log tells it: values only. Maps are replaced, never changed in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.drone import Autopilot
from core.errors import Reason
from core.events import Order, Phase, SearchOutcome, SearchPlan, Sector
from core.geo import Area, LatLon
from core.ids import DroneId, PersonName, SearchId, SectorId
from core.units import UtcSeconds

NEVER = UtcSeconds(0.0)
IN_AIR = frozenset(
    {Phase.TAKING_OFF, Phase.TRANSIT, Phase.SWEEPING, Phase.HOLDING, Phase.RETURNING, Phase.LANDING},
)
"""Phases of a drone that flies, or is about to leave the ground."""


class SectorStage(StrEnum):
    """How far a sector is. SWEPT and SUPERSEDED are final; a FAILED one is superseded when what it has left is dealt
    out again."""

    WAITING = "waiting"
    FLYING = "flying"
    SWEPT = "swept"
    FAILED = "failed"
    SUPERSEDED = "superseded"

    @property
    def open(self) -> bool:
        """Whether it may still be flown."""
        return self in (SectorStage.WAITING, SectorStage.FLYING)


@dataclass(frozen=True, slots=True)
class SectorStatus:
    """One sector of a plan; `reason` says why it failed, else empty; `flown_m` of its path are flown, as told at
    `flown_at` (NEVER: nothing was told yet)."""

    sector: Sector
    stage: SectorStage = SectorStage.WAITING
    reason: str = ""
    flown_m: float = 0.0
    flown_at: UtcSeconds = NEVER


class SearchStage(StrEnum):
    """How far a search is. REFUSED and ENDED are final."""

    REFUSED = "refused"
    PLANNED = "planned"
    FLYING = "flying"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Search:
    """One search. A refused one has reasons and neither area nor plan; `outcome` is there once it has ended."""

    search: SearchId
    stage: SearchStage
    by: PersonName
    area: Area | None = None
    plan: SearchPlan | None = None
    sectors: tuple[SectorStatus, ...] = ()
    reasons: tuple[Reason, ...] = ()
    outcome: SearchOutcome | None = None

    def sector_of(self, drone: DroneId) -> SectorStatus | None:
        """The drone's first sector that may still be flown."""
        return next((s for s in self.sectors if s.sector.drone == drone and s.stage.open), None)

    def open_of(self, drone: DroneId) -> tuple[SectorStatus, ...]:
        """The drone's sectors that may still be flown, in their order."""
        return tuple(s for s in self.sectors if s.sector.drone == drone and s.stage.open)

    def status(self, sector: SectorId) -> SectorStatus | None:
        """The sector of that id."""
        return next((s for s in self.sectors if s.sector.sector == sector), None)


@dataclass(frozen=True, slots=True)
class OnBoard:
    """The last mission a drone was given and when; `items` of it. `sweep`: the first and last item that sweep; None:
    as flightops.missions.items.sweep_range has it. `out`, `back`: its ways there and back; empty: straight."""

    search: SearchId
    sector: SectorId
    items: int
    at: UtcSeconds
    sweep: tuple[int, int] | None = None
    out: tuple[LatLon, ...] = ()
    back: tuple[LatLon, ...] = ()


@dataclass(frozen=True, slots=True)
class LastOrder:
    """The last HOLD or RETURN; `done` None until it is answered; `at` when it was given, then when it was answered."""

    order: Order
    by: PersonName
    at: UtcSeconds
    done: bool | None = None


@dataclass(frozen=True, slots=True)
class Drone:
    """One drone that has joined. `lost_since`: when it was last heard, while the link is lost."""

    drone: DroneId
    system_id: int
    autopilot: Autopilot
    version: str
    phase: Phase = Phase.GROUNDED
    phase_reason: str = ""
    lost_since: UtcSeconds | None = None
    mission: OnBoard | None = None
    order: LastOrder | None = None


@dataclass(frozen=True, slots=True)
class FleetState:
    """All drones and searches after log record `seq`."""

    seq: int = 0
    drones: Mapping[DroneId, Drone] = field(default_factory=dict)
    searches: Mapping[SearchId, Search] = field(default_factory=dict)

    def task_of(self, drone: DroneId) -> tuple[Search, SectorStatus] | None:
        """The approved search and the open sector the drone works on; None when it is free."""
        for search in self.searches.values():
            if search.stage is SearchStage.FLYING and (status := search.sector_of(drone)) is not None:
                return search, status
        return None
