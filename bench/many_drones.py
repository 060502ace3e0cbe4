"""A hundred drones over a hundred square kilometres with fifty no-fly zones: seconds, memory, what comes of it.

usage: python -m bench.many_drones [--drones 100] [--km2 100] [--holes 50] [--swath 40] [--effort first] [--seed 3]
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
import shapely
from shapely import Polygon

from bench.random_areas import area_of, broken, ring
from flightops.planning.sweep import Effort, SweepRequest, plan_sweep


def large_area(km2: float, holes: int, rng: np.random.Generator) -> Polygon:
    """A blob of about `km2` with star-shaped holes of 50 to 250 m that keep off one another and the outline."""
    reach_m = 1000.0 * np.sqrt(km2 / np.pi)
    shape = Polygon(ring(rng, 40, 1.2 * reach_m, 0.8))
    shape = shapely.affinity.scale(shape, *[float(np.sqrt(km2 * 1e6 / shape.area))] * 2, origin=(0, 0))
    cut: list[Polygon] = []
    while len(cut) < holes:
        hole = Polygon(ring(rng, 7, float(rng.uniform(50, 250)), 0.5) + rng.uniform(-reach_m, reach_m, 2))
        if hole.is_valid and shape.buffer(-50.0).contains(hole) and all(hole.distance(h) > 100.0 for h in cut):
            cut.append(hole)
    return Polygon(shape.exterior, [h.exterior for h in cut])


def main() -> None:
    """Plans once and prints one line."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, usual in (("drones", 100), ("holes", 50), ("seed", 3)):
        asked.add_argument(f"--{name}", type=int, default=usual)
    for name, usual in (("km2", 100.0), ("swath", 40.0)):
        asked.add_argument(f"--{name}", type=float, default=usual)
    asked.add_argument("--effort", type=Effort, default=Effort.FIRST)
    a = asked.parse_args()
    polygon = large_area(a.km2, a.holes, np.random.default_rng(a.seed))
    request = SweepRequest(area_of(polygon), a.swath, drones=a.drones)
    wall, cpu = time.perf_counter(), time.process_time()
    plan = plan_sweep(request, a.effort)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    most_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    times = np.array([p.time_s for p in plan.paths])
    print(f"{a.drones} drones, {polygon.area / 1e6:.1f} km2, {a.holes} holes, swath {a.swath:g} m, effort {a.effort}: "
          f"{wall:.1f} s ({cpu:.1f} s of processor), {most_mib:.0f} MiB at most, cover {plan.cover:.4%}, "
          f"longest {times.max() / 60:.1f} min, {times.max() / times.mean():.3f} of the mean, "
          f"time {plan.time_ratio:.3f} of the bound; {broken(request, plan) or 'every promise kept'}")  # fmt: skip


if __name__ == "__main__":
    main()
