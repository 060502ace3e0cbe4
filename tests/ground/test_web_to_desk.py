"""From HTTP through the desk and a real log file to the picture: an alarm, a unit sent, led there, and done."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.io.log.sqlite import SqliteLog
from core.io.settings import DispatchSettings
from core.roles import Role
from ground.desk import Ground, GroundDesk
from ground.dispatch.roads import no_roads
from ground.dispatch.route import Router
from tests.ground.ground_worlds import ORIGIN, at, sighting
from tests.ground.web_world import SETTINGS, World, world


async def until(w: World, holds) -> None:
    async with asyncio.timeout(10):
        while not holds(w.live.picture):
            await w.live.ticked()


async def post(c, path: str, body: dict | None = None, status: int = 200) -> dict:
    answer = await c.post(f"/api/v1{path}", json=body or {})
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.mark.parametrize("auto", [False, True])
async def test_a_person_seen_is_reached_by_the_nearest_unit(tmp_path: Path, auto: bool) -> None:
    log = SqliteLog(tmp_path / "log.sqlite")
    desks: list[GroundDesk] = []
    w = world(tmp_path, ask=lambda wish: desks[0].ask(wish), log=log)
    ground = Ground(Router(no_roads(ORIGIN)), w.parts.sites, SETTINGS.units, DispatchSettings(auto_send=auto))
    desks.append(GroundDesk(log, w.trail, w.clock, ground))
    running = asyncio.create_task(desks[0].run())
    async with w.running(), w.client(Role.DISPATCHER) as dispatcher, w.client(Role.UNIT) as unit:
        far = at(0, 400)
        await post(unit, "/units/u1/position", {"lat_deg": far.lat_deg, "lon_deg": far.lon_deg, "heading_deg": 10})
        await log.append(w.clock.now(), sighting("s1"))
        await until(w, lambda p: "i-s1" in p.book.incidents)
        task = "t-i-s1"
        if not auto:
            task = (await post(dispatcher, "/incidents/i-s1/send"))["id"]
        await until(w, lambda p: task in p.roster.tasks)
        shown = (await unit.get("/api/v1/units/u1/task")).json()
        assert shown["task"]["id"] == task
        assert shown["guidance"]["distance_m"] == pytest.approx(400, abs=1)
        assert shown["guidance"]["bearing_deg"] == pytest.approx(180, abs=0.5)
        assert shown["guidance"]["ellipse"]["major_m"] > 0
        await post(unit, f"/tasks/{task}/accept")
        assert "still" in (await post(unit, f"/tasks/{task}/arrive", _place(0, 400), 422))["reasons"][0]["problem"]
        await post(unit, f"/tasks/{task}/arrive", _place(5, 5))
        await post(unit, f"/tasks/{task}/clear", {"outcome": "person_found"})
        await post(dispatcher, "/incidents/i-s1/close", {"note": "walked out well"})
        await until(w, lambda p: p.book.incidents["i-s1"].state == "closed")
        picture = (await dispatcher.get("/api/v1/picture")).json()
    assert picture["tasks"][task]["outcome"] == "person_found"
    assert picture["incidents"]["i-s1"]["note"] == "walked out well"
    assert picture["units"]["u1"]["task"] is None
    await log.close()
    async with asyncio.timeout(10):
        await running


async def test_a_smoke_alarm_opens_an_incident_and_a_dispatcher_recalls_the_unit(
    tmp_path: Path,
) -> None:
    desks: list[GroundDesk] = []
    w = world(tmp_path, ask=lambda wish: desks[0].ask(wish))
    ground = Ground(Router(no_roads(ORIGIN)), w.parts.sites, SETTINGS.units)
    desks.append(GroundDesk(w.log, w.trail, w.clock, ground))
    running = asyncio.create_task(desks[0].run())
    async with w.running(), w.client(Role.DISPATCHER) as dispatcher, w.client(Role.UNIT) as unit:
        async with w.client(Role.SITE) as site:
            alarm = {"id": "a-1", "device": "smoke-1", "kind": "smoke"}
            assert await post(site, "/sites/site-1/alarms", alarm) == await post(site, "/sites/site-1/alarms", alarm)
            wrong = await post(site, "/sites/site-1/alarms", {"device": "cam-n", "kind": "smoke"}, 422)
            assert wrong["reasons"][0]["field"] == "kind"
        await until(w, lambda p: "i-a-1" in p.book.incidents)
        assert w.live.picture.entity("incidents", "i-a-1")["camera"] == "cam-n"
        await post(unit, "/units/u1/position", _place(0, 300))
        await post(dispatcher, "/incidents/i-a-1/send", {"task": "t-1"})
        await until(w, lambda p: "t-1" in p.roster.tasks)
        await post(dispatcher, "/tasks/t-1/clear", {"outcome": "handled"}, 403)
        await post(dispatcher, "/tasks/t-1/clear", {"outcome": "recalled"})
        lone = await dispatcher.post(
            "/api/v1/incidents/i-a-1/confirm",
            content=b'{"note": "\\ud800"}',
            headers={"Content-Type": "application/json"},
        )
        assert lone.status_code == 422
        assert lone.json()["reasons"][0]["field"] == "note"
    await w.log.close()
    async with asyncio.timeout(10):
        await running


def _place(x: float, y: float) -> dict[str, float]:
    p = at(x, y)
    return {"lat_deg": p.lat_deg, "lon_deg": p.lon_deg}
