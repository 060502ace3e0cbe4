"""What came true, and when: a fold of the pictures an operator saw, judged against the truth of the world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.geo import LatLon, distance_m
from core.units import UtcSeconds

SAME_PERSON_M = 30.0
"""An incident this close to the lost person (or within its 95 % ellipse) is about that person."""
AIRBORNE = {"taking_off", "transit", "sweeping", "holding", "returning", "landing"}

Truth = Callable[[UtcSeconds], LatLon]


@dataclass
class Story:
    """Times are UTC seconds of first sight; None: not yet."""

    truth: Truth
    ordered_at: UtcSeconds | None = None
    first_take_off_at: UtcSeconds | None = None
    first_sector_at: UtcSeconds | None = None
    sighting_at: UtcSeconds | None = None
    sighting_error_m: float | None = None
    arrived_at: UtcSeconds | None = None
    found_at: UtcSeconds | None = None
    search_over: bool = False
    airborne: bool = False
    version: str = ""
    false_opened: set[str] = field(default_factory=set)
    false_left: set[str] = field(default_factory=set)
    smoke_at: UtcSeconds | None = None

    def saw(self, picture: dict[str, Any], now: UtcSeconds) -> None:
        """Take in one picture (the entities of the live stream)."""
        self._fleet(picture, now)
        mine = {i["id"] for i in picture["incidents"].values() if self._is_the_person(i)}
        self._sightings(picture, mine)
        self._units(picture, mine, now)
        for incident in picture["incidents"].values():
            if incident["kind"] == "person_seen" and incident["id"] not in mine:
                self.false_opened.add(incident["id"])
            elif incident["kind"] == "smoke" and self.smoke_at is None:
                self.smoke_at = now
        live = {"open", "confirmed"}
        self.false_left = {i for i in self.false_opened if picture["incidents"][i]["state"] in live}

    def _is_the_person(self, incident: dict[str, Any]) -> bool:
        if incident["kind"] != "person_seen":
            return False
        at = UtcSeconds(incident["opened_at"])
        reach = max(SAME_PERSON_M, (incident["ellipse"] or {}).get("major_m", 0.0))
        return bool(distance_m(LatLon(incident["lat_deg"], incident["lon_deg"]), self.truth(at)) <= reach)

    def _fleet(self, picture: dict[str, Any], now: UtcSeconds) -> None:
        phases = {d["phase"] for d in picture["drones"].values()}
        self.version = next((d["version"] for d in picture["drones"].values() if d["version"]), self.version)
        self.airborne = bool(phases & AIRBORNE)
        if self.first_take_off_at is None and self.airborne:
            self.first_take_off_at = now
        if self.first_sector_at is None and "sweeping" in phases:
            self.first_sector_at = now
        searches = picture["searches"].values()
        self.search_over = bool(searches) and all(s["state"] in ("ended", "refused") for s in searches)

    def _sightings(self, picture: dict[str, Any], mine: set[str]) -> None:
        for sighting in picture["sightings"].values():
            if sighting["incident"] not in mine:
                continue
            at = UtcSeconds(sighting["at"])
            if self.sighting_at is None or at < self.sighting_at:
                place = LatLon(sighting["lat_deg"], sighting["lon_deg"])
                self.sighting_at, self.sighting_error_m = at, distance_m(place, self.truth(at))

    def _units(self, picture: dict[str, Any], mine: set[str], now: UtcSeconds) -> None:
        for task in picture["tasks"].values():
            if task["incident"] not in mine:
                continue
            if task["arrived_at"] is not None and self.arrived_at is None:
                self.arrived_at = UtcSeconds(task["arrived_at"])
            if task["outcome"] == "person_found" and self.found_at is None:
                self.found_at = now

    @property
    def done(self) -> bool:
        """The person was met by a unit, and nothing false stands open."""
        return self.found_at is not None and not self.false_left

    def report(self) -> dict[str, Any]:
        """Figures of the run. Times in s, from the order unless named otherwise; null where it did not happen.

        `false_incidents`: opened on something that is not the lost person and still open at the end.
        """

        def since(start: UtcSeconds | None, end: UtcSeconds | None) -> float | None:
            return None if start is None or end is None else round(end - start, 1)

        return {
            "person_found": self.found_at is not None,
            "unit_arrived": self.arrived_at is not None,
            "time_to_sighting_s": since(self.ordered_at, self.sighting_at),
            "time_from_take_off_to_sighting_s": since(self.first_take_off_at, self.sighting_at),
            "time_from_sector_entry_to_sighting_s": since(self.first_sector_at, self.sighting_at),
            "sighting_error_m": None if self.sighting_error_m is None else round(self.sighting_error_m, 1),
            "time_to_arrival_s": since(self.ordered_at, self.arrived_at),
            "time_to_found_s": since(self.ordered_at, self.found_at),
            "false_incidents": len(self.false_left),
            "false_incidents_opened": len(self.false_opened),
            "smoke_incident": self.smoke_at is not None,
            "autopilot_version": self.version,
        }
