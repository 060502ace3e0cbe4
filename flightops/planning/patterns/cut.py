"""A pattern's path cut to an area: what lies outside or over a hole is left out, and flown round by links inside."""

from __future__ import annotations

import numpy as np
import shapely

from core.errors import Malformed
from core.geo import Floats
from flightops.planning.area import CheckedArea
from flightops.planning.paths.making import rooms
from flightops.planning.paths.timing import Pace, length_m
from flightops.planning.paths.visibility import Links
from flightops.planning.patterns.pattern import stretches

LEAST_SWATHS = 0.35
"""Pieces shorter than this share of a swath cost more in turns than they show, as lines of a sweep do."""


def cut_to(ground: CheckedArea, path: Floats, swath_m: float, pace: Pace) -> Floats:
    """A path (n, 2), metres of the ground's frame, that keeps inside the area and off its holes: the given one where
    it does, its pieces in their order, each from its nearer end, and the quickest ways between them where it doesn't.

    Raises Malformed when no piece is left, no way leads to the next one, or the outline is too ragged to plan in.
    """
    inner, room = rooms(ground.polygon, swath_m)
    legs = shapely.linestrings(np.stack([path[:-1], path[1:]], axis=1))
    pieces = [np.array(s.points) for s in stretches(legs, shapely.intersection(legs, inner))]
    kept = [p for p in pieces if length_m(p) >= LEAST_SWATHS * swath_m]
    if not kept:
        raise Malformed("pattern", "no leg of it lies inside the area", "choose another pattern, datum or bearing")
    for k, piece in enumerate(kept[1:], start=1):
        here = kept[k - 1][-1]
        if np.hypot(*(piece[-1] - here)) < np.hypot(*(piece[0] - here)):
            kept[k] = piece[::-1]
    leave, enter = np.array([p[-1] for p in kept[:-1]]), np.array([p[0] for p in kept[1:]])
    try:
        bends = Links(room, inner, pace).ways(leave, enter) if len(kept) > 1 else []
    except ValueError as no_way:
        fix = "search its parts one by one"
        raise Malformed("area", "it is too narrow somewhere to fly through", fix) from no_way
    return np.vstack([kept[0], *(part for bend, piece in zip(bends, kept[1:], strict=True) for part in (bend, piece))])
