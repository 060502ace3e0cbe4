"""Facts about drones and the orders given to them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.drone import Autopilot
from core.ids import (
    DroneId,
    PersonName,
)
from core.units import UtcSeconds


class Phase(StrEnum):
    """What the coordinator knows a drone to be doing."""

    GROUNDED = "grounded"
    UPLOADING = "uploading"
    TAKING_OFF = "taking_off"
    TRANSIT = "transit"
    SWEEPING = "sweeping"
    HOLDING = "holding"
    RETURNING = "returning"
    LANDING = "landing"


@dataclass(frozen=True, slots=True)
class DroneJoined:
    drone: DroneId
    system_id: int
    autopilot: Autopilot
    version: str


@dataclass(frozen=True, slots=True)
class DroneLinkLost:
    drone: DroneId
    heard_at: UtcSeconds


@dataclass(frozen=True, slots=True)
class DroneLinkRestored:
    drone: DroneId


@dataclass(frozen=True, slots=True)
class DronePhaseChanged:
    drone: DroneId
    phase: Phase
    reason: str


@dataclass(frozen=True, slots=True)
class DroneWarned:
    drone: DroneId
    text: str


class Order(StrEnum):
    """The orders that need no lease."""

    HOLD = "hold"
    RETURN = "return"


@dataclass(frozen=True, slots=True)
class OrderGiven:
    """HOLD or RETURN was asked for one drone."""

    drone: DroneId
    order: Order
    by: PersonName


@dataclass(frozen=True, slots=True)
class OrderAnswered:
    """`done`: telemetry showed the effect. Otherwise `detail` says what the drone answered, or that it did not."""

    drone: DroneId
    order: Order
    done: bool
    detail: str
