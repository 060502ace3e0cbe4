"""The road graph: GeoJSON lines as a sparse graph, and the fastest ways over it.

Edges run both ways (one-way streets are left to the driver: units have priority). Nodes are line vertices;
lines that share a vertex to 1 cm are joined there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array

from core.errors import Malformed
from core.geo import Floats, LatLon, LocalFrame

Ints = NDArray[np.int64]
JOIN_M = 0.01


@dataclass(frozen=True, slots=True)
class Mobility:
    """How a kind of unit moves: top speed on roads, speed on foot tracks (0: it can't), speed off every road."""

    top_mps: float
    path_mps: float
    off_road_mps: float


MOBILITY: Mapping[str, Mobility] = {
    "foot": Mobility(1.4, 1.4, 1.2),
    "car": Mobility(12.0, 0.0, 1.2),
    "motorcycle": Mobility(14.0, 4.0, 1.2),
}
"""Speeds in towns and on mountain roads, m/s; off the road everybody walks."""

PATHS = frozenset({"path", "footway", "steps", "pedestrian"})
TRACK_MPS = 6.0
"""Where a track names no speed."""


@dataclass(frozen=True)
class Roads:
    """The graph in a local frame. `xy` (n, 2) nodes, m; `ends` (m, 2) node numbers an edge; `speed_mps` (m,) as
    posted (infinite where unknown); `is_path` (m,): foot only. All empty where there is no road."""

    frame: LocalFrame
    xy: Floats
    ends: Ints
    speed_mps: Floats
    is_path: NDArray[np.bool_]

    @cached_property
    def length_m(self) -> Floats:
        """(m,) edge lengths."""
        a, b = self.xy[self.ends[:, 0]], self.xy[self.ends[:, 1]]
        length: Floats = np.hypot(*(a - b).T)
        return length

    def pace_s_per_m(self, kind: str) -> Floats:
        """(m,) seconds a metre of edge for a unit's kind; infinite where it can't go."""
        how = MOBILITY[kind]
        speed = np.where(self.is_path, how.path_mps, np.minimum(self.speed_mps, how.top_mps))
        pace: Floats = np.divide(1.0, speed, out=np.full(len(speed), np.inf), where=speed > 0)
        return pace

    def passable(self, kind: str) -> Ints:
        """Numbers of the edges a unit's kind can use."""
        return np.flatnonzero(np.isfinite(self.pace_s_per_m(kind))).astype(np.int64)

    def tree(self, kind: str) -> tuple[Ints, shapely.STRtree]:
        """Edges a kind can use and an index over them."""
        edges = self.passable(kind)
        return edges, shapely.STRtree(shapely.linestrings(self.xy[self.ends[edges]]))

    def graph(self, kind: str) -> csr_array:
        """(n, n) travel times, s; the quickest of parallel edges."""
        edges = self.passable(kind)
        time_s = self.length_m[edges] * self.pace_s_per_m(kind)[edges]
        a, b = self.ends[edges, 0], self.ends[edges, 1]
        rows, cols, data = np.concatenate([a, b]), np.concatenate([b, a]), np.concatenate([time_s, time_s])
        order = np.lexsort((data, cols, rows))
        rows, cols, data = rows[order], cols[order], data[order]
        first = np.ones(len(rows), dtype=bool)
        first[1:] = (rows[1:] != rows[:-1]) | (cols[1:] != cols[:-1])
        return csr_array((data[first], (rows[first], cols[first])), shape=(len(self.xy), len(self.xy)))


def no_roads(origin: LatLon) -> Roads:
    """A place without roads: everybody walks straight."""
    return _joined(LocalFrame(origin), [], [], [])


def parse_roads(doc: dict[str, Any], origin: LatLon, source: str = "roads") -> Roads:
    """The graph of a FeatureCollection's LineStrings (property `kind`, optional `speed_mps`); others are passed over.

    Raises Malformed naming the feature when a line's coordinates or speed are no numbers.
    """
    frame = LocalFrame(origin)
    lines: list[Floats] = []
    speeds: list[float] = []
    paths: list[bool] = []
    for number, feature in enumerate(doc.get("features", ())):
        field = f"{source}.features[{number}]"
        properties = _dict(feature, "properties")
        for line in _lines(_dict(feature, "geometry"), field):
            lines.append(frame.to_xy_many(line))
            speeds.append(_speed(properties, field))
            paths.append(properties.get("kind") in PATHS)
    return _joined(frame, lines, speeds, paths)


def _dict(of: Any, key: str) -> dict[str, Any]:
    found = of.get(key) if isinstance(of, dict) else None
    return found if isinstance(found, dict) else {}


def _speed(properties: dict[str, Any], field: str) -> float:
    speed = properties.get("speed_mps")
    if speed is None:
        return TRACK_MPS if properties.get("kind") == "track" else np.inf
    if isinstance(speed, bool) or not isinstance(speed, int | float) or not 0.1 <= speed <= 70.0:
        raise Malformed(f"{field}.properties.speed_mps", f"{speed!r}", "0.1 to 70 m/s, or leave it out")
    return float(speed)


def _lines(geometry: dict[str, Any], field: str) -> list[Floats]:
    match geometry.get("type"):
        case "LineString":
            raw: list[Any] = [geometry.get("coordinates") or ()]
        case "MultiLineString":
            raw = geometry.get("coordinates") or []
        case _:
            return []
    try:
        lines = [np.array([point[:2] for point in line], dtype=np.float64).reshape(-1, 2) for line in raw]
    except (TypeError, ValueError) as e:
        raise Malformed(f"{field}.geometry.coordinates", "not a list of [longitude, latitude]") from e
    for line in lines:
        if len(line) < 2 or not (np.isfinite(line).all() and (np.abs(line) <= (180.0, 90.0)).all()):
            raise Malformed(f"{field}.geometry.coordinates", "not a line of WGS-84 longitudes and latitudes")
    return lines


def _joined(frame: LocalFrame, lines: list[Floats], speeds: list[float], paths: list[bool]) -> Roads:
    if not lines:
        none = np.zeros((0, 2))
        return Roads(frame, none, none.astype(np.int64), np.zeros(0), np.zeros(0, dtype=np.bool_))
    every = np.concatenate(lines)
    _, first, number = np.unique(np.round(every / JOIN_M), axis=0, return_index=True, return_inverse=True)
    number = number.reshape(-1)
    sizes = np.array([len(line) for line in lines])
    line_of = np.repeat(np.arange(len(lines)), sizes)
    within_line = line_of[:-1] == line_of[1:]
    ends = np.column_stack([number[:-1], number[1:]])[within_line]
    of = line_of[:-1][within_line]
    real = ends[:, 0] != ends[:, 1]
    ends, of = ends[real].astype(np.int64), of[real]
    return Roads(frame, every[first], ends, np.array(speeds)[of], np.array(paths, dtype=np.bool_)[of])
