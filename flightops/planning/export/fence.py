"""The geofence that goes with a mission, and the judgement whether the mission keeps to it.

An autopilot that finds itself outside its fence stops the mission or will not arm, so a plan that leaves its own
fence is refused here, where it can still be changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import shapely
from shapely import Polygon

from core.errors import Malformed, Refused
from core.geo import LatLon
from flightops.planning.area import CheckedArea, checked_area
from flightops.planning.export.document import PlanDocument
from flightops.planning.export.writing import turned

SLACK_M = 0.05
"""Rounding to 1e-8 degrees and the change of map frame."""


class Fence(StrEnum):
    """What is to be stayed inside: the area itself, all that is flown (its convex hull), or nothing. The area's holes
    are to be stayed out of in any case."""

    AREA = "area"
    AROUND = "around"
    HOLES = "holes"


@dataclass(frozen=True, slots=True)
class Fenced:
    """Rings to stay in and rings to stay out of, clockwise, not closed."""

    inclusion: tuple[tuple[LatLon, ...], ...] = ()
    exclusion: tuple[tuple[LatLon, ...], ...] = ()


def fenced(
    plan: PlanDocument, flown: tuple[tuple[LatLon, ...], ...], fence: Fence, margin_m: float = 0.0
) -> Fenced | Refused:
    """The fence for one mission: `flown` is its way out, its sector and its way back; widened by margin_m.

    A plan without an area has no fence. Refused when a flown line or a rally point lies outside.
    """
    if plan.area is None:
        return Fenced()
    ground = checked_area(plan.area, "area.coordinates")
    keep_in = None if fence is Fence.HOLES else _inclusion(plan, flown, fence, margin_m, ground)
    wrong = _astray(plan, flown, keep_in, ground)
    if wrong is not None:
        return wrong
    return Fenced(
        () if keep_in is None else (turned(_places(keep_in, ground), clockwise=True),),
        tuple(turned(hole, clockwise=True) for hole in plan.area.holes),
    )


def _places(polygon: Polygon, ground: CheckedArea) -> tuple[LatLon, ...]:
    lonlat = ground.frame.to_lonlat_many(np.asarray(polygon.exterior.coords)[:-1])
    return tuple(LatLon(float(lat), float(lon)) for lon, lat in lonlat)


def _inclusion(
    plan: PlanDocument, flown: tuple[tuple[LatLon, ...], ...], fence: Fence, margin_m: float, ground: CheckedArea
) -> Polygon:
    outer = Polygon(ground.polygon.exterior)
    if fence is Fence.AROUND:
        places = [p for line in flown for p in line] + [r.place for r in plan.rally]
        xy = np.vstack([np.asarray(outer.exterior.coords), [ground.frame.to_xy(p) for p in places]])
        outer = shapely.MultiPoint(xy).convex_hull
    wide = shapely.buffer(outer, margin_m, join_style="mitre", mitre_limit=2.0) if margin_m > 0.0 else outer
    if not isinstance(wide, Polygon):
        raise Malformed("fence_margin_m", f"{margin_m:g} m makes no single fence", "take another margin")
    return Polygon(wide.exterior)


def _astray(
    plan: PlanDocument, flown: tuple[tuple[LatLon, ...], ...], keep_in: Polygon | None, ground: CheckedArea
) -> Refused | None:
    """What lies outside the fence or over a hole, if anything; `keep_in` None: anywhere else is allowed."""
    room = None if keep_in is None else keep_in.buffer(SLACK_M)
    zones = [Polygon(ring).buffer(-SLACK_M) for ring in ground.polygon.interiors]
    for words, line in zip(("the way from home to it", "its own line", "the way home"), flown, strict=True):
        drawn = shapely.linestrings([ground.frame.to_xy(p) for p in line])
        if room is not None and not room.covers(drawn):
            return Refused.because("fence", f"{words} leaves the fence", "widen the fence, or fence all that is flown")
        for k, zone in enumerate(zones, start=1):
            if drawn.intersects(zone):
                return Refused.because("fence", f"{words} crosses no-fly zone {k}", "plan the search again")
    for k, spot in enumerate(plan.rally):
        at = shapely.Point(ground.frame.to_xy(spot.place))
        if room is not None and not room.covers(at):
            return Refused.because(f"rally[{k}]", "it lies outside the fence", "move it, or fence all that is flown")
        if any(zone.covers(at) for zone in zones):
            return Refused.because(f"rally[{k}]", "it lies in a no-fly zone", "move it")
    return None
