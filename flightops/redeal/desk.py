"""What effects of the desk have in common: the desk as they see it, limits in time, an upload with one retry."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Protocol

import structlog

from core.errors import Fault
from core.ids import DroneId, SearchId, SectorId
from flightops.fleet.messages import Message, States, Uploaded
from flightops.fleet.state import FleetState
from flightops.missions.mission import Mission
from flightops.ports import Vehicle

UPLOAD_LIMIT_S = 300.0
BEGIN_LIMIT_S = 120.0
ORDER_LIMIT_S = 12.0
"""The gateway gives up, in better words, after 10 s; this is for a gateway that is gone."""

Ids = tuple[SearchId, SectorId, DroneId]

_log = structlog.get_logger()


class Desk(Protocol):
    """What effects need of the desk."""

    @property
    def fleet(self) -> FleetState:
        """The fold of the log."""
        ...

    @property
    def states(self) -> States:
        """Every drone as last heard."""
        ...

    @property
    def heights_m(self) -> dict[DroneId, float]:
        """Transit heights fixed by settings, above home."""
        ...

    async def tell(self, message: Message) -> None:
        """Decide, append, fold. Raises Fault when the log can't keep it."""
        ...

    def spawn(self, name: str, job: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run in the desk's TaskGroup, guarded at its top."""
        ...


def on_board(ids: Ids, mission: Mission, digest: str) -> Uploaded:
    """What is told of a mission that was read back."""
    sweep, ways = (mission.sweep_from, mission.sweep_to), (mission.out, mission.back)
    return Uploaded(*ids, len(mission.items), digest, *sweep, *ways)


async def uploaded(vehicle: Vehicle, mission: Mission) -> str:
    """Upload with one retry on Fault; returns the digest of what is on board. Raises Fault, TimeoutError."""
    async with asyncio.timeout(UPLOAD_LIMIT_S):
        try:
            return await vehicle.upload(mission)
        except Fault as e:
            _log.warning("upload failed, trying once more", problem=str(e))
            return await vehicle.upload(mission)
