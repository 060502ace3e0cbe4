"""Wishes: what somebody wants to happen, imperative. Each carries an id made by the asker and who asks,
so that a repeat is harmless; the answer is Accepted or Refused (core.errors) at once."""

from __future__ import annotations

from dataclasses import dataclass

from core.events import AlarmKind, TaskOutcome
from core.geo import Area, LatLon
from core.ids import (
    AlarmId,
    DeviceId,
    DroneId,
    IncidentId,
    PersonName,
    SearchId,
    SiteId,
    TaskId,
    UnitId,
    checked_id,
)
from core.units import UtcSeconds, positive, within


@dataclass(frozen=True, slots=True)
class SearchArea:
    """Sweep an area. `drones` empty: all that can fly. `swath_m` None: from camera and height. `margin_m`: how far
    inside the outline and off no-fly zones sweeps keep: what GNSS and control may be off by. `plain`: straight parallel
    lines only (S-pattern), where curves might be quicker."""

    search: SearchId
    area: Area
    by: PersonName
    drones: tuple[DroneId, ...] = ()
    height_agl_m: float = 60.0
    speed_mps: float = 12.0
    swath_m: float | None = None
    gimbal_pitch_deg: float = -90.0
    margin_m: float = 5.0
    plain: bool = False

    def __post_init__(self) -> None:
        checked_id("search", self.search)
        within("margin_m", self.margin_m, 0.0, 100.0)
        within("height_agl_m", self.height_agl_m, 10.0, 500.0)
        within("speed_mps", self.speed_mps, 0.5, 30.0)
        within("gimbal_pitch_deg", self.gimbal_pitch_deg, -90.0, -30.0)
        if self.swath_m is not None:
            within("swath_m", self.swath_m, 1.0, 1000.0)


@dataclass(frozen=True, slots=True)
class ApproveSearch:
    search: SearchId
    by: PersonName


@dataclass(frozen=True, slots=True)
class StopSearch:
    """End a search: its drones come home."""

    search: SearchId
    by: PersonName


@dataclass(frozen=True, slots=True)
class Hold:
    """Stop and hover where it is. `drone` None: all."""

    drone: DroneId | None
    by: PersonName


@dataclass(frozen=True, slots=True)
class Return:
    """Come home and land. `drone` None: all."""

    drone: DroneId | None
    by: PersonName


@dataclass(frozen=True, slots=True)
class ResumeSearch:
    """A drone that holds goes on with its sector from where it left it."""

    drone: DroneId
    by: PersonName


@dataclass(frozen=True, slots=True)
class JoinSearch:
    """A drone that stands ready takes off and flies a share of what a flying search has left."""

    search: SearchId
    drone: DroneId
    by: PersonName


@dataclass(frozen=True, slots=True)
class RaiseAlarm:
    """A compound's device reports; `place` None: the device's own."""

    alarm: AlarmId
    site: SiteId
    device: DeviceId
    kind: AlarmKind
    at: UtcSeconds
    place: LatLon | None = None

    def __post_init__(self) -> None:
        checked_id("alarm", self.alarm)
        positive("at", self.at)


@dataclass(frozen=True, slots=True)
class ConfirmIncident:
    incident: IncidentId
    by: PersonName
    note: str = ""


@dataclass(frozen=True, slots=True)
class DismissIncident:
    incident: IncidentId
    by: PersonName
    reason: str


@dataclass(frozen=True, slots=True)
class CloseIncident:
    incident: IncidentId
    by: PersonName
    note: str = ""


@dataclass(frozen=True, slots=True)
class SendUnit:
    """Send a unit to an incident. `unit` None: the one that is there first."""

    task: TaskId
    incident: IncidentId
    by: PersonName
    unit: UnitId | None = None

    def __post_init__(self) -> None:
        checked_id("task", self.task)


@dataclass(frozen=True, slots=True)
class AcceptTask:
    task: TaskId
    unit: UnitId


@dataclass(frozen=True, slots=True)
class ArriveAtTask:
    task: TaskId
    unit: UnitId
    place: LatLon


@dataclass(frozen=True, slots=True)
class ClearTask:
    task: TaskId
    unit: UnitId
    outcome: TaskOutcome


@dataclass(frozen=True, slots=True)
class ReportUnit:
    """A unit tells where it is (telemetry: kept on the trimmed trail, not in the log)."""

    unit: UnitId
    place: LatLon
    at: UtcSeconds
    heading_deg: float | None = None
    speed_mps: float | None = None
