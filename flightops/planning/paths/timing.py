"""How long a path takes: straight runs from rest to rest, a pause at each turn, shallow bends flown through.

The model is that of bench/planning/evaluate.py: a corner is flown through when the widest arc that fits between
the neighbouring corners and passes within CUT_M of it has a radius of at least v^2 / a. A steady wind adds to each
leg what its ground speed, the nose held into the wind, makes it longer or shorter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from core.errors import Malformed
from core.geo import Floats
from core.units import positive, within

CUT_M = 1.0
SIMPLIFY_M = 0.3
STILL = (0.0, 0.0)
"""No wind."""
MOST_WIND_SHARE = 0.8
"""Of the airspeed: in a stronger wind a drone hardly comes home against it."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Cruise speed through the air m/s, acceleration m/s^2, seconds lost standing at a turn; what the air itself moves
    by, m/s along x and y of the path's frame (east and north)."""

    speed_mps: float = 12.0
    accel_mps2: float = 3.0
    turn_s: float = 2.0
    wind_mps: tuple[float, float] = STILL

    def __post_init__(self) -> None:
        within("speed_mps", self.speed_mps, 0.5, 30.0)
        within("accel_mps2", self.accel_mps2, 0.2, 20.0)
        within("turn_s", self.turn_s, 0.0, 60.0)
        wind = math.hypot(*self.wind_mps)
        if not wind <= MOST_WIND_SHARE * self.speed_mps:
            raise Malformed(
                "wind_mps",
                f"{wind:.1f} m/s against {self.speed_mps:g} m/s of airspeed",
                f"fly faster, or wait until it is under {MOST_WIND_SHARE * self.speed_mps:.1f} m/s",
            )

    @property
    def ramp_s(self) -> float:
        """What starting from rest and stopping again costs a long run, s."""
        return self.speed_mps / self.accel_mps2

    def run_s(self, length_m: Floats) -> Floats:
        """Flight time of straight runs from rest to rest, s."""
        length = np.asarray(length_m, dtype=np.float64)
        short = 2.0 * np.sqrt(np.maximum(length, 0.0) / self.accel_mps2)
        return np.where(length >= self.speed_mps * self.ramp_s, length / self.speed_mps + self.ramp_s, short)

    def drift_s(self, step_m: Floats) -> Floats:
        """How much longer than in still air legs (..., 2) take that are flown steadily, s: by (a^2 - w^2) / a on the
        mean along the wind, by sqrt(a^2 - w^2) across it, for airspeed a and wind w."""
        x, y = self.wind_mps
        if x == y == 0.0:
            return np.zeros(step_m.shape[:-1])
        length = np.maximum(np.hypot(step_m[..., 0], step_m[..., 1]), 1e-12)
        along = (step_m[..., 0] * x + step_m[..., 1] * y) / length
        across = (step_m[..., 0] * y - step_m[..., 1] * x) / length
        ground = along + np.sqrt(self.speed_mps**2 - across**2)
        drift: Floats = length * (1.0 / ground - 1.0 / self.speed_mps)
        return drift

    def carried_s(self, step_m: Floats) -> Floats:
        """What a displacement (..., 2) gains by the wind on whatever way it is flown, s; flown back it loses as much.

        `drift_s` and this together are the same both ways: the mean of a way out and back, sqrt(h d^2 + (d.w)^2) / h
        less d / a for h = a^2 - w^2. So what is the quickest way hangs on that alone.
        """
        x, y = self.wind_mps
        gain: Floats = (step_m[..., 0] * x + step_m[..., 1] * y) / (self.speed_mps**2 - x * x - y * y)
        return gain

    def slower_s_m(self, way_rad: Floats) -> Floats:
        """Mean of both ways along a direction: how much longer than in still air a metre takes, s."""
        unit = np.stack([np.cos(way_rad), np.sin(way_rad)], axis=-1)
        mean: Floats = (self.drift_s(unit) + self.drift_s(-unit)) / 2.0
        return mean

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


def runs(path: Floats, pace: Pace) -> tuple[Floats, Floats]:
    """Lengths, m, and flight times, s, of the runs between turns of an (n, 2) path; empty under two distinct points."""
    kept = path[np.concatenate([[True], np.hypot(*np.diff(path, axis=0).T) > 1e-6])] if len(path) else path
    if len(kept) < 2:
        return np.zeros(0), np.zeros(0)
    line = shapely.simplify(shapely.linestrings(kept), SIMPLIFY_M, preserve_topology=False)
    step = np.diff(shapely.get_coordinates(line), axis=0)
    legs = np.hypot(step[:, 0], step[:, 1])
    way = np.arctan2(step[:, 1], step[:, 0])
    bend = np.abs((np.diff(way) + np.pi) % (2.0 * np.pi) - np.pi)
    stops = np.flatnonzero(~flown_through(legs[:-1], legs[1:], bend, pace))
    starts = np.concatenate([[0], stops + 1])
    lengths = np.add.reduceat(legs, starts)
    return lengths, pace.run_s(lengths) + np.add.reduceat(pace.drift_s(step), starts)


def runs_m(path: Floats, pace: Pace) -> Floats:
    """Lengths of the runs between turns of an (n, 2) path, m; empty under two distinct points."""
    return runs(path, pace)[0]


def reached_s(path: Floats, at_m: Floats, pace: Pace) -> Floats:
    """When places `at_m` along an (n, 2) path are reached, s after its start: speeding up and slowing down in each run
    as `flight_s` counts it, pauses at turns included; what the wind adds to a run is spread over it."""
    lengths, times = runs(path, pace)
    ends = np.cumsum(lengths)
    along = np.clip(np.asarray(at_m, dtype=np.float64) * (ends[-1] / max(length_m(path), 1e-9)), 0.0, ends[-1])
    k = np.minimum(np.searchsorted(ends, along, side="left"), len(lengths) - 1)
    length, done = lengths[k], along - (ends - lengths)[k]
    ramp = np.minimum(pace.speed_mps**2 / (2.0 * pace.accel_mps2), length / 2.0)

    def from_rest(x: Floats) -> Floats:
        return np.asarray(np.sqrt(2.0 * np.clip(x, 0.0, None) / pace.accel_mps2))

    speeding = np.where(done < ramp, from_rest(done), from_rest(ramp) + (done - ramp) / pace.speed_mps)
    in_run = np.where(done > length - ramp, pace.run_s(length) - from_rest(length - done), speeding)
    drift = (times - pace.run_s(lengths))[k] * done / np.maximum(length, 1e-9)
    starts = np.concatenate([[0.0], np.cumsum(times + pace.turn_s)[:-1]])
    return np.asarray(starts[k] + in_run + drift)


def flight_s(path: Floats, pace: Pace) -> float:
    """Flight time of an (n, 2) path from rest to rest, s."""
    times = runs(path, pace)[1]
    return float(times.sum() + pace.turn_s * max(len(times) - 1, 0))


def length_m(path: Floats) -> float:
    """Length of an (n, 2) path, m."""
    return float(np.hypot(*np.diff(path, axis=0).T).sum()) if len(path) > 1 else 0.0
