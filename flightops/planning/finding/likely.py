"""The front door: a sweep in the order that most likely finds soon, and what it would find.

Nothing is left out for it: the cover asked is reached and measured (`paths/verify.py`), and no drone flies longer than
MOST_GROWTH more than the longest path of the plain plan. With a limit on minutes the cover can't be kept: paths are
cut to what fits, the most probable ground first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.errors import Malformed
from core.geo import LatLon
from core.units import positive, within
from flightops.planning.area import CheckedArea, checked_area
from flightops.planning.finding.curve import Places
from flightops.planning.finding.orders import Flight, Terms, options
from flightops.planning.finding.part import area_in, likeliest_part
from flightops.planning.paths.making import links_in
from flightops.planning.paths.timing import flight_s, length_m
from flightops.planning.paths.verify import judge
from flightops.planning.probability.area_map import ProbabilityMap, coarsened
from flightops.planning.probability.detection import coverage_of_lines, pod_random
from flightops.planning.sweep import ONE_PATH_DRONES, Effort, SweepPath, SweepPlan, SweepRequest, plan_sweep

MOST_GROWTH = 0.25
PART_SHARES = (0.4, 0.6, 0.8)
"""Of the ground that straight lines without turns would sweep in the time: how much is tried."""
COUNTS: dict[Effort, tuple[int, ...]] = {
    Effort.FIRST: (),
    Effort.FAST: (8, 24),
    Effort.BEST: (4, 8, 16, 32, 64),
}
"""Blocks that a path is cut in to be flown in another order; forwards and backwards are always tried."""


@dataclass(frozen=True, slots=True, eq=False)
class Belief:
    """Where somebody may be, the sweep width there (m, above 0), and how long each drone may sweep (None: to the end),
    counted from the start of its sweep."""

    where: ProbabilityMap
    width_m: float
    minutes: float | None = None

    def __post_init__(self) -> None:
        positive("sweep_width_m", self.width_m)
        within("sweep_width_m", self.width_m, 0.0, 2000.0)
        if self.minutes is not None:
            within("minutes", self.minutes, 0.5, 600.0)


@dataclass(frozen=True, slots=True, eq=False)
class Likely:
    """The plan to fly, the plain plan it is compared with, both as flights in the map's frame, and the terms."""

    plan: SweepPlan
    plain: SweepPlan
    flights: tuple[Flight, ...]
    plain_flights: tuple[Flight, ...]
    terms: Terms

    @property
    def how(self) -> str:
        """What was done to the plain plan, in words."""
        return "; ".join(sorted({f.how for f in self.flights}))


def likely_plan(request: SweepRequest, belief: Belief, effort: Effort = Effort.FAST) -> Likely:
    """The best order found, verified. Deterministic. Raises Malformed as `plan_sweep` does."""
    ground = checked_area(request.area)
    plain = plan_sweep(request, effort)
    counts = COUNTS[effort] if request.drones <= ONE_PATH_DRONES else ()
    if request.drones > 1:
        counts = counts[-1:]
    pace, swath = request.pace, request.swath_m
    most_s = (1.0 + MOST_GROWTH) * plain.makespan_s if belief.minutes is None else belief.minutes * 60.0
    pod = float(pod_random(coverage_of_lines(belief.width_m, swath)))
    places = Places.of(belief.where, swath)
    terms = Terms(
        belief.where, coarsened(belief.where), places, pod, swath, pace, most_s, belief.minutes is not None, counts
    )
    here = belief.where.ground
    links = links_in(here.polygon, swath, pace)
    given = _flights(plain, request, terms)
    plans = [(plain, given), *_others(request, effort, plain, terms)]
    ways = [(made, way) for made, flights in plans for way in options(flights, links, terms)]
    ways.sort(key=lambda w: terms.rank(w[1]))
    for made, way in ways:
        chosen = _verified(request, ground, made, way, terms)
        if chosen is not None:
            return Likely(chosen, plain, way, given, terms)
    raise Malformed("--minutes", f"{belief.minutes} min are too short for any of this plan", "give more minutes")


def _others(
    request: SweepRequest, effort: Effort, plain: SweepPlan, terms: Terms
) -> list[tuple[SweepPlan, tuple[Flight, ...]]]:
    """Further plans that may find sooner: plain lines, whose cells and lines re-order best; and under a limit of time
    sweeps of the likeliest part of the area alone, about as large as the time allows."""
    found = []
    lines = plain if request.plain or request.drones > 1 else plan_sweep(replace(request, plain=True), effort)
    if terms.counts and lines is not plain:
        found.append((lines, _flights(lines, request, terms)))
    frame = terms.where.ground.grid.frame
    reach_m2 = request.drones * terms.most_s * request.speed_mps * request.swath_m
    for share in PART_SHARES if terms.cut else ():
        part = likeliest_part(terms.coarse, share * reach_m2)
        try:
            alone = None if part is None else plan_sweep(replace(request, area=area_in(part, frame)), Effort.FIRST)
        except Malformed:
            continue
        if alone is not None:
            ways = _flights(alone, request, terms)
            found.append((alone, tuple(replace(f, how="the likeliest part alone") for f in ways)))
    return found


def _flights(plan: SweepPlan, request: SweepRequest, terms: Terms) -> tuple[Flight, ...]:
    """The paths of a plan in the map's frame."""
    frame = terms.where.ground.grid.frame
    homes = _homes(request, terms)
    lonlat = [np.array([[p.lon_deg, p.lat_deg] for p in s.path]) for s in plan.paths]
    return tuple(
        Flight(frame.to_xy_many(path), s.drone, homes[s.drone]) for s, path in zip(plan.paths, lonlat, strict=True)
    )


def _homes(request: SweepRequest, terms: Terms) -> tuple[tuple[float, float] | None, ...]:
    frame = terms.where.ground.grid.frame
    return tuple(None if h is None else frame.to_xy(h) for h in request.homes) or (None,) * request.drones


def _verified(
    request: SweepRequest, ground: CheckedArea, made: SweepPlan, way: tuple[Flight, ...], terms: Terms
) -> SweepPlan | None:
    """The plan of an order once other code has measured it; None when it leaves the area or covers less than asked
    (what time cuts off may be missing)."""
    frame = terms.where.ground.grid.frame
    swept, flown = [], []
    for flight in way:
        lonlat = frame.to_lonlat_many(flight.path)
        path = ground.frame.to_xy_many(lonlat)
        flown.append(path)
        places = tuple(LatLon(float(lat), float(lon)) for lon, lat in lonlat)
        swept.append(SweepPath(flight.drone, places, length_m(path), flight_s(path, request.pace)))
    verdict = judge(ground.polygon, tuple(flown), request.swath_m)
    if not verdict.passes(0.0 if terms.cut else request.cover):
        return None
    swept.sort(key=lambda s: s.drone)
    least = ground.polygon.area / request.swath_m
    length, time = sum(s.length_m for s in swept), sum(s.time_s for s in swept)
    ratios = {"length_ratio": length / least, "time_ratio": time * request.speed_mps / least}
    return replace(made, paths=tuple(swept), cover=verdict.cover, **ratios)
