"""A relay: one drone after the other watches a point, and none leaves before the next one is there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import Malformed, Refused
from core.units import finite, positive, within

MOST_STAYS = 10_000


@dataclass(frozen=True, slots=True)
class Watcher:
    """A drone that may watch. `endurance_s`: in the air, reserve taken off; `transit_s`: one way, climb included;
    `turnaround_s`: on the ground between two flights (a fresh battery)."""

    drone: str
    endurance_s: float
    transit_s: float
    turnaround_s: float = 300.0

    def __post_init__(self) -> None:
        positive("endurance_s", self.endurance_s)
        within("transit_s", self.transit_s, 0.0, 86_400.0)
        within("turnaround_s", self.turnaround_s, 0.0, 86_400.0)

    @property
    def stay_s(self) -> float:
        """How long it can stay on station; 0 or less: not at all."""
        return self.endurance_s - 2.0 * self.transit_s

    @property
    def cycle_s(self) -> float:
        """From one take-off to the next, at the least."""
        return self.endurance_s + self.turnaround_s


@dataclass(frozen=True, slots=True)
class Watch:
    """What is asked: the point watched from `from_s` to `to_s`, with two drones there for `overlap_s` at each change.

    Seconds of any one clock.
    """

    from_s: float
    to_s: float
    overlap_s: float = 30.0

    def __post_init__(self) -> None:
        finite("from_s", self.from_s)
        finite("to_s", self.to_s)
        within("overlap_s", self.overlap_s, 0.0, 3600.0)
        if not self.to_s > self.from_s:
            raise Malformed("to_s", f"{self.to_s:g} is not after {self.from_s:g}", "give a later end")


@dataclass(frozen=True, slots=True)
class Stay:
    """One drone's turn. `layer` 0 and 1 by turns: two at one point at one time fly in different heights."""

    drone: str
    leave_home_s: float
    on_station_s: float
    off_station_s: float
    home_s: float
    layer: int


def relay(watchers: Sequence[Watcher], watch: Watch) -> tuple[Stay, ...] | Refused:
    """The timetable that leaves no second unwatched, in order of time.

    Turns go round; where that does not do, the drone that can stay longest goes whenever it is ready. Refused with the
    number of drones that it would take.
    """
    if not watchers or len({w.drone for w in watchers}) < len(watchers):
        raise Malformed("watchers", "none, or two of one name", "give each drone once")
    fit = [w for w in watchers if w.stay_s > 2.0 * watch.overlap_s]
    if not fit:
        best = max(watchers, key=lambda w: w.stay_s)
        problem = (
            f"{best.drone} could stay {max(best.stay_s, 0.0):.0f} s, too short for changes of {watch.overlap_s:g} s"
        )
        return Refused.because("watchers", problem, "bring homes nearer to the point, or take larger batteries")
    for longest_first in (False, True):
        stays = _timetable(fit, watch, longest_first)
        if stays is not None:
            return stays
    best = max(fit, key=lambda w: (w.stay_s, w.drone))
    needed = max(_needed(best, watch), len(watchers) + 1)
    problem = f"{len(watchers)} drones leave the point unwatched; it takes {needed} like {best.drone}"
    return Refused.because("watchers", problem, f"add {needed - len(watchers)}, or shorten the watch")


def _needed(like: Watcher, watch: Watch) -> int:
    """How many drones like this one it takes: as many as turns go by until the first is ready again."""
    turn = like.stay_s - watch.overlap_s
    turns = 1 + max(math.ceil((watch.to_s - watch.from_s - like.stay_s) / turn - 1e-9), 0)
    return min(math.ceil(like.cycle_s / turn - 1e-9), turns)


def _timetable(fit: list[Watcher], watch: Watch, longest_first: bool) -> tuple[Stay, ...] | None:
    """Turns until the watch ends; None when at some change no drone is ready."""
    ready = {w.drone: -math.inf for w in fit}
    stays: list[Stay] = []
    at = watch.from_s
    while len(stays) < MOST_STAYS:
        able = [w for w in fit if ready[w.drone] <= at - w.transit_s + 1e-9]
        if not able:
            return None
        key = (lambda w: (-w.stay_s, ready[w.drone])) if longest_first else (lambda w: (ready[w.drone], -w.stay_s))
        drone = min(able, key=key)
        off = min(at + drone.stay_s, watch.to_s)
        home = off + drone.transit_s
        stays.append(Stay(drone.drone, at - drone.transit_s, at, off, home, len(stays) % 2))
        ready[drone.drone] = home + drone.turnaround_s
        if off >= watch.to_s:
            return tuple(stays)
        at = off - watch.overlap_s
    raise Malformed("watch", f"it takes over {MOST_STAYS} turns", "ask for a shorter watch")
