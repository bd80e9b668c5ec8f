"""The stage of the matrix, built once: most of the time goes into asking."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Browser, dispose, make_settings
from tests.rights.stage import Stage
from tests.servers import Postgres
from triage.app import create_app


def build(folder: Path, url: str) -> Iterator[Stage]:
    """A stage in `folder` on the database at `url`; everything is closed afterwards."""
    settings = make_settings(folder, database_url=url, undo_seconds=600, form_per_10_minutes=100_000)
    app = create_app(settings)
    app.test_client_class = Browser
    with app.app_context():
        built = Stage(app, settings)
    yield built
    with app.app_context():
        dispose(app)


@pytest.fixture
def stage(on_sqlite: Stage) -> Iterator[Stage]:
    """The desk of the matrix, its application's context pushed."""
    with on_sqlite.app.app_context():
        yield on_sqlite


@pytest.fixture
def stage_on_postgres(on_postgres: Stage) -> Iterator[Stage]:
    """The same on PostgreSQL."""
    with on_postgres.app.app_context():
        yield on_postgres


@pytest.fixture(scope="session")
def on_sqlite(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Built on SQLite."""
    folder = tmp_path_factory.mktemp("rights")
    shutil.copy(migrated, folder / "triage.db")
    yield from build(folder, f"sqlite:///{folder / 'triage.db'}")


@pytest.fixture(scope="session")
def on_postgres(postgres: Postgres, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Built on PostgreSQL."""
    name = postgres.create(template)
    yield from build(tmp_path_factory.mktemp("rights"), postgres.url(name))
    postgres.drop(name)
