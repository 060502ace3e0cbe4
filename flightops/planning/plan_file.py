"""The file that `airground plan` writes: sectors as [longitude, latitude] paths with their figures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from core.errors import Malformed
from core.geo import LatLon
from flightops.planning.area import area_from_geojson
from flightops.planning.finding.asked import LikelyWish, planned
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
    `plain`: straight parallel lines only; `likely`: where somebody may be, None: everywhere alike."""

    swath_m: float
    speed_mps: float = 12.0
    drones: int = 1
    home: LatLon | None = None
    cover: float = COVER_ASKED
    effort: Effort = Effort.FAST
    plain: bool = False
    height_agl_m: float = 60.0
    likely: LikelyWish | None = None


def plan_area_file(text: str, wish: PlanWish) -> dict[str, Any]:
    """The plan for a GeoJSON text: what `airground plan` writes, less `planning_s`. Raises Malformed."""
    try:
        doc = json.loads(text)
    except (ValueError, RecursionError) as wrong:
        raise Malformed("area", f"this is not JSON: {wrong}", "give a GeoJSON Polygon or a Feature with one") from wrong
    homes = () if wish.home is None else (wish.home,) * max(wish.drones, 1)
    area = area_from_geojson(doc)
    request = SweepRequest(
        area, wish.swath_m, wish.speed_mps, drones=wish.drones, homes=homes, cover=wish.cover, plain=wish.plain
    )
    made = _planned(request, wish)
    rings = [[[p.lon_deg, p.lat_deg] for p in (*r, r[0])] for r in (area.outer, *area.holes)]
    home = {} if wish.home is None else {"home": [wish.home.lon_deg, wish.home.lat_deg]}
    return {**made, "area": {"type": "Polygon", "coordinates": rings}, "height_agl_m": wish.height_agl_m, **home}


def _planned(request: SweepRequest, wish: PlanWish) -> dict[str, Any]:
    """The plan's document, with `probability` when the wish says where somebody may be."""
    if wish.likely is None:
        return plan_document(plan_sweep(request, wish.effort))
    plan, found = planned(request, wish.likely, wish.effort, wish.height_agl_m)
    return {**plan_document(plan), "probability": found}


PATTERNS = {"best": False, "s": True}
"""Words of --pattern: whether lines stay plain."""


def pattern_from(word: str) -> bool:
    """Whether a pattern's word asks for plain lines. Raises Malformed."""
    if word not in PATTERNS:
        raise Malformed("--pattern", f"{word!r} is none", f"one of {', '.join(PATTERNS)}")
    return PATTERNS[word]
