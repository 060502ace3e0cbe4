"""coverage-path-planner (a mower's planner in C++): lines at 12 angles, with no lap along the edges and with one.

Without a lap the lines run to the border, or end a tenth of a swath short of it; a lap runs half a swath inside.
Tried on four areas and left out, since they never won: other distances, lines closer together.
"""

from __future__ import annotations

import math

import coverage_path_planner as cpp

ANGLES = 12
EDGES = ((0, 0.0), (0, 0.1), (1, 0.5))
"""Laps along the border, distance kept to it in swaths."""


def plan(rings: list[list[list[float]]], swath_m: float) -> list[list[list[float]]]:
    found = []
    for laps, kept in EDGES:
        for k in range(ANGLES):
            path = swept(rings, swath_m, math.pi * k / ANGLES, laps, kept * swath_m)
            if len(path) > 1:
                found.append(path)
    return found


def swept(rings: list[list[list[float]]], swath_m: float, angle: float, laps: int, kept_m: float) -> list[list[float]]:
    outer, *holes = [cpp.Polygon([cpp.Point(x, y) for x, y in ring]) for ring in rings]
    ground = cpp.Environment(outer)
    for hole in holes:
        ground.addObstacle(hole)
    wish = cpp.PathSettings()
    wish.pattern, wish.offset, wish.angle, wish.distanceToBorder = "lines", swath_m, angle, kept_m
    wish.mowArea, wish.mowBorder, wish.mowExclusionsBorder = True, laps > 0, laps > 0
    wish.borderLaps = wish.exclusionsBorderLaps = laps
    start = cpp.Point(*rings[0][0])
    return [[p.x, p.y] for p in cpp.PathService().computeFullTask(ground, wish, start).path.getPoints()]
