"""Facts about alarms and incidents."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.geo import Covariance, LatLon
from core.ids import (
    AlarmId,
    DeviceId,
    IncidentId,
    PersonName,
    SiteId,
)
from core.units import UtcSeconds


class AlarmKind(StrEnum):
    """What a compound's device can raise."""

    SMOKE = "smoke"
    GAS = "gas"
    CHARGER_HEAT = "charger_heat"
    PERIMETER = "perimeter"
    THROWN_OBJECT = "thrown_object"
    WELFARE = "welfare"


@dataclass(frozen=True, slots=True)
class AlarmRaised:
    alarm: AlarmId
    site: SiteId
    device: DeviceId
    kind: AlarmKind
    at: UtcSeconds
    place: LatLon


class IncidentKind(StrEnum):
    """What an incident is about."""

    PERSON_SEEN = "person_seen"
    SMOKE = "smoke"
    GAS = "gas"
    CHARGER_HEAT = "charger_heat"
    PERIMETER = "perimeter"
    THROWN_OBJECT = "thrown_object"
    WELFARE = "welfare"


@dataclass(frozen=True, slots=True)
class IncidentOpened:
    """`cause` is the id of the sighting or alarm; `camera` the nearest one that looks there, None when none does."""

    incident: IncidentId
    kind: IncidentKind
    place: LatLon
    covariance: Covariance | None
    cause: str
    camera: DeviceId | None


@dataclass(frozen=True, slots=True)
class IncidentGrew:
    """A further sighting or alarm was fused in; `count` includes it."""

    incident: IncidentId
    cause: str
    place: LatLon
    covariance: Covariance | None
    count: int


@dataclass(frozen=True, slots=True)
class IncidentConfirmed:
    incident: IncidentId
    by: PersonName
    note: str


@dataclass(frozen=True, slots=True)
class IncidentDismissed:
    incident: IncidentId
    by: PersonName
    reason: str


@dataclass(frozen=True, slots=True)
class IncidentClosed:
    incident: IncidentId
    by: PersonName
    note: str
