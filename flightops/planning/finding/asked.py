"""What `airground plan --probability` is given, and the figures it writes.

`--sweep-width`: metres, or the path of a table (`sweep_width.py`). `--look SENSOR,HOUR,LAND` (land: open, bush or
forest:CANOPY) says which row of it; without a table the assumed formula of `sweep_width.py` is taken for a common
thermal camera. With neither the swath is taken for the width.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.camera import THERMAL_640
from core.errors import Malformed
from flightops.planning.area import checked_area
from flightops.planning.finding.curve import Curve, first_seen_s
from flightops.planning.finding.likely import MOST_GROWTH, Belief, Likely, likely_plan
from flightops.planning.probability.area_json import probability_from_json
from flightops.planning.probability.detection import coverage_of_lines, pod_inverse_cube
from flightops.planning.probability.effort import EffortSector, best_effort
from flightops.planning.probability.sweep_width import (
    ASSUMED_SOURCE,
    Cover,
    Hour,
    Land,
    Sensor,
    SensorUse,
    assumed_width_m,
    sweep_widths_from_json,
)
from flightops.planning.sweep import Effort, SweepPlan, SweepRequest

SHARES = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class LikelyWish:
    """`probability`: the text of a map (`area_json.py`); `width`: metres, or the text of a table; `look`: sensor,
    hour and land; `minutes`: how long each drone may sweep, None: to the end."""

    probability: str
    width: str | None = None
    look: str | None = None
    minutes: float | None = None


def planned(request: SweepRequest, wish: LikelyWish, effort: Effort, height_agl_m: float) -> tuple[SweepPlan, Any]:
    """The plan in the order that finds soonest, and `probability` for the plan's file. Raises Malformed."""
    where = probability_from_json(_json(wish.probability, "--probability"), checked_area(request.area))
    width_m, source = width_from(wish, request.swath_m, height_agl_m)
    likely = likely_plan(request, Belief(where, width_m, wish.minutes), effort)
    return likely.plan, {**_found(likely), "sweep_width_m": round(width_m, 2), "sweep_width_from": source}


def width_from(wish: LikelyWish, swath_m: float, height_agl_m: float) -> tuple[float, str]:
    """The sweep width, m, and where it comes from. Raises Malformed."""
    look = None if wish.look is None else _look(wish.look)
    metres = None if wish.width is None else _metres(wish.width)
    if metres is not None:
        width, source = metres, "given"
    elif wish.width is not None:
        table = sweep_widths_from_json(_json(wish.width, "--sweep-width"))
        if look is None:
            raise Malformed("--look", "is missing", "say which row of the table: such as thermal,night,forest:0.6")
        sensor, hour, land = look
        width, source = table.width_m(sensor, height_agl_m, land, hour), table.source
    elif look is not None:
        sensor, hour, land = look
        if sensor not in tuple(Sensor):
            raise Malformed("--look", f"no width is known for {sensor!r:.40}", "give a table with --sweep-width")
        width = assumed_width_m(SensorUse(Sensor(sensor), THERMAL_640), height_agl_m, land, hour)
        source = ASSUMED_SOURCE
    else:
        width, source = swath_m, "the swath: taken for the sweep width, not measured"
    if not 0.1 <= width <= 2000.0:
        raise Malformed("--sweep-width", f"{width:g} m", "give 0.1 to 2000 m: with less nobody is seen")
    return width, source


def _metres(text: str) -> float | None:
    """A number of metres; None when the text is no number."""
    try:
        return float(text)
    except ValueError:
        return None


def _look(text: str) -> tuple[str, Hour, Land]:
    parts = [p.strip() for p in text.split(",")]
    try:
        sensor, hour, land = parts
        cover, _, canopy = land.partition(":")
        return sensor, Hour(hour), Land(Cover(cover), float(canopy) if canopy else 0.0)
    except ValueError as wrong:
        problem = f"{text!r:.60} is not SENSOR,HOUR,LAND"
        raise Malformed("--look", problem, "like thermal,night,open or thermal,day,forest:0.6") from wrong


def _json(text: str, field: str) -> object:
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError) as wrong:
        raise Malformed(field, f"this is not JSON: {wrong}", "see docs/planning.md for what is read") from wrong
    return found


def _found(likely: Likely) -> dict[str, Any]:
    """Figures of the order chosen beside the plain one, on one clock: both over by its end."""
    terms = likely.terms
    flights = (likely.flights, tuple(terms.fitted(f) or f for f in likely.plain_flights))
    chosen, plain = (terms.curve(f) for f in flights)
    led = any(f.home is not None for f in likely.flights)
    ends = [max(p.time_s for p in made.paths) for made in (likely.plan, likely.plain)]
    leads = [max(f.lead_s(terms.pace) for f in way) for way in flights]
    end_s = max(leads) + (terms.most_s if terms.cut else max(ends))
    ideal = float(pod_inverse_cube(_coverage(likely))) / terms.pod
    return {
        "order": likely.how,
        "in_area": round(terms.places.inside, 6),
        "pod": round(terms.pod, 4),
        "pod_curve": "random: 1 - exp(-sweep width / line spacing)",
        "pos": round(chosen.at(end_s), 4),
        "pos_plain": round(plain.at(end_s), 4),
        "pos_inverse_cube": round(min(chosen.at(end_s) * ideal, 1.0), 4),
        "counted_from": "take-off at home, straight to the start" if led else "the start of the sweep",
        "until_minutes": round(end_s / 60.0, 2),
        "expected_minutes": _minutes(chosen.wait_s(end_s)),
        "expected_minutes_plain": _minutes(plain.wait_s(end_s)),
        "minutes_if_found": _minutes(chosen.mean_if_found_s()),
        "minutes_if_found_plain": _minutes(plain.mean_if_found_s()),
        "pos_after": [_row(share, end_s, chosen, plain) for share in SHARES],
        "time_growth": round(ends[0] / ends[1] - 1.0, 4),
        "time_growth_allowed": None if terms.cut else MOST_GROWTH,
        **({"minutes": _minutes(terms.most_s), "sectors": _merits(likely)} if terms.cut else {}),
    }


def _row(share: float, end_s: float, chosen: Curve, plain: Curve) -> dict[str, Any]:
    at = share * end_s
    return {
        "share": share,
        "minutes": _minutes(at),
        "pos": round(chosen.at(at), 4),
        "pos_plain": round(plain.at(at), 4),
    }


def _merits(likely: Likely) -> list[dict[str, Any]]:
    """For each sector of the plain plan: what is in it, and what share of all drones' time it merits (`effort.py`)."""
    terms = likely.terms
    seen = [first_seen_s(terms.places, f.path, terms.swath_m, terms.pace) for f in likely.plain_flights]
    first = np.argmin(np.stack(seen), axis=0)
    known = np.isfinite(np.min(np.stack(seen), axis=0))
    width_m = float(_coverage(likely)) * terms.swath_m
    sectors = []
    for k, path in enumerate(likely.plain.paths):
        mine = known & (first == k)
        area_m2 = max(float(mine.sum()) * terms.places.area_m2, 1.0)
        speed = area_m2 / (terms.swath_m * path.time_s)
        sectors.append(EffortSector(float(terms.places.mass[mine].sum()), area_m2, width_m, speed))
    total_s = terms.most_s * len(sectors)
    best = best_effort(sectors, total_s) if any(s.probability > 0.0 for s in sectors) else None
    return [
        {
            "drone": path.drone + 1,
            "probability": round(sector.probability, 4),
            "area_m2": round(sector.area_m2, 1),
            "minutes_for_all": _minutes(path.time_s),
            "minutes_merited": _minutes(best.times_s[k]) if best else 0.0,
        }
        for k, (path, sector) in enumerate(zip(likely.plain.paths, sectors, strict=True))
    ]


def _coverage(likely: Likely) -> Any:
    """Coverage C of the lines, from the POD: C = -ln(1 - POD)."""
    return coverage_of_lines(-np.log1p(-likely.terms.pod), 1.0)


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / 60.0, 2)
