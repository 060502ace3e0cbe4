"""The incident book: a fold of the record."""

from __future__ import annotations

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
    IncidentKind,
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
    UnitArrived,
    UnitSent,
    ViewGranted,
)
from core.geo import Covariance, LatLon
from core.ids import DeviceId, IncidentId, SiteId, TrackId
from core.units import UtcSeconds
from ground.incidents.fusion import View, newer


class IncidentState(StrEnum):
    """Where an incident stands."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    CLOSED = "closed"


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
    | UnitSent
    | TaskAccepted
    | UnitArrived
    | TaskCleared
    | ViewGranted
    | SignedIn
)
"""Facts of other rooms: they change nothing here."""

LIVE = frozenset({IncidentState.OPEN, IncidentState.CONFIRMED})


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident. `covariance` None: the place is a device's, taken as exact. `views`: newest sighting a track.

    `ended_at`: when it was dismissed or closed, None while live. Times are those of the record.
    """

    id: IncidentId
    kind: IncidentKind
    state: IncidentState
    place: LatLon
    covariance: Covariance | None
    cause: str
    camera: DeviceId | None
    count: int
    opened_at: UtcSeconds
    updated_at: UtcSeconds
    site: SiteId | None = None
    views: tuple[View, ...] = ()
    note: str = ""
    ended_at: UtcSeconds | None = None

    @property
    def live(self) -> bool:
        """Whether it still grows and units may be sent."""
        return self.state in LIVE

    @property
    def seen_at(self) -> UtcSeconds:
        """Capture time of the newest sighting, or when it was opened."""
        return max((v.at for v in self.views), default=self.opened_at)


@dataclass(slots=True)
class Book:
    """All incidents. `causes`: sighting or alarm -> its incident. `waiting`: those that no fact answers yet.

    The desk answers in the order of the record, so an answered cause proves all earlier ones were dealt with:
    they leave `waiting`, also those that deliberately got no incident.
    """

    incidents: dict[IncidentId, Incident] = field(default_factory=dict)
    live: dict[IncidentId, None] = field(default_factory=dict)
    by_track: dict[TrackId, IncidentId] = field(default_factory=dict)
    causes: dict[str, IncidentId] = field(default_factory=dict)
    waiting: dict[str, Recorded] = field(default_factory=dict)

    def hear(self, record: Recorded) -> None:
        """Fold one record in. Facts of other rooms change nothing."""
        fact: Fact = record.fact
        if isinstance(fact, Elsewhere):
            return
        match fact:
            case SightingMade():
                self._wait(fact.sighting, record)
            case AlarmRaised():
                self._wait(fact.alarm, record)
            case IncidentOpened():
                self._opened(fact, record.at)
            case IncidentGrew():
                self._grew(fact, record.at)
            case IncidentConfirmed():
                self._turn(fact.incident, IncidentState.CONFIRMED, fact.note, record.at)
            case IncidentDismissed():
                self._turn(fact.incident, IncidentState.DISMISSED, fact.reason, record.at)
            case IncidentClosed():
                self._turn(fact.incident, IncidentState.CLOSED, fact.note, record.at)
            case _:
                assert_never(fact)

    def done_with(self, cause: str) -> None:
        """The desk has decided that a cause gets no incident."""
        self.waiting.pop(cause, None)

    def _wait(self, cause: str, record: Recorded) -> None:
        if cause not in self.causes and cause not in self.waiting:
            self.waiting[cause] = record

    def _answered(self, cause: str) -> Recorded | None:
        """The record of a cause; forgets it and all before it."""
        record = self.waiting.get(cause)
        if record is not None:
            while self.waiting:
                first = next(iter(self.waiting))
                del self.waiting[first]
                if first == cause:
                    break
        return record

    def _opened(self, fact: IncidentOpened, at: UtcSeconds) -> None:
        if fact.incident in self.incidents:
            return
        record = self._answered(fact.cause)
        site = record.fact.site if record is not None and isinstance(record.fact, AlarmRaised) else None
        self.causes[fact.cause] = fact.incident
        self.incidents[fact.incident] = Incident(
            id=fact.incident,
            kind=fact.kind,
            state=IncidentState.OPEN,
            place=fact.place,
            covariance=fact.covariance,
            cause=fact.cause,
            camera=fact.camera,
            count=1,
            opened_at=at,
            updated_at=at,
            site=site,
            views=self._views((), record, fact.incident),
        )
        self.live[fact.incident] = None

    def _grew(self, fact: IncidentGrew, at: UtcSeconds) -> None:
        incident = self.incidents.get(fact.incident)
        record = self._answered(fact.cause)
        if incident is None:
            return
        self.causes[fact.cause] = fact.incident
        self.incidents[fact.incident] = replace(
            incident,
            place=fact.place,
            covariance=fact.covariance,
            count=fact.count,
            updated_at=at,
            views=self._views(incident.views, record, fact.incident),
        )

    def _turn(self, id_: IncidentId, state: IncidentState, note: str, at: UtcSeconds) -> None:
        incident = self.incidents.get(id_)
        if incident is None:
            return
        ended_at = None if state in LIVE else at
        self.incidents[id_] = replace(incident, state=state, note=note, updated_at=at, ended_at=ended_at)
        if state not in LIVE:
            self.live.pop(id_, None)

    def _views(self, known: tuple[View, ...], record: Recorded | None, id_: IncidentId) -> tuple[View, ...]:
        if record is None or not isinstance(record.fact, SightingMade):
            return known
        view = view_of(record.fact)
        self.by_track[view.track] = id_
        same = next((v for v in known if v.track == view.track), None)
        if same is None:
            return (*known, view)
        return tuple(newer(v, view) if v is same else v for v in known)


def view_of(sighting: SightingMade) -> View:
    """A sighting as far as fusion needs it."""
    return View(
        sighting.sighting,
        sighting.track,
        sighting.drone,
        sighting.at,
        sighting.place,
        sighting.covariance,
        sighting.views,
    )
