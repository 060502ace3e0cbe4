"""The file that `airground plan` writes: sectors as [longitude, latitude] paths with their figures."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from core.errors import Malformed
from core.geo import LatLon
from core.units import within
from flightops.planning.area import area_from_geojson
from flightops.planning.paths.timing import Pace
from flightops.planning.patterns.wind import MOST_WIND_MPS
from flightops.planning.sweep import COVER_ASKED, Effort, SweepPlan, SweepRequest, plan_sweep, stopping_margin_m


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
        "in_reach": round(plan.in_reach, 6),
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
    `plain`: straight parallel lines only; paths keep `margin_m` inside; `wind_mps`: what the air moves by, east and
    north."""

    swath_m: float
    speed_mps: float = 12.0
    drones: int = 1
    home: LatLon | None = None
    cover: float = COVER_ASKED
    effort: Effort = Effort.FAST
    plain: bool = False
    height_agl_m: float = 60.0
    margin_m: float = 0.0
    wind_mps: tuple[float, float] = (0.0, 0.0)


def plan_area_file(text: str, wish: PlanWish) -> dict[str, Any]:
    """The plan for a GeoJSON text: what `airground plan` writes, less `planning_s`. Raises Malformed."""
    try:
        doc = json.loads(text)
    except (ValueError, RecursionError) as wrong:
        raise Malformed("area", f"this is not JSON: {wrong}", "give a GeoJSON Polygon or a Feature with one") from wrong
    homes = () if wish.home is None else (wish.home,) * max(wish.drones, 1)
    area = area_from_geojson(doc)
    request = SweepRequest(
        area, wish.swath_m, wish.speed_mps, drones=wish.drones, homes=homes, cover=wish.cover, plain=wish.plain,
        margin_m=wish.margin_m, wind_mps=wish.wind_mps,
    )  # fmt: skip
    made = plan_document(plan_sweep(request, wish.effort))
    rings = [[[p.lon_deg, p.lat_deg] for p in (*r, r[0])] for r in (area.outer, *area.holes)]
    home = {} if wish.home is None else {"home": [wish.home.lon_deg, wish.home.lat_deg]}
    asked = {"height_agl_m": wish.height_agl_m, "margin_m": wish.margin_m, "wind_mps": list(wish.wind_mps)}
    return {**made, "area": {"type": "Polygon", "coordinates": rings}, **asked, **home}


def wind_from(text: str | None) -> tuple[float, float]:
    """What the air moves by, east and north, m/s, of a wind's "SPEED,FROM" (m/s, true degrees it comes from). Raises
    Malformed."""
    if text is None:
        return 0.0, 0.0
    try:
        mps, from_deg = (float(part) for part in text.split(","))
    except ValueError as e:
        raise Malformed("--wind", f"{text!r} is not SPEED,FROM", "like 6,270: 6 m/s from the west") from e
    within("--wind speed", mps, 0.0, MOST_WIND_MPS)
    within("--wind direction", from_deg, 0.0, 360.0)
    towards_rad = math.radians(from_deg + 180.0)
    return round(mps * math.sin(towards_rad), 9), round(mps * math.cos(towards_rad), 9)


def margin_from(text: str, pace: Pace) -> float:
    """Metres of a margin's words: a number, or "auto" (`stopping_margin_m`). Raises Malformed."""
    if text == "auto":
        return round(stopping_margin_m(pace), 1)
    try:
        return float(text)
    except ValueError as e:
        raise Malformed("--margin", f"{text!r} is not a number of metres", "like 15, or auto") from e


PATTERNS = {"best": False, "s": True}
"""Words of --pattern: whether lines stay plain."""


def pattern_from(word: str) -> bool:
    """Whether a pattern's word asks for plain lines. Raises Malformed."""
    if word not in PATTERNS:
        raise Malformed("--pattern", f"{word!r} is none", f"one of {', '.join(PATTERNS)}")
    return PATTERNS[word]
