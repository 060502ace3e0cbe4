"""A place watched without a break: drones relieve each other on a ring round it, each there before the last one leaves.

By turns they fly the ring at two heights, and come and go at two more above, a layer apart each. Where on the ring a
drone comes in decides how far it is from the one it relieves: tried until the finished flights are proved apart.
Frame: metres of the area's local frame; heights are above home, the ground being taken as level.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count, pairwise
from typing import Any

import numpy as np

from core.errors import Malformed, Refused
from core.geo import Floats
from core.units import within
from flightops.planning.airspace.energy import RETURN_MARGIN, endurance_cut, spare_wh, used_wh
from flightops.planning.airspace.relay import Stay, Watch, Watcher, relay
from flightops.planning.airspace.separation import conflict_with, nearest
from flightops.planning.airspace.timed import Flight, Parts, Phase, Waits
from flightops.planning.area import CheckedArea
from flightops.planning.fleet.document import flights_document
from flightops.planning.fleet.drones import FleetDrone, checked_fleet
from flightops.planning.fleet.flights import TURNAROUND_S, Air, FleetFlights, Flown, Share, legal
from flightops.planning.paths.timing import flight_s, length_m, reached_s
from flightops.planning.sweep import SweepPlan

LAYERS = 2
MOST_WATCH_S = 86_400.0
MORE_OVERLAP_S = (0.0, 15.0, 30.0, 45.0)
"""Where no place to come in at keeps drones apart, they meet longer: the one that leaves is somewhere else then."""
BATTERIES = (1.0, 0.97, 0.94, 0.9)
"""Shares of the battery that turns are planned with: less where a flight so planned broke the rule."""
TELL_S = 1e-3
SLACK_S = 1.0
"""Turns end at a corner of the ring, up to so much later than the timetable has it."""


@dataclass(frozen=True, slots=True)
class WatchWish:
    """How long the ring is watched, and how long two are there at each change, s."""

    watch_s: float
    overlap_s: float = 30.0

    def __post_init__(self) -> None:
        within("watch_s", self.watch_s, 60.0, MOST_WATCH_S)
        within("overlap_s", self.overlap_s, 0.0, 600.0)


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """One drone's turn as it is flown: seconds on station, height of the ring above home, m."""

    drone: str
    on_s: float
    off_s: float
    height_m: float


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """The flights of a watch, proved apart and within the batteries, and the turns in their order; `from_s`, `to_s`:
    what was asked, on the flights' clock."""

    made: FleetFlights
    turns: tuple[Turn, ...]
    from_s: float
    to_s: float

    def document(self) -> dict[str, Any]:
        """What the plan's file says of the watch, from the finished flights."""
        there = [(t.on_s, t.off_s) for t in self.turns]
        meet = [a[1] - b[0] for a, b in pairwise(there)]
        bare = [max(b[0] - a[1], 0.0) for a, b in pairwise(there)]
        ends = max(there[0][0] - self.from_s, 0.0) + max(self.to_s - there[-1][1], 0.0)
        return {
            "from_s": round(self.from_s, 1),
            "to_s": round(self.to_s, 1),
            "unwatched_s": round(sum(bare) + ends, 3),
            "least_overlap_s": round(min(meet), 1) if meet else None,
            "turns": [
                {
                    "drone": t.drone,
                    "on_station_s": round(t.on_s, 1),
                    "off_station_s": round(t.off_s, 1),
                    "height_m": t.height_m,
                }
                for t in self.turns
            ],
        }


def watched(air: Air, ring: Floats, drones: tuple[FleetDrone, ...], watch_s: float, overlap_s: float) -> Watched:
    """A ring (n, 2), closed, watched for `watch_s` from when the first drone is there, with two there for `overlap_s`
    or longer at each change. Deterministic. Raises Malformed, naming what to mend, when there is no such plan."""
    post = _Post.over(air, ring, checked_fleet(drones))
    for battery in BATTERIES:
        watchers = [post.watcher(d, battery) for d in drones]
        try:
            return _relieved(post, watchers, watch_s, overlap_s)
        except _ShortOfBattery:
            continue
    raise Malformed(
        "fleet", "its batteries do not last for their turns", "take larger ones, or homes nearer to the ring"
    )


def plan_watch(ground: CheckedArea, ring: SweepPlan, drones: tuple[FleetDrone, ...], wish: WatchWish) -> dict[str, Any]:
    """What a watch's file says: its flights, their proof and the turns; the ring is the one path of a plan. Raises
    Malformed as `watched` does."""
    air = Air.over(ground.area, drones)
    lonlat = np.array([[p.lon_deg, p.lat_deg] for p in ring.paths[0].path])
    found = watched(air, air.transits.frame.to_xy_many(lonlat), drones, wish.watch_s, wish.overlap_s)
    doc = flights_document(air, found.made)
    return {**doc, "flights": [{**f, "sector": 1} for f in doc["flights"]], "watch": found.document()}


class _ShortOfBattery(Exception):
    """A flight planned with this share of the battery breaks the rule."""


@dataclass(frozen=True, slots=True, eq=False)
class _Post:
    """The ring without its last point, which is its first; the air with layers above both heights of the ring."""

    air: Air
    ring: Floats
    drones: dict[str, FleetDrone]
    lowest_m: float

    @staticmethod
    def over(air: Air, ring: Floats, drones: tuple[FleetDrone, ...]) -> _Post:
        stack, base = air.sky.stack_m, max(d.height_agl_m for d in drones)
        lowest = max(base + LAYERS * stack, air.lowest_m)
        air = replace(air, sky=replace(air.sky, layers=LAYERS), lowest_m=lowest)
        return _Post(air, ring[:-1], {d.name: d for d in drones}, base)

    def share(self, drone: FleetDrone, laps: Floats, layer: int) -> Share:
        """Rounds flown in a layer."""
        return Share(replace(drone, height_agl_m=self.lowest_m + layer * self.air.sky.stack_m), laps)

    def rounds(self, first: int, points: int) -> Floats:
        """So many corners of the ring, from one of them on."""
        return self.ring[(first + np.arange(points)) % len(self.ring)]

    def points(self, drone: FleetDrone, stay_s: float, first: int) -> int:
        """Corners, from one of them on, of a turn that lasts about so long."""
        lap_m = length_m(self.rounds(0, len(self.ring) + 1))
        most = int((stay_s + 60.0) * (drone.speed_mps + float(np.hypot(*drone.wind_mps))) / lap_m * len(self.ring)) + 2
        laps = self.rounds(first, most)
        return max(int(np.searchsorted(reached_s(laps, _along_m(laps), drone.pace), stay_s)) + 1, 2)

    def flight(self, share: Share, layer: int) -> Flight:
        """The flight of a share, take-off at 0."""
        parts = Parts.of(self.air.course(share), share.drone.pace, share.drone.rates)
        return parts.flight(self.air.lowest_m + layer * self.air.sky.stack_m, Waits())

    def turn(self, drone: FleetDrone, stay: Stay, first: int) -> Flight:
        """The flight of a turn that comes in at a corner, as long as the timetable has it or a little longer."""
        stay_s = stay.off_station_s - stay.on_station_s
        for points in count(self.points(drone, stay_s, first)):
            flight = self.flight(self.share(drone, self.rounds(first, points), stay.layer), stay.layer)
            on, off = flight.span_s(Phase.SWEEP)
            if off - on >= stay_s:
                return flight
        raise AssertionError

    def watcher(self, drone: FleetDrone, battery: float) -> Watcher:
        """How long a drone may stay, in from the corner of the ring that is farthest from home and back from the one it
        is farthest from. Raises Malformed."""
        field = f"fleet.{drone.name}"
        if drone.endurance_s is None:
            raise Malformed(f"{field}.endurance_min", "a watch needs to know it", "say how long a battery lasts")
        out_s, back_s = self._ways_s(drone)
        first, top = int(out_s.argmax()), LAYERS - 1
        laps = self.rounds(first, self.points(drone, drone.endurance_s, first))
        share = self.share(drone, laps, top)
        aircraft = self.air.aircraft(self.share(drone, self.rounds(0, len(self.ring) + 1), top))
        assert aircraft is not None
        less = replace(aircraft, model=replace(aircraft.model, battery_wh=aircraft.model.battery_wh * battery))
        along_m = endurance_cut(self.air.course(share), less, self.air.ways(drone))
        if isinstance(along_m, Refused):
            reason = along_m.reasons[0]
            raise Malformed(field, reason.problem, reason.fix)
        corner = int(np.searchsorted(_along_m(laps), along_m))
        nearer_s = float(back_s.max() - back_s[(first + corner) % len(self.ring)])
        stay_s = float(reached_s(laps, np.array([along_m]), drone.pace)[0]) - RETURN_MARGIN * nearer_s - SLACK_S
        flight = self.flight(share, top)
        on, off = flight.span_s(Phase.SWEEP)
        last = (first + len(laps) - 1) % len(self.ring)
        transit_s = max(on - flight.start_s, flight.end_s - off + float(back_s.max() - back_s[last]))
        return Watcher(drone.name, max(stay_s, 0.0) + 2.0 * transit_s, transit_s, TURNAROUND_S)

    def _ways_s(self, drone: FleetDrone) -> tuple[Floats, Floats]:
        """Flight times from home to each corner of the ring, and back, s. Raises Malformed where no way leads."""
        home, way = self.air.home(drone)[:2], self.air.ways(drone)
        try:
            legs = [(way(home, corner), way(corner, home)) for corner in self.ring]
        except Malformed as wrong:
            raise Malformed(f"fleet.{drone.name}.{wrong.field}", wrong.problem, wrong.fix) from wrong
        out_s, back_s = (np.array([flight_s(leg, drone.pace) for leg in ways]) for ways in zip(*legs, strict=True))
        return out_s, back_s


def _along_m(path: Floats) -> Floats:
    """How far along a path (n, 2) each of its points lies, m."""
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])


def _relieved(post: _Post, watchers: list[Watcher], watch_s: float, overlap_s: float) -> Watched:
    """The watch with the least overlap that keeps drones apart. Raises Malformed: none; _ShortOfBattery."""
    wrong: Malformed | None = None
    for more_s in MORE_OVERLAP_S:
        watch = Watch(0.0, watch_s, overlap_s + more_s)
        try:
            return _kept(_flown(post, watchers, watch), watch)
        except Malformed as refused:
            wrong = wrong or refused
    assert wrong is not None
    raise wrong


def _kept(found: Watched, watch: Watch) -> Watched:
    """The watch when its finished flights keep what was asked. Raises Malformed."""
    there = [(t.on_s, t.off_s) for t in found.turns]
    whole = there[0][0] <= found.from_s + TELL_S and there[-1][1] >= found.to_s - TELL_S
    if not whole or any(a[1] - b[0] < watch.overlap_s - TELL_S for a, b in pairwise(there)):
        raise Malformed("watch_s", "the flights found leave the ring unwatched", "ask for a shorter overlap")
    return found


def _flown(post: _Post, watchers: list[Watcher], watch: Watch) -> Watched:
    """The timetable flown. Raises Malformed: none, or drones too near one another; _ShortOfBattery."""
    stays = relay(watchers, watch)
    if isinstance(stays, Refused):
        reason = stays.reasons[0]
        raise Malformed("fleet", reason.problem, reason.fix)
    early = -stays[0].leave_home_s
    flights: list[tuple[Stay, Flight]] = []
    for stay in stays:
        flights.append((stay, _placed(post, stay, early, [f for _, f in flights])))
    names = list(post.drones)
    shares = tuple(post.share(d, post.rounds(0, len(post.ring) + 1), 0) for d in post.drones.values())
    flown, turns, times = [], [], dict.fromkeys(names, 0)
    for stay, flight in flights:
        aircraft = post.air.aircraft(shares[names.index(stay.drone)])
        assert aircraft is not None
        transit_m = post.air.lowest_m + stay.layer * post.air.sky.stack_m
        if (spare_wh(flight, replace(aircraft, transit_amsl_m=transit_m))[1] < 0.0).any():
            raise _ShortOfBattery
        times[stay.drone] += 1
        left = 1.0 - float(used_wh(flight, aircraft)[1][-1]) / aircraft.model.battery_wh
        flown.append(Flown(names.index(stay.drone), times[stay.drone], flight, Waits(flight.start_s), transit_m, left))
        on, off = flight.span_s(Phase.SWEEP)
        turns.append(Turn(stay.drone, on, off, post.lowest_m + stay.layer * post.air.sky.stack_m))
    near = nearest([f for _, f in flights], post.air.sky.apart)
    used = [k for k, name in enumerate(names) if times[name]]
    kept = tuple(replace(f, share=used.index(f.share)) for f in flown)
    made = FleetFlights(tuple(shares[k] for k in used), kept, near)
    return Watched(made, tuple(turns), early, early + watch.to_s)


def _placed(post: _Post, stay: Stay, early_s: float, before: list[Flight]) -> Flight:
    """The flight of a turn that keeps apart from those before it, by where on the ring it comes in: as far from the
    drone that is there as may be, first. Raises Malformed when none does."""
    drone = post.drones[stay.drone]
    near = [f for f in before if f.end_s > early_s + stay.leave_home_s]
    conflict = None
    for first in _corners(post, early_s + stay.on_station_s, before):
        flight = post.turn(drone, stay, first)
        flight = flight.later(early_s + stay.on_station_s - flight.span_s(Phase.SWEEP)[0])
        if not legal(post.air.transits, flight):
            continue
        met = conflict_with(flight, near, post.air.sky.apart)
        if met is None:
            return flight
        conflict = conflict or met
    if conflict is None:
        raise Malformed("fleet", f"{stay.drone} would fly over a no-fly zone", "choose another home")
    problem = f"{conflict.a} and {conflict.b} come within {conflict.horizontal_m:.0f} m as one relieves the other"
    raise Malformed("datum", problem, "choose one further inside, for a wider ring, or move a home")


def _corners(post: _Post, at_s: float, before: list[Flight]) -> Iterator[int]:
    """The ring's corners, those first that are farthest from the drone on it."""
    if not before:
        return iter(range(len(post.ring)))
    there = before[-1].at(np.array([at_s]))[0, :2]
    away = np.hypot(*(post.ring - there).T)
    return iter(int(k) for k in np.argsort(-away, kind="stable"))
