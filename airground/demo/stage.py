"""Setting a demo up: options, the town, every file a real site would have."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

from airground.demo.files import Ports, free_ports, links, write_settings
from airground.demo.sim import SimPlan, world_spec
from core.errors import Malformed
from core.io.files.accounts import AccountsFile
from core.io.runtime import SystemClock, new_id, new_secret
from core.roles import Role
from core.units import UtcSeconds
from sitl.scenario.scenario import Scenario, load_scenario
from sitl.world.export import export
from sitl.world.world import World, make_world


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
    operator: str
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
    ports = free_ports(scenario.fleet.drones, usual=not options.headless)
    operator, password = new_id("demo-pilot"), new_secret(20)
    accounts.add(operator, Role.PILOT, password, must_change_password=False)
    stage = Stage(
        options, scenario, seed, autopilot, world, folder, ports, SystemClock().now(), admin, operator,
        password,
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
