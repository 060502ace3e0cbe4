"""A plan document for the writers' tests, as `plan_document` gives it, with what else may stand in one."""

from __future__ import annotations

from typing import Any

from core.geo import Area, LatLon, LocalFrame
from flightops.planning.plan_file import plan_document
from flightops.planning.sweep import SweepRequest, plan_sweep

FRAME = LocalFrame(LatLon(28.8885, 120.036))
OUTER = ((-300.0, -200.0), (300.0, -200.0), (300.0, 200.0), (-300.0, 200.0))
HOLE = ((-60.0, -60.0), (-60.0, 40.0), (80.0, 40.0))
HOME = (-250.0, -150.0)


def lonlat(x_m: float, y_m: float) -> list[float]:
    at = FRAME.to_latlon(x_m, y_m)
    return [at.lon_deg, at.lat_deg]


def geometry() -> dict[str, Any]:
    """The area, its outer ring clockwise and its hole counter-clockwise: both the wrong way for GeoJSON."""
    rings = [[lonlat(*p) for p in (*ring, ring[0])] for ring in (OUTER[::-1], HOLE[::-1])]
    return {"type": "Polygon", "coordinates": rings}


def _planned() -> dict[str, Any]:
    def ring(corners: tuple[tuple[float, float], ...]) -> tuple[LatLon, ...]:
        return tuple(FRAME.to_latlon(*p) for p in corners)

    home = FRAME.to_latlon(*HOME)
    return plan_document(plan_sweep(SweepRequest(Area(ring(OUTER), (ring(HOLE),)), 50.0, drones=2, homes=(home, home))))


PLANNED = _planned()


def document(**changes: Any) -> dict[str, Any]:
    """A whole document; a change to None takes the key out."""
    whole = {
        **PLANNED,
        "name": "Ridge & <valley> 搜索",
        "area": geometry(),
        "home": [*lonlat(*HOME), 87.5],
        "rally": [lonlat(200.0, 150.0), [*lonlat(250.0, -150.0), 40.0]],
        "height_agl_m": 60.0,
        **changes,
    }
    return {key: value for key, value in whole.items() if value is not None}
