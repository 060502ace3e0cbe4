"""A drone in the air is given its next mission: hover, take it on board, read it back, compare, go on with it.

What is on board is never a mix: nothing is sent before the drone hovers, and it goes on only with a mission that was
read back whole, the new one or, when that could not be taken on board, the one it had. With neither it comes home.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from core.errors import Fault, Refused
from core.events import Order, Phase, SearchPlan, Sector
from core.geo import GeoPoint
from core.ids import DroneId
from core.terrain import Terrain
from flightops.fleet.messages import Breached, NotFlown, Uploading
from flightops.fleet.state import IN_AIR, Search, SectorStatus
from flightops.missions.heights import Start, transit_over
from flightops.missions.items import air_of, mission_for
from flightops.missions.mission import Mission
from flightops.missions.sorties import home_of
from flightops.ports import Gateway, Vehicle
from flightops.redeal.asked import homeward
from flightops.redeal.desk import BEGIN_LIMIT_S, ORDER_LIMIT_S, Desk, Ids, on_board, uploaded

Air = tuple[GeoPoint, ...]
"""A mission's ways in the air: places joined by straight lines."""


@dataclass(frozen=True, slots=True)
class Aboard:
    """A mission on board and the ways of it in the air."""

    mission: Mission
    air: Air


@dataclass(frozen=True, slots=True)
class Hands:
    """What a hand-over works with. `air`: the ways each drone has on board, or is about to have; `turn`: missions are
    laid one at a time, so that each lies over those before."""

    desk: Desk
    gateway: Gateway
    terrain: Terrain
    air: dict[DroneId, tuple[Air, ...]] = field(default_factory=dict)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


def aloft_of(hands: Hands, drone: DroneId) -> list[Air] | Refused:
    """Ways of all others that are in the air, or about to be."""
    fleet, aloft = hands.desk.fleet, list[Air]()
    for other in (d for d in fleet.drones.values() if d.drone != drone):
        ways = hands.air.get(other.drone)
        if ways is None and other.phase in IN_AIR:
            problem = f"airground was restarted since {other.drone} took off and does not know its way"
            return Refused.because("drone", problem, f"wait until {other.drone} has landed")
        if ways is not None and (other.phase in IN_AIR or fleet.task_of(other.drone)):
            aloft += ways
    return aloft


async def built(hands: Hands, search: Search, status: SectorStatus, airborne: bool) -> Aboard | Refused:
    """The mission of a sector that was dealt: from where the drone hovers, or from its home. The others keep clear of
    it from then on."""
    drone = status.sector.drone
    async with hands.turn:
        state, aloft = hands.desk.states.get(drone), aloft_of(hands, drone)
        home = home_of(state)
        if isinstance(aloft, Refused):
            return aloft
        if search.plan is None or state is None or state.place is None or home is None:
            return Refused.because("drone", f"{drone} has not told where it is", "wait for its GNSS fix")
        start = Start(state.place.value.ground if airborne else home, home, search.area, airborne)
        made = await asyncio.to_thread(_laid, status.sector, search.plan, start, hands.terrain, aloft)
        if isinstance(made, Aboard):
            hands.air[drone] = (*hands.air.get(drone, ()), made.air) if airborne else (made.air,)
        return made


def _laid(sector: Sector, plan: SearchPlan, start: Start, terrain: Terrain, aloft: list[Air]) -> Aboard | Refused:
    transit = transit_over(sector, plan, start, terrain, aloft)
    if isinstance(transit, Refused):
        return transit
    mission = mission_for(sector, plan, start.home, transit, terrain)
    if isinstance(mission, Refused):
        return mission
    return Aboard(mission, air_of(mission, float(terrain.height_amsl_m(start.home) or 0.0)))


async def handed_over(hands: Hands, drone: DroneId, old: Aboard | None) -> Aboard | None:
    """What is on board and flown in the end; None when it is nothing that is known: then it is called home."""
    task = hands.desk.fleet.task_of(drone)
    vehicle = hands.gateway.vehicle(drone)
    if task is None:
        return old
    search, status = task
    ids = (search.search, status.sector.sector, drone)
    try:
        known = hands.desk.fleet.drones[drone]
        if known.phase is not Phase.HOLDING and not homeward(known, hands.desk.states.get(drone)):
            raise Fault("it has landed or is about to; to launch it again is for a pilot to approve")
        if vehicle is None:
            raise Fault("its mission link is not up")
        await _hover(hands.gateway, drone)
    except Fault as e:
        await hands.desk.tell(NotFlown(*ids, str(e)))
        return old
    try:
        await hands.desk.tell(Uploading(*ids))
        new = await built(hands, search, status, airborne=True)
        if isinstance(new, Refused):
            raise Fault(str(new))
        digest = await uploaded(vehicle, new.mission)
    except (Fault, TimeoutError) as e:
        await hands.desk.tell(NotFlown(*ids, str(e) or "its next mission did not go on board in time"))
        return await _back_to(hands, drone, vehicle, old)
    await hands.desk.tell(on_board(ids, new.mission, digest))
    return await _begun(hands, ids, vehicle, new)


async def _hover(gateway: Gateway, drone: DroneId) -> None:
    """Raises Fault when telemetry does not show that it hovers."""
    try:
        async with asyncio.timeout(ORDER_LIMIT_S):
            result = await gateway.order(drone, Order.HOLD)
    except TimeoutError:
        raise Fault(f"it was told to hover and did not answer within {ORDER_LIMIT_S:.0f} s") from None
    if not result.done:
        raise Fault(f"it would not hover to take its next mission on board: {result.detail}")


async def _begun(hands: Hands, ids: Ids, vehicle: Vehicle, new: Aboard) -> Aboard | None:
    """Go on with the new mission, unless things have changed meanwhile: what changed them says where it goes."""
    task = hands.desk.fleet.task_of(ids[2])
    if task is None or task[1].sector.sector != ids[1]:
        return None
    try:
        async with asyncio.timeout(BEGIN_LIMIT_S):
            await vehicle.begin()
    except (Fault, TimeoutError) as e:
        words = f"it did not begin with its next sector: {str(e) or 'no answer in time'}"
        await hands.desk.tell(NotFlown(task[0].search, task[1].sector.sector, ids[2], words))
        await _home(hands, ids[2], words)
        return None
    return new


async def _back_to(hands: Hands, drone: DroneId, vehicle: Vehicle, old: Aboard | None) -> Aboard | None:
    """Go on with the old mission when it is still on board, whole; otherwise home."""
    try:
        async with asyncio.timeout(BEGIN_LIMIT_S):
            if old is None or not await vehicle.holds(old.mission):
                raise Fault("its old mission is not on board as it was")
            await vehicle.resume()
    except (Fault, TimeoutError) as e:
        await _home(hands, drone, f"it can't go on with its old mission: {str(e) or 'no answer in time'}")
        return None
    return old


async def _home(hands: Hands, drone: DroneId, words: str) -> None:
    await hands.desk.tell(Breached(drone, Order.RETURN, words))
