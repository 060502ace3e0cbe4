"""Ground truly seen: footprints of a sweeping drone, united into strips of some seconds each. Pure.

A strip's holes are ignored and its outline is simplified to 0.5 m; pieces that do not touch become strips of their
own. What was seen in the last seconds before a crash is not claimed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import shapely

from core.events import Phase, StripSwept
from core.footprint import Footprint
from core.geo import LatLon, LocalFrame
from core.ids import DroneId, SearchId, SectorId
from core.units import UtcSeconds
from flightops.fleet.state import FleetState

EVERY_S = 5.0
SIMPLIFY_M = 0.5
BRAKE_S = 6.0
"""A drone told to hold still looks at the ground it brakes over; it goes on from where it stopped."""
LATE_S = 2.0
"""Footprints come after the telemetry of their moment; a sweep's end waits this long for the last ones."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """One drone sweeping one sector. `seen`: shapely geometries in `frame`; `until` None while it still sweeps."""

    search: SearchId
    sector: SectorId
    drone: DroneId
    entered_at: UtcSeconds
    strip_at: UtcSeconds
    until: UtcSeconds | None = None
    frame: LocalFrame | None = None
    seen: tuple[Any, ...] = ()


def started(search: SearchId, sector: SectorId, drone: DroneId, now: UtcSeconds) -> Sweep:
    """A sweep that begins now."""
    return Sweep(search, sector, drone, now, now)


def saw(sweep: Sweep, footprint: Footprint) -> Sweep:
    """The sweep with one more footprint; those from before or after it, and lines without area, are left out."""
    too_late = sweep.until is not None and footprint.at > sweep.until
    if footprint.drone != sweep.drone or footprint.at < sweep.entered_at or too_late or len(footprint.ring) < 3:
        return sweep
    frame = sweep.frame or LocalFrame(footprint.ring[0])
    shape = shapely.make_valid(shapely.Polygon([frame.to_xy(p) for p in footprint.ring]))
    return replace(sweep, frame=frame, seen=(*sweep.seen, shape)) if shape.area > 0 else sweep


def due(sweep: Sweep, now: UtcSeconds) -> bool:
    """Whether a strip is to be written out."""
    return now - sweep.strip_at >= EVERY_S or over(sweep, now)


def over(sweep: Sweep, now: UtcSeconds) -> bool:
    """Whether the sweep has ended and its late footprints have had their time."""
    return sweep.until is not None and now - sweep.until >= LATE_S


def flushed(sweep: Sweep, now: UtcSeconds) -> tuple[Sweep, tuple[StripSwept, ...]]:
    """The sweep with nothing pending, and its strips since the last flush."""
    rest = replace(sweep, strip_at=now, seen=())
    if sweep.frame is None or not sweep.seen:
        return rest, ()
    whole = shapely.union_all(sweep.seen).simplify(SIMPLIFY_M)
    pieces = [g for g in shapely.get_parts(whole) if g.geom_type == "Polygon" and g.area > 0]
    rings = [_ring(sweep.frame, p) for p in pieces]
    return rest, tuple(StripSwept(sweep.search, sweep.sector, sweep.drone, r) for r in rings)


def advanced(
    sweeps: Mapping[DroneId, Sweep], fleet: FleetState, now: UtcSeconds
) -> tuple[dict[DroneId, Sweep], tuple[StripSwept, ...]]:
    """Sweeps begun and ended by what the fleet does now, and the strips that are due."""
    after: dict[DroneId, Sweep] = {}
    strips: list[StripSwept] = []
    for drone in sweeps.keys() | {d for d, known in fleet.drones.items() if known.phase is Phase.SWEEPING}:
        sweep, now_on = sweeps.get(drone), _sweeping(fleet, drone)
        if sweep is not None and sweep.until is None and now_on != (sweep.search, sweep.sector):
            braking = fleet.drones[drone].phase is Phase.HOLDING
            sweep = replace(sweep, until=UtcSeconds(now + BRAKE_S) if braking else now)
        if sweep is not None and (due(sweep, now) or (now_on is not None and sweep.until is not None)):
            gone = over(sweep, now) or (sweep.until is not None and now_on is not None)
            rest, made = flushed(sweep, now)
            strips += made
            sweep = None if gone else rest
        if sweep is None and now_on is not None:
            sweep = started(*now_on, drone, now)
        if sweep is not None:
            after[drone] = sweep
    return after, tuple(strips)


def _sweeping(fleet: FleetState, drone: DroneId) -> tuple[SearchId, SectorId] | None:
    known = fleet.drones.get(drone)
    if known is None or known.phase is not Phase.SWEEPING or known.mission is None:
        return None
    return known.mission.search, known.mission.sector


def _ring(frame: LocalFrame, polygon: Any) -> tuple[LatLon, ...]:
    lonlat = frame.to_lonlat_many(shapely.get_coordinates(polygon.exterior)[:-1])
    return tuple(LatLon(float(lat), float(lon)) for lon, lat in lonlat)
