"""Simulated patrol units: each holds a phone (the unit API), takes tasks, goes where it is led, and looks.

A unit knows only what its phone tells it and what it sees within arm's reach of the truth: it drives on roads,
walks off them, and reports what is there, found or not.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from core.clock import Clock
from core.errors import Fault
from core.geo import LatLon, bearing_deg, distance_m, moved
from core.io.api import Api, ApiRefused
from core.units import UtcSeconds

RIDE_MPS = 11.0
WALK_MPS = 1.3
"""On foot in forest, with a light (Tobler's 6 km/h on level tracks, less the undergrowth)."""
REACHED_M = 5.0
LOOK_AROUND_M = 12.0
STEP_S = 1.0


@dataclass(frozen=True, slots=True)
class Eyes:
    """What the world shows a unit: the speed a road at a place allows (None: no road), and whether a lost person is
    in sight of it."""

    road_speed: Callable[[LatLon], float | None]
    sees_person: Callable[[LatLon, UtcSeconds], bool]


@dataclass(frozen=True, slots=True)
class Walk:
    """Where a unit is and the places it still has to pass."""

    place: LatLon
    ahead: tuple[LatLon, ...] = ()
    speed_mps: float = 0.0
    heading_deg: float = 0.0


def step(walk: Walk, dt_s: float, road_speed: Callable[[LatLon], float | None]) -> Walk:
    """`walk` dt_s later: riding between places that are both on a road, on foot otherwise."""
    left_s, speed, heading = dt_s, 0.0, walk.heading_deg
    place, ahead = walk.place, walk.ahead
    while left_s > 0 and ahead:
        target = ahead[0]
        gap = distance_m(place, target)
        allowed = (road_speed(place) or WALK_MPS, road_speed(target) or WALK_MPS)
        speed = min(*allowed, RIDE_MPS)
        if gap > 0.01:
            heading = bearing_deg(place, target)
        if gap <= speed * left_s:
            left_s -= gap / speed
            place, ahead = target, ahead[1:]
        else:
            place = moved(place, heading, speed * left_s)
            left_s = 0.0
    return Walk(place, ahead, speed if walk.ahead else 0.0, heading)


class PatrolUnit:
    """One unit with its phone."""

    def __init__(self, unit: str, api: Api, start: LatLon, eyes: Eyes, clock: Clock) -> None:
        self._unit = unit
        self._api = api
        self._eyes = eyes
        self._clock = clock
        self._walk = Walk(start)
        self._following: str | None = None

    @property
    def place(self) -> LatLon:
        """Where it truly is."""
        return self._walk.place

    async def run(self) -> None:
        """Go on until cancelled. A phone without signal tries again a second later."""
        while True:
            with contextlib.suppress(Fault, ApiRefused):
                await self._tell()
                await self._work()
            self._walk = step(self._walk, STEP_S, self._eyes.road_speed)
            await asyncio.sleep(STEP_S)

    async def _tell(self) -> None:
        walk = self._walk
        body = {"lat_deg": walk.place.lat_deg, "lon_deg": walk.place.lon_deg, "at": self._clock.now()}
        body |= {"heading_deg": walk.heading_deg, "speed_mps": walk.speed_mps}
        await self._api.post(f"/api/v1/units/{self._unit}/position", body)

    async def _work(self) -> None:
        answer = await self._api.get(f"/api/v1/units/{self._unit}/task")
        task = answer.get("task")
        if task is None:
            self._walk, self._following = replace(self._walk, ahead=()), None
            return
        if task["state"] == "sent":
            await self._api.post(f"/api/v1/tasks/{task['id']}/accept")
        if self._following != task["id"]:
            route = tuple(LatLon(lat, lon) for lon, lat in task["route"])
            self._walk, self._following = replace(self._walk, ahead=route), task["id"]
        await self._led(task, answer["guidance"])

    async def _led(self, task: dict[str, Any], guidance: dict[str, Any]) -> None:
        """Follow the guidance to the newest place; there, look around and tell what was found."""
        target = LatLon(guidance["lat_deg"], guidance["lon_deg"])
        if task["state"] == "arrived":
            await self._look(task["id"], target)
        elif distance_m(self._walk.place, target) <= REACHED_M:
            place = {"lat_deg": self._walk.place.lat_deg, "lon_deg": self._walk.place.lon_deg}
            await self._api.post(f"/api/v1/tasks/{task['id']}/arrive", place)
            around = tuple(moved(target, b, LOOK_AROUND_M) for b in (0.0, 120.0, 240.0))
            self._walk = replace(self._walk, ahead=around)
        elif not self._walk.ahead or distance_m(self._walk.ahead[-1], target) > REACHED_M:
            self._walk = replace(self._walk, ahead=(*self._walk.ahead[:-1], target))

    async def _look(self, task: str, target: LatLon) -> None:
        """Report a person as soon as one is in sight, nothing once all was walked round."""
        if self._eyes.sees_person(self._walk.place, self._clock.now()):
            await self._api.post(f"/api/v1/tasks/{task}/clear", {"outcome": "person_found"})
        elif not self._walk.ahead:
            await self._api.post(f"/api/v1/tasks/{task}/clear", {"outcome": "nothing_found"})
