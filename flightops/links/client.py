"""The coordinator's side of the gateway: flightops.ports.Gateway over the control channel, reconnecting by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TypeVar, assert_never

import structlog

from core.clock import Clock
from core.drone import DroneState
from core.errors import Fault, Malformed
from core.events import Order
from core.ids import DroneId
from core.io.runtime import new_id
from core.io.settings import Settings
from flightops.links import control
from flightops.links.control import (
    Beat,
    Hello,
    OrderAnswered,
    OrderAsked,
    ParamsAsked,
    ParamsRead,
    State,
    Stats,
    ToCoordinator,
    ToGateway,
    Warned,
    Welcome,
)
from flightops.links.mavsdk_vehicle import MavsdkVehicle, MissionSide
from flightops.ports import OrderResult

log = structlog.get_logger()

BACK_OFF_S = (0.2, 0.5, 1.0, 2.0)
ORDER_S = 13.0
"""A little longer than the gateway itself tries."""
PARAMS_S = 6.0
FIND_S = 0.5
MAX_UNSENT = 65536


class GatewayClient:
    """`heard`: called with each new DroneState; `warned`: with (drone or None, text). Call `start` once, `stop` at
    the end. `up`: connected to the gateway. `stats`: its newest counts."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self.heard: list[Callable[[DroneState], None]] = []
        self.warned: list[Callable[[DroneId | None, str], None]] = []
        self.up = False
        self.stats: Stats | None = None
        self._states: dict[DroneId, DroneState] = {}
        self._ids: dict[DroneId, int] = {}
        self._vehicles: dict[DroneId, MavsdkVehicle] = {}
        self._side: MissionSide | None = None
        self._side_port = 0
        self._orders: dict[str, asyncio.Future[OrderAnswered]] = {}
        self._readings: dict[str, asyncio.Future[ParamsRead]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to connect; returns at once."""
        self._tasks = [asyncio.create_task(self._connect_for_ever()), asyncio.create_task(self._find_for_ever())]

    async def stop(self) -> None:
        """Leave the gateway to itself and end the mission side."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._vehicles.clear()
        if self._side is not None:
            await self._side.close()
            self._side = None

    def beat(self) -> None:
        """See ports.Gateway."""
        self._send(Beat())

    async def order(self, drone: DroneId, order: Order) -> OrderResult:
        """See ports.Gateway."""
        if (vehicle := self._vehicles.get(drone)) is not None:
            vehicle.stop_waiting(f"{order.value.upper()} was ordered")
        asked = OrderAsked(new_id("order"), drone, order)
        waiting: asyncio.Future[OrderAnswered] = asyncio.get_running_loop().create_future()
        self._orders[asked.id] = waiting
        try:
            if not self._send(asked):
                return OrderResult(False, "the gateway is not reachable")
            async with asyncio.timeout(ORDER_S):
                answer = await waiting
            return OrderResult(answer.done, answer.detail)
        except TimeoutError:
            return OrderResult(False, f"the gateway did not answer within {ORDER_S:.0f} s")
        except Fault as e:
            return OrderResult(False, str(e))
        finally:
            del self._orders[asked.id]

    def vehicle(self, drone: DroneId) -> MavsdkVehicle | None:
        """See ports.Gateway."""
        known = self._vehicles.get(drone)
        number, state = self._ids.get(drone), self._states.get(drone)
        if known is not None or number is None or state is None or self._side is None:
            return known
        if self._side.system(number) is None:
            return None
        made = MavsdkVehicle(
            self._side, number, lambda: self._states[drone], lambda names: self.read_params(drone, names), self._clock
        )
        return self._vehicles.setdefault(drone, made)

    async def read_params(self, drone: DroneId, groups: tuple[tuple[str, ...], ...]) -> Mapping[str, float]:
        """Parameters the drone told, by name; of each group at least one, if it has any. Raises Fault when the gateway
        does not answer."""
        asked = ParamsAsked(new_id("params"), drone, groups)
        waiting: asyncio.Future[ParamsRead] = asyncio.get_running_loop().create_future()
        self._readings[asked.id] = waiting
        try:
            if not self._send(asked):
                raise Fault("the gateway is not reachable")
            async with asyncio.timeout(PARAMS_S):
                return (await waiting).values
        except TimeoutError as e:
            raise Fault(f"{drone}: its parameters could not be read within {PARAMS_S:.0f} s") from e
        finally:
            del self._readings[asked.id]

    def _send(self, message: ToGateway) -> bool:
        """Never waits; False when there is no connection, or one that takes nothing."""
        writer = self._writer
        if writer is None or writer.is_closing() or writer.transport.get_write_buffer_size() > MAX_UNSENT:
            return False
        writer.write(control.encode(message))
        return True

    async def _connect_for_ever(self) -> None:
        tries = 0
        while True:
            try:
                await self._connected()
                tries = 0
            except (OSError, Fault, Malformed, TimeoutError) as e:
                log.warning("gateway connection", why=str(e) or type(e).__name__)
            finally:
                self._down()
            await asyncio.sleep(BACK_OFF_S[min(tries, len(BACK_OFF_S) - 1)])
            tries += 1

    async def _connected(self) -> None:
        """One connection, from Hello to its end."""
        door = control.read_door(self._settings.path(self._settings.data_dir))
        reader, writer = await asyncio.open_connection("127.0.0.1", door.control_port)
        try:
            writer.write(control.encode(Hello(door.secret)))
            self._writer = writer
            while (body := await control.read_body(reader)) is not None:
                message = control.decode_to_coordinator(body)
                if isinstance(message, Welcome):
                    await self._welcomed(message)
                else:
                    self._take(message)
        finally:
            writer.close()

    async def _welcomed(self, welcome: Welcome) -> None:
        """The mission side opens once; a new gateway with other ids or port starts it anew."""
        if self._side is not None and (welcome.ids, welcome.mavsdk_port) != (self._ids, self._side_port):
            self._vehicles.clear()
            await self._side.close()
            self._side = None
        self._ids, self._side_port = dict(welcome.ids), welcome.mavsdk_port
        self.up = True
        log.info("gateway connected", drones=list(welcome.ids))
        for drone in welcome.unsigned:
            self._take(Warned(drone, "its link is not signed: whoever is near enough can command it"))

    def _take(self, message: ToCoordinator) -> None:
        match message:
            case State(state=state):
                self._states[state.drone] = state
                for call in self.heard:
                    call(state)
            case Warned(drone=drone, text=text):
                for warn in self.warned:
                    warn(drone, text)
            case OrderAnswered(id=id):
                _settle(self._orders.get(id), message)
            case ParamsRead(id=id):
                _settle(self._readings.get(id), message)
            case Stats():
                self.stats = message
            case Welcome():
                pass
            case _:
                assert_never(message)

    def _down(self) -> None:
        self.up, self._writer = False, None
        waiting: list[asyncio.Future[OrderAnswered] | asyncio.Future[ParamsRead]] = [
            *self._orders.values(),
            *self._readings.values(),
        ]
        for future in waiting:
            if not future.done():
                future.set_exception(Fault("the connection to the gateway broke; it may still have been sent"))

    async def _find_for_ever(self) -> None:
        """Open the mission side and look for vehicles; HOLD and RETURN work without it."""
        told = ""
        while True:
            try:
                if self._side is None and self.up:
                    side = MissionSide(len(self._ids))
                    await side.open(self._side_port)
                    self._side = side
                if self._side is not None:
                    await self._side.find()
            except Fault as e:
                if str(e) != told:
                    told = str(e)
                    log.error("mission side", why=told)
                    self._take(Warned(None, f"missions can't be sent: {told}"))
            await asyncio.sleep(FIND_S)


T = TypeVar("T", OrderAnswered, ParamsRead)


def _settle(future: asyncio.Future[T] | None, answer: T) -> None:
    if future is not None and not future.done():
        future.set_result(answer)


async def gateway_answers(settings: Settings) -> bool:
    """Whether a gateway of this data folder serves now (so that none need be started)."""
    try:
        door = control.read_door(settings.path(settings.data_dir))
        async with asyncio.timeout(2.0):
            reader, writer = await asyncio.open_connection("127.0.0.1", door.control_port)
            try:
                writer.write(control.encode(Hello(door.secret)))
                body = await control.read_body(reader)
            finally:
                writer.close()
        return body is not None and isinstance(control.decode_to_coordinator(body), Welcome)
    except (OSError, Fault, Malformed, TimeoutError):
        return False
