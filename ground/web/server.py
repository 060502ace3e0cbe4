"""The web app: routes, streams and the map's own page."""

from __future__ import annotations

import asyncio

import uvicorn
from fastapi import FastAPI
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from ground.web import stream
from ground.web.edge import answers
from ground.web.edge.access import machines
from ground.web.edge.guard import Guard
from ground.web.edge.metrics import Metrics
from ground.web.edge.sessions import Sessions, Tries
from ground.web.parts import WebParts
from ground.web.routes import flights, incidents, patrol, session, system

WS_MAX_BYTES = 64 * 1024
HASHES_AT_ONCE = session.HASHES_AT_ONCE
NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Airground</title>
<h1>The map is not built yet</h1>
<p>Run <code>make setup</code> in the project's folder: it builds the map into ground/web/static. Then reload.</p>
<p>The API works without it: <code>/api/v1/...</code>, <code>/healthz</code>, <code>/metrics</code>.</p></html>
"""


def make_app(parts: WebParts) -> FastAPI:
    """The app. `parts.live.run()` is run by the caller, beside the server."""
    app = FastAPI(title="Airground", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.parts = parts
    app.state.sessions = Sessions(parts.clock, parts.new_secret, machines(parts.settings.units, parts.sites))
    app.state.tries = Tries(parts.clock)
    app.state.hashing = asyncio.Semaphore(HASHES_AT_ONCE)
    app.state.metrics = Metrics(parts.live)
    app.state.viewers = {"open": 0}
    answers.install(app)
    for part in (session, flights, incidents, patrol, system, stream):
        app.include_router(part.router)
    _pages(app, parts)
    app.add_middleware(Guard, metrics=app.state.metrics, clock=parts.clock, tiles=parts.settings.map.tiles)
    return app


def server_config(app: FastAPI, host: str, port: int) -> uvicorn.Config:
    """How to serve the app: bounded incoming messages, our own logs, no server name in answers."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        ws_max_size=WS_MAX_BYTES,
        ws_max_queue=8,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=3,
    )


class _Bundle(StaticFiles):
    """The built map. Files under assets/ carry a hash in their names and never change; the page is asked for anew."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        lasting = path.startswith("assets/") and response.status_code == 200
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if lasting else "no-cache"
        return response


def _pages(app: FastAPI, parts: WebParts) -> None:
    if (parts.static / "index.html").is_file():
        app.mount("/", _Bundle(directory=parts.static, html=True), name="map")
        return

    @app.get("/")
    async def not_built() -> Response:
        return HTMLResponse(NOT_BUILT, headers={"Cache-Control": "no-store"})
