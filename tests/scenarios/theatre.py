"""A demo on stage for tests: real coordinator, gateway, simulator; each test gets its own folder and ports."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from airground.demo.processes import Running, processes
from airground.demo.stage import Options, Stage, set_up
from core.io.api import Api
from core.io.runtime import SystemClock

SMALL = Path(__file__).parent / "small.toml"


@dataclass
class Play:
    """A running stage and a signed-in pilot."""

    stage: Stage
    running: Running
    api: Api

    async def picture(self) -> dict[str, Any]:
        return await self.api.get("/api/v1/picture")

    async def until(self, true: Callable[[dict[str, Any]], object], within_s: float) -> dict[str, Any]:
        """The first picture for which `true` holds. Fails with the newest drones and searches after `within_s`."""
        import asyncio

        clock = SystemClock()
        end = clock.monotonic() + within_s
        while clock.monotonic() < end:
            picture = await self.picture()
            if true(picture):
                return picture
            await asyncio.sleep(0.3)
        raise AssertionError(f"not within {within_s:.0f} s: {picture['drones']} {picture['searches']}")


Theatre = Callable[[str, str], AbstractAsyncContextManager[Play]]


@pytest.fixture
def theatre(tmp_path: Path) -> Theatre:
    """Call it with a scenario and an autopilot."""

    @asynccontextmanager
    async def open_stage(scenario: str, autopilot: str) -> AsyncIterator[Play]:
        stage = set_up(Options(scenario=scenario, headless=True, autopilot=autopilot, folder=tmp_path / "stage"))
        async with processes(stage) as running, Api(stage.server) as api:
            await api.sign_in(stage.operator, stage.operator_password)
            yield Play(stage, running, api)

    return open_stage
