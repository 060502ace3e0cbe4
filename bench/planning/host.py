"""What runs a peer, in the peer's own environment, with nothing of ours to import: one area in, its paths out.

usage: python -P host.py PEER.py   with {"rings": [[[x, y], ...], ...], "swath_m": w} on stdin

PEER.py defines `plan(rings, swath_m)`: rings in metres, the outer one first, none closed; it returns a list of
candidates, each a list of [x, y]. On stdout: {"candidates": [...], "import_s", "seconds", "cpu_s"}. What a peer itself
prints goes to stderr. `-P` keeps this folder off sys.path, where a script would hide the library it is named after.
"""

from __future__ import annotations

import contextlib
import json
import runpy
import sys
import time


def main() -> None:
    told = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):
        began = time.perf_counter()
        plan = runpy.run_path(sys.argv[1])["plan"]
        ready, cpu = time.perf_counter(), time.process_time()
        found = plan(told["rings"], told["swath_m"])
        seconds, cpu_s = time.perf_counter() - ready, time.process_time() - cpu
    paths = [[[float(x), float(y)] for x, y in path] for path in found]
    json.dump({"candidates": paths, "import_s": ready - began, "seconds": seconds, "cpu_s": cpu_s}, sys.stdout)


if __name__ == "__main__":
    main()
