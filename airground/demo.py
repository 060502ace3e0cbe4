"""`airground demo`: a simulated town around a real coordinator. Everything simulated comes in by the real doors."""

from __future__ import annotations

import asyncio
import hashlib
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from airground.demo_files import Ports, free_ports, links, write_settings
from airground.gateway import stop_gateway
from airground.sim import SimPlan, world_spec
from core.errors import Fault, Malformed
from core.geo import LatLon, distance_m
from core.io.accounts_file import AccountsFile
from core.io.api import Api, ApiRefused
from core.io.runtime import SystemClock, new_secret
from core.roles import Role
from core.units import UtcSeconds
from sitl.scenario.operator import Operator
from sitl.scenario.patrol import Eyes, PatrolUnit
from sitl.scenario.scenario import Scenario, load_scenario
from sitl.scenario.story import Story
from sitl.world.export import area_feature, export
from sitl.world.world import World, make_world

SIGHT_M = 20.0
"""How far an officer on foot sees a person in the wood by night, with a light."""
START_S = 60.0
OPERATOR = "demo-pilot"


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for."""

    scenario: str = "forest"
    headless: bool = False
    seed: int | None = None
    autopilot: str | None = None
    footage: Path | None = None
    report: Path | None = None
    folder: Path | None = None


@dataclass(frozen=True)
class Stage:
    """One demo, set up on disk."""

    options: Options
    scenario: Scenario
    seed: int
    autopilot: str
    world: World
    folder: Path
    ports: Ports
    began: UtcSeconds
    admin_password: str | None
    operator_password: str
    unit_tokens: dict[str, str]
    site_token: str

    @property
    def server(self) -> str:
        """Address of the web server."""
        return f"http://127.0.0.1:{self.ports.http}"


def set_up(options: Options) -> Stage:
    """Make the town and write every file. Raises Malformed for a bad scenario, folder or footage."""
    scenario = load_scenario(options.scenario)
    if options.footage is not None and not options.footage.is_dir():
        raise Malformed("footage", f"{options.footage} is no folder", "give a folder of thermal images")
    seed = scenario.seed if options.seed is None else options.seed
    autopilot = options.autopilot or scenario.fleet.autopilot
    world = make_world(seed, world_spec(scenario.world))
    folder = (options.folder or Path(tempfile.mkdtemp(prefix="airground-demo-"))).resolve()
    site_token, unit_tokens = new_secret(32), {u: new_secret(32) for u, _, _ in world.unit_starts()}
    export(world, folder / "map", site_token)
    accounts = AccountsFile(folder / "var" / "accounts.json")
    admin = accounts.first_start(lambda: new_secret(14))
    ports = free_ports(scenario.fleet.drones)
    operator = new_secret(20)
    accounts.add(f"{OPERATOR}-{ports.http}", Role.PILOT, operator, must_change_password=False)
    stage = Stage(
        options, scenario, seed, autopilot, world, folder, ports, SystemClock().now(), admin, operator,
        unit_tokens, site_token,
    )  # fmt: skip
    hashes = {u: hashlib.sha256(t.encode()).hexdigest() for u, t in unit_tokens.items()}
    write_settings(folder, world, ports, links(autopilot, ports, world, folder), hashes)
    return stage


def sim_plan(stage: Stage) -> SimPlan:
    """What the simulator process is told."""
    footage = stage.options.footage
    return SimPlan(
        scenario=stage.options.scenario, seed=stage.seed, autopilot=stage.autopilot, began=stage.began,
        link_ports=stage.ports.links, video_ports=stage.ports.videos, folder=str(stage.folder),
        footage=str(footage.resolve()) if footage else None,
    )  # fmt: skip


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


async def play(stage: Stage) -> dict[str, Any]:
    """The whole story; returns the report."""
    clock, world = SystemClock(), stage.world
    story = Story(lambda at: world.hiker_at(at - stage.began))
    eyes = Eyes(world.road_speed, lambda place, at: _sees(world, place, at - stage.began))
    async with processes(stage):
        _announce(stage)
        async with Api(stage.server) as api, Api(stage.server, stage.site_token) as site:
            await api.sign_in(f"{OPERATOR}-{stage.ports.http}", stage.operator_password)
            operator = Operator(
                stage.scenario,
                area_feature(world),
                api,
                site,
                clock,
                lambda words: print(f"           {words}", flush=True),
            )
            patrols = [asyncio.create_task(_patrol(stage, unit, eyes, clock)) for unit, _, _ in world.unit_starts()]
            began = clock.now()
            progress = asyncio.create_task(_progress(story, began))
            try:
                await operator.play(story, began)
                if not stage.options.headless:
                    await _linger(operator, story)
            finally:
                for task in (*patrols, progress):
                    task.cancel()
                await asyncio.gather(*patrols, progress, return_exceptions=True)
    return story.report() | {"autopilot": stage.autopilot, "seed": stage.seed, "scenario": stage.scenario.name}


def _sees(world: World, place: LatLon, t_s: float) -> bool:
    return distance_m(place, world.hiker_at(t_s)) <= SIGHT_M


async def _patrol(stage: Stage, unit: str, eyes: Eyes, clock: SystemClock) -> None:
    start = next(place for u, _, place in stage.world.unit_starts() if u == unit)
    async with Api(stage.server, stage.unit_tokens[unit]) as api:
        await PatrolUnit(unit, api, start, eyes, clock).run()


def _announce(stage: Stage) -> None:
    print(f"airground demo: scenario {stage.scenario.name}, seed {stage.seed}, autopilot {stage.autopilot}")
    print(f"  map       {stage.server}/")
    if stage.admin_password is not None:
        print(f"  sign in   admin, one-time password {stage.admin_password}")
    print(f"  files     {stage.folder}  (logs, tlogs, the record)")
    print("  Ctrl-C ends it", flush=True)


async def _linger(operator: Operator, story: Story) -> None:
    print("airground demo: the story is told; the map stays up. Draw a search of your own, or Ctrl-C.", flush=True)
    while True:
        await operator.look(story)
        await asyncio.sleep(1.0)


async def _progress(story: Story, began: UtcSeconds) -> None:
    """One line for each thing that comes true."""
    told: set[str] = set()
    clock = SystemClock()
    while True:
        rows = {
            "search ordered": story.ordered_at, "first drone in the air": story.first_take_off_at,
            "first sector entered": story.first_sector_at, "smoke alarm became an incident": story.smoke_at,
            "person seen": story.sighting_at, "unit on scene": story.arrived_at, "person found": story.found_at,
        }  # fmt: skip
        for what, at in rows.items():
            if at is not None and what not in told:
                told.add(what)
                print(f"  {at - began:6.1f} s  {what}", flush=True)
        if clock.now() - began > 3600 * 24:
            return
        await asyncio.sleep(0.5)


def run_demo(options: Options) -> int:
    """The command; 0 when what must come true did (or when a person ended an interactive demo)."""
    stage = set_up(options)
    try:
        with asyncio.Runner() as runner:
            report = runner.run(_with_signals(stage))
    except KeyboardInterrupt:
        print("\nairground demo: ended")
        return 0
    expect = stage.scenario.expect
    good = (
        report["person_found"] >= expect.person_found
        and report["unit_arrived"] >= expect.unit_arrived
        and report["false_incidents"] <= expect.false_incidents
    )
    text = json.dumps(report | {"as_expected": good}, indent=1)
    print(text)
    if options.report is not None:
        options.report.write_text(text + "\n", encoding="utf-8")
    return 0 if good else 3


async def _with_signals(stage: Stage) -> dict[str, Any]:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await play(stage)
