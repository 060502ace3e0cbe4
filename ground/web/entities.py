"""What the live picture shows, as JSON-ready dicts. Pure. Rings are closed: first and last point are the same."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.drone import Aged, Autopilot, DroneState
from core.errors import Reason
from core.events import Phase, SearchAccepted, SearchReplanned, Sector, SightingMade
from core.footprint import Footprint
from core.geo import Area, Covariance, LatLon
from core.ids import DroneId, IncidentId, SearchId, SectorId, TaskId
from core.io.settings import DroneSettings, UnitSettings
from core.units import UtcSeconds
from ground.dispatch.tasks import guidance
from ground.incidents.book import Incident
from ground.incidents.nearby import radii_m
from ground.sites.site import Site
from ground.units.places import UnitPlace
from ground.units.roster import Task

Entity = dict[str, Any]
RING_POINTS = 32
_TURN = np.linspace(0.0, 2.0 * np.pi, RING_POINTS + 1)


@dataclass(slots=True)
class DroneEntry:
    """What the picture knows of one drone besides its telemetry."""

    id: DroneId
    settings: DroneSettings | None = None
    state: DroneState | None = None
    system_id: int | None = None
    autopilot: Autopilot | None = None
    version: str = ""
    phase: Phase | None = None
    reason: str = ""
    warned: str = ""
    link_lost: bool = False
    search: SearchId | None = None
    sector: SectorId | None = None
    footprint: Footprint | None = None


def drone_entity(d: DroneEntry, now: UtcSeconds) -> Entity:
    """One drone; null where never heard."""
    s, known = d.state, d.settings
    place = _value(s.place) if s else None
    speed = _value(s.velocity) if s else None
    attitude, gimbal = (_value(s.attitude), _value(s.gimbal)) if s else (None, None)
    battery = _value(s.battery) if s else None
    mode = _value(s.mode) if s else None
    says = (_value(s.says) if s else None) or d.warned or None
    autopilot = s.autopilot if s else d.autopilot
    return {
        "id": d.id,
        "name": (known.name if known else "") or d.id,
        "system_id": s.system_id if s else d.system_id,
        "autopilot": autopilot.value if autopilot else None,
        "version": (s.version if s else "") or d.version or None,
        "heard_at": s.heard_at if s else None,
        "lost": s.lost(now) if s else d.link_lost,
        "lat_deg": place and degrees(place.lat_deg),
        "lon_deg": place and degrees(place.lon_deg),
        "alt_amsl_m": place and rounded(place.alt_amsl_m),
        "above_home_m": rounded(_value(s.above_home_m)) if s else None,
        "heading_deg": attitude and rounded(attitude.heading_deg % 360.0),
        "ground_speed_mps": speed and rounded(math.hypot(speed.north_mps, speed.east_mps)),
        "battery_left": battery and rounded(battery.left, 3),
        "mode": mode.value if mode else None,
        "armed": _value(s.armed) if s else None,
        "in_air": _value(s.in_air) if s else None,
        "phase": d.phase.value if d.phase else None,
        "phase_reason": d.reason or None,
        "search": d.search,
        "sector": d.sector,
        "footprint": ring(d.footprint.ring) if d.footprint else None,
        "gimbal_pitch_deg": gimbal and rounded(gimbal.pitch_deg),
        "video": bool(known and known.video),
        "says": says,
        "link_loss": rounded(s.link.loss, 3) if s and s.link else None,
    }


def reasons(told: tuple[Reason, ...]) -> tuple[Entity, ...]:
    """Why something was refused."""
    return tuple({"field": r.field, "problem": r.problem, "fix": r.fix} for r in told)


def plan_entity(fact: SearchAccepted, later: tuple[Sector, ...], states: dict[SectorId, tuple[DroneId, str]]) -> Entity:
    """The plan of a search as it is now; `later`: sectors dealt since; `states`: who flies each, and how far it is.

    What was superseded is left out: those that took over what it had left are in its place."""
    plan = fact.plan
    sectors = []
    for s in (*plan.sectors, *later):
        drone, state = states.get(s.sector, (s.drone, "waiting"))
        if state == "superseded":
            continue
        sectors.append(
            {
                "id": s.sector,
                "drone": drone,
                "path": line(s.path),
                "length_m": rounded(s.length_m, 1),
                "time_s": rounded(s.time_s, 1),
                "state": state,
            }
        )
    return {
        "swath_m": plan.swath_m,
        "speed_mps": plan.speed_mps,
        "height_agl_m": plan.height_agl_m,
        "cover": plan.cover,
        "sectors": sectors,
    }


def replan_entity(fact: SearchReplanned, at: UtcSeconds) -> Entity:
    """One dealing: why, who left or was added, who flies how many metres of it, and how many nobody does."""
    metres: dict[DroneId, float] = {}
    for s in fact.sectors:
        metres[s.drone] = metres.get(s.drone, 0.0) + s.length_m
    return {
        "at": at,
        "cause": fact.cause.value,
        "drones": list(fact.drones),
        "shares": [{"drone": d, "length_m": rounded(m, 1)} for d, m in metres.items()],
        "undone_m": rounded(sum(s.length_m for s in fact.undone), 1),
        "reason": fact.reason,
        "by": fact.by,
    }


def sighting_entity(s: SightingMade, incident: IncidentId | None) -> Entity:
    """One sighting with its 95 % ellipse."""
    return {
        "id": s.sighting,
        "track": s.track,
        "drone": s.drone,
        "at": s.at,
        "lat_deg": degrees(s.place.lat_deg),
        "lon_deg": degrees(s.place.lon_deg),
        "ellipse": ellipse(s.covariance),
        "ring": ellipse_ring(s.place, s.covariance),
        "score": rounded(s.score, 3),
        "views": s.views,
        "detector": s.detector,
        "incident": incident,
    }


def incident_entity(i: Incident) -> Entity:
    """One incident."""
    return {
        "id": i.id,
        "kind": i.kind.value,
        "state": i.state.value,
        "lat_deg": degrees(i.place.lat_deg),
        "lon_deg": degrees(i.place.lon_deg),
        "ellipse": ellipse(i.covariance) if i.covariance else None,
        "ring": ellipse_ring(i.place, i.covariance) if i.covariance else None,
        "count": i.count,
        "camera": i.camera,
        "opened_at": i.opened_at,
        "updated_at": i.updated_at,
        "note": i.note,
        "cause": i.cause,
    }


def unit_entity(unit: UnitSettings, at: UnitPlace | None, stale: bool, task: TaskId | None) -> Entity:
    """One unit; null where it never told."""
    return {
        "id": unit.id,
        "name": unit.name,
        "kind": unit.kind,
        "lat_deg": at and degrees(at.place.lat_deg),
        "lon_deg": at and degrees(at.place.lon_deg),
        "heading_deg": at.heading_deg if at else None,
        "speed_mps": at.speed_mps if at else None,
        "at": at.at if at else None,
        "stale": stale,
        "task": task,
    }


def task_entity(t: Task, incident: Incident | None, at: UnitPlace | None) -> Entity:
    """One task; bearing and distance from the unit's newest place while it is active."""
    way = guidance(incident, at) if t.active and incident and at else None
    return {
        "id": t.id,
        "incident": t.incident,
        "unit": t.unit,
        "state": t.state.value,
        "eta_s": rounded(t.eta_s, 1),
        "route": line(t.route),
        "sent_at": t.sent_at,
        "accepted_at": t.accepted_at,
        "arrived_at": t.arrived_at,
        "cleared_at": t.cleared_at,
        "outcome": t.outcome.value if t.outcome else None,
        "bearing_deg": rounded(way.bearing_deg, 1) if way else None,
        "distance_m": rounded(way.distance_m, 1) if way else None,
    }


def site_entity(site: Site, alarms: dict[str, UtcSeconds]) -> Entity:
    """One compound; `alarms`: when each device last raised one."""
    return {
        "id": site.id,
        "name": site.name,
        "ring": ring(site.ring),
        "cameras": [
            {
                "id": c.id,
                "name": c.name,
                "lat_deg": c.place.lat_deg,
                "lon_deg": c.place.lon_deg,
                "heading_deg": c.heading_deg,
                "hfov_deg": c.hfov_deg,
                "range_m": c.range_m,
            }
            for c in site.cameras
        ],
        "sensors": [
            {
                "id": s.id,
                "name": s.name,
                "kind": s.kind.value,
                "lat_deg": s.place.lat_deg,
                "lon_deg": s.place.lon_deg,
                "alarm_at": alarms.get(s.id),
            }
            for s in site.sensors
        ],
    }


def area_geojson(area: Area) -> Entity:
    """GeoJSON Polygon."""
    return {"type": "Polygon", "coordinates": [ring(r) for r in (area.outer, *area.holes)]}


def ellipse(c: Covariance) -> Entity:
    """Semi-axes of the 95 % ellipse and the true bearing of the major one."""
    major, minor, bearing = c.ellipse_95()
    return {"major_m": rounded(major), "minor_m": rounded(minor), "bearing_deg": rounded(bearing, 1)}


def ellipse_ring(centre: LatLon, c: Covariance) -> list[list[float]]:
    """Outline of the 95 % ellipse."""
    major, minor, bearing = c.ellipse_95()
    along, across = major * np.cos(_TURN), minor * np.sin(_TURN)
    sine, cosine = math.sin(math.radians(bearing)), math.cos(math.radians(bearing))
    east_m, north_m = radii_m(centre.lat_deg)
    lon = centre.lon_deg + np.degrees((along * sine + across * cosine) / east_m)
    lat = centre.lat_deg + np.degrees((along * cosine - across * sine) / north_m)
    points: list[list[float]] = np.round(np.column_stack([lon, lat]), 7).tolist()
    points[-1] = points[0]
    return points


def line(points: Iterable[LatLon]) -> list[list[float]]:
    """[[longitude, latitude], ...]."""
    return [[degrees(p.lon_deg), degrees(p.lat_deg)] for p in points]


def ring(points: Iterable[LatLon]) -> list[list[float]]:
    """A closed ring of [longitude, latitude]."""
    made = line(points)
    return made if not made or made[0] == made[-1] else [*made, made[0]]


def degrees(value: float) -> float:
    """To 1 cm."""
    return round(value, 7)


def rounded(value: float | None, digits: int = 2) -> float | None:
    """Fewer digits on the wire; None stays None."""
    return None if value is None else round(value, digits)


def _value(aged: Aged[Any] | None) -> Any:
    return aged.value if aged is not None else None
