"""What missions need of a link; flightops.links has the real adapters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from core.events import Order
from core.ids import DroneId
from flightops.missions.mission import Mission


@dataclass(frozen=True, slots=True)
class OrderResult:
    """`done`: telemetry showed the effect; `detail`: what the drone answered, in words."""

    done: bool
    detail: str


class Vehicle(Protocol):
    """One drone's mission protocol, through the gateway. Each call raises Fault in words a pilot can read."""

    async def upload(self, mission: Mission) -> str:
        """Upload, read back, compare; returns the digest. A failure leaves the old mission or none, and says which."""
        ...

    async def fly(self) -> None:
        """Arm and start the mission on board; returns once telemetry shows it flying the mission."""
        ...

    async def resume(self) -> None:
        """Go on with the mission from its current item."""
        ...

    async def begin(self) -> None:
        """In the air, hovering: fly the mission on board from its first item. Nothing is started before telemetry shows
        that it would begin there; returns once it shows it flying."""
        ...

    async def holds(self, mission: Mission) -> bool:
        """Whether what is on board, read back now, is this mission, whole."""
        ...


class Gateway(Protocol):
    """The safety side of the link: works with the mission side dead."""

    def beat(self) -> None:
        """Prove that the control loop is alive; without it the gateway's heartbeats stop within 2 s."""
        ...

    async def order(self, drone: DroneId, order: Order) -> OrderResult:
        """HOLD or RETURN now, ahead of every queue."""
        ...

    def vehicle(self, drone: DroneId) -> Vehicle | None:
        """The drone's mission side; None while it is unknown."""
        ...
