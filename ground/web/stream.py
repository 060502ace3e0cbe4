"""WebSockets: the live picture, and video by purpose."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, cast

import msgspec
import structlog
from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect

from core.ids import DroneId
from core.roles import Operation
from ground.web.edge.access import judged, parts_of, sessions_of, token_of
from ground.web.edge.answers import Denied
from ground.web.edge.guard import same_origin
from ground.web.edge.metrics import Metrics
from ground.web.edge.sessions import Session
from ground.web.edge.views import grant
from ground.web.live import LivePicture

LOG = structlog.get_logger(__name__)
router = APIRouter()
HELLO_S = 5.0
QUIET_S = 1.0
"""A delta goes out at least this often, so that a viewer can tell a quiet picture from a dead one."""
RESYNC_S = 1.0
"""At most one whole picture in this time."""
CHECK_S = 5.0
"""How often an open stream looks whether its session still holds."""
VIDEO_S = 0.1
MAX_VIEWERS = 1000
UNAUTHORIZED, FORBIDDEN, FULL, UNAVAILABLE = 4401, 4403, 1013, 4503


@router.websocket("/api/v1/stream")
async def stream(ws: WebSocket) -> None:
    """A snapshot, then deltas; see docs of the API."""
    session = await _welcome(ws, Operation.SEE_PICTURE)
    if session is None:
        return
    viewer = _Viewer(ws, parts_of(ws).live)
    with _counted(ws, "picture"):
        await _until_gone(ws, viewer.send_all(), viewer.heard)


@router.websocket("/api/v1/drones/{id}/video")
async def video(ws: WebSocket, id: str, purpose: str = "", reference: str = "") -> None:
    """One JPEG a message, newest wins."""
    session = await _welcome(ws, Operation.VIEW_VIDEO)
    if session is None:
        return
    parts = parts_of(ws)
    try:
        if DroneId(id) not in parts.live.picture.drones:
            await ws.close(FORBIDDEN, "unknown drone")
            return
        await grant(parts, session.principal.name, f"drone/{id}/video", purpose, reference)
    except Denied as e:
        await ws.close(UNAVAILABLE if e.status == 503 else FORBIDDEN, str(e.reason)[:120])
        return
    with _counted(ws, "video"):
        await _until_gone(ws, _pictures(ws, DroneId(id)), lambda text: None)


class _Viewer:
    """One open stream. Its memory is a version number and a sequence number."""

    def __init__(self, ws: WebSocket, live: LivePicture) -> None:
        self._ws = ws
        self._live = live
        self._seq = 0
        self._since: int | None = None
        self._clock = parts_of(ws).clock
        self._sent = 0.0
        self._whole_at = float("-inf")
        self._messages = cast(Metrics, ws.app.state.metrics).messages.labels("picture")

    def heard(self, text: str) -> None:
        """A message from the viewer: only resync means anything."""
        if _type_of(text) == "resync":
            self._since = None

    async def send_all(self) -> None:
        await self._live.ready()
        while True:
            now = self._clock.monotonic()
            body = self._whole(now) if self._since is None else self._change(now)
            if body is not None:
                self._sent = now
                await self._ws.send_text(body)
                self._messages.inc()
            await self._live.ticked()

    def _whole(self, now: float) -> str | None:
        if now - self._whole_at < RESYNC_S:
            return None
        self._whole_at = now
        self._since = self._live.frozen
        return self._message("snapshot", b'"picture":' + self._live.snapshot())

    def _change(self, now: float) -> str | None:
        since, frozen = self._since or 0, self._live.frozen
        if frozen == since and now - self._sent < QUIET_S:
            return None
        body = self._live.delta(since)
        if body is None:
            self._since = None
            return self._whole(now)
        self._since = frozen
        return self._message("delta", body)

    def _message(self, kind: str, body: bytes) -> str:
        self._seq += 1
        return f'{{"type":"{kind}","seq":{self._seq},' + body.decode() + "}"


async def _pictures(ws: WebSocket, drone: DroneId) -> None:
    tap, shown = parts_of(ws).video, -1
    messages = cast(Metrics, ws.app.state.metrics).messages.labels("video")
    while True:
        newest = tap.newest(drone)
        if newest is not None and newest[0] != shown:
            shown = newest[0]
            await ws.send_bytes(newest[1])
            messages.inc()
        await asyncio.sleep(VIDEO_S)


async def _welcome(ws: WebSocket, operation: Operation) -> Session | None:
    """Accept, and find out who it is (cookie, header, or first message); None when it was closed again."""
    if "origin" in ws.headers and not same_origin(ws.headers):
        await ws.close(FORBIDDEN)
        return None
    await ws.accept()
    if _viewers(ws)["open"] >= MAX_VIEWERS:
        await ws.close(FULL, "too many viewers")
        return None
    token = token_of(ws) or await _hello(ws) or ""
    session = sessions_of(ws).find(token)
    if session is None:
        await ws.close(UNAUTHORIZED, "sign in first")
        return None
    reason = judged(session, (operation,), parts_of(ws).must_change)
    if reason is not None:
        await ws.close(FORBIDDEN, str(reason)[:120])
        return None
    ws.state.token, ws.state.ended = token, False
    return session


async def _hello(ws: WebSocket) -> str | None:
    """The token of a `hello` message; None when none comes in time."""
    try:
        async with asyncio.timeout(HELLO_S):
            message = msgspec.json.decode(await ws.receive_text())
    except (TimeoutError, WebSocketDisconnect, KeyError, msgspec.DecodeError, RecursionError):
        return None
    token = message.get("token") if isinstance(message, dict) and message.get("type") == "hello" else None
    return token if isinstance(token, str) else None


async def _until_gone(ws: WebSocket, sending: Coroutine[Any, Any, None], heard: Callable[[str], None]) -> None:
    """Send until the viewer leaves, its session ends, or sending fails."""
    tasks = [asyncio.create_task(sending), asyncio.create_task(_listen(ws, heard)), asyncio.create_task(_guarded(ws))]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if task.exception() and not isinstance(task.exception(), WebSocketDisconnect | RuntimeError | OSError):
                LOG.error("web: a stream broke", exc_info=task.exception())
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(RuntimeError, WebSocketDisconnect, OSError):
            await ws.close(UNAUTHORIZED if ws.state.ended else 1001)


async def _listen(ws: WebSocket, heard: Callable[[str], None]) -> None:
    while True:
        message = await ws.receive()
        if message["type"] == "websocket.disconnect":
            return
        heard(message.get("text") or "")


async def _guarded(ws: WebSocket) -> None:
    """Returns once the session that opened the stream no longer holds."""
    while True:
        await asyncio.sleep(CHECK_S)
        if sessions_of(ws).find(ws.state.token) is None:
            ws.state.ended = True
            return


def _type_of(text: str) -> object:
    try:
        message = msgspec.json.decode(text) if len(text) <= 1000 else None
    except (msgspec.DecodeError, RecursionError):
        return None
    return message.get("type") if isinstance(message, dict) else None


def _viewers(ws: WebSocket) -> dict[str, int]:
    return cast(dict[str, int], ws.app.state.viewers)


@contextlib.contextmanager
def _counted(ws: WebSocket, kind: str) -> Iterator[None]:
    gauge = cast(Metrics, ws.app.state.metrics).viewers.labels(kind)
    _viewers(ws)["open"] += 1
    gauge.inc()
    try:
        yield
    finally:
        _viewers(ws)["open"] -= 1
        gauge.dec()
