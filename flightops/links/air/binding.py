"""Who is who on one link: (link, system id) to drone, and the two faults that must never end in a command:
a vehicle nobody named, and two vehicles with one system id."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from core.errors import Malformed
from core.ids import DroneId
from core.io.settings import DroneSettings

T = TypeVar("T")

CLASH_HELD_S = 10.0
"""A clash is over when no sign of it came for so long."""
SETTLE_S = 1.5
"""A vehicle that turns up at a new address is not commanded until the old one was silent for so long."""
COPTERS = frozenset({2, 3, 4, 13, 14, 15, 29, 35})
"""MAV_TYPE of rotary wing aircraft; the mode numbers of others mean other things."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a frame of an autopilot (component 1) tells about who sent it. `now`: monotonic, s; `uptime_s`, `place`
    (degrees) where the message has them; `kind` (MAV_TYPE) and `autopilot` (MAV_AUTOPILOT) from a heartbeat."""

    source: Hashable
    system_id: int
    seq: int
    now: float
    uptime_s: float | None = None
    place: tuple[float, float] | None = None
    kind: int | None = None
    autopilot: int | None = None


class Alternation(Generic[T]):
    """Sees a value that goes A, B, A: one vehicle drifts or jumps, only two go back and forth."""

    def __init__(self, same: Callable[[T, T], bool], returns: int, window_s: float) -> None:
        self._same, self._needed, self._window_s = same, returns, window_s
        self._current: T | None = None
        self._left: tuple[T, float] | None = None
        self._returns: deque[float] = deque(maxlen=returns)

    def saw(self, value: T, now: float) -> bool:
        """Whether it has now gone back as often as it takes, within the window."""
        if self._current is not None and not self._same(self._current, value):
            back = self._left is not None and self._same(self._left[0], value) and now - self._left[1] <= self._window_s
            if back:
                self._returns.append(now)
            self._left = (self._current, now)
        self._current = value
        return len(self._returns) == self._needed and now - self._returns[0] <= self._window_s


RETURNS = 4
"""So often each of two counters must be gone back to before they count as two."""


@dataclass(slots=True)
class _Series:
    """One counter: its newest number, and when it was gone back to."""

    head: int
    returns: deque[float] = field(default_factory=lambda: deque(maxlen=RETURNS))

    def ahead(self, seq: int) -> int:
        """How far `seq` is ahead, -128 to 127."""
        return (seq - self.head + 128) % 256 - 128


class Interleaving:
    """Sees two counters in one: sequence numbers that continue now one series, now another, far from it.

    One vehicle's series is left for good after a gap, save for late frames right then, so each of two series must be
    gone back to several times. Counters less than about 20 apart look like one with late frames; the other signs
    (address, uptime, place) tell those vehicles apart.
    """

    WINDOW_S, NEAR = 10.0, 8

    def __init__(self) -> None:
        self._active: _Series | None = None
        self._other: _Series | None = None

    def saw(self, seq: int, now: float) -> bool:
        """Whether both series were gone back to as often as it takes, within the window."""
        active, other = self._active, self._other
        if active is None:
            self._active = _Series(seq)
        elif abs(step := active.ahead(seq)) <= self.NEAR:
            active.head = seq if step > 0 else active.head
        elif other is not None and abs(step := other.ahead(seq)) <= self.NEAR:
            other.head = seq if step > 0 else other.head
            other.returns.append(now)
            self._active, self._other = other, active
        else:
            self._active, self._other = _Series(seq), active
        return all(s is not None and self._often(s, now) for s in (self._active, self._other))

    def _often(self, series: _Series, now: float) -> bool:
        return len(series.returns) == RETURNS and now - series.returns[0] <= self.WINDOW_S


def _near(a: tuple[float, float], b: tuple[float, float]) -> bool:
    """Within about 40 m, which no copter flies between two position messages."""
    north = (a[0] - b[0]) * 111_000
    east = (a[1] - b[1]) * 111_000 * math.cos(math.radians(a[0]))
    return math.hypot(north, east) < 40.0


@dataclass(slots=True)
class Seat:
    """One drone's place on a link. `source`: where it was heard last; `settled_at`: from when it may be commanded."""

    drone: DroneId
    system_id: int | None
    fixed: bool
    autopilot: int | None = None
    source: Hashable = None
    settled_at: float = 0.0
    clash_at: float | None = None
    addresses: Alternation[Hashable] = field(default_factory=lambda: Alternation(lambda a, b: a == b, 1, 5.0))
    uptimes: Alternation[float] = field(default_factory=lambda: Alternation(lambda a, b: abs(a - b) < 3.0, 3, 5.0))
    places: Alternation[tuple[float, float]] = field(default_factory=lambda: Alternation(_near, 3, 5.0))
    numbers: Interleaving = field(default_factory=Interleaving)

    @property
    def bound(self) -> bool:
        """Whether an autopilot was heard in it."""
        return self.autopilot is not None

    def clash(self, now: float) -> bool:
        """Whether two vehicles answer here."""
        return self.clash_at is not None and now - self.clash_at <= CLASH_HELD_S

    def commandable(self, now: float) -> bool:
        """Whether a frame sent now would reach this drone and no other."""
        return self.bound and not self.clash(now) and now >= self.settled_at


class LinkRoll:
    """The seats of one link. `warn(drone or None, text)` is called once a fault, and once when it is over."""

    def __init__(
        self, link: str, drones: tuple[DroneSettings, ...], warn: Callable[[DroneId | None, str], None]
    ) -> None:
        taken: dict[int, str] = {}
        for d in drones:
            if d.system_id is not None and d.system_id in taken:
                raise Malformed(
                    f"drones.{d.id}.system_id",
                    f"{d.system_id} is also the system id of {taken[d.system_id]} on {link}",
                    "give each vehicle on a shared link its own id",
                )
            if d.system_id is not None:
                if not 1 <= d.system_id <= 254:
                    raise Malformed(f"drones.{d.id}.system_id", f"{d.system_id} is no system id", "1 to 254")
                taken[d.system_id] = d.id
        self._link, self._warn = link, warn
        self.seats = [Seat(DroneId(d.id), d.system_id, d.system_id is not None) for d in drones]
        self._told: set[int] = set()

    def hear(self, frame: Heard) -> Seat | None:
        """The seat the frame belongs to; None when it belongs to nobody we know, or to two at once."""
        seat = self._seat(frame)
        if seat is None:
            return None
        self._watch(seat, frame)
        return None if seat.clash(frame.now) else seat

    def _seat(self, frame: Heard) -> Seat | None:
        bound = next((s for s in self.seats if s.bound and s.system_id == frame.system_id), None)
        if bound is not None:
            return bound
        if frame.autopilot is None:
            return None
        if (seat := self._free(frame.system_id)) is None:
            self._tell(frame.system_id, "not in the settings: add it there or take it off this link")
            return None
        if frame.kind not in COPTERS:
            self._tell(frame.system_id, f"of type {frame.kind} (MAV_TYPE): only rotary wing aircraft are flown")
            return None
        seat.system_id, seat.autopilot, seat.source = frame.system_id, frame.autopilot, frame.source
        return seat

    def _free(self, system_id: int) -> Seat | None:
        fixed = next((s for s in self.seats if s.fixed and s.system_id == system_id), None)
        return fixed or next((s for s in self.seats if not s.fixed and not s.bound), None)

    def _tell(self, system_id: int, why: str) -> None:
        if system_id not in self._told:
            self._told.add(system_id)
            self._warn(None, f"unknown vehicle with system id {system_id} on {self._link}, {why}. It is not commanded.")

    def _watch(self, seat: Seat, frame: Heard) -> None:
        was = seat.clash_at is not None
        if frame.source != seat.source:
            seat.source, seat.settled_at = frame.source, frame.now + SETTLE_S
        signs = (
            ("two addresses", seat.addresses.saw(frame.source, frame.now)),
            ("two sequence counters", seat.numbers.saw(frame.seq, frame.now)),
            ("two uptimes", frame.uptime_s is not None and seat.uptimes.saw(frame.now - frame.uptime_s, frame.now)),
            ("two positions", frame.place is not None and seat.places.saw(frame.place, frame.now)),
        )
        sign = next((words for words, seen in signs if seen), None)
        if sign is not None:
            seat.clash_at = frame.now
            if not was:
                self._warn(
                    seat.drone,
                    f"two vehicles answer with system id {seat.system_id} on {self._link} ({sign}). Neither is "
                    "commanded. Give each its own id (MAV_SYS_ID, SYSID_THISMAV) or its own link.",
                )
        elif was and not seat.clash(frame.now):
            seat.clash_at = None
            self._warn(seat.drone, f"one vehicle with system id {seat.system_id} on {self._link} again")
