"""Judgement of single rings and of how they lie to each other, in words that name the corner and the fix."""

from __future__ import annotations

import math
import re

import numpy as np
import shapely
from shapely import Point, Polygon
from shapely.geometry.base import BaseGeometry

from core.errors import Malformed
from core.geo import MAX_LATITUDE_DEG, LatLon, LocalFrame

LEAST_M2 = 1.0
OVERHANG_M = 0.5


FAR_OUT = 1_000_000
"""Whole numbers beyond are not turned into floats, which may fail."""


def place(position: object, field: str) -> LatLon:
    """A GeoJSON position as a place. Raises Malformed; says so when the two numbers look swapped."""
    if not isinstance(position, list | tuple) or not 2 <= len(position) <= 4:
        raise Malformed(field, f"{_short(position)} is not a position", "give [longitude, latitude]")
    for value in position[:2]:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Malformed(field, f"{_short(value)} is not a number", "give [longitude, latitude] in degrees")
        if isinstance(value, int) and abs(value) > FAR_OUT:
            raise Malformed(field, f"{_short(value)} is no degrees", "give [longitude, latitude] in degrees")
        if not math.isfinite(value):
            raise Malformed(field, f"{value} is not a finite number", "give [longitude, latitude] in degrees")
    lon, lat = float(position[0]), float(position[1])
    if abs(lat) > 90.0 and abs(lon) <= 90.0 and abs(lat) <= 180.0:
        raise Malformed(
            field,
            f"latitude {lat:g} is outside -90 to 90; latitude and longitude look swapped",
            "GeoJSON has longitude first: [longitude, latitude]",
        )
    if abs(lat) > 90.0:
        raise Malformed(field, f"latitude {lat:g} is outside -90 to 90", "give degrees, WGS-84")
    if abs(lon) > 180.0:
        raise Malformed(field, f"longitude {lon:g} is outside -180 to 180", "give degrees, WGS-84")
    return LatLon(lat, lon)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def within_reach(ring: tuple[LatLon, ...], field: str) -> None:
    """Raises Malformed for a ring near a pole or across the antimeridian."""
    for i, corner in enumerate(ring):
        if abs(corner.lat_deg) > MAX_LATITUDE_DEG:
            raise Malformed(
                f"{field}[{i}]",
                f"latitude {corner.lat_deg:g} is too near the pole",
                f"searches are planned up to {MAX_LATITUDE_DEG:g} degrees north and south",
            )
        if abs(corner.lon_deg - ring[i - 1].lon_deg) > 180.0:
            raise Malformed(f"{field}[{i}]", "the edge to it crosses the antimeridian", "split the area at 180 degrees")


def simple(ring: tuple[LatLon, ...], frame: LocalFrame, field: str) -> Polygon:
    """The ring as a valid polygon in metres, repeated corners dropped. Raises Malformed."""
    xy = frame.to_xy_many(np.array([[p.lon_deg, p.lat_deg] for p in ring]))
    if not np.isfinite(xy).all():
        raise Malformed(
            f"{field}[{int(np.argmin(np.isfinite(xy).all(axis=1)))}]", "lies too far off", "check the corner"
        )
    kept = xy[np.hypot(*(xy - np.roll(xy, 1, axis=0)).T) > 1e-6]
    if len(kept) < 3:
        raise Malformed(field, f"only {len(kept)} different corners", "a ring needs at least 3")
    polygon = Polygon(kept)
    if polygon.is_valid and polygon.area >= LEAST_M2:
        return polygon
    if shapely.oriented_envelope(polygon).area < LEAST_M2:
        raise Malformed(
            field, "its corners lie on one line: it has no area", "draw at least 3 corners that span some ground"
        )
    if polygon.is_valid:
        raise Malformed(field, f"its area is {polygon.area:.2g} m2", f"draw at least {LEAST_M2:g} m2")
    crossing = _fault(polygon)
    at = int(np.argmin(shapely.distance(_edges(xy), crossing)))
    raise Malformed(
        f"{field}[{at}]", f"the ring crosses or touches itself at {_words(crossing, frame)}", "move that corner"
    )


def _edges(xy: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> np.ndarray[tuple[int, ...], np.dtype[np.object_]]:
    edges: np.ndarray[tuple[int, ...], np.dtype[np.object_]] = shapely.linestrings(
        np.stack([xy, np.roll(xy, -1, axis=0)], axis=1)
    )
    return edges


def _fault(polygon: BaseGeometry) -> Point:
    """Where GEOS says that a geometry is invalid."""
    found = re.search(r"\[(\S+) (\S+)\]", shapely.is_valid_reason(polygon))
    if found is None:
        return polygon.centroid
    return Point(float(found[1]), float(found[2]))


def _words(point: Point, frame: LocalFrame) -> str:
    at = frame.to_latlon(float(point.x), float(point.y))
    return f"latitude {at.lat_deg:.6f}, longitude {at.lon_deg:.6f}"


def joined(checked: list[Polygon], frame: LocalFrame, field: str) -> Polygon:
    """One polygon of the outer ring (first) and its holes. Raises Malformed unless every hole lies inside, clear of
    the other holes, and the area holds together; a hole may reach over the edge by OVERHANG_M and is cut there."""
    outer, holes = checked[0], checked[1:]
    for k, hole in enumerate(holes, start=1):
        if not outer.covers(hole) and not outer.buffer(OVERHANG_M).covers(hole):
            where = _words(hole.difference(outer).representative_point(), frame)
            problem = f"the hole lies outside the outer ring at {where}"
            raise Malformed(f"{field}[{k}]", problem, "draw holes inside the area")
    _apart(holes, frame, field)
    whole = Polygon(outer.exterior, [hole.exterior for hole in holes])
    if whole.is_valid:
        return whole
    left = outer.difference(shapely.union_all(holes))
    if not isinstance(left, Polygon) or left.is_empty:
        raise Malformed(field, "the holes cut the area apart or fill it", "search its parts one by one")
    return left


def _apart(holes: list[Polygon], frame: LocalFrame, field: str) -> None:
    """Raises Malformed when two holes overlap."""
    if len(holes) < 2:
        return
    for k, other in sorted(map(tuple, shapely.STRtree(holes).query(holes, predicate="intersects").T.tolist())):
        if k < other and holes[k].intersection(holes[other]).area > 0:
            where = _words(holes[k].intersection(holes[other]).representative_point(), frame)
            problem = f"the hole overlaps hole {k + 1} at {where}"
            raise Malformed(f"{field}[{other + 1}]", problem, "draw overlapping no-fly zones as one")


def offset(area: BaseGeometry, by_m: float) -> BaseGeometry:
    """An area wider by `by_m`, or narrower when that is below 0, with sharp corners. Valid: where the mitred outline
    crosses itself, as GEOS lets it now and then, it is put right."""
    found: BaseGeometry = shapely.buffer(area, by_m, join_style="mitre", mitre_limit=3.0)
    return found if found.is_valid else shapely.make_valid(found, method="structure", keep_collapsed=False)
