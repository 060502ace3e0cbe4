"""The front door of planning: an area swept in S-patterns by n drones, verified before anybody sees it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import shapely
from shapely import Polygon

from core.errors import Malformed
from core.geo import Area, Floats, LatLon
from core.units import positive, within
from flightops.planning.area import CheckedArea, checked_area
from flightops.planning.cells.lines import Weave
from flightops.planning.partition import assigned, shares
from flightops.planning.paths.drafts import Draft, Richness, drafts
from flightops.planning.paths.timing import Pace, flight_s, length_m
from flightops.planning.paths.verify import Verdict, judge
from flightops.planning.paths.visibility import Links
from flightops.planning.polish.polish import Aim, Schedule, mended, polished, roughed

COVER_ASKED = 0.995
MARGIN_M = 0.03
"""Paths keep this far inside: more than a mission item's 1e-7 deg (6 mm off at most) and the change of map frame."""
ROOM_M = 0.02
MOST_LINES = 4000
MOST_CORNERS = 400
MOST_DRONES = 50
AIM_COARSE_M = 0.05
SPACINGS = (1.0, 0.9, 0.75, 0.5)
VERIFY_ROUNDS = 5
SLACK = 3e-5
EDGE_SHARE = 0.15
"""Of a swath: what a metre flown to catch ground at the edges is worth, when lanes are laid."""
LINK_SWATHS = 1.6


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
    `pattern`: what lanes it grew from; `cells`: parts laid on their own.
    """

    paths: tuple[SweepPath, ...]
    cover: float
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


@dataclass(frozen=True, slots=True)
class _Task:
    """A request in metres: the true area, the links inside it, what is aimed at."""

    request: SweepRequest
    ground: CheckedArea
    links: Links
    aim: Aim

    def weave(self, spacing: float) -> Weave:
        """Lanes `spacing` swaths apart."""
        return Weave(self.request.swath_m * spacing, self.request.pace, self.aim.unseen_s_m2)


@dataclass(frozen=True, slots=True)
class _Made:
    """A plan with the path it was cut from."""

    plan: SweepPlan
    path: Floats


class Effort(StrEnum):
    """How long to look for a quicker path: FIRST at once, FAST under a second, BEST some ten."""

    FIRST = "first"
    FAST = "fast"
    BEST = "best"


@dataclass(frozen=True, slots=True)
class _Trial:
    """What an effort buys: patterns tried; drafts polished briefly, and how long; how long the best of them is
    polished then."""

    rich: Richness
    drafts: int
    rough_work: int
    schedule: Schedule


TRIALS = {
    Effort.FIRST: _Trial(Richness.LINES, 1, 0, Schedule(50_000_000, 0.5, 0.1, (6.0,))),
    Effort.FAST: _Trial(Richness.WHOLE, 3, 20_000_000, Schedule(130_000_000, 1.0, 0.06, (6.0, 9.0))),
    Effort.BEST: _Trial(Richness.CELLS, 6, 130_000_000, Schedule(2_200_000_000)),
}


def plan_sweep(request: SweepRequest, effort: Effort = Effort.FAST) -> SweepPlan:
    """A plan that covers what was asked and stays inside the area and off its holes, as measured by other code than
    made it. Deterministic. Raises Malformed when the area is none, or no such plan was found."""
    task = _task(request)
    for spacing in SPACINGS:
        made = _tried(task, spacing, TRIALS[effort])
        if made is not None:
            return made.plan
    raise _not_found(task)


def better_plans(request: SweepRequest) -> Iterator[SweepPlan]:
    """A first plan at once, then every better one that more effort finds. Raises Malformed as `plan_sweep` does."""
    best = plan_sweep(request, Effort.FIRST)
    yield best
    for effort in (Effort.FAST, Effort.BEST):
        plan = plan_sweep(request, effort)
        if plan.makespan_s < best.makespan_s:
            best = plan
            yield best


def _tried(task: _Task, spacing: float, trial: _Trial) -> _Made | None:
    """The best verified plan from lanes `spacing` swaths apart."""
    found = drafts(task.aim.area, task.links, task.weave(spacing), trial.rich, trial.drafts)
    if trial.drafts > 1:
        brief = replace(trial.schedule, work=trial.rough_work)
        rough = [(*roughed(d.path, task.aim, brief), k) for k, d in enumerate(found)]
        found = [replace(found[k], path=path) for path, _, k in sorted(rough, key=lambda r: r[1:])]
    for draft in found:
        made = _verified(task, draft, polished(draft.path, task.aim, trial.schedule), trial.schedule)
        if made is not None:
            return made
    return None


def _verified(task: _Task, draft: Draft, path: Floats, schedule: Schedule) -> _Made | None:
    """The plan of a path once it has passed; short of cover, it is mended first."""
    for tries in range(VERIFY_ROUNDS):
        paths, verdict = _shared(task, path)
        if verdict.passes(task.request.cover):
            return _Made(_plan(task, draft, paths, verdict), path)
        if verdict.outside_m or verdict.hole_m:
            return None
        missed_m2 = (1.0 - verdict.cover) * float(task.ground.polygon.area)
        path = mended(path, task.aim, missed_m2, schedule, tries)
    return None


def _not_found(task: _Task) -> Malformed:
    return Malformed(
        "area",
        f"no path was found that covers {task.request.cover:.1%} of it",
        "ask for less cover, take a wider swath, or redraw narrow necks",
    )


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
    links = Links(room, inner, request.pace)
    spare_m2 = float(area.area) * max(1.0 - request.cover - SLACK, 0.0)
    unseen_s_m2 = 1.0 / (request.speed_mps * EDGE_SHARE * request.swath_m)
    return _Task(request, ground, links, Aim(plain, request.swath_m, spare_m2, links.edges, request.pace, unseen_s_m2))


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
        draft.layout.pattern,
        draft.layout.cells,
    )


def _shared(task: _Task, path: Floats) -> tuple[tuple[Floats, ...], Verdict]:
    """Shares of the path and their verdict as they come back from WGS-84; links between them are dropped unless their
    ground is missed."""
    request, frame = task.request, task.ground.frame

    def tried(link_m: float) -> tuple[tuple[Floats, ...], Verdict]:
        paths = shares(path, request.drones, request.pace, link_m)
        flown = tuple(frame.to_xy_many(frame.to_lonlat_many(p)) for p in paths)
        return paths, judge(task.ground.polygon, flown, request.swath_m)

    paths, verdict = tried(LINK_SWATHS * request.swath_m)
    if request.drones > 1 and not verdict.passes(request.cover):
        return tried(0.0)
    return paths, verdict
