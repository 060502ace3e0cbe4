"""A first plan at once, quicker ones while it waits for its pilot, none once it flies."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from core.commands import ApproveSearch
from core.errors import Accepted
from core.events import SearchAccepted, SearchApproved, SearchBettered, SearchPlan
from flightops.fleet.state import SearchStage
from flightops.fleet.wishes import longest_s
from flightops.missions.desk import DeskSettings
from flightops.planning.sweep import Effort
from tests.flightops.missions.aloft import D1, S1, flying
from tests.flightops.missions.flying import PILOT, order, tiny_planner

Planned = Callable[..., Any]


def settings(auto_approve: bool = False) -> DeskSettings:
    return DeskSettings(auto_approve, control_s=0.01, betterers=ThreadPoolExecutor(1))


def planner(seconds: dict[Effort, float], asked: list[Effort], gate: threading.Event | None = None) -> Planned:
    """The tiny plan, told to take so long with each effort; efforts beyond the first wait for the gate."""

    def plan(wish: Any, drones: Any, camera: Any, effort: Effort = Effort.FAST) -> Any:
        asked.append(effort)
        if gate is not None and effort is not Effort.FIRST:
            gate.wait(5)
        made = tiny_planner(wish, drones, camera)
        assert isinstance(made, SearchPlan)
        return replace(made, sectors=tuple(replace(s, time_s=seconds[effort]) for s in made.sectors))

    return plan


async def test_plans_get_better_until_a_pilot_approves_and_never_worse() -> None:
    asked: list[Effort] = []
    quick = planner({Effort.FIRST: 100.0, Effort.FAST: 90.0, Effort.BEST: 95.0}, asked)
    async with flying(settings=settings(), planner=quick) as f:
        await f.hears("d1")
        assert await f.desk.ask(order("s1", (D1,))) == Accepted("s1")
        await f.until(lambda: len(asked) == 3 and longest_s(f.desk.fleet.searches[S1].plan) == 90.0)
        assert asked == [Effort.FIRST, Effort.FAST, Effort.BEST]
        assert await f.desk.ask(ApproveSearch(S1, PILOT)) == Accepted("s1")
        assert [longest_s(x.plan) for x in await f.of(SearchAccepted, SearchBettered)] == [100.0, 90.0]
        assert f.desk.fleet.searches[S1].sectors[0].sector.time_s == 90.0
        await f.until(lambda: "fly" in f.gate.vehicles["d1"].calls)


async def test_a_plan_that_flies_is_not_changed() -> None:
    asked: list[Effort] = []
    gate = threading.Event()
    quick = planner({Effort.FIRST: 100.0, Effort.FAST: 90.0, Effort.BEST: 80.0}, asked, gate)
    async with flying(settings=settings(), planner=quick) as f:
        await f.hears("d1")
        assert await f.desk.ask(order("s1", (D1,))) == Accepted("s1")
        await f.until(lambda: Effort.FAST in asked)
        assert await f.desk.ask(ApproveSearch(S1, PILOT)) == Accepted("s1")
        gate.set()
        await f.until(lambda: "fly" in f.gate.vehicles["d1"].calls)
        assert asked == [Effort.FIRST, Effort.FAST]
        assert await f.of(SearchBettered) == []
        assert longest_s(f.desk.fleet.searches[S1].plan) == 100.0
        assert f.desk.fleet.searches[S1].stage is SearchStage.FLYING


async def test_a_search_that_approves_itself_is_planned_once() -> None:
    asked: list[Effort] = []
    async with flying(settings=settings(auto_approve=True), planner=planner({Effort.FAST: 90.0}, asked)) as f:
        await f.hears("d1")
        assert await f.desk.ask(order("s1", (D1,))) == Accepted("s1")
        await f.first(SearchApproved)
        await f.until(lambda: "fly" in f.gate.vehicles["d1"].calls)
        assert asked == [Effort.FAST]
