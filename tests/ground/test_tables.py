"""Every cell of the incident and task tables."""

from __future__ import annotations

import itertools

import pytest

from core.commands import AcceptTask, ArriveAtTask, ClearTask, CloseIncident, ConfirmIncident, DismissIncident
from core.errors import Accepted, Refused
from core.events import (
    IncidentClosed,
    IncidentConfirmed,
    IncidentDismissed,
    IncidentKind,
    IncidentOpened,
    TaskAccepted,
    TaskCleared,
    TaskOutcome,
    UnitArrived,
    UnitSent,
)
from ground.dispatch.tasks import STEPS, Step, decide_task
from ground.incidents.book import Book, IncidentState
from ground.incidents.judge import TURNS, Verdict, decide_judgement
from ground.units.roster import Roster, TaskState
from tests.ground.ground_worlds import ORIGIN, records

OPENED = IncidentOpened("i-1", IncidentKind.PERSON_SEEN, ORIGIN, None, "s1", None)
TO_STATE = {
    IncidentState.OPEN: (),
    IncidentState.CONFIRMED: (IncidentConfirmed("i-1", "ana", ""),),
    IncidentState.DISMISSED: (IncidentDismissed("i-1", "ana", "deer"),),
    IncidentState.CLOSED: (IncidentClosed("i-1", "ana", ""),),
}
WISHES = {
    Verdict.CONFIRM: ConfirmIncident("i-1", "bob"),
    Verdict.DISMISS: DismissIncident("i-1", "bob", "deer"),
    Verdict.CLOSE: CloseIncident("i-1", "bob"),
}
SENT = UnitSent("t-1", "i-1", "u1", 60.0, (ORIGIN, ORIGIN), "ana")
TO_TASK = {
    TaskState.SENT: (),
    TaskState.ACCEPTED: (TaskAccepted("t-1", "u1"),),
    TaskState.ARRIVED: (TaskAccepted("t-1", "u1"), UnitArrived("t-1", "u1", ORIGIN)),
    TaskState.CLEARED: (TaskCleared("t-1", "u1", TaskOutcome.RECALLED),),
}
STEP_WISHES = {
    Step.ACCEPT: AcceptTask("t-1", "u1"),
    Step.ARRIVE: ArriveAtTask("t-1", "u1", ORIGIN),
    Step.REPORT: ClearTask("t-1", "u1", TaskOutcome.HANDLED),
    Step.GIVE_UP: ClearTask("t-1", "u1", TaskOutcome.NOTHING_FOUND),
    Step.RECALL: ClearTask("t-1", "u1", TaskOutcome.RECALLED),
}


def book(*facts) -> Book:
    made = Book()
    for record in records(OPENED, *facts):
        made.hear(record)
    return made


@pytest.mark.parametrize(("state", "verdict"), list(itertools.product(IncidentState, Verdict)))
def test_incident_cell(state: IncidentState, verdict: Verdict) -> None:
    before = book(*TO_STATE[state])
    assert before.incidents["i-1"].state is state
    decided = decide_judgement(before, WISHES[verdict])
    expected = TURNS.get((state, verdict))
    if expected is None:
        assert isinstance(decided, Refused)
        assert str(state) in str(decided)
        return
    answer, facts = decided
    assert answer == Accepted("i-1")
    assert bool(facts) == (expected is not state)
    after = book(*TO_STATE[state], *facts)
    assert after.incidents["i-1"].state is expected
    assert decide_judgement(after, WISHES[verdict]) == (Accepted("i-1"), ()), "a repeat changes nothing"


def test_a_dismissal_needs_a_reason_and_an_incident() -> None:
    assert "reason" in str(decide_judgement(book(), DismissIncident("i-1", "bob", "  ")))
    assert "unknown" in str(decide_judgement(book(), DismissIncident("i-2", "bob", "deer")))


def roster(*facts) -> Roster:
    made = Roster()
    for record in records(SENT, *facts):
        made.hear(record)
    return made


@pytest.mark.parametrize(("state", "step"), list(itertools.product(TaskState, Step)))
def test_task_cell(state: TaskState, step: Step) -> None:
    before = roster(*TO_TASK[state])
    assert before.tasks["t-1"].state is state
    incident = book().incidents["i-1"]
    decided = decide_task(before.tasks["t-1"], incident, STEP_WISHES[step])
    expected = STEPS.get((state, step))
    if state is TaskState.CLEARED and step is Step.RECALL:
        assert decided == (Accepted("t-1"), ()), "the same outcome again is a repeat"
        return
    if expected is None:
        assert isinstance(decided, Refused)
        assert str(state) in str(decided)
        return
    answer, facts = decided
    assert answer == Accepted("t-1")
    assert bool(facts) == (expected is not state)
    after = roster(*TO_TASK[state], *facts)
    assert after.tasks["t-1"].state is expected
    assert (after.busy == {}) == (expected is TaskState.CLEARED)
