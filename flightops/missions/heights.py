"""Transit heights: each drone goes and comes at its own level, above ground and sweeps, 10 m from the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import Refused
from core.events import SearchPlan, Sector
from core.geo import LatLon
from core.ids import DroneId
from core.terrain import Terrain
from flightops.missions.items import transit_line
from flightops.missions.profile import highest

STACK_M = 10.0
"""Between one drone's transit level and the next."""
ABOVE_SWEEP_M = 10.0
"""Between the sweeping layer (plan height over the highest ground on the way) and the lowest transit level."""


@dataclass(frozen=True, slots=True)
class _Level:
    drone: DroneId
    home_amsl_m: float
    floor_amsl_m: float


def transit_heights(
    plan: SearchPlan, homes: Mapping[DroneId, LatLon], terrain: Terrain, fixed: Mapping[DroneId, float]
) -> dict[DroneId, float] | Refused:
    """Transit height above its own home, m, of every drone of the plan.

    Levels are stacked by height AMSL, since homes differ in height: no two are nearer than STACK_M, each lies at
    least plan height + ABOVE_SWEEP_M over the highest ground on its way out and back. `fixed`: heights above home
    from settings; a lower one than that is raised.
    Refused when a drone has no home yet, or no ground height is known on its way.
    """
    wanted: list[_Level] = []
    for sector in plan.sectors:
        made = _level(sector, plan, homes.get(sector.drone), terrain)
        if isinstance(made, Refused):
            return made
        asked = made.home_amsl_m + fixed.get(sector.drone, 0.0)
        wanted.append(_Level(made.drone, made.home_amsl_m, max(made.floor_amsl_m, asked)))
    heights: dict[DroneId, float] = {}
    below = float("-inf")
    for level in sorted(wanted, key=lambda w: (w.floor_amsl_m, w.drone)):
        below = max(level.floor_amsl_m, below + STACK_M)
        heights[level.drone] = below - level.home_amsl_m
    return heights


def _level(sector: Sector, plan: SearchPlan, home: LatLon | None, terrain: Terrain) -> _Level | Refused:
    if home is None:
        return Refused.because(
            "drones", f"{sector.drone} has not told where it is", "wait for its GNSS fix, or leave it out"
        )
    ground = terrain.height_amsl_m(home)
    top = highest(transit_line(home, sector), terrain)
    if ground is None or top is None:
        return Refused.because(
            "terrain", f"no ground height is known on the way of {sector.drone}", "load terrain for this area"
        )
    return _Level(sector.drone, ground, top + plan.height_agl_m + ABOVE_SWEEP_M)
