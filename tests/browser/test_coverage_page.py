"""Gaps and POD on the map in real Chromium: figures in the panel, the button that flies gaps again, the switch."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import shapely
import uvicorn
from playwright.async_api import Page, async_playwright

from airground.coordinator import listening
from core.camera import THERMAL_640
from core.commands import SearchArea
from core.events import Fact, SearchAccepted, SearchApproved, SearchEnded, SearchOutcome, SearchPlan, Sector, StripSwept
from core.geo import Area, LatLon, LocalFrame
from core.ids import DroneId, PersonName, SearchId, SectorId
from core.io.log.memory import MemoryLog
from core.io.runtime import SystemClock
from core.io.settings import MapSettings, Place
from core.roles import Role
from core.units import UtcSeconds
from flightops.coverage.book import CoverageBook
from flightops.coverage.land import woods_from
from flightops.coverage.pod_picture import Theme
from flightops.coverage.seen import Means
from flightops.planning.probability.grid import parts
from ground.web.edge.access import COOKIE
from ground.web.parts import STATIC
from ground.web.server import server_config
from tests.browser.test_whole_path import FLAGS, SLOW_MS
from tests.flightops.coverage.test_pod_map import on_map
from tests.ground import web_world

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

FRAME = LocalFrame(LatLon(42.5, 1.5))
WHO, HERE, DRONE = PersonName("chen"), SearchId("S-1122-1349-k7pa"), DroneId("d1")
AREA = shapely.Polygon([(-300, -200), (320, -180), (280, 240), (-260, 200)])
MISSED = (shapely.box(60, 20, 110, 60), shapely.box(-150, -120, -60, -112))


def ring(polygon: shapely.Polygon) -> tuple[LatLon, ...]:
    return tuple(FRAME.to_latlon(x, y) for x, y in list(polygon.exterior.coords)[:-1])


def facts() -> list[Fact]:
    path = tuple(FRAME.to_latlon(x, y) for x, y in ((-280.0, -180.0), (280.0, -160.0)))
    sector = Sector(SectorId("a"), DRONE, path, 560.0, 60.0)
    plan = SearchPlan(44.7, 12.0, 60.0, -90.0, 0.9961, (sector,))
    seen = AREA.difference(shapely.union_all(list(MISSED)))
    strips = [p for x in range(-300, 320, 20)
              for p in parts(seen.intersection(shapely.box(x, -300, x + 20, 300)))]  # fmt: skip
    return [
        SearchAccepted(HERE, Area(ring(AREA)), plan, WHO),
        SearchApproved(HERE, WHO),
        *(StripSwept(HERE, SectorId("a"), DRONE, ring(p)) for p in strips),
        SearchEnded(HERE, SearchOutcome.SWEPT, WHO),
    ]


def basemap() -> bytes:
    outline = [[p.lon_deg, p.lat_deg] for p in ring(shapely.box(-500, -400, 0, 400))]
    shape = {"type": "Polygon", "coordinates": [[*outline, outline[0]]]}
    wood = {"type": "Feature", "properties": {"kind": "forest", "canopy": 0.7}, "geometry": shape}
    return json.dumps({"type": "FeatureCollection", "features": [wood]}).encode()


@contextlib.asynccontextmanager
async def served(folder: Path) -> AsyncIterator[tuple[web_world.World, str]]:
    """The page over a record with one search flown; wishes are kept in the world's `asked`."""
    log = MemoryLog()
    await log.append(UtcSeconds(SystemClock().now() - 600.0), *facts())
    means = Means(THERMAL_640, 36.0, woods_from(json.loads(basemap())))
    w = web_world.world(
        folder,
        log=log,
        static=STATIC,
        basemap=basemap(),
        must_change=False,
        coverage=CoverageBook(log, means, SystemClock()),
    )
    door = listening("127.0.0.1", 0)
    server = uvicorn.Server(server_config(w.app, "127.0.0.1", 0))
    real = SystemClock()
    w.clock.now, w.clock.monotonic = real.now, real.monotonic  # type: ignore[method-assign]
    async with w.running():
        task = asyncio.create_task(server.serve(sockets=[door]))
        yield w, f"http://127.0.0.1:{door.getsockname()[1]}"
        server.should_exit = True
        await task


@contextlib.asynccontextmanager
async def page(address: str, token: str) -> AsyncIterator[Page]:
    """A signed-in map. Errors in the page's console fail the test."""
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    assert browser_path, "no Chromium: run `make system-packages`"
    errors: list[str] = []
    async with async_playwright() as tools:
        browser = await tools.chromium.launch(executable_path=browser_path, args=FLAGS)
        context = await browser.new_context(viewport={"width": 1440, "height": 900})
        await context.add_cookies([{"name": COOKIE, "value": token, "url": address}])
        made = await context.new_page()
        made.set_default_timeout(SLOW_MS)
        made.on("pageerror", lambda e: errors.append(str(e)))
        await made.goto(address)
        await made.get_by_test_id("map").wait_for()
        yield made
        await browser.close()
    assert not errors


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The map opens over the search."""
    settings = web_world.SETTINGS
    over = MapSettings(centre=Place(lat_deg=42.5, lon_deg=1.5), zoom=15.5)
    monkeypatch.setattr(
        web_world, "SETTINGS", type(settings)(data_dir="data", map=over, drones=settings.drones, units=settings.units)
    )


async def test_gaps_are_told_and_flown_again(tmp_path: Path) -> None:
    async with served(tmp_path) as (w, address), page(address, w.tokens[Role.SUPERVISOR]) as made:
        await made.get_by_test_id("tab-searches").click()
        await made.get_by_test_id("coverage").wait_for()
        seen = 1 - sum(m.area for m in MISSED) / AREA.area
        told = await made.get_by_test_id("coverage-seen").inner_text()
        assert abs(float(told.removesuffix(" %")) / 100 - seen) < 0.002
        assert (await made.get_by_test_id("coverage-gaps").inner_text()).startswith("2 · ")
        assert await made.get_by_test_id("coverage-canopy").is_visible()
        await made.get_by_test_id("legend").click()
        await made.get_by_text("Not seen though flown").wait_for()
        await made.get_by_test_id("search-card").get_by_role("button").first.click()
        await made.wait_for_timeout(2500)
        await made.screenshot(path=tmp_path / "night-en.png")
        await made.get_by_test_id("theme").first.click()
        await made.get_by_test_id("language").first.click()
        await made.get_by_text("补飞漏扫区").wait_for()
        await made.wait_for_timeout(1500)
        await made.screenshot(path=tmp_path / "day-zh.png")
        await made.get_by_test_id("fly-gaps").click()
        async with asyncio.timeout(20):
            while len(w.asked) < 2:  # noqa: ASYNC110 - looks at the server's side
                await asyncio.sleep(0.1)
        for wish in w.asked:
            assert isinstance(wish, SearchArea)
            assert wish.swath_m == 44.7
            assert wish.height_agl_m == 60.0
        held = [shapely.Polygon([FRAME.to_xy(p) for p in wish.area.outer]) for wish in w.asked]
        for gap in MISSED:
            assert any(h.buffer(0.5).covers(gap) for h in held)


async def test_the_pod_map_lies_under_the_gaps_and_follows_the_search(tmp_path: Path) -> None:
    async with served(tmp_path) as (w, address), page(address, w.tokens[Role.UNIT]) as made:
        await made.get_by_test_id("tab-searches").click()
        switch = made.get_by_role("switch", name="POD map")
        await switch.wait_for()
        assert await painted(made, Theme.NIGHT) < 100
        await switch.focus()
        async with made.expect_response("**/coverage/pod.png?theme=night"):
            await made.keyboard.press("Space")
        assert await switch.get_attribute("aria-checked") == "true"
        legend = made.get_by_role("complementary", name="Probability of detection (POD)")
        assert "0 %: not looked at" in await legend.inner_text()
        await made.wait_for_timeout(2500)
        before = await painted(made, Theme.NIGHT)
        assert before > 20_000
        await made.screenshot(path=tmp_path / "pod-night-en.png")
        async with made.expect_response("**/coverage/pod.png?theme=night", timeout=60_000):
            at = UtcSeconds(SystemClock().now())
            await w.log.append(at, *(StripSwept(HERE, SectorId("a"), DRONE, ring(m)) for m in MISSED))
        await made.wait_for_timeout(1500)
        assert await painted(made, Theme.NIGHT) > before + 300, "ground seen since is painted"
        async with made.expect_response("**/coverage/pod.png?theme=day"):
            await made.get_by_test_id("theme").first.click()
        await made.get_by_test_id("language").first.click()
        await made.get_by_role("complementary", name="发现概率（POD）").wait_for()
        await made.wait_for_timeout(1500)
        assert await painted(made, Theme.DAY) > 20_000
        await made.screenshot(path=tmp_path / "pod-day-zh.png")
        await made.get_by_role("switch", name="发现概率图").click()
        await made.get_by_test_id("pod-legend").wait_for(state="detached")
        await made.wait_for_timeout(1000)
        assert await painted(made, Theme.DAY) < 100


async def painted(made: Page, theme: Theme) -> int:
    """Pixels of the page in the colour of open ground that one sweep has seen."""
    colour = on_map(theme, int(100 * (1 - math.exp(-36.0 / 44.7))))
    shot = cv2.imdecode(np.frombuffer(await made.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    return int((np.abs(shot[..., ::-1] - colour) < 4.0).all(axis=2).sum())
