"""What becomes of tasks: sending, accepting, arriving, clearing. Pure; one table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from math import cos, hypot, radians, sin

from core.commands import AcceptTask, ArriveAtTask, ClearTask
from core.errors import Accepted, Refused
from core.events import (
    Fact,
    IncidentClosed,
    IncidentConfirmed,
    IncidentDismissed,
    TaskAccepted,
    TaskCleared,
    TaskOutcome,
    UnitArrived,
)
from core.geo import Covariance, LatLon, bearing_deg, distance_m
from core.ids import PersonName, UnitId
from ground.incidents.book import Incident, IncidentState
from ground.units.places import UnitPlace
from ground.units.roster import Task, TaskState

ARRIVED_M = 100.0
"""A unit has arrived within this of the incident's 95 % ellipse."""
NOTHING_FOUND = "unit on scene found nothing"


class Step(StrEnum):
    """What a unit can say about its task."""

    ACCEPT = "accept"
    ARRIVE = "arrive"
    REPORT = "report"
    """It found the person, or handled it."""
    GIVE_UP = "give_up"
    """It found nothing there."""
    RECALL = "recall"


STEPS: dict[tuple[TaskState, Step], TaskState] = {
    (TaskState.SENT, Step.ACCEPT): TaskState.ACCEPTED,
    (TaskState.SENT, Step.RECALL): TaskState.CLEARED,
    (TaskState.ACCEPTED, Step.ACCEPT): TaskState.ACCEPTED,
    (TaskState.ACCEPTED, Step.ARRIVE): TaskState.ARRIVED,
    (TaskState.ACCEPTED, Step.REPORT): TaskState.CLEARED,
    (TaskState.ACCEPTED, Step.RECALL): TaskState.CLEARED,
    (TaskState.ARRIVED, Step.ACCEPT): TaskState.ARRIVED,
    (TaskState.ARRIVED, Step.ARRIVE): TaskState.ARRIVED,
    (TaskState.ARRIVED, Step.REPORT): TaskState.CLEARED,
    (TaskState.ARRIVED, Step.GIVE_UP): TaskState.CLEARED,
    (TaskState.ARRIVED, Step.RECALL): TaskState.CLEARED,
}
"""Legal steps. One that leads where the task stands already is a repeat: accepted, nothing recorded.
Who has not arrived can't say that nobody is there."""

FIXES: dict[Step, str] = {
    Step.ACCEPT: "it is over; wait for a new task",
    Step.ARRIVE: "accept the task first",
    Step.REPORT: "accept the task first",
    Step.GIVE_UP: "accept it, go there and report arrival first",
    Step.RECALL: "it is over already",
}

OUTCOME_STEPS: dict[TaskOutcome, Step] = {
    TaskOutcome.PERSON_FOUND: Step.REPORT,
    TaskOutcome.HANDLED: Step.REPORT,
    TaskOutcome.NOTHING_FOUND: Step.GIVE_UP,
    TaskOutcome.RECALLED: Step.RECALL,
}

TaskWish = AcceptTask | ArriveAtTask | ClearTask


@dataclass(frozen=True, slots=True)
class Guidance:
    """The way to an incident as the crow flies: true bearing, distance, and the 95 % ellipse (None: exact place)."""

    bearing_deg: float
    distance_m: float
    place: LatLon
    covariance: Covariance | None


def guidance(incident: Incident, unit: UnitPlace) -> Guidance:
    """From the unit's newest place to the incident as it is known now."""
    a, b = unit.place, incident.place
    return Guidance(bearing_deg(a, b), distance_m(a, b), b, incident.covariance)


def decide_task(
    task: Task | None, incident: Incident | None, wish: TaskWish
) -> tuple[Accepted, tuple[Fact, ...]] | Refused:
    """The answer to a unit about its task, with the facts that follow, those about the incident included."""
    if task is None or incident is None:
        return Refused.because("task", f"{wish.task} is unknown", "take the id from your task")
    if task.unit != wish.unit:
        return Refused.because("task", f"{wish.task} is not the task of {wish.unit}", "take the id from your task")
    step = _step(wish)
    if isinstance(wish, ClearTask) and task.outcome is wish.outcome:
        return Accepted(wish.task), ()
    turned = STEPS.get((task.state, step))
    if turned is None:
        return Refused.because("task", f"the task is {task.state}", FIXES[step])
    if turned is task.state:
        return Accepted(wish.task), ()
    if isinstance(wish, ArriveAtTask):
        left_m = beyond_ellipse_m(incident, wish.place)
        if left_m > ARRIVED_M:
            return Refused.because(
                "lat_deg", f"still {left_m:.0f} m from the place", f"go on to within {ARRIVED_M:.0f} m of the ellipse"
            )
    return Accepted(wish.task), _facts(incident, wish)


def beyond_ellipse_m(incident: Incident, place: LatLon) -> float:
    """How far outside the incident's 95 % ellipse a place is, measured towards its centre; 0 inside."""
    away_m = distance_m(incident.place, place)
    return max(0.0, away_m - ellipse_radius_m(incident.covariance, bearing_deg(incident.place, place)))


def ellipse_radius_m(covariance: Covariance | None, towards_deg: float) -> float:
    """Distance from the centre of a 95 % ellipse to its edge on a true bearing, m; 0 for an exact place."""
    if covariance is None:
        return 0.0
    major, minor, axis_deg = covariance.ellipse_95()
    if minor <= 0.0:
        return 0.0
    turned = radians(towards_deg - axis_deg)
    return major * minor / hypot(minor * cos(turned), major * sin(turned))


def recall(tasks: Iterable[Task]) -> tuple[TaskCleared, ...]:
    """Facts that free the units of all active tasks among these."""
    return tuple(TaskCleared(t.id, t.unit, TaskOutcome.RECALLED) for t in tasks if t.active)


def _step(wish: TaskWish) -> Step:
    if isinstance(wish, AcceptTask):
        return Step.ACCEPT
    return Step.ARRIVE if isinstance(wish, ArriveAtTask) else OUTCOME_STEPS[wish.outcome]


def _facts(incident: Incident, wish: TaskWish) -> tuple[Fact, ...]:
    if isinstance(wish, AcceptTask):
        return (TaskAccepted(wish.task, wish.unit),)
    if isinstance(wish, ArriveAtTask):
        return (UnitArrived(wish.task, wish.unit, wish.place),)
    return (TaskCleared(wish.task, wish.unit, wish.outcome), *_judged(incident, wish.unit, wish.outcome))


def _judged(incident: Incident, unit: UnitId, outcome: TaskOutcome) -> tuple[Fact, ...]:
    """What the unit's outcome says about the incident."""
    by = PersonName(unit)
    if not incident.live:
        return ()
    match outcome:
        case TaskOutcome.PERSON_FOUND:
            open_ = incident.state is IncidentState.OPEN
            return (IncidentConfirmed(incident.id, by, "unit on scene found the person"),) if open_ else ()
        case TaskOutcome.NOTHING_FOUND:
            return (IncidentDismissed(incident.id, by, NOTHING_FOUND),)
        case TaskOutcome.HANDLED:
            return (IncidentClosed(incident.id, by, "unit on scene handled it"),)
        case TaskOutcome.RECALLED:
            return ()
