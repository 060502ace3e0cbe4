"""Patterns asked for by name, each as a verified plan over an area (IAMSAR vol. II 5.5, vol. III section 3).

Parallel track and creeping line are sweeps whose lines have a stated direction: they cover what is asked. The others
reach as far as the area does, are cut to it and flown round its holes, and cover what they cover: the plan tells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import shapely
from shapely import Polygon

from core.errors import Malformed, Refused
from core.geo import Area, Floats, LatLon
from core.terrain import GridTerrain
from core.units import finite
from flightops.planning.area import CheckedArea, area_from_geojson, checked_area
from flightops.planning.partition import shares
from flightops.planning.paths.making import Effort, Made, flyable, in_reach
from flightops.planning.paths.verify import Verdict, judge
from flightops.planning.patterns.contour import LEAST_STEP_M, MOST_STEP_M, contour_search
from flightops.planning.patterns.corridor import corridor, route_from_geojson, strip
from flightops.planning.patterns.cut import cut_to
from flightops.planning.patterns.datum import Circle, expanding_square, legs_as_far_as, orbit, sector_search
from flightops.planning.patterns.pattern import Pattern
from flightops.planning.patterns.route import route_search
from flightops.planning.sweep import SweepPlan, SweepRequest, plan_of, plan_sweep

ORBIT_CLEAR_M = 0.1
SLOPES_ASKED = 40
"""A side: places at which the slope of an area is taken."""


class PatternName(StrEnum):
    """Patterns beside the free sweep."""

    PARALLEL = "parallel"
    CREEPING = "creeping"
    EXPANDING_SQUARE = "expanding-square"
    SECTOR = "sector"
    CONTOUR = "contour"
    ROUTE = "route"
    ORBIT = "orbit"


ABOUT_A_DATUM = (PatternName.EXPANDING_SQUARE, PatternName.SECTOR, PatternName.ORBIT)
WITH_A_BEARING = (PatternName.PARALLEL, PatternName.CREEPING, PatternName.EXPANDING_SQUARE, PatternName.SECTOR)


@dataclass(frozen=True, slots=True)
class PatternWish:
    """A pattern and what it is laid by. `bearing_deg`: true, of lines or the first leg (None: along the longer side of
    the area, creeping lines across it); `datum` None: amid the area; `corridor_m`: full width about a route.

    `terrain`: what a contour search follows; `route`: what a route search follows (`ground_for` fills it in).
    """

    name: PatternName
    bearing_deg: float | None = None
    datum: LatLon | None = None
    corridor_m: float | None = None
    terrain: GridTerrain | None = None
    route: tuple[LatLon, ...] = ()

    def __post_init__(self) -> None:
        if self.bearing_deg is not None:
            finite("bearing_deg", self.bearing_deg)
        for field, given, takes in (
            ("bearing_deg", self.bearing_deg, WITH_A_BEARING),
            ("datum", self.datum, ABOUT_A_DATUM),
            ("corridor_m", self.corridor_m, (PatternName.ROUTE,)),
        ):
            if given is not None and self.name not in takes:
                raise Malformed(field, f"{self.name} takes none", f"leave it out; it is for {', '.join(takes)}")
        if self.name is PatternName.ROUTE and self.corridor_m is None:
            raise Malformed("corridor_m", "a route search needs the width of its corridor", "give it, m")
        if self.name is PatternName.CONTOUR and self.terrain is None:
            raise Malformed("terrain", "a contour search needs heights", "give a terrain file")


def ground_for(doc: object, wish: PatternWish | None) -> tuple[Area, PatternWish | None]:
    """The area a GeoJSON document holds, and the wish; for a route search the corridor about the route it holds, and
    the wish with that route. Raises Malformed."""
    if wish is None or wish.name is not PatternName.ROUTE or wish.corridor_m is None:
        return area_from_geojson(doc), wish
    route = route_from_geojson(doc)
    return corridor(route, wish.corridor_m), replace(wish, route=route)


def plan_pattern(request: SweepRequest, wish: PatternWish, effort: Effort = Effort.FAST) -> SweepPlan:
    """The plan of a pattern, inside the area and off its holes as measured by other code than made it; its cover may be
    less than the request asks. Deterministic. Raises Malformed when there is none."""
    ground = checked_area(request.area)
    if wish.name in (PatternName.PARALLEL, PatternName.CREEPING):
        bearing = _bearing_deg(ground, wish, across=wish.name is PatternName.CREEPING)
        plan = plan_sweep(replace(request, plain=True, bearing_deg=bearing), effort)
        return replace(plan, pattern=str(wish.name))
    if request.drones > 1 and wish.name in ABOUT_A_DATUM:
        raise Malformed("drones", f"one drone flies a pattern like {wish.name}", "ask for one drone")
    inside = ground if request.margin_m == 0.0 else replace(ground, polygon=flyable(ground.polygon, request.margin_m))
    path = _path(request, inside, wish)
    paths = shares(path, request.drones, request.pace, 0.0)
    flown = tuple(ground.frame.to_xy_many(ground.frame.to_lonlat_many(p)) for p in paths)
    verdict = judge(ground.polygon, flown, request.swath_m, inside.polygon)
    if not verdict.passes(0.0):
        raise Malformed("pattern", _astray(verdict), "choose another pattern")
    cover = verdict.cover
    if wish.corridor_m is not None:
        cover = judge(strip(wish.route, wish.corridor_m, ground.frame), flown, request.swath_m).cover
    reached = in_reach(ground.polygon, inside.polygon, request.swath_m).area / ground.polygon.area
    return plan_of(request, ground, tuple(enumerate(paths)), Made(paths, cover, reached, str(wish.name), 1))


def _astray(verdict: Verdict) -> str:
    return f"it leaves what may be flown in for {verdict.outside_m:.2f} m and crosses holes for {verdict.hole_m:.2f} m"


def _path(request: SweepRequest, ground: CheckedArea, wish: PatternWish) -> Floats:
    """The path (n, 2) of a pattern, metres of the ground's frame, cut where it leaves the area or meets a hole."""
    if wish.name is PatternName.CONTOUR and wish.terrain is not None:
        return _drawn(_contour(request, ground, wish.terrain), ground)
    if wish.name is PatternName.ROUTE and wish.corridor_m is not None:
        return _cut(request, ground, route_search(wish.route, wish.corridor_m / 2.0, request.swath_m))
    datum = _datum(ground, wish)
    if wish.name is PatternName.ORBIT:
        return _drawn(_orbit(request, ground, datum), ground)
    bearing = _bearing_deg(ground, wish)
    corners = np.asarray(ground.polygon.exterior.coords) - np.array(ground.frame.to_xy(datum))
    if wish.name is PatternName.SECTOR:
        return _cut(request, ground, sector_search(datum, float(np.hypot(*corners.T).max()), bearing))
    turn = math.radians(bearing)
    sides = corners @ np.array([[math.sin(turn), math.cos(turn)], [math.cos(turn), -math.sin(turn)]])
    legs = legs_as_far_as(request.swath_m, float(np.abs(sides).max()))
    try:
        return _cut(request, ground, expanding_square(datum, bearing, request.swath_m, legs))
    except Malformed as wrong:
        if wrong.field != "legs":
            raise
        problem = f"{request.swath_m:g} m makes an expanding square of {legs} legs"
        raise Malformed("swath_m", problem, "widen it or draw a smaller area") from wrong


def _cut(request: SweepRequest, ground: CheckedArea, drawn: Pattern | Refused) -> Floats:
    return cut_to(ground, _drawn(drawn, ground), request.swath_m, request.pace)


def _drawn(drawn: Pattern | Refused, ground: CheckedArea) -> Floats:
    """The path of a pattern in metres of the ground's frame. Raises Malformed for a refusal."""
    if isinstance(drawn, Refused):
        reason = drawn.reasons[0]
        raise Malformed(reason.field, reason.problem, reason.fix)
    return ground.frame.to_xy_many(np.array([[p.lon_deg, p.lat_deg] for p in drawn.path]))


def _bearing_deg(ground: CheckedArea, wish: PatternWish, across: bool = False) -> float:
    """The bearing asked, or that of the longer side of the least rectangle about the area (`across`: the shorter)."""
    if wish.bearing_deg is not None:
        return wish.bearing_deg % 360.0
    corners = shapely.get_coordinates(shapely.oriented_envelope(ground.polygon))
    step = np.diff(corners[:3], axis=0)
    east, north = step[int(np.hypot(*step.T).argmax())]
    return (math.degrees(math.atan2(east, north)) + (90.0 if across else 0.0)) % 180.0


def _datum(ground: CheckedArea, wish: PatternWish) -> LatLon:
    if wish.datum is None:
        middle = ground.polygon.representative_point()
        return ground.frame.to_latlon(float(middle.x), float(middle.y))
    place = shapely.Point(ground.frame.to_xy(wish.datum))
    if not ground.polygon.contains(place):
        over = [k for k, ring in enumerate(ground.polygon.interiors, start=1) if Polygon(ring).covers(place)]
        where = f"lies in no-fly zone {over[0]}" if over else "lies outside the area"
        raise Malformed("datum", f"it {where}", "give a place in the area that may be flown over")
    return wish.datum


def _orbit(request: SweepRequest, ground: CheckedArea, datum: LatLon) -> Pattern | Refused:
    """The widest circle about the datum that keeps inside."""
    radius_m = float(ground.polygon.boundary.distance(shapely.Point(ground.frame.to_xy(datum)))) - ORBIT_CLEAR_M
    pace = request.pace
    slowest = math.floor(math.sqrt(max(radius_m, 0.0) * pace.accel_mps2) * 10.0) / 10.0
    if slowest < pace.speed_mps:
        problem = f"the widest circle about it inside the area has {max(radius_m, 0.0):.0f} m: too tight at "
        fix = "choose a datum further inside" + (f", or fly at {slowest:g} m/s" if slowest >= 0.5 else "")
        raise Malformed("datum", f"{problem}{pace.speed_mps:g} m/s", fix)
    return orbit(Circle(datum, radius_m), pace)


def _contour(request: SweepRequest, ground: CheckedArea, terrain: GridTerrain) -> Pattern | Refused:
    """Contours that lie a swath apart where the slope is the area's median."""
    rise_m = request.swath_m * _median_slope(ground, terrain)
    try:
        return contour_search(terrain, request.area, float(np.clip(rise_m, LEAST_STEP_M, MOST_STEP_M)))
    except Malformed as wrong:
        if wrong.field != "step_m":
            raise
        raise Malformed("swath_m", f"{request.swath_m:g} m: {wrong.problem}", "widen it or split the area") from wrong


def _median_slope(ground: CheckedArea, terrain: GridTerrain) -> float:
    """Metres up a metre along, at places all over the area; 0 where no height is known."""
    west, south, east, north = ground.polygon.bounds
    x, y = np.meshgrid(np.linspace(west, east, SLOPES_ASKED), np.linspace(south, north, SLOPES_ASKED))
    kept = shapely.contains_xy(ground.polygon, x, y)
    places = np.column_stack([x[kept], y[kept]])
    half = terrain.step_m / 2.0
    rise = [
        terrain.heights_amsl_m(ground.frame.to_lonlat_many(places + way))
        - terrain.heights_amsl_m(ground.frame.to_lonlat_many(places - way))
        for way in (np.array([half, 0.0]), np.array([0.0, half]))
    ]
    slope = np.hypot(*rise) / terrain.step_m
    known = slope[~np.isnan(slope)]
    return float(np.median(known)) if len(known) else 0.0
