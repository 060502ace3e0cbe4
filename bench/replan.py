"""Random losses in flight, re-planned: ground lost, ground flown twice, links, balance, time.

usage: python -m bench.replan [--areas ../shared/bench/planning/areas_dev.geojson] [--cuts 1000] [--seed 1]

Cover is judged by unions of buffered legs alone: what the plan covers, less what was flown (of a lost drone only up to
a swath before it was lost) and is to be flown in pieces; links count for nothing. Overlap: metres of pieces and flown
beyond the paths' own length, in swaths a lost drone. Links are measured against the true area.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from core.geo import Area, Floats, LatLon, LocalFrame
from flightops.planning.area import checked_area
from flightops.planning.paths.timing import flight_s, length_m
from flightops.planning.paths.verify import footprint
from flightops.planning.replan.fleet import Flyer, Replan, State
from flightops.planning.replan.lots import remaining
from flightops.planning.replan.replan import replanned
from flightops.planning.replan.ways import Ways
from flightops.planning.sweep import Effort, SweepRequest, plan_sweep

FRAME = LocalFrame(LatLon(28.8885, 120.036))
SEGS = 24


@dataclass(frozen=True)
class Planned:
    """A plan in metres, its area, the ground it covers, and the ways of its area."""

    name: str
    swath_m: float
    request: SweepRequest
    polygon: Polygon
    paths: tuple[Floats, ...]
    cover: BaseGeometry
    ways: Ways


@dataclass(frozen=True)
class Measured:
    """One re-planning: % of the plan's cover lost, overlap in swaths, metres of links off the area, makespan over the
    least there could be without links (s), seconds taken, and those of one processor."""

    lost_percent: float
    overlap_swaths: float
    outside_m: float
    over_level: float
    wall_s: float
    cpu_s: float


def area_of(polygon: Polygon) -> Area:
    """A polygon in metres of FRAME as an area."""

    def ring(coords: object) -> tuple[LatLon, ...]:
        return tuple(LatLon(float(lat), float(lon)) for lon, lat in FRAME.to_lonlat_many(np.asarray(coords)[:-1]))

    return Area(ring(polygon.exterior.coords), tuple(ring(r.coords) for r in polygon.interiors))


def planned(name: str, polygon: Polygon, swath_m: float, drones: int, ways: Ways | None = None) -> Planned:
    """The first plan of an area."""
    request = SweepRequest(area_of(polygon), swath_m, drones=drones)
    ground = checked_area(request.area)
    plan = plan_sweep(request, Effort.FIRST)
    paths = tuple(ground.frame.to_xy_many(np.array([[p.lon_deg, p.lat_deg] for p in s.path])) for s in plan.paths)
    cover = shapely.intersection(footprint(paths, swath_m, SEGS), ground.polygon)
    return Planned(name, swath_m, request, ground.polygon, paths, cover, ways or Ways.of(ground.polygon, request.pace))


def random_loss(plan: Planned, rng: np.random.Generator) -> tuple[Flyer, ...]:
    """All drones some way along, one of them (now and then two) lost or low, now and then one added."""
    n = len(plan.paths)
    gone = set(rng.choice(n, 1 if n < 3 or rng.random() < 0.8 else 2, replace=False).tolist())
    state = State.LOW if rng.random() < 0.15 else State.LOST
    share = float(rng.uniform(0.0, 1.0))
    home = np.array([plan.polygon.bounds[0] - 30.0, plan.polygon.bounds[1] - 30.0])
    flyers = []
    for k, path in enumerate(plan.paths):
        flown = length_m(path) * float(np.clip(share + rng.normal(0.0, 0.05), 0.0, 1.0))
        flyers.append(Flyer(path, flown, state if k in gone else State.FLYING, plan.request.pace, home=home))
    if rng.random() < 0.15:
        flyers.append(Flyer(np.zeros((0, 2)), 0.0, State.WAITING, plan.request.pace, home=home))
    return tuple(flyers)


def flown_paths(flyers: tuple[Flyer, ...], swath_m: float) -> tuple[Floats, ...]:
    """What has been flown for certain."""
    out = []
    for f in flyers:
        certain = max(f.flown_m - (swath_m if f.state == State.LOST else 0.0), 0.0)
        if len(f.path) and certain > 0.0:
            out.append(remaining(f.path[::-1], max(length_m(f.path) - certain, 0.0))[::-1])
    return tuple(p for p in out if len(p) > 1)


def lost_m2(plan: Planned, flyers: tuple[Flyer, ...], made: Replan) -> float:
    """Ground the plan covers that is neither flown nor to be flown, m^2."""
    pieces = tuple(p.path for d in made.duties for p in d.pieces)
    kept = (*flown_paths(flyers, plan.swath_m), *pieces)
    seen = footprint(kept, plan.swath_m, SEGS) if kept else Polygon()
    return float(shapely.difference(plan.cover, seen).area)


def overlap_m(flyers: tuple[Flyer, ...], made: Replan) -> float:
    """The most that any path is flown twice, m, by its intervals."""
    worst = 0.0
    for k, f in enumerate(flyers):
        spans = [sorted((p.start_m, p.end_m)) for d in made.duties for p in d.pieces if p.owner == k]
        spans = sorted([[0.0, min(f.flown_m, length_m(f.path))], *spans])
        reach = np.maximum.accumulate([0.0, *(high for _, high in spans)])
        worst = max(
            worst, sum(max(r - low, 0.0) - max(r - high, 0.0) for r, (low, high) in zip(reach, spans, strict=False))
        )
    return worst


def links_outside_m(area: Polygon, made: Replan) -> float:
    """Metres of links between pieces that leave the area or cross its holes; first ways from home are left out."""
    roomy = area.buffer(0.005)
    total = 0.0
    for duty in made.duties:
        at = duty.place
        for piece in duty.pieces:
            link = shapely.linestrings(np.concatenate([at[None], piece.bends, piece.path[:1]]))
            if shapely.intersects(roomy, shapely.Point(at)):
                total += float(shapely.difference(link, roomy).length)
            total += sum(float(shapely.intersection(link, Polygon(r).buffer(-0.005)).length) for r in area.interiors)
            at = piece.path[-1]
    return total


def measured(plan: Planned, flyers: tuple[Flyer, ...]) -> Measured:
    """Re-plans and measures."""
    start, busy = time.perf_counter(), time.process_time()
    made = replanned(flyers, plan.swath_m, plan.ways)
    wall, cpu = time.perf_counter() - start, time.process_time() - busy
    staying = sum(f.stays for f in flyers)
    left = sum(flight_s(remaining(f.path, f.flown_m), f.pace) for f in flyers if len(f.path))
    return Measured(
        100.0 * lost_m2(plan, flyers, made) / plan.cover.area,
        overlap_m(flyers, made) / plan.swath_m,
        links_outside_m(plan.polygon, made),
        made.makespan_s - left / max(staying, 1),
        wall,
        cpu,
    )


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--areas", type=Path, default=Path("../shared/bench/planning/areas_dev.geojson"))
    ask.add_argument("--cuts", type=int, default=1000)
    ask.add_argument("--seed", type=int, default=1)
    told = ask.parse_args()
    rng = np.random.default_rng(told.seed)
    shapes = [
        (f["properties"]["id"], shapely.geometry.shape(f["geometry"]), float(f["properties"]["swath_m"]))
        for f in json.loads(told.areas.read_text())["features"]
    ]
    plans: dict[tuple[int, int], Planned] = {}
    ways: dict[int, Ways] = {}
    found: list[tuple[str, Measured]] = []
    for _ in range(told.cuts):
        k, drones = int(rng.integers(len(shapes))), int(rng.integers(2, 7))
        if (k, drones) not in plans:
            plans[k, drones] = planned(*shapes[k], drones, ways.get(k))
            ways[k] = plans[k, drones].ways
        found.append((f"{shapes[k][0]} {drones}", measured(plans[k, drones], random_loss(plans[k, drones], rng))))
    rows = [m for _, m in found]
    for name in Measured.__dataclass_fields__:
        values = np.array([getattr(m, name) for m in rows])
        at = int(values.argmax())
        print(f"{name:16s} mean {values.mean():10.5f}  worst {values[at]:10.5f}  ({found[at][0]}, cut {at})")


if __name__ == "__main__":
    main()
