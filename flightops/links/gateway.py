"""The gateway process (DESIGN section 3): everything that must work with the coordinator dead.

aircraft <-> Line (one a link) <-> DroneLink (one a drone) <-> control channel and loopback MAVLink <-> coordinator
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections import Counter
from collections.abc import Callable
from typing import assert_never

import structlog

from core.clock import Clock
from core.errors import Malformed
from core.ids import DroneId
from core.io import logs
from core.io.files.signing import SpentTimes, read_key
from core.io.runtime import SystemClock, new_secret
from core.io.settings import DroneSettings, Settings
from flightops.links.air import allow, frames
from flightops.links.air.binding import Seat
from flightops.links.air.frames import Message
from flightops.links.air.signing import Signer
from flightops.links.air.tlog import Tlog
from flightops.links.control import (
    Beat,
    Door,
    Hello,
    OrderAnswered,
    OrderAsked,
    ParamsAsked,
    ParamsRead,
    Stats,
    ToGateway,
    Warned,
    Welcome,
    claim,
    write_door,
)
from flightops.links.control_server import Connection, ControlServer
from flightops.links.drone_link import DroneLink
from flightops.links.line import Line, Signing

log = structlog.get_logger()

TICK_S = 0.1
BEAT_VALID_S = 1.5
"""Our heartbeats leave while the last beat of the control loop is younger; the last one leaves within this time.
The control loop should beat twice a second or more often."""
MISSION_SIDE_S = 3.0
"""Mission traffic passes while the last beat is younger."""
HEARTBEAT_S = 1.0
FOR_MAVSDK = frozenset({"HEARTBEAT", "COMMAND_ACK", "AUTOPILOT_VERSION", "MISSION_REQUEST", "MISSION_REQUEST_INT"}) | {
    "MISSION_COUNT", "MISSION_ITEM_INT", "MISSION_ACK", "MISSION_CURRENT", "MISSION_ITEM_REACHED", "PARAM_VALUE",
}  # fmt: skip
"""What MAVSDK is shown: its protocols and no telemetry, which is decoded here once."""
OWN_TO_MAVSDK = frozenset({"HEARTBEAT", "PING", "TIMESYNC", "SYSTEM_TIME"})
"""What MAVSDK says on its own account; it ends here in silence (its heartbeats go on while Python hangs)."""
MAX_DRONES = 200
SIGNING_FILE = "signing.json"
MAX_REASONS = 200


def unique_ids(drones: tuple[DroneSettings, ...]) -> dict[DroneId, int]:
    """The system id each drone has on the MAVSDK side: 1, 2, ... in the order of the settings."""
    if len(drones) > MAX_DRONES:
        raise Malformed("drones", f"{len(drones)} drones", f"at most {MAX_DRONES} a gateway")
    if len({d.id for d in drones}) < len(drones):
        raise Malformed("drones.id", "two drones with one id")
    return {DroneId(d.id): k for k, d in enumerate(drones, start=1)}


class Gateway:
    """Holds the lines, the drones and the doors; every decision is made in the pure rooms."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self.ids = unique_ids(settings.drones)
        self._by_id = {number: drone for drone, number in self.ids.items()}
        self._drones: dict[DroneId, tuple[Line, DroneLink]] = {}
        self._spent = SpentTimes(settings.path(settings.data_dir) / SIGNING_FILE)
        self._lines = [self._line(url) for url in dict.fromkeys(d.link for d in settings.drones)]
        self._mavsdk = frames.Parser()
        self._mavsdk_port = settings.gateway.mavsdk_port or _free_udp_port()
        self._mavsdk_out: asyncio.DatagramTransport | None = None
        self._server = ControlServer(new_secret(), self._welcome(), self._asked, self._beaten)
        self._beat_at = -1e9
        self._refused: dict[str, int] = {}
        self._sent = 0
        self._tlog: Tlog | None = None
        self.ready = asyncio.Event()

    def _line(self, url: str) -> Line:
        drones = tuple(d for d in self._settings.drones if d.link == url)
        line = Line(url, drones, self._clock, self._warn, self._signing(url, drones))
        for seat in line.roll.seats:
            self._drones[seat.drone] = (line, self._drone_link(line, seat))
        return line

    def _welcome(self) -> Welcome:
        unsigned = tuple(DroneId(d.id) for d in self._settings.drones if d.unsigned)
        return Welcome(self._mavsdk_port, self.ids, unsigned)

    def _signing(self, url: str, drones: tuple[DroneSettings, ...]) -> Signing | None:
        """How a link is signed; None: it is said that it isn't. Raises Malformed when neither is said, or both."""
        field = f"drones.{drones[0].id}.signing_key"
        keys, unsigned = {d.signing_key for d in drones}, {d.unsigned for d in drones}
        if len(keys) > 1 or len(unsigned) > 1:
            raise Malformed(field, f"the drones on {url} differ in signing", "a link has one key, or none")
        (name,), (bare,) = keys, unsigned
        if (name is None) != bare:
            problem = "no key is given" if name is None else "a key is given for a link said to be unsigned"
            fix = "make one with airground signing-key FILE; or say unsigned = true: who is near can command it then"
            raise Malformed(field, problem, fix)
        if name is None:
            return None
        key = read_key(self._settings.path(name), field)
        return Signing(Signer(key, self._spent.spent(url)), self._spent.spend)

    def _drone_link(self, line: Line, seat: Seat) -> DroneLink:
        def send(message: Message) -> None:
            self._out(line, seat, message, frames.OWN_COMPONENT)

        return DroneLink(seat.drone, seat, send, self._warn)

    async def run(self) -> None:
        """Serve until cancelled. Raises Fault when another gateway runs here, the control port is taken or the data
        folder can't be written."""
        lock = claim(self._settings.path(self._settings.data_dir))
        try:
            await self._serve()
        finally:
            os.close(lock)

    async def _serve(self) -> None:
        data = self._settings.path(self._settings.data_dir)
        port = await self._server.start(self._settings.gateway.control_port)
        write_door(data, Door(port, self._server.secret, os.getpid()))
        loop = asyncio.get_running_loop()
        self._tlog = Tlog(
            data / self._settings.gateway.tlog_dir,
            self._clock.now(),
            lambda drone, why: _soon(loop, self._warn, drone, why),
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                for line in self._lines:
                    tasks.create_task(line.run(self._from_air))
                tasks.create_task(self._mavsdk_side())
                tasks.create_task(self._ticks())
                log.info("gateway ready", control_port=port, mavsdk_port=self._mavsdk_port, drones=list(self.ids))
                self.ready.set()
        finally:
            await self._server.close()
            self._tlog.close()

    async def _mavsdk_side(self) -> None:
        """Loopback only, and only from the one port that MAVSDK has."""
        loop = asyncio.get_running_loop()
        self._mavsdk_out, _ = await loop.create_datagram_endpoint(
            lambda: _FromMavsdk(self), local_addr=("127.0.0.1", 0), remote_addr=("127.0.0.1", self._mavsdk_port)
        )
        try:
            await asyncio.Event().wait()
        finally:
            self._mavsdk_out.close()

    async def _ticks(self) -> None:
        beaten_at = stats_at = -1e9
        while True:
            now, mono = self._clock.now(), self._clock.monotonic()
            if mono - self._beat_at <= BEAT_VALID_S and mono - beaten_at >= HEARTBEAT_S - TICK_S / 2:
                beaten_at = mono
                for line in self._lines:
                    line.beat()
            for _, link in self._drones.values():
                link.tick(now, mono)
                if (state := link.snapshot(mono)) is not None:
                    self._server.show(state)
            if mono - stats_at >= 1.0:
                stats_at = mono
                self._server.say(self.stats())
            await asyncio.sleep(TICK_S)

    def stats(self) -> Stats:
        """Counts since the start."""
        return Stats(
            frames=sum(line.frames for line in self._lines),
            bad_frames=sum(line.bad_frames for line in self._lines),
            sent=self._sent,
            refused=dict(self._refused),
            log_left_out=self._tlog.left_out if self._tlog else 0,
            unbelieved=dict(sum((Counter(line.unbelieved) for line in self._lines), Counter())),
        )

    def _warn(self, drone: DroneId | None, text: str) -> None:
        log.warning(text, drone=drone)
        self._server.say(Warned(drone, text))

    def _beaten(self) -> None:
        self._beat_at = self._clock.monotonic()

    def _asked(self, message: ToGateway, asker: Connection) -> None:
        match message:
            case OrderAsked(id=id, drone=drone):
                if (known := self._drones.get(drone)) is None:
                    asker.say(OrderAnswered(id, drone, False, f"no drone {drone} in the gateway's settings"))
                else:
                    known[1].order(message, asker.say, self._clock.now(), self._clock.monotonic())
            case ParamsAsked(id=id, drone=drone):
                if (known := self._drones.get(drone)) is None:
                    asker.say(ParamsRead(id, {}))
                else:
                    known[1].read_params(message, asker.say)
            case Hello() | Beat():
                pass
            case _:
                assert_never(message)

    def _from_air(self, line: Line, seat: Seat, message: Message) -> None:
        now, mono = self._clock.now(), self._clock.monotonic()
        _, link = self._drones[seat.drone]
        if self._tlog is not None:
            self._tlog.write(seat.drone, now, bytes(message.get_msgbuf()))
        link.heard(message, now, mono)
        ours = getattr(message, "target_component", 0) == frames.OWN_COMPONENT
        wanted = message.get_type() in FOR_MAVSDK and not ours and self._server.connections
        if wanted and self._mavsdk_out is not None:
            self._mavsdk_out.sendto(frames.to_mavsdk(message, self.ids[seat.drone]))

    def from_mavsdk(self, data: bytes) -> None:
        """Bytes from the mission side."""
        for message in self._mavsdk.feed(data):
            if message.get_type() not in OWN_TO_MAVSDK:
                why = self._pass(message)
                if why is not None:
                    self._refuse(message, why)

    def _pass(self, message: Message) -> str | None:
        """Send to the aircraft when all rules allow it; otherwise why not."""
        drone = self._by_id.get(getattr(message, "target_system", 0))
        if drone is None:
            return f"{message.get_type()} names no drone"
        line, link = self._drones[drone]
        now, mono = self._clock.now(), self._clock.monotonic()
        if link.state is None or link.dialect is None or not link.seat.commandable(mono):
            return "the drone is unknown, or two answer in its place"
        if mono - self._beat_at > MISSION_SIDE_S:
            return "the control loop does not beat"
        if link.ordering and allow.moves(message):
            return "HOLD or RETURN is on its way"
        if (why := allow.judged(message, allow.Context(link.state, link.dialect, now))) is not None:
            return why
        message.target_system = link.state.system_id
        self._out(line, link.seat, message, frames.GCS_COMPONENT)
        return None

    def _out(self, line: Line, seat: Seat, message: Message, component: int) -> None:
        frame = line.send(seat, message, component)
        if frame is not None:
            self._sent += 1
            if self._tlog is not None:
                self._tlog.write(seat.drone, self._clock.now(), frame)

    def _refuse(self, message: Message, why: str) -> None:
        """Count, log the first of its kind, and answer a command so that nobody waits for it."""
        kind = message.get_type()
        key = f"{kind} {message.command}" if hasattr(message, "command") else kind
        if key in self._refused or len(self._refused) < MAX_REASONS:
            self._refused[key] = self._refused.get(key, 0) + 1
            if self._refused[key] == 1:
                log.warning("did not leave for the aircraft", message=key, why=why)
        target = getattr(message, "target_system", 0)
        if kind in ("COMMAND_LONG", "COMMAND_INT") and target in self._by_id and self._mavsdk_out is not None:
            ack = frames.refused_ack(message.command)
            self._mavsdk_out.sendto(frames.Writer(target, 1).pack(ack))


class _FromMavsdk(asyncio.DatagramProtocol):
    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._gateway.from_mavsdk(data)

    def error_received(self, exc: Exception) -> None:
        """MAVSDK is not there at the moment."""


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[..., object], *args: object) -> None:
    """Call in the loop from another thread; nothing when the loop has ended."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(call, *args)


def _free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    gateway = Gateway(settings, SystemClock())
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: task.cancel() if task else None)
    try:
        await gateway.run()
    except asyncio.CancelledError:
        log.info("gateway ended")


def run_gateway(settings: Settings) -> None:
    """The gateway process. Raises Fault when it can't start, Malformed when the settings can't be."""
    logs.set_up("gateway")
    asyncio.run(serve(settings))
