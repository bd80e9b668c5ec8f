"""A desk to do harm to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

import config
from tests.faults.stage import Stage
from tests.processes import figures
from tests.reliability import ROW, Cell, Matrix
from tests.scene import Scene
from tests.servers import Redis
from tests.visitor import PASSWORD
from triage import passwords
from triage.db import db

__all__ = ["figures"]


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


@pytest.fixture
def matrix(request: pytest.FixtureRequest) -> Matrix:
    """Note a cell of the kill matrix; all are said together at the end of the run."""

    def note(cell: Cell) -> None:
        request.node.user_properties.append((ROW, tuple(cell)))

    return note
