"""The areas to plan: local metres, holes are no-fly zones, each with its swath."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import shapely
from shapely import Polygon

from core.errors import Malformed
from core.units import positive

USUAL = Path("../shared/bench/planning/areas_dev.geojson")
Ring = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class BenchArea:
    """One area in metres; `least_m`: the length of line that would sweep it with nothing flown twice."""

    name: str
    swath_m: float
    polygon: Polygon

    def __post_init__(self) -> None:
        positive("swath_m", self.swath_m)
        if not self.polygon.is_valid or not self.polygon.area > 0:
            raise Malformed(self.name, "is no valid polygon", "mend its rings")

    @property
    def least_m(self) -> float:
        return float(self.polygon.area) / self.swath_m

    @property
    def rings(self) -> list[Ring]:
        """Corners of the outer ring and of the holes, not closed."""
        rings = (self.polygon.exterior, *self.polygon.interiors)
        return [[(float(x), float(y)) for x, y in r.coords[:-1]] for r in rings]


def areas_from(path: Path | None, only: tuple[str, ...] = ()) -> list[BenchArea]:
    """The areas of a GeoJSON file (None: the usual one) whose names start with one of `only`. Raises Malformed."""
    file = path or USUAL
    if not file.exists():
        raise Malformed(
            "--areas", f"{file} is not there", "name a GeoJSON file of polygons in metres with --areas FILE"
        )
    try:
        features = json.loads(file.read_text())["features"]
        found = [
            BenchArea(
                str(f["properties"]["id"]),
                float(f["properties"]["swath_m"]),
                shapely.from_geojson(json.dumps(f["geometry"])),
            )
            for f in features
        ]
    except (KeyError, TypeError, ValueError, AttributeError, shapely.errors.ShapelyError) as error:
        if isinstance(error, Malformed):
            raise
        raise Malformed(
            "--areas", f"{file}: {error}", "features need a Polygon, and properties id and swath_m"
        ) from error
    chosen = [a for a in found if not only or a.name.startswith(only)]
    if not chosen:
        raise Malformed("--only", "no area has such a name", f"{file} has {', '.join(a.name for a in found)}")
    return chosen
