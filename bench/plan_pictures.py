"""Pictures of plans for the docs: ground seen (light), no-fly zones (hatched), path, stops (dots), start and end.

usage: python -m bench.plan_pictures docs/pictures [--effort best]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import shapely
from shapely import Polygon

from core.geo import Area, LatLon, LocalFrame
from flightops.planning.paths.timing import Pace, runs_m
from flightops.planning.paths.verify import footprint
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


def ring(coords: object) -> tuple[LatLon, ...]:
    return tuple(FRAME.to_latlon(float(x), float(y)) for x, y in np.asarray(coords)[:-1])


def planned(polygon: Polygon, drones: int, plain: bool, effort: Effort) -> SweepPlan:
    area = Area(ring(polygon.exterior.coords), tuple(ring(r.coords) for r in polygon.interiors))
    return plan_sweep(SweepRequest(area, SWATH_M, drones=drones, plain=plain), effort)


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


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("folder", type=Path)
    ask.add_argument("--effort", choices=list(Effort), default="best")
    asked = ask.parse_args()
    for name, (polygon, drones, plain) in AREAS.items():
        plan = planned(polygon, drones, plain, Effort(asked.effort))
        cv2.imwrite(str(asked.folder / f"plan-{name}.png"), drawn(polygon, plan), [cv2.IMWRITE_PNG_COMPRESSION, 9])
        figures = f"time/LB {plan.time_ratio:.3f}, length/LB {plan.length_ratio:.3f}, cover {plan.cover:.4f}"
        print(f"plan-{name}: {plan.pattern}, {len(plan.paths)} drone(s), {figures}")


if __name__ == "__main__":
    main()
