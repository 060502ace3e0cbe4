"""One area swept: drafts, the best of them polished, cut into shares, and measured by other code before anybody sees
it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import shapely
from shapely import Polygon

from core.errors import Malformed
from core.geo import Floats, LocalFrame
from flightops.planning.cells.lines import Weave
from flightops.planning.partition import shares
from flightops.planning.paths.drafts import Draft, Richness, drafts
from flightops.planning.paths.timing import Pace
from flightops.planning.paths.verify import Verdict, judge
from flightops.planning.paths.visibility import Links
from flightops.planning.polish.polish import Aim, Schedule, mended, polished, roughed

MARGIN_M = 0.03
"""Paths keep this far inside: more than a mission item's 1e-7 deg (6 mm off at most) and the change of map frame."""
ROOM_M = 0.02
MOST_CORNERS = 400
AIM_COARSE_M = 0.05
SPACINGS = (1.0, 0.9, 0.75, 0.5)
VERIFY_ROUNDS = 5
SLACK = 3e-5
EDGE_SHARE = 0.15
"""Of a swath: what a metre flown to catch ground at the edges is worth, when lanes are laid."""
LINK_SWATHS = 1.6


class Effort(StrEnum):
    """How long to look for a quicker path: FIRST at once, FAST about a second, BEST about ten."""

    FIRST = "first"
    FAST = "fast"
    BEST = "best"


@dataclass(frozen=True, slots=True)
class Trial:
    """What an effort buys: patterns tried; drafts polished briefly, and how long; how long the best of them is
    polished then."""

    rich: Richness
    drafts: int
    rough_work: int
    schedule: Schedule


TRIALS = {
    Effort.FIRST: Trial(Richness.LINES, 1, 0, Schedule(50_000_000, 0.5, 0.1, (6.0,))),
    Effort.FAST: Trial(Richness.WHOLE, 3, 20_000_000, Schedule(130_000_000, 1.0, 0.06, (6.0, 9.0))),
    Effort.BEST: Trial(Richness.CELLS, 6, 130_000_000, Schedule(2_000_000_000, 0.7)),
}


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be swept: a polygon in metres of `frame`, swath m, pace, share to cover, how many share the path;
    `plain`: straight parallel lines only."""

    polygon: Polygon
    frame: LocalFrame
    swath_m: float
    pace: Pace
    cover: float
    drones: int = 1
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """Paths (n, 2) that passed, in metres; the share they cover; what lanes they grew from; parts laid on their own."""

    paths: tuple[Floats, ...]
    cover: float
    pattern: str
    cells: int


@dataclass(frozen=True, slots=True)
class _Task:
    """A job with the links inside its area and what a path aims at."""

    job: Job
    links: Links
    aim: Aim

    def weave(self, spacing: float) -> Weave:
        """Lanes `spacing` swaths apart."""
        return Weave(self.job.swath_m * spacing, self.job.pace, self.aim.unseen_s_m2)

    def aim_for(self, draft: Draft) -> Aim:
        """What a draft's path aims at: when lines are to stay plain, those of the draft."""
        return replace(self.aim, lanes=draft.lanes) if self.job.plain else self.aim


def made(job: Job, effort: Effort) -> Made:
    """The best verified paths found. Deterministic. Raises Malformed when none was."""
    task = _task(job)
    trial = TRIALS[effort]
    if job.plain or job.drones > 1:
        # shares of a spiral or of long lanes lie between one another; those of lines are sectors of their own
        trial = replace(trial, rich=Richness.LINES)
    for spacing in SPACINGS:
        found = _tried(task, spacing, trial)
        if found is not None:
            return found
    raise Malformed(
        "area",
        f"no path was found that covers {job.cover:.1%} of it",
        "ask for less cover, take a wider swath, or redraw narrow necks",
    )


def _tried(task: _Task, spacing: float, trial: Trial) -> Made | None:
    """The best verified paths from lanes `spacing` swaths apart."""
    found = drafts(task.aim.area, task.links, task.weave(spacing), trial.rich, trial.drafts)
    if len(found) > 1:
        brief = replace(trial.schedule, work=trial.rough_work)
        rough = [(*roughed(d.path, task.aim_for(d), brief), k) for k, d in enumerate(found)]
        found = [replace(found[k], path=path) for path, _, k in sorted(rough, key=lambda r: r[1:])]
    for draft in found:
        passed = _verified(task, draft, polished(draft.path, task.aim_for(draft), trial.schedule), trial.schedule)
        if passed is not None:
            return passed
    return None


def _verified(task: _Task, draft: Draft, path: Floats, schedule: Schedule) -> Made | None:
    """The shares of a path once they have passed; short of cover, it is mended first."""
    for tries in range(VERIFY_ROUNDS):
        paths, verdict = _shared(task.job, path)
        if verdict.passes(task.job.cover):
            return Made(paths, verdict.cover, draft.layout.pattern, draft.layout.cells)
        if verdict.outside_m or verdict.hole_m:
            return None
        missed_m2 = (1.0 - verdict.cover) * float(task.job.polygon.area)
        path = mended(path, task.aim_for(draft), missed_m2, schedule, tries)
    return None


def _shared(job: Job, path: Floats) -> tuple[tuple[Floats, ...], Verdict]:
    """Shares of the path and their verdict as they come back from WGS-84; links between them are dropped unless their
    ground is missed."""

    def tried(link_m: float) -> tuple[tuple[Floats, ...], Verdict]:
        paths = shares(path, job.drones, job.pace, link_m)
        flown = tuple(job.frame.to_xy_many(job.frame.to_lonlat_many(p)) for p in paths)
        return paths, judge(job.polygon, flown, job.swath_m)

    paths, verdict = tried(LINK_SWATHS * job.swath_m)
    if job.drones > 1 and not verdict.passes(job.cover):
        return tried(0.0)
    return paths, verdict


def links_in(area: Polygon, swath_m: float, pace: Pace) -> Links:
    """Links that stay inside an area (metres) by the margins every path keeps. Raises Malformed: too ragged."""
    inner, room = _rooms(area, swath_m)
    return Links(room, inner, pace)


def _task(job: Job) -> _Task:
    area = job.polygon
    plain = shapely.simplify(area, AIM_COARSE_M) if shapely.get_num_coordinates(area) > MOST_CORNERS else area
    links = links_in(area, job.swath_m, job.pace)
    spare_m2 = float(area.area) * max(1.0 - job.cover - SLACK, 0.0)
    unseen_s_m2 = 1.0 / (job.pace.speed_mps * EDGE_SHARE * job.swath_m)
    return _Task(job, links, Aim(plain, job.swath_m, spare_m2, links.edges, job.pace, unseen_s_m2))


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
