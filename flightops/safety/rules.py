"""The first safety rules: each is one pure function and one row (DESIGN rule 7). Unknown or stale input is a breach.

For now the coordinator's control loop runs them at 5 Hz and its orders go through `Gateway.order`. A later issue
moves them into the gateway process, where they go on with the coordinator dead; nothing here needs the log or the
clock, so the table moves as it is. Until then the autopilot's own failsafes are the last line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from core.drone import LOST_S, DroneState
from core.events import Order
from core.geo import LatLon, distance_m
from core.units import Seconds, UtcSeconds, positive
from flightops.safety.fence import Fence
from flightops.safety.preflight import FIX_3D, RESERVE, RETURN_MARGIN, SLOW_FIELD_S

OUTSIDE_M = 0.0
"""How far outside the fence is still inside (the fence itself has its margin)."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule needs beyond telemetry. `endurance_s`: flight time of a full battery at `speed_mps`."""

    fence: Fence | None
    home: LatLon | None
    speed_mps: float
    endurance_s: float

    def __post_init__(self) -> None:
        positive("context.speed_mps", self.speed_mps)
        positive("context.endurance_s", self.endurance_s)


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule is broken: which, and what the pilot is told."""

    rule: str
    words: str


Judge = Callable[[DroneState, Context, UtcSeconds], Breach | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: a breach orders `first` at once, and RETURN when it has lasted `patience_s`."""

    name: str
    judge: Judge
    first: Order
    patience_s: Seconds


def link_stale(state: DroneState, context: Context, now: UtcSeconds) -> Breach | None:
    """The link was silent for longer than LOST_S (a shorter gap is shown, and flown through)."""
    silent_s = now - state.heard_at
    if silent_s > LOST_S:
        return Breach("link", f"{state.drone} was not heard for {silent_s:.0f} seconds")
    return None


def battery_low(state: DroneState, context: Context, now: UtcSeconds) -> Breach | None:
    """What is left must bring it home: distance / speed x 1.3, and 15 %. A place up to 10 s old still serves."""
    if state.battery is None or not state.battery.fresh(now, SLOW_FIELD_S):
        return Breach("battery", f"{state.drone} does not tell its battery")
    place = state.place.value if state.place is not None and state.place.fresh(now, SLOW_FIELD_S) else None
    home = context.home or (state.home.value.ground if state.home else None)
    if place is None or home is None:
        return Breach("battery", f"{state.drone}: the way home is not known, so its battery can't be judged")
    home_s = distance_m(place, home) / context.speed_mps
    needed = min(1.0, home_s * RETURN_MARGIN / context.endurance_s + RESERVE)
    left = state.battery.value.left
    if left < needed:
        return Breach("battery", f"{state.drone} has {left:.0%} battery left and needs {needed:.0%} to come home")
    return None


def outside_fence(state: DroneState, context: Context, now: UtcSeconds) -> Breach | None:
    """It must stay over the search area or its way there and back."""
    if context.fence is None:
        return Breach("fence", f"{state.drone} has no fence")
    if state.place is None or not state.place.fresh(now, LOST_S):
        return Breach("fence", f"{state.drone} does not tell where it is")
    out_m = context.fence.outside_m(state.place.value.ground)
    return Breach("fence", f"{state.drone} is {out_m:.0f} metres outside its area") if out_m > OUTSIDE_M else None


def gnss_lost(state: DroneState, context: Context, now: UtcSeconds) -> Breach | None:
    """It needs a 3-D fix."""
    if state.gnss is None or not state.gnss.fresh(now, SLOW_FIELD_S):
        return Breach("gnss", f"{state.drone} does not tell its GNSS fix")
    if state.gnss.value.fix < FIX_3D:
        return Breach("gnss", f"{state.drone} has lost its GNSS fix")
    return None


RULES: tuple[Rule, ...] = (
    Rule("battery", battery_low, Order.RETURN, Seconds(0.0)),
    Rule("link", link_stale, Order.HOLD, Seconds(10.0)),
    Rule("fence", outside_fence, Order.HOLD, Seconds(5.0)),
    Rule("gnss", gnss_lost, Order.HOLD, Seconds(10.0)),
)

Standing = Mapping[str, UtcSeconds]
"""Since when each broken rule has been broken."""
NOTHING: Standing = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that is broken now, since when, and the strongest order that follows (None: nothing is broken)."""

    standing: Standing
    breaches: tuple[Breach, ...]
    order: Order | None

    @property
    def words(self) -> str:
        """What the pilot is told."""
        return "; ".join(b.words for b in self.breaches)


def judge(state: DroneState, context: Context, now: UtcSeconds) -> Breach | None:
    """The first broken rule in the table's order; None when none is."""
    return next((b for rule in RULES if (b := rule.judge(state, context, now)) is not None), None)


def verdict(state: DroneState, context: Context, standing: Standing, now: UtcSeconds) -> Verdict:
    """Judge by every rule; a breach that outlasts its rule's patience turns HOLD into RETURN."""
    broken = [(rule, b) for rule in RULES if (b := rule.judge(state, context, now)) is not None]
    since = {rule.name: standing.get(rule.name, now) for rule, _ in broken}
    orders = [
        Order.RETURN if rule.first is Order.RETURN or now - since[rule.name] >= rule.patience_s else Order.HOLD
        for rule, _ in broken
    ]
    order = None if not orders else Order.RETURN if Order.RETURN in orders else Order.HOLD
    return Verdict(since, tuple(b for _, b in broken), order)
