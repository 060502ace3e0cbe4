"""Effects of live facts: missions go up and fly, orders go out, drones of an ended search come home.

Only facts appended while this process runs come here, never those read back from the log: after a restart nothing is
sent by itself (the aircraft fly on or come home by their own rules; telemetry goes on making facts).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from core.clock import Clock
from core.commands import Return
from core.errors import Fault, Refused
from core.events import (
    AUTO,
    Fact,
    Order,
    OrderGiven,
    Phase,
    SearchApproved,
    SearchEnded,
    SearchOutcome,
    SearchReplanned,
    SectorSwept,
)
from core.geo import LatLon, LocalFrame
from core.ids import DroneId, PersonName, SearchId, SectorId
from core.terrain import Terrain
from flightops.fleet.messages import (
    Answered,
    Asked,
    NotFlown,
    NotResumed,
    Uploading,
)
from flightops.fleet.state import IN_AIR, Search, SectorStage
from flightops.missions.items import air_of
from flightops.missions.mission import Mission
from flightops.missions.sorties import flights_for, homes_of, missions_for
from flightops.missions.starts import Launches, starts
from flightops.planning.airspace.timed import Flight
from flightops.ports import Gateway, OrderResult
from flightops.redeal.desk import ORDER_LIMIT_S, Desk, Ids, on_board, uploaded
from flightops.redeal.handover import Aboard, Hands, aloft_of, built, handed_over

FLY_LIMIT_S = 120.0
_STAYS = frozenset({Phase.GROUNDED, Phase.RETURNING, Phase.LANDING})
"""Phases that an ended search leaves as they are."""

_log = structlog.get_logger()


class Runner:
    """One task a sortie and an order; a drone's newer order ends its sortie's task."""

    def __init__(self, desk: Desk, gateway: Gateway, terrain: Terrain, clock: Clock) -> None:
        self._desk = desk
        self._gateway = gateway
        self._terrain = terrain
        self._clock = clock
        self._hands = Hands(desk, gateway, terrain)
        self._launches = Launches(clock)
        self._sorties: dict[DroneId, asyncio.Task[None]] = {}
        self._resumes: dict[DroneId, asyncio.Task[None]] = {}
        self._aboard: dict[DroneId, Aboard] = {}
        """Missions read back whole; a drone whose mission is being changed has none."""
        self._unsure: set[DroneId] = set()
        """Drones in the air whose change of missions was cut short: they begin anew, or come home."""
        self._dealt: set[SectorId] = set()
        """Sectors dealt again while this process runs; what was dealt before a restart is not sent."""

    def act(self, fact: Fact) -> None:
        """Start what a live fact asks for; facts without an effect are passed over."""
        match fact:
            case SearchApproved():
                self._desk.spawn(f"approve {fact.search}", self._begin(fact.search))
            case OrderGiven():
                self.order(fact.drone, fact.order)
            case SearchEnded(outcome=SearchOutcome.FOUND | SearchOutcome.STOPPED):
                self._desk.spawn(f"end {fact.search}", self._bring_home(fact.search, fact.by))
            case SearchReplanned():
                self._dealt |= {s.sector for s in fact.sectors}
                for drone in dict.fromkeys(s.drone for s in fact.sectors):
                    self._given(drone, launch=fact.by != AUTO and drone in fact.drones)
            case SectorSwept():
                self._given(fact.drone, launch=False)
            case _:
                return

    def order(self, drone: DroneId, order: Order) -> None:
        """HOLD or RETURN now, whatever else is under way for the drone."""
        for tasks in (self._sorties, self._resumes):
            if (task := tasks.pop(drone, None)) is not None:
                task.cancel()
        self._desk.spawn(f"{order} {drone}", self._order(drone, order))

    def resume(self, drone: DroneId) -> None:
        """Let the drone go on with the mission on board, or with the next when that was cut short; one at a time."""
        if drone in self._unsure or self._waits_for_next(drone):
            self._given(drone, launch=False, held=True)
            return
        running = self._resumes.get(drone)
        if running is None or running.done():
            self._resumes[drone] = self._desk.spawn(f"resume {drone}", self._resume(drone))

    def _waits_for_next(self, drone: DroneId) -> bool:
        """Whether what it has on board is another sector of its search than the one it is to fly."""
        task, known = self._desk.fleet.task_of(drone), self._desk.fleet.drones.get(drone)
        if task is None or known is None or known.mission is None:
            return False
        here = task[0].status(known.mission.sector) is not None
        return here and known.mission.sector != task[1].sector.sector

    def _given(self, drone: DroneId, *, launch: bool, held: bool = False) -> None:
        """Start the drone's next sector when it is free for it: the one before is behind it, or (`launch`) it stands
        ready. `held`: a person lets it go on from a hold."""
        task, running = self._desk.fleet.task_of(drone), self._sorties.get(drone)
        if task is None or (running is not None and not running.done()):
            return
        search, sector = task[0], task[1].sector.sector
        phase = self._desk.fleet.drones[drone].phase
        if launch and phase is Phase.GROUNDED:
            self._sorties[drone] = self._desk.spawn(f"sortie {drone}", self._launch(search, sector, drone))
        elif (self._waits_for_next(drone) and phase is not Phase.HOLDING) or held:
            self._sorties[drone] = self._desk.spawn(f"sortie {drone}", self._next(search.search, sector, drone))

    async def _launch(self, search: Search, sector: SectorId, drone: DroneId) -> None:
        """A drone added by a pilot takes off for its share."""
        status = search.status(sector)
        made = None if status is None else await built(self._hands, search, status, airborne=False)
        if isinstance(made, Aboard):
            await self._sortie((search.search, sector, drone), made.mission, None)
        else:
            await self._desk.tell(NotFlown(search.search, sector, drone, str(made)))

    async def _next(self, search: SearchId, sector: SectorId, drone: DroneId) -> None:
        """A drone that has flown its sector goes on with the next."""
        aloft = aloft_of(self._hands, drone)
        if sector not in self._dealt:
            words = "airground was restarted after it was dealt out; nothing is sent by itself"
            await self._desk.tell(NotFlown(search, sector, drone, words))
        elif isinstance(aloft, Refused):
            await self._desk.tell(NotFlown(search, sector, drone, str(aloft)))
        else:
            self._unsure.add(drone)
            aboard = await handed_over(self._hands, drone, self._aboard.pop(drone, None))
            if aboard is not None:
                self._aboard[drone], self._hands.air[drone] = aboard, (aboard.air,)
                self._unsure.discard(drone)

    async def _begin(self, search_id: SearchId) -> None:
        search = self._desk.fleet.searches[search_id]
        if search.plan is None:
            return
        homes, heights = homes_of(self._desk.states), self._desk.heights_m
        frame = self._launches.frame(search.plan.sectors[0].path[0])
        made = await asyncio.to_thread(_laid, search, (homes, heights), self._terrain, frame)
        if not isinstance(made, Refused):
            self._launches.expect([flight.drone for _, flight in made.values()])
        for status in search.sectors:
            drone, sector = status.sector.drone, status.sector.sector
            if isinstance(made, Refused):
                await self._desk.tell(NotFlown(search_id, sector, drone, str(made)))
            else:
                sortie = self._sortie((search_id, sector, drone), *made[sector])
                self._sorties[drone] = self._desk.spawn(f"sortie {drone}", sortie)

    async def _sortie(self, ids: Ids, mission: Mission, flight: Flight | None) -> None:
        """`flight`: the mission in time; None: it is a drone added later, over all others' ways."""
        _, sector, drone = ids
        try:
            await self._desk.tell(Uploading(*ids))
            if not self._wanted(drone, sector):
                return
            vehicle = self._gateway.vehicle(drone)
            if vehicle is None:
                raise Fault("its mission link is not up yet")
            self._aboard.pop(drone, None)
            self._unsure.discard(drone)
            digest = await uploaded(vehicle, mission)
            air = air_of(mission, float(self._terrain.height_amsl_m(mission.out[0]) or 0.0))
            self._aboard[drone], self._hands.air[drone] = Aboard(mission, air), (air,)
            await self._desk.tell(on_board(ids, mission, digest))
            if flight is not None:
                await self._turn(ids, flight)
            if not self._wanted(drone, sector):
                return
            async with asyncio.timeout(FLY_LIMIT_S):
                await vehicle.fly()
        except Fault as e:
            await self._desk.tell(NotFlown(*ids, str(e)))
        except TimeoutError:
            await self._desk.tell(NotFlown(*ids, "it did not answer in time"))

    async def _turn(self, ids: Ids, flight: Flight) -> None:
        """Wait until its start keeps apart from the others'. Raises Fault when it never does."""
        wait_s = await self._launches.wait_s(flight)
        if isinstance(wait_s, Refused):
            raise Fault(str(wait_s))
        _log.info("start", drone=ids[2], wait_s=wait_s)
        await asyncio.sleep(wait_s)

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
            if self._from_before(drone):
                raise Fault("airground was restarted while its mission was being changed; bring it home")
            async with asyncio.timeout(FLY_LIMIT_S):
                await vehicle.resume()
        except Fault as e:
            await self._desk.tell(NotResumed(drone, str(e)))
        except TimeoutError:
            await self._desk.tell(NotResumed(drone, "it did not answer in time"))

    def _from_before(self, drone: DroneId) -> bool:
        """Whether its sector was dealt to it before a restart and never entered: what it would fly is not known."""
        task = self._desk.fleet.task_of(drone)
        if task is None or task[1].stage is not SectorStage.WAITING or task[0].plan is None:
            return False
        return task[1].sector not in task[0].plan.sectors and task[1].sector.sector not in self._dealt

    async def _bring_home(self, search_id: SearchId, by: PersonName) -> None:
        fleet = self._desk.fleet
        for status in fleet.searches[search_id].sectors:
            drone = fleet.drones.get(status.sector.drone)
            on_it = drone is not None and drone.mission is not None and drone.mission.search == search_id
            running = self._sorties.get(status.sector.drone)
            changing = running is not None and not running.done() and drone is not None
            if changing and drone is not None and drone.phase is Phase.RETURNING:
                await self._desk.tell(Asked(Return(drone.drone, by), self._desk.states))
            elif drone is None or drone.phase in _STAYS:
                if (task := self._sorties.pop(status.sector.drone, None)) is not None:
                    task.cancel()
            elif on_it or drone.phase not in IN_AIR:
                await self._desk.tell(Asked(Return(drone.drone, by), self._desk.states))


def _laid(
    search: Search, from_: tuple[Mapping[DroneId, LatLon], Mapping[DroneId, float]], terrain: Terrain, frame: LocalFrame
) -> dict[SectorId, tuple[Mission, Flight]] | Refused:
    """The missions of a search's plan and their flights, in the best order to start them; `from_`: homes and least
    transit heights."""
    assert search.plan is not None
    homes, heights_m = from_
    missions = missions_for(search.plan, homes, terrain, heights_m, search.area)
    if isinstance(missions, Refused):
        return missions
    flights = flights_for(search.plan, missions, homes, terrain, frame)
    begun = starts(flights)
    if isinstance(begun, Refused):
        return begun
    return {sector: (missions[sector], flights[sector]) for sector in begun}
