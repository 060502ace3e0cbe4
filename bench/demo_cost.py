"""CPU and memory of a demo in flight: every process of it, over a minute of sweeping; and whether time stays real.

usage: python -m bench.demo_cost [--seconds 60] [--scenario forest] [--seed 1] [--autopilot px4]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from pathlib import Path
from tempfile import mkdtemp

import psutil

from airground.demo.processes import Running, processes
from airground.demo.stage import Options, set_up
from airground.gateway import running_gateway
from core.io.api import Api, ApiRefused
from core.io.runtime import SystemClock
from sitl.world.export import area_feature


def tree(running: Running, var: Path) -> dict[str, psutil.Process]:
    """Every process of the demo, by what it does."""
    made = {"coordinator": psutil.Process(running.serve.pid), "simulator": psutil.Process(running.sim.pid)}
    door = running_gateway(var)
    if door is not None:
        made["gateway"] = psutil.Process(door.pid)
    for name in ("coordinator", "simulator"):
        for child in made[name].children(recursive=True):
            made[f"{name} child {child.pid}"] = child
    return made


async def measure(told: argparse.Namespace) -> None:
    stage = set_up(Options(told.scenario, True, told.seed, told.autopilot, folder=Path(mkdtemp())))
    clock = SystemClock()
    async with processes(stage) as running, Api(stage.server) as api:
        await api.sign_in(stage.operator, stage.operator_password)
        for k in range(60):
            with contextlib.suppress(ApiRefused):
                await api.post("/api/v1/searches", {"id": f"cost-{k}", "area": area_feature(stage.world)})
                await api.post(f"/api/v1/searches/cost-{k}/approve")
                break
            await asyncio.sleep(1.0)
        while not any(  # noqa: ASYNC110  the server has no event for it
            d["phase"] == "sweeping" for d in (await api.get("/api/v1/picture"))["drones"].values()
        ):
            await asyncio.sleep(1.0)
        parts = tree(running, stage.folder / "var")
        before = {n: sum(p.cpu_times()[:2]) for n, p in parts.items()}
        start = clock.monotonic()
        await asyncio.sleep(told.seconds)
        took = clock.monotonic() - start
        streams = (await api.get("/api/v1/picture"))["server"]["streams"]
        total = 0.0
        for name, part in parts.items():
            share = (sum(part.cpu_times()[:2]) - before[name]) / took
            total += share
            print(f"{name:28s} {100 * share:6.1f} % of a core  {part.memory_info().rss / 2**20:7.0f} MiB")
        memory = sum(p.memory_info().rss for p in parts.values()) / 2**20
        print(f"{'all':28s} {100 * total:6.1f} % of a core  {memory:7.0f} MiB (shared pages counted in each)")
        print("streams", streams)


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--seconds", type=float, default=60.0)
    ask.add_argument("--scenario", default="forest")
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--autopilot", default="px4")
    asyncio.run(measure(ask.parse_args()))


if __name__ == "__main__":
    main()
