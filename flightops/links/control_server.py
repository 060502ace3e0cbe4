"""The gateway's side of the control channel: any number of coordinators, the newest one in charge."""

from __future__ import annotations

import asyncio
import hmac
from collections import deque
from collections.abc import Callable

import structlog

from core.drone import DroneState
from core.errors import Fault, Malformed
from core.ids import DroneId
from flightops.links.control import (
    Beat,
    Hello,
    State,
    ToCoordinator,
    ToGateway,
    Welcome,
    decode_to_gateway,
    encode,
    read_body,
)

log = structlog.get_logger()

HELLO_S = 5.0
STUCK_S = 5.0
"""A coordinator that takes nothing for so long is let go."""
WAITING = 500
"""Messages that wait for a slow coordinator; beyond, the oldest are dropped. States wait newest only."""
MAX_CONNECTIONS = 16


class Connection:
    """One coordinator. States coalesce (newest a drone), the rest queues in order."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._queue: deque[ToCoordinator] = deque(maxlen=WAITING)
        self._states: dict[DroneId, DroneState] = {}
        self._any = asyncio.Event()

    def say(self, message: ToCoordinator) -> None:
        """Send when there is room; never waits."""
        self._queue.append(message)
        self._any.set()

    def show(self, state: DroneState) -> None:
        """Send the newest state of the drone."""
        self._states[state.drone] = state
        self._any.set()

    def close(self) -> None:
        """End the connection."""
        self._writer.close()

    async def write(self) -> None:
        """Write out for ever; raises TimeoutError or OSError when the other side does not take it."""
        while True:
            await self._any.wait()
            self._any.clear()
            while self._queue or self._states:
                queued = [encode(self._queue.popleft()) for _ in range(len(self._queue))]
                states, self._states = self._states, {}
                self._writer.write(b"".join(queued) + b"".join(encode(State(s)) for s in states.values()))
                async with asyncio.timeout(STUCK_S):
                    await self._writer.drain()


OnAsk = Callable[[ToGateway, Connection], None]


class ControlServer:
    """`welcome` answers a good Hello. `on_ask` gets orders and questions; `on_beat` the beats of the one in charge."""

    def __init__(self, secret: str, welcome: Welcome, on_ask: OnAsk, on_beat: Callable[[], None]) -> None:
        self.secret, self._welcome = secret, welcome
        self._on_ask, self._on_beat = on_ask, on_beat
        self.connections: list[Connection] = []
        self._beaters: list[Connection] = []
        self._server: asyncio.Server | None = None

    async def start(self, port: int) -> int:
        """Listen on loopback; the port. Raises Fault when it is taken."""
        try:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        except OSError as e:
            raise Fault(f"gateway.control_port {port}: {e.strerror}. Is another gateway running?") from e
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening, let all coordinators go."""
        if self._server is not None:
            self._server.close()
        for connection in list(self.connections):
            connection.close()

    def say(self, message: ToCoordinator) -> None:
        """To all coordinators."""
        for connection in self.connections:
            connection.say(message)

    def show(self, state: DroneState) -> None:
        """To all coordinators, newest wins."""
        for connection in self.connections:
            connection.show(state)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(writer)
        writing: asyncio.Task[None] | None = None
        try:
            await self._greet(reader, connection)
            writing = asyncio.create_task(connection.write())
            writing.add_done_callback(lambda t: _let_go(t, writer))
            while (body := await read_body(reader)) is not None:
                self._take(decode_to_gateway(body), connection)
        except (Malformed, TimeoutError, Fault) as e:
            log.warning("control connection closed", why=str(e))
        finally:
            self._forget(connection)
            if writing is not None:
                writing.cancel()
            writer.close()

    async def _greet(self, reader: asyncio.StreamReader, connection: Connection) -> None:
        """Raises Malformed, TimeoutError or Fault unless the first message is a Hello with the secret."""
        async with asyncio.timeout(HELLO_S):
            body = await read_body(reader)
        hello = decode_to_gateway(body) if body is not None else None
        if not isinstance(hello, Hello) or not hmac.compare_digest(hello.secret.encode(), self.secret.encode()):
            raise Malformed("control.hello", "not the secret of this gateway", "read it from gateway.json")
        if len(self.connections) >= MAX_CONNECTIONS:
            raise Fault(f"{MAX_CONNECTIONS} coordinators are connected already")
        self.connections.append(connection)
        connection.say(self._welcome)

    def _take(self, message: ToGateway, connection: Connection) -> None:
        if not isinstance(message, Beat):
            self._on_ask(message, connection)
            return
        if connection not in self._beaters:
            self._beaters.append(connection)
        if connection is self._beaters[-1]:
            self._on_beat()

    def _forget(self, connection: Connection) -> None:
        for several in (self.connections, self._beaters):
            if connection in several:
                several.remove(connection)


def _let_go(task: asyncio.Task[None], writer: asyncio.StreamWriter) -> None:
    """A writer that failed ends its connection."""
    if not task.cancelled() and task.exception() is not None:
        writer.close()
