"""Who goes: proposals by travel time, a dispatcher's order, and sending by the settings."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from core.commands import SendUnit
from core.errors import Accepted, Refused
from core.events import AUTO, IncidentKind, TaskCleared, TaskOutcome, UnitSent
from core.ids import IncidentId, PersonName, TaskId, UnitId
from core.units import UtcSeconds
from ground.dispatch.route import Route, Router
from ground.incidents.book import Book, Incident
from ground.units.places import GONE_S, UnitPlace
from ground.units.roster import Roster, Task, TaskState

ANSWER_S = 30.0
"""A unit sent by the settings that has not accepted by then makes way for the next one."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A free unit and how it would get there."""

    unit: UnitId
    route: Route


@dataclass(frozen=True, slots=True)
class Scene:
    """What dispatch looks at: incidents, tasks, where units are, what kind each unit is, the roads, the time."""

    book: Book
    roster: Roster
    places: Mapping[UnitId, UnitPlace]
    kinds: Mapping[UnitId, str]
    router: Router
    now: UtcSeconds


def proposals(scene: Scene, incident: Incident, without: Collection[UnitId] = ()) -> tuple[Proposal, ...]:
    """Free units that told their place of late, the one that is there first in front."""
    by_kind: dict[str, list[UnitId]] = {}
    for unit in sorted(scene.kinds):
        known = scene.places.get(unit)
        if known and unit not in scene.roster.busy and unit not in without and scene.now - known.at <= GONE_S:
            by_kind.setdefault(scene.kinds[unit], []).append(unit)
    found = []
    for kind, units in by_kind.items():
        routes = scene.router.routes([scene.places[u].place for u in units], incident.place, kind)
        found += [Proposal(u, r) for u, r in zip(units, routes, strict=True)]
    return tuple(sorted(found, key=lambda p: (p.route.time_s, p.unit)))


def decide_send(scene: Scene, wish: SendUnit) -> tuple[Accepted, tuple[UnitSent, ...]] | Refused:
    """The answer to a dispatcher; without a unit named, the one that is there first goes."""
    known = scene.roster.tasks.get(wish.task)
    if known is not None:
        if known.incident == wish.incident and wish.unit in (None, known.unit):
            return Accepted(wish.task), ()
        return Refused.because("task", f"{wish.task} is another task", "choose a new id, or leave it out")
    incident = scene.book.incidents.get(wish.incident)
    if incident is None:
        return Refused.because("incident", f"{wish.incident} is unknown", "take an id from the picture")
    if not incident.live:
        return Refused.because("incident", f"already {incident.state}", "units go to open and confirmed incidents")
    chosen = _first(scene, incident) if wish.unit is None else _named(scene, incident, wish.unit)
    if isinstance(chosen, Refused):
        return chosen
    return Accepted(wish.task), (sent(wish.task, incident.id, chosen, wish.by),)


def decide_auto(scene: Scene) -> tuple[UnitSent | TaskCleared, ...]:
    """What sending by the settings does now: first units to people seen, and the next unit where one does not answer.

    Each incident gets one task at a time; a unit that was recalled from it is not sent there again; once a unit
    reported from the scene nobody is sent by the settings. One incident a call, so that each is decided on the
    state that the last one left.
    """
    for incident in map(scene.book.incidents.__getitem__, scene.book.live):
        if incident.kind is not IncidentKind.PERSON_SEEN:
            continue
        tasks = scene.roster.of(incident.id)
        if any(t.outcome not in (None, TaskOutcome.RECALLED) for t in tasks):
            continue
        active = [t for t in tasks if t.active]
        late = [t for t in active if _unanswered(t, scene.now)]
        if active and not late:
            continue
        offered = proposals(scene, incident, {t.unit for t in tasks})
        if offered:
            freed = tuple(TaskCleared(t.id, t.unit, TaskOutcome.RECALLED) for t in late)
            return (*freed, sent(auto_task_id(incident.id, len(tasks)), incident.id, offered[0], AUTO))
    return ()


def auto_task_id(incident: IncidentId, earlier: int) -> TaskId:
    """The id of a task sent by the settings: the same for the same incident after the same number of tasks."""
    plain = f"t-{incident}" + (f"-{earlier + 1}" if earlier else "")
    return TaskId(plain if len(plain) <= 64 else "t-" + hashlib.sha256(plain.encode()).hexdigest()[:32])


def sent(task: TaskId, incident: IncidentId, chosen: Proposal, by: PersonName) -> UnitSent:
    """The fact for a chosen unit."""
    return UnitSent(task, incident, chosen.unit, chosen.route.time_s, chosen.route.points, by)


def _unanswered(task: Task, now: UtcSeconds) -> bool:
    return task.by == AUTO and task.state is TaskState.SENT and now - task.sent_at > ANSWER_S


def _first(scene: Scene, incident: Incident) -> Proposal | Refused:
    offered = proposals(scene, incident)
    if not offered:
        return Refused.because("unit", "no unit is free with a known place", "recall one, or wait for a position")
    return offered[0]


def _named(scene: Scene, incident: Incident, unit: UnitId) -> Proposal | Refused:
    if unit not in scene.kinds:
        return Refused.because("unit", f"{unit} is unknown", "take an id from the picture")
    busy = scene.roster.busy.get(unit)
    if busy is not None:
        other = scene.roster.tasks[busy].incident
        return Refused.because("unit", f"{unit} is busy with {other}", "recall it first, or send another")
    known = scene.places.get(unit)
    if known is None:
        return Refused.because("unit", f"{unit} never told where it is", "send another, or have it sign in")
    return Proposal(unit, scene.router.route(known.place, incident.place, scene.kinds[unit]))
