"""Search planning measured: our planner at each effort and every peer, on the same areas, one core, one judge.

Prints one line a planner. LB = area / swath; time LB: flown at 12 m/s. A turn costs 2 s and starts from rest.
Safe: under 1 m flown outside the area and over holes. Cover by exact union. `ours/it`: our flight time (highest effort)
to its, on areas where it is safe and covers 99 %; ours is held to 99.5 %. Peers offer candidates of several settings;
the quickest safe one that covers 99.5 % counts (else 99 %, else the least bad), and their seconds are for all of them.
Times to plan leave out imports, which are told apart. Peers are installed on first use, each in an environment under
$XDG_CACHE_HOME (~/.cache)/airground/bench-peers; without a network they are reported as missing. Peers plan for one
drone: with --drones above 1 they are left out.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.planning.areas import USUAL, BenchArea, areas_from
from bench.planning.children import Failed, answer, one_core
from bench.planning.judged import best_of, scored
from bench.planning.roster import PEERS, Peer, cache, installed
from bench.planning.table import Entry, Row, against, document, table
from core.errors import Malformed

EFFORTS = ("first", "fast", "best")
ASTRAY = "nothing flown"


def main() -> int:
    told = options().parse_args()
    try:
        areas = areas_from(told.areas, tuple(told.only))
    except Malformed as error:
        print(f"bench.planning: {error}", file=sys.stderr)
        return 2
    core = one_core()
    print(f"{len(areas)} areas, {told.drones} drone(s), {'one core' if core is not None else 'cores as they come'}")
    entries = [
        Entry(f"ours, {e}", everywhere(areas, partial(own, effort=e, drones=told.drones, limit_s=told.limit)), True)
        for e in told.efforts
    ]
    chosen = [p for p in PEERS if p.name in told.peers] if told.drones == 1 else []
    entries += [beside(p, areas, told.limit) for p in chosen]
    print("\n" + table(entries, told.drones))
    if chosen and told.efforts:
        print("\n" + against(entries) + "\n")
    for peer in chosen:
        print(f"{peer.name}: {peer.pins[0]}, licence {peer.licence}; {peer.settings}")
    failures(entries)
    if told.json is not None:
        told.json.write_text(json.dumps(document(entries, told.drones), indent=1))
    return min(sum(r.score is None or not r.score.safe_at(0.995) for e in entries if e.ours for r in e.rows), 1)


def options() -> argparse.ArgumentParser:
    ask = argparse.ArgumentParser(
        prog="python -m bench.planning", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [p.name for p in PEERS]
    ask.add_argument("--areas", type=Path, metavar="FILE", help=f"GeoJSON polygons in metres (usual: {USUAL})")
    ask.add_argument("--only", nargs="+", default=[], metavar="NAME", help="areas whose names start so")
    ask.add_argument("--efforts", nargs="*", default=EFFORTS, choices=EFFORTS, help="of ours (all)")
    ask.add_argument(
        "--peers", nargs="*", default=names, choices=names, metavar="PEER", help=f"{', '.join(names)} (all)"
    )
    ask.add_argument("--drones", type=int, default=1, metavar="N", help="ours alone, with makespan and balance")
    ask.add_argument("--limit", type=float, default=120.0, metavar="S", help="seconds a planner has for an area")
    ask.add_argument("--json", type=Path, metavar="FILE", help="write every figure of every area there")
    return ask


def everywhere(areas: list[BenchArea], plan: Callable[[BenchArea], Row]) -> tuple[Row, ...]:
    """One planner on all areas, with a dot on stderr for each."""
    rows = []
    for area in areas:
        rows.append(plan(area))
        print("." if rows[-1].score else "x", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return tuple(rows)


def own(area: BenchArea, effort: str, drones: int, limit_s: float) -> Row:
    """Our planner on an area."""
    wish = {"rings": area.rings, "swath_m": area.swath_m, "effort": effort, "drones": drones}
    said = answer([sys.executable, "-m", "bench.planning.ours"], wish, limit_s)
    if isinstance(said, Failed):
        return Row(area.name, None, said.why)
    cost = (said["seconds"], said["cpu_s"], said["import_s"], said["peak_mib"])
    return Row(area.name, scored(area, said["paths"]), ASTRAY, *cost)


def beside(peer: Peer, areas: list[BenchArea], limit_s: float) -> Entry:
    """A peer on all areas."""
    python = installed(peer, cache())
    if isinstance(python, Failed):
        return Entry(peer.name, tuple(Row(a.name, None, python.why) for a in areas))
    return Entry(peer.name, everywhere(areas, lambda area: theirs(area, peer.command(python), limit_s)))


def theirs(area: BenchArea, command: list[str], limit_s: float) -> Row:
    """A peer on an area: the best of its candidates."""
    said = answer(command, {"rings": area.rings, "swath_m": area.swath_m}, limit_s)
    if isinstance(said, Failed):
        return Row(area.name, None, said.why)
    return Row(area.name, best_of(area, said["candidates"]), ASTRAY, said["seconds"], said["cpu_s"], said["import_s"])


def failures(entries: list[Entry]) -> None:
    """Name the areas without a path, one line a planner and reason."""
    for entry in entries:
        why: dict[str, list[str]] = {}
        for row in entry.rows:
            if row.score is None:
                why.setdefault(row.error, []).append(row.area)
        for reason, names in why.items():
            print(f"{entry.planner}: {reason} ({', '.join(names)})")


if __name__ == "__main__":
    sys.exit(main())
