"""Inward spirals: rings one swath apart along the outline, joined into one lane, round what is left in the middle.

A corner costs one turn where the end of a straight line costs two and a link; a bend that is rounded as wide as the
pace allows costs none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.polygon import orient

from core.geo import Floats
from flightops.planning.cells.lanes import bends_deg
from flightops.planning.cells.lines import Weave

MITRE = 5.0
SIMPLER_SWATHS = 0.02
SHARP_DEG = 35.0
STEP_RAD = 0.39
ROOMY = 1.02
SLANT_SWATHS = 2.5
MOST_RINGS = 400


@dataclass(frozen=True, slots=True)
class Spiral:
    """One lane (n, 2) from the outline inwards, and the ground left in its middle."""

    lane: Floats
    rings: int
    core: tuple[Polygon, ...]


def ring_polygons(cell: Polygon, swath_m: float) -> list[Polygon]:
    """Nested polygons half a swath, one and a half... inside the outline, until they fall apart or meet a hole."""
    outer, found = Polygon(cell.exterior), []
    holes = shapely.union_all([Polygon(r) for r in cell.interiors])
    for k in range(MOST_RINGS):
        inside = shapely.buffer(outer, -(k + 0.5) * swath_m, join_style="mitre", mitre_limit=MITRE)
        inside = shapely.simplify(inside, SIMPLER_SWATHS * swath_m)
        if not isinstance(inside, Polygon) or inside.is_empty or len(inside.interiors):
            break
        if not holes.is_empty and shapely.distance(inside.exterior, holes) < 0.1 * swath_m:
            break
        found.append(orient(inside))
    return found


def spiral(cell: Polygon, nested: list[Polygon], weave: Weave, round_deg: float) -> Spiral:
    """A spiral along nested polygons; corners that bend less than `round_deg` are rounded."""
    rings = [np.asarray(p.exterior.coords)[:-1] for p in nested]
    start = int(np.argmax(bends_deg(rings[0])))
    at, parts = rings[0][start], []
    for k, ring in enumerate(rings):
        ring = _from_nearest(ring, at)
        at = ring[0]
        parts.append(np.concatenate([ring, ring[:1]]) if k + 1 == len(rings) else ring)
    lane = _joined(parts, weave.swath_m)
    left = shapely.buffer(
        Polygon(cell.exterior), -len(nested) * weave.swath_m, join_style="mitre", mitre_limit=MITRE
    ).intersection(cell)
    core = tuple(p for p in shapely.get_parts(left) if isinstance(p, Polygon) and p.area > weave.swath_m**2 / 4)
    return Spiral(rounded(lane, weave, round_deg), len(nested), core)


def _from_nearest(ring: Floats, at: Floats) -> Floats:
    """The ring from its sharpest corner within reach of `at`, or else from its nearest."""
    away = np.hypot(*(ring - at).T)
    near = away <= 1.6 * away.min() + 1e-9
    first = int(np.argmax(np.where(near, bends_deg(ring), -np.inf)))
    return np.roll(ring, -first, axis=0)


def _joined(rings: list[Floats], swath_m: float) -> Floats:
    """Rings flown one after the other: where the start is a corner, the last leg of a ring ends on the line of the next
    ring's first leg; where it is not, the way slants over to the next ring."""
    parts = []
    enter: Floats | None = None
    for k, ring in enumerate(rings):
        body = ring if enter is None else np.concatenate([enter[None], ring[1:]])
        if k + 1 == len(rings):
            parts.append(body)
            break
        after = rings[k + 1]
        meet = _crossing(ring[-1], ring[0], after[0], after[1])
        if meet is not None and abs(float(bends_deg(ring)[0])) > SHARP_DEG:
            parts.append(np.concatenate([body, meet[None]]))
            enter = after[0]
            continue
        back, ahead = ring[-1] - ring[0], after[1] - after[0]
        slant = SLANT_SWATHS * swath_m
        leave = ring[0] + back * min(slant / max(float(np.hypot(*back)), 1e-9), 0.5)
        enter = after[0] + ahead * min(slant / max(float(np.hypot(*ahead)), 1e-9), 0.5)
        parts.append(np.concatenate([body, leave[None]]))
    return np.concatenate(parts)


def _crossing(a: Floats, b: Floats, c: Floats, d: Floats) -> Floats | None:
    """Where leg a-b meets the line through c and d; None when it doesn't."""
    ab, cd = b - a, d - c
    across = float(ab[0] * cd[1] - ab[1] * cd[0])
    if abs(across) < 1e-9:
        return None
    share = float((c - a)[0] * cd[1] - (c - a)[1] * cd[0]) / across
    return a + ab * share if 0.0 < share < 1.0 else None


def rounded(lane: Floats, weave: Weave, round_deg: float) -> Floats:
    """The lane with corners that bend less than `round_deg`, but too much to be flown through, made into polygons
    round arcs as wide as the pace allows, where their legs are long enough."""
    radius = ROOMY * weave.pace.speed_mps**2 / weave.pace.accel_mps2
    out = [lane[0]]
    for a, b, c in zip(lane[:-2], lane[1:-1], lane[2:], strict=True):
        into, away = b - a, c - b
        way_in, way_out = math.atan2(into[1], into[0]), math.atan2(away[1], away[0])
        bend = math.remainder(way_out - way_in, 2.0 * math.pi)
        tip = radius * math.tan(min(abs(bend), 3.0) / 2.0)
        room = min(float(np.hypot(*into)), float(np.hypot(*away))) / 2.0
        if STEP_RAD < abs(bend) < math.radians(round_deg) and tip < room:
            out += list(_arc(b, way_in, bend, radius))
        else:
            out.append(b)
    return np.array([*out, lane[-1]])


def _arc(corner: Floats, way_rad: float, bend_rad: float, radius_m: float) -> Floats:
    """Points of the polygon round the arc that takes the place of a corner."""
    count = math.ceil(abs(bend_rad) / STEP_RAD)
    half = radius_m * math.tan(abs(bend_rad) / count / 2.0)
    tip = radius_m * math.tan(abs(bend_rad) / 2.0)
    at = corner - np.array([math.cos(way_rad), math.sin(way_rad)]) * (tip - half)
    points = [at]
    for k in range(1, count):
        way = way_rad + bend_rad * k / count
        at = at + np.array([math.cos(way), math.sin(way)]) * 2.0 * half
        points.append(at)
    return np.array(points)
