"""Probability maps from outside: weighted GeoJSON polygons, distance rings, or a grid.

    {"type": "FeatureCollection", "features": [... "properties": {"probability": 0.4} or {"weight": 3} ...],
     "rest_of_world": 0.1}                                      with weights only; polygons or multipolygons
    {"kind": "rings", "point": [lon, lat], "spread": "uniform" or "log",
     "rings": [{"within_m": 500, "probability": 0.25}, {"within_m": 2000, "probability": 0.8}]}        cumulative
    {"kind": "grid", "origin": [lon, lat], "spacing_m": 50, "values": "probability" or "weight",
     "rows": [[...], ...], "rest_of_world": 0.1}                origin: south-west corner; southern row first

Every error is Malformed and names the field and the fix.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import shapely

from core.errors import Malformed
from core.geo import Floats, LatLon, LocalFrame
from flightops.planning import rings
from flightops.planning.area import MOST_CORNERS, CheckedArea
from flightops.planning.probability.area_map import (
    Patch,
    ProbabilityMap,
    Ring,
    Spread,
    from_masses,
    from_patches,
    from_rings,
)
from flightops.planning.probability.grid import LEAST_CELL_M, MOST_CELL_M, MOST_CELLS, Grid, ground_of, ground_on

MOST_FEATURES = 500
MOST_RINGS = 50
MOST_RADIUS_M = 100_000.0
MOST_WEIGHT = 1e12
KINDS = "give a GeoJSON FeatureCollection, or kind rings or grid"


def probability_from_json(doc: object, area: CheckedArea) -> ProbabilityMap:
    """The map a document holds, over the area to be searched; probability elsewhere is counted as rest.

    Polygons and rings come on a grid of some 40,000 cells in the area's frame, a grid on its own cells, in the frame
    at its origin. Raises Malformed, also when no probability at all lies in the area.
    """
    if not isinstance(doc, dict):
        raise Malformed("probability", "this is not a JSON object", KINDS)
    match doc:
        case {"kind": "rings"}:
            found, field = _rings(doc, area), "point"
        case {"kind": "grid"}:
            found, field = _grid(doc, area), "origin"
        case {"kind": kind}:
            raise Malformed("kind", f"{kind!r:.40} is not known", KINDS)
        case {"type": "FeatureCollection"}:
            found, field = _features(doc, area), "features"
        case _:
            raise Malformed("type", f"{doc.get('type')!r:.40} is not a FeatureCollection", KINDS)
    if found.inside <= 0.0:
        raise Malformed(field, "none of the probability lies in the search area", "check places and area")
    return found


def _features(doc: dict[str, Any], area: CheckedArea) -> ProbabilityMap:
    features = _list(doc, "features", MOST_FEATURES)
    values: list[float] = []
    shapes: list[Any] = []
    names: set[str] = set()
    for i, feature in enumerate(features):
        name, value = _valued(feature, f"features[{i}]")
        names.add(name)
        if len(names) > 1:
            fix = "give every feature a probability, or every one a weight"
            raise Malformed(f"features[{i}].properties", "probabilities and weights are mixed", fix)
        values.append(value)
        shapes.append(_shape(feature.get("geometry"), f"features[{i}].geometry", area.frame))
    shares = _shares(np.array(values), names.pop(), doc, "features")
    return from_patches(ground_of(area), [Patch(s, float(p)) for s, p in zip(shapes, shares, strict=True)])


def _valued(feature: object, field: str) -> tuple[str, float]:
    """Whether a feature has a probability or a weight, and which."""
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise Malformed(field, "is not a GeoJSON Feature", "give features with a polygon each")
    properties = feature.get("properties")
    given = [n for n in ("probability", "weight") if isinstance(properties, dict) and properties.get(n) is not None]
    if not isinstance(properties, dict) or len(given) != 1:
        problem = "has both a probability and a weight" if given else "is missing"
        where = f"{field}.properties" if given else f"{field}.properties.probability"
        raise Malformed(where, problem, "give one of probability (0 to 1) and weight (0 or more)")
    name = given[0]
    return name, _number(properties[name], f"{field}.properties.{name}", 0.0, _most(name))


def _most(name: str) -> float:
    return 1.0 if name == "probability" else MOST_WEIGHT


def _shares(values: Floats, name: str, doc: dict[str, Any], field: str) -> Floats:
    """Values as probabilities; weights are scaled to what `rest_of_world` leaves."""
    total = float(values.sum())
    if name == "probability":
        if "rest_of_world" in doc:
            fix = "leave it out: it is what the probabilities lack to 1"
            raise Malformed("rest_of_world", "is given beside probabilities", fix)
        if total > 1.0 + 1e-6:
            raise Malformed(field, f"the probabilities sum to {total:g}", "let them sum to at most 1, or give weights")
        return values / max(total, 1.0)
    if total <= 0.0:
        raise Malformed(field, "all weights are 0", "give one of them a weight above 0")
    return values / total * (1.0 - _number(doc.get("rest_of_world", 0.0), "rest_of_world", 0.0, 1.0))


def _shape(geometry: object, field: str, frame: LocalFrame) -> Any:
    match geometry:
        case {"type": "Polygon", "coordinates": list(coordinates)}:
            return _polygon(coordinates, f"{field}.coordinates", frame)
        case {"type": "MultiPolygon", "coordinates": list(found)} if found:
            pieces = [_polygon(c, f"{field}.coordinates[{k}]", frame) for k, c in enumerate(found)]
            return shapely.union_all(pieces)
        case _:
            raise Malformed(field, "is not a Polygon or MultiPolygon", "draw a polygon")


def _polygon(coordinates: object, field: str, frame: LocalFrame) -> Any:
    if not isinstance(coordinates, list) or not coordinates:
        raise Malformed(field, "the polygon is empty", "draw at least 3 corners")
    if sum(len(r) for r in coordinates if isinstance(r, list)) > MOST_CORNERS:
        raise Malformed(field, f"more than {MOST_CORNERS} corners", "simplify the outline")
    found = []
    for k, ring in enumerate(coordinates):
        at = f"{field}[{k}]"
        if not isinstance(ring, list):
            raise Malformed(at, "is not a ring of positions", "a ring is a list of [longitude, latitude]")
        places = tuple(_position(p, f"{at}[{i}]") for i, p in enumerate(ring))
        rings.within_reach(places, at)
        if len(places) < 3:
            raise Malformed(at, f"{len(places)} corners", "a ring needs at least 3")
        found.append(rings.simple(places, frame, at))
    return rings.joined(found, frame, field)


def _rings(doc: dict[str, Any], area: CheckedArea) -> ProbabilityMap:
    point = _place(doc, "point")
    try:
        spread = Spread(doc.get("spread", Spread.UNIFORM))
    except ValueError:
        raise Malformed("spread", f"{doc['spread']!r:.40} is not known", "give uniform or log") from None
    found = []
    for i, ring in enumerate(_list(doc, "rings", MOST_RINGS)):
        if not isinstance(ring, dict):
            raise Malformed(f"rings[{i}]", "is not an object", "give within_m and probability")
        reach = _number(ring.get("within_m"), f"rings[{i}].within_m", 1.0, MOST_RADIUS_M)
        found.append(Ring(reach, _number(ring.get("probability"), f"rings[{i}].probability", 0.0, 1.0)))
    xy = area.frame.to_xy(point)
    if not all(map(math.isfinite, xy)):
        raise Malformed("point", "lies too far from the search area", "check point and area")
    return from_rings(ground_of(area), xy, found, spread)


def _grid(doc: dict[str, Any], area: CheckedArea) -> ProbabilityMap:
    frame = LocalFrame(_place(doc, "origin"))
    cell = _number(doc.get("spacing_m"), "spacing_m", LEAST_CELL_M, MOST_CELL_M)
    name = doc.get("values", "probability")
    if name not in ("probability", "weight"):
        raise Malformed("values", f"{name!r:.40} is not known", "give probability or weight")
    values = _table(doc, _most(name))
    values = _shares(values, name, doc, "rows")
    lonlat = area.frame.to_lonlat_many
    polygon = shapely.transform(area.polygon, lambda xy: frame.to_xy_many(lonlat(xy)))
    bounds = np.array(polygon.bounds)
    if not (np.abs(bounds) < MOST_RADIUS_M * 10).all():
        raise Malformed("origin", "lies too far from the search area", "check origin and area")
    west, south = np.floor(bounds[:2] / cell).astype(int)
    east, north = np.ceil(bounds[2:] / cell).astype(int)
    rows, cols = int(north - south), int(east - west)
    if rows * cols > MOST_CELLS:
        problem = f"{cell:g} m makes {rows * cols} cells of the search area"
        raise Malformed("spacing_m", problem, f"stay under {MOST_CELLS} cells")
    ground = ground_on(Grid(frame, west * cell, south * cell, cell, rows, cols), polygon)
    return from_masses(ground, _moved(values, int(south), int(west), (rows, cols)) * ground.inside)


def _moved(values: Floats, south: int, west: int, shape: tuple[int, int]) -> Floats:
    """The values of `shape` cells from row `south` and column `west` on; 0 where there are none."""
    found = np.zeros(shape)
    first, last = np.maximum((south, west), 0), np.minimum(np.add((south, west), shape), values.shape)
    if (last > first).all():
        to = first - (south, west)
        size = last - first
        found[to[0] : to[0] + size[0], to[1] : to[1] + size[1]] = values[first[0] : last[0], first[1] : last[1]]
    return found


def _table(doc: dict[str, Any], most: float) -> Floats:
    table = _list(doc, "rows", MOST_CELLS)
    width = len(table[0]) if isinstance(table[0], list) else 0
    if width == 0 or width * len(table) > MOST_CELLS:
        raise Malformed("rows", f"{len(table)} x {width} values", f"give 1 to {MOST_CELLS} values in rows")
    for i, row in enumerate(table):
        if not isinstance(row, list) or len(row) != width:
            raise Malformed(f"rows[{i}]", f"is not a row of {width} values", "give rows of equal length")
    return np.array([[_number(v, f"rows[{i}][{k}]", 0.0, most) for k, v in enumerate(r)] for i, r in enumerate(table)])


def _place(doc: dict[str, Any], field: str) -> LatLon:
    place = _position(doc.get(field), field)
    rings.within_reach((place,), field)
    return place


def _position(position: object, field: str) -> LatLon:
    """A GeoJSON position as a place; whole numbers too long for a float are refused here."""
    if isinstance(position, list) and any(isinstance(v, int) and abs(v) > MOST_WEIGHT for v in position[:2]):
        raise Malformed(field, "a coordinate is far out of range", "give [longitude, latitude] in degrees")
    return rings.place(position, field)


def _list(doc: dict[str, Any], field: str, most: int) -> list[Any]:
    found = doc.get(field)
    if not isinstance(found, list) or not found:
        raise Malformed(field, "is missing or empty", "give a list with at least one entry")
    if len(found) > most:
        raise Malformed(field, f"{len(found)} entries", f"give at most {most}")
    return found


def _number(value: object, field: str, low: float, high: float) -> float:
    """A JSON number from `low` to `high`; text, true, NaN and nothing are refused."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Malformed(field, "is missing" if value is None else f"{value!r:.40} is not a number", _range(low, high))
    if not low <= value <= high:
        raise Malformed(field, f"{value!r:.20} is out of range", _range(low, high))
    return float(value)


def _range(low: float, high: float) -> str:
    return f"give {low:g} to {high:g}"
