"""How long a path takes: straight runs from rest to rest, a pause at each turn, shallow bends flown through.

The model is that of bench/planning/evaluate.py: a corner is flown through when the widest arc that fits between
the neighbouring corners and passes within CUT_M of it has a radius of at least v^2 / a.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from core.geo import Floats
from core.units import positive, within

CUT_M = 1.0
SIMPLIFY_M = 0.3


@dataclass(frozen=True, slots=True)
class Pace:
    """Cruise speed m/s, acceleration m/s^2, seconds lost standing at a turn."""

    speed_mps: float = 12.0
    accel_mps2: float = 3.0
    turn_s: float = 2.0

    def __post_init__(self) -> None:
        within("speed_mps", self.speed_mps, 0.5, 30.0)
        within("accel_mps2", self.accel_mps2, 0.2, 20.0)
        within("turn_s", self.turn_s, 0.0, 60.0)

    @property
    def ramp_s(self) -> float:
        """What starting from rest and stopping again costs a long run, s."""
        return self.speed_mps / self.accel_mps2

    def run_s(self, length_m: Floats) -> Floats:
        """Flight time of straight runs from rest to rest, s."""
        length = np.asarray(length_m, dtype=np.float64)
        short = 2.0 * np.sqrt(np.maximum(length, 0.0) / self.accel_mps2)
        return np.where(length >= self.speed_mps * self.ramp_s, length / self.speed_mps + self.ramp_s, short)

    def line_s(self, swath_m: float) -> float:
        """What one more sweep line costs beside its length: its ramp, a link of one swath, two turns, s."""
        positive("swath_m", swath_m)
        return self.ramp_s + 2.0 * self.turn_s + float(self.run_s(np.array(swath_m)))


def flown_through(before_m: Floats, after_m: Floats, bend_rad: Floats, pace: Pace) -> NDArray[np.bool_]:
    """Whether corners between legs of `before_m` and `after_m` are flown without slowing; shape of the input."""
    half = np.clip(np.asarray(bend_rad) / 2.0, 5e-5, 1.5)
    fits = np.minimum(before_m, after_m) / 2.0 / np.tan(half)
    near = CUT_M / (1.0 / np.cos(half) - 1.0)
    wide = np.minimum(fits, near) >= pace.speed_mps**2 / pace.accel_mps2
    result: NDArray[np.bool_] = (np.asarray(bend_rad) < 1e-4) | (wide & (np.asarray(bend_rad) <= 3.0))
    return result


def runs_m(path: Floats, pace: Pace) -> Floats:
    """Lengths of the runs between turns of an (n, 2) path, m; empty under two distinct points."""
    kept = path[np.concatenate([[True], np.hypot(*np.diff(path, axis=0).T) > 1e-6])] if len(path) else path
    if len(kept) < 2:
        return np.zeros(0)
    line = shapely.simplify(shapely.linestrings(kept), SIMPLIFY_M, preserve_topology=False)
    step = np.diff(shapely.get_coordinates(line), axis=0)
    legs = np.hypot(step[:, 0], step[:, 1])
    way = np.arctan2(step[:, 1], step[:, 0])
    bend = np.abs((np.diff(way) + np.pi) % (2.0 * np.pi) - np.pi)
    stops = np.flatnonzero(~flown_through(legs[:-1], legs[1:], bend, pace))
    return np.add.reduceat(legs, np.concatenate([[0], stops + 1]))


def reached_s(path: Floats, at_m: Floats, pace: Pace) -> Floats:
    """When places `at_m` along an (n, 2) path are reached, s after its start: speeding up and slowing down in each run
    as `flight_s` counts it, pauses at turns included."""
    runs = runs_m(path, pace)
    ends = np.cumsum(runs)
    along = np.clip(np.asarray(at_m, dtype=np.float64) * (ends[-1] / max(length_m(path), 1e-9)), 0.0, ends[-1])
    k = np.minimum(np.searchsorted(ends, along, side="left"), len(runs) - 1)
    length, done = runs[k], along - (ends - runs)[k]
    ramp = np.minimum(pace.speed_mps**2 / (2.0 * pace.accel_mps2), length / 2.0)

    def from_rest(x: Floats) -> Floats:
        return np.asarray(np.sqrt(2.0 * np.clip(x, 0.0, None) / pace.accel_mps2))

    speeding = np.where(done < ramp, from_rest(done), from_rest(ramp) + (done - ramp) / pace.speed_mps)
    in_run = np.where(done > length - ramp, pace.run_s(length) - from_rest(length - done), speeding)
    starts = np.concatenate([[0.0], np.cumsum(pace.run_s(runs) + pace.turn_s)[:-1]])
    return np.asarray(starts[k] + in_run)


def flight_s(path: Floats, pace: Pace) -> float:
    """Flight time of an (n, 2) path from rest to rest, s."""
    runs = runs_m(path, pace)
    return float(pace.run_s(runs).sum() + pace.turn_s * max(len(runs) - 1, 0))


def length_m(path: Floats) -> float:
    """Length of an (n, 2) path, m."""
    return float(np.hypot(*np.diff(path, axis=0).T).sum()) if len(path) > 1 else 0.0
