"""A desk that runs on a fake gateway and a clock that moves by hand, and the ordinary way into the air."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

from core.commands import ApproveSearch
from core.drone import FlightMode
from core.errors import Accepted
from core.events import Fact, Phase
from core.ids import DroneId, SearchId
from core.io.log.memory import MemoryLog
from flightops.missions.desk import DeskSettings, FlightDesk, Planner
from flightops.missions.items import ITEMS_BEFORE_SWEEP
from tests.flightops.missions.flying import (
    CAMERA,
    FLAT,
    PILOT,
    FakeClock,
    FakeGateway,
    gateway,
    in_mission,
    order,
    state,
    tiny_planner,
)

D1, D2 = DroneId("d1"), DroneId("d2")
S1 = SearchId("s1")
SWEEP = ITEMS_BEFORE_SWEEP
"""The first item that sweeps."""
FAST = DeskSettings(control_s=0.01)
Kind = TypeVar("Kind", bound=Fact)


@dataclass
class Flight:
    """A desk that runs, and what the test moves."""

    desk: FlightDesk
    gate: FakeGateway
    log: MemoryLog
    clock: FakeClock

    async def facts(self) -> list[Fact]:
        return [r.fact for r in await self.log.read(0, 100_000)]

    async def of(self, *kinds: type[Kind]) -> list[Kind]:
        return [f for f in await self.facts() if isinstance(f, kinds)]

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not true():  # noqa: ASYNC110 - looks at other tasks' state
                await asyncio.sleep(0.005)

    async def first(self, kind: type[Kind]) -> Kind:
        """The first fact of that kind, once it is in the log."""
        async with asyncio.timeout(5):
            async for record in self.log.follow(0):
                if isinstance(record.fact, kind):
                    return record.fact
        raise AssertionError(f"the log closed without a {kind.__name__}")

    async def hears(
        self, *drones: str, item: int | None = None, mode: FlightMode | None = None, **more: object
    ) -> None:
        """Telemetry of each drone now, and time for the desk to read it."""
        self.clock.time += 0.1
        for d in drones:
            if item is not None and mode is None:
                self.desk.heard(in_mission(d, self.clock.time, item, **more))
            else:
                self.desk.heard(state(d, self.clock.time, mode or FlightMode.HOLD, item=item, **more))
        await asyncio.sleep(0.03)

    def phase(self, drone: str) -> Phase:
        return self.desk.fleet.drones[DroneId(drone)].phase


@asynccontextmanager
async def flying(
    log: MemoryLog | None = None,
    settings: DeskSettings = FAST,
    start: float = 1_000_000.0,
    gate: FakeGateway | None = None,
    planner: Planner = tiny_planner,
) -> AsyncIterator[Flight]:
    log, clock = log or MemoryLog(), FakeClock(start)
    gate = gate or gateway("d1", "d2")
    desk = FlightDesk(log, gate, planner, FLAT, CAMERA, clock, settings)
    running = asyncio.create_task(desk.run())
    flight = Flight(desk, gate, log, clock)
    await flight.until(lambda: desk.alive)
    try:
        yield flight
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def approved(f: Flight, *drones: str) -> None:
    """Order and approve a search with these drones; their missions are on board."""
    await f.hears(*drones)
    assert await f.desk.ask(order("s1", drones)) == Accepted("s1")
    assert await f.desk.ask(ApproveSearch(S1, PILOT)) == Accepted("s1")
    await f.until(lambda: all("fly" in f.gate.vehicles[d].calls for d in drones))


async def sweeping(f: Flight, *drones: str) -> None:
    await approved(f, *drones)
    for item in (0, 2, SWEEP + 1):
        await f.hears(*drones, item=item)
    assert all(f.phase(d) is Phase.SWEEPING for d in drones)
