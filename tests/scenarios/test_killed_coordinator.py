"""kill -9 of the coordinator in mid-search: aircraft go on; the restarted one shows the same and sends nothing."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Any

import pytest

from airground.demo.processes import Running, start_server, until_up
from core.events import MissionUploaded, OrderGiven, SearchAccepted, SearchApproved
from core.io.log.sqlite import SqliteLog
from sitl.world.export import SITE_ID, area_feature
from tests.scenarios.theatre import SMALL, Theatre

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(400)]


def sweeping(picture: dict[str, Any]) -> bool:
    return any(d["phase"] == "sweeping" for d in picture["drones"].values())


def lasting(picture: dict[str, Any]) -> dict[str, Any]:
    """What must be the same after a restart."""
    return {
        "searches": {k: (v["state"], v["area"], v["plan"]["cover"]) for k, v in picture["searches"].items()},
        "incidents": {k: (v["kind"], v["lat_deg"], v["lon_deg"], v["camera"]) for k, v in picture["incidents"].items()},
        "units": {k: (v["name"], v["lat_deg"], v["lon_deg"]) for k, v in picture["units"].items()},
    }


async def test_a_search_outlives_its_coordinator(theatre: Theatre, tmp_path: Path) -> None:
    async with theatre(str(SMALL), "px4") as play:
        stage = play.stage
        from core.io.api import Api

        async with Api(stage.server, stage.site_token) as site:
            await site.post(f"/api/v1/sites/{SITE_ID}/alarms", {"id": "a1", "device": "smoke-3-2", "kind": "smoke"})
        unit, _, place = stage.world.unit_starts()[0]
        async with Api(stage.server, stage.unit_tokens[unit]) as phone:
            body = {"lat_deg": place.lat_deg, "lon_deg": place.lon_deg}
            await phone.post(f"/api/v1/units/{unit}/position", body)
        await play.until(lambda p: all(d["lat_deg"] for d in p["drones"].values()), 60)
        await asyncio.sleep(2.0)
        search = {"id": "s1", "area": area_feature(stage.world), "height_agl_m": 50, "speed_mps": 6}
        await play.api.post("/api/v1/searches", search)
        await play.api.post("/api/v1/searches/s1/approve")
        await play.until(sweeping, 150)
        await asyncio.sleep(1.5)
        before = await play.picture()
        play.running.serve.send_signal(signal.SIGKILL)
        play.running.serve.wait()
        await asyncio.sleep(4.0)

        again = Running(start_server(stage), play.running.sim)
        try:
            await until_up(stage, again)
            await play.api.sign_in(stage.operator, stage.operator_password)
            after = await play.until(lambda p: all(d["lat_deg"] for d in p["drones"].values()), 20)
            assert lasting(after) == lasting(before)
            ended = await play.until(lambda p: p["searches"]["s1"]["state"] == "ended", 200)
            assert ended["searches"]["s1"]["outcome"] == "swept"
        finally:
            again.serve.terminate()
            again.serve.wait(10)
        await nothing_was_sent_twice(stage.folder / "var" / "log.db")


async def nothing_was_sent_twice(path: Path) -> None:
    log = SqliteLog(path)
    facts = [r.fact for r in await log.read(0, 100_000)]
    await log.close()
    uploads = [f for f in facts if isinstance(f, MissionUploaded)]
    assert len({u.sector for u in uploads}) == len(uploads)
    assert sum(isinstance(f, SearchAccepted) for f in facts) == 1
    assert sum(isinstance(f, SearchApproved) for f in facts) == 1
    assert not [f for f in facts if isinstance(f, OrderGiven)]
