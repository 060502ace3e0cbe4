"""kill -9 of the coordinator in mid-search; restarted, it shows the same and sends nothing.

Back before the aircraft's link-loss time, the search goes on; later they have come home by themselves, and it says so.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from airground.demo.processes import Running, start_server, until_up
from core.events import Fact, MissionUploaded, OrderGiven, SearchAccepted, SearchApproved, SectorFailed
from core.io.api import Api
from core.io.log.sqlite import SqliteLog
from sitl.world.export import SITE_ID, area_feature
from tests.scenarios.theatre import SMALL, Play, Theatre

PATIENT, HASTY = "[fleet]\nlink_loss_s = 60", "[fleet]\nlink_loss_s = 5"

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(400)]


def any_in(picture: dict[str, Any], *phases: str) -> bool:
    return any(d["phase"] in phases for d in picture["drones"].values())


def all_heard(picture: dict[str, Any]) -> bool:
    return all(d["lat_deg"] for d in picture["drones"].values())


def lasting(picture: dict[str, Any]) -> dict[str, Any]:
    """What must be the same after a restart."""
    return {
        "searches": {k: (v["state"], v["area"], v["plan"]["cover"]) for k, v in picture["searches"].items()},
        "incidents": {k: (v["kind"], v["lat_deg"], v["lon_deg"], v["camera"]) for k, v in picture["incidents"].items()},
        "units": {k: (v["name"], v["lat_deg"], v["lon_deg"]) for k, v in picture["units"].items()},
    }


def scenario(folder: Path, fleet: str) -> str:
    """The small scenario with aircraft that wait for a lost ground station as long as `fleet` says."""
    made = folder / "killed.toml"
    made.write_text(SMALL.read_text().replace("[fleet]", fleet))
    return str(made)


async def order_search(play: Play) -> None:
    """A search of the whole wood, approved, with a smoke alarm and a unit on the map beside it."""
    stage = play.stage
    async with Api(stage.server, stage.site_token) as site:
        await site.post(f"/api/v1/sites/{SITE_ID}/alarms", {"id": "a1", "device": "smoke-3-2", "kind": "smoke"})
    unit, _, place = stage.world.unit_starts()[0]
    async with Api(stage.server, stage.unit_tokens[unit]) as phone:
        body = {"lat_deg": place.lat_deg, "lon_deg": place.lon_deg}
        await phone.post(f"/api/v1/units/{unit}/position", body)
    await play.until(all_heard, 60)
    await asyncio.sleep(2.0)
    search = {"id": "s1", "area": area_feature(stage.world), "height_agl_m": 50, "speed_mps": 6}
    await play.api.post("/api/v1/searches", search)
    await play.api.post("/api/v1/searches/s1/approve")


@asynccontextmanager
async def killed_for(play: Play, seconds: float) -> AsyncIterator[dict[str, Any]]:
    """kill -9, `seconds` without a coordinator, then a new one: its first picture with all drones heard."""
    play.running.serve.send_signal(signal.SIGKILL)
    play.running.serve.wait()
    await asyncio.sleep(seconds)
    again = Running(start_server(play.stage), play.running.sim)
    try:
        await until_up(play.stage, again)
        await play.api.sign_in(play.stage.operator, play.stage.operator_password)
        yield await play.until(all_heard, 20)
    finally:
        again.serve.terminate()
        again.serve.wait(10)


async def test_a_search_outlives_its_coordinator(theatre: Theatre, tmp_path: Path) -> None:
    async with theatre(scenario(tmp_path, PATIENT), "px4") as play:
        await order_search(play)
        await play.until(lambda p: any_in(p, "sweeping"), 150)
        await asyncio.sleep(1.5)
        before = await play.picture()
        async with killed_for(play, 4.0) as after:
            assert lasting(after) == lasting(before)
            ended = await play.until(lambda p: p["searches"]["s1"]["state"] == "ended", 200)
            assert ended["searches"]["s1"]["outcome"] == "swept"
        await nothing_was_sent_twice(play.stage.folder / "var" / "log.db")


async def test_aircraft_come_home_when_the_coordinator_stays_away(theatre: Theatre, tmp_path: Path) -> None:
    async with theatre(scenario(tmp_path, HASTY), "ardupilot") as play:
        await order_search(play)
        await play.until(lambda p: all(d["phase"] == "transit" for d in p["drones"].values()), 90)
        before = await play.picture()
        async with killed_for(play, 10.0) as after:
            same = ("incidents", "units")
            assert {k: lasting(after)[k] for k in same} == {k: lasting(before)[k] for k in same}
            ended = await play.until(lambda p: p["searches"]["s1"]["state"] == "ended", 60)
            assert ended["searches"]["s1"]["outcome"] == "failed"
            await play.until(lambda p: not any_in(p, "sweeping", "transit"), 5)
        log = play.stage.folder / "var" / "log.db"
        await nothing_was_sent_twice(log)
        failures = [f for f in await facts_of(log) if isinstance(f, SectorFailed)]
        assert len(failures) == 2
        assert all("broke off by itself" in f.reason for f in failures)


async def facts_of(path: Path) -> list[Fact]:
    log = SqliteLog(path)
    facts = [r.fact for r in await log.read(0, 100_000)]
    await log.close()
    return facts


async def nothing_was_sent_twice(path: Path) -> None:
    facts = await facts_of(path)
    uploads = [f for f in facts if isinstance(f, MissionUploaded)]
    assert len({u.sector for u in uploads}) == len(uploads)
    assert sum(isinstance(f, SearchAccepted) for f in facts) == 1
    assert sum(isinstance(f, SearchApproved) for f in facts) == 1
    assert not [f for f in facts if isinstance(f, OrderGiven)]
