"""From a rough path to one that has been measured: annealed in stages on ever finer samples, then put right until the
exact cover is what was asked."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from core.geo import Floats
from flightops.planning.paths.timing import Pace, flight_s, length_m
from flightops.planning.polish.ground import Heat, Limits, Samples, annealed, aslant

PRICE = 2.0
"""Ground missed costs an annealer this many times what it costs when lanes are laid."""
CLOSING_PRICE = 4.0
CLOSING_A_SWATH = 9.0
USUAL_SPARE, MOST_FINER = 0.0049, 2.4
"""Share of an area that may be missed with these samples; for less they are up to MOST_FINER times as fine."""
CHECK_A_SWATH = 24.0
CHECK_TILT_DEG = 11.0
CHECK_MARGIN = 0.01
MEND_MARGIN = 0.01
RETILT_DEG = 1.7
TIDY_M, TIDY_S = 0.1, 0.1


@dataclass(frozen=True, slots=True)
class Aim:
    """What a path is to do: the area it sees half a swath to each side of, ground it may miss, m^2, the edges
    (m, 2, 2) it must not meet, pace, the price of ground missed, s/m^2; `lanes`: which of its legs are lines that keep
    their direction."""

    area: Polygon
    swath_m: float
    spare_m2: float
    walls: Floats
    pace: Pace
    unseen_s_m2: float
    lanes: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long a path is polished: work in about nanoseconds of all stages and of each of the few that close gaps after
    them, temperatures, s, samples a swath of each stage."""

    work: int
    closing_work: int
    hot_s: float = 2.0
    cold_s: float = 0.05
    a_swath: tuple[float, ...] = (6.0, 9.0, 12.0)
    closings: int = 5
    near: float = 0.02

    def closing(self, aim: Aim) -> Heat:
        """One of the short last stages: the less may be missed, the finer its samples, since what they hide is."""
        finer = min(max(math.sqrt(USUAL_SPARE * aim.area.area / max(aim.spare_m2, 1e-9)), 1.0), MOST_FINER)
        return Heat(2.0 * self.cold_s, self.cold_s, self.closing_work, finer * max(self.a_swath[-1], CLOSING_A_SWATH))


def polished(path: Floats, aim: Aim, schedule: Schedule) -> Floats:
    """A path (n, 2) that takes less time and misses about as much ground as it may; one shorter than a swath as it is.
    Deterministic."""
    if length_m(path) < aim.swath_m:
        return path
    stages = len(schedule.a_swath)
    ratio = (schedule.cold_s / schedule.hot_s) ** (1.0 / stages)
    for k, a_swath in enumerate(schedule.a_swath):
        hot = schedule.hot_s * ratio**k
        heat = Heat(hot, hot * ratio, schedule.work // stages, a_swath, k + 1 < stages)
        path = _stage(path, aim, heat, Limits(aim.spare_m2, PRICE * aim.unseen_s_m2, aim.lanes), k)
    return closed(path, aim, schedule)


def roughed(path: Floats, aim: Aim, schedule: Schedule) -> tuple[Floats, float]:
    """A path after a first brief stage, and what it promises, s: its flight time and the price of what it misses more
    than it may."""
    heat = Heat(schedule.hot_s, schedule.cold_s, schedule.work, schedule.a_swath[0])
    path = _stage(path, aim, heat, Limits(aim.spare_m2, PRICE * aim.unseen_s_m2, aim.lanes), 0)
    check = Samples.of(aim.area, aslant(path, CHECK_TILT_DEG), aim.swath_m, schedule.a_swath[-1])
    over_m2 = check.unseen_m2((path,)) - aim.spare_m2
    return path, flight_s(path, aim.pace) + PRICE * aim.unseen_s_m2 * over_m2


def closed(path: Floats, aim: Aim, schedule: Schedule) -> Floats:
    """The quickest of some more brief stages that, by samples it was not fitted to, misses no more than it may; the
    last one when none does."""
    check = Samples.of(aim.area, aslant(path, CHECK_TILT_DEG), aim.swath_m, CHECK_A_SWATH)
    allowed_m2, best, best_s = aim.spare_m2, path, math.inf
    for k in range(schedule.closings):
        path = tidied(path, aim.pace) if aim.lanes is None else path
        over_m2 = check.unseen_m2((path,)) - (1.0 - CHECK_MARGIN) * aim.spare_m2
        time_s = flight_s(path, aim.pace)
        if over_m2 <= 0.0 and time_s < best_s:
            best, best_s = path, time_s
        if -schedule.near * aim.spare_m2 < over_m2 <= 0.0:
            break
        allowed_m2 = max(allowed_m2 - over_m2, 0.0)
        limits = Limits(allowed_m2, CLOSING_PRICE * aim.unseen_s_m2, aim.lanes)
        path = _stage(path, aim, schedule.closing(aim), limits, len(schedule.a_swath) + k)
    return best if math.isfinite(best_s) else path


def tidied(path: Floats, pace: Pace) -> Floats:
    """The path without the points that hardly bend it, unless curves flown through came to be stops by that."""
    kept: Floats = shapely.get_coordinates(shapely.simplify(shapely.linestrings(path), TIDY_M))
    return kept if flight_s(kept, pace) <= flight_s(path, pace) + TIDY_S else path


def _stage(path: Floats, aim: Aim, heat: Heat, limits: Limits, k: int) -> Floats:
    samples = Samples.of(aim.area, aslant(path, RETILT_DEG * (k % 5)), aim.swath_m, heat.a_swath)
    return annealed(path, samples, aim.walls, aim.pace, heat, limits)[0]


def mended(path: Floats, aim: Aim, missed_m2: float, schedule: Schedule, tries: int) -> Floats:
    """The path put right after an exact measurement found that it misses `missed_m2`, more than it may. `tries`: how
    often that was done before; it aims ever higher."""
    heat = schedule.closing(aim)
    samples = Samples.of(aim.area, aslant(path, RETILT_DEG * tries), aim.swath_m, heat.a_swath)
    over_m2 = (1.2 + 0.6 * tries) * (missed_m2 - aim.spare_m2) + MEND_MARGIN * (tries + 1) * aim.spare_m2
    price = 2.0 ** (tries + 1) * CLOSING_PRICE * aim.unseen_s_m2  # a metre along a sliver shows far less than a swath
    limits = Limits(samples.unseen_m2((path,)) - over_m2, price, aim.lanes)
    return annealed(path, samples, aim.walls, aim.pace, heat, limits)[0]
