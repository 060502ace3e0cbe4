"""Facts about units and their tasks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.geo import LatLon
from core.ids import (
    IncidentId,
    PersonName,
    TaskId,
    UnitId,
)


@dataclass(frozen=True, slots=True)
class UnitSent:
    """A unit was given a task. `route` from the unit to the incident, road first, the last leg on foot."""

    task: TaskId
    incident: IncidentId
    unit: UnitId
    eta_s: float
    route: tuple[LatLon, ...]
    by: PersonName


@dataclass(frozen=True, slots=True)
class TaskAccepted:
    task: TaskId
    unit: UnitId


@dataclass(frozen=True, slots=True)
class UnitArrived:
    task: TaskId
    unit: UnitId
    place: LatLon


class TaskOutcome(StrEnum):
    """What the unit found at the place."""

    PERSON_FOUND = "person_found"
    NOTHING_FOUND = "nothing_found"
    HANDLED = "handled"
    RECALLED = "recalled"


@dataclass(frozen=True, slots=True)
class TaskCleared:
    task: TaskId
    unit: UnitId
    outcome: TaskOutcome
