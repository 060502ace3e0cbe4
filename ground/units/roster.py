"""Units' tasks: a fold of the record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import assert_never

from core.events import (
    AlarmRaised,
    DroneJoined,
    DroneLinkLost,
    DroneLinkRestored,
    DronePhaseChanged,
    DroneWarned,
    Fact,
    IncidentClosed,
    IncidentConfirmed,
    IncidentDismissed,
    IncidentGrew,
    IncidentOpened,
    MissionUploaded,
    OrderAnswered,
    OrderGiven,
    Recorded,
    SearchAccepted,
    SearchApproved,
    SearchBettered,
    SearchEnded,
    SearchRefused,
    SearchReplanned,
    SectorEntered,
    SectorFailed,
    SectorFlown,
    SectorSwept,
    SightingMade,
    SignedIn,
    StripSwept,
    TaskAccepted,
    TaskCleared,
    TaskOutcome,
    UnitArrived,
    UnitSent,
    ViewGranted,
)
from core.geo import LatLon
from core.ids import IncidentId, PersonName, TaskId, UnitId
from core.units import UtcSeconds

Elsewhere = (
    DroneJoined
    | DroneLinkLost
    | DroneLinkRestored
    | DronePhaseChanged
    | DroneWarned
    | OrderGiven
    | OrderAnswered
    | SearchAccepted
    | SearchRefused
    | SearchApproved
    | SearchBettered
    | MissionUploaded
    | SectorEntered
    | StripSwept
    | SectorSwept
    | SectorFailed
    | SectorFlown
    | SearchReplanned
    | SearchEnded
    | SightingMade
    | AlarmRaised
    | IncidentOpened
    | IncidentGrew
    | IncidentConfirmed
    | IncidentDismissed
    | IncidentClosed
    | ViewGranted
    | SignedIn
)
"""Facts of other rooms: they change nothing here."""


class TaskState(StrEnum):
    """Where a task stands."""

    SENT = "sent"
    ACCEPTED = "accepted"
    ARRIVED = "arrived"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class Task:
    """One unit sent to one incident. Times are those of the record; None: not yet."""

    id: TaskId
    incident: IncidentId
    unit: UnitId
    state: TaskState
    eta_s: float
    route: tuple[LatLon, ...]
    by: PersonName
    sent_at: UtcSeconds
    accepted_at: UtcSeconds | None = None
    arrived_at: UtcSeconds | None = None
    cleared_at: UtcSeconds | None = None
    outcome: TaskOutcome | None = None

    @property
    def active(self) -> bool:
        """Whether it still binds its unit."""
        return self.state is not TaskState.CLEARED


@dataclass(slots=True)
class Roster:
    """All tasks, and which of them binds which unit."""

    tasks: dict[TaskId, Task] = field(default_factory=dict)
    busy: dict[UnitId, TaskId] = field(default_factory=dict)
    by_incident: dict[IncidentId, list[TaskId]] = field(default_factory=dict)

    def hear(self, record: Recorded) -> None:
        """Fold one record in. Facts of other rooms change nothing."""
        fact: Fact = record.fact
        if isinstance(fact, Elsewhere):
            return
        match fact:
            case UnitSent():
                self._sent(fact, record.at)
            case TaskAccepted():
                self._turn(fact.task, lambda t: replace(t, state=TaskState.ACCEPTED, accepted_at=record.at))
            case UnitArrived():
                self._turn(fact.task, lambda t: replace(t, state=TaskState.ARRIVED, arrived_at=record.at))
            case TaskCleared(outcome=outcome):
                over = TaskState.CLEARED
                self._turn(fact.task, lambda t: replace(t, state=over, cleared_at=record.at, outcome=outcome))
            case _:
                assert_never(fact)

    def of(self, incident: IncidentId) -> tuple[Task, ...]:
        """All tasks of an incident, oldest first."""
        return tuple(self.tasks[t] for t in self.by_incident.get(incident, ()))

    def _sent(self, fact: UnitSent, at: UtcSeconds) -> None:
        if fact.task in self.tasks:
            return
        self.tasks[fact.task] = Task(
            fact.task, fact.incident, fact.unit, TaskState.SENT, fact.eta_s, fact.route, fact.by, at
        )
        self.busy[fact.unit] = fact.task
        self.by_incident.setdefault(fact.incident, []).append(fact.task)

    def _turn(self, id_: TaskId, turned: Callable[[Task], Task]) -> None:
        task = self.tasks.get(id_)
        if task is None or not task.active:
            return
        self.tasks[id_] = turned(task)
        if not self.tasks[id_].active and self.busy.get(task.unit) == id_:
            del self.busy[task.unit]
