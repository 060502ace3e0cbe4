"""Facts: what has happened, past tense, appended to the log in one order and kept (DESIGN section 2).

Every fact is a frozen value of plain fields, so that core.io.wire can turn it into protobuf and back.
No fact has a field that could hold a person's identity (DESIGN section 5); a test proves it over the schema.
`by` is always the account name of a member of staff, or "auto" where the system acted by its settings.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.events.account import AUTO, SignedIn, ViewGranted
from core.events.fleet import (
    DroneJoined,
    DroneLinkLost,
    DroneLinkRestored,
    DronePhaseChanged,
    DroneWarned,
    Order,
    OrderAnswered,
    OrderGiven,
    Phase,
)
from core.events.incident import (
    AlarmKind,
    AlarmRaised,
    IncidentClosed,
    IncidentConfirmed,
    IncidentDismissed,
    IncidentGrew,
    IncidentKind,
    IncidentOpened,
)
from core.events.search import (
    MissionUploaded,
    ReplanCause,
    SearchAccepted,
    SearchApproved,
    SearchBettered,
    SearchEnded,
    SearchOutcome,
    SearchPlan,
    SearchRefused,
    SearchReplanned,
    Sector,
    SectorEntered,
    SectorFailed,
    SectorFlown,
    SectorSwept,
    StripSwept,
)
from core.events.sighting import Box, SightingMade
from core.events.unit import TaskAccepted, TaskCleared, TaskOutcome, UnitArrived, UnitSent
from core.units import UtcSeconds

Fact = (
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
    | SearchEnded
    | SectorFlown
    | SearchReplanned
    | SightingMade
    | AlarmRaised
    | IncidentOpened
    | IncidentGrew
    | IncidentConfirmed
    | IncidentDismissed
    | IncidentClosed
    | UnitSent
    | TaskAccepted
    | UnitArrived
    | TaskCleared
    | ViewGranted
    | SignedIn
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A fact as the log keeps it: its place in the one order (1, 2, 3, ...) and when it was appended."""

    seq: int
    at: UtcSeconds
    fact: Fact


__all__ = [
    "AUTO",
    "AlarmKind",
    "AlarmRaised",
    "Box",
    "DroneJoined",
    "DroneLinkLost",
    "DroneLinkRestored",
    "DronePhaseChanged",
    "DroneWarned",
    "Fact",
    "IncidentClosed",
    "IncidentConfirmed",
    "IncidentDismissed",
    "IncidentGrew",
    "IncidentKind",
    "IncidentOpened",
    "MissionUploaded",
    "Order",
    "OrderAnswered",
    "OrderGiven",
    "Phase",
    "Recorded",
    "ReplanCause",
    "SearchAccepted",
    "SearchApproved",
    "SearchBettered",
    "SearchEnded",
    "SearchOutcome",
    "SearchPlan",
    "SearchRefused",
    "SearchReplanned",
    "Sector",
    "SectorEntered",
    "SectorFailed",
    "SectorFlown",
    "SectorSwept",
    "SightingMade",
    "SignedIn",
    "StripSwept",
    "TaskAccepted",
    "TaskCleared",
    "TaskOutcome",
    "UnitArrived",
    "UnitSent",
    "ViewGranted",
]
