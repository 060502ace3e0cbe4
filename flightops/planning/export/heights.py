"""What a plan document holds beside its paths when the plan follows the ground: see flightops.planning.export.document.

Heights stand beside the paths, one a point, so that a path stays a list of [longitude, latitude].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from core.errors import Malformed
from core.geo import Area, LatLon, LocalFrame
from core.terrain import Terrain
from flightops.planning.airspace.over_ground import Followed, Heights, Relief
from flightops.planning.airspace.terrain_profile import Ground
from flightops.planning.transit import Transits

STEP_M = 5.0
SAME_M = 1e-6
DECIMALS = 2


@dataclass(frozen=True, slots=True)
class _Ways:
    """Ways from and to home in an area, round its no-fly zones, and the ground under them."""

    terrain: Terrain
    home: LatLon | None
    transits: Transits | None

    def highest_m(self, path: tuple[LatLon, ...]) -> float:
        """The highest ground under the ways from home to a path's start and from its end back, m AMSL; without a home
        under that from its end to its start. Raises Malformed where it is not known."""
        home = path[0] if self.home is None else self.home
        lines = [self._way(home, path[0]), self._way(path[-1], home)]
        frame = LocalFrame(path[0])
        ground = Ground(frame, self.terrain)
        most = -np.inf
        for line in lines:
            xy = frame.to_xy_many(np.array([[p.lon_deg, p.lat_deg] for p in line]))
            if np.ptp(xy, axis=0).max() > SAME_M:
                xy = shapely.get_coordinates(shapely.segmentize(shapely.linestrings(xy), STEP_M))
            most = max(most, float(ground.under(xy).max()))
        if not np.isfinite(most):
            problem = "no ground height is known on the way from home or back"
            raise Malformed("terrain", problem, "give terrain that reaches home, or a home nearer to the area")
        return most

    def _way(self, start: LatLon, end: LatLon) -> tuple[LatLon, ...]:
        """Where no legal way leads the straight one: who writes a mission refuses it."""
        found = (start, end) if self.transits is None or start == end else self.transits.way(start, end)
        return found if isinstance(found, tuple) else (start, end)


def height_figures(found: Followed, relief: Relief, area: Area, home: LatLon | None) -> dict[str, Any]:
    """Keys to add to a document: `sectors` (one object a path, to be joined with its own), climb and sink rates, the
    swath seen at the height asked, and `home` with the height of its ground. Raises Malformed: ground not known."""
    ways = _Ways(relief.terrain, home, Transits.of(area) if area.holes else None)
    sectors = [
        _sector(h, ways.highest_m(p.path) + relief.height_agl_m)
        for p, h in zip(found.plan.paths, found.heights, strict=True)
    ]
    figures: dict[str, Any] = {
        "sectors": sectors,
        "climb_mps": relief.rates.climb_mps,
        "sink_mps": relief.rates.sink_mps,
        "full_swath_m": round(found.full_swath_m, 3),
    }
    if home is None:
        return figures
    ground_m = relief.terrain.height_amsl_m(home)
    if ground_m is None:
        raise Malformed("home", "no ground height is known there", "give terrain that reaches home")
    return {**figures, "home": [home.lon_deg, home.lat_deg, round(ground_m, DECIMALS)]}


def _sector(heights: Heights, transit_amsl_m: float) -> dict[str, Any]:
    return {
        "height_amsl_m": [round(h, DECIMALS) for h in heights.amsl_m],
        "agl_m": [round(h, DECIMALS) for h in heights.agl_m],
        "least_agl_m": round(heights.least_agl_m, DECIMALS),
        "most_agl_m": round(heights.most_agl_m, DECIMALS),
        "transit_amsl_m": round(max(transit_amsl_m, *heights.amsl_m[:: len(heights.amsl_m) - 1]), DECIMALS),
        "too_high": [
            {"from_m": round(s.from_m, 1), "to_m": round(s.to_m, 1), "most_agl_m": round(s.most_agl_m, DECIMALS)}
            for s in heights.too_high
        ],
    }
