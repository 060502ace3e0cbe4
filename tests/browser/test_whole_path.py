"""One whole path in real headless Chromium: sign in, draw, plan, approve, a person found, hold all, return all."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright

from core.geo import LatLon
from core.io.api import Api
from tests.scenarios.theatre import SMALL, Play, Theatre

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
SLOW_MS = 60_000


@asynccontextmanager
async def page(play: Play) -> AsyncIterator[Page]:
    """A signed-in map. Errors in the page's console fail the test."""
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    assert browser_path, "no Chromium: run `make system-packages`"
    errors: list[str] = []
    async with async_playwright() as tools:
        browser = await tools.chromium.launch(executable_path=browser_path, args=FLAGS)
        made = await browser.new_page(viewport={"width": 1440, "height": 900})
        made.set_default_timeout(SLOW_MS)
        made.on("pageerror", lambda e: errors.append(str(e)))
        await made.goto(play.stage.server)
        assert play.stage.admin_password
        await made.get_by_test_id("login-name").fill("admin")
        await made.get_by_test_id("login-password").fill(play.stage.admin_password)
        await made.get_by_test_id("login-submit").click()
        await made.get_by_test_id("password-old").fill(play.stage.admin_password)
        for box in ("password-new", "password-again"):
            await made.get_by_test_id(box).fill("a-long-night-at-the-map")
        await made.get_by_test_id("password-submit").click()
        await made.get_by_test_id("map").wait_for()
        await made.get_by_test_id("mark-drone-d1").wait_for()
        yield made
        await browser.close()
    assert not errors


async def centre(made: Page, mark: str) -> tuple[float, float]:
    """Screen place of a mark's middle, px."""
    box = await made.get_by_test_id(mark).bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


async def draw_area(made: Page, play: Play) -> None:
    """Click the corners of the search area on the map, as a person does, and close it with Enter.

    Where a corner lies on the screen follows from two units' marks (scale) and a drone's mark (place).
    """
    frame, picture = play.stage.world.frame, await play.picture()

    def metres(entity: dict[str, Any]) -> tuple[float, float]:
        return frame.to_xy(LatLon(entity["lat_deg"], entity["lon_deg"]))

    (ax, _), (bx, _) = metres(picture["units"]["u1"]), metres(picture["units"]["u2"])
    (au, _), (bu, _) = await centre(made, "mark-unit-u1"), await centre(made, "mark-unit-u2")
    px_per_m = (bu - au) / (bx - ax)
    (dx, dy), (du, dv) = metres(picture["drones"]["d1"]), await centre(made, "mark-drone-d1")
    await made.get_by_test_id("draw").click()
    for x, y in play.stage.world.area[::4]:
        await made.mouse.click(du + (x - dx) * px_per_m, dv - (y - dy) * px_per_m)
    await made.keyboard.press("Enter")


async def units_report(play: Play) -> None:
    for unit, _, place in play.stage.world.unit_starts():
        async with Api(play.stage.server, play.stage.unit_tokens[unit]) as phone:
            body = {"lat_deg": place.lat_deg, "lon_deg": place.lon_deg}
            await phone.post(f"/api/v1/units/{unit}/position", body)


async def test_from_a_polygon_on_the_map_to_a_found_person(theatre: Theatre, tmp_path: Path) -> None:
    async with theatre(str(SMALL), "px4") as play, page(play) as made:
        await play.until(lambda p: all(d["lat_deg"] for d in p["drones"].values()), 60)
        await units_report(play)
        await made.get_by_test_id("mark-unit-u2").wait_for()
        await draw_area(made, play)
        await made.get_by_test_id("draw-height").fill("50")
        await made.get_by_test_id("draw-speed").fill("8")
        await made.get_by_test_id("plan").click()
        await made.get_by_test_id("approve").click()
        flown = await play.until(lambda p: any(s["state"] == "flying" for s in p["searches"].values()), 30)
        (search,) = flown["searches"].values()
        assert search["by"] == "admin"
        assert search["plan"]["cover"] >= 0.99
        await play.until(lambda p: any(i["kind"] == "person_seen" for i in p["incidents"].values()), 240)
        await made.get_by_test_id("tab-incidents").click()
        await made.get_by_test_id("incident-row").first.wait_for()
        await made.screenshot(path=tmp_path / "incident.png")

        await made.get_by_test_id("hold-all").click()
        await play.until(lambda p: any(d["phase"] == "holding" for d in p["drones"].values()), 30)
        button = made.get_by_test_id("return-all")
        await button.hover()
        await made.mouse.down()
        await made.wait_for_timeout(4000)
        await made.mouse.up()
        await play.until(lambda p: any(d["phase"] in ("returning", "landing") for d in p["drones"].values()), 30)

        await made.get_by_test_id("language").first.click()
        assert await made.get_by_text("警情").first.is_visible()
        (tmp_path / "picture.json").write_text(json.dumps(await play.picture()))
