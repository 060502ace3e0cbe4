"""The coordinator process: builds every part of `airground serve` and runs them in one loop."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import signal
import socket
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import structlog
import uvicorn
from fastapi import FastAPI

from airground.data import MapData, load_map
from airground.gateway import ensure_gateway
from airground.streams import Streams
from core.camera import THERMAL_640, Camera
from core.clock import Clock
from core.drone import DroneState
from core.errors import Accepted, Fault, Refused
from core.events import DroneWarned, SightingMade
from core.footprint import Footprint
from core.ids import DroneId
from core.io.children import die_with_parent, in_background
from core.io.files.accounts import AccountsFile
from core.io.log.sqlite import SqliteLog, SqliteTrail
from core.io.runtime import SystemClock, new_secret
from core.io.settings import Settings
from core.roles import Principal
from flightops.coverage.book import CoverageBook
from flightops.coverage.seen import Means
from flightops.fleet.looked_for import looked_for_at, looks_for
from flightops.links.client import GatewayClient
from flightops.missions.desk import DeskSettings, FlightDesk
from flightops.planning.search import loaded, plan_search
from flightops.server.flight import FlightSource
from flightops.server.serve import GrpcServer
from ground.desk import Ground, GroundDesk
from ground.dispatch.route import Router
from ground.web.live import LivePicture, ServerStatus
from ground.web.live import StreamStatus as ShownStream
from ground.web.parts import Health, WebParts
from ground.web.picture import Picture
from ground.web.server import make_app, server_config

FLIGHT_WISHES = frozenset({"SearchArea", "ApproveSearch", "StopSearch", "JoinSearch", "Hold", "Return", "ResumeSearch"})
log = structlog.get_logger()


class Coordinator:
    """All parts of one coordinator. `run` serves until it is told to stop."""

    def __init__(self, settings: Settings, config: Path, clock: Clock | None = None) -> None:
        self._settings, self._config = settings, config
        self._clock = clock or SystemClock()
        data = settings.path(settings.data_dir)
        self._data: MapData = load_map(settings)
        self._log = SqliteLog(data / "log.db")
        self._trail = SqliteTrail(data / "trail.db")
        self._accounts = AccountsFile(data / "accounts.json")
        self._gateway = GatewayClient(settings, self._clock)
        spawn = multiprocessing.get_context("spawn")
        self._planners = ProcessPoolExecutor(1, spawn, die_with_parent)
        self._betterers = ProcessPoolExecutor(1, spawn, in_background)
        self._flight = self._flight_desk()
        self._ground = GroundDesk(self._log, self._trail, self._clock, self._ground_parts())
        self._streams = Streams(settings, self._data.terrain, self._clock)
        picture = Picture(settings.drones, settings.units, self._data.sites)
        self._live = LivePicture(self._log, self._trail, self._clock, picture, self._status)
        self._app: FastAPI = make_app(self._web_parts())
        self._gateway.heard.append(self._heard)
        self._gateway.warned.append(self._warned)
        self._warnings: asyncio.Queue[DroneWarned] = asyncio.Queue(200)
        self._passed_over = 0

    def _flight_desk(self) -> FlightDesk:
        drones = self._settings.drones
        heights = {DroneId(d.id): d.height_agl_m for d in drones if d.height_agl_m is not None}
        endurance_s = min((d.endurance_s for d in drones), default=1200.0)
        approve = self._settings.search.auto_approve
        told = DeskSettings(approve, endurance_s, heights, workers=self._planners, betterers=self._betterers)
        return FlightDesk(self._log, self._gateway, plan_search, self._data.terrain, self._lens(), self._clock, told)

    def _lens(self) -> Camera:
        drones = self._settings.drones
        camera = drones[0].camera if drones else None
        return Camera(camera.width_px, camera.height_px, camera.hfov_deg) if camera else THERMAL_640

    def _coverage(self) -> CoverageBook:
        means = Means(self._lens(), self._settings.search.sweep_width_m, self._data.woods)
        return CoverageBook(self._log, means, self._clock)

    def _ground_parts(self) -> Ground:
        return Ground(Router(self._data.roads), self._data.sites, self._settings.units, self._settings.dispatch)

    def _web_parts(self) -> WebParts:
        return WebParts(
            log=self._log, trail=self._trail, clock=self._clock, accounts=self._accounts, ask=self.ask,
            settings=self._settings, live=self._live, video=self._streams, health=self._health,
            sites=self._data.sites, basemap=self._data.basemap, coverage=self._coverage(),
        )  # fmt: skip

    async def ask(self, wish: Any) -> Accepted | Refused:
        """Any wish, to the desk that owns it."""
        if type(wish).__name__ in FLIGHT_WISHES:
            return await self._flight.ask(wish)
        return await self._ground.ask(wish)

    def _heard(self, state: DroneState) -> None:
        self._flight.heard(state)
        self._live.heard(state)
        self._streams.heard(state)

    def _warned(self, drone: DroneId | None, text: str) -> None:
        log.warning("gateway says", drone=drone, text=text)
        if drone is not None:
            with contextlib.suppress(asyncio.QueueFull):
                self._warnings.put_nowait(DroneWarned(drone, text))

    def _saw(self, footprint: Footprint) -> bool:
        self._flight.note_footprint(footprint)
        self._live.saw(footprint)
        return looks_for(self._flight.fleet, footprint.drone, footprint.ring)

    async def _sighted(self, sighting: SightingMade) -> None:
        if looked_for_at(self._flight.fleet, sighting.drone, sighting.place):
            await self._log.append(self._clock.now(), sighting)
        else:
            self._passed_over += 1
            log.info("seen where nobody is looked for, not recorded", drone=sighting.drone, so_far=self._passed_over)

    async def _record_warnings(self) -> None:
        while True:
            warning = await self._warnings.get()
            try:
                await self._log.append(self._clock.now(), warning)
            except Fault as e:
                log.error("a warning could not be recorded", text=warning.text, why=str(e))

    def _status(self) -> ServerStatus:
        rows = {d: ShownStream(s.state, s.fps, s.lag_s) for d, s in self._streams.status().items()}
        return ServerStatus(self._gateway.up, rows)

    def _health(self) -> Mapping[str, Health]:
        return {
            "gateway": Health(self._gateway.up, "connected" if self._gateway.up else "not reachable"),
            "flight_desk": Health(self._flight.alive, "running" if self._flight.alive else "stopped"),
            "picture": Health(self._live.is_ready, "ready" if self._live.is_ready else "folding the record"),
        }

    def _authorise(self, token: str) -> Principal | None:
        session = self._app.state.sessions.find(token)
        return None if session is None or session.must_change else session.principal

    async def run(self) -> None:
        """Serve until SIGINT or SIGTERM. Raises Fault when a port is taken."""
        ensure_gateway(self._settings, self._config)
        await self._gateway.start()
        pilots = FlightSource(self._flight.ask, lambda: self._flight.fleet, lambda: self._flight.states)
        grpc = GrpcServer(pilots, self._log, self._authorise, self._clock)
        server = self._settings.server
        web_socket = listening(server.host, server.http_port)
        await grpc.start(server.host, server.grpc_port)
        web = _Web(server_config(self._app, server.host, server.http_port))
        stop = asyncio.Event()
        for sign in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(sign, stop.set)
        self._planners.submit(loaded)  # so that the first order need not wait for that
        try:
            async with asyncio.TaskGroup() as tasks:
                jobs = (self._flight.run(), self._ground.run(), self._live.run(), self._record_warnings())
                running = [tasks.create_task(job) for job in jobs]
                running.append(tasks.create_task(self._streams.run(self._sighted, self._saw)))
                running.append(tasks.create_task(web.serve(sockets=[web_socket])))
                self._greet(web_socket.getsockname()[1], grpc.port)
                await stop.wait()
                web.should_exit = True
                for task in running[:-1]:
                    task.cancel()
        finally:
            await grpc.stop()
            await self._gateway.stop()
            for workers in (self._planners, self._betterers):
                workers.shutdown(wait=False, cancel_futures=True)
            self._trail.close()
            await self._log.close()

    def _greet(self, http_port: int, grpc_port: int) -> None:
        password = self._accounts.first_start(lambda: new_secret(14))
        host = self._settings.server.host
        print(f"airground: map at http://{host}:{http_port}/   pilots' gRPC at {host}:{grpc_port}", flush=True)
        if password is not None:
            print(f"airground: sign in as admin with the one-time password {password}", flush=True)


class _Web(uvicorn.Server):
    """Uvicorn without its own signal handlers: the coordinator has them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


def listening(host: str, port: int) -> socket.socket:
    """A bound TCP socket. Raises Fault when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as e:
        made.close()
        fix = "is another airground running? choose another http_port"
        raise Fault(f"can't listen on {host}:{port}: {e.strerror}; {fix}") from e
    return made
