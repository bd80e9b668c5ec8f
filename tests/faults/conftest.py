"""A desk to do harm to, and the kill matrix said aloud as one table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

import config
from tests.faults.stage import Stage
from tests.processes import figures
from tests.scene import Scene
from tests.servers import Redis
from tests.visitor import PASSWORD
from triage import passwords
from triage.db import db

__all__ = ["figures"]

HEADER = f"{'point':14} {'by':22} {'at death':15} {'requests':>8} {'accepted':>8}  {'ends':10} lost doubled twice"


@pytest.fixture
def settings(settings: config.Settings, request: pytest.FixtureRequest) -> config.Settings:
    """Desks on PostgreSQL ring through Redis and have a worker; desks on SQLite are one process."""
    if settings.database_url.startswith("sqlite"):
        return settings
    server: Redis = request.getfixturevalue("redis_server")
    server.client().flushall()
    return replace(settings, redis_url=server.url)


@pytest.fixture
def stage(scene: Scene, settings: config.Settings) -> Iterator[Stage]:
    """A desk with one operator, Maya, who has a number and a handle of her own. The server is not started yet."""
    maya = scene.operator("Maya", capacity=1000)
    scene.do(lambda: setattr(maya, "password_hash", passwords.hashed(PASSWORD, "low")))
    scene.account("mastodon", "@maya@social.example", can_send=True, operator=maya)
    scene.account("mastodon", "@harbour@social.example")
    db.session.remove()
    made = Stage(settings)
    yield made
    made.close()


@pytest.fixture(scope="session")
def matrix(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """Lines of the kill matrix, printed together after the last test that added one."""
    lines: list[str] = []
    yield lines
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    with request.config.pluginmanager.get_plugin("capturemanager").global_and_fixture_disabled():
        reporter.write_line("\n" + "\n".join([HEADER, *lines]))
