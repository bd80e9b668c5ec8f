"""A real Chromium on a real server: windows for operators and citizens, axe, and the simulator's phones."""

from __future__ import annotations

import os
import shutil
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

import config
from tests.conftest import dispose, make_settings
from tests.processes import figures
from tests.scene import Scene
from tests.served import Served, Worker
from tests.servers import Postgres, Redis
from tests.visitor import PASSWORD
from triage import passwords
from triage.app import create_app
from triage.models import Operator

__all__ = ["figures"]

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")
AXE = config.ROOT / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE_MS = 20_000
Started = TypeVar("Started", Served, Worker)
DESK = {"undo_seconds": 2, "max_sockets": 20}


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, started once."""
    with sync_playwright() as playwright:
        yield _launch(playwright)


def _launch(playwright: Playwright) -> Browser:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "Chromium is missing: `make test` installs it"
    return playwright.chromium.launch(executable_path=path, args=list(FLAGS))


DESKS = (pytest.param("embedded"), pytest.param("scaled out", marks=[pytest.mark.postgresql, pytest.mark.redis]))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test has one of the two desks, by its name or as it says; with `BOTH=1`, as in `make soak`, both.

    What a page does is the same on either; what a desk does on both databases, the other tests ask.
    """
    said = (mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "served" in metafunc.fixturenames and "served" not in said:
        chosen = DESKS if "BOTH" in os.environ else (DESKS[zlib.crc32(metafunc.definition.name.encode()) % 2],)
        metafunc.parametrize("served", chosen, indirect=True)


@pytest.fixture
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    """A real desk on a free port: SQLite and one process, or PostgreSQL and Redis with a worker that sends."""
    desk = _embedded if request.param == "embedded" else _scaled_out
    with desk(tmp_path, request) as running:
        yield running


@contextmanager
def _embedded(folder: Path, request: pytest.FixtureRequest) -> Iterator[Served]:
    shutil.copy(request.getfixturevalue("migrated"), folder / "triage.db")
    with _until_killed(Served(make_settings(folder, **DESK))) as running:
        yield running


@contextmanager
def _scaled_out(folder: Path, request: pytest.FixtureRequest) -> Iterator[Served]:
    postgres: Postgres = request.getfixturevalue("postgres")
    redis: Redis = request.getfixturevalue("redis_server")
    redis.client().flushall()
    name = postgres.create(request.getfixturevalue("template"))
    settings = make_settings(folder, **DESK, database_url=postgres.url(name), redis_url=redis.url)
    with _until_killed(Served(settings)) as running, _until_killed(Worker(running.settings)):
        yield running
    postgres.drop(name)


@contextmanager
def _until_killed(program: Started) -> Iterator[Started]:
    """Nobody is left to whom it would have to say goodbye; that takes seconds, and tests/faults sees how it is done."""
    try:
        yield program.start()
    finally:
        program.kill()


@pytest.fixture
def app(served: Served) -> Iterator[Flask]:
    """The same desk in this process, to set the scene and to look at the database."""
    made = create_app(served.settings)
    with made.app_context():
        yield made
        dispose(made)


Window = Callable[..., Page]


@pytest.fixture
def window(chromium: Browser, served: Served) -> Iterator[Window]:
    """Open a window of its own: `window()` signed out, `window(operator)` signed in."""
    contexts: list[BrowserContext] = []

    def open_one(operator: Operator | None = None, **options: object) -> Page:
        context = chromium.new_context(base_url=served.address, **{"locale": "en-GB", **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        if operator is not None:
            sign_in(page, operator)
        return page

    yield open_one
    for context in contexts:
        context.close()


def sign_in(page: Page, operator: Operator) -> None:
    """Sign in through the form."""
    page.goto("/login")
    page.fill("input[name=email]", operator.email)
    page.fill("input[name=password]", PASSWORD)
    page.click("main form button:not([type=button])")
    page.wait_for_url(lambda url: "/login" not in url)


def person(scene: Scene, name: str, *roles: str) -> Operator:
    """Somebody with a password and a number of their own."""
    operator = scene.operator(name, *roles, capacity=20)
    hashed = passwords.hashed(PASSWORD, "low")
    scene.do(lambda: setattr(operator, "password_hash", hashed))
    return operator


def violations(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 AA, target size included; one line each."""
    page.evaluate(AXE.read_text())
    found = page.evaluate(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],"
        " rules: {'target-size': {enabled: true}}})"
    )
    return [f"{one['id']}: {node['html'][:200]}" for one in found["violations"] for node in one["nodes"]]
