"""Links between places that stay inside an area: straight where it can be, else bent round its reflex corners.

Ends must lie a hair inside `room`: sight is strict (a way that touches an edge is blocked). In wind a link's time is
the mean of both ways: what that leaves out is the same for every way between two places (`Pace.carried_s`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import shortest_path
from shapely import Polygon

from core.geo import Floats
from flightops.planning.cells.decompose import edges_of, reflex_corners
from flightops.planning.paths.timing import Pace
from flightops.planning.polish.native import in_sight

LEAST_SINE = 1e-6
"""However little a corner sticks in, ways along its edges bend there."""


@dataclass(frozen=True)
class Links:
    """Timed links inside `room`, bent at the reflex corners of `inner` (the same area, shrunk a hair more)."""

    room: Polygon
    inner: Polygon
    pace: Pace

    @cached_property
    def edges(self) -> Floats:
        """Edges of the room, (m, 2, 2)."""
        return edges_of(self.room)

    @cached_property
    def corners(self) -> Floats:
        """Corners a link may bend at, (r, 2)."""
        return reflex_corners(self.inner, LEAST_SINE)[0]

    @cached_property
    def _between(self) -> tuple[Floats, NDArray[np.int32]]:
        """Link time between corners, a turn at each far end included, and the predecessors of the best ways."""
        r = len(self.corners)
        i, j = np.triu_indices(r, 1)
        seen = in_sight(self.corners[i], self.corners[j], self.edges)
        cost = np.zeros((r, r))
        leg_s = self._legs_s(self.corners[i] - self.corners[j])
        cost[i, j] = cost[j, i] = np.where(seen, leg_s + self.pace.turn_s, 0.0)
        if r == 0:
            return cost, np.zeros((0, 0), dtype=np.int32)
        times, before = shortest_path(cost, directed=False, return_predecessors=True)
        return times, before

    def _legs_s(self, step_m: Floats) -> Floats:
        """Flight times of straight legs (n, 2) from rest to rest, the mean of both ways, s."""
        still_s = self.pace.run_s(np.hypot(*step_m.T))
        return still_s + (self.pace.drift_s(step_m) + self.pace.carried_s(step_m))

    def _to_corners(self, ends: Floats) -> Floats:
        """(n, 2) -> (n, r) time to each corner in sight, inf to others."""
        r = len(self.corners)
        a, b = np.repeat(ends, r, axis=0), np.tile(self.corners, (len(ends), 1))
        return np.where(in_sight(a, b, self.edges), self._legs_s(a - b), np.inf).reshape(len(ends), r)

    def times_s(self, a: Floats, b: Floats) -> Floats:
        """(n, 2), (m, 2) ends -> (n, m) link times with the turns between legs, not those at the ends; inf: none."""
        n, m = len(a), len(b)
        p, q = np.repeat(a, m, axis=0), np.tile(b, (n, 1))
        direct = np.where(in_sight(p, q, self.edges), self._legs_s(p - q), np.inf).reshape(n, m)
        if not len(self.corners):
            return direct
        via = _min_plus(self._to_corners(a), self._between[0]) + self.pace.turn_s
        return np.minimum(direct, _min_plus(via, self._to_corners(b).T))

    def ways(self, a: Floats, b: Floats) -> list[Floats]:
        """(n, 2) and (n, 2) ends -> the bends of each link, (k, 2), k = 0 when straight. Raises ValueError: no way."""
        out = [np.zeros((0, 2)) for _ in a]
        blocked = np.flatnonzero(~in_sight(a, b, self.edges))
        if not len(blocked):
            return out
        if not len(self.corners):
            raise ValueError("no way between two places of the area")
        for k, p, q in zip(blocked, self._to_corners(a[blocked]), self._to_corners(b[blocked]), strict=True):
            out[k] = self._bends(p, q)
        return out

    def _bends(self, from_a: Floats, from_b: Floats) -> Floats:
        """The corners of the best way between two ends, by their times (r,) to each corner."""
        times, before = self._between
        total = from_a[:, None] + times + from_b[None, :]
        first, last = np.unravel_index(int(np.argmin(total)), total.shape)
        if not np.isfinite(total[first, last]):
            raise ValueError("no way between two places of the area")
        chain = [int(last)]
        while chain[-1] != first:
            chain.append(int(before[first, chain[-1]]))
        return self.corners[chain[::-1]]


def _min_plus(a: Floats, b: Floats) -> Floats:
    """(n, k) and (k, m) -> (n, m) least sums."""
    out = np.full((len(a), b.shape[1]), np.inf)
    for k in range(a.shape[1]):
        np.minimum(out, a[:, k, None] + b[k][None, :], out=out)
    return out
