"""The live picture: a fold of facts, telemetry, footprints and unit reports into what the map shows.

Pure but for being a fold in place. Every change gives its entity a new version; `changed_since` lists what a
viewer has not seen, newest version only, so that nothing has to be kept a viewer. Entities are built when asked
for: sixty drones at 10 Hz cost a mark each.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from core.drone import DroneState
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
    Phase,
    Recorded,
    SearchAccepted,
    SearchApproved,
    SearchBettered,
    SearchEnded,
    SearchRefused,
    SearchReplanned,
    Sector,
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
from core.footprint import Footprint
from core.ids import DroneId, IncidentId, SearchId, SectorId, SightingId, SiteId, TaskId, UnitId
from core.io.settings import DroneSettings, UnitSettings
from core.units import UtcSeconds
from ground.incidents.book import Book
from ground.sites.site import Site
from ground.units.places import UnitPlace
from ground.units.roster import Roster
from ground.web import entities
from ground.web.entities import DroneEntry, Entity
from ground.web.swept import Swept, swept_of

Key = tuple[str, str]
COLLECTIONS = ("drones", "searches", "sightings", "incidents", "units", "tasks", "sites")
KEPT = {"sightings": 2000, "searches": 100, "incidents": 500, "tasks": 500}
"""So many sightings, and so many ended searches, incidents and tasks, stay in the picture; older are in the record."""
FOOTPRINT_S = 3.0
"""A footprint older than this is no longer what a camera sees."""
GONE_S = 60.0
"""So long viewers can still learn that an entity left."""


@dataclass(slots=True)
class SearchEntry:
    """What the picture knows of one search. `later`: sectors dealt since it was planned."""

    id: SearchId
    state: str
    by: str
    reasons: tuple[Entity, ...] = ()
    accepted: SearchAccepted | None = None
    swept: Swept | None = None
    sectors: dict[SectorId, tuple[DroneId, str]] = field(default_factory=dict)
    later: tuple[Sector, ...] = ()
    replans: tuple[Entity, ...] = ()
    outcome: str | None = None
    accepted_at: UtcSeconds | None = None
    approved_at: UtcSeconds | None = None
    ended_at: UtcSeconds | None = None


class Picture:
    """See the module. Times come in by `tick`; flags that depend on time (lost, stale) change only there."""

    def __init__(
        self, drones: tuple[DroneSettings, ...] = (), units: tuple[UnitSettings, ...] = (), sites: tuple[Site, ...] = ()
    ) -> None:
        self.version = 0
        self.forgotten = 0
        """Who has seen only up to before this version needs the whole picture: departures since are forgotten."""
        self.log_seq = 0
        self.now = UtcSeconds(0.0)
        self.book = Book()
        self.roster = Roster()
        self.places: dict[UnitId, UnitPlace] = {}
        self.drones = {DroneId(d.id): DroneEntry(DroneId(d.id), d) for d in drones}
        self.searches: dict[SearchId, SearchEntry] = {}
        self.sightings: dict[SightingId, tuple[int, SightingMade]] = {}
        self._units = {UnitId(u.id): u for u in units}
        self._sites = {s.id: s for s in sites}
        self._alarms: dict[str, UtcSeconds] = {}
        self._changed: OrderedDict[Key, int] = OrderedDict()
        self._gone: dict[Key, UtcSeconds] = {}
        self._old: dict[str, dict[str, None]] = {c: {} for c in KEPT}
        self._flags: dict[Key, bool] = {}
        self._due: set[SearchId] = set()
        for collection, ids in (("drones", self.drones), ("units", self._units), ("sites", self._sites)):
            for id_ in ids:
                self._mark(collection, id_)

    def entity(self, collection: str, id_: str) -> Entity | None:
        """One entity as it is now; None when it left the picture."""
        if (collection, id_) in self._gone or (collection, id_) not in self._changed:
            return None
        match collection:
            case "drones":
                return entities.drone_entity(self.drones[DroneId(id_)], self.now)
            case "searches":
                return self._search_entity(self.searches[SearchId(id_)])
            case "sightings":
                sighting = self.sightings[SightingId(id_)][1]
                return entities.sighting_entity(sighting, self.book.causes.get(id_))
            case "incidents":
                return entities.incident_entity(self.book.incidents[IncidentId(id_)])
            case "units":
                return self._unit_entity(UnitId(id_))
            case "tasks":
                task = self.roster.tasks[TaskId(id_)]
                return entities.task_entity(task, self.book.incidents.get(task.incident), self.places.get(task.unit))
            case "sites":
                return entities.site_entity(self._sites[SiteId(id_)], self._alarms)
            case _:
                return None

    def everything(self) -> list[Key]:
        """Everything in the picture."""
        return [k for k in self._changed if k not in self._gone]

    def changed_since(self, version: int) -> list[Key]:
        """What changed after a version, newest first; entities that left are among them."""
        found = []
        for key in reversed(self._changed):
            if self._changed[key] <= version:
                break
            found.append(key)
        return found

    def version_of(self, key: Key) -> int:
        """Version of an entity's newest change."""
        return self._changed[key]

    def heard(self, state: DroneState) -> None:
        """Telemetry of one drone."""
        self._drone(state.drone).state = state
        self._mark("drones", state.drone)

    def saw(self, footprint: Footprint) -> None:
        """What a camera sees now."""
        self._drone(footprint.drone).footprint = footprint
        self._mark("drones", footprint.drone)

    def units_at(self, places: Mapping[UnitId, UnitPlace]) -> None:
        """Newest reports of all units."""
        for unit, place in places.items():
            if unit in self._units and self.places.get(unit) != place:
                self.places[unit] = place
                self._mark("units", unit)
                task = self.roster.busy.get(unit)
                if task is not None:
                    self._mark("tasks", task)

    def tick(self, now: UtcSeconds) -> None:
        """Time goes on: what became lost or stale, and swept ground that came in since."""
        self.now = now
        for id_, drone in self.drones.items():
            self._flag(("drones", id_), drone.state.lost(now) if drone.state else drone.link_lost)
            if drone.footprint and now - drone.footprint.at > FOOTPRINT_S:
                drone.footprint = None
                self._mark("drones", id_)
        for unit, place in self.places.items():
            self._flag(("units", unit), place.stale(now))
        for search in self._due:
            self._mark("searches", search)
        self._due.clear()
        for key in [k for k, since in self._gone.items() if now - since > GONE_S]:
            del self._gone[key]
            self.forgotten = max(self.forgotten, self._changed.pop(key))

    def hear(self, record: Recorded) -> None:
        """Fold one record in."""
        self.log_seq = record.seq
        self.book.hear(record)
        self.roster.hear(record)
        fact: Fact = record.fact
        match fact:
            case DroneJoined() | DroneLinkLost() | DroneLinkRestored() | DronePhaseChanged() | DroneWarned():
                self._drone_fact(fact)
            case SearchAccepted() | SearchRefused() | SearchApproved() | SearchEnded():
                self._search_fact(fact, record.at)
            case SearchBettered():
                self._bettered(fact)
            case SearchReplanned():
                self._replanned(fact, record.at)
            case MissionUploaded() | SectorEntered() | SectorSwept() | SectorFailed() | StripSwept():
                self._sector_fact(fact)
            case SightingMade():
                self.sightings[fact.sighting] = (record.seq, fact)
                self._mark("sightings", fact.sighting)
                self._retire("sightings", fact.sighting)
            case AlarmRaised():
                self._alarms[fact.device] = fact.at
                if fact.site in self._sites:
                    self._mark("sites", fact.site)
            case IncidentOpened() | IncidentGrew() | IncidentConfirmed() | IncidentDismissed() | IncidentClosed():
                self._incident_fact(fact)
            case UnitSent() | TaskAccepted() | UnitArrived() | TaskCleared():
                self._task_fact(fact)
            case OrderGiven() | OrderAnswered() | ViewGranted() | SignedIn() | SectorFlown():
                pass
            case _:
                assert_never(fact)

    def _drone_fact(
        self, fact: DroneJoined | DroneLinkLost | DroneLinkRestored | DronePhaseChanged | DroneWarned
    ) -> None:
        drone = self._drone(fact.drone)
        match fact:
            case DroneJoined():
                drone.system_id, drone.autopilot, drone.version = fact.system_id, fact.autopilot, fact.version
                drone.link_lost = False
            case DroneLinkLost():
                drone.link_lost = True
            case DroneLinkRestored():
                drone.link_lost = False
            case DronePhaseChanged():
                drone.phase, drone.reason = fact.phase, fact.reason
                if fact.phase is Phase.GROUNDED:
                    drone.footprint = None
            case DroneWarned():
                drone.warned = fact.text
        self._mark("drones", fact.drone)

    def _search_fact(self, fact: SearchAccepted | SearchRefused | SearchApproved | SearchEnded, at: UtcSeconds) -> None:
        entry = self.searches.get(fact.search)
        match fact:
            case SearchAccepted():
                entry = SearchEntry(fact.search, "planned", fact.by, (), fact, swept_of(fact.area), accepted_at=at)
                self.searches[fact.search] = entry
            case SearchRefused() if entry is None:
                entry = SearchEntry(fact.search, "refused", fact.by, entities.reasons(fact.reasons), ended_at=at)
                self.searches[fact.search] = entry
                self._retire("searches", fact.search)
            case SearchApproved() if entry:
                entry.state, entry.approved_at = "flying", at
            case SearchEnded() if entry:
                entry.state, entry.outcome, entry.ended_at = "ended", fact.outcome.value, at
                self._free(fact.search, None)
                self._retire("searches", fact.search)
        if entry:
            self._mark("searches", fact.search)

    def _bettered(self, fact: SearchBettered) -> None:
        entry = self.searches.get(fact.search)
        if entry and entry.accepted and entry.state == "planned":
            entry.accepted = replace(entry.accepted, plan=fact.plan)
            self._mark("searches", fact.search)

    def _replanned(self, fact: SearchReplanned, at: UtcSeconds) -> None:
        entry = self.searches.get(fact.search)
        if entry is None:
            return
        for gone in fact.superseded:
            entry.sectors[gone] = (entry.sectors.get(gone, (DroneId(""), ""))[0], "superseded")
        for sector, state in (*((s, "waiting") for s in fact.sectors), *((s, "failed") for s in fact.undone)):
            entry.sectors[sector.sector] = (sector.drone, state)
        entry.later = (*entry.later, *fact.sectors, *fact.undone)
        entry.replans = (*entry.replans, entities.replan_entity(fact, at))
        self._mark("searches", fact.search)

    def _sector_fact(self, fact: MissionUploaded | SectorEntered | SectorSwept | SectorFailed | StripSwept) -> None:
        entry = self.searches.get(fact.search)
        if entry is None:
            return
        match fact:
            case StripSwept():
                if entry.swept:
                    entry.swept.add(fact.ring)
                self._due.add(fact.search)
                return
            case MissionUploaded():
                entry.sectors[fact.sector] = (fact.drone, "waiting")
                self._bind(fact)
            case SectorEntered():
                entry.sectors[fact.sector] = (fact.drone, "flying")
                self._bind(fact)
            case SectorSwept():
                entry.sectors[fact.sector] = (fact.drone, "swept")
                self._free(fact.search, fact.sector)
            case SectorFailed():
                entry.sectors[fact.sector] = (fact.drone, "failed")
                self._free(fact.search, fact.sector)
        self._mark("searches", fact.search)

    def _bind(self, fact: MissionUploaded | SectorEntered) -> None:
        drone = self._drone(fact.drone)
        drone.search, drone.sector = fact.search, fact.sector
        self._mark("drones", fact.drone)

    def _free(self, search: SearchId, sector: SectorId | None) -> None:
        """No drone flies that sector (None: any of the search) any more."""
        for drone in self.drones.values():
            if drone.search == search and sector in (None, drone.sector):
                drone.search = drone.sector = None
                self._mark("drones", drone.id)

    def _incident_fact(
        self, fact: IncidentOpened | IncidentGrew | IncidentConfirmed | IncidentDismissed | IncidentClosed
    ) -> None:
        if fact.incident not in self.book.incidents:
            return
        self._mark("incidents", fact.incident)
        if isinstance(fact, IncidentOpened | IncidentGrew):
            if SightingId(fact.cause) in self.sightings:
                self._mark("sightings", fact.cause)
            for task in self.roster.of(fact.incident):
                self._mark("tasks", task.id)
        elif isinstance(fact, IncidentDismissed | IncidentClosed):
            self._retire("incidents", fact.incident)

    def _task_fact(self, fact: UnitSent | TaskAccepted | UnitArrived | TaskCleared) -> None:
        if fact.task not in self.roster.tasks:
            return
        self._mark("tasks", fact.task)
        if fact.unit in self._units:
            self._mark("units", fact.unit)
        if isinstance(fact, TaskCleared):
            self._retire("tasks", fact.task)

    def _search_entity(self, s: SearchEntry) -> Entity:
        return {
            "id": s.id,
            "state": s.state,
            "outcome": s.outcome,
            "reasons": list(s.reasons),
            "area": entities.area_geojson(s.accepted.area) if s.accepted else None,
            "plan": entities.plan_entity(s.accepted, s.later, s.sectors) if s.accepted else None,
            "replans": list(s.replans),
            "swept": s.swept.geojson() if s.swept else {"type": "MultiPolygon", "coordinates": []},
            "swept_fraction": round(s.swept.fraction(), 4) if s.swept else 0.0,
            "accepted_at": s.accepted_at,
            "approved_at": s.approved_at,
            "ended_at": s.ended_at,
            "by": s.by,
        }

    def _unit_entity(self, unit: UnitId) -> Entity:
        place = self.places.get(unit)
        stale = place is None or place.stale(self.now)
        return entities.unit_entity(self._units[unit], place, stale, self.roster.busy.get(unit))

    def _drone(self, drone: DroneId) -> DroneEntry:
        return self.drones.setdefault(drone, DroneEntry(drone))

    def _mark(self, collection: str, id_: str) -> None:
        key = (collection, id_)
        self.version += 1
        self._changed[key] = self.version
        self._changed.move_to_end(key)

    def _flag(self, key: Key, now_set: bool) -> None:
        if self._flags.get(key) != now_set:
            self._flags[key] = now_set
            self._mark(*key)

    def _retire(self, collection: str, id_: str) -> None:
        """Queue an entity for leaving; the oldest leaves when there are too many."""
        old = self._old[collection]
        old[id_] = None
        if len(old) > KEPT[collection]:
            gone = next(iter(old))
            del old[gone]
            self._gone[collection, gone] = self.now
            self._mark(collection, gone)
            if collection == "sightings":
                self.sightings.pop(SightingId(gone), None)
            elif collection == "searches":
                self.searches.pop(SearchId(gone), None)
