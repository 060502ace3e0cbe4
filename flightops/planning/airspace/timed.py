"""One drone's whole flight in space and time: up, out, down, sweep, up, back, down, with waits between.

x, y are metres of one local frame common to all flights that are compared, heights are m AMSL, times are seconds from
the search's start.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from core.errors import Malformed
from core.geo import Floats
from core.units import finite, within
from flightops.planning.airspace.track import Track, flown, joined, rising, waiting
from flightops.planning.paths.timing import Pace

MEET_M = 0.05
MOST_WAIT_S = 86_400.0
Ways = Callable[[Floats, Floats], Floats]
"""The way (n, 2) from one place (2,) to another, ends included, m."""


class Phase(IntEnum):
    """Parts of a flight in their order. A part may take no time."""

    CLIMB = 0
    OUT = 1
    WAIT_IN = 2
    DOWN = 3
    SWEEP = 4
    UP = 5
    WAIT_OUT = 6
    BACK = 7
    LAND = 8


@dataclass(frozen=True, slots=True)
class Rates:
    """How fast a drone climbs and sinks, m/s. Both autopilots sink at 1.5 m/s as they come from the factory."""

    climb_mps: float = 2.5
    sink_mps: float = 1.5

    def __post_init__(self) -> None:
        within("climb_mps", self.climb_mps, 0.2, 20.0)
        within("sink_mps", self.sink_mps, 0.2, 20.0)


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds a drone waits on the ground at home, over its sector's first point and over its last one."""

    take_off_s: float = 0.0
    entry_s: float = 0.0
    exit_s: float = 0.0

    def __post_init__(self) -> None:
        within("take_off_s", self.take_off_s, 0.0, MOST_WAIT_S)
        within("entry_s", self.entry_s, 0.0, MOST_WAIT_S)
        within("exit_s", self.exit_s, 0.0, MOST_WAIT_S)


def straight_way(start: Floats, end: Floats) -> Floats:
    """From one place (2,) straight to another."""
    return np.stack([start, end])


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """What a drone flies over, m in a local frame, heights AMSL.

    `home` (3,): x, y, height of the ground there. `out` (n, 2) from home to the sweep's first point, `back` (k, 2)
    from its last point to home, ends included. `sweep` (m, 3). Raises Malformed when they do not meet.
    """

    drone: str
    home: Floats
    out: Floats
    sweep: Floats
    back: Floats

    def __post_init__(self) -> None:
        shapes = (("out", self.out, 2), ("sweep", self.sweep, 3), ("back", self.back, 2))
        if self.home.shape != (3,) or any(a.ndim != 2 or a.shape[1] != k or len(a) < 2 for _, a, k in shapes):
            raise Malformed("course", "wrong shapes", "home (3,), out and back (n, 2), sweep (n, 3), n of 2 or more")
        for name, array, _ in (("home", self.home, 3), *shapes):
            if not np.isfinite(array).all():
                raise Malformed(f"course.{name}", "a number in it is not finite")
        meets = (
            ("out", self.out[0], self.home[:2]),
            ("out", self.out[-1], self.sweep[0, :2]),
            ("back", self.back[0], self.sweep[-1, :2]),
            ("back", self.back[-1], self.home[:2]),
        )
        for name, a, b in meets:
            if float(np.hypot(*(a - b))) > MEET_M:
                raise Malformed(f"course.{name}", "it does not join home and sweep", "give its ends too")

    @staticmethod
    def by(drone: str, home: Floats, sweep: Floats, ways: Ways = straight_way) -> Course:
        """A course whose ways out and back come from `ways`: home (3,), sweep (m, 3)."""
        return Course(drone, home, ways(home[:2], sweep[0, :2]), sweep, ways(sweep[-1, :2], home[:2]))

    @property
    def highest_m(self) -> float:
        """Greatest height of home and sweep, m AMSL."""
        return max(float(self.home[2]), float(self.sweep[:, 2].max()))


@dataclass(frozen=True, slots=True, eq=False)
class Flight:
    """A drone in the air, from take-off to landing. `ends_s`: when each `Phase` ends, one a phase."""

    drone: str
    track: Track
    ends_s: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.ends_s) != len(Phase) or list(self.ends_s) != sorted(self.ends_s):
            raise Malformed("flight.ends_s", "phases do not follow one another", "give one end a phase")

    @property
    def start_s(self) -> float:
        """When it takes off."""
        return self.track.start_s

    @property
    def end_s(self) -> float:
        """When it has landed."""
        return self.track.end_s

    def at(self, times: Floats) -> Floats:
        """(n,) s -> (n, 3) x, y m and height m AMSL; on the ground at home before take-off and after landing."""
        return self.track.at(times)

    def span_s(self, phase: Phase) -> tuple[float, float]:
        """When a phase begins and ends."""
        return (self.ends_s[phase - 1] if phase else self.start_s), self.ends_s[phase]

    def phase_at(self, time_s: float) -> Phase:
        """The phase flown at a time; the last one after landing."""
        return Phase(min(int(np.searchsorted(self.ends_s, time_s, side="right")), int(Phase.LAND)))

    def later(self, by_s: float) -> Flight:
        """The same flight, taking off `by_s` later."""
        return replace(self, track=self.track.later(by_s), ends_s=tuple(e + by_s for e in self.ends_s))


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """The horizontal parts of a course, flown; made once and put together for any height and waits."""

    course: Course
    out: Track
    sweep: Track
    back: Track
    rates: Rates

    @staticmethod
    def of(course: Course, pace: Pace, rates: Rates) -> Parts:
        """Flies the ways and the sweep; ways at height 0."""
        out, back = (flown(np.column_stack([w, np.zeros(len(w))]), pace) for w in (course.out, course.back))
        return Parts(course, out, flown(course.sweep, pace), back, rates)

    def flight(self, transit_amsl_m: float, waits: Waits) -> Flight:
        """The flight with transits at a height. Raises Malformed when that is under the sweep's ends or home."""
        finite("transit_amsl_m", transit_amsl_m)
        home = self.course.home
        out, back = (_lifted(w, transit_amsl_m) for w in (self.out, self.back))
        first, last = self.sweep.place[0], self.sweep.place[-1]
        least = max(float(home[2]), float(first[2]), float(last[2]))
        if transit_amsl_m < least:
            raise Malformed("transit_amsl_m", f"{transit_amsl_m:g} m is under {least:g} m", "fly transits over sweeps")
        up, down = self.rates.climb_mps, self.rates.sink_mps
        parts = (
            rising(np.array([*out.place[0, :2], home[2]]), transit_amsl_m, up),
            out,
            waiting(out.place[-1], waits.entry_s),
            rising(np.array([*first[:2], transit_amsl_m]), float(first[2]), down),
            self.sweep,
            rising(last, transit_amsl_m, up),
            waiting(back.place[0], waits.exit_s),
            back,
            rising(back.place[-1], float(home[2]), down),
        )
        ends = waits.take_off_s + np.cumsum([p.end_s - p.start_s for p in parts])
        return Flight(self.course.drone, joined(parts).later(waits.take_off_s), tuple(map(float, ends)))


def timed_flight(
    course: Course, transit_amsl_m: float, pace: Pace, rates: Rates | None = None, waits: Waits | None = None
) -> Flight:
    """The flight of a course with transits at one height, m AMSL.

    Its sweep takes `timing.flight_s` of the path. Raises Malformed when transits would be under home or sweep.
    """
    return Parts.of(course, pace, rates or Rates()).flight(transit_amsl_m, waits or Waits())


def _lifted(way: Track, to_amsl_m: float) -> Track:
    place = way.place.copy()
    place[:, 2] = to_amsl_m
    return Track(way.t_s, place, way.speed, way.accel)
