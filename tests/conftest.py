"""Fixtures: settings, a migrated database copied for each test, the application, a scene to play on.

Every test that touches a database runs on SQLite and on a private PostgreSQL; a short run takes turns where that is
enough (tests/selection.py). A test about one of the two alone is marked `@pytest.mark.only("sqlite")` or
`only("postgresql")`.
"""

from __future__ import annotations

import base64
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade

import config
from tests import selection, warm
from tests.scene import Scene
from tests.servers import Postgres, Redis
from triage.app import create_app
from triage.db import db

pytest_plugins = ["tests.reliability"]
warm.share()
KEYS = {"k1": bytes(range(32)), "index": bytes(range(1, 33))}


def make_settings(folder: Path, **changes: object) -> config.Settings:
    """Settings of a throw-away desk in `folder`."""
    values: dict[str, object] = {
        "secret_key": "test " * 8, "triage_keys": KEYS, "database_url": f"sqlite:///{folder / 'triage.db'}",
        "simulator_path": str(folder / "simulator.db"), "desk_name": "Harbour Election Desk", "demo": True,
        "spool_path": str(folder / "spool"), "files_path": str(folder / "files"),
        "testing": True, "password_cost": "low", "undo_seconds": 0,
        "danger_phone": "112",
    }
    return config.Settings(**{**values, **changes})


def environment(settings: config.Settings) -> dict[str, str]:
    """The environment that makes another process use these settings."""
    keys = ",".join(f"{name}:{base64.b64encode(key).decode()}" for name, key in settings.triage_keys.items())
    return {
        "SECRET_KEY": settings.secret_key, "TRIAGE_KEYS": keys, "DATABASE_URL": settings.database_url,
        "SIMULATOR_PATH": settings.simulator_path, "DESK_NAME": settings.desk_name, "TESTING": "1",
        "DEMO": "1" if settings.demo else "0", "PASSWORD_COST": "low", "UNDO_SECONDS": str(settings.undo_seconds),
        "MOST_PARTS": str(settings.most_parts),
        "LEASE_MINUTES": str(settings.lease_minutes), "CAPACITY": str(settings.capacity),
        "FORM_PER_10_MINUTES": str(settings.form_per_10_minutes),
        "API_WRITES_PER_MINUTE": str(settings.api_writes_per_minute), "MAX_SOCKETS": str(settings.max_sockets),
        "PUBLIC_URL": settings.public_url, "DANGER_PHONE": settings.danger_phone,
        "ATTEMPT_SECONDS": str(settings.attempt_seconds), "ACKNOWLEDGE": "1" if settings.acknowledge else "0",
        "LOG_LEVEL": settings.log_level, "LOG_FORMAT": settings.log_format, "METRICS_TOKEN": settings.metrics_token,
        "BACKUP_TO": settings.backup_to, "POLL_ONLY": "1" if settings.poll_only else "0",
        "POLL_SECONDS": str(settings.poll_seconds),
        "TWILIO_ACCOUNT_SID": settings.twilio_account_sid, "TWILIO_AUTH_TOKEN": settings.twilio_auth_token,
        "TWILIO_API_BASE": settings.twilio_api_base,
        "REDIS_URL": settings.redis_url or "", "SPOOL_PATH": settings.spool_path, "FILES_PATH": settings.files_path,
    }


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what touches a database on both, or on the one that the test is about."""
    if "database" not in metafunc.fixturenames:
        return
    only = metafunc.definition.get_closest_marker("only")
    wanted = only.args if only else ("sqlite", "postgresql")
    marks = {"postgresql": pytest.mark.postgresql, "sqlite": ()}
    metafunc.parametrize("database", [pytest.param(one, marks=marks[one]) for one in wanted], indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A short run leaves some cases out (tests/selection.py)."""
    without = selection.left_out(items)
    config.hook.pytest_deselected(items=list(without))
    items[:] = [item for item in items if item not in without]


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database at the newest migration, made once."""
    folder = tmp_path_factory.mktemp("migrated")
    _migrate(make_settings(folder))
    with sqlite3.connect(folder / "triage.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder / "triage.db"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A private PostgreSQL, started once; whoever stops it needs one of their own."""
    server = Postgres()
    try:
        yield server.start()
    finally:
        server.remove()


@pytest.fixture(scope="session")
def template(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of an empty PostgreSQL database at the newest migration, made once."""
    name = postgres.create()
    _migrate(make_settings(tmp_path_factory.mktemp("template"), database_url=postgres.url(name)))
    return name


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    """A private Redis, started once; whoever stops or floods it needs one of their own."""
    server = Redis()
    yield server.start()
    server.kill()


def _migrate(settings: config.Settings) -> None:
    app = create_app(settings)
    with app.app_context():
        upgrade(directory=str(config.ROOT / "migrations"))
        dispose(app)


def dispose(app: Flask) -> None:
    """Close every connection of an application."""
    database = app.extensions["sqlalchemy"]
    database.session.remove()
    database.engine.dispose()


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of this test's own empty database."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated"), tmp_path / "triage.db")
        yield f"sqlite:///{tmp_path / 'triage.db'}"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        name = server.create(request.getfixturevalue("template"))
        yield server.url(name)
        server.drop(name)


@pytest.fixture
def settings(tmp_path: Path, database: str, request: pytest.FixtureRequest) -> config.Settings:
    """Settings of this test's own desk; `@pytest.mark.parametrize("settings", [{…}], indirect=True)` changes some."""
    return make_settings(tmp_path, **{"database_url": database, **getattr(request, "param", {})})


class Browser(FlaskClient):
    """A client whose every request has an application context of its own, as on a real server."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """Send a request; what the test reads afterwards is the present."""
        with self.application.app_context():
            answer = super().open(*args, **kwargs)
        db.session.rollback()
        return answer


@pytest.fixture
def app(settings: config.Settings) -> Iterator[Flask]:
    """The application, its context pushed."""
    made = create_app(settings)
    made.test_client_class = Browser
    with made.app_context():
        yield made
        dispose(made)


@pytest.fixture
def scene(app: Flask) -> Scene:
    """People, accounts and arriving messages on the test's desk."""
    return Scene()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without script."""
    return app.test_client()
