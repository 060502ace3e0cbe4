"""Coverage as GeoJSON: the gaps as features, figures and the searches that would fly the gaps again beside them."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from shapely import Polygon

from core.geo import LocalFrame
from flightops.coverage.pod_picture import placed
from flightops.coverage.seen import Coverage, Pods

ASSUMES = "people who stand out from the ground, sweeps independent of one another"


def coverage_json(found: Coverage) -> dict[str, Any]:
    """A FeatureCollection of gaps (longitude, latitude) with `figures`; `again`: bodies for POST /api/v1/searches;
    `pod_map`: where the picture of POD lies (`pod_picture.placed`)."""
    plan = found.plan
    flown = {
        "height_agl_m": plan.height_agl_m,
        "speed_mps": plan.speed_mps,
        "swath_m": plan.swath_m,
        "gimbal_pitch_deg": plan.gimbal_pitch_deg,
    }
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "geometry": geojson(g, found.frame), "properties": {"area_m2": round(g.area, 1)}}
            for g in found.gaps
        ],
        "search": found.search,
        "figures": _figures(found),
        "pod_map": placed(found.pod_map),
        "again": [{"area": geojson(a, found.frame), **flown} for a in found.again],
    }


def geojson(polygon: Polygon, frame: LocalFrame) -> dict[str, Any]:
    """A GeoJSON Polygon, places to 1 cm."""
    rings = [shapely.get_coordinates(r) for r in (polygon.exterior, *polygon.interiors)]
    return {"type": "Polygon", "coordinates": [np.round(frame.to_lonlat_many(r), 7).tolist() for r in rings]}


def _figures(found: Coverage) -> dict[str, Any]:
    canopy = found.through_canopy
    return {
        "over": found.over,
        "planned": round(found.plan.cover, 4),
        "seen": round(found.seen, 4),
        "seen_by_all": round(found.seen_by_all, 4),
        "sweeps": list(found.sweeps),
        "pod": _pods(found.pods),
        "pod_of_all": _pods(found.pods_of_all),
        "seen_through_canopy": None if canopy is None else round(canopy, 4),
        "canopy_known": round(found.canopy_known, 4),
        "canopy_unknown": round(found.canopy_unknown, 4),
        "gaps": len(found.gaps) + found.gaps_left_out,
        "gaps_m2": round(sum(g.area for g in found.gaps), 1),
        "gaps_left_out": found.gaps_left_out,
        "sweep_width_m": round(found.width_m, 2),
        "assumes": ASSUMES,
    }


def _pods(pods: Pods) -> dict[str, float]:
    return {"random": round(pods.random, 4), "inverse_cube": round(pods.inverse_cube, 4)}
