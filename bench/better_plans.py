"""First plans, and what more seconds make of them: each area, one drone, in a process that has planned before.

usage: python -m bench.better_plans [--areas ../shared/bench/planning/areas_dev.geojson]
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from shapely.geometry import shape

from bench.random_areas import area_of, broken
from flightops.planning.sweep import Effort, SweepRequest, better_plans, plan_sweep

USUAL = Path("../shared/bench/planning/areas_dev.geojson")


def main() -> int:
    """One line an area; 1 when a plan was slower than one before it, or broke a promise."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--areas", type=Path, default=USUAL)
    wrong, firsts = 0, []
    for k, feature in enumerate(json.loads(asked.parse_args().areas.read_text())["features"]):
        request = SweepRequest(area_of(shape(feature["geometry"])), feature["properties"]["swath_m"])
        if k == 0:
            plan_sweep(request, Effort.FIRST)  # so that loading code counts for nobody
        began, told, last = time.perf_counter(), [], np.inf
        for plan in better_plans(request):
            told.append(f"{time.perf_counter() - began:5.2f} s: {plan.makespan_s:7.0f} s")
            wrong += plan.makespan_s > last or bool(broken(request, plan))
            last = plan.makespan_s
        firsts.append(float(told[0].split()[0]))
        print(f"{feature['properties']['id']:22s} {' -> '.join(told)}", flush=True)
    print(
        f"first plans after {np.mean(firsts):.2f} s on average, {np.max(firsts):.2f} at most; worse or broken: {wrong}"
    )
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
