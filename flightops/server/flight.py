"""FlightService: drones, telemetry, searches, and the two orders that are always in reach."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from core.clock import Clock
from core.commands import ApproveSearch, Hold, JoinSearch, Return
from core.drone import DroneState
from core.errors import Accepted, Refused
from core.events import Phase
from core.ids import DroneId, SearchId, checked_id
from core.io import wire
from core.roles import Operation
from flightops.fleet.messages import States, Wish
from flightops.fleet.state import FleetState
from flightops.server import convert
from flightops.server.doors import Authorise, Context, admit, answering
from proto.airground.v1 import flight_pb2, flight_pb2_grpc

TELEMETRY_S = 0.1
"""StreamTelemetry looks this often; a slow caller skips what it missed and gets the newest."""


@dataclass(frozen=True, slots=True)
class FlightSource:
    """What the service needs of the flight desk."""

    ask: Callable[[Wish], Awaitable[Accepted | Refused]]
    fleet: Callable[[], FleetState]
    states: Callable[[], States]


class FlightService(flight_pb2_grpc.FlightServiceServicer):  # type: ignore[misc, unused-ignore]
    """Each call: who is it, may it, then one wish to the desk. Refusals are answers; broken input is a status."""

    def __init__(self, source: FlightSource, authorise: Authorise, clock: Clock) -> None:
        self._source, self._authorise, self._clock = source, authorise, clock

    async def ListDrones(self, request: Any, context: Context) -> Any:
        await admit(context, self._authorise, Operation.SEE_PICTURE)
        return flight_pb2.ListDronesResponse(drones=[self._message(s) for s in self._source.states().values()])

    async def StreamTelemetry(self, request: Any, context: Context) -> AsyncIterator[Any]:
        await admit(context, self._authorise, Operation.SEE_PICTURE)
        async with answering(context):
            wanted = {DroneId(checked_id("drones", d)) for d in request.drones}
        sent: dict[DroneId, Any] = {}
        while True:
            for drone, state in tuple(self._source.states().items()):
                message = self._message(state)
                if (not wanted or drone in wanted) and sent.get(drone) != message:
                    sent[drone] = message
                    yield flight_pb2.StreamTelemetryResponse(drone=message)
            await asyncio.sleep(TELEMETRY_S)

    async def SubmitSearch(self, request: Any, context: Context) -> Any:
        who = await admit(context, self._authorise, Operation.PLAN_SEARCH)
        answer = flight_pb2.SubmitSearchResponse()
        async with answering(context):
            wish = convert.search_of(request, who.name)
            answered = await self._source.ask(wish)
            answer.accepted = isinstance(answered, Accepted)
            if isinstance(answered, Refused):
                convert.put_reasons(answer, answered.reasons)
            elif (plan := self._source.fleet().searches[wish.search].plan) is not None:
                wire.put(answer.plan, plan)
        return answer

    async def ApproveSearch(self, request: Any, context: Context) -> Any:
        who = await admit(context, self._authorise, Operation.APPROVE_SEARCH)
        answer = flight_pb2.ApproveSearchResponse()
        async with answering(context):
            search = SearchId(checked_id("search", request.search))
            await self._ask(ApproveSearch(search, who.name), answer)
        return answer

    async def JoinSearch(self, request: Any, context: Context) -> Any:
        who = await admit(context, self._authorise, Operation.APPROVE_SEARCH)
        answer = flight_pb2.JoinSearchResponse()
        async with answering(context):
            search = SearchId(checked_id("search", request.search))
            drone = DroneId(checked_id("drone", request.drone))
            await self._ask(JoinSearch(search, drone, who.name), answer)
        return answer

    async def Hold(self, request: Any, context: Context) -> Any:
        who = await admit(context, self._authorise, Operation.HOLD_OR_RETURN)
        answer = flight_pb2.HoldResponse()
        async with answering(context):
            await self._ask(Hold(convert.drone_of(request), who.name), answer)
        return answer

    async def Return(self, request: Any, context: Context) -> Any:
        who = await admit(context, self._authorise, Operation.HOLD_OR_RETURN)
        answer = flight_pb2.ReturnResponse()
        async with answering(context):
            await self._ask(Return(convert.drone_of(request), who.name), answer)
        return answer

    async def _ask(self, wish: Wish, answer: Any) -> None:
        answered = await self._source.ask(wish)
        answer.accepted = isinstance(answered, Accepted)
        if isinstance(answered, Refused):
            convert.put_reasons(answer, answered.reasons)

    def _message(self, state: DroneState) -> Any:
        known = self._source.fleet().drones.get(state.drone)
        phase = Phase.GROUNDED if known is None else known.phase
        return convert.drone_message(state, phase, self._clock.now())
