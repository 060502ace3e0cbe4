"""The shape of a dialect: everything in which autopilot families differ, as one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.drone import Autopilot, FlightMode
from core.events import Order

DO_SET_MODE = 176
MISSION_START = 300
COMPONENT_ARM_DISARM = 400


@dataclass(frozen=True, slots=True)
class Command:
    """One COMMAND_LONG: MAV_CMD number, params 1 to 7, and what it is called before people."""

    words: str
    command: int
    params: tuple[float, float, float, float, float, float, float] = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def set_mode(words: str, main: int, sub: int = 0) -> Command:
    """MAV_CMD_DO_SET_MODE with MAV_MODE_FLAG_CUSTOM_MODE_ENABLED."""
    return Command(words, DO_SET_MODE, (1.0, float(main), float(sub), 0.0, 0.0, 0.0, 0.0))


FROM_THE_START = Command("fly from the first item", 224)
"""MAV_CMD_DO_SET_MISSION_CURRENT 0: ArduPilot else goes on at the item it had reached before, even in a new mission."""
ARM = Command("arm", COMPONENT_ARM_DISARM, (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0))


@dataclass(frozen=True, slots=True)
class FailsafeRule:
    """What some parameters must be before take-off. `params`: names to read; a vehicle that has none of them fails
    the rule; `safe` sees those it has."""

    about: str
    params: tuple[str, ...]
    safe: Callable[[Mapping[str, float]], bool]
    problem: str
    fix: str


@dataclass(frozen=True, slots=True)
class Dialect:
    """One autopilot family.

    `mode`: HEARTBEAT.custom_mode to words. `orders`: commands tried in turn for HOLD and RETURN. `before_arming` and
    `start`: commands of a take-off into the mission; `from_first`: those after which a mission taken on board in the
    air is flown from its first item. `home_first`: item 0 on board is home, so what we call item k
    is k + 1 there. `bytewise_params`: PARAM_VALUE carries integers as their bytes, not as a number.
    `settable`: parameters that may be set through the gateway, each with its range.
    """

    autopilot: Autopilot
    mav_autopilot: int
    words: str
    mode: Callable[[int], FlightMode]
    modes_asked: Mapping[tuple[int, int], FlightMode]
    orders: Mapping[Order, tuple[Command, ...]]
    before_arming: tuple[Command, ...]
    start: tuple[Command, ...]
    from_first: tuple[Command, ...]
    resume: Command
    home_first: bool
    bytewise_params: bool
    failsafes: tuple[FailsafeRule, ...]
    settable: Mapping[str, tuple[float, float]]
