"""Wind gusts and sensor errors: first-order Gauss-Markov noise from a given generator. Pure but for the generator."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sitl.vehicle.spec import SensorErrors, Wind

GUST_TIME_S = 3.0
GNSS_TIME_S = 20.0


@dataclass(frozen=True, slots=True)
class Wander:
    """Correlated noise on three axes."""

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0

    def later(self, sigma: float, time_s: float, dt_s: float, rng: np.random.Generator) -> Wander:
        """The noise dt_s later: standard deviation sigma, correlation time time_s."""
        if sigma == 0.0:
            return self
        keep = math.exp(-dt_s / time_s)
        kick = sigma * math.sqrt(1.0 - keep * keep)
        a, b, c = rng.standard_normal(3).tolist()
        return Wander(self.x * keep + kick * a, self.y * keep + kick * b, self.z * keep + kick * c)


STILL = Wander()


def gusting(gust: Wander, wind: Wind, dt_s: float, rng: np.random.Generator) -> Wander:
    """The gust dt_s later, m/s east and north (z unused)."""
    return gust.later(wind.gust_mps, GUST_TIME_S, dt_s, rng)


def drifting(offset: Wander, errors: SensorErrors, dt_s: float, rng: np.random.Generator) -> Wander:
    """The GNSS wander dt_s later, m east, north, up (the constant offset not included)."""
    return offset.later(errors.gnss_sigma_m, GNSS_TIME_S, dt_s, rng)
