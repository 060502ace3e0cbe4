"""`make bench`: the short benchmarks, one after the other; each stands for itself as `python -m bench.NAME`.

Left out, since they take an hour, a screen or a package index: bench.forest (twenty flights), bench.forest_look (ten
sweeps, offline), bench.pictures (the map's screenshots), bench.planning (our plans beside other planners').
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SHORT = ("sitl_render", "sitl_vehicles", "vision_pipeline", "demo_cost")
SHARED = Path("../shared/bench/planning/score.py")


def main() -> int:
    commands = [[sys.executable, "-m", f"bench.{name}"] for name in SHORT]
    if SHARED.exists():
        commands.append([sys.executable, str(SHARED), "--airground", str(Path(sys.executable).with_name("airground"))])
    failed = 0
    for command in commands:
        print(f"\n== {' '.join(command[1:])}", flush=True)
        failed += subprocess.run(command, check=False).returncode != 0
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
