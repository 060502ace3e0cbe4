"""From a search order to its plan: what the desk asks, in the desk's words."""

from __future__ import annotations

import numpy as np

from core.camera import Camera
from core.commands import SearchArea
from core.errors import Malformed, Refused
from core.events import SearchPlan, Sector
from core.geo import LatLon
from core.ids import DroneId, SectorId
from flightops.planning.footprint import Look
from flightops.planning.paths.timing import Pace
from flightops.planning.polish import native
from flightops.planning.sweep import COVER_ASKED, Effort, SweepRequest, plan_sweep


def plan_search(
    order: SearchArea,
    drones: tuple[tuple[DroneId, LatLon | None], ...],
    camera: Camera,
    cover: float = COVER_ASKED,
    effort: Effort = Effort.FAST,
) -> SearchPlan | Refused:
    """The plan for an order flown by `drones` (id, home or None when unknown), sectors `<search>.<k>` from 1.

    Sectors go to drones so that flights from and to home are short together; a small area leaves drones without one.
    The swath follows from camera and height (footprint.Look) unless the order gives it; a view that reaches the horizon
    is refused either way, since nobody seen in one is placed. Deterministic; never raises Malformed.
    """
    if not drones:
        return Refused.because("drones", "no drone can fly this search", "wait for one or free one")
    try:
        seen_m = Look(camera, order.gimbal_pitch_deg).swath_m(order.height_agl_m)
        swath = order.swath_m or seen_m
        request = SweepRequest(
            order.area,
            swath,
            order.speed_mps,
            drones=len(drones),
            homes=tuple(home for _, home in drones),
            cover=cover,
            plain=order.plain,
            margin_m=order.margin_m,
        )
        plan = plan_sweep(request, effort)
    except Malformed as wrong:
        return Refused.because(wrong.field, wrong.problem, wrong.fix)
    sectors = tuple(
        Sector(SectorId(f"{order.search}.{k}"), drones[p.drone][0], p.path, p.length_m, p.time_s)
        for k, p in enumerate(plan.paths, start=1)
    )
    return SearchPlan(swath, order.speed_mps, order.height_agl_m, order.gimbal_pitch_deg, plan.cover, sectors)


def loaded() -> bool:
    """True once a process has all that planning needs: ask a planner for it before somebody waits for a plan."""
    native.time_s(np.zeros((2, 2)), native.pace_of(Pace()))
    return True
