"""What a plan's JSON says is flown, looked at by code of its own: places in time, distances, energy."""

from __future__ import annotations

import math
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import shapely

from core.geo import Area, Floats, LatLon, LocalFrame

CENTRE = LatLon(28.9, 120.0)
FRAME = LocalFrame(CENTRE)
WITHIN_M = 0.3
"""How far the straight way between two way points of a plan may lie from the flight, and rounding."""
SINK_MPS = 1.5
LEAST_S = 0.25


def at(x_m: float, y_m: float) -> LatLon:
    return FRAME.to_latlon(x_m, y_m)


def ring(*xy: tuple[float, float]) -> tuple[LatLon, ...]:
    return tuple(at(x, y) for x, y in xy)


def block(x: float, y: float, wide: float, high: float) -> tuple[LatLon, ...]:
    return ring((x, y), (x + wide, y), (x + wide, y + high), (x, y + high))


def way_points(flight: dict[str, Any]) -> Floats:
    """(n, 4): x, y, height m, time s."""
    rows = np.array(flight["way_points"])
    return np.column_stack([FRAME.to_xy_many(rows[:, :2]), rows[:, 2:]])


def place(points: Floats, times: Floats) -> Floats:
    """(n, 3) at times, straight between way points; NaN while on the ground."""
    found = np.column_stack([np.interp(times, points[:, 3], points[:, k]) for k in range(3)])
    found[(times < points[0, 3]) | (times > points[-1, 3])] = np.nan
    return found


def too_near(doc: dict[str, Any], step_s: float = 0.2) -> list[tuple[str, str, float]]:
    """Pairs and times at which two flights are within 30 m and within 10 m in height."""
    found = []
    for a, b in combinations(doc["flights"], 2):
        one, two = way_points(a), way_points(b)
        times = np.arange(max(one[0, 3], two[0, 3]), min(one[-1, 3], two[-1, 3]), step_s)
        off = place(one, times) - place(two, times)
        near = (np.hypot(off[:, 0], off[:, 1]) < 30.0 - 2 * WITHIN_M) & (np.abs(off[:, 2]) < 10.0 - 0.05)
        found += [(a["drone"], b["drone"], float(t)) for t in times[near]]
    return found


def over_zones_m(doc: dict[str, Any], area: Area) -> float:
    """Metres of all flights over the area's holes."""
    zones = shapely.union_all([shapely.Polygon([FRAME.to_xy(p) for p in hole]) for hole in area.holes])
    lines = [shapely.LineString(way_points(f)[:, :2]) for f in doc["flights"]]
    return float(sum(line.intersection(zones.buffer(-0.005)).length for line in lines))


def ground_mps(airspeed_mps: float, wind: Floats, way: Floats) -> float:
    """Speed over the ground along a way (2,) with the nose held into the wind (2,)."""
    unit = way / max(math.hypot(*way), 1e-9)
    along, across = float(unit @ wind), float(unit[0] * wind[1] - unit[1] * wind[0])
    return along + math.sqrt(airspeed_mps**2 - across**2)


def airspeeds(flight: dict[str, Any], wind: tuple[float, float]) -> Floats:
    """Speed through the air between way points, m/s, seen from above; of those far enough apart in time that rounding
    is nothing."""
    points = way_points(flight)
    lasts = np.diff(points[:, 3])
    moved = np.diff(points[:, :2], axis=0)[lasts > LEAST_S] / lasts[lasts > LEAST_S, None]
    return np.asarray(np.hypot(*(moved - np.array(wind)).T))


def least_spare(flight: dict[str, Any], drone: dict[str, float], blows: tuple[float, float] = (0.0, 0.0)) -> float:
    """Least of what is left over 15 % and 1.3 times the straight way home, as a share of the battery.

    `drone`: speed_mps, climb_mps, endurance_s. Power as of a drone that needs 480 W to hover, 520 W at its speed
    through the air, 640 W to climb; a full battery lasts for endurance_s at its speed. `blows`: what the air moves by;
    behind a drone that is on its way home it is no help.
    """
    wind = np.array(blows)
    points = way_points(flight)
    full = 520.0 * drone["endurance_s"]
    home, top, left, least = points[0, :3], flight["transit_height_m"], full, math.inf
    for a, b in pairwise(points):
        lasts = b[3] - a[3]
        speed, climb = math.hypot(*((b - a)[:2] / lasts - wind)), max(b[2] - a[2], 0.0) / lasts
        left -= lasts * (480.0 + 40.0 * (speed / drone["speed_mps"]) ** 3 + 160.0 * climb / drone["climb_mps"])
        far = math.hypot(*(b[:2] - home[:2]))
        up = max(top - b[2], 0.0) if far > 5.0 else 0.0
        down = max(top, b[2]) if far > 5.0 else b[2]
        home_mps = min(ground_mps(drone["speed_mps"], wind, home[:2] - b[:2]), drone["speed_mps"])
        back = 640.0 * up / drone["climb_mps"] + 520.0 * far / home_mps + 480.0 * (down - home[2]) / SINK_MPS
        least = min(least, left - 1.3 * back - 0.15 * full)
    return least / full
