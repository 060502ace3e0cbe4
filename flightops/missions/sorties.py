"""A whole plan as missions: one a sector, with transits in layers. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from core.drone import DroneState
from core.errors import Refused
from core.events import SearchPlan
from core.geo import LatLon
from core.ids import DroneId, SectorId
from core.terrain import Terrain
from flightops.missions.heights import transits_for
from flightops.missions.items import mission_for
from flightops.missions.mission import Mission


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
    plan: SearchPlan, homes: Mapping[DroneId, LatLon], terrain: Terrain, fixed_m: Mapping[DroneId, float]
) -> dict[SectorId, Mission] | Refused:
    """The mission of every sector, or why one of them can't be flown. `fixed_m` as in `transits_for`."""
    transits = transits_for(plan, homes, terrain, fixed_m)
    if isinstance(transits, Refused):
        return transits
    missions: dict[SectorId, Mission] = {}
    for sector in plan.sectors:
        made = mission_for(sector, plan, homes[sector.drone], transits[sector.sector], terrain)
        if isinstance(made, Refused):
            return made
        missions[sector.sector] = made
    return missions
