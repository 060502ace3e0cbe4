"""Our planner on one area in a fresh process, so that its memory and its import are its own.

usage: python -m bench.planning.ours   with {"rings", "swath_m", "effort", "drones"} in metres on stdin
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

ORIGIN_DEG = (28.8885, 120.036)
"""Where areas in metres are laid on the Earth, latitude and longitude."""


def main() -> None:
    told = json.load(sys.stdin)
    began = time.perf_counter()
    import flightops.planning.sweep  # noqa: F401  the import is timed

    import_s = time.perf_counter() - began
    json.dump({"import_s": import_s, **planned(told), "peak_mib": peak_mib()}, sys.stdout)


def planned(told: dict[str, Any]) -> dict[str, Any]:
    """The paths in metres, and the seconds they took on the clock and on the processor."""
    import numpy as np

    from core.geo import Area, LatLon, LocalFrame
    from flightops.planning.sweep import Effort, SweepRequest, plan_sweep

    frame = LocalFrame(LatLon(*ORIGIN_DEG))
    rings = [tuple(frame.to_latlon(x, y) for x, y in ring) for ring in told["rings"]]
    request = SweepRequest(Area(rings[0], tuple(rings[1:])), told["swath_m"], drones=told["drones"])
    began, cpu = time.perf_counter(), time.process_time()
    plan = plan_sweep(request, Effort(told["effort"]))
    seconds, cpu_s = time.perf_counter() - began, time.process_time() - cpu
    lonlat = [np.array([(p.lon_deg, p.lat_deg) for p in share.path]) for share in plan.paths]
    return {"paths": [frame.to_xy_many(p).tolist() for p in lonlat], "seconds": seconds, "cpu_s": cpu_s}


def peak_mib() -> float:
    """The most memory this process has held, MiB. Linux keeps ru_maxrss across exec, so that is the parent's too."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return float(line.split()[1]) / 1024.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    main()
