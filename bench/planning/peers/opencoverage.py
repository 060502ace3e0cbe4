"""opencoverage: its three searches for a direction and 12 winds, over the area and over it less half a swath all round.

The camera is made up so that lines lie a swath apart, and with 5 % overlap: its first line runs through a corner and
the last strip may stay open. Where the shrunk area falls apart, only the whole one is planned.
"""

from __future__ import annotations

from typing import Any

import opencoverage as oc
from shapely import Polygon

ANGLES = 12
OVERLAPS = (0.0, 0.05)


def plan(rings: list[list[list[float]]], swath_m: float) -> list[list[list[float]]]:
    whole = Polygon(rings[0], rings[1:])
    inner = whole.buffer(-swath_m / 2, join_style="mitre")
    grounds = [whole, inner] if inner.geom_type == "Polygon" and not inner.is_empty else [whole]
    uav = oc.UAV(min_height=0.1, max_height=1e4, min_velocity=0.1, max_velocity=12.0, survey_velocity=12.0)
    camera = oc.PinholeCamera(0.01, 10.0, 10.0, 10.0, 0.1)
    wishes: list[dict[str, Any]] = [{"pattern": p} for p in ("back_forth", "long_edge", "optimal_sweep")]
    wishes += [{"pattern": "following_wind", "wind_direction_deg": 180.0 * k / ANGLES} for k in range(ANGLES)]
    found = []
    for ground in grounds:
        for overlap in OVERLAPS:
            for wish in wishes:
                mission = oc.plan(
                    polygon=ground, uav=uav, camera=camera, lateral_overlap=overlap, forward_overlap=0.0,
                    target="altitude", target_value=swath_m, **wish,
                )  # fmt: skip
                if len(mission.path) > 1:
                    found.append([list(p) for p in mission.path])
    return found
