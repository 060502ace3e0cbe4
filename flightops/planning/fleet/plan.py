"""A whole plan as JSON-ready values: sectors, and flights proved apart. For a fleet, or added to a sweep's plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.geo import Area
from flightops.planning.fleet.document import flights_document, sectors_document
from flightops.planning.fleet.drones import FleetDrone, checked_fleet
from flightops.planning.fleet.flights import Air, FleetFlights, Share, fleet_flights
from flightops.planning.fleet.shares import Errand, divided
from flightops.planning.sweep import SweepPlan, not_too_fine


def plan_fleet(errand: Errand, drones: tuple[FleetDrone, ...]) -> dict[str, Any]:
    """Sectors and flights of unlike drones, in the wind they are given. Deterministic. Raises Malformed,
    naming what to mend, when there is no plan that is proved."""
    for drone in checked_fleet(drones):
        not_too_fine(errand.ground, drone.swath_m)
    air = Air.over(errand.ground.area, drones)
    division = divided(errand, drones, air.whole)
    made = fleet_flights(air, division.shares, turn=True)
    return {**sectors_document(errand.ground, made, division), **flights_document(air, made)}


@dataclass(frozen=True, slots=True, eq=False)
class LikeFlights:
    """A sweep's plan with its paths in the direction they are flown, and their flights' air."""

    plan: SweepPlan
    air: Air
    made: FleetFlights

    def added_to(self, doc: dict[str, Any]) -> dict[str, Any]:
        """The plan's document with its flights."""
        sectors = [{**s, "flights": self.made.flights_of(k)} for k, s in enumerate(doc["sectors"])]
        return {**doc, "sectors": sectors, **flights_document(self.air, self.made)}


def like_flights(plan: SweepPlan, area: Area, drones: tuple[FleetDrone, ...]) -> LikeFlights:
    """The flights of a sweep's drones (`drones[k]` flies the paths of drone k), its sectors as they are; turned round
    only where there is no schedule else. Raises Malformed as `plan_fleet` does."""
    air = Air.over(area, checked_fleet(drones))
    lines = [np.array([[p.lon_deg, p.lat_deg] for p in s.path]) for s in plan.paths]
    shares = tuple(
        Share(drones[s.drone], air.transits.frame.to_xy_many(line)) for s, line in zip(plan.paths, lines, strict=True)
    )
    made = fleet_flights(air, shares, turn=False)
    paths = []
    for path, share, flown in zip(plan.paths, shares, made.shares, strict=True):
        same = flown.path[0].tolist() == share.path[0].tolist()
        paths.append(path if same else replace(path, path=path.path[::-1], time_s=flown.time_s))
    took = sum(p.time_s for p in paths) / sum(p.time_s for p in plan.paths)
    return LikeFlights(replace(plan, paths=tuple(paths), time_ratio=plan.time_ratio * took), air, made)
