"""In what order, and which way round, a drone flies its stretches: the least time on links."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations, product
from math import hypot

import numpy as np

from core.geo import Floats
from flightops.planning.paths.timing import Pace
from flightops.planning.replan.lots import Lot, Span
from flightops.planning.replan.ways import Net, Spot, Way, Ways

ALL_TRIED = 3
HOME_WEIGHT = 0.2
"""Of a second of the way home, against one on a link between pieces: only battery counts there."""
AT_ONCE_M = 0.01


class Atlas:
    """Ways asked for during one re-planning, each worked out once."""

    def __init__(self, ways: Ways) -> None:
        self._ways = ways
        self._spots: dict[tuple[bool, bytes], Spot] = {}
        self._found: dict[tuple[bool, bytes, bytes], Way] = {}

    @property
    def pace(self) -> Pace:
        """The pace by which ways are compared."""
        return self._ways.pace

    def between(self, a: Floats, b: Floats) -> Way:
        """The way from one piece to another."""
        return self._way(False, a, b)

    def home(self, a: Floats, b: Floats) -> Way:
        """The way from or to a home."""
        return self._way(True, a, b)

    def link(self, a: Floats, b: Floats, from_home: bool = False) -> Way:
        """The way to a piece; from a home, or where the area's own ways do not lead, round the holes alone."""
        if from_home:
            return self.home(a, b)
        way = self.between(a, b)
        return way if np.isfinite(way.seconds) else self.home(a, b)

    def hop_s(self, a: Floats, b: Floats, from_home: bool = False) -> float:
        """Seconds from a to b with a turn at either end; 0 when they are one place."""
        if hypot(a[0] - b[0], a[1] - b[1]) <= AT_ONCE_M:
            return 0.0
        return self.link(a, b, from_home).seconds + 2.0 * self._ways.pace.turn_s

    def _way(self, home: bool, a: Floats, b: Floats) -> Way:
        key = (home, a.tobytes(), b.tobytes())
        if key not in self._found:
            net = self._ways.home if home else self._ways.between
            self._found[key] = net.way(self._spot(home, net, a), self._spot(home, net, b))
        return self._found[key]

    def _spot(self, home: bool, net: Net, place: Floats) -> Spot:
        key = (home, place.tobytes())
        if key not in self._spots:
            self._spots[key] = net.spot(place)
        return self._spots[key]


def straight_s(a: Floats, b: Floats | None, speed_mps: float) -> float:
    """Seconds of the straight way at cruise speed; 0 to an unknown place."""
    return 0.0 if b is None else hypot(a[0] - b[0], a[1] - b[1]) / speed_mps


@dataclass(frozen=True, slots=True)
class Trip:
    """Where a tour begins, whether that is its drone's home, and where it should end near (None: unknown)."""

    place: Floats
    from_home: bool
    home: Floats | None


def toured(trip: Trip, given: tuple[Span, ...], lots: tuple[Lot, ...], atlas: Atlas) -> tuple[Span, ...]:
    """The stretches in the order and direction of the least links, with a little regard for the way home.

    All orders of up to ALL_TRIED; beyond that each is put in where it costs least.
    """
    ends = {
        s: (lots[s.lot].axis.point(s.start_m), lots[s.lot].axis.point(s.end_m)) for g in given for s in (g, g.turned)
    }

    def price(order: tuple[Span, ...]) -> float:
        total, at = 0.0, trip.place
        for k, span in enumerate(order):
            total += atlas.hop_s(at, ends[span][0], trip.from_home and k == 0)
            at = ends[span][1]
        return round(total + HOME_WEIGHT * straight_s(at, trip.home, atlas.pace.speed_mps), 3)

    if len(given) <= ALL_TRIED:
        return min((tuple(way) for o in permutations(given) for way in product(*((s, s.turned) for s in o))), key=price)
    best: tuple[Span, ...] = ()
    for span in given:
        best = min(
            ((*best[:k], s, *best[k:]) for k in range(len(best) + 1) for s in (span, span.turned)),
            key=price,
        )
    return best
