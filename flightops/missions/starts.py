"""Missions as flights in time, and when each may start so that no two drones come too near one another.

A flight is read off the mission's own items: as they are on board, so they are proved. Layers keep transits apart
whatever the hour (see heights); what is left to time are climbs and descents on the spot, and sweeps beside one
another. A start holds for a drone that is up to LATE_S early or late against the others. Heights are m AMSL by the
terrain model; a drone that was told to hold, or is flown by hand, is no longer where its proof has it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from itertools import pairwise, permutations

import numpy as np

from core.clock import Clock
from core.errors import Refused
from core.geo import Floats, LatLon, LocalFrame
from core.ids import SectorId
from flightops.missions.items import DO_CHANGE_SPEED, NAV_TAKEOFF, NAV_WAYPOINT
from flightops.missions.mission import Mission, MissionItem
from flightops.planning.airspace.separation import conflict_with
from flightops.planning.airspace.timed import Flight, Phase, Rates
from flightops.planning.airspace.track import Track, flown, joined, waiting
from flightops.planning.paths.timing import Pace

STEP_S = 2.0
MOST_WAIT_S = 600.0
"""A drone that would have to wait longer on the ground is not sent."""
LATE_S = 3.0
"""Arming and lifting off take a drone a little more or less than another."""
GATHER_S = 5.0
"""So long a drone that is ready waits for those that should start before it."""
MOST_PERMUTED = 4
"""Up to so many flights all orders are tried; more start in the order of their sectors."""
ON_SPOT_M = 0.05
"""Mission items lie on a grid of 1 cm: nearer than this only the height changes."""
RATES = Rates()
LEAST_MPS, LEAST_S = 0.5, 0.01


def flight_of(name: str, mission: Mission, home: Floats, frame: LocalFrame) -> Flight:
    """The flight of a mission that starts at 0 s. `home` (3,): x, y m of the frame and height of the ground there."""
    stops = _stops(mission, home, frame)
    first, last = mission.sweep_from, mission.sweep_to
    ends = {Phase.CLIMB: 0, Phase.OUT: first - 1, Phase.DOWN: first, Phase.SWEEP: last, Phase.UP: last + 2}
    legs: dict[Phase, list[Track]] = {phase: [] for phase in Phase}
    for run in _runs(stops):
        at = run[-1][0]
        phase = next((p for p, end in ends.items() if at <= end), Phase.BACK)
        legs[phase].append(_leg(np.array([place for _, place, _ in run]), run[-1][2]))
    ground = stops[-1][1].copy()
    ground[2] = home[2]
    legs[Phase.LAND].append(_leg(np.stack([stops[-1][1], ground]), LEAST_MPS))
    tracks = [t for phase in Phase for t in legs[phase]]
    lasts = [sum(t.end_s - t.start_s for t in legs[phase]) for phase in Phase]
    return Flight(name, joined(tuple(tracks)), tuple(map(float, np.cumsum(lasts))))


class _Pairs:
    """Whether flights keep apart, by how much later one starts than another; each is looked at once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int, float], bool] = {}

    def start_s(self, flight: Flight, others: Mapping[int, tuple[Flight, float]], me: int = -1) -> float | None:
        """How much later than it says a flight may start, s: as soon as it stays apart from all the others, each
        started so much later than it says; None: not within MOST_WAIT_S. `me`, keys of `others`: which flights."""
        for wait_s in np.arange(0.0, MOST_WAIT_S + STEP_S / 2, STEP_S).tolist():
            if all(self._apart((me, k), flight, other, wait_s - at) for k, (other, at) in others.items()):
                return float(wait_s)
        return None

    def _apart(self, pair: tuple[int, int], flight: Flight, other: Flight, by_s: float) -> bool:
        key = (*pair, round(by_s, 3))
        if key not in self._known:
            shifts = (by_s, by_s - LATE_S, by_s + LATE_S)
            self._known[key] = all(conflict_with(flight.later(s), (other,)) is None for s in shifts)
        return self._known[key]


def starts(flights: Mapping[SectorId, Flight]) -> dict[SectorId, float] | Refused:
    """Seconds after the search's start at which each may start, in the order in which they wait least in all, of those
    tried. Refused, naming a drone, when in each of them one would have to wait too long."""
    pairs, names, found = _Pairs(), list(flights), list[dict[SectorId, float]]()
    late: list[str] = []
    for order in permutations(range(len(names))) if len(names) <= MOST_PERMUTED else (range(len(names)),):
        begun: dict[int, tuple[Flight, float]] = {}
        for k in order:
            wait_s = pairs.start_s(flights[names[k]], begun, k)
            if wait_s is None:
                late.append(flights[names[k]].drone)
                break
            begun[k] = (flights[names[k]], wait_s)
        else:
            found.append({names[k]: at for k, (_, at) in begun.items()})
    return min(found, key=lambda b: (sum(b.values()), max(b.values()))) if found else too_close(late[0])


def too_close(drone: str) -> Refused:
    """Why a drone is not sent."""
    problem = f"{drone} would come too near another drone whenever it starts within {MOST_WAIT_S / 60:.0f} minutes"
    return Refused.because("drones", problem, "stand the drones 30 m apart, send fewer, or wait for other searches")


class Launches:
    """The starts of all searches. In each, drones start in the order in which they wait least; one that is not ready
    GATHER_S after the next one loses its turn.

    A start that was given stays taken until its flight is over, whether the drone uses it or not, or starts again.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._taken: dict[str, Flight] = {}
        self._before: dict[str, tuple[asyncio.Event, ...]] = {}
        self._ready: dict[str, asyncio.Event] = {}
        self._frame: LocalFrame | None = None
        self._lock = asyncio.Lock()

    def frame(self, near: LatLon) -> LocalFrame:
        """The frame that all flights are told in: round the first place asked for."""
        self._frame = self._frame or LocalFrame(near)
        return self._frame

    def expect(self, drones: Sequence[str]) -> None:
        """Drones that are to start, in the best order."""
        events = [asyncio.Event() for _ in drones]
        self._ready |= dict(zip(drones, events, strict=True))
        self._before |= {drone: tuple(events[:k]) for k, drone in enumerate(drones)}

    async def wait_s(self, flight: Flight) -> float | Refused:
        """How long a drone that is ready must wait before it starts its flight, made to start at 0 s. Its start is
        taken then."""
        try:
            await self._gather(flight.drone)
            async with self._lock:
                return await self._take(flight.later(self._clock.monotonic()))
        finally:
            if (mine := self._ready.pop(flight.drone, None)) is not None:
                mine.set()

    async def _gather(self, drone: str) -> None:
        """Until those that should start before it have, or GATHER_S are over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GATHER_S):
                for event in self._before.pop(drone, ()):
                    await event.wait()

    async def _take(self, flight: Flight) -> float | Refused:
        self._taken = {d: f for d, f in self._taken.items() if f.end_s > flight.start_s and d != flight.drone}
        others = {k: (other, 0.0) for k, other in enumerate(self._taken.values())}
        wait_s = await asyncio.to_thread(_Pairs().start_s, flight, others)
        if wait_s is None:
            return too_close(flight.drone)
        self._taken[flight.drone] = flight.later(wait_s)
        return wait_s


Stop = tuple[int, Floats, float]
"""Item number, place (3,) m, ground speed m/s on the way to it."""


def _stops(mission: Mission, home: Floats, frame: LocalFrame) -> list[Stop]:
    """Places a mission leads to, from the ground at home on; only the last item, RETURN, is left out."""
    found: list[Stop] = [(0, home, LEAST_MPS)]
    mps = LEAST_MPS
    for number, item in enumerate(mission.items):
        if item.command == DO_CHANGE_SPEED:
            mps = max(item.params[1], LEAST_MPS)
        elif item.command == NAV_TAKEOFF:
            found.append((number, np.array([home[0], home[1], home[2] + item.z]), mps))
        elif item.command == NAV_WAYPOINT:
            found.append((number, np.array([*_xy(item, frame), home[2] + item.z]), mps))
    return found


def _runs(stops: list[Stop]) -> list[list[Stop]]:
    """Stops in runs that are flown at one speed without a halt; each run begins where the last one ended."""
    runs: list[list[Stop]] = []
    for before, after in pairwise(stops):
        upright = _on_spot(before[1], after[1])
        last = runs[-1] if runs else None
        if last is None or upright or _on_spot(last[-2][1], last[-1][1]) or last[-1][2] != after[2]:
            runs.append([before, after])
        else:
            last.append(after)
    return runs


def _on_spot(a: Floats, b: Floats) -> bool:
    return float(np.hypot(*(b - a)[:2])) < ON_SPOT_M


def _leg(places: Floats, mps: float) -> Track:
    """A run flown: up, down, or along (n, 3)."""
    if len(places) > 2 or not _on_spot(places[0], places[-1]):
        return flown(places, Pace(min(mps, 30.0)))
    up = float(places[1, 2] - places[0, 2])
    lasts = abs(up) / (RATES.climb_mps if up > 0 else RATES.sink_mps)
    if lasts < LEAST_S and (places[0] == places[1]).all():
        return waiting(places[0], 0.0)
    lasts = max(lasts, LEAST_S)
    return Track(np.array([0.0, lasts]), places, np.diff(places, axis=0) / lasts, np.zeros((1, 3)))


def _xy(item: MissionItem, frame: LocalFrame) -> tuple[float, float]:
    return frame.to_xy(LatLon(item.x / 1e7, item.y / 1e7))
