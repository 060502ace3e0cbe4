"""The fastest way from units to a place: over the roads, the first and last stretch on foot.

One Dijkstra run from the target answers for all units of a kind. Where a unit gets on a road and where it
leaves it is part of the search: the nearest SNAPS road edges of either end are all tried, and so is walking
straight. The graph is extended by directed edges target -> exit point -> road node and road node -> entry
point -> unit, so that no unit's way leads across another's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import shapely
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra

from core.errors import Malformed
from core.geo import Floats, LatLon
from ground.dispatch.roads import MOBILITY, Ints, Roads

SNAPS = 8
NONE = -9999
"""scipy's mark for "no predecessor"."""


@dataclass(frozen=True, slots=True)
class Route:
    """A way: its points from start to end, travel time and length."""

    points: tuple[LatLon, ...]
    time_s: float
    length_m: float


@dataclass(frozen=True, slots=True)
class _Snap:
    """A point on an edge, reached on foot from an end of the way."""

    edge: int
    xy: Floats
    walk_m: float


class Router:
    """Ways over one road graph; indexes are made once a kind of unit."""

    def __init__(self, roads: Roads) -> None:
        self._roads = roads
        self._tree = cache(roads.tree)
        self._graph = cache(roads.graph)

    def route(self, start: LatLon, end: LatLon, kind: str) -> Route:
        """The fastest way for a kind of unit. Raises Malformed for an unknown kind."""
        return self.routes([start], end, kind)[0]

    def routes(self, starts: Sequence[LatLon], end: LatLon, kind: str) -> list[Route]:
        """The fastest way from each start to one end, in the order of the starts."""
        if kind not in MOBILITY:
            raise Malformed("kind", f"{kind!r}", " or ".join(MOBILITY))
        frame = self._roads.frame
        target = np.array(frame.to_xy(end))
        origins = [np.array(frame.to_xy(s)) for s in starts]
        lines = _Search(self._roads, kind, self._graph(kind), self._tree(kind)).ways(origins, target)
        return [self._route(line, s, end, seconds) for s, (line, seconds) in zip(starts, lines, strict=True)]

    def _route(self, line: Floats, start: LatLon, end: LatLon, time_s: float) -> Route:
        length = float(np.hypot(*np.diff(line, axis=0).T).sum())
        middle = self._roads.frame.to_lonlat_many(line[1:-1])
        inner = (LatLon(float(lat), float(lon)) for lon, lat in middle)
        return Route((start, *inner, end), time_s, length)


class _Search:
    """One run over the extended graph. Node numbers: road nodes, then the target, then snaps and starts as added."""

    def __init__(self, roads: Roads, kind: str, base: csr_array, tree: tuple[Ints, shapely.STRtree]) -> None:
        self._roads = roads
        self._base = base
        self._edges, self._tree = tree
        self._pace = roads.pace_s_per_m(kind)
        self._off_mps = MOBILITY[kind].off_road_mps
        self._where: list[Floats] = []
        self._links: list[tuple[int, int, float]] = []

    def ways(self, origins: list[Floats], target: Floats) -> list[tuple[Floats, float]]:
        """For each origin the line from it to the target, (k, 2) m, and the seconds it takes."""
        end = self._add(target)
        exits = [(self._add(s.xy), s) for s in self._snaps(target)]
        for node, snap in exits:
            self._link(end, node, snap.walk_m / self._off_mps)
            for road, along_s in self._along(snap):
                self._link(node, road, along_s)
        begins = [self._start(xy, target, end, exits) for xy in origins]
        reached_s, before = dijkstra(self._extended(), indices=end, return_predecessors=True)
        return [(self._line(before, b), float(reached_s[b])) for b in begins]

    def _start(self, xy: Floats, target: Floats, end: int, exits: list[tuple[int, _Snap]]) -> int:
        start = self._add(xy)
        self._link(end, start, float(np.hypot(*(xy - target))) / self._off_mps)
        for snap in self._snaps(xy):
            node = self._add(snap.xy)
            self._link(node, start, snap.walk_m / self._off_mps)
            for road, along_s in self._along(snap):
                self._link(road, node, along_s)
            for other, out in exits:
                if out.edge == snap.edge:
                    self._link(other, node, float(np.hypot(*(out.xy - snap.xy)) * self._pace[snap.edge]))
        return start

    def _snaps(self, xy: Floats) -> list[_Snap]:
        """The nearest points of the nearest edges."""
        if not len(self._edges):
            return []
        point = shapely.points(xy)
        near = self._tree.query_nearest(point, return_distance=True)
        within_m = float(near[1][0]) + 150.0
        found = self._tree.query(point, predicate="dwithin", distance=within_m)
        snaps = [self._snap(int(self._edges[i]), xy) for i in found]
        return sorted(snaps, key=lambda s: (s.walk_m, s.edge))[:SNAPS]

    def _snap(self, edge: int, xy: Floats) -> _Snap:
        a, b = self._roads.xy[self._roads.ends[edge]]
        along = b - a
        share = float(np.clip((xy - a) @ along / (along @ along), 0.0, 1.0))
        at = a + share * along
        return _Snap(edge, at, float(np.hypot(*(xy - at))))

    def _along(self, snap: _Snap) -> list[tuple[int, float]]:
        """Both nodes of the snap's edge and the seconds to each."""
        nodes = self._roads.ends[snap.edge]
        away_m = np.hypot(*(self._roads.xy[nodes] - snap.xy).T)
        return [(int(n), float(m * self._pace[snap.edge])) for n, m in zip(nodes, away_m, strict=True)]

    def _add(self, xy: Floats) -> int:
        self._where.append(xy)
        return len(self._roads.xy) + len(self._where) - 1

    def _link(self, a: int, b: int, seconds: float) -> None:
        self._links.append((a, b, max(seconds, 1e-9)))

    def _extended(self) -> csr_array:
        """The base graph with the added nodes and links (scipy takes explicit zeros as no edge, hence 1e-9)."""
        size = len(self._roads.xy) + len(self._where)
        base = self._base.tocoo()
        rows, cols, data = (np.array(c) for c in zip(*self._links, strict=True))
        made = coo_array(
            (
                np.concatenate([base.data, data]),
                (np.concatenate([base.row, rows]).astype(np.int32), np.concatenate([base.col, cols]).astype(np.int32)),
            ),
            shape=(size, size),
        )
        return made.tocsr()

    def _line(self, before: Ints, start: int) -> Floats:
        n = len(self._roads.xy)
        nodes, node = [start], int(before[start])
        while node != NONE:
            nodes.append(node)
            node = int(before[node])
        return np.array([self._roads.xy[i] if i < n else self._where[i - n] for i in nodes])
