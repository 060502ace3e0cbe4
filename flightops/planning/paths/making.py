"""One area swept: drafts, the best of them polished, cut into shares, and measured by other code before anybody sees
it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import shapely
from shapely import Polygon
from shapely.errors import GEOSException

from core.errors import Malformed
from core.geo import Floats, LocalFrame
from flightops.planning.cells.lines import Weave
from flightops.planning.partition import WaysTime, shares
from flightops.planning.paths.drafts import Draft, Ground, Richness, drafts
from flightops.planning.paths.fill import Filling
from flightops.planning.paths.timing import Pace, flight_s
from flightops.planning.paths.verify import Verdict, gaps, judge
from flightops.planning.paths.visibility import Links
from flightops.planning.polish.polish import Aim, Schedule, closed, mended, polished, roughed
from flightops.planning.rings import offset

MARGIN_M = 0.03
"""Paths keep this far inside: more than a mission item's 1e-7 deg (6 mm off at most) and the change of map frame."""
ROOM_M = 0.02
MOST_CORNERS = 400
AIM_COARSE_M = 0.05
SPACINGS = (1.0, 0.9, 0.75, 0.5)
VERIFY_ROUNDS = 7
SLACK = 3e-5
EDGE_SHARE = 0.15
"""Of a swath: what a metre flown to catch ground at the edges is worth, when lanes are laid."""
LINK_SWATHS = 1.6
WHOLE_SHARE = 0.98
EDGE_REACH = 0.97
GAPS_NAMED = 3


class Effort(StrEnum):
    """How long to look for a quicker path: FIRST at once, FAST about a second, BEST about ten."""

    FIRST = "first"
    FAST = "fast"
    BEST = "best"


@dataclass(frozen=True, slots=True)
class Trial:
    """What an effort buys: patterns tried; drafts polished briefly, and how long; how long the best of them is
    polished then. What covers too little is mended so many rounds before detours are flown to what is missed; at once
    where that is `far_short` times what may be missed."""

    rich: Richness
    drafts: int
    rough_work: int
    schedule: Schedule
    mended_only: int = 3
    far_short: float = 2.5


TRIALS = {
    Effort.FIRST: Trial(Richness.FEW, 1, 0, Schedule(8_000_000, 3_000_000, 0.5, 0.1, (6.0,), 3, 1.0), 1, 1.5),
    Effort.FAST: Trial(Richness.WHOLE, 2, 10_000_000, Schedule(55_000_000, 15_000_000, 1.0, 0.06, (6.0, 9.0))),
    Effort.BEST: Trial(Richness.CELLS, 6, 80_000_000, Schedule(1_060_000_000, 29_000_000, 0.7)),
}


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be swept: a polygon in metres of `frame`, swath m, pace, share to cover of what can be seen, how many
    share the path; `plain`: straight parallel lines only, along `way_rad` when that is given; `flyable`: the part that
    paths must not leave (None: all of it), about `margin_m` inside; `ways_s`: what ways there and back add to each
    share."""

    polygon: Polygon
    frame: LocalFrame
    swath_m: float
    pace: Pace
    cover: float
    drones: int = 1
    plain: bool = False
    way_rad: float | None = None
    margin_m: float = 0.0
    flyable: Polygon | None = None
    ways_s: WaysTime | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """Paths (n, 2) that passed, in metres; the share of the area they cover, and that can be seen from inside the
    margin; what lanes they grew from; parts laid on their own."""

    paths: tuple[Floats, ...]
    cover: float
    in_reach: float
    pattern: str
    cells: int

    def longest_s(self, pace: Pace) -> float:
        """Flight time of the longest path, s."""
        return max(flight_s(p, pace) for p in self.paths)


@dataclass(frozen=True, slots=True)
class _Short:
    """Paths that stay inside but cover too little."""

    paths: tuple[Floats, ...]
    cover: float


@dataclass(frozen=True, slots=True)
class _Task:
    """A job, the part of its area that may be flown in and the share of it all seen from there, links inside it, what a
    path aims at."""

    job: Job
    flyable: Polygon
    in_reach: float
    links: Links
    aim: Aim

    @property
    def asked(self) -> float:
        """Share of the whole area to be seen."""
        return self.job.cover * self.in_reach

    def weave(self, spacing: float) -> Weave:
        """Lanes `spacing` swaths apart."""
        return Weave(self.job.swath_m * spacing, self.job.pace, self.aim.unseen_s_m2, self.job.way_rad)

    def aim_for(self, draft: Draft) -> Aim:
        """What a draft's path aims at: when lines are to stay plain, those of the draft."""
        return replace(self.aim, lanes=draft.lanes) if self.job.plain else self.aim


def made(job: Job, effort: Effort) -> Made:
    """The best verified paths found. Deterministic. Raises Malformed when none was."""
    task = _task(job)
    trial = TRIALS[effort]
    if job.plain or job.drones > 1:
        # shares of a spiral or of long lanes lie between one another; those of lines are sectors of their own
        trial = replace(trial, rich=min(trial.rich, Richness.LINES))
    short: list[_Short] = []
    for spacing in SPACINGS:
        try:
            found = _tried(task, spacing, trial)
        except GEOSException:  # overlays of slivers fail now and then: other lanes have others
            continue
        if isinstance(found, Made):
            return found
        short += found
    raise Malformed(
        "area",
        f"no path was found that covers {task.asked:.2%} of it{_gap_words(task, short)}",
        "ask for less cover, take a wider swath, or redraw narrow necks",
    )


def _gap_words(task: _Task, short: list[_Short]) -> str:
    """What the best path leaves unseen, where and how wide; nothing when no path stayed inside."""
    if not short:
        return ""
    best = max(short, key=lambda s: s.cover)
    words = []
    for gap in gaps(task.job.polygon, best.paths, task.job.swath_m)[:GAPS_NAMED]:
        spot = gap.point_on_surface()
        place = task.job.frame.to_latlon(spot.x, spot.y)
        wide_m = 2.0 * shapely.maximum_inscribed_circle(gap).length
        words.append(f"{place.lon_deg:.6f},{place.lat_deg:.6f} ({gap.area:.0f} m2, {wide_m:.1f} m wide)")
    return f"; the best reaches {best.cover:.2%}, its largest gaps are at {', '.join(words)}"


def _tried(task: _Task, spacing: float, trial: Trial) -> Made | list[_Short]:
    """The best verified paths from lanes `spacing` swaths apart, or those that fell short."""
    ground = Ground(task.aim.area, task.links, task.job.margin_m)
    found = drafts(ground, task.weave(spacing), trial.rich, trial.drafts)
    short: list[_Short] = []
    if len(found) > 1:
        brief = replace(trial.schedule, work=trial.rough_work)
        rough = [(*roughed(d.path, task.aim_for(d), brief), k) for k, d in enumerate(found)]
        found = [replace(found[k], path=path) for path, _, k in sorted(rough, key=lambda r: r[1:])]
    for draft in found:
        passed = _verified(task, draft, polished(draft.path, task.aim_for(draft), trial.schedule), trial)
        if isinstance(passed, Made):
            return passed
        short += [] if passed is None else [passed]
    return short


def _verified(task: _Task, draft: Draft, path: Floats, trial: Trial) -> Made | _Short | None:
    """The shares of a path once they have passed; short of cover, it is mended first, and in the end gets detours, made
    shorter then. None when it leaves the area."""
    short, sure = None, None
    for tries in range(VERIFY_ROUNDS):
        found = _judged(task, draft, path)
        if found is None:
            return sure
        if isinstance(found, Made):
            return min((f for f in (found, sure) if f), key=lambda f: f.longest_s(task.job.pace))
        short = found
        missed_m2 = (task.in_reach - short.cover) * float(task.job.polygon.area)
        if sure is None and (tries >= trial.mended_only or missed_m2 > trial.far_short * task.aim.spare_m2):
            path, lanes = _filling(task).filled(path, draft.lanes if task.job.plain else None)
            draft = draft if lanes is None else replace(draft, lanes=lanes)
            if isinstance(seen := _judged(task, draft, path), Made):
                if trial.schedule.near >= 1.0:
                    return seen
                sure, path = seen, closed(path, task.aim_for(draft), trial.schedule)
                continue
        path = mended(path, task.aim_for(draft), missed_m2, trial.schedule, tries)
    return sure or short


def _filling(task: _Task) -> Filling:
    return Filling(task.aim.area, task.aim.spare_m2, task.links, task.weave(1.0))


def _judged(task: _Task, draft: Draft, path: Floats) -> Made | _Short | None:
    """The shares of a path: made when they pass; None when they leave the area."""
    paths, verdict = _shared(task, path)
    if verdict.passes(task.asked):
        return Made(paths, verdict.cover, task.in_reach, draft.layout.pattern, draft.layout.cells)
    return _Short(paths, verdict.cover) if verdict.passes(0.0) else None


def _shared(task: _Task, path: Floats) -> tuple[tuple[Floats, ...], Verdict]:
    """Shares of the path and their verdict as they come back from WGS-84; links between them are dropped unless their
    ground is missed."""

    job = task.job

    def tried(link_m: float) -> tuple[tuple[Floats, ...], Verdict]:
        paths = shares(path, job.drones, job.pace, link_m, job.ways_s)
        flown = tuple(job.frame.to_xy_many(job.frame.to_lonlat_many(p)) for p in paths)
        return paths, judge(job.polygon, flown, job.swath_m, task.flyable, task.asked)

    paths, verdict = tried(LINK_SWATHS * job.swath_m)
    if job.drones > 1 and not verdict.passes(task.asked):
        return tried(0.0)
    return paths, verdict


def links_in(area: Polygon, swath_m: float, pace: Pace) -> Links:
    """Links that stay inside an area (metres) by the margins every path keeps. Raises Malformed: too ragged."""
    inner, room = rooms(area, swath_m)
    return Links(room, inner, pace)


def _task(job: Job) -> _Task:
    flyable = job.flyable or job.polygon
    area = in_reach(job.polygon, flyable, job.swath_m)
    plain = shapely.simplify(area, AIM_COARSE_M) if shapely.get_num_coordinates(area) > MOST_CORNERS else area
    links = links_in(flyable, job.swath_m, job.pace)
    spare_m2 = float(area.area) * max(1.0 - job.cover - SLACK, 0.0)
    unseen_s_m2 = 1.0 / (job.pace.speed_mps * EDGE_SHARE * job.swath_m)
    aim = Aim(plain, job.swath_m, spare_m2, links.edges, job.pace, unseen_s_m2)
    return _Task(job, flyable, area.area / job.polygon.area, links, aim)


def flyable(area: Polygon, margin_m: float) -> Polygon:
    """The area less a margin. Raises Malformed when nothing to speak of is left, or it falls apart."""
    small = offset(area, -margin_m)
    found = sorted((p for p in shapely.get_parts(small) if p.area > 0.0), key=lambda p: -p.area)
    if not found or found[0].area < WHOLE_SHARE * small.area:
        left = f"cuts the area into {len(found)} parts" if found else "leaves nothing to fly in"
        raise Malformed("margin_m", f"{margin_m:g} m {left}", "take a smaller margin, or search the parts one by one")
    return found[0]


def kept_inside(job: Job, area: Polygon, margin_m: float) -> Job | None:
    """The job with paths that keep a margin inside the area of which its polygon is all, or a part; None when no place
    of the part may be flown in. Raises Malformed as `flyable` does."""
    if margin_m == 0.0:
        return job
    inside = shapely.intersection(job.polygon, flyable(area, margin_m))
    pieces = [p for p in shapely.get_parts(inside) if isinstance(p, Polygon) and p.area > 1.0]
    return replace(job, margin_m=margin_m, flyable=max(pieces, key=lambda p: p.area)) if pieces else None


def in_reach(area: Polygon, flyable: Polygon, swath_m: float) -> Polygon:
    """The part of an area that can be seen from where may be flown, without hugging its edges."""
    if flyable is area:
        return area
    inner = offset(flyable, -2.0 * MARGIN_M)
    seen = shapely.intersection(area, shapely.buffer(inner, EDGE_REACH * swath_m / 2.0))
    pieces = [p for p in shapely.get_parts(seen) if isinstance(p, Polygon) and p.area > 0.0]
    if not pieces:
        raise Malformed("margin_m", "it leaves hardly anything to fly in", "take a smaller margin")
    return max(pieces, key=lambda p: p.area)


def rooms(area: Polygon, swath_m: float) -> tuple[Polygon, Polygon]:
    """The area shrunk by the margins that paths and links keep (`Links`' inner and room), simplified as far as a swath
    forgives. Raises Malformed when its outline is too ragged for that, or it falls apart."""
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
    small = offset(area, -by_m)
    parts = [p for p in shapely.get_parts(small) if p.area > 0]
    if not parts:
        return None
    parts.sort(key=lambda p: -p.area)
    return parts[0] if parts[0].area > 0.9995 * small.area else None
