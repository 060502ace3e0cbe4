"""A plan document from outside, read into checked values that every writer shares.

The document is what flightops.planning.plan_file writes (`sectors` with `path` [[longitude, latitude], ...], `drone`,
`length_m`, `time_s`; `speed_mps`), and may further hold `name`, `area` (GeoJSON, holes are no-fly zones), `home`
[longitude, latitude, height AMSL if known], `rally` [[longitude, latitude, height above home if wished], ...],
`height_agl_m`, and in each sector `name`, `height_agl_m`, `speed_mps`, `home`, `flights`; a plan that follows the
ground also `height_amsl_m` and `agl_m`, one number a point of the path, and `transit_amsl_m`. Unknown keys are ignored.
Errors are Malformed.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from core.errors import Malformed
from core.geo import Area, LatLon
from core.units import within
from flightops.planning.area import area_from_geojson, checked_area
from flightops.planning.rings import place

MOST_SECTORS = 1_000
MOST_RALLY = 100
MOST_FLIGHTS = 1_000
LONGEST_NAME = 200
HIGHEST_AGL_M = 1_000.0
FASTEST_MPS = 100.0
LOWEST_AMSL_M, HIGHEST_AMSL_M = -500.0, 9_000.0
UNWRITABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""Characters that no XML 1.0 file may hold, and line breaks."""


@dataclass(frozen=True, slots=True)
class LineHeights:
    """Heights of a line's points above sea level and above the ground below them, and that of the ways from and to
    home, m."""

    amsl_m: tuple[float, ...]
    agl_m: tuple[float, ...]
    transit_amsl_m: float

    def __post_init__(self) -> None:
        if len(self.amsl_m) != len(self.agl_m):
            raise Malformed("agl_m", f"{len(self.agl_m)} for {len(self.amsl_m)} of height_amsl_m", "give as many")
        for name, values, low, high in (
            ("height_amsl_m", (*self.amsl_m, self.transit_amsl_m), LOWEST_AMSL_M, HIGHEST_AMSL_M + HIGHEST_AGL_M),
            ("agl_m", self.agl_m, 0.0, HIGHEST_AMSL_M),
        ):
            for value in values:
                within(name, value, low, high)

    @property
    def start_ground_amsl_m(self) -> float:
        """Height of the ground under the line's first point."""
        return self.amsl_m[0] - self.agl_m[0]


@dataclass(frozen=True, slots=True)
class SectorLine:
    """One drone's line. `drone`: its number from 1, or its id; a figure that is None is not known. `heights` None: all
    of it at `height_agl_m`; `home`: its own, if that is not the plan's; `flights`: how many times it must take off to
    fly the line."""

    name: str
    drone: int | str
    path: tuple[LatLon, ...]
    length_m: float | None = None
    time_s: float | None = None
    height_agl_m: float | None = None
    speed_mps: float | None = None
    heights: LineHeights | None = None
    home: LatLon | None = None
    flights: int = 1

    def __post_init__(self) -> None:
        within("flights", self.flights, 1, MOST_FLIGHTS)
        if len(self.path) < 2:
            raise Malformed("path", f"{len(self.path)} points", "a path has at least 2")
        if self.heights is not None and len(self.heights.amsl_m) != len(self.path):
            problem = f"{len(self.heights.amsl_m)} heights for {len(self.path)} points"
            raise Malformed("height_amsl_m", problem, "give one a point")
        for a, b in pairwise(self.path):
            if abs(a.lon_deg - b.lon_deg) > 180.0:
                raise Malformed("path", "a leg crosses the antimeridian", "split the path at 180 degrees")
        for name, value, most in (
            ("length_m", self.length_m, 1e7),
            ("time_s", self.time_s, 1e7),
            ("height_agl_m", self.height_agl_m, HIGHEST_AGL_M),
            ("speed_mps", self.speed_mps, FASTEST_MPS),
        ):
            if value is not None:
                within(name, value, 1e-6, most)


@dataclass(frozen=True, slots=True)
class Spot:
    """A place with a height in metres; what the height is above hangs on the use. None: not given."""

    place: LatLon
    height_m: float | None = None

    def __post_init__(self) -> None:
        if self.height_m is not None:
            within("height", self.height_m, LOWEST_AMSL_M, HIGHEST_AMSL_M)


@dataclass(frozen=True, slots=True)
class PlanDocument:
    """A plan to write. `home` has its height AMSL, `rally` points theirs above home."""

    name: str
    sectors: tuple[SectorLine, ...]
    area: Area | None = None
    home: Spot | None = None
    rally: tuple[Spot, ...] = ()

    def __post_init__(self) -> None:
        names = [s.name for s in self.sectors]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise Malformed("sectors", f"{twice[0]!r} is the name of more than one", "give each a name of its own")
        if not self.sectors:
            raise Malformed("sectors", "there are none", "plan the search first")

    @property
    def drones(self) -> tuple[int | str, ...]:
        """Drones in the order of their first sector."""
        return tuple(dict.fromkeys(s.drone for s in self.sectors))


def read_plan(doc: object) -> PlanDocument:
    """The document's values, checked. Raises Malformed that names the field."""
    if not isinstance(doc, dict):
        raise Malformed("plan", "it is not a plan document", "give the JSON object that `airground plan` writes")
    sectors = _items(doc, "sectors", MOST_SECTORS)
    area = doc.get("area")
    return PlanDocument(
        _text(doc, "name", "name", "Search plan"),
        tuple(_sector(s, doc, k) for k, s in enumerate(sectors)),
        None if area is None else _area(area),
        None if doc.get("home") is None else _spot(doc["home"], "home"),
        tuple(_spot(r, f"rally[{k}]") for k, r in enumerate(_items(doc, "rally", MOST_RALLY))),
    )


def _area(geometry: object) -> Area:
    area = area_from_geojson(geometry)
    checked_area(area, "area.coordinates")
    return area


def _sector(sector: object, doc: dict[str, Any], index: int) -> SectorLine:
    field = f"sectors[{index}]"
    if not isinstance(sector, dict):
        raise Malformed(field, "it is not a sector", "a sector is an object with path and drone")
    path = tuple(place(p, f"{field}.path[{k}]") for k, p in enumerate(_items(sector, "path", 100_000, field)))
    shared = {key: doc.get(key) for key in ("height_agl_m", "speed_mps")}
    numbers = {
        key: _number({**shared, **sector}, key, f"{field}.{key}")
        for key in ("length_m", "time_s", "height_agl_m", "speed_mps")
    }
    drone = _drone(sector.get("drone", index + 1), f"{field}.drone")
    home = None if sector.get("home") is None else place(sector["home"], f"{field}.home")
    flights = int(_number(sector, "flights", f"{field}.flights") or 1)
    name = _text(sector, "name", f"{field}.name", f"Sector {index + 1}")
    try:
        return SectorLine(name, drone, path, **numbers, heights=_heights(sector, field), home=home, flights=flights)
    except Malformed as wrong:
        known = wrong.field.startswith(field)
        raise Malformed(wrong.field if known else f"{field}.{wrong.field}", wrong.problem, wrong.fix) from wrong


def _heights(sector: dict[str, Any], field: str) -> LineHeights | None:
    if sector.get("height_amsl_m") is None:
        return None
    lists = []
    for key in ("height_amsl_m", "agl_m"):
        given = _items(sector, key, 100_000, field)
        lists.append(tuple(_needed({"value": v}, "value", f"{field}.{key}[{k}]") for k, v in enumerate(given)))
    return LineHeights(lists[0], lists[1], _needed(sector, "transit_amsl_m", f"{field}.transit_amsl_m"))


def _needed(doc: dict[str, Any], key: str, field: str) -> float:
    value = _number(doc, key, field)
    if value is None:
        raise Malformed(field, "it is missing", "a plan that follows the ground has it")
    return value


def _items(doc: dict[str, Any], key: str, most: int, inside: str = "") -> list[Any]:
    field = f"{inside}.{key}" if inside else key
    items = doc.get(key) or []
    if not isinstance(items, list | tuple):
        raise Malformed(field, "it is not a list", "give a list")
    if len(items) > most:
        raise Malformed(field, f"{len(items)} entries", f"at most {most} can be written")
    return list(items)


def _drone(drone: object, field: str) -> int | str:
    if isinstance(drone, str) and drone:
        return _writable(drone, field)
    if isinstance(drone, int) and not isinstance(drone, bool) and drone >= 1:
        return drone
    raise Malformed(field, f"{drone!r} is no drone", "give its number from 1, or its id")


def _text(doc: dict[str, Any], key: str, field: str, default: str) -> str:
    text = doc.get(key)
    if text is None:
        return default
    if not isinstance(text, str) or not text.strip():
        raise Malformed(field, "it is not a name", "give some text, or leave it out")
    return _writable(text, field)


def _writable(text: str, field: str) -> str:
    if len(text) > LONGEST_NAME:
        raise Malformed(field, f"{len(text)} characters", f"at most {LONGEST_NAME}")
    if UNWRITABLE.search(text):
        raise Malformed(field, "it holds a control character or a line break", "remove it")
    return text


def _number(doc: dict[str, Any], key: str, field: str) -> float | None:
    value = doc.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Malformed(field, f"{value!r} is not a number", "give a finite number")
    return float(value)


def _spot(position: object, field: str) -> Spot:
    where = place(position, field)
    height = position[2] if isinstance(position, list | tuple) and len(position) > 2 else None
    height_m = _number({"height": height}, "height", f"{field}[2]")
    try:
        return Spot(where, height_m)
    except Malformed as wrong:
        raise Malformed(f"{field}[2]", wrong.problem, "give metres") from wrong
