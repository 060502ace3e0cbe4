"""Effects of live facts: missions go up and fly, orders go out, drones of an ended search come home.

Only facts appended while this process runs come here, never those read back from the log: after a restart nothing is
sent by itself (the aircraft fly on or come home by their own rules; telemetry goes on making facts).
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Protocol

import structlog

from core.clock import Clock
from core.commands import Return
from core.errors import Fault, Refused
from core.events import (
    Fact,
    Order,
    OrderGiven,
    Phase,
    SearchApproved,
    SearchEnded,
    SearchOutcome,
)
from core.geo import LatLon
from core.ids import DroneId, PersonName, SearchId, SectorId
from core.terrain import Terrain
from flightops.fleet.messages import (
    Answered,
    Asked,
    Message,
    NotFlown,
    NotResumed,
    States,
    Uploaded,
    Uploading,
)
from flightops.fleet.state import IN_AIR, FleetState, Search
from flightops.missions.mission import Mission
from flightops.missions.sorties import flights_for, homes_of, missions_for
from flightops.missions.starts import Launches
from flightops.ports import Gateway, OrderResult, Vehicle

UPLOAD_LIMIT_S = 300.0
FLY_LIMIT_S = 120.0
ORDER_LIMIT_S = 12.0
"""The gateway gives up, in better words, after 10 s; this is for a gateway that is gone."""
_STAYS = frozenset({Phase.GROUNDED, Phase.RETURNING, Phase.LANDING})
"""Phases that an ended search leaves as they are."""

_log = structlog.get_logger()


class Desk(Protocol):
    """What the runner needs of the desk."""

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


class Runner:
    """One task a sortie and an order; a drone's newer order ends its sortie's task."""

    def __init__(self, desk: Desk, gateway: Gateway, terrain: Terrain, clock: Clock) -> None:
        self._desk = desk
        self._gateway = gateway
        self._terrain = terrain
        self._clock = clock
        self._sorties: dict[DroneId, asyncio.Task[None]] = {}
        self._resumes: dict[DroneId, asyncio.Task[None]] = {}

    def act(self, fact: Fact) -> None:
        """Start what a live fact asks for; facts without an effect are passed over."""
        match fact:
            case SearchApproved():
                self._desk.spawn(f"approve {fact.search}", self._begin(fact.search))
            case OrderGiven():
                self.order(fact.drone, fact.order)
            case SearchEnded(outcome=SearchOutcome.FOUND | SearchOutcome.STOPPED):
                self._desk.spawn(f"end {fact.search}", self._bring_home(fact.search, fact.by))
            case _:
                return

    def order(self, drone: DroneId, order: Order) -> None:
        """HOLD or RETURN now, whatever else is under way for the drone."""
        for tasks in (self._sorties, self._resumes):
            if (task := tasks.pop(drone, None)) is not None:
                task.cancel()
        self._desk.spawn(f"{order} {drone}", self._order(drone, order))

    def resume(self, drone: DroneId) -> None:
        """Let the drone go on with the mission on board; one at a time."""
        running = self._resumes.get(drone)
        if running is None or running.done():
            self._resumes[drone] = self._desk.spawn(f"resume {drone}", self._resume(drone))

    async def _begin(self, search_id: SearchId) -> None:
        search = self._desk.fleet.searches[search_id]
        if search.plan is None:
            return
        homes, heights = homes_of(self._desk.states), self._desk.heights_m
        made = await asyncio.to_thread(_laid, search, homes, self._terrain, heights)
        for status in search.sectors:
            drone, sector = status.sector.drone, status.sector.sector
            if isinstance(made, Refused):
                await self._desk.tell(NotFlown(search_id, sector, drone, str(made)))
            else:
                missions, launches = made
                sortie = self._sortie((search_id, sector, drone), missions[sector], launches)
                self._sorties[drone] = self._desk.spawn(f"sortie {drone}", sortie)

    async def _sortie(self, ids: tuple[SearchId, SectorId, DroneId], mission: Mission, launches: Launches) -> None:
        _, sector, drone = ids
        try:
            await self._desk.tell(Uploading(*ids))
            if not self._wanted(drone, sector):
                return
            vehicle = self._gateway.vehicle(drone)
            if vehicle is None:
                raise Fault("its mission link is not up yet")
            digest = await _upload(vehicle, mission)
            await self._desk.tell(_uploaded(ids, mission, digest))
            wait_s = await launches.wait_s(sector, self._clock.monotonic())
            if isinstance(wait_s, Refused):
                raise Fault(str(wait_s))
            _log.info("start", drone=drone, wait_s=wait_s)
            await asyncio.sleep(wait_s)
            if not self._wanted(drone, sector):
                return
            async with asyncio.timeout(FLY_LIMIT_S):
                await vehicle.fly()
        except Fault as e:
            await self._desk.tell(NotFlown(*ids, str(e)))
        except TimeoutError:
            await self._desk.tell(NotFlown(*ids, "it did not answer in time"))

    def _wanted(self, drone: DroneId, sector: SectorId) -> bool:
        """Whether the drone is still to fly this sector (no order, no end of the search has come between)."""
        task = self._desk.fleet.task_of(drone)
        return task is not None and task[1].sector.sector == sector

    async def _order(self, drone: DroneId, order: Order) -> None:
        try:
            async with asyncio.timeout(ORDER_LIMIT_S):
                result = await self._gateway.order(drone, order)
        except TimeoutError:
            result = OrderResult(False, f"no answer within {ORDER_LIMIT_S:.0f} seconds")
        except Fault as e:
            result = OrderResult(False, str(e))
        _log.info("order", drone=drone, order=order.value, done=result.done, detail=result.detail)
        await self._desk.tell(Answered(drone, order, result.done, result.detail))

    async def _resume(self, drone: DroneId) -> None:
        vehicle = self._gateway.vehicle(drone)
        try:
            if vehicle is None:
                raise Fault("its mission link is not up")
            async with asyncio.timeout(FLY_LIMIT_S):
                await vehicle.resume()
        except Fault as e:
            await self._desk.tell(NotResumed(drone, str(e)))
        except TimeoutError:
            await self._desk.tell(NotResumed(drone, "it did not answer in time"))

    async def _bring_home(self, search_id: SearchId, by: PersonName) -> None:
        fleet = self._desk.fleet
        for status in fleet.searches[search_id].sectors:
            drone = fleet.drones.get(status.sector.drone)
            on_it = drone is not None and drone.mission is not None and drone.mission.search == search_id
            if drone is None or drone.phase in _STAYS:
                if (task := self._sorties.pop(status.sector.drone, None)) is not None:
                    task.cancel()
            elif on_it or drone.phase not in IN_AIR:
                await self._desk.tell(Asked(Return(drone.drone, by), self._desk.states))


def _laid(
    search: Search, homes: Mapping[DroneId, LatLon], terrain: Terrain, heights_m: Mapping[DroneId, float]
) -> tuple[dict[SectorId, Mission], Launches] | Refused:
    """The missions of a search's plan and their starts."""
    assert search.plan is not None
    missions = missions_for(search.plan, homes, terrain, heights_m, search.area)
    if isinstance(missions, Refused):
        return missions
    return missions, Launches(flights_for(search.plan, missions, homes, terrain))


def _uploaded(ids: tuple[SearchId, SectorId, DroneId], mission: Mission, digest: str) -> Uploaded:
    sweep, ways = (mission.sweep_from, mission.sweep_to), (mission.out, mission.back)
    return Uploaded(*ids, len(mission.items), digest, *sweep, *ways)


async def _upload(vehicle: Vehicle, mission: Mission) -> str:
    """Upload with one retry on Fault; returns the digest of what is on board."""
    async with asyncio.timeout(UPLOAD_LIMIT_S):
        try:
            return await vehicle.upload(mission)
        except Fault as e:
            _log.warning("upload failed, trying once more", problem=str(e))
            return await vehicle.upload(mission)
