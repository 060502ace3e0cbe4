"""What a sighting or an alarm comes to: a new incident, one that grows, or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from core.events import AlarmRaised, IncidentGrew, IncidentKind, IncidentOpened, Recorded, SightingMade
from core.geo import SCALE_95, Covariance, LatLon, distance_m
from core.ids import DeviceId, IncidentId
from core.units import UtcSeconds
from ground.incidents.book import Book, Incident, IncidentState, view_of
from ground.incidents.fusion import GATE_99, distance2, fuse

SAME_TRACK_GATE2 = 4.0 * GATE_99
"""A track that already belongs to an incident stays with it this far out (twice the gate's distance)."""
FORGET_S = 3_600.0
"""An incident nobody saw for this long takes no more sightings of other tracks."""
DISMISSED_QUIET_S = 1_800.0
"""So long a dismissed track does not open the same spot again."""
CLOSED_QUIET_S = 600.0
"""So long nothing opens again where an incident was closed: staff are still there."""
UNIT_SPREAD = Covariance(25.0, 0.0, 25.0)
"""A unit's reported place and what it moved since: 5 m an axis."""
ALARM_NEAR_M = 50.0
"""Alarms of one kind at one site within this are one incident."""

Answer = IncidentOpened | IncidentGrew | None
Camera = Callable[[LatLon], DeviceId | None]


def incident_id(cause: str) -> IncidentId:
    """The id of the incident that a cause opens: always the same, so that deciding twice changes nothing."""
    plain = f"i-{cause}"
    return IncidentId(plain if len(plain) <= 64 else "i-" + hashlib.sha256(cause.encode()).hexdigest()[:32])


def decide_cause(book: Book, record: Recorded, camera: Camera, units: Iterable[LatLon]) -> Answer:
    """The answer to one recorded sighting or alarm; None when it changes nothing.

    `camera` gives the nearest one that looks at a place; `units`: where patrol units stand now.
    """
    if isinstance(record.fact, SightingMade):
        return decide_sighting(book, record.fact, record.at, camera, units)
    if isinstance(record.fact, AlarmRaised):
        return decide_alarm_raised(book, record.fact, camera)
    return None


def decide_sighting(
    book: Book, sighting: SightingMade, recorded_at: UtcSeconds, camera: Camera, units: Iterable[LatLon]
) -> Answer:
    """Grow the incident it fits best, else open one, unless the spot is known to be nothing or one of our own."""
    if sighting.sighting in book.causes:
        return None
    home = _best(book, sighting)
    if home is not None:
        place, spread = fuse((*home.views, view_of(sighting)))
        return IncidentGrew(home.id, sighting.sighting, place, spread, home.count + 1)
    if _quiet(book, sighting, recorded_at) or _own_unit(sighting, units):
        return None
    place, spread = fuse((view_of(sighting),))
    opened = incident_id(sighting.sighting)
    return IncidentOpened(opened, IncidentKind.PERSON_SEEN, place, spread, sighting.sighting, camera(place))


def decide_alarm_raised(book: Book, alarm: AlarmRaised, camera: Camera) -> Answer:
    """Grow the live incident of that kind at that site and place, else open one."""
    if alarm.alarm in book.causes:
        return None
    kind = IncidentKind(alarm.kind.value)
    for incident in map(book.incidents.__getitem__, book.live):
        same = incident.kind is kind and incident.site == alarm.site
        if same and distance_m(incident.place, alarm.place) <= ALARM_NEAR_M:
            return IncidentGrew(incident.id, alarm.alarm, incident.place, incident.covariance, incident.count + 1)
    return IncidentOpened(incident_id(alarm.alarm), kind, alarm.place, None, alarm.alarm, camera(alarm.place))


def reach_m(incident: Incident) -> float:
    """Semi-major axis of an incident's 95 % ellipse, m; 0 when its place is exact."""
    return 0.0 if incident.covariance is None else incident.covariance.ellipse_95()[0]


def _best(book: Book, sighting: SightingMade) -> Incident | None:
    """The live incident a sighting fits: its track's own first, then the nearest within the gate."""
    own = book.by_track.get(sighting.track)
    if own is not None and own in book.live and _apart2(book.incidents[own], sighting) <= SAME_TRACK_GATE2:
        return book.incidents[own]
    fitting = []
    for incident in map(book.incidents.__getitem__, book.live):
        if incident.kind is not IncidentKind.PERSON_SEEN or abs(sighting.at - incident.seen_at) > FORGET_S:
            continue
        if _surely_far(incident, sighting):
            continue
        apart2 = _apart2(incident, sighting)
        if apart2 <= GATE_99:
            fitting.append((apart2, incident.id, incident))
    return min(fitting)[2] if fitting else None


def _surely_far(incident: Incident, sighting: SightingMade) -> bool:
    """A cheap look before the exact one: further apart than any gate reaches."""
    spread = sighting.covariance
    sigma_m = (reach_m(incident) + SCALE_95 * (spread.ee_m2 + spread.nn_m2) ** 0.5) / SCALE_95 + 20.0
    return bool(abs(incident.place.lat_deg - sighting.place.lat_deg) * 110_000.0 > 4.0 * sigma_m)


def _apart2(incident: Incident, sighting: SightingMade) -> float:
    spread = incident.covariance or Covariance(0.0, 0.0, 0.0)
    apart_s = sighting.at - incident.seen_at
    return distance2(incident.place, spread, sighting.place, sighting.covariance, apart_s)


def _quiet(book: Book, sighting: SightingMade, recorded_at: UtcSeconds) -> bool:
    """Whether the spot was judged a short while ago."""
    own = book.by_track.get(sighting.track)
    for incident in _recent(book, recorded_at):
        since_s = recorded_at - (incident.ended_at or recorded_at)
        dismissed = incident.state is IncidentState.DISMISSED and incident.id == own and since_s < DISMISSED_QUIET_S
        closed = incident.state is IncidentState.CLOSED and since_s < CLOSED_QUIET_S
        if (dismissed or closed) and _apart2(incident, sighting) <= GATE_99:
            return True
    return False


def _recent(book: Book, at: UtcSeconds) -> list[Incident]:
    """Incidents of people that ended within the longest quiet time."""
    return [
        i
        for i in book.incidents.values()
        if i.ended_at is not None and at - i.ended_at < DISMISSED_QUIET_S and i.kind is IncidentKind.PERSON_SEEN
    ]


def _own_unit(sighting: SightingMade, units: Iterable[LatLon]) -> bool:
    """Whether one of our own stands there: officers and their cars are warm too."""
    return any(distance2(u, UNIT_SPREAD, sighting.place, sighting.covariance) <= GATE_99 for u in units)
