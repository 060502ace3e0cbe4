"""What re-planning is asked and what it answers: drones with their progress, and new duties. Frame: metres."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import isnan

import numpy as np

from core.errors import Malformed, Reason
from core.geo import Floats
from core.units import within
from flightops.planning.paths.timing import Pace, flight_s, length_m

PAST_END_M = 1.0
"""Progress may be reported this far beyond the end of a path."""


class State(StrEnum):
    """Flying its path; lost; low on battery, so on its way home; waiting at its home (not started, or just added)."""

    FLYING = "flying"
    LOST = "lost"
    LOW = "low"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Flyer:
    """A drone with its path (n, 2) in metres, (0, 2) when it has none yet, and the metres flown along it.

    `left_s`: seconds it can still fly, its way home included; `home` None: unknown, so no way home is counted;
    `at` None: where its progress says, or at home while it is waiting; `busy_s`: seconds until it is there, for a
    drone that flies something else before.
    """

    path: Floats
    flown_m: float
    state: State
    pace: Pace
    left_s: float = float("inf")
    home: Floats | None = None
    at: Floats | None = None
    busy_s: float = 0.0

    def __post_init__(self) -> None:
        path = self.path
        if path.ndim != 2 or path.shape[1] != 2 or len(path) == 1 or not np.isfinite(path).all():
            raise Malformed("path", f"{path.shape} numbers or one not finite", "give (n, 2) metres, n = 0 or n > 1")
        within("flown_m", self.flown_m, 0.0, length_m(path) + PAST_END_M)
        if isnan(self.left_s) or self.left_s < 0:
            raise Malformed("left_s", f"{self.left_s:g} s", "seconds are 0 or more")
        within("busy_s", self.busy_s, 0.0, 1e6)
        for name, place in (("home", self.home), ("at", self.at)):
            if place is not None and (place.shape != (2,) or not np.isfinite(place).all()):
                raise Malformed(name, "it is no place", "give x and y in metres")
        if self.at is None and not len(path) and (self.home is None or self.state != State.WAITING):
            raise Malformed("at", "nobody knows where the drone is", "give its place, or its path, or its home")

    @property
    def stays(self) -> bool:
        """Whether it can be given work."""
        return self.state in (State.FLYING, State.WAITING)

    @property
    def place(self) -> Floats:
        """Where it is, (2,)."""
        if self.at is not None:
            return self.at
        if self.state == State.WAITING:
            return self.home if self.home is not None else self.path[0]
        at_m = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(self.path, axis=0).T))])
        return np.array([np.interp(self.flown_m, at_m, self.path[:, k]) for k in (0, 1)])


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the path of drone `owner`, from `start_m` to `end_m` along it (start > end: flown backwards).

    `bends` (k, 2): the way to it from the piece before, or from where the drone is. `path` (n, 2): what is swept.
    """

    owner: int
    start_m: float
    end_m: float
    bends: Floats
    path: Floats

    @property
    def length_m(self) -> float:
        """Metres swept."""
        return abs(self.end_m - self.start_m)


@dataclass(frozen=True, slots=True)
class Duty:
    """What one drone flies from now on: from its place the pieces in order, then home round the holes.

    `finish_s`: until its last piece is flown; `total_s`: until it is home (inf: no way leads there; `finish_s` when
    its home is unknown). `home_bends` (k, 2).
    """

    drone: int
    place: Floats
    pieces: tuple[Piece, ...]
    home_bends: Floats
    finish_s: float
    total_s: float

    @property
    def track(self) -> Floats:
        """All that is flown until the last piece ends, (n, 2); only the place when there are no pieces."""
        return track_of(self.place, self.pieces)


@dataclass(frozen=True, slots=True)
class Undone:
    """A stretch of the path of drone `owner` that nobody flies, and why."""

    owner: int
    start_m: float
    end_m: float
    path: Floats
    reason: Reason


@dataclass(frozen=True, slots=True)
class Replan:
    """New duties, one a drone that is not lost, by drone; what is left undone; what a pilot must be told."""

    duties: tuple[Duty, ...]
    undone: tuple[Undone, ...]
    warnings: tuple[Reason, ...]

    @property
    def makespan_s(self) -> float:
        """Seconds until the last piece is flown; 0 when nothing is."""
        return max((d.finish_s for d in self.duties if d.pieces), default=0.0)


def track_of(place: Floats, pieces: tuple[Piece, ...]) -> Floats:
    """From a place along all pieces with the ways to them, (n, 2)."""
    return np.concatenate([place[None], *(part for p in pieces for part in (p.bends, p.path))])


def track_s(track: Floats, pace: Pace) -> float:
    """Flight time of a track, s; 0 for a single place."""
    return flight_s(track, pace) if len(track) > 1 else 0.0
