"""Where people are looked for just now. What a camera sees elsewhere, on the way or over the town, is nobody's business
and is not recorded (docs/adr/0005)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import shapely

from core.geo import Area, LatLon, LocalFrame
from core.ids import DroneId
from flightops.fleet.state import FleetState, SearchStage

MARGIN_M = 50.0
"""Around a search area: a person at its edge is placed with an error."""


@lru_cache(maxsize=64)
def _grown(area: Area) -> tuple[LocalFrame, Any]:
    frame = LocalFrame(area.outer[0])
    shape = shapely.Polygon([frame.to_xy(p) for p in area.outer]).buffer(MARGIN_M)
    shapely.prepare(shape)
    return frame, shape


def looks_for(fleet: FleetState, drone: DroneId, seen: tuple[LatLon, ...]) -> bool:
    """Whether `drone` sees any ground where it looks for people (looked_for_at). `seen`: a ring, not closed."""
    for frame, shape in _looked_for(fleet, drone):
        if shapely.intersects(shape, shapely.make_valid(shapely.Polygon([frame.to_xy(p) for p in seen]))):
            return True
    return False


def looked_for_at(fleet: FleetState, drone: DroneId, place: LatLon) -> bool:
    """Whether `drone` has a part in a search that flies now and whose area, MARGIN_M wider, holds `place`."""
    return any(shapely.contains_xy(shape, *frame.to_xy(place)) for frame, shape in _looked_for(fleet, drone))


def _looked_for(fleet: FleetState, drone: DroneId) -> Iterator[tuple[LocalFrame, Any]]:
    for search in fleet.searches.values():
        flying = search.stage is SearchStage.FLYING and any(s.sector.drone == drone for s in search.sectors)
        if flying and search.area is not None:
            yield _grown(search.area)
