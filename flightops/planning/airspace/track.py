"""A way through the air as pieces of constant acceleration, and how paths, climbs and waits become such pieces.

Horizontal paths are flown by the model of `paths.timing`: from rest to rest between turns, trapezoids of speed, a pause
at each turn, shallow bends at full speed; in wind at the airspeed of the pace, so at the ground speed that the wind
leaves on each leg, reached in the ramps of still air. Vertical moves go at their rate from the first to the last
moment.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from core.errors import Malformed
from core.geo import Floats
from flightops.planning.paths.timing import Pace, runs

STRAIGHT_M = 0.3
"""As `paths.timing` does, corners this little off the straight way are not counted as turns."""
SAME_M = 1e-6
JOIN_M = 1e-3
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """k pieces of constant acceleration, one after the other.

    `t_s` (k + 1,) rising; `place` (k + 1, 3) x, y m in a local frame and height m AMSL at these times; `speed` m/s and
    `accel` m/s^2 (k, 3) at the start of and during each piece. Raises Malformed when pieces do not join.
    """

    t_s: Floats
    place: Floats
    speed: Floats
    accel: Floats

    def __post_init__(self) -> None:
        k = len(self.t_s) - 1
        if k < 0 or self.place.shape != (k + 1, 3) or self.speed.shape != (k, 3) or self.accel.shape != (k, 3):
            raise Malformed("track", "times, places, speeds and accelerations differ in number", "give k + 1, k, k")
        if not all(np.isfinite(a).all() for a in (self.t_s, self.place, self.speed, self.accel)):
            raise Malformed("track", "a number in it is not finite")
        step = np.diff(self.t_s)
        if (step <= 0).any():
            raise Malformed("track.t_s", "times do not rise", "leave out pieces that take no time")
        end = self.place[:-1] + (self.speed + self.accel * step[:, None] / 2) * step[:, None]
        if np.abs(end - self.place[1:]).max(initial=0.0) > JOIN_M:
            raise Malformed("track.place", "a piece does not end where the next one starts")

    @property
    def start_s(self) -> float:
        """When it begins."""
        return float(self.t_s[0])

    @property
    def end_s(self) -> float:
        """When it ends."""
        return float(self.t_s[-1])

    def piece(self, times: Floats) -> Ints:
        """(n,) s -> (n,) index of the piece flown then; the first before the start, the last after the end."""
        at = np.searchsorted(self.t_s, times, side="right") - 1
        found: Ints = np.minimum(np.maximum(at, 0), max(len(self.speed) - 1, 0))
        return found

    def at(self, times: Floats) -> Floats:
        """(n,) s -> (n, 3) x, y m and height m AMSL; the first place before the start, the last one after the end."""
        if not len(self.speed):
            return np.repeat(self.place[:1], len(times), axis=0)
        i = self.piece(times)
        since = (np.minimum(np.maximum(times, self.t_s[0]), self.t_s[-1]) - self.t_s[i])[:, None]
        found: Floats = self.place[i] + (self.speed[i] + self.accel[i] * since / 2) * since
        return found

    def speed_at(self, times: Floats) -> Floats:
        """(n,) s from start to end -> (n, 3) m/s east, north, up."""
        i = self.piece(times)
        found: Floats = self.speed[i] + self.accel[i] * (times - self.t_s[i])[:, None]
        return found

    def later(self, by_s: float) -> Track:
        """The same track, begun `by_s` later."""
        return Track(self.t_s + by_s, self.place, self.speed, self.accel)


def joined(tracks: tuple[Track, ...]) -> Track:
    """One track after the other, without a pause; starts when the first one does. Raises Malformed: they do not meet.

    Tracks of no time are left out.
    """
    flown = [t for t in tracks if len(t.speed)]
    if not flown:
        return tracks[0]
    start = np.cumsum([tracks[0].start_s, *(t.end_s - t.start_s for t in flown)])
    times = [t.t_s[:-1] - t.start_s + s for t, s in zip(flown, start, strict=False)]
    return Track(
        np.concatenate([*times, start[-1:]]),
        np.concatenate([*(t.place[:-1] for t in flown), flown[-1].place[-1:]]),
        np.concatenate([t.speed for t in flown]),
        np.concatenate([t.accel for t in flown]),
    )


def waiting(place: Floats, for_s: float) -> Track:
    """Standing still at (3,) for a time; no piece at all for 0 s."""
    return _steady(place, place, for_s)


def rising(place: Floats, to_amsl_m: float, rate_mps: float) -> Track:
    """Straight up or down from (3,) to a height at a rate above 0."""
    end = np.array([place[0], place[1], to_amsl_m])
    return _steady(place, end, abs(to_amsl_m - float(place[2])) / rate_mps)


def _steady(start: Floats, end: Floats, for_s: float) -> Track:
    if for_s <= 0.0:
        return Track(np.zeros(1), np.asarray(start, dtype=np.float64)[None, :], np.zeros((0, 3)), np.zeros((0, 3)))
    place = np.stack([start, end]).astype(np.float64)
    return Track(np.array([0.0, for_s]), place, np.diff(place, axis=0) / for_s, np.zeros((1, 3)))


def flown(path: Floats, pace: Pace) -> Track:
    """A path (n, 3) of x, y m and height m AMSL from rest to rest; takes `timing.flight_s` of its x, y to the second,
    in the wind of the pace too.

    Height changes evenly with the way between points. Raises Malformed for a change of height on the spot.
    """
    kept = _distinct(np.asarray(path, dtype=np.float64))
    if len(kept) < 2:
        return waiting(kept[0], 0.0)
    lengths, times = runs(kept[:, :2], pace)
    corners = _corners(kept)
    stops, slow = _stops(kept, corners, lengths), _slow(kept, corners, pace)
    tracks: list[Track] = []
    drifts = times - pace.run_s(lengths)
    for k, (length_m, drift_s) in enumerate(zip(lengths.tolist(), drifts.tolist(), strict=True)):
        piece = kept[stops[k] : stops[k + 1] + 1]
        if k:
            tracks.append(waiting(piece[0], pace.turn_s))
        tracks.append(_flown_run(piece, slow[stops[k] : stops[k + 1]], _Run(length_m, drift_s, pace)))
    return joined(tuple(tracks))


def _distinct(path: Floats) -> Floats:
    """The path without points on the spot of the one before."""
    if len(path) < 1 or path.ndim != 2 or path.shape[1] != 3:
        raise Malformed("path", f"shape {path.shape}", "give one or more points of x, y, height")
    step = np.diff(path, axis=0)
    new = np.hypot(step[:, 0], step[:, 1]) > SAME_M
    if (np.abs(step[~new, 2]) > JOIN_M).any():
        raise Malformed("path", "its height changes on the spot", "climb on the way")
    kept: Floats = path[np.concatenate([[True], new])]
    return kept


def _corners(path: Floats) -> Ints:
    """Indices of the points that are corners of the line as `paths.timing` takes it, ends included."""
    line = shapely.get_coordinates(
        shapely.simplify(shapely.linestrings(path[:, :2]), STRAIGHT_M, preserve_topology=False)
    )
    kept, at = [], 0
    for corner in line:
        same = np.flatnonzero((path[at:, :2] == corner).all(axis=1))
        at += int(same[0])
        kept.append(at)
    kept[-1] = len(path) - 1
    corners: Ints = np.array(kept, dtype=np.intp)
    return corners


def _stops(path: Floats, corners: Ints, runs_m: Floats) -> Ints:
    """Indices of the points where runs begin and end, (runs + 1,)."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path[corners, :2], axis=0).T))])
    ends = np.cumsum(runs_m) * along[-1] / runs_m.sum()
    inner = [int(corners[int(np.abs(along - e).argmin())]) for e in ends[:-1]]
    stops: Ints = np.array([0, *inner, len(path) - 1], dtype=np.intp)
    return stops


def _slow(path: Floats, corners: Ints, pace: Pace) -> Floats:
    """Airspeed to ground speed on each leg of the path (n - 1,): that of the straight way between corners it is on."""
    step = np.diff(path[corners, :2], axis=0)
    slow = 1.0 + pace.speed_mps * pace.drift_s(step) / np.hypot(step[:, 0], step[:, 1])
    return np.repeat(slow, np.diff(corners))


@dataclass(frozen=True, slots=True)
class _Run:
    """A run as `paths.timing` has it: its length, m, and what the wind adds to its time in still air, s."""

    length_m: float
    drift_s: float
    pace: Pace

    @property
    def in_air_m(self) -> float:
        """How far it is through the air."""
        return self.length_m + self.pace.speed_mps * self.drift_s

    @property
    def push_mps2(self) -> float:
        """Acceleration along the way through the air with which it takes its time.

        Its ramps lose as much time as in still air; a run too short to reach its speed in them speeds up and slows down
        evenly.
        """
        if self.drift_s == 0.0:
            return self.pace.accel_mps2
        speed = self.pace.speed_mps
        lost_s = float(self.pace.run_s(np.array(self.length_m))) - self.length_m / speed
        if speed * lost_s <= self.in_air_m:
            return speed / lost_s
        return 4.0 * self.in_air_m / (lost_s + self.in_air_m / speed) ** 2


def _flown_run(path: Floats, slow: Floats, run: _Run) -> Track:
    """Straight or shallow-bent points (n, 3) flown from rest to rest in the time of a run.

    Counted in metres through the air: each leg is as many times longer as the airspeed is more than the ground speed on
    it (`slow` (n - 1,)), so over the ground the drone speeds up to that and slows down from it.
    """
    step = np.diff(path[:, :2], axis=0)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(step[:, 0], step[:, 1]) * slow)])
    whole, push_mps2 = run.in_air_m, run.push_mps2
    along *= whole / along[-1]
    top = min(run.pace.speed_mps, float(np.sqrt(whole * push_mps2)))
    ramp = top**2 / (2 * push_mps2)
    knots = np.sort(np.concatenate([along, [ramp, whole - ramp]]))
    knots = knots[np.concatenate([[True], np.diff(knots) > 1e-7])]
    knots[-1] = whole
    place = np.column_stack([np.interp(knots, along, path[:, k]) for k in range(3)])
    middle = (knots[1:] + knots[:-1]) / 2
    push = np.where(middle < ramp, push_mps2, np.where(middle > whole - ramp, -push_mps2, 0.0))
    left = np.minimum(np.maximum(np.minimum(knots, whole - knots), 0.0), ramp)
    mps = np.sqrt(2 * push_mps2 * left)
    lasts = 2 * np.diff(knots) / (mps[1:] + mps[:-1])
    way = np.diff(place, axis=0) / np.diff(knots)[:, None]
    return Track(np.concatenate([[0.0], np.cumsum(lasts)]), place, way * mps[:-1, None], way * push[:, None])
