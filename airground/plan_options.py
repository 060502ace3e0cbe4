"""Options of `airground plan` that say how to fly: pattern, camera, terrain. Words and files in, checked values out."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from airground.offline import home_from
from core.camera import THERMAL_640, Camera
from core.errors import Malformed
from core.geo import LatLon
from core.io.files.terrain import load_terrain
from core.terrain import GridTerrain
from core.units import within
from flightops.planning.airspace.over_ground import Relief
from flightops.planning.airspace.timed import Rates
from flightops.planning.fleet.watch import WatchWish
from flightops.planning.footprint import SIDELAP, Look
from flightops.planning.paths.timing import Pace
from flightops.planning.patterns.wind import MOST_WIND_MPS
from flightops.planning.patterns.wish import PatternName, PatternWish
from flightops.planning.sweep import stopping_margin_m

USUAL_MPS = 12.0
SWEEPS = {"best": False, "s": True}
"""Words of --pattern for the sweep: whether its lines stay plain."""
AROUND_M = 1_000.0
"""How far beyond the area and home ground is cut out of an SRTM tile."""
MOST_HALF_M = 30_000.0
PLACES = 400_000
OPTIONS = {
    "bearing_deg": "--bearing",
    "datum": "--datum",
    "corridor_m": "--corridor",
    "terrain": "--dem",
    "swath_m": "--swath",
    "height_agl_m": "--height",
    "speed_mps": "--speed",
    "climb_mps": "--climb",
    "camera.hfov_deg": "--hfov",
    "camera.width_px": "--image-width",
    "gimbal_pitch_deg": "--pitch",
    "sidelap": "--sidelap",
    "person_px": "--person-px",
    "drones": "--drones",
    "margin_m": "--margin",
    "wind_mps": "--wind",
    "watch_s": "--watch",
    "overlap_s": "--overlap",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What is asked of the pattern: its word, a bearing, a datum as LON,LAT and a width."""

    word: str = "best"
    bearing_deg: float | None = None
    datum: str | None = None
    corridor_m: float | None = None


@dataclass(frozen=True, slots=True)
class Optics:
    """What is asked of the camera: fields of view and pitch, deg, overlap (a share), px across image and person."""

    hfov_deg: float | None = None
    vfov_deg: float | None = None
    pitch_deg: float | None = None
    sidelap: float | None = None
    width_px: int | None = None
    person_px: float | None = None


@contextmanager
def named_as_options() -> Iterator[None]:
    """Errors that leave it name the option that their field comes from."""
    try:
        yield
    except Malformed as wrong:
        if wrong.field not in OPTIONS:
            raise
        raise Malformed(OPTIONS[wrong.field], wrong.problem, wrong.fix) from wrong


def pattern_from(shape: Shape, terrain: GridTerrain | None) -> tuple[bool, PatternWish | None]:
    """Whether lines of the sweep stay plain, and the pattern when it is another than the sweep. Raises Malformed."""
    names = [*SWEEPS, *PatternName]
    if shape.word not in names:
        raise Malformed("--pattern", f"{shape.word!r} is none", f"one of {', '.join(names)}")
    datum = home_from(shape.datum, "--datum")
    if shape.word not in SWEEPS:
        name = PatternName(shape.word)
        return False, PatternWish(name, shape.bearing_deg, datum, shape.corridor_m, terrain)
    for option, given in (("--bearing", shape.bearing_deg), ("--datum", datum), ("--corridor", shape.corridor_m)):
        if given is not None:
            raise Malformed(option, f"the pattern {shape.word} takes none", "leave it out, or name another --pattern")
    return SWEEPS[shape.word], None


def look_from(optics: Optics) -> Look | None:
    """The camera when a field of view is given. Raises Malformed, also for what makes no sense without one."""
    if optics.hfov_deg is None:
        for option, given in (
            ("--vfov", optics.vfov_deg),
            ("--pitch", optics.pitch_deg),
            ("--sidelap", optics.sidelap),
            ("--image-width", optics.width_px),
            ("--person-px", optics.person_px),
        ):
            if given is not None:
                raise Malformed(option, "it says nothing without the field of view", "give --hfov too")
        return None
    width_px = THERMAL_640.width_px if optics.width_px is None else optics.width_px
    within("--image-width", width_px, 16, 20_000)
    within("--hfov", optics.hfov_deg, 1.0, 150.0)
    high_px = round(width_px * THERMAL_640.height_px / THERMAL_640.width_px)
    if optics.vfov_deg is not None:
        within("--vfov", optics.vfov_deg, 1.0, 150.0)
        share = math.tan(math.radians(optics.vfov_deg) / 2.0) / math.tan(math.radians(optics.hfov_deg) / 2.0)
        high_px = max(round(width_px * share), 1)
    pitch = -90.0 if optics.pitch_deg is None else optics.pitch_deg
    sidelap = SIDELAP if optics.sidelap is None else optics.sidelap
    return Look(Camera(width_px, high_px, optics.hfov_deg), pitch, sidelap, optics.person_px)


def swath_from(swath_m: float | None, look: Look | None, height_agl_m: float) -> float:
    """The swath given, or the camera's. Raises Malformed when there is neither, when the camera sees less than the one
    given, or when a person has too few pixels from the height."""
    within("--height", height_agl_m, 5.0, 500.0)
    if look is None:
        if swath_m is None:
            raise Malformed("--swath", "neither a swath nor a camera is given", "give --swath, or --hfov")
        return swath_m
    look.check(height_agl_m)
    seen_m = look.swath_m(height_agl_m)
    if swath_m is not None and not swath_m <= seen_m:
        problem = f"{swath_m:g} m is more than the camera shows from {height_agl_m:g} m: {seen_m:.2f} m"
        raise Malformed("--swath", problem, "leave it out, narrow it, or fly higher")
    return seen_m if swath_m is None else swath_m


def terrain_from(dem: Path | None, area: Path, home: LatLon | None) -> GridTerrain | None:
    """The terrain of a file; of an SRTM tile what lies about the area and home. Raises Malformed."""
    if dem is None:
        return None
    places = np.array([*_places(_json(area)), *([] if home is None else [[home.lon_deg, home.lat_deg]])])
    if len(places) == 0:
        raise Malformed("AREA", f"{area} holds no places", "give GeoJSON")
    low, high = places.min(axis=0), places.max(axis=0)
    middle = (low + high) / 2.0
    scale = np.array([math.cos(math.radians(float(np.clip(middle[1], -84.0, 84.0)))), 1.0]) * 111_320.0
    half_m = float(((high - low) / 2.0 * scale).max()) + AROUND_M
    if half_m > MOST_HALF_M and dem.suffix != ".npz":
        problem = f"area and home are {half_m / 500:.0f} km across, too far for one tile"
        raise Malformed("--dem", problem, "split the area, or choose another home")
    try:
        return load_terrain(dem, LatLon(float(middle[1]), float(middle[0])), half_m)
    except Malformed as wrong:
        if wrong.field == "map.centre":
            raise Malformed("--dem", f"the area {wrong.problem}", "give the tile that holds it") from wrong
        raise Malformed("--dem", wrong.problem, wrong.fix) from wrong


def _json(area: Path) -> Any:
    try:
        return json.loads(area.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as e:
        raise Malformed("AREA", f"can't read {area}: {e}") from e


def _places(doc: Any) -> list[list[float]]:
    """All positions of a document that may be places: pairs of numbers within range."""
    found: list[list[float]] = []
    waiting = [doc]
    while waiting and len(found) < PLACES:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, list):
            numbers = len(item) >= 2 and all(isinstance(v, float | int) and abs(v) <= 180 for v in item[:2])
            if not numbers:
                waiting += item
            elif abs(item[1]) <= 90:
                found.append([float(item[0]), float(item[1])])
    return found


def relief_from(terrain: GridTerrain | None, height_agl_m: float, climb_mps: float, look: Look | None) -> Relief | None:
    """The ground to follow, when terrain is given. Raises Malformed."""
    rates = Rates(climb_mps=climb_mps)
    return None if terrain is None else Relief(terrain, height_agl_m, rates, look)


def wind_from(text: str | None) -> tuple[float, float]:
    """What the air moves by, east and north, m/s, of a wind's "SPEED,FROM" (m/s, true degrees it comes from). Raises
    Malformed."""
    if text is None:
        return 0.0, 0.0
    try:
        mps, from_deg = (float(part) for part in text.split(","))
    except ValueError as e:
        raise Malformed("--wind", f"{text!r} is not SPEED,FROM", "like 6,270: 6 m/s from the west") from e
    within("--wind speed", mps, 0.0, MOST_WIND_MPS)
    within("--wind direction", from_deg, 0.0, 360.0)
    towards_rad = math.radians(from_deg + 180.0)
    return round(mps * math.sin(towards_rad), 9), round(mps * math.cos(towards_rad), 9)


def watch_from(minutes: float | None, overlap_s: float | None) -> WatchWish | None:
    """How long an orbit is watched by turns; None when it isn't. Raises Malformed."""
    if minutes is None:
        if overlap_s is not None:
            raise Malformed("--overlap", "it says nothing without a watch", "give --watch too")
        return None
    watch_s = 60.0 * within("--watch", minutes, 1.0, 1440.0)
    return WatchWish(watch_s) if overlap_s is None else WatchWish(watch_s, overlap_s)


def margin_from(text: str, paces: tuple[Pace, ...]) -> float:
    """Metres of a margin's words: a number, or "auto" (`stopping_margin_m` of the drone that needs most). Raises
    Malformed."""
    if text == "auto":
        return round(max(stopping_margin_m(p) for p in paces), 1)
    try:
        return float(text)
    except ValueError as e:
        raise Malformed("--margin", f"{text!r} is not a number of metres", "like 15, or auto") from e
