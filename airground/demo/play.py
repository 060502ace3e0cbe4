"""The story of a demo: operator and patrol units play it through the public API; what came true is reported."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import Any

from airground.demo.processes import processes
from airground.demo.stage import Options, Stage, set_up
from core.geo import LatLon, distance_m
from core.io.api import Api
from core.io.runtime import SystemClock
from core.units import UtcSeconds
from sitl.scenario.operator import Operator
from sitl.scenario.patrol import Eyes, PatrolUnit
from sitl.scenario.story import Story
from sitl.world.export import area_feature
from sitl.world.world import World

SIGHT_M = 20.0
"""How far an officer on foot sees a person in the wood by night, with a light."""


async def play(stage: Stage) -> dict[str, Any]:
    """The whole story; returns the report."""
    clock, world = SystemClock(), stage.world
    story = Story(lambda at: world.hiker_at(at - stage.began))
    eyes = Eyes(world.road_speed, lambda place, at: _sees(world, place, at - stage.began))
    async with processes(stage):
        _announce(stage)
        async with Api(stage.server) as api, Api(stage.server, stage.site_token) as site:
            await api.sign_in(stage.operator, stage.operator_password)
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
    except (KeyboardInterrupt, asyncio.CancelledError):
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
