"""What the pattern tests share: a frame that no pattern is made in, and plain measuring of paths in it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from core.errors import Refused
from core.geo import Area, Floats, LatLon, LocalFrame
from flightops.planning.patterns.pattern import Pattern

DATUM = LatLon(28.8885, 120.036)
FRAME = LocalFrame(DATUM)
ELSEWHERE = LocalFrame(LatLon(28.9, 120.05))


def places(xy: Iterable[tuple[float, float]]) -> tuple[LatLon, ...]:
    """Metres of FRAME as places."""
    return tuple(FRAME.to_latlon(*at) for at in xy)


def box(half_x: float, half_y: float, *holes: Iterable[tuple[float, float]]) -> Area:
    """A box about DATUM, with holes."""
    corners = ((-half_x, -half_y), (half_x, -half_y), (half_x, half_y), (-half_x, half_y))
    return Area(places(corners), tuple(map(places, holes)))


def metres(path: Iterable[LatLon], frame: LocalFrame = FRAME) -> Floats:
    """(n, 2) metres."""
    return np.array([frame.to_xy(p) for p in path])


def good(answer: Pattern | Refused) -> Pattern:
    """The pattern, which must not be a refusal and must be as long as its path."""
    assert isinstance(answer, Pattern), str(answer)
    length = float(np.hypot(*np.diff(metres(answer.path, ELSEWHERE), axis=0).T).sum())
    assert abs(answer.length_m - length) <= 1e-5 * length + 1e-3
    return answer


def seen(path: Floats, swath_m: float, cap: str = "round") -> BaseGeometry:
    """Exact union of the strips along all legs; a square cap is half a swath of picture beyond each end."""
    legs = [shapely.LineString(leg) for leg in pairwise(path)]
    return shapely.union_all(shapely.buffer(legs, swath_m / 2, quad_segs=64, cap_style=cap))
