"""The file that `airground plan` writes: sectors as [longitude, latitude] paths with their figures."""

from __future__ import annotations

import json
from typing import Any

from core.errors import Malformed
from core.geo import LatLon
from flightops.planning.area import area_from_geojson
from flightops.planning.sweep import COVER_ASKED, SweepPlan, SweepRequest, plan_sweep


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
        "lines": plan.lines,
        "cells": plan.cells,
    }


def plan_area_file(
    text: str, swath_m: float, speed_mps: float, drones: int = 1, home: LatLon | None = None, cover: float = COVER_ASKED
) -> dict[str, Any]:
    """The plan for a GeoJSON text: what `airground plan` writes, less `planning_s`. Raises Malformed."""
    try:
        doc = json.loads(text)
    except (ValueError, RecursionError) as wrong:
        raise Malformed("area", f"this is not JSON: {wrong}", "give a GeoJSON Polygon or a Feature with one") from wrong
    homes = () if home is None else (home,) * max(drones, 1)
    return plan_document(
        plan_sweep(SweepRequest(area_from_geojson(doc), swath_m, speed_mps, drones=drones, homes=homes, cover=cover))
    )
