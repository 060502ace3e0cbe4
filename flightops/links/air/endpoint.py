"""Opening a drone's link: udpin, udpout, tcpout, serial. Each comes back by itself after a failure."""

from __future__ import annotations

import asyncio
import os
import termios
from collections.abc import Callable, Hashable
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from core.errors import Malformed

Heard = Callable[[bytes, Hashable], None]
Trouble = Callable[[str], None]
BACK_OFF_S = (0.5, 1.0, 2.0, 5.0)
MAX_WAITING = 65536
"""Bytes that may wait for a slow TCP or serial line; beyond, a frame is dropped, since a late command is worse."""
ONLY = "line"
"""The source of everything heard on a link with one end."""


class Endpoint(Protocol):
    """One open (or reopening) link."""

    @property
    def fixed_peer(self) -> Hashable | None:
        """Whom we can speak to before hearing anybody; None when they come to us."""
        ...

    async def run(self, heard: Heard, trouble: Trouble) -> None:
        """Receive until cancelled. `trouble` gets each distinct reason why the link is not open."""
        ...

    def send(self, frame: bytes, to: Hashable) -> bool:
        """Send now; False when it could not be."""
        ...


def open_link(url: str, field: str) -> Endpoint:
    """The endpoint of a `DroneSettings.link`. Raises Malformed naming `field`."""
    fix = "udpin://host:port, udpout://host:port, tcpout://host:port or serial:///dev/x?baud=57600"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 0
    except ValueError as e:
        raise Malformed(field, f"{url!r}: {e}", fix) from e
    if parts.scheme in ("udpin", "udpout", "tcpout"):
        if not host or not port:
            raise Malformed(field, f"{url!r} names no host and port", fix)
        return TcpOut(host, port) if parts.scheme == "tcpout" else Udp(host, port, bind=parts.scheme == "udpin")
    if parts.scheme == "serial" and parts.path:
        baud = parse_qs(parts.query).get("baud", ["57600"])[0]
        if not hasattr(termios, f"B{baud}"):
            raise Malformed(field, f"{baud!r} is no baud rate", fix)
        return SerialPort(parts.path, int(baud))
    raise Malformed(field, f"{url!r} is no link", fix)


class _Reopening:
    """Opens, receives, and opens again for ever with back-off; tells each reason once in a row."""

    async def run(self, heard: Heard, trouble: Trouble) -> None:
        told, tries = "", 0
        while True:
            try:
                await self._once(heard)
                told, tries = "", 0
            except OSError as e:
                why = e.strerror or str(e)
                if why != told:
                    told = why
                    trouble(why)
            await asyncio.sleep(BACK_OFF_S[min(tries, len(BACK_OFF_S) - 1)])
            tries += 1

    async def _once(self, heard: Heard) -> None:
        raise NotImplementedError


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._heard(data, addr[:2])

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there at the moment (ICMP); the next datagram may find somebody."""

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


class Udp(_Reopening):
    """udpin (bind: they come to us) or udpout (we go to one address)."""

    def __init__(self, host: str, port: int, *, bind: bool) -> None:
        self._address, self._bind = (host, port), bind
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def fixed_peer(self) -> Hashable | None:
        return None if self._bind else self._address

    async def _once(self, heard: Heard) -> None:
        loop = asyncio.get_running_loop()
        local, remote = (self._address, None) if self._bind else (None, self._address)
        if not self._bind:
            heard = _as_peer(heard, self._address)
        self._transport, protocol = await loop.create_datagram_endpoint(
            lambda: _Datagrams(heard), local_addr=local, remote_addr=remote
        )
        try:
            await protocol.ended
        finally:
            self._transport.close()
            self._transport = None

    def send(self, frame: bytes, to: Hashable) -> bool:
        if self._transport is None or not isinstance(to, tuple):
            return False
        self._transport.sendto(frame, to if self._bind else None)
        return True


def _as_peer(heard: Heard, peer: Hashable) -> Heard:
    """Datagrams of a connected socket come from the peer, whatever its name resolved to."""
    return lambda data, _: heard(data, peer)


class TcpOut(_Reopening):
    """A TCP connection that we make."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._writer: asyncio.StreamWriter | None = None

    @property
    def fixed_peer(self) -> Hashable | None:
        return ONLY

    async def _once(self, heard: Heard) -> None:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(self._host, self._port), 5.0)
        self._writer = writer
        try:
            while data := await reader.read(4096):
                heard(data, ONLY)
        finally:
            self._writer = None
            writer.close()

    def send(self, frame: bytes, to: Hashable) -> bool:
        if self._writer is None or self._writer.transport.get_write_buffer_size() > MAX_WAITING:
            return False
        self._writer.write(frame)
        return True


class SerialPort(_Reopening):
    """A serial line, raw, 8N1, no flow control (POSIX)."""

    def __init__(self, path: str, baud: int) -> None:
        self._path, self._baud = path, baud
        self._fd: int | None = None

    @property
    def fixed_peer(self) -> Hashable | None:
        return ONLY

    async def _once(self, heard: Heard) -> None:
        loop = asyncio.get_running_loop()
        fd = os.open(self._path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        ended: asyncio.Future[None] = loop.create_future()

        def readable() -> None:
            try:
                data = os.read(fd, 4096)
            except BlockingIOError:
                return
            except OSError as e:
                data = b""
                if not ended.done():
                    ended.set_exception(e)
            if data:
                heard(data, ONLY)
            elif not ended.done():
                ended.set_result(None)

        try:
            _raw(fd, self._baud)
            loop.add_reader(fd, readable)
            self._fd = fd
            await ended
        finally:
            self._fd = None
            loop.remove_reader(fd)
            os.close(fd)

    def send(self, frame: bytes, to: Hashable) -> bool:
        if self._fd is None:
            return False
        try:
            return os.write(self._fd, frame) == len(frame)
        except OSError:
            return False


def _raw(fd: int, baud: int) -> None:
    """Raw 8N1 at `baud`; raises OSError."""
    speed = getattr(termios, f"B{baud}")
    try:
        attributes = termios.tcgetattr(fd)
        control = attributes[6]
        control[termios.VMIN], control[termios.VTIME] = 1, 0
        mode = termios.CS8 | termios.CREAD | termios.CLOCAL
        termios.tcsetattr(fd, termios.TCSANOW, [0, 0, mode, 0, speed, speed, control])
    except termios.error as e:
        raise OSError(*e.args) from e
