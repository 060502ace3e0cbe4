"""The made world: one seed, one town. Pure; everything else reads it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from core.geo import Floats, LatLon, LocalFrame
from core.io.runtime import seeded_rng
from core.terrain import GridTerrain
from sitl.world import land, town
from sitl.world.bodies import Mover, Places, make_decoys, make_hiker
from sitl.world.spec import Body, Compound, Road, Trees, WorldSpec

GAP_M = 300.0
"""From the forest road to the near edge of the search area."""


@dataclass(frozen=True)
class World:
    """`area`, `forest`: rings (n, 2) m in `frame`; movers[0] is the hiker."""

    seed: int
    spec: WorldSpec
    terrain: GridTerrain
    area: Floats
    forest: Floats
    trees: Trees
    roads: tuple[Road, ...]
    houses: tuple[Floats, ...]
    compound: Compound
    movers: tuple[Mover, ...]

    @property
    def frame(self) -> LocalFrame:
        """Metres east and north of the spec's origin."""
        return self.terrain.frame

    def bodies_at(self, t_s: float) -> tuple[Body, ...]:
        """All that is warm, t_s after the start; the hiker first."""
        return tuple(m.at(t_s) for m in self.movers)

    def hiker_at(self, t_s: float) -> LatLon:
        """Where the lost person is."""
        return self.frame.to_latlon(*self.movers[0].at(t_s).foot)

    def road_speed(self, place: LatLon, within_m: float = 6.0) -> float | None:
        """Speed that the road or track at a place allows, m/s; None off every one."""
        p = np.array(self.frame.to_xy(place))
        a, b, speed = self._segments
        along = b - a
        share = np.clip(((p - a) * along).sum(1) / np.maximum((along**2).sum(1), 1e-9), 0, 1)
        near = np.linalg.norm(a + along * share[:, None] - p, axis=1) <= within_m
        return float(speed[near].max()) if near.any() else None

    @cached_property
    def _segments(self) -> tuple[Floats, Floats, Floats]:
        lines = [r.points for r in self.roads]
        speed = np.concatenate([np.full(len(r.points) - 1, r.speed_mps) for r in self.roads])
        return np.concatenate([p[:-1] for p in lines]), np.concatenate([p[1:] for p in lines]), speed

    def drone_starts(self, count: int) -> tuple[LatLon, ...]:
        """Launch places on the forest road below the area, 15 m apart."""
        middle = self.area[:, 0].mean()
        line = next(r.points for r in self.roads if r.name == "Forest Road")
        xs = middle + 15.0 * (np.arange(count) - (count - 1) / 2)
        ys = np.interp(xs, line[4:, 0], line[4:, 1])
        return tuple(self.frame.to_latlon(float(x), float(y)) for x, y in zip(xs, ys, strict=True))

    def unit_starts(self) -> tuple[tuple[str, str, LatLon], ...]:
        """(id, name, place) of the patrol units, all on roads."""
        by_name = {r.name: r.points for r in self.roads}
        places = (
            ("u1", "PTU 1", "Forest Road", 8),
            ("u2", "PTU 2", "Valley Road", 20),
            ("u3", "Patrol 3", "Mill Street", 1),
            ("u4", "SAR 1", "Forest Road", 7),
            ("u5", "SAR 2", "Forest Road", 8),
        )
        return tuple((u, n, self.frame.to_latlon(*map(float, by_name[road][k]))) for u, n, road, k in places)


def make_world(seed: int, spec: WorldSpec | None = None) -> World:
    """The town of a seed. The same seed and spec make the same world."""
    spec = spec or WorldSpec()
    streams = seeded_rng(seed).spawn(6)
    terrain = land.make_terrain(spec.origin, streams[0])
    half = math.sqrt(spec.area_ha * 1e4 / math.pi / 1.45)
    area = land.make_area((0.0, town.FOREST_ROAD_Y + GAP_M + half), spec.area_ha * 1e4, streams[1])
    forest = land.forest_outline(area)
    trees = land.make_trees(forest, spec.canopy, streams[2])
    roads = town.make_roads(area)
    compound, blocks = town.make_compound()
    places = _places(area, roads)
    hiker = make_hiker(places, streams[3])
    decoys = make_decoys(places, (spec.deer, spec.rocks, spec.cars), spec.ambient_c, streams[4])
    houses = (*town.make_houses(streams[5]), *blocks)
    return World(seed, spec, terrain, area, forest, trees, roads, houses, compound, (hiker, *decoys))


def _places(area: Floats, roads: tuple[Road, ...]) -> Places:
    ring = area.astype(np.float32).reshape(-1, 1, 2)

    def inside(x: float, y: float) -> bool:
        return bool(cv2.pointPolygonTest(ring, (x, y), False) >= 0)

    roadside = []
    for road in roads:
        if road.kind == "road":
            for a, b in zip(road.points, road.points[1:], strict=False):
                heading = math.atan2(b[1] - a[1], b[0] - a[0])
                x, y = (a + b) / 2 + 3.0 * np.array([-math.sin(heading), math.cos(heading)])
                roadside.append((float(x), float(y), heading))
    return Places(area, inside, tuple(roadside))
