"""The front door of planning: an area swept in S-patterns by n drones, verified before anybody sees it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely import Polygon

from core.errors import Malformed
from core.geo import Area, Floats, LatLon
from core.units import positive, within
from flightops.planning.area import CheckedArea, checked_area
from flightops.planning.cells.lines import Weave
from flightops.planning.partition import assigned, shares
from flightops.planning.paths.drafts import Draft, drafts, finished
from flightops.planning.paths.repair import Aim
from flightops.planning.paths.thread import Thread
from flightops.planning.paths.timing import Pace, flight_s, length_m
from flightops.planning.paths.verify import Verdict, judge
from flightops.planning.paths.visibility import Links

COVER_ASKED = 0.995
MARGIN_M = 0.03
"""Paths keep this far inside: more than a mission item's 1e-7 deg (6 mm off at most) and the change of map frame."""
ROOM_M = 0.01
MOST_LINES = 4000
MOST_CORNERS = 400
MOST_DRONES = 50
AIM_COARSE_M = 0.05
SPACINGS = (1.0, 0.97, 0.9, 0.8, 0.65, 0.5)
VERIFY_ROUNDS = 4
SPARE_SHARE = 2e-5
KEEP_LINK_SWATHS = 1.6


@dataclass(frozen=True, slots=True)
class SweepRequest:
    """What to sweep and with what. `homes`: one a drone (None: unknown), or empty; `cover` 0.5 to 0.999 of the area."""

    area: Area
    swath_m: float
    speed_mps: float = 12.0
    accel_mps2: float = 3.0
    turn_s: float = 2.0
    drones: int = 1
    homes: tuple[LatLon | None, ...] = ()
    cover: float = COVER_ASKED

    def __post_init__(self) -> None:
        within("swath_m", self.swath_m, 1.0, 1000.0)
        within("drones", self.drones, 1, MOST_DRONES)
        within("cover", self.cover, 0.5, 0.999)
        if self.homes and len(self.homes) != self.drones:
            raise Malformed("homes", f"{len(self.homes)} homes for {self.drones} drones", "one a drone, or none at all")
        self.pace  # noqa: B018 - built here so that a bad speed is refused in the constructor

    @property
    def pace(self) -> Pace:
        """Cruise speed, acceleration and pause at a turn."""
        return Pace(self.speed_mps, self.accel_mps2, self.turn_s)


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
    """A verified plan: at most one path a drone, the measured cover (0 to 1) and how the figures compare.

    `length_ratio`, `time_ratio`: of all paths together to area / swath (flown at cruise speed);
    `lines`: sweep lines flown; `cells`: parts with a line direction of their own.
    """

    paths: tuple[SweepPath, ...]
    cover: float
    swath_m: float
    speed_mps: float
    length_ratio: float
    time_ratio: float
    lines: int
    cells: int

    @property
    def makespan_s(self) -> float:
        """Flight time of the longest path, s."""
        return max(p.time_s for p in self.paths)


@dataclass(frozen=True, slots=True)
class _Task:
    """A request in metres: the true area, the links inside it, what is aimed at."""

    request: SweepRequest
    ground: CheckedArea
    aim: Aim

    @property
    def unseen_s_m2(self) -> float:
        """What ground left unseen is worth, s/m^2: the flight time that drawing in line ends would buy with it."""
        return 1.0 / (self.request.speed_mps * 0.15 * self.request.swath_m)


def plan_sweep(request: SweepRequest) -> SweepPlan:
    """A plan that covers what was asked and stays inside the area and off its holes, as measured by other code than
    made it. Deterministic. Raises Malformed when the area is none, or no such plan was found."""
    task = _task(request)
    for spacing in SPACINGS:
        weave = Weave(request.swath_m * spacing, request.pace, task.unseen_s_m2)
        rough = drafts(task.aim, weave)
        done = [(d.time_s, k, d) for k, d in enumerate(finished(r, task.aim) for r in rough) if d is not None]
        for _, k, draft in sorted(done, key=lambda d: d[:2]):
            plan = _verified(task, rough[k], draft)
            if plan is not None:
                return plan
    raise Malformed(
        "area",
        f"no path was found that covers {request.cover:.1%} of it",
        "ask for less cover, take a wider swath, or redraw narrow necks",
    )


def _verified(task: _Task, rough: Draft, draft: Draft) -> SweepPlan | None:
    """The plan of a finished draft once it has passed; short of cover, it is finished again, aiming higher."""
    for _ in range(VERIFY_ROUNDS):
        paths, verdict = _shared(task, draft.thread)
        if verdict.passes(task.request.cover):
            return _plan(task, draft, paths, verdict)
        if verdict.outside_m or verdict.hole_m:
            return None
        ground_m2 = float(task.aim.area.area)
        overlooked = (1.0 - verdict.cover) * ground_m2 - task.aim.unseen_m2(draft.thread)
        again = finished(rough, replace(task.aim, lacking_m2=overlooked + SPARE_SHARE * ground_m2))
        if again is None:
            return None
        draft = again
    return None


def _task(request: SweepRequest) -> _Task:
    ground = checked_area(request.area)
    area = ground.polygon
    lines = area.area / request.swath_m / max(np.hypot(*np.ptp(np.asarray(area.exterior.coords), axis=0)), 1.0)
    if lines > MOST_LINES:
        raise Malformed(
            "swath_m",
            f"{request.swath_m:g} m is too narrow: some {lines:.0f} sweep lines",
            "widen it or split the area",
        )
    inner, room = _rooms(area, request.swath_m)
    plain = shapely.simplify(area, AIM_COARSE_M) if shapely.get_num_coordinates(area) > MOST_CORNERS else area
    return _Task(request, ground, Aim(plain, request.cover, request.swath_m, Links(room, inner, request.pace)))


def _rooms(area: Polygon, swath_m: float) -> tuple[Polygon, Polygon]:
    """The area shrunk by the margins that paths and links keep, simplified as far as a swath forgives."""
    for coarse in (0.0, 0.05, 0.002 * swath_m, 0.01 * swath_m, 0.03 * swath_m, 0.1 * swath_m):
        plain = area if coarse == 0.0 else shapely.simplify(area, coarse)
        if shapely.get_num_coordinates(plain) > MOST_CORNERS and coarse < 0.1 * swath_m:
            continue
        inner, room = _shrunk(plain, coarse + MARGIN_M), _shrunk(plain, coarse + ROOM_M)
        if inner is not None and room is not None and shapely.get_num_coordinates(inner) <= 4 * MOST_CORNERS:
            return inner, room
    raise Malformed("area", "its outline is too ragged or too narrow to plan in", "redraw it with fewer corners")


def _shrunk(area: Polygon, by_m: float) -> Polygon | None:
    """The area less a margin; its largest part when it falls apart and the rest is nothing to speak of; else None."""
    small = shapely.buffer(area, -by_m, join_style="mitre", mitre_limit=3.0)
    parts = [p for p in shapely.get_parts(small) if p.area > 0]
    if not parts:
        return None
    parts.sort(key=lambda p: -p.area)
    return parts[0] if parts[0].area > 0.9995 * small.area else None


def _plan(task: _Task, draft: Draft, paths: tuple[Floats, ...], verdict: Verdict) -> SweepPlan:
    request, frame = task.request, task.ground.frame
    homes = tuple(None if h is None else np.array(frame.to_xy(h)) for h in request.homes) or (None,) * request.drones
    swept = []
    for drone, path in assigned(homes, paths):
        places = tuple(LatLon(float(lat), float(lon)) for lon, lat in frame.to_lonlat_many(path))
        swept.append(SweepPath(drone, places, length_m(path), flight_s(path, request.pace)))
    swept.sort(key=lambda s: s.drone)
    least = task.ground.polygon.area / request.swath_m
    return SweepPlan(
        tuple(swept),
        verdict.cover,
        request.swath_m,
        request.speed_mps,
        sum(s.length_m for s in swept) / least,
        sum(s.time_s for s in swept) * request.speed_mps / least,
        len(draft.thread.lines),
        draft.cells,
    )


def _shared(task: _Task, thread: Thread) -> tuple[tuple[Floats, ...], Verdict]:
    """Shares of the thread and their verdict as they come back from WGS-84; long links between them are dropped
    unless their ground is missed."""
    request, frame = task.request, task.ground.frame

    def tried(keep_m: float) -> tuple[tuple[Floats, ...], Verdict]:
        paths = shares(thread, request.drones, request.pace, keep_m)
        flown = tuple(frame.to_xy_many(frame.to_lonlat_many(p)) for p in paths)
        return paths, judge(task.ground.polygon, flown, request.swath_m)

    paths, verdict = tried(KEEP_LINK_SWATHS * request.swath_m)
    if request.drones > 1 and not verdict.passes(request.cover):
        return tried(np.inf)
    return paths, verdict
