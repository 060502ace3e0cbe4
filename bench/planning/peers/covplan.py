"""covplan: tracks at 12 angles in four clusters, its own number.

It reads a file of degrees and plans in UTM, so the area is laid on the central meridian of a zone. Its turns are
Dubins curves of half a metre: a multirotor turns on the spot, and wide arcs of short chords would cost it time.
"""

from __future__ import annotations

import math
import sys
import types
from itertools import pairwise
from tempfile import NamedTemporaryFile

import utm

ANGLES = 12
CLUSTERS = 4
RADIUS_M = 0.5
STRAIGHT_M = 1e-3
EAST_M, NORTH_M, ZONE, BAND = 500_000.0, 3_200_000.0, 51, "R"
Path = list[list[float]]


def plan(rings: list[Path], swath_m: float) -> list[Path]:
    sys.modules.setdefault("folium", types.ModuleType("folium"))  # only for its maps
    from covplan import pathplan

    found = []
    with NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("".join(map(block, rings)))
        file.flush()
        for k in range(ANGLES):
            try:
                path = pathplan(file.name, swath_m, 0, 180.0 * k / ANGLES, CLUSTERS, RADIUS_M, False)
            except Exception as error:  # noqa: BLE001  it fails at some angles; the others still count
                print(type(error).__name__, error, file=sys.stderr)
                continue
            found.append(bends([local(lat, lon) for lat, lon in path[1:]]))
    return found


def block(ring: Path) -> str:
    """A closed ring as the file wants it."""
    places = [utm.to_latlon(EAST_M + x, NORTH_M + y, ZONE, BAND) for x, y in [*ring, ring[0]]]
    return "".join(f"{float(lat)!r} {float(lon)!r}\n" for lat, lon in places) + "NaN NaN\n"


def local(lat: float, lon: float) -> list[float]:
    east, north, _, _ = utm.from_latlon(lat, lon, ZONE, BAND)
    return [float(east) - EAST_M, float(north) - NORTH_M]


def bends(path: Path) -> Path:
    """The path without the points it strings along straight lines every half metre; a millimetre off at most."""
    kept = path[:1]
    for (x, y), after in pairwise(path[1:]):
        ux, uy, vx, vy = x - kept[-1][0], y - kept[-1][1], after[0] - x, after[1] - y
        if abs(ux * vy - uy * vx) > STRAIGHT_M * math.hypot(vx, vy) or ux * vx + uy * vy < 0:
            kept.append([x, y])
    return kept + path[-1:]
