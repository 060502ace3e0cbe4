"""Who sweeps what: one path cut for drones that sweep alike, or parts of the area for drones that do not.

Parts are as large as speed times swath at first; then their sizes are corrected by the whole times found (ways out and
back, sweep, changes of battery), until these are even.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely import Polygon

from core.errors import Malformed
from core.units import within
from flightops.planning.area import CheckedArea
from flightops.planning.fleet.drones import FleetDrone
from flightops.planning.fleet.flights import MOST_FLIGHTS, Share, Whole
from flightops.planning.partition import assigned, turned_round, ways_time
from flightops.planning.parts import parts_along
from flightops.planning.paths.making import Effort, Job, Made, flyable, kept_inside, made
from flightops.planning.paths.verify import judge
from flightops.planning.sweep import MOST_MARGIN_M

Wholes = Callable[[Share], Whole]
"""The time that a share takes its drone."""
ROUNDS = 2
"""Corrections of sizes by plans of the effort asked, after one by quick plans."""
SURE = 0.98
"""Of what one battery sweeps: sizes are planned with that."""
SAME = 0.01
"""Sizes that change by no more than this share are settled."""
EVEN = 1.02
"""Longest to mean time that is even enough."""
LEAST_PART = 0.05
"""Of an equal part: a drone whose part would be smaller stays at home."""
MOST_S = 1e7


@dataclass(frozen=True, slots=True)
class Errand:
    """What a fleet is asked: the area, share to cover of what can be seen of it, effort, straight lines only or not;
    paths keep `margin_m` inside."""

    ground: CheckedArea
    cover: float
    effort: Effort
    plain: bool = False
    margin_m: float = 0.0

    def __post_init__(self) -> None:
        within("cover", self.cover, 0.5, 0.999)
        within("margin_m", self.margin_m, 0.0, MOST_MARGIN_M)

    def kept_inside(self, job: Job) -> Job:
        """The job with paths that keep the margin. Raises Malformed when it leaves nothing to fly in."""
        found = kept_inside(job, self.ground.polygon, self.margin_m)
        if found is None:
            problem = f"{self.margin_m:g} m leaves one of the parts nowhere to fly"
            raise Malformed("margin_m", problem, "take a smaller margin, or send fewer drones")
        return found

    @property
    def flyable(self) -> Polygon:
        """Where paths may be. Raises Malformed when that is nothing to speak of."""
        return flyable(self.ground.polygon, self.margin_m) if self.margin_m > 0.0 else self.ground.polygon


@dataclass(frozen=True, slots=True)
class Division:
    """Shares that together pass: cover (0 to 1) of the whole area, how much of it can be seen from inside the margin
    (at the least: parts see a little of one another), patterns they grew from, parts laid on their own."""

    shares: tuple[Share, ...]
    cover: float
    in_reach: float
    pattern: str
    cells: int


def divided(errand: Errand, drones: tuple[FleetDrone, ...], whole: Wholes) -> Division:
    """The division that is over first. Raises Malformed when none is found, or a share can't be flown."""
    found: list[tuple[float, Division]] = []
    problem: Malformed | None = None
    alike = all(d.sweeps_like(drones[0]) for d in drones)
    for way in (_cut_path, _cut_area) if alike and len(drones) > 1 else (_cut_area,):
        try:
            division = way(errand, drones, whole)
        except Malformed as wrong:
            problem = problem or wrong
            continue
        found.append((max(whole(s).total_s for s in division.shares), division))
    if not found:
        assert problem is not None
        raise problem
    return min(found, key=lambda f: f[0])[1]


def _cut_path(errand: Errand, drones: tuple[FleetDrone, ...], whole: Wholes) -> Division:
    """One path of lines cut where whole times are even, as far as straight ways tell."""
    ground, first = errand.ground, drones[0]
    homes = tuple(np.array(ground.frame.to_xy(d.home)) for d in drones)
    ways_s = ways_time(homes, first.pace)
    job = Job(
        ground.polygon, ground.frame, first.swath_m, first.pace, errand.cover, len(drones), errand.plain, ways_s=ways_s
    )
    one = made(errand.kept_inside(job), errand.effort)
    shares = tuple(Share(drones[j], path) for j, path in assigned(homes, one.paths))
    return _verified(errand, shares, (one,), one.in_reach)


def _cut_area(errand: Errand, drones: tuple[FleetDrone, ...], whole: Wholes) -> Division:
    """A part of the area each, sized until whole times are even: first by quick plans, then by those asked for."""
    split = _split(errand, {d: d.speed_mps * d.swath_m for d in drones})
    if errand.effort is not Effort.FIRST:
        split = _resized(errand, split, _trial(replace(errand, effort=Effort.FIRST), split, whole))
    trials = [_trial(errand, split, whole)]
    for _ in range(ROUNDS):
        if trials[-1].even:
            break
        before, split = split, _resized(errand, split, trials[-1])
        if before.like(split):
            break
        trials.append(_trial(errand, split, whole))
    best = min(trials, key=lambda t: t.longest_s)
    return _verified(errand, _turned(errand, best.shares), best.made, best.in_reach)


@dataclass(frozen=True, slots=True)
class _Split:
    """Drones in the order of their parts, the parts, and the directions of the cuts that made them."""

    drones: tuple[FleetDrone, ...]
    parts: tuple[Polygon, ...]
    along: tuple[float, ...]

    def like(self, other: _Split) -> bool:
        """Whether the other's parts are as large, for the same drones."""
        if self.drones != other.drones:
            return False
        return all(abs(a.area - b.area) <= SAME * a.area for a, b in zip(self.parts, other.parts, strict=True))


@dataclass(frozen=True, slots=True)
class _Trial:
    """A split planned: shares in its order, the times they take, what was made of its parts and their areas, m^2."""

    shares: tuple[Share, ...]
    wholes: tuple[Whole, ...]
    made: tuple[Made, ...]
    areas: tuple[float, ...]

    @property
    def in_reach(self) -> float:
        """Share of all parts that can be seen, each from where its own drone may fly."""
        seen = sum(m.in_reach * a for m, a in zip(self.made, self.areas, strict=True))
        return min(seen / sum(self.areas), 1.0)

    @property
    def longest_s(self) -> float:
        """Whole time of the drone that is down last."""
        return max(w.total_s for w in self.wholes)

    @property
    def even(self) -> bool:
        """Whether more rounds are not worth their time."""
        return self.longest_s * len(self.wholes) <= EVEN * sum(w.total_s for w in self.wholes)


def _trial(errand: Errand, split: _Split, whole: Wholes) -> _Trial:
    """A split planned with the errand's effort. Raises Malformed when a part can't be."""
    jobs = (
        Job(part, errand.ground.frame, d.swath_m, d.pace, errand.cover, 1, errand.plain)
        for d, part in zip(split.drones, split.parts, strict=True)
    )
    all_made = tuple(made(errand.kept_inside(job), errand.effort) for job in jobs)
    shares = tuple(Share(d, m.paths[0]) for d, m in zip(split.drones, all_made, strict=True))
    return _Trial(shares, tuple(whole(s) for s in shares), all_made, tuple(float(p.area) for p in split.parts))


def _split(errand: Errand, sizes: dict[FleetDrone, float]) -> _Split:
    """Parts of these sizes: of orders along and across the homes, the one with the shortest ways."""
    frame = errand.ground.frame
    homes = {d: np.array(frame.to_xy(d.home)) for d in sizes}
    best: tuple[float, _Split] | None = None
    for axis in (0, 1):
        ahead = sorted(sizes, key=lambda d: (float(homes[d][axis]), d.name))
        for order in (ahead, ahead[::-1]):
            cut = parts_along(errand.ground.polygon, tuple(sizes[d] for d in order))
            if cut is None:
                continue
            far = sum(float(shapely.distance(p, shapely.Point(homes[d]))) for d, p in zip(order, cut[0], strict=True))
            if best is None or far < best[0] - 1.0:
                best = far, _Split(tuple(order), *cut)
    if best is None:
        raise Malformed("area", "no straight cuts part it among the drones", "send fewer drones, or split the area")
    return best[1]


def _resized(errand: Errand, split: _Split, trial: _Trial) -> _Split:
    """The split with sizes that even out the times of a trial, cut in the same directions if no drone is left out."""
    sizes = _even(trial)
    if len(sizes) == len(split.drones):
        cut = parts_along(errand.ground.polygon, tuple(sizes[d] for d in split.drones), split.along)
        if cut is not None:
            return replace(split, parts=cut[0], along=cut[1])
    return _split(errand, sizes)


def _even(trial: _Trial) -> dict[FleetDrone, float]:
    """Sizes, m^2, with which all are down soonest if each drone goes on sweeping as fast as it did.

    A drone for which nothing worth flying to is left gets none.
    """
    rates = [a / s.time_s for a, s in zip(trial.areas, trial.shares, strict=True)]
    total = sum(trial.areas)

    def swept(until_s: float) -> list[float]:
        sizes = [r * _sweep_s(w, until_s) for r, w in zip(rates, trial.wholes, strict=True)]
        return [a if a >= LEAST_PART * total / len(sizes) else 0.0 for a in sizes]

    low, high = 0.0, 2.0 * trial.longest_s
    while sum(swept(high)) < total:
        high *= 2.0
        if high > MOST_S:
            problem = f"the drones together cannot sweep it in {MOST_FLIGHTS} flights each"
            raise Malformed("fleet", problem, "send more drones, or take larger batteries")
    while high - low > 0.1:
        middle = (low + high) / 2.0
        low, high = (middle, high) if sum(swept(middle)) < total else (low, middle)
    return {s.drone: a for s, a in zip(trial.shares, swept(high), strict=True) if a > 0.0}


def _sweep_s(whole: Whole, until_s: float) -> float:
    """How long a drone can sweep that is to be down by then, in as many flights as serve best, s."""
    best, flights = 0.0, 1
    while (left_s := until_s - whole.beside_s - (flights - 1) * whole.again_s) > 0.0 and flights <= MOST_FLIGHTS:
        best = max(best, min(left_s, flights * SURE * whole.reach_s))
        flights += 1
    return best


def _turned(errand: Errand, shares: tuple[Share, ...]) -> tuple[Share, ...]:
    """The shares in the directions that keep starts and ends apart."""
    frame = errand.ground.frame
    ends = np.array([[s.path[0], s.path[-1]] for s in shares])
    back = turned_round(ends, [np.array(frame.to_xy(s.drone.home)) for s in shares])
    return tuple(s.turned() if b else s for s, b in zip(shares, back, strict=True))


def _verified(errand: Errand, shares: tuple[Share, ...], found: tuple[Made, ...], in_reach: float) -> Division:
    """The division as measured by other code, each path with its own swath; what of the area is `in_reach` is to be
    covered as asked. Raises Malformed when it fails."""
    frame, area = errand.ground.frame, errand.ground.polygon
    flown = tuple(frame.to_xy_many(frame.to_lonlat_many(s.path)) for s in shares)
    verdict = judge(area, flown, tuple(s.drone.swath_m for s in shares), errand.flyable)
    if not verdict.passes(errand.cover * in_reach):
        problem = f"the shares cover {verdict.cover:.2%}, {verdict.outside_m + verdict.hole_m:.1f} m lie outside"
        raise Malformed("area", problem, "ask for less cover, or send fewer drones")
    pattern = "+".join(sorted({m.pattern for m in found}))
    return Division(shares, verdict.cover, max(in_reach, verdict.cover), pattern, sum(m.cells for m in found))
