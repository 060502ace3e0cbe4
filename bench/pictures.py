"""Pictures of the live map from a running demo, for the docs: night and day, English and Chinese.

usage: python -m bench.pictures http://127.0.0.1:8440 ONE_TIME_PASSWORD docs/pictures [--name map] [--video video]
The one-time password is used up: the account `admin` gets the password printed here.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
PASSWORD = "pictures-of-the-night"


def sign_in(page: Page, server: str, password: str) -> None:
    page.goto(server)
    page.get_by_test_id("login-name").fill("admin")
    page.get_by_test_id("login-password").fill(password)
    page.get_by_test_id("login-submit").click()
    page.wait_for_selector("[data-testid=password-form], [data-testid=login-error], [data-testid=map]")
    if page.get_by_test_id("login-error").count():
        page.get_by_test_id("login-password").fill(PASSWORD)
        page.get_by_test_id("login-submit").click()
    elif page.get_by_test_id("password-form").count():
        page.get_by_test_id("password-old").fill(password)
        page.get_by_test_id("password-new").fill(PASSWORD)
        page.get_by_test_id("password-again").fill(PASSWORD)
        page.get_by_test_id("password-submit").click()
    page.wait_for_selector("[data-testid=map][data-ready=true]")
    print(f"admin's password is now {PASSWORD}")


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("server")
    ask.add_argument("password")
    ask.add_argument("out", type=Path)
    ask.add_argument("--name", default="map")
    ask.add_argument("--video", metavar="NAME", help="also open the drones' video, and take pictures NAME-*.png of it")
    told = ask.parse_args()
    told.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(90_000)
        sign_in(page, told.server, told.password)
        page.get_by_test_id("fit").click()
        page.get_by_test_id("tab-incidents").click()
        row = page.get_by_test_id("incident-row").last.locator(".head")
        if row.count():
            row.click()
        shoot(page, told.out, told.name)
        if told.video:
            open_video(page)
            shoot(page, told.out, told.video)
        browser.close()


def shoot(page: Page, out: Path, name: str) -> None:
    """The page as it stands, night and day, in both languages; it is left as it was."""
    for theme in ("night", "day"):
        for language in ("en", "zh"):
            page.wait_for_timeout(2500)
            page.screenshot(path=out / f"{name}-{theme}-{language}.png")
            page.get_by_test_id("language").first.click()
        page.get_by_test_id("theme").first.click()


def open_video(page: Page) -> None:
    """The drones' tiles, and the last one large; looking needs a purpose, which goes on record."""
    page.get_by_test_id("tab-drones").click()
    page.get_by_test_id("video-open").click()
    page.get_by_test_id("purpose").fill("find the lost hiker")
    page.get_by_test_id("purpose-open").click()
    page.wait_for_selector("[data-testid=video-tile][data-state=playing]")
    page.get_by_test_id("video-large").last.click()


if __name__ == "__main__":
    main()
