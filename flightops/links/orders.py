"""HOLD and RETURN until telemetry shows them: one pure step, walked by the gateway ten times a second."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from core.drone import DroneState, FlightMode
from core.events import Order
from core.units import UtcSeconds
from flightops.links.dialects import Command, Dialect

RETRY_S = 0.5
GIVE_UP_S = 10.0
TRIES_EACH = 4
"""So many tries before the dialect's next command for the same order has its turn."""

SHOWN_BY = {Order.HOLD: {FlightMode.HOLD}, Order.RETURN: {FlightMode.RETURN, FlightMode.LAND}}
DONE_WORDS = {FlightMode.HOLD: "holding", FlightMode.RETURN: "coming home", FlightMode.LAND: "landing"}
RESULT_WORDS = {1: "not now", 2: "denied", 3: "not supported", 4: "failed", 5: "in progress", 6: "cancelled"}
"""MAV_RESULT other than accepted."""
REFUSALS = frozenset({2, 3, 4})


@dataclass(frozen=True, slots=True)
class Running:
    """An order on its way. `asked_at` UTC, `sent_at` monotonic; `tries` so far; `refused`: commands of the dialect's
    list that the drone turned down; `answer`: its last answer in words."""

    id: str
    order: Order
    asked_at: UtcSeconds
    tries: int = 0
    refused: int = 0
    sent_at: float = -math.inf
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Send:
    """Send this now; `confirmation` counts the repeats (COMMAND_LONG)."""

    command: Command
    confirmation: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The end of it."""

    done: bool
    detail: str


def step(
    run: Running, state: DroneState, dialect: Dialect, now: UtcSeconds, mono: float
) -> tuple[Running, Send | Answer | None]:
    """What to do now: send (again), answer, or wait (None)."""
    if run.tries and (shown := _shown(run, state)) is not None:
        return run, Answer(True, shown)
    if now - run.asked_at >= GIVE_UP_S:
        return run, Answer(False, _why_not(run, state, now))
    if mono - run.sent_at < RETRY_S:
        return run, None
    commands = dialect.orders[run.order]
    turn = min(max(run.tries // TRIES_EACH, run.refused), len(commands) - 1)
    return replace(run, tries=run.tries + 1, sent_at=mono), Send(commands[turn], run.tries % 256)


def acknowledged(run: Running, result: int, dialect: Dialect) -> Running:
    """The drone answered (MAV_RESULT). An acceptance is not yet the effect; a refusal brings the next turn."""
    refused = run.refused + (result in REFUSALS and run.refused + 1 < len(dialect.orders[run.order]))
    return replace(run, answer=RESULT_WORDS.get(result, ""), refused=refused)


def _shown(run: Running, state: DroneState) -> str | None:
    """Words when what was heard after the order shows its effect."""
    mode, armed, in_air = state.mode, state.armed, state.in_air
    if mode is not None and mode.at > run.asked_at and mode.value in SHOWN_BY[run.order]:
        return DONE_WORDS[mode.value]
    grounded = in_air is not None and not in_air.value and in_air.at > run.asked_at
    if grounded and armed is not None and not armed.value and armed.at > run.asked_at:
        return "on the ground, disarmed"
    return None


def _why_not(run: Running, state: DroneState, now: UtcSeconds) -> str:
    if state.lost(now):
        return f"no link: last heard {now - state.heard_at:.0f} s ago, sent {run.tries} times"
    told = f"it answered: {run.answer}" if run.answer else "it did not answer"
    said = state.says
    text = f' and said "{said.value}"' if said is not None and said.at > run.asked_at else ""
    mode = f"; it is in mode {state.mode.value.value}" if state.mode is not None else ""
    return f"{told}{text}{mode}, after {run.tries} tries"
