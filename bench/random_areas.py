"""Random areas, planned and judged: what leaves the area, what is covered, what is refused and in what words.

usage: python -m bench.random_areas [--count 20000] [--first 0] [--workers 2] [--effort first]

Every seed is one area of some family (stars with holes, corridors, combs, joined boxes, bitten shapes, slivers, spikes:
5 m to 6 km wide, turned and stretched) and one request (swath, cover, drones, margin, wind, plain lines or not). Plans
are judged from their places alone, in another map frame than they were made in, by a plain union of buffered legs.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import Polygon
from shapely.affinity import rotate, scale
from shapely.geometry.base import BaseGeometry

from core.errors import Malformed
from core.geo import Area, Floats, LatLon, LocalFrame
from flightops.planning.sweep import Effort, SweepPlan, SweepRequest, plan_sweep

FRAME = LocalFrame(LatLon(28.8885, 120.036))
ELSEWHERE = LocalFrame(LatLon(28.9, 120.05))
SEGS = 64
OFF_M = 0.02
COVER_OFF = 3e-5
Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a seed: family; "planned", the field refused, or what was broken; in words; s of planning."""

    seed: int
    family: str
    what: str
    detail: str
    seconds: float


def ring(rng: Random, corners: int, reach_m: float, least: float) -> Floats:
    """A star-shaped ring (n, 2) round the origin."""
    around = (np.arange(corners) + rng.uniform(0.05, 0.95, corners)) * 2 * np.pi / corners
    return (reach_m * rng.uniform(least, 1.0, corners))[:, None] * np.column_stack([np.cos(around), np.sin(around)])


def stars(rng: Random) -> BaseGeometry:
    """A star with up to five star-shaped holes, some of them touching one another or the outline."""
    outline = Polygon(ring(rng, int(rng.integers(3, 16)), 300.0, float(rng.uniform(0.1, 0.95))))
    for _ in range(int(rng.integers(0, 6))):
        hole = Polygon(ring(rng, int(rng.integers(3, 8)), float(rng.uniform(5, 90)), 0.4) + rng.uniform(-200, 200, 2))
        outline = outline.difference(hole)
    return outline


def corridors(rng: Random) -> BaseGeometry:
    """A wandering line made wide: bends, loops, holes."""
    way = np.cumsum(rng.normal(0.0, rng.uniform(0.2, 1.4), int(rng.integers(3, 12))))
    line = np.cumsum(np.column_stack([np.cos(way), np.sin(way)]) * rng.uniform(30, 200, (len(way), 1)), axis=0)
    return shapely.buffer(shapely.linestrings(line), rng.uniform(4, 60), quad_segs=int(rng.integers(1, 5)))


def combs(rng: Random) -> BaseGeometry:
    """A back with teeth of random widths, lengths and gaps."""
    parts, x = [], 0.0
    for _ in range(int(rng.integers(2, 8))):
        wide = float(rng.uniform(5, 80))
        parts.append(shapely.box(x, 0.0, x + wide, rng.uniform(60, 400)))
        x += wide + float(rng.uniform(1, 60))
    return shapely.union_all([*parts, shapely.box(0.0, 0.0, x, rng.uniform(5, 80))])


def boxes(rng: Random) -> BaseGeometry:
    """Boxes joined, some of them turned: courts, notches, narrow doors."""
    found = []
    for _ in range(int(rng.integers(1, 9))):
        (x, y), (w, h) = rng.uniform(-150, 150, 2), rng.uniform(20, 260, 2)
        found.append(rotate(shapely.box(x, y, x + w, y + h), rng.choice([0.0, 0.0, rng.uniform(0, 90)])))
    return shapely.union_all(found)


def bitten(rng: Random) -> BaseGeometry:
    """A hull with round and square bites out of it."""
    shape = shapely.multipoints(rng.uniform(-300, 300, (int(rng.integers(4, 20)), 2))).convex_hull
    for _ in range(int(rng.integers(1, 7))):
        bite = shapely.Point(rng.uniform(-300, 300, 2)).buffer(rng.uniform(5, 120), quad_segs=int(rng.integers(1, 6)))
        shape = shape.difference(bite)
    return shape


def slivers(rng: Random) -> BaseGeometry:
    """Long and thin, straight or bent a little."""
    ends = np.array([[0.0, 0.0], [rng.uniform(50, 600), rng.uniform(-60, 60)], [rng.uniform(600, 900), 0.0]])
    return shapely.buffer(shapely.linestrings(ends), rng.uniform(0.6, 8.0), cap_style="flat", join_style="mitre")


def spikes(rng: Random) -> BaseGeometry:
    """A blob with needles."""
    around = np.linspace(0, 2 * np.pi, int(rng.integers(12, 60)), endpoint=False)
    reach = 150 + 40 * np.sin(3 * around + rng.uniform(0, 6)) + (rng.uniform(0, 1, len(around)) < 0.15) * 250
    return Polygon(np.column_stack([np.cos(around), np.sin(around)]) * reach[:, None])


FAMILIES: dict[str, Callable[[Random], BaseGeometry]] = {
    f.__name__: f for f in (stars, corridors, combs, boxes, bitten, slivers, spikes)
}


def random_area(rng: Random) -> tuple[str, Polygon]:
    """A family's name and one connected area of it, in metres."""
    name = str(rng.choice(list(FAMILIES)))
    shape = FAMILIES[name](rng)
    size = math.exp(rng.uniform(math.log(0.05), math.log(8.0)))
    shape = rotate(scale(shape, size * rng.uniform(0.4, 1.0), size), rng.uniform(0, 360))
    parts = [p for p in shapely.get_parts(shapely.make_valid(shape)) if isinstance(p, Polygon)]
    return name, max(parts, key=lambda p: p.area)


def random_request(rng: Random, polygon: Polygon) -> SweepRequest:
    """A request for an area: mostly one drone and 99.5 %, now and then something else."""

    def now_and_then(usual: float, *others: float) -> float:
        return float(rng.choice(others)) if rng.uniform() < 0.2 else usual

    across = math.hypot(polygon.bounds[2] - polygon.bounds[0], polygon.bounds[3] - polygon.bounds[1])
    swath = float(np.clip(across * math.exp(rng.uniform(math.log(0.012), math.log(0.5))), 2.0, 300.0))
    wind = now_and_then(0.0, 4.0, 8.0)
    return SweepRequest(
        area_of(polygon),
        swath,
        drones=int(now_and_then(1, 2, 3, 5, 14)),
        cover=now_and_then(0.995, 0.9, 0.99, 0.999),
        plain=bool(now_and_then(0, 0, 1)),
        margin_m=now_and_then(0.0, 2.0, 10.0),
        wind_mps=(wind, 0.0),
    )


def area_of(polygon: Polygon) -> Area:
    """The area of a polygon in metres of FRAME."""

    def places(coords: object) -> tuple[LatLon, ...]:
        return tuple(LatLon(float(lat), float(lon)) for lon, lat in FRAME.to_lonlat_many(np.asarray(coords)[:-1]))

    return Area(places(polygon.exterior.coords), tuple(places(r.coords) for r in polygon.interiors))


def broken(request: SweepRequest, plan: SweepPlan) -> str:
    """What promise a plan breaks, in words; empty when it keeps them all."""
    area = Polygon(
        [ELSEWHERE.to_xy(p) for p in request.area.outer], [[ELSEWHERE.to_xy(p) for p in h] for h in request.area.holes]
    )
    paths = [np.array([ELSEWHERE.to_xy(p) for p in s.path]) for s in plan.paths]
    legs = shapely.linestrings(np.concatenate([np.stack([p[:-1], p[1:]], axis=1) for p in paths]))
    outside = float(shapely.length(shapely.difference(legs, shapely.buffer(area, OFF_M))).sum())
    if outside > 0.0:
        return f"{outside:.3f} m outside or in a no-fly zone"
    seen = shapely.union_all(shapely.buffer(legs, request.swath_m / 2.0, quad_segs=SEGS)).intersection(area)
    asked, got = request.cover * plan.in_reach, seen.area / area.area
    if got < asked - COVER_OFF:
        return f"{got:.5f} of {asked:.5f} covered"
    return "" if plan.cover <= got + COVER_OFF else f"told {plan.cover:.5f}, measured {got:.5f}"


def outcome(seed: int, effort: Effort = Effort.FIRST) -> Outcome:
    """One seed planned and judged. What is raised beside Malformed is an outcome too: a crash."""
    rng = np.random.default_rng(seed)
    name, polygon = random_area(rng)
    began = time.process_time()
    try:
        request = random_request(rng, polygon)
        plan = plan_sweep(request, effort)
        seconds = time.process_time() - began
        wrong = broken(request, plan)
    except Malformed as refused:
        return Outcome(seed, name, f"refused: {refused.field}", str(refused), time.process_time() - began)
    except Exception as e:  # noqa: BLE001 - that nothing else is raised is what is measured
        return Outcome(seed, name, "crash", f"{type(e).__name__}: {e}", time.process_time() - began)
    return Outcome(seed, name, "broken" if wrong else "planned", wrong, seconds)


def main() -> int:
    """Plans `--count` seeds and prints what came of them; 1 when a plan broke a promise or anything crashed."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--count", type=int, default=20_000)
    asked.add_argument("--first", type=int, default=0)
    asked.add_argument("--workers", type=int, default=2)
    asked.add_argument("--effort", type=Effort, default=Effort.FIRST)
    a = asked.parse_args()
    found: list[Outcome] = []
    with ProcessPoolExecutor(a.workers) as pool:
        seeds = range(a.first, a.first + a.count)
        for one in pool.map(outcome, seeds, [a.effort] * a.count, chunksize=10):
            found.append(one)
            if one.what != "planned":
                print(f"{one.seed:6d} {one.family:10s} {one.what}: {one.detail}"[:240], flush=True)
            if len(found) % 500 == 0:
                print(f"-- {len(found)} of {a.count}", file=sys.stderr, flush=True)
    for what, many in Counter(o.what for o in found).most_common():
        print(f"{many:6d} {what}")
    times = np.array([o.seconds for o in found])
    print(f"s of processor time: mean {times.mean():.2f}, 99 % {np.quantile(times, 0.99):.2f}, most {times.max():.2f}")
    return int(any(o.what in ("broken", "crash") for o in found))


if __name__ == "__main__":
    sys.exit(main())
