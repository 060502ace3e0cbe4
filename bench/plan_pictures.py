"""Pictures of plans for the docs: ground seen (light), no-fly zones (hatched), path, stops (dots), start and end.

usage: python -m bench.plan_pictures docs/pictures [--effort best]
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import shapely
from shapely import Polygon

from core.geo import Area, Floats, LatLon, LocalFrame
from core.terrain import GridTerrain
from flightops.planning.airspace.over_ground import Followed, Relief, followed
from flightops.planning.airspace.timed import Rates
from flightops.planning.fleet.drones import FleetDrone
from flightops.planning.fleet.watch import WatchWish
from flightops.planning.paths.timing import Pace, runs_m
from flightops.planning.paths.verify import footprint
from flightops.planning.patterns.corridor import corridor as corridor_of
from flightops.planning.patterns.corridor import strip
from flightops.planning.patterns.wish import PatternName, PatternWish, plan_pattern
from flightops.planning.plan_file import PlanWish, plan_area_file
from flightops.planning.sweep import Effort, SweepPlan, SweepRequest, plan_sweep

FRAME = LocalFrame(LatLon(28.8885, 120.036))
WIDE, EDGE = 900, 24
INKS = ((190, 90, 20), (40, 120, 30), (60, 40, 190), (140, 40, 140))
SWATH_M = 20.0


def comb() -> Polygon:
    outline = [(0.0, 0.0), (760.0, 0.0)]
    for k in reversed(range(4)):
        outline += [(k * 200.0 + 140.0, 420.0), (k * 200.0, 420.0), (k * 200.0, 120.0), (k * 200.0 - 60.0, 120.0)]
    return Polygon(outline[:-2])


def corridor() -> Polygon:
    t = np.linspace(0, 1, 9)
    line = np.column_stack([1500 * t, 260 * np.sin(5.0 * t)])
    return shapely.simplify(shapely.buffer(shapely.linestrings(line), 110, cap_style="flat"), 3.0)


AREAS = {
    "lines": (Polygon([(0, 0), (620, 60), (700, 420), (40, 380)]), 1, True),
    "spiral": (Polygon([(0, 180), (260, 0), (720, 60), (900, 420), (560, 720), (120, 600)]), 1, False),
    "lanes": (comb(), 1, False),
    "corridor": (corridor(), 1, False),
    "three": (
        Polygon(
            [(0, 0), (760, 40), (820, 300), (600, 620), (150, 560)],
            [[(250, 200), (250, 300), (400, 320), (380, 180)], [(520, 380), (500, 450), (580, 470)]],
        ),
        3,
        False,
    ),
}


FIELD = Polygon(
    [(0, 40), (560, 0), (700, 330), (380, 520), (60, 420)], [[(150, 230), (150, 300), (240, 310), (230, 220)]]
)
TRAIL = ((0.0, 0.0), (260.0, 150.0), (480.0, 60.0), (800.0, 260.0), (980.0, 200.0))
TRAIL_M = 110.0
DATUM = FRAME.to_latlon(400.0, 220.0)
WISHES = {
    "parallel": PatternWish(PatternName.PARALLEL, bearing_deg=60.0),
    "expanding-square": PatternWish(PatternName.EXPANDING_SQUARE, datum=DATUM),
    "sector": PatternWish(PatternName.SECTOR, datum=DATUM),
    "orbit": PatternWish(PatternName.ORBIT, datum=DATUM),
}


def hills() -> GridTerrain:
    """A made-up valley with side valleys, heights every 10 m."""
    at = np.arange(-400.0, 1401.0, 10.0)
    x, y = np.meshgrid(at, at)
    heights = 300.0 + 0.22 * np.hypot(x - 200.0, y + 100.0) + 16.0 * np.sin(x / 55.0 + y / 160.0)
    return GridTerrain(FRAME, -400.0, -400.0, 10.0, heights)


def ring(coords: object) -> tuple[LatLon, ...]:
    return tuple(FRAME.to_latlon(float(x), float(y)) for x, y in np.asarray(coords)[:-1])


def area_of(polygon: Polygon) -> Area:
    return Area(ring(polygon.exterior.coords), tuple(ring(r.coords) for r in polygon.interiors))


def planned(polygon: Polygon, drones: int, plain: bool, effort: Effort) -> SweepPlan:
    return plan_sweep(SweepRequest(area_of(polygon), SWATH_M, drones=drones, plain=plain), effort)


def patterned(effort: Effort) -> dict[str, tuple[Polygon, SweepPlan]]:
    """One plan a pattern family, and the ground it is shown on."""
    request = SweepRequest(area_of(FIELD), SWATH_M)
    contour = PatternWish(PatternName.CONTOUR, terrain=hills())
    plans = {n: (FIELD, plan_pattern(request, w, effort)) for n, w in {**WISHES, "contour": contour}.items()}
    trail = tuple(FRAME.to_latlon(*at) for at in TRAIL)
    along = SweepRequest(corridor_of(trail, TRAIL_M), SWATH_M)
    wish = PatternWish(PatternName.ROUTE, corridor_m=TRAIL_M, route=trail)
    return {**plans, "route": (strip(trail, TRAIL_M, FRAME), plan_pattern(along, wish, effort))}


def over_hills(effort: Effort) -> Followed:
    request = SweepRequest(area_of(FIELD), SWATH_M, plain=True)
    relief = Relief(hills(), 60.0, Rates(3.0, 1.5))
    return followed(lambda m: plan_sweep(replace(request, swath_m=m), effort), SWATH_M, request.pace, relief)


def side_view(found: Followed, most_m: float = 2_500.0) -> np.ndarray:
    """Heights along the first metres of a path: ground (grey), path (blue), way points (dots); (high, wide, 3) BGR."""
    xy = np.array([FRAME.to_xy(p) for p in found.plan.paths[0].path])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    heights = np.array(found.heights[0].amsl_m)
    at = np.linspace(0.0, min(most_m, along[-1]), 900)
    place = np.column_stack([np.interp(at, along, xy[:, k]) for k in (0, 1)])
    under = hills().heights_xy(place)
    low, high = under.min() - 10.0, heights.max() + 10.0

    def px(x: Floats, y: Floats) -> np.ndarray:
        across = EDGE + x / at[-1] * (WIDE - 2 * EDGE)
        return np.round(np.column_stack([across, 320 - (y - low) / (high - low) * 300]) * 16).astype(np.int32)

    image = np.full((340, WIDE, 3), 255, np.uint8)
    edge = px(at[[-1, 0]], np.full(2, low))
    cv2.fillPoly(image, [np.vstack([px(at, under), edge])], (215, 220, 215), cv2.LINE_AA, 4)
    kept = along <= at[-1]
    cv2.polylines(image, [px(at, np.interp(at, along, heights))], False, INKS[0], 2, cv2.LINE_AA, 4)
    for x, y in px(along[kept], heights[kept]):
        cv2.circle(image, (int(x), int(y)), 3 * 16, INKS[0], -1, cv2.LINE_AA, 4)
    return image


def watch_by_turns() -> dict[str, Any]:
    """An hour over a place by three drones of one home, as its file says it."""
    like = FleetDrone("1", FRAME.to_latlon(-250.0, -150.0), 10.0, SWATH_M, 1500.0)
    fleet = tuple(replace(like, name=str(k)) for k in (1, 2, 3))
    wish = PlanWish(SWATH_M, pattern=WISHES["orbit"], fleet=fleet, watch=WatchWish(3600.0))
    rings = [[[p.lon_deg, p.lat_deg] for p in (*r, r[0])] for r in (area_of(FIELD).outer, *area_of(FIELD).holes)]
    return plan_area_file(json.dumps({"type": "Polygon", "coordinates": rings}), wish)


def by_turns(doc: dict[str, Any]) -> np.ndarray:
    """Heights by time, a colour a drone, thick while it is on station; a line every ten minutes; (high, wide, 3)."""
    most_s, most_m = doc["fleet"]["makespan_s"], max(w[2] for f in doc["flights"] for w in f["way_points"]) + 10.0

    def px(times: Floats, heights: Floats) -> np.ndarray:
        across = EDGE + times / most_s * (WIDE - 2 * EDGE)
        return np.round(np.column_stack([across, 240 - heights / most_m * 220]) * 16).astype(np.int32)

    image = np.full((260, WIDE, 3), 255, np.uint8)
    for tick in np.arange(0.0, most_s, 600.0):
        cv2.polylines(image, [px(np.full(2, tick), np.array([0.0, most_m]))], False, (225, 225, 225), 1, cv2.LINE_AA, 4)
    names = sorted({f["drone"] for f in doc["flights"]})
    for flight, turn in zip(doc["flights"], doc["watch"]["turns"], strict=True):
        heights, times = np.array(flight["way_points"])[:, 2:].T
        ink, on = INKS[names.index(flight["drone"])], np.array([turn["on_station_s"], turn["off_station_s"]])
        cv2.polylines(image, [px(times, heights)], False, ink, 2, cv2.LINE_AA, 4)
        cv2.polylines(image, [px(on, np.full(2, turn["height_m"]))], False, ink, 7, cv2.LINE_AA, 4)
    return image


def drawn(polygon: Polygon, plan: SweepPlan) -> np.ndarray:
    """The picture, (high, wide, 3) BGR."""
    left, low, right, high = polygon.bounds
    scale = (WIDE - 2 * EDGE) / (right - left)

    def px(xy: object) -> np.ndarray:
        at = np.asarray(xy, dtype=float)[..., :2]
        return np.round((np.stack([at[..., 0] - left, high - at[..., 1]], axis=-1) * scale + EDGE) * 16).astype(
            np.int32
        )

    image = np.full((int((high - low) * scale) + 2 * EDGE, WIDE, 3), 255, np.uint8)
    paths = [np.array([FRAME.to_xy(p) for p in s.path]) for s in plan.paths]
    cv2.fillPoly(image, [px(polygon.exterior.coords)], (225, 225, 225), cv2.LINE_AA, 4)
    for path, ink in zip(paths, INKS, strict=False):
        light = tuple(int(255 - (255 - c) * 0.18) for c in ink)
        for part in shapely.get_parts(footprint((path,), SWATH_M, 8).intersection(polygon)):
            cv2.fillPoly(image, [px(r.coords) for r in (part.exterior, *part.interiors)], light, cv2.LINE_AA, 4)
    for hole in polygon.interiors:
        cv2.fillPoly(image, [px(hole.coords)], (150, 150, 235), cv2.LINE_AA, 4)
    for path, ink in zip(paths, INKS, strict=False):
        cv2.polylines(image, [px(path)], False, ink, 2, cv2.LINE_AA, 4)
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
        runs = np.cumsum(runs_m(path, Pace()))
        for stop in runs[:-1] * along[-1] / runs[-1]:
            at = [np.interp(stop, along, path[:, k]) for k in (0, 1)]
            cv2.circle(image, tuple(map(int, px(at))), 3 * 16, ink, -1, cv2.LINE_AA, 4)
        cv2.circle(image, tuple(map(int, px(path[0]))), 7 * 16, (30, 150, 30), -1, cv2.LINE_AA, 4)
        cv2.circle(image, tuple(map(int, px(path[-1]))), 7 * 16, (30, 30, 200), -1, cv2.LINE_AA, 4)
    cv2.polylines(image, [px(polygon.exterior.coords)], True, (60, 60, 60), 2, cv2.LINE_AA, 4)
    return image


def written(path: Path, image: np.ndarray) -> None:
    cv2.imwrite(str(path), image, [cv2.IMWRITE_PNG_COMPRESSION, 9])


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("folder", type=Path)
    ask.add_argument("--effort", choices=list(Effort), default="best")
    asked = ask.parse_args()
    effort = Effort(asked.effort)
    plans = {name: (polygon, planned(polygon, *more, effort)) for name, (polygon, *more) in AREAS.items()}
    hilly = over_hills(effort)
    written(asked.folder / "plan-heights.png", side_view(hilly))
    least, most = hilly.heights[0].least_agl_m, hilly.heights[0].most_agl_m
    print(f"plan-heights: {least:.1f} to {most:.1f} m above ground, lines {hilly.plan.swath_m:.2f} m apart")
    watch = watch_by_turns()
    written(asked.folder / "plan-watch.png", by_turns(watch))
    print(f"plan-watch: {len(watch['flights'])} flights, {watch['watch']['unwatched_s']:g} s unwatched")
    for name, (polygon, plan) in {**plans, **patterned(effort)}.items():
        written(asked.folder / f"plan-{name}.png", drawn(polygon, plan))
        figures = f"time/LB {plan.time_ratio:.3f}, length/LB {plan.length_ratio:.3f}, cover {plan.cover:.4f}"
        print(f"plan-{name}: {plan.pattern}, {len(plan.paths)} drone(s), {figures}")


if __name__ == "__main__":
    main()
