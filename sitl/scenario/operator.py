"""The simulated operator of a demo: signs in, asks for the search, approves it, asks again, calls the drones home."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from core.clock import Clock
from core.errors import Fault
from core.io.api import Api, ApiRefused
from sitl.scenario.scenario import Scenario, Step
from sitl.scenario.story import Story
from sitl.world.export import SITE_ID

LOOK_S = 0.5
READS_S = 2.0
"""How long the pilot looks at a plan before approving it; meanwhile a quicker one may come."""
TRY_AGAIN_S = 2.0
SWEEPS = 4
"""How often the area is swept before the operator gives up. Each further sweep is slower, with closer legs, and every
second one looks ahead at a slant: whom leaves hide from straight above stands open from aside (bench.forest_look)."""
CLOSER = 0.8
SLANT_DEG = -65.0


Tell = Callable[[str], None]


class Operator:
    """Plays a scenario's script through the public API and keeps the story."""

    def __init__(self, scenario: Scenario, area: dict[str, Any], api: Api, site: Api, clock: Clock, tell: Tell) -> None:
        self._scenario, self._area, self._tell = scenario, area, tell
        self._api, self._site, self._clock = api, site, clock
        self._refused = self._sweeps = 0
        self._wants_search = False
        self._told = ""

    async def play(self, story: Story, began: float) -> None:
        """Until everything came true or the scenario's time is over; then the drones come home."""
        steps = sorted((s for s in self._scenario.script if "link" not in s.do), key=lambda s: s.at_s)
        end = began + self._scenario.expect.within_s
        while self._clock.now() < end and not (story.done and not steps):
            while steps and self._clock.now() >= began + steps[0].at_s:
                await self._do(steps.pop(0), story)
            await self.look(story)
            if story.search_over and not story.airborne and story.found_at is None and 0 < self._sweeps < SWEEPS:
                self._wants_search = True
            if self._wants_search:
                await self._search(story)
            await asyncio.sleep(LOOK_S)
        await self._ask("/api/v1/fleet/return")

    async def look(self, story: Story) -> None:
        """Take in the picture; a server that does not answer just now is looked at again later."""
        try:
            story.saw(await self._api.get("/api/v1/picture"), self._clock.now())
        except Fault:
            await asyncio.sleep(TRY_AGAIN_S)

    async def _do(self, step: Step, story: Story) -> None:
        match step.do:
            case "search":
                self._wants_search = True
                story.ordered_at = story.ordered_at or self._clock.now()
            case "smoke":
                body = {"id": "demo-smoke", "device": "smoke-3-2", "kind": "smoke", "at": self._clock.now()}
                await self._site.post(f"/api/v1/sites/{SITE_ID}/alarms", body)
            case "hold_all":
                await self._ask("/api/v1/fleet/hold")
            case "return_all":
                await self._ask("/api/v1/fleet/return")
            case "lose_link" | "restore_link":
                raise AssertionError("flight faults are the simulator's")

    async def _search(self, story: Story) -> None:
        """Try once to have a search planned and approved. A refused id stays refused, so the next try has its own; one
        that got no answer is tried again as it is, which is harmless."""
        asked = self._scenario.search
        name = f"demo-{self._sweeps + self._refused + 1}"
        body: dict[str, Any] = {"id": name, "area": self._area, "height_agl_m": asked.height_agl_m}
        body["drones"] = [f"d{k + 1}" for k in range(self._scenario.fleet.drones)]
        body["speed_mps"] = round(asked.speed_mps * CLOSER**self._sweeps, 1)
        if self._sweeps % 2 == 1:
            body["gimbal_pitch_deg"] = SLANT_DEG
        if asked.swath_m is not None:
            body["swath_m"] = round(asked.swath_m * CLOSER**self._sweeps, 1)
        planned = await self._ask("/api/v1/searches", body)
        if planned:
            await asyncio.sleep(READS_S)
        if planned and await self._ask(f"/api/v1/searches/{name}/approve"):
            self._sweeps += 1
            self._wants_search = story.search_over = False
        else:
            await asyncio.sleep(TRY_AGAIN_S)

    async def _ask(self, path: str, body: dict[str, Any] | None = None) -> bool:
        """One wish; a refusal or a missing answer is printed once and answered with False."""
        try:
            await self._api.post(path, body)
        except (ApiRefused, Fault) as e:
            self._refused += isinstance(e, ApiRefused)
            if str(e) != self._told:
                self._told = str(e)
                self._tell(f"refused: {e}" if isinstance(e, ApiRefused) else str(e))
            return False
        return True
