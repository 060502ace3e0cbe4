"""A whole plan as JSON-ready values: sectors, and flights proved apart. For a fleet, or added to a sweep's plan."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.geo import Area
from flightops.planning.fleet.document import flights_document, sectors_document
from flightops.planning.fleet.drones import FleetDrone, checked_fleet
from flightops.planning.fleet.flights import Air, Share, fleet_flights
from flightops.planning.fleet.shares import Errand, divided
from flightops.planning.sweep import SweepPlan, not_too_fine


def plan_fleet(errand: Errand, drones: tuple[FleetDrone, ...]) -> dict[str, Any]:
    """Sectors and flights of unlike drones. Deterministic. Raises Malformed, naming what to mend, when there is no
    plan that is proved."""
    for drone in checked_fleet(drones):
        not_too_fine(errand.ground, drone.swath_m)
    air = Air.over(errand.ground.area, drones)
    division = divided(errand, drones, air.whole)
    made = fleet_flights(air, division.shares, turn=True)
    return {**sectors_document(errand.ground, made, division), **flights_document(air, made)}


def with_flights(doc: dict[str, Any], plan: SweepPlan, area: Area, drones: tuple[FleetDrone, ...]) -> dict[str, Any]:
    """A sweep's document with the flights of its drones (`drones[k]` flies the paths of drone k), its sectors as they
    are; turned round only where there is no schedule else. Raises Malformed as `plan_fleet` does."""
    air = Air.over(area, drones)
    lines = [np.array([[p.lon_deg, p.lat_deg] for p in s.path]) for s in plan.paths]
    shares = tuple(
        Share(drones[s.drone], air.transits.frame.to_xy_many(line)) for s, line in zip(plan.paths, lines, strict=True)
    )
    made = fleet_flights(air, shares, turn=False)
    sectors = []
    for k, (sector, share, flown) in enumerate(zip(doc["sectors"], shares, made.shares, strict=True)):
        same = flown.path[0].tolist() == share.path[0].tolist()
        path = sector["path"] if same else sector["path"][::-1]
        sectors.append({**sector, "path": path, "flights": made.flights_of(k)})
    return {**doc, "sectors": sectors, **flights_document(air, made)}
