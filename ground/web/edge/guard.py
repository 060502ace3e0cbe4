"""Guards in front of every request: body size, origin of browsers' requests, security headers, counting."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.clock import Clock
from core.errors import Reason
from ground.web.edge.access import COOKIE
from ground.web.edge.answers import refused
from ground.web.edge.metrics import Metrics

SMALL = 64 * 1024
LARGE = 8 * 1024 * 1024
"""A polygon of 10^5 corners is some 5 MB."""
LARGE_PATHS = frozenset({"/api/v1/searches"})
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def policy(tiles: str | None) -> str:
    """Content-Security-Policy. MapLibre runs its worker from our own file or a blob; tiles may come from one host."""
    extra = ""
    if tiles:
        at = urlsplit(tiles)
        extra = f" {at.scheme}://{at.netloc}" if at.scheme in ("http", "https") and at.netloc else ""
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            "worker-src 'self' blob:",
            "child-src 'self' blob:",
            f"img-src 'self' data: blob:{extra}",
            f"connect-src 'self'{extra}",
            "style-src 'self' 'unsafe-inline'",
            "font-src 'self' data:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def same_origin(headers: Headers) -> bool:
    """Whether a browser says that the request comes from a page of this very host."""
    origin = headers.get("origin")
    return bool(origin) and urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


class TooLarge(HTTPException):
    """The body went over its limit while being read."""

    def __init__(self) -> None:
        super().__init__(413)


class Guard:
    """ASGI middleware; see the module."""

    def __init__(self, app: ASGIApp, metrics: Metrics, clock: Clock, tiles: str | None) -> None:
        self._app = app
        self._metrics = metrics
        self._clock = clock
        self._policy = policy(tiles)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = self._clock.monotonic()
        status = 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._headers(MutableHeaders(scope=message))
            await send(message)

        try:
            await self._guarded(scope, receive, answer)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            self._metrics.request(scope["method"], route, status, self._clock.monotonic() - began)

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        stopped = _stopped(scope["method"], headers) or _declared(scope["path"], headers)
        if stopped is not None:
            await stopped(scope, receive, send)
            return
        limit, read = _limit(scope["path"]), 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                raise TooLarge
            return message

        await self._app(scope, counted, send)

    def _headers(self, headers: MutableHeaders) -> None:
        headers["Content-Security-Policy"] = self._policy
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "no-referrer"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(self)"


def _stopped(method: str, headers: Headers) -> Response | None:
    """Requests that change something with a cookie must come from our own page."""
    by_cookie = f"{COOKIE}=" in headers.get("cookie", "") and "authorization" not in headers
    foreign = "origin" in headers and not same_origin(headers)
    if method not in UNSAFE or not (foreign or (by_cookie and not same_origin(headers))):
        return None
    return refused([Reason("Origin", "the request comes from another site", "use the map's own page, or a token")], 403)


def _declared(path: str, headers: Headers) -> Response | None:
    text = headers.get("content-length", "0")
    limit = _limit(path)
    return _too_large(limit) if not text.isdecimal() or int(text) > limit else None


def _limit(path: str) -> int:
    return LARGE if path in LARGE_PATHS else SMALL


def _too_large(limit: int) -> Response:
    return refused([Reason("body", f"over {limit // 1024} KiB", "send less, for example fewer corners")], 413)
