"""The forest scenario over seeds and autopilots, one flight after the other in real time; prints a row each.

usage: python -m bench.forest [--seeds 1-10] [--autopilots px4,ardupilot] [--scenario forest] [--out DIR]
Figure to compare: 94 s, from a police report that gives neither the area nor where its clock started.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

COLUMNS = ("person_found", "unit_arrived", "time_to_sighting_s", "time_from_take_off_to_sighting_s",
           "time_from_sector_entry_to_sighting_s", "sighting_error_m", "time_to_arrival_s", "time_to_found_s",
           "false_incidents_opened", "false_incidents")  # fmt: skip


def run(scenario: str, seed: int, autopilot: str, out: Path) -> dict[str, Any]:
    report = out / f"{scenario}-{autopilot}-{seed}.json"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "airground", "demo", "--headless", "--scenario", scenario, "--seed", str(seed)]
    command += ["--autopilot", autopilot, "--report", str(report), "--folder", str(out / f"{autopilot}-{seed}")]
    with (out / f"{scenario}-{autopilot}-{seed}.log").open("w") as log:
        subprocess.run(command, stdout=log, stderr=log, check=False)
    return json.loads(report.read_text()) if report.exists() else {}


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--seeds", default="1-10")
    ask.add_argument("--autopilots", default="px4,ardupilot")
    ask.add_argument("--scenario", default="forest")
    ask.add_argument("--out", type=Path, default=Path("var/bench-forest"))
    told = ask.parse_args()
    first, _, last = told.seeds.partition("-")
    told.out.mkdir(parents=True, exist_ok=True)
    print("autopilot seed", *COLUMNS)
    for autopilot in told.autopilots.split(","):
        rows = []
        for seed in range(int(first), int(last or first) + 1):
            row = run(told.scenario, seed, autopilot, told.out)
            rows.append(row)
            print(autopilot, seed, *(row.get(c, "-") for c in COLUMNS), flush=True)
        good = sum(bool(r.get("person_found") and r.get("unit_arrived")) for r in rows)
        times = [r["time_to_sighting_s"] for r in rows if r.get("time_to_sighting_s") is not None]
        median = f"{statistics.median(times):.1f}" if times else "-"
        left = sum(r.get("false_incidents", 0) for r in rows)
        print(f"{autopilot}: found and reached {good} of {len(rows)}; false incidents left open {left}; "
              f"median time to sighting {median} s; all {times}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
