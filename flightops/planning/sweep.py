"""The front door of planning: an area swept in S-patterns by n drones, verified before anybody sees it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from shapely import Polygon

from core.errors import Malformed
from core.geo import Area, Floats, LatLon
from core.units import finite, positive, within
from flightops.planning.area import CheckedArea, checked_area
from flightops.planning.partition import assigned
from flightops.planning.parts import parts
from flightops.planning.paths.making import Effort, Job, Made, kept_inside, made
from flightops.planning.paths.timing import Pace, flight_s, length_m
from flightops.planning.paths.verify import judge

COVER_ASKED = 0.995
MOST_LINES = 4000
MOST_DRONES = 200
MOST_MARGIN_M = 500.0
GNSS_M = 3.0
"""What a consumer receiver may be off by, 95 % (ANCHORS section 3)."""
ONE_PATH_DRONES = 12
"""Up to so many drones share one path; more get parts of the area, each swept on its own."""

__all__ = [
    "COVER_ASKED",
    "Effort",
    "SweepPath",
    "SweepPlan",
    "SweepRequest",
    "better_plans",
    "not_too_fine",
    "plan_sweep",
]


@dataclass(frozen=True, slots=True)
class SweepRequest:
    """What to sweep and with what. `homes`: one a drone (None: unknown), or empty; `cover` 0.5 to 0.999 of the area, or
    of what of it can be seen when paths keep `margin_m` inside; `plain`: straight parallel lines only, along the true
    bearing `bearing_deg` when that is given; `wind_mps`: what the air moves by, east and north."""

    area: Area
    swath_m: float
    speed_mps: float = 12.0
    accel_mps2: float = 3.0
    turn_s: float = 2.0
    drones: int = 1
    homes: tuple[LatLon | None, ...] = ()
    cover: float = COVER_ASKED
    plain: bool = False
    margin_m: float = 0.0
    wind_mps: tuple[float, float] = (0.0, 0.0)
    bearing_deg: float | None = None

    def __post_init__(self) -> None:
        if self.bearing_deg is not None:
            finite("bearing_deg", self.bearing_deg)
            if not self.plain:
                raise Malformed(
                    "bearing_deg", "only plain lines have one direction", "ask for plain lines, or no bearing"
                )
        within("swath_m", self.swath_m, 1.0, 1000.0)
        within("drones", self.drones, 1, MOST_DRONES)
        within("cover", self.cover, 0.5, 0.999)
        within("margin_m", self.margin_m, 0.0, MOST_MARGIN_M)
        if self.homes and len(self.homes) != self.drones:
            raise Malformed("homes", f"{len(self.homes)} homes for {self.drones} drones", "one a drone, or none at all")
        self.pace  # noqa: B018 - built here so that a bad speed is refused in the constructor

    @property
    def pace(self) -> Pace:
        """Cruise speed, acceleration, pause at a turn, wind."""
        return Pace(self.speed_mps, self.accel_mps2, self.turn_s, self.wind_mps)


@dataclass(frozen=True, slots=True)
class SweepPath:
    """One drone's share, WGS-84, from the start of its first line to the end of its last.

    `drone`: index of its home.
    """

    drone: int
    path: tuple[LatLon, ...]
    length_m: float
    time_s: float

    def __post_init__(self) -> None:
        if len(self.path) < 2:
            raise Malformed("path", f"{len(self.path)} points", "a path has at least 2")
        positive("path.length_m", self.length_m)
        positive("path.time_s", self.time_s)


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """A verified plan: at most one path a drone, the measured cover of the area asked for (0 to 1), how much of it can
    be seen from inside the margin (0 to 1), and how the figures compare.

    `length_ratio`, `time_ratio`: of all paths together to area / swath (flown at cruise speed);
    `pattern`: what lanes it grew from; `cells`: parts laid on their own.
    """

    paths: tuple[SweepPath, ...]
    cover: float
    in_reach: float
    swath_m: float
    speed_mps: float
    length_ratio: float
    time_ratio: float
    pattern: str
    cells: int

    @property
    def makespan_s(self) -> float:
        """Flight time of the longest path, s."""
        return max(p.time_s for p in self.paths)


def plan_sweep(request: SweepRequest, effort: Effort = Effort.FAST) -> SweepPlan:
    """A plan that covers what was asked and stays inside the area and off its holes, as measured by other code than
    made it. Deterministic. Raises Malformed when the area is none, or no such plan was found."""
    ground = checked_area(request.area)
    not_too_fine(ground, request.swath_m)
    split = parts(ground.polygon, (1.0,) * request.drones) if request.drones > ONE_PATH_DRONES else None
    drones = 1 if split else request.drones
    jobs = [j for part in split or (ground.polygon,) if (j := _job(request, ground, part, drones)) is not None]
    if not jobs:
        raise Malformed(
            "margin_m", f"{request.margin_m:g} m leaves no part to fly in", "take a smaller one or fewer drones"
        )
    return _plan(request, ground, [(made(j, effort), j.polygon.area / ground.polygon.area) for j in jobs])


def better_plans(request: SweepRequest) -> Iterator[SweepPlan]:
    """A first plan at once, then every better one that more effort finds. Raises Malformed as `plan_sweep` does."""
    best = plan_sweep(request, Effort.FIRST)
    yield best
    for effort in (Effort.FAST, Effort.BEST):
        plan = plan_sweep(request, effort)
        if plan.makespan_s < best.makespan_s:
            best = plan
            yield best


def _job(request: SweepRequest, ground: CheckedArea, part: Polygon, drones: int) -> Job | None:
    """What one path, or one part, is to do; None when no place of the part may be flown in."""
    way_rad = None if request.bearing_deg is None else math.radians(90.0 - request.bearing_deg) % math.pi
    job = Job(part, ground.frame, request.swath_m, request.pace, request.cover, drones, request.plain, way_rad)
    return kept_inside(job, ground.polygon, request.margin_m)


def stopping_margin_m(pace: Pace) -> float:
    """How far inside paths must keep so that a drone that is off by GNSS and brakes late, with the wind behind it, is
    still inside: GNSS_M + v^2 / 2a over the ground, m."""
    ground_mps = pace.speed_mps + math.hypot(*pace.wind_mps)
    return GNSS_M + ground_mps**2 / (2.0 * pace.accel_mps2)


def not_too_fine(ground: CheckedArea, swath_m: float) -> None:
    """Raises Malformed when a swath is too narrow for an area."""
    across = max(np.hypot(*np.ptp(np.asarray(ground.polygon.exterior.coords), axis=0)), 1.0)
    lines = ground.polygon.area / swath_m / across
    if lines > MOST_LINES:
        problem = f"{swath_m:g} m is too narrow: some {lines:.0f} sweep lines"
        raise Malformed("swath_m", problem, "widen it or split the area")


def _plan(request: SweepRequest, ground: CheckedArea, parts_made: list[tuple[Made, float]]) -> SweepPlan:
    """The plan of paths that passed, each handed to a drone; from what was made of each part and its share of the area.
    Parts see a little of one another: together they are measured again."""
    frame, found = ground.frame, [m for m, _ in parts_made]
    homes = tuple(None if h is None else np.array(frame.to_xy(h)) for h in request.homes) or (None,) * request.drones
    dealt = assigned(homes, tuple(p for m in found for p in m.paths))
    in_reach = sum(m.in_reach * share for m, share in parts_made)
    cover = found[0].cover * parts_made[0][1]
    if len(found) > 1:
        flown = tuple(frame.to_xy_many(frame.to_lonlat_many(p)) for m in found for p in m.paths)
        cover = judge(ground.polygon, flown, request.swath_m).cover
    pattern = "+".join(sorted({m.pattern for m in found}))
    return plan_of(request, ground, dealt, Made((), cover, min(in_reach, 1.0), pattern, sum(m.cells for m in found)))


def plan_of(request: SweepRequest, ground: CheckedArea, dealt: tuple[tuple[int, Floats], ...], told: Made) -> SweepPlan:
    """The plan in which drone k flies path (n, 2), metres of the ground's frame, for each (k, path) dealt; what is
    `told` of all of them: cover, what is in reach, pattern, cells."""
    frame, swept = ground.frame, []
    for drone, path in dealt:
        places = tuple(LatLon(float(lat), float(lon)) for lon, lat in frame.to_lonlat_many(path))
        swept.append(SweepPath(drone, places, length_m(path), flight_s(path, request.pace)))
    swept.sort(key=lambda s: s.drone)
    least = ground.polygon.area / request.swath_m
    return SweepPlan(
        tuple(swept),
        told.cover,
        told.in_reach,
        request.swath_m,
        request.speed_mps,
        sum(s.length_m for s in swept) / least,
        sum(s.time_s for s in swept) * request.speed_mps / least,
        told.pattern,
        told.cells,
    )
