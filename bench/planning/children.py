"""A planner in a process of its own, on the one core of the run: JSON in, JSON out, and an end to its patience."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a planner gave no answer."""

    why: str


def one_core() -> int | None:
    """Keep this process and all it starts on one core, the last allowed one; None where that cannot be had."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


def answer(command: Sequence[str], told: dict[str, Any], limit_s: float) -> dict[str, Any] | Failed:
    """What the command makes of `told`, in at most `limit_s` seconds."""
    try:
        ran = subprocess.run(
            command,
            input=json.dumps(told),
            capture_output=True,
            text=True,
            timeout=limit_s,
            env={**os.environ, **ONE_THREAD},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Failed(f"no answer within {limit_s:g} s")
    if ran.returncode:
        return Failed(last_line(ran.stderr) or f"ended with {ran.returncode}")
    try:
        said = json.loads(ran.stdout)
    except ValueError:
        return Failed("its answer is not JSON")
    return said if isinstance(said, dict) else Failed("its answer is no object")


def last_line(text: str) -> str:
    """The last line that says something, shortened."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:160] if lines else ""
