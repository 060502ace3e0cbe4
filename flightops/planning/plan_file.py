"""The file that `airground plan` writes: sectors as [longitude, latitude] paths with their figures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from core.errors import Malformed
from core.geo import Area, LatLon
from core.units import within
from flightops.planning.area import area_from_geojson, checked_area
from flightops.planning.fleet.drones import FleetDrone
from flightops.planning.fleet.plan import plan_fleet, with_flights
from flightops.planning.fleet.shares import Errand
from flightops.planning.sweep import COVER_ASKED, Effort, SweepPlan, SweepRequest, plan_sweep


def plan_document(plan: SweepPlan) -> dict[str, Any]:
    """A plan as JSON-ready values; the caller adds `planning_s`. Paths keep full precision."""
    return {
        "sectors": [
            {
                "path": [[p.lon_deg, p.lat_deg] for p in s.path],
                "drone": s.drone + 1,
                "length_m": round(s.length_m, 1),
                "time_s": round(s.time_s, 1),
            }
            for s in plan.paths
        ],
        "cover": round(plan.cover, 6),
        "swath_m": plan.swath_m,
        "speed_mps": plan.speed_mps,
        "makespan_s": round(plan.makespan_s, 1),
        "length_ratio": round(plan.length_ratio, 4),
        "time_ratio": round(plan.time_ratio, 4),
        "pattern": plan.pattern,
        "cells": plan.cells,
    }


def effort_from(word: str) -> Effort:
    """The effort a word names. Raises Malformed."""
    if word not in tuple(Effort):
        raise Malformed("--effort", f"{word!r} is none", f"one of {', '.join(Effort)}")
    return Effort(word)


@dataclass(frozen=True, slots=True)
class PlanWish:
    """What `airground plan` is asked beside the area: swath m, speed m/s, drones and their home, share to cover;
    `plain`: straight parallel lines only; `endurance_s`: of each drone, None: unknown; `fleet`: in place of drones,
    home, speed and endurance."""

    swath_m: float
    speed_mps: float = 12.0
    drones: int = 1
    home: LatLon | None = None
    cover: float = COVER_ASKED
    effort: Effort = Effort.FAST
    plain: bool = False
    height_agl_m: float = 60.0
    endurance_s: float | None = None
    fleet: tuple[FleetDrone, ...] = ()


def plan_area_file(text: str, wish: PlanWish) -> dict[str, Any]:
    """The plan for a GeoJSON text: what `airground plan` writes, less `planning_s`. Raises Malformed."""
    try:
        doc = json.loads(text)
    except (ValueError, RecursionError) as wrong:
        raise Malformed("area", f"this is not JSON: {wrong}", "give a GeoJSON Polygon or a Feature with one") from wrong
    area = area_from_geojson(doc)
    made = _fleet_plan(area, wish) if wish.fleet else _like_plan(area, wish)
    rings = [[[p.lon_deg, p.lat_deg] for p in (*r, r[0])] for r in (area.outer, *area.holes)]
    home = {} if wish.home is None else {"home": [wish.home.lon_deg, wish.home.lat_deg]}
    return {**made, "area": {"type": "Polygon", "coordinates": rings}, "height_agl_m": wish.height_agl_m, **home}


def _fleet_plan(area: Area, wish: PlanWish) -> dict[str, Any]:
    within("cover", wish.cover, 0.5, 0.999)
    return plan_fleet(Errand(checked_area(area), wish.cover, wish.effort, wish.plain), wish.fleet)


def _like_plan(area: Area, wish: PlanWish) -> dict[str, Any]:
    """A plan for like drones; with a home, their flights too."""
    homes = () if wish.home is None else (wish.home,) * max(wish.drones, 1)
    request = SweepRequest(
        area, wish.swath_m, wish.speed_mps, drones=wish.drones, homes=homes, cover=wish.cover, plain=wish.plain
    )
    plan = plan_sweep(request, wish.effort)
    if wish.home is None:
        return plan_document(plan)
    drones = tuple(
        FleetDrone(
            str(k + 1), wish.home, wish.speed_mps, wish.swath_m, wish.endurance_s, height_agl_m=wish.height_agl_m
        )
        for k in range(wish.drones)
    )
    return with_flights(plan_document(plan), plan, area, drones)


PATTERNS = {"best": False, "s": True}
"""Words of --pattern: whether lines stay plain."""


def pattern_from(word: str) -> bool:
    """Whether a pattern's word asks for plain lines. Raises Malformed."""
    if word not in PATTERNS:
        raise Malformed("--pattern", f"{word!r} is none", f"one of {', '.join(PATTERNS)}")
    return PATTERNS[word]
