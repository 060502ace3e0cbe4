"""The simulator process of a demo: vehicles (or real autopilot binaries), cameras, and the script's flight faults."""

from __future__ import annotations

import asyncio
import contextlib
import math
import multiprocessing
import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path

import structlog

from core.camera import THERMAL_640
from core.clock import Clock
from core.drone import Autopilot
from core.geo import GeoPoint
from core.io.runtime import SystemClock, seeded_rng
from core.io.settings import Struct
from core.units import MetresAmsl, UtcSeconds
from sitl.camera.process import CameraPlan, run_cameras
from sitl.peers.launch import PeerSpec, named_binary
from sitl.peers.process import read_truth, running
from sitl.scenario.scenario import FleetPart, Scenario, Step, WorldPart, load_scenario
from sitl.vehicle.fleet import Fleet
from sitl.vehicle.spec import SensorErrors, Truth, VehicleSpec, Wind
from sitl.world.spec import WorldSpec
from sitl.world.world import World, make_world

SAFE_PARAMS = {
    Autopilot.PX4: {"NAV_DLL_ACT": 2.0, "COM_LOW_BAT_ACT": 3.0, "RTL_RETURN_ALT": 40.0},
    Autopilot.ARDUPILOT: {
        "FS_GCS_ENABLE": 1.0,
        "FS_OPTIONS": 0.0,
        "SYSID_MYGCS": 255.0,
        "BATT_FS_LOW_ACT": 2.0,
        "BATT_LOW_MAH": 2000.0,
        "RTL_ALT": 4000.0,
    },
}
"""What a careful operator has set before the demo begins; the factory defaults do nothing when the link is lost."""
LINK_LOSS_PARAM = {Autopilot.PX4: "COM_DL_LOSS_T", Autopilot.ARDUPILOT: "FS_GCS_TIMEOUT"}
TRUTH_S = 0.05
log = structlog.get_logger()


class SimPlan(Struct, frozen=True):
    """What the demo tells its simulator. Ports by drone, in the order of the fleet."""

    scenario: str
    seed: int
    autopilot: str
    began: float
    link_ports: tuple[int, ...]
    video_ports: tuple[int, ...]
    folder: str
    footage: str | None = None


def world_spec(part: WorldPart) -> WorldSpec:
    """The town a scenario asks for."""
    return WorldSpec(
        area_ha=part.area_ha, canopy=part.canopy, deer=part.deer, rocks=part.rocks, cars=part.cars,
        ambient_c=part.ambient_c,
    )  # fmt: skip


def homes(world: World, count: int) -> tuple[GeoPoint, ...]:
    """Launch places on the ground."""
    made = []
    for place in world.drone_starts(count):
        ground = world.terrain.height_amsl_m(place)
        made.append(GeoPoint(place.lat_deg, place.lon_deg, MetresAmsl(0.0 if ground is None else ground)))
    return tuple(made)


def vehicle_specs(plan: SimPlan, fleet: FleetPart, world: World) -> tuple[VehicleSpec, ...]:
    """Simulated vehicles, all with system id 1 as they come from the factory, with consumer sensors."""
    rng = seeded_rng(plan.seed + 500)
    personality = Autopilot(plan.autopilot)
    params = {**SAFE_PARAMS[personality], LINK_LOSS_PARAM[personality]: fleet.link_loss_s}
    towards = float(rng.uniform(0, 2 * math.pi))
    wind = Wind(fleet.wind_mps * math.cos(towards), fleet.wind_mps * math.sin(towards), fleet.wind_mps * 0.2)
    made = []
    for k, home in enumerate(homes(world, fleet.drones)):
        east, north = rng.normal(0, fleet.gnss_sigma_m, 2)
        errors = SensorErrors(
            gnss_east_m=float(east), gnss_north_m=float(north), gnss_up_m=float(rng.normal(0, 1.5)),
            gnss_sigma_m=0.3, compass_deg=float(rng.normal(0, fleet.compass_sigma_deg)),
            gimbal_tilt_deg=float(rng.normal(0, 0.3)),
        )  # fmt: skip
        made.append(VehicleSpec(
            system_id=1, personality=personality, home=home, remote=("127.0.0.1", plan.link_ports[k]),
            wind=wind, errors=errors, params=params, heading_deg=float(rng.uniform(0, 360)),
            seed=plan.seed * 100 + k,
        ))  # fmt: skip
    return tuple(made)


class Eye:
    """Hands one drone's truth to the cameras' process, at most every TRUTH_S."""

    def __init__(self, drone: str, pipe: Connection) -> None:
        self._drone, self._pipe, self._sent = drone, pipe, UtcSeconds(0.0)

    def saw(self, truth: Truth) -> None:
        """Newest truth; a camera process that has ended is no reason to stop flying."""
        if truth.at - self._sent < TRUTH_S or not truth.in_air:
            return
        self._sent = truth.at
        v = truth.velocity
        with contextlib.suppress(BrokenPipeError):
            self._pipe.send((self._drone, truth.gimbal, (v.east_mps, v.north_mps, -v.down_mps)))


def run_sim(plan: SimPlan) -> None:
    """Until SIGTERM. Raises Malformed for a scenario or binary that can't be used."""
    scenario = load_scenario(plan.scenario)
    world = make_world(plan.seed, world_spec(scenario.world))
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe(duplex=True)
    names = [f"d{k + 1}" for k in range(scenario.fleet.drones)]
    footage = {names[-1]: Path(plan.footage)} if plan.footage else {}
    cameras = CameraPlan(
        plan.seed, world.spec, THERMAL_640, scenario.fleet.camera_fps, UtcSeconds(plan.began),
        {n: f"udp://127.0.0.1:{p}" for n, p in zip(names, plan.video_ports, strict=True)}, footage,
    )  # fmt: skip
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    child = context.Process(target=run_cameras, args=(cameras, theirs), daemon=True)
    child.start()
    theirs.close()
    eyes = [Eye(n, mine) for n in names]
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(_fly(plan, scenario, world, eyes))
    mine.close()
    child.join(3.0)


async def _fly(plan: SimPlan, scenario: Scenario, world: World, eyes: list[Eye]) -> None:
    task = asyncio.current_task()
    assert task is not None
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, task.cancel)
    clock = SystemClock()
    binary = named_binary(Autopilot(plan.autopilot), os.environ)
    if binary is not None:
        await _fly_peers(plan, binary, world, eyes)
        return
    specs = vehicle_specs(plan, scenario.fleet, world)
    fleets = [Fleet([s], world.terrain, clock, e.saw) for s, e in zip(specs, eyes, strict=True)]
    async with asyncio.TaskGroup() as tasks:
        for fleet in fleets:
            tasks.create_task(fleet.run())
        tasks.create_task(_script(scenario.script, fleets, plan.began, clock))


async def _script(script: tuple[Step, ...], fleets: list[Fleet], began: float, clock: Clock) -> None:
    """The script's faults of flight; its wishes are the operator's business."""
    for step in sorted(script, key=lambda s: s.at_s):
        if step.do not in ("lose_link", "restore_link"):
            continue
        await asyncio.sleep(max(0.0, began + step.at_s - clock.now()))
        fleets[int(step.drone.removeprefix("d")) - 1].lose_link(1, step.do == "lose_link")
        log.info("script", do=step.do, drone=step.drone)


async def _fly_peers(plan: SimPlan, binary: Path, world: World, eyes: list[Eye]) -> None:
    """Real autopilots instead of simulated ones."""
    async with contextlib.AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        for k, home in enumerate(homes(world, len(eyes))):
            spec = PeerSpec(Autopilot(plan.autopilot), binary, k, home, 0.0, Path(plan.folder, f"peer{k + 1}"))
            started = await stack.enter_async_context(running(spec))
            tasks.create_task(read_truth(started, spec.system_id, SystemClock(), eyes[k].saw))
