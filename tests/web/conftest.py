"""Fixtures of the pages' tests: a browser, and an operator or a coordinator who has signed in with it."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.scene import Scene
from tests.web.door import Browser
from triage.models import Operator


@pytest.fixture
def browser(app: Flask) -> Browser:
    """A browser without script, signed in nowhere yet."""
    return Browser(app)


@pytest.fixture
def maya(scene: Scene) -> Operator:
    """An operator."""
    return scene.operator("Maya")


@pytest.fixture
def as_maya(browser: Browser, maya: Operator) -> None:
    """She has signed in with the browser."""
    browser.sign_in(maya)


@pytest.fixture
def boss(scene: Scene, browser: Browser) -> Operator:
    """A coordinator, signed in, who has read a page with a form: what the browser posts next carries its token."""
    boss = scene.operator("Zawadi", "coordinator")
    browser.sign_in(boss)
    browser.get("/accounts")
    return boss
