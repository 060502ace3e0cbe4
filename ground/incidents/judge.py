"""What staff decide about incidents: one table, and the answers in words."""

from __future__ import annotations

from enum import StrEnum

from core.commands import CloseIncident, ConfirmIncident, DismissIncident
from core.errors import Accepted, Refused
from core.events import IncidentClosed, IncidentConfirmed, IncidentDismissed
from ground.incidents.book import Book, IncidentState

MAX_NOTE = 2_000


class Verdict(StrEnum):
    """What can be decided."""

    CONFIRM = "confirm"
    DISMISS = "dismiss"
    CLOSE = "close"


Judgement = ConfirmIncident | DismissIncident | CloseIncident
Judged = IncidentConfirmed | IncidentDismissed | IncidentClosed

TURNS: dict[tuple[IncidentState, Verdict], IncidentState] = {
    (IncidentState.OPEN, Verdict.CONFIRM): IncidentState.CONFIRMED,
    (IncidentState.OPEN, Verdict.DISMISS): IncidentState.DISMISSED,
    (IncidentState.OPEN, Verdict.CLOSE): IncidentState.CLOSED,
    (IncidentState.CONFIRMED, Verdict.CONFIRM): IncidentState.CONFIRMED,
    (IncidentState.CONFIRMED, Verdict.DISMISS): IncidentState.DISMISSED,
    (IncidentState.CONFIRMED, Verdict.CLOSE): IncidentState.CLOSED,
    (IncidentState.DISMISSED, Verdict.DISMISS): IncidentState.DISMISSED,
    (IncidentState.CLOSED, Verdict.CLOSE): IncidentState.CLOSED,
}
"""Legal turns. A turn to the state it already has is a repeat: accepted, and nothing is recorded."""


def verdict_of(wish: Judgement) -> Verdict:
    """Which verdict a wish is."""
    if isinstance(wish, ConfirmIncident):
        return Verdict.CONFIRM
    return Verdict.DISMISS if isinstance(wish, DismissIncident) else Verdict.CLOSE


def decide_judgement(book: Book, wish: Judgement) -> tuple[Accepted, tuple[Judged, ...]] | Refused:
    """The answer, and the fact unless it is a repeat."""
    incident = book.incidents.get(wish.incident)
    if incident is None:
        return Refused.because("incident", f"{wish.incident} is unknown", "take an id from the picture")
    words = wish.reason if isinstance(wish, DismissIncident) else wish.note
    if len(words) > MAX_NOTE:
        return Refused.because("note", f"{len(words)} characters", f"at most {MAX_NOTE}")
    if isinstance(wish, DismissIncident) and not words.strip():
        return Refused.because("reason", "empty", "say what it was, for example: deer")
    turned = TURNS.get((incident.state, verdict_of(wish)))
    if turned is None:
        return Refused.because("incident", f"already {incident.state}", "a new sighting or alarm opens a new incident")
    if turned is incident.state:
        return Accepted(wish.incident), ()
    return Accepted(wish.incident), (_fact(wish),)


def _fact(wish: Judgement) -> Judged:
    if isinstance(wish, ConfirmIncident):
        return IncidentConfirmed(wish.incident, wish.by, wish.note)
    if isinstance(wish, DismissIncident):
        return IncidentDismissed(wish.incident, wish.by, wish.reason)
    return IncidentClosed(wish.incident, wish.by, wish.note)
