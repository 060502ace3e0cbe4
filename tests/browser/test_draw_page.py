"""A search area drawn in real Chromium becomes the wish that was chosen in the form."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.commands import SearchArea
from core.roles import Role
from tests.browser.test_coverage_page import page, served

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


async def test_straight_lines_are_asked_for_when_chosen(tmp_path: Path) -> None:
    async with served(tmp_path) as (w, address), page(address, w.tokens[Role.SUPERVISOR]) as made:
        await made.get_by_test_id("draw").click()
        for x, y in ((500, 300), (800, 300), (800, 600), (500, 600)):
            await made.mouse.click(x, y)
        await made.keyboard.press("Enter")
        await made.get_by_test_id("draw-plain").check()
        await made.screenshot(path=tmp_path / "night-en.png")
        await made.get_by_test_id("theme").first.click()
        await made.get_by_test_id("language").first.click()
        await made.get_by_text("S形直线").wait_for()
        await made.screenshot(path=tmp_path / "day-zh.png")
        await made.get_by_test_id("plan").click()
        async with asyncio.timeout(20):
            while not w.asked:  # noqa: ASYNC110 - looks at the server's side
                await asyncio.sleep(0.1)
    (wish,) = w.asked
    assert isinstance(wish, SearchArea)
    assert wish.plain
    assert len(wish.area.outer) == 4
