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
        yield Stage(app, settings)
        dispose(app)


@pytest.fixture(scope="session")
def stage(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The desk of the matrix on SQLite."""
    folder = tmp_path_factory.mktemp("rights")
    shutil.copy(migrated, folder / "triage.db")
    yield from build(folder, f"sqlite:///{folder / 'triage.db'}")


@pytest.fixture(scope="session")
def stage_on_postgres(postgres: Postgres, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The same on PostgreSQL."""
    name = postgres.create(template)
    yield from build(tmp_path_factory.mktemp("rights"), postgres.url(name))
    postgres.drop(name)
