"""The processes of a demo: coordinator (which starts its gateway) and simulator."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from airground.demo.stage import Stage, sim_plan
from airground.gateway import stop_gateway
from core.errors import Fault
from core.io.api import Api, ApiRefused
from core.io.runtime import SystemClock

START_S = 60.0


@dataclass(frozen=True, slots=True)
class Running:
    """The processes of a demo."""

    serve: subprocess.Popen[bytes]
    sim: subprocess.Popen[bytes]


@asynccontextmanager
async def processes(stage: Stage) -> AsyncIterator[Running]:
    """Coordinator and simulator, started, and ended by their own ids. Raises Fault when one does not come up."""
    plan = stage.folder / "sim.json"
    plan.write_bytes(msgspec.json.encode(sim_plan(stage)))
    running = Running(start_server(stage), _spawn(stage.folder / "sim.log", "simulate", str(plan)))
    try:
        await until_up(stage, running)
        yield running
    finally:
        _end(running.sim)
        _end(running.serve)
        stop_gateway(stage.folder / "var")


def start_server(stage: Stage) -> subprocess.Popen[bytes]:
    """The coordinator of a demo; a second one takes over the files of the first."""
    return _spawn(stage.folder / "serve.log", "serve", "--config", str(stage.folder / "airground.toml"))


def _spawn(log: Path, *words: str) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        command = [sys.executable, "-m", "airground", *words]
        return subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True)


async def until_up(stage: Stage, running: Running) -> None:
    """Wait for the server to answer. Raises Fault, with the end of its log, when it ends or stays silent."""
    clock = SystemClock()
    until, last = clock.monotonic() + START_S, ""
    async with Api(stage.server) as api:
        while clock.monotonic() < until:
            for process, name in ((running.serve, "serve"), (running.sim, "sim")):
                if process.poll() is not None:
                    tail = (stage.folder / f"{name}.log").read_text(errors="replace")[-600:]
                    raise Fault(f"the {name} process ended at its start:\n{tail}")
            try:
                await api.get("/healthz")
                return
            except (Fault, ApiRefused) as e:
                last = str(e)
            await asyncio.sleep(0.2)
    raise Fault(f"the server did not come up within {START_S:.0f} s ({last}); see {stage.folder}/serve.log")


def _end(process: subprocess.Popen[bytes]) -> None:
    """TERM, then KILL. It waits without the loop, so that a cancelled demo still leaves nothing behind."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(8.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
