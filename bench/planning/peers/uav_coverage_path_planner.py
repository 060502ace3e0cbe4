"""uav-coverage-path-planner (a genetic search for heading, spacing and speed): its three profiles of weights.

It knows no holes. The camera is made up so that lanes may lie up to a swath apart; endurance and photographs bind
nothing. Its flights from and to the place of take-off are left out, as they are for everybody.
"""

from __future__ import annotations

import math

import uav_coverage_path_planner as ucp

PROFILES = ("fine", "balanced", "efficient")
OVERLAP_PERCENT = 1e-3


def plan(rings: list[list[list[float]]], swath_m: float) -> list[list[list[float]]]:
    camera = ucp.CameraProfile(90.0, 1000, 1000, 1e-3)
    height = swath_m / (1 - OVERLAP_PERCENT / 100) / 2 * math.sqrt(2.0)
    found = []
    for profile in PROFILES:
        problem = ucp.PlanningProblem(
            boundary=tuple((x, y) for x, y in rings[0]),
            takeoff_point=tuple(rings[0][0]),
            task_height_m=height,
            camera=camera,
            aircraft=ucp.AircraftProfile(12.0, 1e9, 1e9, 0.0),
            quality=ucp.QualityConstraints(1e6, OVERLAP_PERCENT, OVERLAP_PERCENT, 12.0, profile=profile),
            optimizer=ucp.OptimizationConfig(seed=1),
        )
        found.append([list(p) for p in ucp.optimize_coverage_route(problem).route[1:-1]])
    return found
