"""A verified path cut into blocks and flown in another order: nothing of it is left out, only links are added.

Every block keeps the link behind it, so the new path sees at least the ground of the old one; links between blocks
stay inside the area (`paths/visibility.py`).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from core.geo import Floats
from flightops.planning.paths.timing import Pace, flight_s, length_m, runs_m
from flightops.planning.paths.verify import footprint
from flightops.planning.paths.visibility import Links
from flightops.planning.probability.area_map import ProbabilityMap
from flightops.planning.probability.order import MOST_LEGS, Leg, Run, best_order

LEAST_BLOCK_M = 1.0


def cut_at_turns(path: Floats, count: int, pace: Pace) -> tuple[Floats, ...]:
    """At most `count` stretches of the (n, 2) path with times as equal as cuts at its turns allow."""
    runs = runs_m(path, pace)
    scale = length_m(path) / max(float(runs.sum()), 1e-9)
    ends_m = np.cumsum(runs)[:-1] * scale
    ends_s = np.cumsum(pace.run_s(runs) + pace.turn_s)
    wanted = np.arange(1, count) * (ends_s[-1] / count)
    if not len(ends_m):
        return (path,)
    chosen = np.unique(np.abs(ends_s[:-1, None] - wanted[None, :]).argmin(axis=0))
    return cut_at(path, [float(ends_m[k]) for k in chosen])


def cut_at(path: Floats, places_m: list[float]) -> tuple[Floats, ...]:
    """The stretches of an (n, 2) path between places given in metres along it, rising."""
    at = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    bounds = [0.0, *places_m, float(at[-1])]
    return tuple(_stretch(path, at, a, b) for a, b in pairwise(bounds) if b - a >= LEAST_BLOCK_M)


def _stretch(path: Floats, at: Floats, start: float, end: float) -> Floats:
    inner = path[(at > start + 1e-6) & (at < end - 1e-6)]
    tips = np.stack([np.interp([start, end], at, path[:, k]) for k in (0, 1)], axis=1)
    return np.concatenate([tips[:1], inner, tips[1:]])


def joined(blocks: list[Floats], links: Links) -> Floats:
    """One path of blocks in their order, bent round corners between them. Raises ValueError where there is no way."""
    leave, enter = np.array([b[-1] for b in blocks]), np.array([b[0] for b in blocks])
    bends = [*links.ways(leave[:-1], enter[1:]), np.zeros((0, 2))]
    whole = np.concatenate([part for pair in zip(blocks, bends, strict=True) for part in pair])
    kept = np.concatenate([[True], np.hypot(*np.diff(whole, axis=0).T) > 1e-6])
    return np.asarray(whole[kept])


def reordered(blocks: tuple[Floats, ...], where: ProbabilityMap, swath_m: float, run: Run) -> list[Floats]:
    """The blocks, turned where that helps, in the order that finds most a minute (`order.py`), every one of them kept:
    those that do not end before the cap come last, as they were."""
    legs = [Leg(b, flight_s(b, run.pace), swath_m) for b in blocks]
    order = best_order(legs, where, run)
    first = [blocks[f.leg][::-1] if f.turned else blocks[f.leg] for f in order.legs]
    flown = {f.leg for f in order.legs}
    return [*first, *(b for k, b in enumerate(blocks) if k not in flown)]


def blocks_of(path: Floats, counts: tuple[int, ...], pace: Pace) -> list[tuple[Floats, ...]]:
    """Ways to cut a path, the coarsest first, each different from the others; those of one block are left out."""
    found: dict[int, tuple[Floats, ...]] = {}
    for count in counts:
        cut = cut_at_turns(path, min(count, MOST_LEGS), pace)
        found.setdefault(len(cut), cut)
    return [cut for size, cut in sorted(found.items()) if size > 1]


def stays_in(path: Floats, room: BaseGeometry) -> bool:
    """Whether a path stays on ground that is its own."""
    return bool(shapely.covers(room, shapely.linestrings(path)))


def own_ground(path: Floats, swath_m: float) -> BaseGeometry:
    """The ground of one drone's path: within half a swath of it."""
    return footprint((path,), swath_m, quad_segs=8)


def cut_off(path: Floats, time_s: float, pace: Pace) -> Floats | None:
    """The start of a path that is flown, to rest, in at most `time_s`; None when not even a metre is."""
    if flight_s(path, pace) <= time_s:
        return path
    low, high = 0.0, length_m(path)
    at = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    for _ in range(40):
        middle = (low + high) / 2.0
        fits = middle < LEAST_BLOCK_M or flight_s(_stretch(path, at, 0.0, middle), pace) <= time_s
        low, high = (middle, high) if fits else (low, middle)
    return _stretch(path, at, 0.0, low) if low >= LEAST_BLOCK_M else None
