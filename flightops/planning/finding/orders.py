"""Other orders for a planned sweep, and which of them finds soonest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from core.geo import Floats
from flightops.planning.finding.blocks import blocks_of, cut_off, joined, own_ground, reordered, stays_in
from flightops.planning.finding.curve import Curve, Places, first_seen_s
from flightops.planning.partition import APART_M
from flightops.planning.paths.timing import Pace, flight_s
from flightops.planning.paths.visibility import Links
from flightops.planning.probability.area_map import ProbabilityMap
from flightops.planning.probability.order import Run

AS_PLANNED = "as planned"


@dataclass(frozen=True, slots=True, eq=False)
class Flight:
    """One drone's path (n, 2), metres of the map's frame; `home` x, y or None; `drone`: whose; `how`: in words."""

    path: Floats
    drone: int
    home: tuple[float, float] | None = None
    how: str = AS_PLANNED

    def lead_s(self, pace: Pace) -> float:
        """From home to the start in a straight line, s; 0 when home is not known."""
        if self.home is None:
            return 0.0
        return float(pace.run_s(np.hypot(*(self.path[0] - self.home))))


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """What orders are judged by: belief (`coarse`: in larger cells, to sort blocks by), its places, POD where nothing
    hides, swath and pace; `most_s`: no path may take longer; `cut`: paths that would are cut off there, else they are
    out; `counts`: how many blocks paths are cut in."""

    where: ProbabilityMap
    coarse: ProbabilityMap
    places: Places
    pod: float
    swath_m: float
    pace: Pace
    most_s: float
    cut: bool
    counts: tuple[int, ...]

    def curve(self, flights: tuple[Flight, ...]) -> Curve:
        """How POS grows while all fly at one time, from take-off."""
        seen = [first_seen_s(self.places, f.path, self.swath_m, self.pace) + f.lead_s(self.pace) for f in flights]
        return Curve.of(self.places, seen, self.pod)

    def wait_s(self, flights: tuple[Flight, ...]) -> float:
        """Expected time to find, s, for who is not found by the horizon: till then."""
        return self.curve(flights).wait_s(self.horizon_s(flights))

    def rank(self, flights: tuple[Flight, ...]) -> tuple[float, float]:
        """What is least for the best order: the wait; when time is cut, what is not found by the end goes first."""
        curve, end_s = self.curve(flights), self.horizon_s(flights)
        return round(1.0 - curve.at(end_s), 3) if self.cut else 0.0, round(curve.wait_s(end_s), 3)

    def horizon_s(self, flights: tuple[Flight, ...]) -> float:
        """One end for all orders that are compared: all of them are over by then."""
        west, south, east, north = self.where.ground.polygon.bounds
        across = float(np.hypot(east - west, north - south))
        homes = [f.home for f in flights if f.home is not None]
        away = max((float(np.hypot(h[0] - west, h[1] - south)) for h in homes), default=-across)
        return self.most_s + max(away + across, 0.0) / self.pace.speed_mps + self.pace.ramp_s

    def fitted(self, flight: Flight) -> Flight | None:
        """The flight as it may be flown: cut off, or None when it takes too long."""
        if not self.cut:
            return flight if flight_s(flight.path, self.pace) <= self.most_s else None
        path = cut_off(flight.path, self.most_s, self.pace)
        return None if path is None else replace(flight, path=path)


def options(flights: tuple[Flight, ...], links: Links, terms: Terms) -> list[tuple[Flight, ...]]:
    """Ways to fly the paths of a plan that take no longer than may be, those that find soonest first. The plan itself
    is among them when it fits."""
    alike = (flights, tuple(_turned(f) for f in flights))
    ways = [_variants(f, links, terms, alone=len(flights) == 1) for f in flights]
    found: list[tuple[Flight, ...]] = []
    if len(flights) == 1:
        found += [(flight,) for flight in ways[0]]
    else:
        fit = [done for way in alike if (done := _fitted(way, terms)) is not None]
        found += [*fit, *(_chosen(way, ways, min(_apart(flights), APART_M)) for way in fit)]
    return sorted(found, key=terms.rank)


def _fitted(flights: tuple[Flight, ...], terms: Terms) -> tuple[Flight, ...] | None:
    fit = tuple(terms.fitted(f) for f in flights)
    return tuple(f for f in fit if f is not None) if None not in fit else None


def _variants(flight: Flight, links: Links, terms: Terms, alone: bool) -> list[Flight]:
    """Ways to fly one path that fit, the soonest first. With other drones about, only those that stay on the path's own
    ground, so that none comes into another's."""
    ways = [flight, _turned(flight)]
    if alone:
        ways += _reordered(flight, links, terms)
    elif terms.counts:
        own = own_ground(flight.path, terms.swath_m)
        ways += [f for f in _reordered(flight, links, terms) if stays_in(f.path, own)]
    fit = [done for f in ways if (done := terms.fitted(f)) is not None]
    return sorted(fit, key=lambda f: terms.rank((f,)))


def _chosen(flights: tuple[Flight, ...], ways: list[list[Flight]], least_m: float) -> tuple[Flight, ...]:
    """From one plan on, drone by drone the way that finds soonest while starts, and ends, stay `least_m` apart."""
    chosen = list(flights)
    for k, own in enumerate(ways):
        for flight in own:
            tried = (*chosen[:k], flight, *chosen[k + 1 :])
            if _apart(tried) >= least_m:
                chosen[k] = flight
                break
    return tuple(chosen)


def _turned(flight: Flight) -> Flight:
    return _as(flight, flight.path[::-1], "backwards")


def _as(flight: Flight, path: Floats, how: str) -> Flight:
    return replace(flight, path=path, how=how if flight.how == AS_PLANNED else f"{flight.how}, {how}")


def _apart(flights: tuple[Flight, ...]) -> float:
    """Least distance between any two starts, or any two ends, m."""
    if len(flights) < 2:
        return float("inf")
    tips = np.array([[f.path[0], f.path[-1]] for f in flights])
    away = np.hypot(*(tips[:, None] - tips[None, :]).transpose(3, 0, 1, 2))
    return float(away[np.triu_indices(len(flights), 1)].min())


def _reordered(flight: Flight, links: Links, terms: Terms) -> Iterator[Flight]:
    """The path in blocks of several sizes, each time in the order that finds most a minute."""
    cap = terms.most_s if terms.cut else None
    run = Run(terms.pace, None if terms.cut else flight.home, cap)
    for blocks in blocks_of(flight.path, terms.counts, terms.pace):
        try:
            path = joined(reordered(blocks, terms.coarse, terms.swath_m, run), links)
        except ValueError:
            continue
        yield _as(flight, path, f"{len(blocks)} blocks re-ordered")
