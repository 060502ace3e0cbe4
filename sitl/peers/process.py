"""A real autopilot as a child process, and its telemetry as truth: the thin edge."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from typing import Any

from pymavlink.dialects.v20 import ardupilotmega as mav

from core.clock import Clock
from core.errors import Fault
from sitl.peers.launch import Launch, PeerSpec, launch
from sitl.peers.listen import Listener, requests
from sitl.vehicle.spec import Truth

STOP_S = 5.0
RETRY_S = 0.5
ASK_EVERY_S = 5.0
BEAT_S = 1.0
OWN_ID = (254, mav.MAV_COMP_ID_ONBOARD_COMPUTER)
"""Not a ground station's: the truth reader must not keep the autopilot's link-loss failsafe quiet."""


@contextlib.asynccontextmanager
async def running(spec: PeerSpec) -> AsyncIterator[Launch]:
    """The autopilot, running in its folder while the context lasts. Raises Fault when it can't be started."""
    plan = launch(spec)
    spec.folder.mkdir(parents=True, exist_ok=True)
    with (spec.folder / "output.log").open("wb") as log:
        try:
            process = await asyncio.create_subprocess_exec(
                *plan.command,
                cwd=spec.folder,
                env={**os.environ, **plan.environment},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
            )
        except OSError as problem:
            raise Fault(f"{spec.binary} does not start: {problem}") from problem
        try:
            yield plan
        finally:
            await _stopped(process)


async def _stopped(process: asyncio.subprocess.Process) -> None:
    """End it, by its own pid: TERM, then KILL."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_S)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def read_truth(plan: Launch, system_id: int, clock: Clock, on_truth: Callable[[Truth], None]) -> None:
    """Turn the telemetry of plan.truth_link into Truth until cancelled; connects again when the link breaks."""
    listener = Listener(system_id)
    scheme, _, address = plan.truth_link.partition("://")
    host, _, port = address.partition(":")
    while True:
        with contextlib.suppress(OSError):
            if scheme == "tcpout":
                await _over_tcp(listener, (host, int(port)), clock, on_truth)
            else:
                await _over_udp(listener, (host, int(port)), clock, on_truth)
        await asyncio.sleep(RETRY_S)


async def _over_tcp(
    listener: Listener, address: tuple[str, int], clock: Clock, on_truth: Callable[[Truth], None]
) -> None:
    reader, writer = await asyncio.open_connection(*address)
    codec = _codec()
    asking = asyncio.get_running_loop().create_task(_ask(writer.write, codec, listener.system_id))
    try:
        while data := await reader.read(4096):
            _feed(listener, codec, data, clock, on_truth)
    finally:
        asking.cancel()
        writer.close()
        with contextlib.suppress(asyncio.CancelledError, OSError):
            await asking


class _Door(asyncio.DatagramProtocol):
    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._take(data)

    def error_received(self, exc: Exception) -> None:
        """Not up yet: asking goes on."""


async def _over_udp(
    listener: Listener, address: tuple[str, int], clock: Clock, on_truth: Callable[[Truth], None]
) -> None:
    codec = _codec()
    loop = asyncio.get_running_loop()
    door = _Door(lambda data: _feed(listener, codec, data, clock, on_truth))
    transport, _ = await loop.create_datagram_endpoint(lambda: door, remote_addr=address)
    try:
        await _ask(transport.sendto, codec, listener.system_id)
    finally:
        transport.close()


def _codec() -> Any:
    codec = mav.MAVLink(None, *OWN_ID)
    codec.robust_parsing = True
    return codec


async def _ask(write: Callable[[bytes], None], codec: Any, system_id: int) -> None:
    """Beat once a second, and ask for the messages truth is made of again and again: it may reboot."""
    beats = 0
    while True:
        due = requests(system_id, with_rates=beats % int(ASK_EVERY_S / BEAT_S) == 0)
        for message in due:
            write(message.pack(codec))
            codec.seq = (codec.seq + 1) % 256
        beats += 1
        await asyncio.sleep(BEAT_S)


def _feed(listener: Listener, codec: Any, data: bytes, clock: Clock, on_truth: Callable[[Truth], None]) -> None:
    for message in codec.parse_buffer(data) or ():
        truth = listener.heard(message, clock.now())
        if truth is not None:
            on_truth(truth)
