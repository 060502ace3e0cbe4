"""How to share flight time among sectors so that the search most likely finds (Koopman 1980; Stone, Theory of Optimal
Search, 1975).

A sector's coverage grows with its rate W v / A, so POS = sum of p POD(rate t). With POD concave the best shares have
one marginal gain p rate POD'(rate t) in common, the multiplier, wherever any time is spent, and no more elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import Malformed
from core.geo import Floats
from core.units import positive, within
from flightops.planning.probability.detection import RANDOM, PodCurve

ROUNDS_OUTER = 200
ROUNDS_INNER = 64


@dataclass(frozen=True, slots=True)
class EffortSector:
    """Ground searched as one: probability (POA) 0 to 1, area, sweep width there and speed over ground while sweeping.

    A width of 0 means that nobody is seen there.
    """

    probability: float
    area_m2: float
    width_m: float
    speed_mps: float

    def __post_init__(self) -> None:
        within("sector.probability", self.probability, 0.0, 1.0)
        positive("sector.area_m2", self.area_m2)
        within("sector.width_m", self.width_m, 0.0, 10_000.0)
        positive("sector.speed_mps", self.speed_mps)

    @property
    def rate_per_s(self) -> float:
        """Coverage gained a second, W v / A."""
        return self.width_m * self.speed_mps / self.area_m2


@dataclass(frozen=True, slots=True)
class Effort:
    """Time in each sector, s, in the order of the sectors; coverage and POD it buys there; POS of all together.

    `multiplier`: POS gained by one more second, 1/s, best spent.
    """

    times_s: tuple[float, ...]
    coverages: tuple[float, ...]
    pods: tuple[float, ...]
    pos: float
    multiplier: float


def best_effort(sectors: Sequence[EffortSector], total_s: float) -> Effort:
    """The best shares of `total_s` under 1 - exp(-C): exact, in closed form.

    Sectors sorted by p rate are filled in turn: with the first k in use, ln(multiplier) = (sum ln(p rate) / rate -
    total) / sum 1 / rate; the right k is the largest whose own p rate lies above the multiplier. Raises Malformed when
    no sector has both probability and width, or `total_s` is not above 0.
    """
    p, rate = _checked(sectors, total_s)
    worth = p * rate
    used = np.flatnonzero(worth > 0.0)
    used = used[np.argsort(-worth[used], kind="stable")]
    log_worth, per_rate = np.log(worth[used]), 1.0 / rate[used]
    levels = (np.cumsum(log_worth * per_rate) - total_s) / np.cumsum(per_rate)
    level = float(levels[np.flatnonzero(log_worth >= levels)[-1]])
    times = np.zeros(len(p))
    times[used] = np.maximum(log_worth - level, 0.0) * per_rate
    return _effort(sectors, _summing(times, worth, total_s), RANDOM)


def best_effort_for(sectors: Sequence[EffortSector], total_s: float, curve: PodCurve) -> Effort:
    """The best shares of `total_s` under any concave POD curve, by bisection on the multiplier.

    Where the curve has straight parts, several shares are equally good; one of them comes back. Raises Malformed like
    `best_effort`.
    """
    p, rate = _checked(sectors, total_s)
    low, high = 0.0, float((p * rate * curve.slope(np.zeros(len(p)))).max())
    short, long = np.zeros(len(p)), np.where(p * rate > 0.0, total_s, 0.0)
    for _ in range(ROUNDS_OUTER):
        middle = (low + high) / 2.0
        if middle in (low, high):
            break
        times = _times_at(middle, p, rate, total_s, curve)
        if times.sum() > total_s:
            low, long = middle, times
        else:
            high, short = middle, times
    spare = long.sum() - short.sum()
    share = (total_s - short.sum()) / spare if spare > 0.0 else 0.0
    return _effort(sectors, _summing(short + share * (long - short), p * rate, total_s), curve)


def equal_effort(sectors: Sequence[EffortSector], total_s: float, curve: PodCurve = RANDOM) -> Effort:
    """The same time in every sector, to compare with."""
    p, _ = _checked(sectors, total_s)
    return _effort(sectors, np.full(len(p), total_s / len(p)), curve)


def effort_of(sectors: Sequence[EffortSector], times_s: Sequence[float], curve: PodCurve = RANDOM) -> Effort:
    """What given times, s, one a sector, buy."""
    times = np.array(times_s, dtype=np.float64)
    if times.shape != (len(sectors),) or not ((times >= 0.0) & np.isfinite(times)).all():
        raise Malformed("times_s", f"{times.size} times for {len(sectors)} sectors", "give one of 0 or more a sector")
    return _effort(sectors, times, curve)


def _times_at(multiplier: float, p: Floats, rate: Floats, total_s: float, curve: PodCurve) -> Floats:
    """The longest times, at most `total_s` each, at which every sector still gains the multiplier."""
    low, high = np.zeros(len(p)), np.full(len(p), total_s)
    ends = p * rate * curve.slope(rate * high) >= multiplier
    starts = p * rate * curve.slope(rate * low) >= multiplier
    for _ in range(ROUNDS_INNER):
        middle = (low + high) / 2.0
        gains = p * rate * curve.slope(rate * middle) >= multiplier
        low, high = np.where(gains, middle, low), np.where(gains, high, middle)
    found: Floats = np.where(ends & (p * rate > 0.0), total_s, np.where(starts, low, 0.0))
    return found


def _checked(sectors: Sequence[EffortSector], total_s: float) -> tuple[Floats, Floats]:
    """Probabilities and rates of coverage (1/s), one a sector."""
    positive("total_s", total_s)
    p = np.array([s.probability for s in sectors], dtype=np.float64)
    rate = np.array([s.rate_per_s for s in sectors], dtype=np.float64)
    if p.sum() > 1.0 + 1e-6:
        raise Malformed("sectors", f"their probabilities sum to {p.sum():g}", "let them sum to at most 1")
    if not (p * rate > 0.0).any():
        fix = "give one of them a probability and a sweep width above 0"
        raise Malformed("sectors", "nobody can be found in any of them", fix)
    return p, rate


def _summing(times: Floats, worth: Floats, total_s: float) -> Floats:
    """Times that are off the total by rounding alone, scaled to it; all to the worthiest when rounding ate them."""
    whole = float(times.sum())
    if whole > 0.0:
        return times * (total_s / whole)
    return np.where(np.arange(len(worth)) == np.argmax(worth), total_s, 0.0)


def _effort(sectors: Sequence[EffortSector], times: Floats, curve: PodCurve) -> Effort:
    p = np.array([s.probability for s in sectors])
    rate = np.array([s.rate_per_s for s in sectors])
    c = rate * times
    pod = curve.pod(c)
    gain = p * rate * curve.slope(c)
    return Effort(
        tuple(times.tolist()), tuple(c.tolist()), tuple(pod.tolist()), float((p * pod).sum()), float(gain.max())
    )
