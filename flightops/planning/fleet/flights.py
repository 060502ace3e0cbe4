"""Whole flights of a fleet: legal ways out and back, sorties by battery, and a schedule that is proved apart.

Frame: metres of the area's local frame; heights are above home, the ground being taken as level.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
import shapely

from core.errors import Malformed, Refused
from core.geo import Area, Floats
from flightops.planning.airspace.energy import RESERVE, RETURN_MARGIN, Aircraft, legs_by_battery, spare_wh, used_wh
from flightops.planning.airspace.schedule import Schedule, Sky, Sortie, scheduled_sorties
from flightops.planning.airspace.separation import Nearest, first_conflict, nearest
from flightops.planning.airspace.timed import Course, Flight, Parts, Waits, Ways
from flightops.planning.fleet.drones import FleetDrone
from flightops.planning.paths.timing import STILL, Pace, flight_s, length_m
from flightops.planning.transit import CLEAR_M, Transits

TURNAROUND_S = 300.0
"""On the ground between two flights of a drone: a fresh battery (as `airspace.relay`)."""
MOST_LAYERS = 8
MOST_FLIGHTS = 20
"""Of one drone; more are refused."""
LOOK_M = 60.0
MOST_LOOKS = 200
SLOW = 1.05
"""A schedule this much longer than the longest flight alone is worth another try with paths turned round."""
SPARE_S = 30.0
"""So much longer than alone is never worth another try: take-offs one after the other."""
LAST_WAIT_S = 7200.0
KEPT = 512
ROUNDS = 4
SHORTER = 0.97
"""Of the battery: with so much less sorties are cut again when waits in the air broke the rule."""


@dataclass(frozen=True, slots=True, eq=False)
class Share:
    """What one drone sweeps: a path (n, 2), m."""

    drone: FleetDrone
    path: Floats

    @property
    def time_s(self) -> float:
        """Flight time of the path, s."""
        return flight_s(self.path, self.drone.pace)

    def turned(self) -> Share:
        """The same, flown the other way."""
        return Share(self.drone, self.path[::-1])


@dataclass(frozen=True, slots=True, eq=False)
class Flown:
    """One flight in the plan. `share`: index of what it sweeps, or part of; `number`: from 1, of its drone.

    `left`: share of the battery left after landing, None when its endurance is unknown.
    """

    share: int
    number: int
    flight: Flight
    waits: Waits
    transit_m: float
    left: float | None


@dataclass(frozen=True, slots=True, eq=False)
class FleetFlights:
    """Flights proved apart, shares in the direction they are flown, and how near the flights come."""

    shares: tuple[Share, ...]
    flights: tuple[Flown, ...]
    nearest: Nearest

    @property
    def makespan_s(self) -> float:
        """When the last drone has landed."""
        return max(f.flight.end_s for f in self.flights)

    def flights_of(self, share: int) -> int:
        """How many flights a share takes."""
        return sum(f.share == share for f in self.flights)

    @property
    def balance(self) -> float:
        """Longest to mean of the drones' times from first take-off to last landing."""
        mine = [[f.flight for f in self.flights if f.share == k] for k in range(len(self.shares))]
        times = [max(f.end_s for f in fs) - min(f.start_s for f in fs) for fs in mine]
        return max(times) / (sum(times) / len(times))


@dataclass(frozen=True, slots=True)
class Whole:
    """A share's time: first take-off to last landing, what of it is beside the sweep when it is flown at once, what
    every further flight costs, and how long one battery sweeps (inf: unknown), s."""

    total_s: float
    beside_s: float
    again_s: float
    reach_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Air:
    """Where a fleet flies: legal ways at the pace of the fastest drone, and the layers of transits.

    In still air all fly those ways: which is shortest hardly hangs on speed. In wind it does, so there each pace has
    ways of its own (`transits_at`).
    """

    transits: Transits
    sky: Sky
    lowest_m: float

    @staticmethod
    def over(area: Area, drones: tuple[FleetDrone, ...]) -> Air:
        """The air for these drones. Raises Malformed naming a drone whose home nobody may fly from."""
        transits = Transits.of(area, max((d.pace for d in drones), key=lambda p: p.speed_mps))
        for drone in drones:
            wrong = transits.outside("home", np.array(transits.frame.to_xy(drone.home)))
            if wrong is not None:
                reason = wrong.reasons[0]
                raise Malformed(f"fleet.{drone.name}.home", reason.problem, reason.fix)
        floors = [d.transit_agl_m for d in drones if d.transit_agl_m is not None]
        sky = Sky(layers=min(len(drones), MOST_LAYERS), floor_amsl_m=max(floors, default=None))
        least = max(d.height_agl_m for d in drones) + sky.stack_m
        return Air(transits, sky, max(least, *floors) if floors else least)

    def transits_at(self, pace: Pace) -> Transits:
        """The legal ways that a drone of this pace flies."""
        return self.transits if pace.wind_mps == STILL else _transits_at(self, pace)

    def ways(self, drone: FleetDrone) -> Ways:
        """The legal way (n, 2) between two places for a drone. Raises Malformed when there is none."""
        transits = self.transits_at(drone.pace)

        def way(start: Floats, end: Floats) -> Floats:
            found = transits.way_m(start, end)
            if isinstance(found, Refused):
                reason = found.reasons[0]
                raise Malformed(reason.field, reason.problem, reason.fix)
            return found

        return way

    def home(self, drone: FleetDrone) -> Floats:
        """Its home (3,): x, y, and 0 m."""
        return np.array([*self.transits.frame.to_xy(drone.home), 0.0])

    def course(self, share: Share) -> Course:
        """Its way out, sweep and way back. Raises Malformed naming the drone when no legal way leads there."""
        sweep = np.column_stack([share.path, np.full(len(share.path), share.drone.height_agl_m)])
        try:
            return Course.by(share.drone.name, self.home(share.drone), sweep, self.ways(share.drone))
        except Malformed as wrong:
            raise Malformed(f"fleet.{share.drone.name}.{wrong.field}", wrong.problem, wrong.fix) from wrong

    def aircraft(self, share: Share) -> Aircraft | None:
        """What its battery is judged with: transits in the highest layer, ways home round zones. None: unknown."""
        drone, model = share.drone, share.drone.model
        if model is None:
            return None
        top = self.lowest_m + (self.sky.layers - 1) * self.sky.stack_m
        return Aircraft(top, drone.pace, drone.rates, model, detour_m=_detour_m(self, share))

    def sorties(self, share: Share, battery: float = 1.0) -> tuple[Course, ...]:
        """Its flights, in order, as the battery allows; `battery`: share of it to plan with. Raises Malformed."""
        return _sorties(self, share, battery)

    def whole(self, share: Share) -> Whole:
        """The drone's time with nobody else in the air. Raises Malformed when the share can't be flown."""
        drone, sweep_s = share.drone, share.time_s
        parts = [Parts.of(c, drone.pace, drone.rates) for c in self.sorties(share)]
        once = Parts.of(self.course(share), drone.pace, drone.rates).flight(self.lowest_m, Waits())
        more = len(parts) - 1
        total_s = sum(p.flight(self.lowest_m, Waits()).end_s for p in parts) + TURNAROUND_S * more
        beside_s = once.end_s - sweep_s
        if more:
            again_s = (total_s - once.end_s) / more
            return Whole(total_s, beside_s, again_s, sum(_swept_s(p) for p in parts[:-1]) / more)
        usable_s = np.inf if drone.endurance_s is None else drone.endurance_s * (1.0 - RESERVE)
        # out once and back with its margin, about: half and half of what is flown beside
        reach_s = max(sweep_s, usable_s - beside_s * (1.0 + RETURN_MARGIN) / 2.0)
        return Whole(total_s, beside_s, beside_s + TURNAROUND_S, reach_s)


def _swept_s(parts: Parts) -> float:
    return parts.sweep.end_s - parts.sweep.start_s


@lru_cache(maxsize=KEPT)
def _transits_at(air: Air, pace: Pace) -> Transits:
    """The air's ways at a pace; kept, as corners are linked once."""
    return air.transits.paced(pace)


@lru_cache(maxsize=KEPT)
def _sorties(air: Air, share: Share, battery: float) -> tuple[Course, ...]:
    """As `Air.sorties`; kept, as shares are looked at again while they are balanced and scheduled."""
    course, aircraft = air.course(share), air.aircraft(share)
    if aircraft is None:
        return (course,)
    model = replace(aircraft.model, battery_wh=aircraft.model.battery_wh * battery)
    legs = legs_by_battery(course, replace(aircraft, model=model), air.ways(share.drone))
    if isinstance(legs, Refused):
        reason = legs.reasons[0]
        raise Malformed(f"fleet.{share.drone.name}", reason.problem, reason.fix)
    if len(legs) > MOST_FLIGHTS:
        problem = f"it would fly {len(legs)} times"
        raise Malformed(f"fleet.{share.drone.name}", problem, "send more drones, or take a larger battery")
    return tuple(replace(c, drone=c.drone if k == 1 else f"{c.drone} flight {k}") for k, c in enumerate(legs, 1))


@lru_cache(maxsize=KEPT)
def _detour_m(air: Air, share: Share) -> float:
    """Metres, flown through the air, by which the legal way home is longer than the straight one, at most, from
    anywhere on a path, the wind on every leg counted.

    Between two places looked at, `step` apart, it grows by no more than that; in wind by what going and coming so far
    takes at worst, against the wind and with it.
    """
    if not air.transits.zones:
        return 0.0
    step = max(LOOK_M, length_m(share.path) / MOST_LOOKS)
    spots = shapely.get_coordinates(shapely.segmentize(shapely.linestrings(share.path), step))
    transits = air.transits_at(share.drone.pace)
    home, pace = air.home(share.drone)[:2], transits.pace
    lines = shapely.linestrings(np.stack([spots, np.broadcast_to(home, spots.shape)], axis=1))
    zones = shapely.union_all(list(air.transits.zones)).buffer(CLEAR_M)
    blocked = spots[shapely.intersects(zones, lines)]
    if not len(blocked):
        return 0.0
    straight_s = pace.run_s(np.hypot(*(blocked - home).T)) + pace.drift_s(home - blocked)
    extra_s = transits.times_s(blocked, home) - straight_s
    if not np.isfinite(extra_s).all():
        problem = "from part of its path no legal way leads home"
        raise Malformed(f"fleet.{share.drone.name}", problem, "choose another home")
    wind_share = float(np.hypot(*pace.wind_mps)) / pace.speed_mps
    return float(extra_s.max()) * pace.speed_mps + step / (1.0 - wind_share**2)


def fleet_flights(air: Air, shares: tuple[Share, ...], *, turn: bool) -> FleetFlights:
    """The flights of shares, one a drone, proved apart and within the batteries. Deterministic.

    `turn`: paths may be flown the other way to save time; else only when there is no other schedule. Raises Malformed
    naming drones and fix when there is none.
    """
    best: FleetFlights | None = None
    refused: Malformed | None = None
    alone_s = max(air.whole(s).total_s for s in shares)
    for tried in _directions(shares):
        try:
            made = _flown(air, tried)
        except Malformed as wrong:
            refused = refused or wrong
            continue
        best = made if best is None or made.makespan_s < best.makespan_s - 1.0 else best
        if not turn or best.makespan_s <= SLOW * alone_s + SPARE_S:
            break
    if best is not None:
        return best
    try:
        return _flown(replace(air, sky=replace(air.sky, most_wait_s=LAST_WAIT_S)), shares)
    except Malformed as wrong:
        raise refused or wrong from wrong


def _directions(shares: tuple[Share, ...]) -> Iterator[tuple[Share, ...]]:
    """The shares as they are, all turned round, then each one turned."""
    yield shares
    yield tuple(s.turned() for s in shares)
    if 1 < len(shares) <= MOST_LAYERS:
        for k in range(len(shares)):
            yield (*shares[:k], shares[k].turned(), *shares[k + 1 :])


def _flown(air: Air, shares: tuple[Share, ...]) -> FleetFlights:
    """The flights of shares flown as they are; sorties are cut shorter when waits in the air broke the battery rule."""
    battery = [1.0] * len(shares)
    for _ in range(ROUNDS):
        courses = [air.sorties(s, b) for s, b in zip(shares, battery, strict=True)]
        rows = [(k, number) for k, legs in enumerate(courses) for number in range(len(legs))]
        sorties = []
        for at, (k, number) in enumerate(rows):
            parts = Parts.of(courses[k][number], shares[k].drone.pace, shares[k].drone.rates)
            sorties.append(Sortie(parts, at - 1 if number else None, TURNAROUND_S if number else 0.0))
        schedule = scheduled_sorties(sorties, air.transits.frame, air.sky)
        if isinstance(schedule, Refused):
            reason = schedule.reasons[0]
            raise Malformed("fleet", reason.problem, reason.fix)
        short = _short(air, shares, rows, schedule)
        if not short:
            return _proved(air, shares, rows, schedule)
        battery = [b * SHORTER if k in short else b for k, b in enumerate(battery)]
    name = shares[min(short)].drone.name
    problem = f"{name} would wait in the air longer than its battery lasts"
    raise Malformed(f"fleet.{name}", problem, "move a home, take a larger battery, or send fewer drones")


def _short(air: Air, shares: tuple[Share, ...], rows: list[tuple[int, int]], schedule: Schedule) -> set[int]:
    """Shares whose flights, as scheduled, leave too little in the battery at some moment."""
    found: set[int] = set()
    for (k, _), slot in zip(rows, schedule.slots, strict=True):
        aircraft = air.aircraft(shares[k])
        if aircraft is not None:
            flown = replace(aircraft, transit_amsl_m=slot.transit_amsl_m)
            if (spare_wh(slot.flight, flown)[1] < 0.0).any():
                found.add(k)
    return found


def _proved(air: Air, shares: tuple[Share, ...], rows: list[tuple[int, int]], schedule: Schedule) -> FleetFlights:
    """The finished flights. Raises Malformed when their proof fails, or a way crosses a no-fly zone."""
    flown = []
    for (k, number), slot in zip(rows, schedule.slots, strict=True):
        aircraft = air.aircraft(shares[k])
        left = None
        if aircraft is not None:
            left = 1.0 - float(used_wh(slot.flight, aircraft)[1][-1]) / aircraft.model.battery_wh
        flown.append(Flown(k, number + 1, slot.flight, slot.waits, slot.transit_amsl_m, left))
    flights = [f.flight for f in flown]
    conflict = first_conflict(flights, air.sky.apart)
    if conflict is not None:
        problem = f"{conflict.a} and {conflict.b} come within {conflict.horizontal_m:.0f} m at {conflict.at_s:.0f} s"
        raise Malformed("fleet", problem, "move a home, or send fewer drones")
    for flight in flights:
        if not legal(air.transits, flight):
            raise Malformed("fleet", f"{flight.drone} would fly over a no-fly zone", "choose another home")
    return FleetFlights(shares, tuple(flown), nearest(flights, air.sky.apart))


def legal(transits: Transits, flight: Flight) -> bool:
    """Whether a flight keeps off the no-fly zones from take-off to landing."""
    place = flight.track.place[:, :2]
    legs = shapely.linestrings([[a, b] for a, b in pairwise(place) if (a != b).any()])
    zones = shapely.union_all([z.buffer(-1e-3) for z in transits.zones])
    return not bool(shapely.intersects(zones, legs).any())
