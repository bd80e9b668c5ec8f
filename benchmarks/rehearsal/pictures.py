"""Pictures of the desk and the floor while work is going on, taken by a real browser."""

from __future__ import annotations

import threading
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks.rehearsal.desk import PASSWORD

CHROMIUM = "/usr/bin/chromium"
WIDTH, HEIGHT = 1280, 800


class Photographer:
    """Takes pictures into `folder` after `seconds`, beside everything else."""

    def __init__(self, address: str, folder: Path, seconds: float, operator: str, coordinator: str) -> None:
        """Begin waiting."""
        self._address, self._folder, self._seconds = address, folder, seconds
        self._visits = ((operator, "/desk", "desk"), (coordinator, "/floor", "floor"))
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Wait for the pictures; where the run was shorter than the wait, take none."""
        self._leaving.set()
        self._thread.join(60)

    def _take(self) -> None:
        if self._leaving.wait(self._seconds):
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            for email, path, name in self._visits:
                self._picture(browser, email, path, self._folder / f"{name}.png")
            browser.close()

    def _picture(self, browser: Browser, email: str, path: str, file: Path) -> None:
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(f"{self._address}/login")
        page.fill("[name=email]", email)
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        page.wait_for_url(lambda url: "/login" not in url)
        page.goto(self._address + path, wait_until="load")
        page.wait_for_timeout(1500)
        page.screenshot(path=str(file))
        page.close()
