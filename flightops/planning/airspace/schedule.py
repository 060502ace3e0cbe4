"""Flights made safe: a transit layer and waits for each drone, until separation is proven.

Drones are placed one by one, the one with the longest flight first (it sets the makespan), and those placed stay as
they are. Each takes the cheapest of what it could do that keeps it apart from all placed before: a search, best first,
over layers and over waits on the ground, over its sector's first point and over its last. A wait is lengthened only
because a conflict was met, and by what it takes to get past that one. No chance, no clock: the same each time.

What stays for timing to solve: sweeps at one height, climbs and descents through others' layers, and transits that
share a layer because there are more drones than layers.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count

import numpy as np
import shapely

from core.errors import Malformed, Refused
from core.geo import LocalFrame
from core.units import finite, positive, within
from flightops.planning.airspace.separation import Apart, Conflict, Look, conflict_with, first_conflict
from flightops.planning.airspace.timed import MOST_WAIT_S, Course, Flight, Parts, Phase, Rates, Waits
from flightops.planning.paths.timing import Pace

SHARED_S = 10.0
"""What a layer that no other drone's ways come near is worth: safe there even if a drone is late."""
HOVER_COST = 0.5
"""A second's wait in the air counts this much more than one on the ground: it takes battery."""
MOST_LAYERS = 50
MOST_TRIES = 400
PARTS = ((Phase.CLIMB, Phase.DOWN), (Phase.SWEEP, Phase.SWEEP), (Phase.UP, Phase.LAND))
"""First and last phase of the way out, the sweep and the way back."""
WAITS = ((0,), (0, 1), (0, 2))
"""What helps in each part: waits on the ground (0), at the entry (1), at the exit (2)."""


@dataclass(frozen=True, slots=True)
class Sky:
    """How drones may be kept apart. `stack_m`: between layers, and from the highest sweep to the lowest layer.

    `floor_amsl_m`: least height of the lowest layer, for what transits pass over; None: the highest sweep decides.
    A drone waits at most `most_wait_s` at one place, in steps of `step_s`.
    """

    apart: Apart = field(default_factory=Apart)
    rates: Rates = field(default_factory=Rates)
    stack_m: float = 10.0
    layers: int = 8
    floor_amsl_m: float | None = None
    most_wait_s: float = 900.0
    step_s: float = 2.0

    def __post_init__(self) -> None:
        within("layers", self.layers, 1, MOST_LAYERS)
        within("most_wait_s", self.most_wait_s, 0.0, 7200.0)
        positive("step_s", self.step_s)
        if self.floor_amsl_m is not None:
            finite("floor_amsl_m", self.floor_amsl_m)
        if not self.stack_m >= self.apart.vertical_m:
            raise Malformed("stack_m", f"{self.stack_m:g} m is less than drones keep apart", "stack layers wider")

    def lowest_amsl_m(self, courses: Sequence[Course]) -> float:
        """Height of layer 0 over these courses, m AMSL."""
        least = max(c.highest_m for c in courses) + self.stack_m
        return least if self.floor_amsl_m is None else max(least, self.floor_amsl_m)


@dataclass(frozen=True, slots=True, eq=False)
class Sortie:
    """One flight that is to be given a slot, with its drone's own pace and rates.

    `after`: index of the same drone's sortie before it in the list, which must have landed `turnaround_s` earlier (a
    fresh battery); None: it may take off at once. No two sorties share a name (`parts.course.drone`).
    """

    parts: Parts
    after: int | None = None
    turnaround_s: float = 0.0

    def __post_init__(self) -> None:
        within("turnaround_s", self.turnaround_s, 0.0, MOST_WAIT_S)


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """What one drone was given."""

    drone: str
    layer: int
    transit_amsl_m: float
    waits: Waits
    flight: Flight


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """A slot a course, in the order asked, proven apart. `alone_s`: when the last would land if each flew alone."""

    slots: tuple[Slot, ...]
    alone_s: float

    @property
    def makespan_s(self) -> float:
        """When the last drone has landed."""
        return max(s.flight.end_s for s in self.slots)


@dataclass(frozen=True)
class _Choice:
    """A layer and waits in steps: on the ground, at the entry, at the exit."""

    layer: int
    waits: tuple[int, int, int]

    def more(self, which: int, steps: int) -> _Choice:
        """The same with one wait longer."""
        waits = list(self.waits)
        waits[which] += steps
        return _Choice(self.layer, (waits[0], waits[1], waits[2]))


@dataclass(frozen=True)
class _Drone:
    """One course on its way to a slot. `ready_s`: before that it does not take off."""

    parts: Parts
    sky: Sky
    lowest_m: float
    ready_s: float = 0.0

    def height_m(self, layer: int) -> float:
        """Height of a layer, m AMSL."""
        return self.lowest_m + layer * self.sky.stack_m

    def waits(self, choice: _Choice) -> Waits:
        """Its waits in seconds."""
        ground, entry, leave = (w * self.sky.step_s for w in choice.waits)
        return Waits(self.ready_s + ground, entry, leave)

    def flight(self, choice: _Choice) -> Flight:
        """The flight of a choice."""
        return self.parts.flight(self.height_m(choice.layer), self.waits(choice))

    @cached_property
    def alone_s(self) -> float:
        """Its flight in the lowest layer, without any wait, s."""
        return self.flight(_Choice(0, (0, 0, 0))).end_s - self.ready_s

    def near(self, other: _Drone) -> bool:
        """Whether their ways out and back come near one another, seen from above."""
        mine, theirs = (shapely.MultiLineString([d.parts.course.out, d.parts.course.back]) for d in (self, other))
        return bool(shapely.distance(mine, theirs) < self.sky.apart.horizontal_m)


def scheduled(courses: Sequence[Course], pace: Pace, frame: LocalFrame, sky: Sky | None = None) -> Schedule | Refused:
    """Layers and waits with which no two of the flights come too near; `frame`: that of the courses.

    Refused when waits of `most_wait_s` do not do, naming two drones that stay in each other's way, and where.
    """
    sky = sky or Sky()
    return scheduled_sorties([Sortie(Parts.of(c, pace, sky.rates)) for c in courses], frame, sky)


def scheduled_sorties(sorties: Sequence[Sortie], frame: LocalFrame, sky: Sky) -> Schedule | Refused:
    """As `scheduled`, of unlike drones that may fly more than once; a drone's first flights are placed first."""
    names = [s.parts.course.drone for s in sorties]
    if not sorties or len(set(names)) < len(names):
        raise Malformed("courses", "no course, or two of one drone", "give each drone one course")
    if any(s.after is not None and not 0 <= s.after < k for k, s in enumerate(sorties)):
        raise Malformed("sortie.after", "it names no sortie before this one", "give sorties in their order")
    lowest = sky.lowest_amsl_m([s.parts.course for s in sorties])
    drones = [_Drone(s.parts, sky, lowest) for s in sorties]
    before = [_before(sorties, k) for k in range(len(sorties))]
    order = sorted(range(len(drones)), key=lambda k: (before[k], -drones[k].alone_s, k))
    placed: dict[int, Slot] = {}
    for k in order:
        drones[k] = replace(drones[k], ready_s=_ready_s(sorties[k], placed))
        found = _placed(drones[k], [(drones[j], placed[j]) for j in placed])
        if isinstance(found, Conflict):
            return _refused(found, [*(s.flight for s in placed.values())], drones[k], frame)
        placed[k] = found
    slots = tuple(placed[k] for k in range(len(drones)))
    left = first_conflict([s.flight for s in slots], sky.apart)
    if left is not None:
        return _refused(left, [s.flight for s in slots], drones[0], frame)
    return Schedule(slots, max(_alone_s(sorties, drones, k) for k in range(len(drones))))


def _before(sorties: Sequence[Sortie], k: int) -> int:
    """How many sorties its drone flies before this one."""
    after = sorties[k].after
    return 0 if after is None else 1 + _before(sorties, after)


def _ready_s(sortie: Sortie, placed: dict[int, Slot]) -> float:
    """When a drone may take off for a sortie, those before it being placed."""
    return 0.0 if sortie.after is None else placed[sortie.after].flight.end_s + sortie.turnaround_s


def _alone_s(sorties: Sequence[Sortie], drones: Sequence[_Drone], k: int) -> float:
    """When a sortie would have landed with nobody else in the air."""
    sortie = sorties[k]
    begun = 0.0 if sortie.after is None else _alone_s(sorties, drones, sortie.after) + sortie.turnaround_s
    return begun + drones[k].alone_s


def _placed(drone: _Drone, others: list[tuple[_Drone, Slot]]) -> Slot | Conflict:
    """The cheapest choice that keeps apart from the others; the last conflict met when none was found."""
    close = [slot.layer for other, slot in others if drone.near(other)]
    number, seen = count(), set[_Choice]()
    last: Conflict | None = None
    heap: list[tuple[float, int, _Choice, Flight]] = []

    def push(choice: _Choice) -> None:
        if choice in seen or max(choice.waits) * drone.sky.step_s > drone.sky.most_wait_s:
            return
        seen.add(choice)
        flight, waits = drone.flight(choice), drone.waits(choice)
        cost = flight.end_s + HOVER_COST * (waits.entry_s + waits.exit_s) + SHARED_S * close.count(choice.layer)
        heapq.heappush(heap, (cost, next(number), choice, flight))

    for layer in range(drone.sky.layers):
        push(_Choice(layer, (0, 0, 0)))
    flights = [slot.flight for _, slot in others]
    for _ in range(MOST_TRIES):
        if not heap:
            break
        _, _, choice, flight = heapq.heappop(heap)
        met = _met(drone, flight, flights)
        if met is None:
            return Slot(flight.drone, choice.layer, drone.height_m(choice.layer), drone.waits(choice), flight)
        last, part = met
        other = next(f for f in flights if f.drone == met[0].b)
        for after in _past(drone, choice, other, part):
            push(after)
    assert last is not None
    return last


def _met(drone: _Drone, flight: Flight, flights: list[Flight]) -> tuple[Conflict, int] | None:
    """A conflict of a flight in the first of its parts that has one, and that part; None: proven to have none.

    Those that take off, or land, about the same time are tried first, as they are likely in the way.
    """
    for part, ends in enumerate(PARTS):
        tip = flight.end_s if part == 2 else flight.start_s
        for other in sorted(flights, key=lambda f: abs((f.end_s if part == 2 else f.start_s) - tip)):
            conflict = conflict_with(flight, (other,), drone.sky.apart, _look(flight, ends))
            if conflict is not None:
                return conflict, part
    return None


def _look(flight: Flight, part: tuple[Phase, Phase]) -> Look:
    """At a part of a flight, for any conflict there."""
    return Look(flight.span_s(part[0])[0], flight.ends_s[part[1]], np.inf)


def _past(drone: _Drone, choice: _Choice, other: Flight, part: int) -> list[_Choice]:
    """The choice with longer waits, each just long enough to be past the other in that part of the flight."""
    found = []
    for wait in WAITS[part]:
        most = int(drone.sky.most_wait_s / drone.sky.step_s) - choice.waits[wait]
        flight = drone.flight(choice)
        for steps in range(1, most + 1):
            longer = choice.more(wait, steps)
            moved = flight.later(steps * drone.sky.step_s) if wait == 0 else drone.flight(longer)
            if conflict_with(moved, (other,), drone.sky.apart, _look(moved, PARTS[part])) is None:
                found.append(longer)
                break
    return found


def _refused(conflict: Conflict, flights: list[Flight], drone: _Drone, frame: LocalFrame) -> Refused:
    other = next(f for f in flights if f.drone == conflict.b)
    x, y, _ = other.at(np.array([conflict.at_s]))[0]
    place = frame.to_latlon(float(x), float(y))
    problem = (
        f"{conflict.a} and {conflict.b} come within {conflict.horizontal_m:.0f} m of one another"
        f" at {place.lat_deg:.5f}, {place.lon_deg:.5f},"
        f" and no wait of up to {drone.sky.most_wait_s:g} s was found that helps"
    )
    return Refused.because("drones", problem, "move a home, let them wait longer, or send fewer drones")
