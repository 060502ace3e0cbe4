"""Sweep width W: how wide a strip a search truly clears, by sensor, height, land cover and hour.

W is the area under the curve of detection against distance off the track (Koopman). It is measured, for each sensor
and crew, by flying over people whose places are known. No table for a drone is published. The one figure near it is
of another kind: Koester 2018, infrared at night carried by a searcher on foot in temperate forest, 68 m.

`assumed_width_m` is a stated formula for want of a measurement: not measured; measure yours, and load it with
`sweep_widths_from_json`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from core.camera import Camera
from core.errors import Malformed
from core.units import within
from flightops.planning.footprint import pixels_per_metre, swath_m

MOST_WIDTH_M = 2_000.0
LEAST_HEIGHT_M = 1.0
MOST_HEIGHT_M = 1_000.0
MOST_ROWS = 2_000
MOST_NAME = 64
ASSUMED_HEIGHTS_M = (20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 100.0, 110.0, 120.0)
ASSUMED_CANOPIES = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)
ASSUMED_SOURCE = "assumed: swath x share seen; not measured"


class Cover(StrEnum):
    """What grows on the ground."""

    OPEN = "open"
    BUSH = "bush"
    FOREST = "forest"


class Hour(StrEnum):
    """Whether the sun is up."""

    DAY = "day"
    NIGHT = "night"


class Sensor(StrEnum):
    """The sensors that `assumed_width_m` knows; a table may name others."""

    THERMAL = "thermal"
    COLOUR = "colour"


@dataclass(frozen=True, slots=True)
class Land:
    """Land cover; `canopy`: share of the ground that tree crowns hide from straight above, 0 but in forest."""

    cover: Cover
    canopy: float = 0.0

    def __post_init__(self) -> None:
        within("land.canopy", self.canopy, 0.0, 1.0)
        if self.canopy > 0.0 and self.cover is not Cover.FOREST:
            raise Malformed("land.canopy", f"{self.cover} has no canopy", "leave it out, or call the cover forest")


@dataclass(frozen=True, slots=True)
class WidthRow:
    """One width, m: of a sensor flown `height_agl_m` above such land at such an hour."""

    sensor: str
    hour: Hour
    land: Land
    height_agl_m: float
    width_m: float

    def __post_init__(self) -> None:
        if not 0 < len(self.sensor) <= MOST_NAME:
            raise Malformed("sensor", f"{len(self.sensor)} letters", f"give 1 to {MOST_NAME}")
        within("height_agl_m", self.height_agl_m, LEAST_HEIGHT_M, MOST_HEIGHT_M)
        within("width_m", self.width_m, 0.0, MOST_WIDTH_M)

    @property
    def kind(self) -> tuple[str, Hour, Cover]:
        """Rows of one kind are interpolated among each other."""
        return self.sensor, self.hour, self.land.cover


@dataclass(frozen=True, slots=True)
class SweepWidthTable:
    """Widths and where they come from. At most one row for a sensor, hour, land and height."""

    rows: tuple[WidthRow, ...]
    source: str

    def __post_init__(self) -> None:
        if not self.rows:
            raise Malformed("rows", "the table is empty", "give at least one row")
        seen: dict[tuple[object, ...], int] = {}
        for i, row in enumerate(self.rows):
            first = seen.setdefault((*row.kind, row.land.canopy, row.height_agl_m), i)
            if first != i:
                raise Malformed(f"rows[{i}]", f"says again what rows[{first}] says", "give each case once")

    def width_m(self, sensor: str, height_agl_m: float, land: Land, hour: Hour) -> float:
        """The width, m, linear between heights and between canopy shares. Malformed where the table says nothing: it
        is never stretched beyond its rows."""
        of_kind = [r for r in self.rows if r.kind == (sensor, hour, land.cover)]
        if not of_kind:
            raise Malformed(
                "sweep_width", f"no row for {sensor}, {land.cover}, {hour}", "measure it and add it to the table"
            )
        canopies = sorted({r.land.canopy for r in of_kind})
        low, high, share = _between("land.canopy", land.canopy, canopies)
        widths = [_at_height([r for r in of_kind if r.land.canopy == c], height_agl_m) for c in (low, high)]
        return widths[0] + share * (widths[1] - widths[0])

    def over(self, other: SweepWidthTable) -> SweepWidthTable:
        """This table, with the other's rows for the kinds (sensor, hour, cover) it does not have."""
        known = {r.kind for r in self.rows}
        more = tuple(r for r in other.rows if r.kind not in known)
        return SweepWidthTable((*self.rows, *more), f"{self.source}; else {other.source}" if more else self.source)


def _at_height(rows: list[WidthRow], height_agl_m: float) -> float:
    by_height = {r.height_agl_m: r.width_m for r in rows}
    low, high, share = _between("height_agl_m", height_agl_m, sorted(by_height))
    return by_height[low] + share * (by_height[high] - by_height[low])


def _between(field: str, value: float, known: list[float]) -> tuple[float, float, float]:
    """The known values next below and above, and how far between them it lies (0 to 1). Raises Malformed outside."""
    if not known[0] <= value <= known[-1]:
        problem = f"{value:g} is outside {known[0]:g} to {known[-1]:g}, which the sweep width table covers"
        raise Malformed(field, problem, "measure there and add rows")
    after = int(np.searchsorted(known, value))
    if known[after] == value:
        return value, value, 0.0
    low, high = known[after - 1], known[after]
    return low, high, (value - low) / (high - low)


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What `assumed_width_m` takes for granted; none of it is measured.

    `bush_share`: of people in bush that are seen from above. `thermal_day_share`: of people that stand out from
    ground the sun has warmed. `colour_night_share`: of people a colour camera shows without the sun. `person_m`: width
    of a person seen from above. `least_px`: image pixels over that width at which a person is sure to be noticed
    (Johnson's 4 for detection); with fewer the share falls in proportion.
    """

    bush_share: float = 0.5
    thermal_day_share: float = 0.5
    colour_night_share: float = 0.0
    person_m: float = 0.5
    least_px: float = 4.0

    def __post_init__(self) -> None:
        for name in ("bush_share", "thermal_day_share", "colour_night_share"):
            within(f"assumptions.{name}", getattr(self, name), 0.0, 1.0)
        within("assumptions.person_m", self.person_m, 0.1, 3.0)
        within("assumptions.least_px", self.least_px, 1.0, 100.0)


@dataclass(frozen=True, slots=True)
class SensorUse:
    """How a camera is used: what kind it is, its numbers, the pitch of its optical axis (-90 straight down)."""

    sensor: Sensor
    camera: Camera
    gimbal_pitch_deg: float = -90.0

    def __post_init__(self) -> None:
        within("gimbal_pitch_deg", self.gimbal_pitch_deg, -90.0, -1.0)


def seen_through(land: Land, gimbal_pitch_deg: float = -90.0, bush_share: float = Assumptions().bush_share) -> float:
    """Share (0 to 1) of people on such land that nothing hides from a camera above.

    Forest: (1 - canopy)^(1 / sin(depression)): Beer's law along the optical axis; a slant look crosses more crowns.
    """
    match land.cover:
        case Cover.OPEN:
            return 1.0
        case Cover.BUSH:
            return within("bush_share", bush_share, 0.0, 1.0)
        case Cover.FOREST:
            depression_deg = -within("gimbal_pitch_deg", gimbal_pitch_deg, -90.0, -1.0)
            return float((1.0 - land.canopy) ** (1.0 / math.sin(math.radians(depression_deg))))


def assumed_width_m(
    use: SensorUse, height_agl_m: float, land: Land, hour: Hour, assumptions: Assumptions | None = None
) -> float:
    """Swath x share seen through what grows x share that stands out at this hour x share with enough pixels, m.

    Not measured: a formula with assumed shares, for planning until there are trials. Measure yours.
    """
    assumed = assumptions or Assumptions()
    swath = swath_m(use.camera, height_agl_m, 0.0, use.gimbal_pitch_deg)
    through = seen_through(land, use.gimbal_pitch_deg, assumed.bush_share)
    match (use.sensor, hour):
        case (Sensor.THERMAL, Hour.DAY):
            stands_out = assumed.thermal_day_share
        case (Sensor.COLOUR, Hour.NIGHT):
            stands_out = assumed.colour_night_share
        case _:
            stands_out = 1.0
    person_px = pixels_per_metre(use.camera, height_agl_m, use.gimbal_pitch_deg) * assumed.person_m
    return swath * through * stands_out * min(person_px / assumed.least_px, 1.0)


def assumed_widths(uses: Iterable[SensorUse], assumptions: Assumptions | None = None) -> SweepWidthTable:
    """A table of `assumed_width_m` for 20 to 120 m, every cover and hour; one use a sensor. Not measured."""
    lands = (Land(Cover.OPEN), Land(Cover.BUSH), *(Land(Cover.FOREST, c) for c in ASSUMED_CANOPIES))
    rows = tuple(
        WidthRow(use.sensor, hour, land, height, assumed_width_m(use, height, land, hour, assumptions))
        for use in uses
        for hour in Hour
        for land in lands
        for height in ASSUMED_HEIGHTS_M
    )
    return SweepWidthTable(rows, ASSUMED_SOURCE)


def sweep_widths_from_json(doc: object) -> SweepWidthTable:
    """The table of a document: {"kind": "sweep_width", "source": "our trials, November", "rows": [{"sensor":
    "thermal", "hour": "night", "cover": "forest", "canopy": 0.6, "height_agl_m": 60, "width_m": 21}, ...]}.

    `canopy` belongs to forest alone. Raises Malformed with the row and field.
    """
    if not isinstance(doc, dict) or doc.get("kind") != "sweep_width":
        raise Malformed("kind", "this is not a sweep width table", "give an object of kind sweep_width")
    source = doc.get("source")
    if not isinstance(source, str) or not source.strip():
        raise Malformed("source", "is missing", "say who measured these widths, where and when")
    rows = doc.get("rows")
    if not isinstance(rows, list) or not 0 < len(rows) <= MOST_ROWS:
        raise Malformed("rows", "is missing, empty or too long", f"give 1 to {MOST_ROWS} rows")
    return SweepWidthTable(tuple(_row(r, f"rows[{i}]") for i, r in enumerate(rows)), source.strip())


def _row(row: object, field: str) -> WidthRow:
    if not isinstance(row, dict):
        raise Malformed(field, "is not an object", "give sensor, hour, cover, height_agl_m and width_m")
    sensor = row.get("sensor")
    if not isinstance(sensor, str):
        raise Malformed(f"{field}.sensor", "is missing", "name the sensor, such as thermal")
    hour, cover = (_choice(row, name, kind, field) for name, kind in (("hour", Hour), ("cover", Cover)))
    if cover is Cover.FOREST and "canopy" not in row:
        raise Malformed(f"{field}.canopy", "is missing", "give the share of ground that crowns hide, 0 to 1")
    numbers = {name: _number(row, name, field) for name in ("height_agl_m", "width_m")}
    canopy = _number(row, "canopy", field) if "canopy" in row else 0.0
    try:
        return WidthRow(sensor, Hour(hour), Land(Cover(cover), canopy), **numbers)
    except Malformed as wrong:
        name = wrong.field.removeprefix("land.")
        raise Malformed(f"{field}.{name}", wrong.problem, wrong.fix or "correct this value") from None


def _choice(row: dict[str, Any], name: str, kind: type[StrEnum], field: str) -> StrEnum:
    try:
        return kind(str(row.get(name)))
    except ValueError:
        choices = " or ".join(k.value for k in kind)
        raise Malformed(f"{field}.{name}", f"{row.get(name)!r:.40} is not known", f"give {choices}") from None


def _number(row: dict[str, Any], name: str, field: str) -> float:
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Malformed(f"{field}.{name}", "is missing or not a number", "give a number")
    if not abs(value) <= 1e9:
        raise Malformed(f"{field}.{name}", "is not a usable number", "give a finite number")
    return float(value)
