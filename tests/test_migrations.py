"""Migrations give exactly the tables of the models, on an empty and on a populated database, up and down."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import create_engine

import config
from tests.scene import Scene
from triage.db import Base, db

MIGRATIONS = str(config.ROOT / "migrations")


def schema(path: Path) -> dict[str, str]:
    """Name -> SQL of every table, index and trigger; constraints sorted, for a rebuilt table has them in any order."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {name: _sorted(" ".join(sql.split())) for name, sql in rows if not name.startswith(("sqlite_", "alembic"))}


def _sorted(sql: str) -> str:
    columns, *constraints = sql.removesuffix(")").strip().split(", CONSTRAINT ")
    return ", CONSTRAINT ".join([columns, *sorted(constraints)])


def test_migrations_and_models_agree(app: Flask) -> None:
    context = MigrationContext.configure(db.session.connection(), opts={"compare_type": True})
    assert compare_metadata(context, Base.metadata) == []


@pytest.mark.only("sqlite")
def test_every_partial_index_check_and_name_of_the_models_stands_in_the_migrated_database(
    settings: config.Settings, tmp_path: Path
) -> None:
    made = tmp_path / "made.db"
    engine = create_engine(f"sqlite:///{made}")
    Base.metadata.create_all(engine)
    engine.dispose()
    migrated = schema(Path(settings.database_url.removeprefix("sqlite:///")))
    wanted = schema(made)
    missing = {name: sql for name, sql in wanted.items() if name.startswith(("ix_", "uq_"))
               and migrated.get(name) != sql}
    assert not missing
    assert {name for name in migrated if name.startswith("events_no")} == {"events_no_update", "events_no_delete"}
    for table, sql in wanted.items():
        for constraint in {word.strip('"') for word in sql.split() if word.startswith(("ck_", "fk_", "uq_", '"ck_'))}:
            assert constraint in migrated[table]


def test_every_constraint_and_index_has_a_name(app: Flask) -> None:
    for table in Base.metadata.tables.values():
        assert all(constraint.name for constraint in table.constraints), table.name
        assert all(index.name for index in table.indexes), table.name


def test_a_populated_database_goes_up_again_without_loss(app: Flask, scene: Scene) -> None:
    scene.claim(scene.sms("The station is closed."), scene.operator("Maya"))
    before = {table: db.session.execute(table.select()).fetchall() for table in Base.metadata.sorted_tables}
    db.session.remove()
    upgrade(directory=MIGRATIONS)
    after = {table: db.session.execute(table.select()).fetchall() for table in Base.metadata.sorted_tables}
    assert after == before


@pytest.mark.only("sqlite")
def test_down_and_up_again_leaves_the_same_schema(app: Flask, settings: config.Settings) -> None:
    path = Path(settings.database_url.removeprefix("sqlite:///"))
    before = schema(path)
    downgrade(directory=MIGRATIONS, revision="base")
    assert schema(path) == {}
    upgrade(directory=MIGRATIONS)
    assert schema(path) == before
