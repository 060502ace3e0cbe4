"""A whole plan as missions: one a sector, with transits in layers, and the proof that they keep apart. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from core.drone import DroneState
from core.errors import Refused
from core.events import SearchPlan
from core.geo import Area, LatLon, LocalFrame
from core.ids import DroneId, SectorId
from core.terrain import Terrain
from flightops.missions.heights import transits_for
from flightops.missions.items import mission_for
from flightops.missions.mission import Mission
from flightops.missions.starts import flight_of, starts, too_close
from flightops.planning.airspace.separation import first_conflict
from flightops.planning.airspace.timed import Flight


def home_of(state: DroneState | None) -> LatLon | None:
    """Where the drone will come home to: where it stands while it is down, its home while it flies."""
    if state is None:
        return None
    if state.in_air is not None and not state.in_air.value and state.place is not None:
        return state.place.value.ground
    return state.home.value.ground if state.home is not None else None


def homes_of(states: Mapping[DroneId, DroneState]) -> dict[DroneId, LatLon]:
    """Homes of all drones that have one."""
    return {d: home for d, state in states.items() if (home := home_of(state)) is not None}


def missions_for(
    plan: SearchPlan,
    homes: Mapping[DroneId, LatLon],
    terrain: Terrain,
    fixed_m: Mapping[DroneId, float],
    area: Area | None = None,
) -> dict[SectorId, Mission] | Refused:
    """The mission of every sector, or why one of them can't be flown. `fixed_m` and `area` as in `transits_for`."""
    transits = transits_for(plan, homes, terrain, fixed_m, area)
    if isinstance(transits, Refused):
        return transits
    missions: dict[SectorId, Mission] = {}
    for sector in plan.sectors:
        made = mission_for(sector, plan, homes[sector.drone], transits[sector.sector], terrain)
        if isinstance(made, Refused):
            return made
        missions[sector.sector] = made
    return missions


def flights_for(
    plan: SearchPlan,
    missions: Mapping[SectorId, Mission],
    homes: Mapping[DroneId, LatLon],
    terrain: Terrain,
    frame: LocalFrame,
) -> dict[SectorId, Flight]:
    """Missions made by `missions_for` as flights in time, all started at 0 s."""
    flights: dict[SectorId, Flight] = {}
    for sector in plan.sectors:
        home = homes[sector.drone]
        ground_m = float(terrain.heights_amsl_m(np.array([[home.lon_deg, home.lat_deg]]))[0])
        flights[sector.sector] = flight_of(
            sector.drone, missions[sector.sector], np.array([*frame.to_xy(home), ground_m]), frame
        )
    return flights


def proved(
    plan: SearchPlan,
    area: Area | None,
    homes: Mapping[DroneId, LatLon],
    terrain: Terrain,
    fixed_m: Mapping[DroneId, float],
) -> Refused | None:
    """Why the missions of a plan can't be flown so that no two drones come too near one another; None: proved."""
    missions = missions_for(plan, homes, terrain, fixed_m, area)
    if isinstance(missions, Refused):
        return missions
    flights = flights_for(plan, missions, homes, terrain, LocalFrame(plan.sectors[0].path[0]))
    begun = starts(flights)
    if isinstance(begun, Refused):
        return begun
    conflict = first_conflict([flight.later(begun[sector]) for sector, flight in flights.items()])
    return None if conflict is None else too_close(conflict.a)
