"""Ways of an area, built once: between pieces inside it, and to and from homes round its holes.

Only ways that touch each corner they bend at are looked at (the reduced visibility graph: Rohnert 1986), so places
are tied in within a millisecond among 50 holes. Frame: metres of the area given.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra
from shapely import MultiPolygon, Polygon

from core.errors import Malformed
from core.geo import Floats
from flightops.planning.cells.decompose import edges_of, reflex_corners
from flightops.planning.paths.timing import Pace
from flightops.planning.paths.visibility import LEAST_SINE
from flightops.planning.polish.native import in_sight
from flightops.planning.rings import offset

BEND_M = 0.03
SIGHT_M = 0.02
"""Ways bend so far off an edge, and pass no nearer than this."""
FAR_M = 100_000.0
"""Homes lie within this of the area."""
MOST_CORNERS = 400
COARSE_M = (0.0, 0.05, 0.2, 0.5, 1.0, 2.0, 4.0)
TOUCH_M = 0.05
STEP_M = 0.01
LOST_M = 20.0


@dataclass(frozen=True, slots=True)
class Way:
    """A way between two places: seconds, turns at its bends included, and the bends (k, 2). inf: there is none."""

    seconds: float
    bends: Floats


@dataclass(frozen=True, slots=True)
class Spot:
    """A place tied into a net: the place, where it steps into the room (itself nearly always; None when it lies far
    from it), the corners its ways may touch first (v,), the seconds to each, and those to every corner with the turn
    there (r,)."""

    at: Floats
    seat: Floats | None
    corners: NDArray[np.intp]
    near_s: Floats
    all_s: Floats


@dataclass(frozen=True)
class Net:
    """Ways within `room`, bent at the reflex corners of `inner` (the same ground, shrunk a hair more)."""

    room: Polygon
    inner: Polygon
    pace: Pace

    @cached_property
    def edges(self) -> Floats:
        """Edges of the room, (m, 2, 2)."""
        return edges_of(self.room)

    @cached_property
    def _edge_ends(self) -> tuple[Floats, Floats]:
        """Starts and ends of the edges, (m, 2) each."""
        return np.ascontiguousarray(self.edges[:, 0]), np.ascontiguousarray(self.edges[:, 1])

    @cached_property
    def _corners(self) -> tuple[Floats, Floats, Floats]:
        """Reflex corners of `inner`, the corners before and those after them, (r, 2) each."""
        return reflex_corners(self.inner, LEAST_SINE)

    @cached_property
    def _between(self) -> tuple[Floats, NDArray[np.int32]]:
        """Seconds between corners, a turn at each arrival included, and predecessors of the best ways, (r, r)."""
        corners = self._corners[0]
        r = len(corners)
        if r == 0:
            return np.zeros((0, 0)), np.zeros((0, 0), dtype=np.int32)
        i, j = np.triu_indices(r, 1)
        keep = self._touches(corners[i], j) & self._touches(corners[j], i)
        i, j = i[keep], j[keep]
        seen = in_sight(corners[i], corners[j], self.edges)
        i, j = i[seen], j[seen]
        cost = self.pace.run_s(np.hypot(*(corners[i] - corners[j]).T)) + self.pace.turn_s
        times, before = dijkstra(
            coo_array((cost, (i, j)), shape=(r, r)).tocsr(), directed=False, return_predecessors=True
        )
        return times, before

    def _touches(self, start: Floats, corner: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Whether the straight way from each start (n, 2) to its corner (n,) has both its edges on one side."""
        here, before, after = (c[corner] for c in self._corners)
        way = here - start
        way = way / np.maximum(np.hypot(*way.T), 1e-9)[:, None]
        off = [way[:, 0] * (o - here)[:, 1] - way[:, 1] * (o - here)[:, 0] for o in (before, after)]
        one_side: NDArray[np.bool_] = (np.minimum(*off) >= -TOUCH_M) | (np.maximum(*off) <= TOUCH_M)
        return one_side

    def _sees(self, a: Floats, b: Floats) -> bool:
        """What `in_sight` says of one way, in a tenth of the time."""
        (start, end), way = self._edge_ends, b - a
        from_start, from_end = start - a, end - a
        sides = way[0] * from_start[:, 1] - way[1] * from_start[:, 0]
        cut = np.flatnonzero(sides * (way[0] * from_end[:, 1] - way[1] * from_end[:, 0]) <= 0.0)
        if not len(cut):
            return True
        along, to_a, to_b = (end - start)[cut], -from_start[cut], b - start[cut]
        a_side = along[:, 0] * to_a[:, 1] - along[:, 1] * to_a[:, 0]
        b_side = along[:, 0] * to_b[:, 1] - along[:, 1] * to_b[:, 0]
        return not bool((a_side * b_side <= 0.0).any())

    def spot(self, place: Floats) -> Spot:
        """Ties a place (2,) in; from one more than LOST_M out no way leads."""
        seat, point = place, shapely.Point(place)
        if not self.inner.contains(point):
            seat = shapely.get_coordinates(shapely.shortest_line(point, self.inner))[1]
            if np.hypot(*(seat - place)) > LOST_M:
                return Spot(place, None, np.zeros(0, dtype=np.intp), np.zeros(0), np.zeros(0))
        corners = self._corners[0]
        some = np.arange(len(corners))
        some = some[self._touches(np.broadcast_to(seat, corners.shape), some)]
        some = some[in_sight(np.broadcast_to(seat, (len(some), 2)), corners[some], self.edges)]
        near = self.pace.run_s(np.hypot(*(corners[some] - seat).T))
        through = near[:, None] + self.pace.turn_s + self._between[0][some]
        return Spot(place, seat, some, near, through.min(axis=0, initial=np.inf))

    def way(self, a: Spot, b: Spot) -> Way:
        """The quickest way from one place to another."""
        if a.seat is None or b.seat is None:
            return Way(float("inf"), np.zeros((0, 2)))
        head = a.seat[None] if float(np.hypot(*(a.seat - a.at))) > STEP_M else np.zeros((0, 2))
        tail = b.seat[None] if float(np.hypot(*(b.seat - b.at))) > STEP_M else np.zeros((0, 2))
        if self._sees(a.seat, b.seat):
            straight = self.pace.run_s(np.hypot(*(a.seat - b.seat)))
            return Way(float(straight), np.concatenate([head, tail]))
        total = a.all_s[b.corners] + b.near_s
        if not len(total) or not np.isfinite(total.min()):
            return Way(float("inf"), np.zeros((0, 2)))
        last = int(b.corners[total.argmin()])
        times, before = self._between
        first = int(a.corners[np.argmin(a.near_s + times[a.corners, last])])
        chain = [last]
        while chain[-1] != first:
            chain.append(int(before[first, chain[-1]]))
        return Way(float(total.min()), np.concatenate([head, self._corners[0][chain[::-1]], tail]))


@dataclass(frozen=True)
class Ways:
    """The ways of an area: `between` pieces, and `home` round its holes. `pace` ranks them. Build with `of`."""

    between: Net
    home: Net
    holes: MultiPolygon

    def can_be_home(self, place: Floats) -> bool:
        """Whether a place (2,) lies off the holes and within FAR_M of the area."""
        room = bool(shapely.contains_xy(shapely.box(*self.home.room.bounds), *place))
        return room and not shapely.contains_xy(self.holes, *place)

    @property
    def pace(self) -> Pace:
        """The pace by which ways are compared."""
        return self.home.pace

    @staticmethod
    def of(area: Polygon, pace: Pace, leaving: bool = False) -> Ways:
        """Ways of a true area with its holes, metres. `leaving`: whether links between pieces may leave the area too,
        as ways home always may. Raises Malformed when it falls apart at its edges."""
        low_x, low_y, high_x, high_y = area.bounds
        field = shapely.box(low_x - FAR_M, low_y - FAR_M, high_x + FAR_M, high_y + FAR_M)
        home = _net(Polygon(field.exterior, area.interiors), pace)
        holes = MultiPolygon([Polygon(r) for r in area.interiors])
        made = Ways(home if leaving else _net(area, pace), home, holes)
        for net in (made.between, made.home):
            net._between  # noqa: B018 - built here, once an area
        return made


def _net(ground: Polygon, pace: Pace) -> Net:
    """A net of the ground shrunk a hair, simplified first where it has many corners."""
    for coarse in COARSE_M:
        plain = ground if coarse == 0.0 else shapely.simplify(ground, coarse)
        if shapely.get_num_coordinates(plain) <= MOST_CORNERS + len(ground.interiors) + 5 or coarse == COARSE_M[-1]:
            room, inner = (_shrunk(plain, coarse + by) for by in (SIGHT_M, BEND_M))
            if room is not None and inner is not None:
                shapely.prepare(inner)
                return Net(room, inner, pace)
    raise Malformed("area", "nothing is left of it within its edges", "draw a wider area")


def _shrunk(ground: Polygon, by_m: float) -> Polygon | None:
    """The largest part of the ground less a margin; None when nothing is left."""
    parts = shapely.get_parts(offset(ground, -by_m))
    return max(parts, key=lambda p: float(p.area)) if len(parts) and parts[0].area > 0 else None
