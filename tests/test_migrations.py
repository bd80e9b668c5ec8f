"""Migrations give exactly the tables of the models, on an empty and on a populated database, up, down and up again.

On SQLite and on PostgreSQL alike: columns, named constraints, partial indexes, triggers and functions are compared
as the database itself describes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import MetaData, Table, create_engine, event, inspect, select, text
from sqlalchemy.exc import DBAPIError

import config
from tests.scene import Scene
from tests.servers import Postgres
from triage.actions import closing, notes, people, replies
from triage.db import Base, db
from triage.queries import revisions

# Alembic cannot read an index of an expression back from SQLite, and says so: the words of both are compared here.
pytestmark = pytest.mark.filterwarnings("ignore:.*expression-based index")

MIGRATIONS = str(config.ROOT / "migrations")
# The newest first.
REVISIONS = ("0013", "0012", "0011", "0010", "0009", "0008", "0007", "0006", "0005", "0004", "0003", "0002", "0001")
TRIGGERS = {"sqlite": {"events_no_update", "events_no_delete"},
            "postgresql": {"events events_no_change", "events events_no_truncate", "events_refuse()",
                           "triage_room(bigint,integer,timestamp with time zone)"}}

SQLITE = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"
POSTGRESQL = """
SELECT c.table_name || '.' || c.column_name, concat_ws(' ', c.data_type, c.character_maximum_length, c.is_nullable,
    c.column_default) FROM information_schema.columns c WHERE c.table_schema = 'public'
UNION ALL SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT conrelid::regclass || ' ' || conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT tgrelid::regclass || ' ' || tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT oid::regprocedure::text, pg_get_functiondef(oid) FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace
"""


def schema(url: str) -> dict[str, str]:
    """Name -> how the database describes it; constraints sorted, for a rebuilt table has them in any order."""
    engine = create_engine(url)
    with engine.connect() as connection:
        rows = connection.execute(text(SQLITE if engine.dialect.name == "sqlite" else POSTGRESQL)).all()
    engine.dispose()
    return {name: _sorted(" ".join(sql.split())) for name, sql in rows if "alembic" not in name
            and not name.startswith("sqlite_")}


def _sorted(sql: str) -> str:
    columns, *constraints = sql.removesuffix(")").strip().split(", CONSTRAINT ")
    return ", CONSTRAINT ".join([columns, *sorted(constraints)])


def go(move: Callable[..., None], revision: str) -> None:
    """Migrate, with nobody else reading."""
    db.session.remove()
    move(directory=MIGRATIONS, revision=revision)


@pytest.fixture
def made(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database that the models made."""
    server: Postgres | None = None if database.startswith("sqlite") else request.getfixturevalue("postgres")
    name = server.create() if server else ""
    url = server.url(name) if server else f"sqlite:///{tmp_path / 'made.db'}"
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    engine.dispose()
    yield url
    if server:
        server.drop(name)


def test_migrations_and_models_agree(app: Flask) -> None:
    context = MigrationContext.configure(db.session.connection(), opts={"compare_type": True})
    assert compare_metadata(context, Base.metadata) == []


def test_what_migrations_made_is_what_the_models_say_and_the_triggers(database: str, made: str) -> None:
    migrated, wanted = schema(database), schema(made)
    dialect = database.partition(":")[0].partition("+")[0]
    assert set(migrated) - set(wanted) == TRIGGERS[dialect]
    assert set(wanted) <= set(migrated)
    if dialect == "postgresql":
        assert {name: migrated[name] for name in wanted} == wanted
        return
    for name, sql in wanted.items():  # SQLite keeps the very words of CREATE TABLE, and those may differ in order
        if name.startswith(("ix_", "uq_")):
            assert migrated[name] == sql
        for constraint in {word.strip('"') for word in sql.split() if word.startswith(("ck_", "fk_", "uq_", '"ck_'))}:
            assert constraint in migrated[name]


def test_every_constraint_and_index_has_a_name(app: Flask) -> None:
    for table in Base.metadata.tables.values():
        assert all(constraint.name for constraint in table.constraints), table.name
        assert all(index.name for index in table.indexes), table.name


def populate(scene: Scene) -> None:
    """An evening: reports, answers that left, were taken back and wait, notes, people, teams, and its history."""
    maya, zawadi = scene.operator("Maya"), scene.operator("Zawadi", "coordinator", "admin")
    first, second = scene.sms("The station is closed."), scene.sms("No ink", "+254711000777")
    held = scene.claim(first, maya)
    scene.do(lambda: replies.reply(first.id, maya, held.id, scene.head(), "Which station?", "key-0001"))
    scene.carry()
    scene.do(lambda: notes.add(first.id, maya, "Asked."))
    scene.do(lambda: people.invite(maya.id, zawadi))
    scene.do(lambda: closing.close(first.id, maya, "actionable"))
    scene.do(lambda: closing.discard(second.id, zawadi, "test"))
    scene.sms("STOP")
    scene.post("No ballots at Hill School")


def kept() -> dict[str, Table]:
    """The tables as they stand in the database now."""
    found = MetaData()
    # Reflected types know nothing of our own ones: rows are compared as the database gives them.
    event.listen(found, "column_reflect", lambda *_: None)
    found.reflect(db.engine)
    return {name: table for name, table in found.tables.items() if name != "alembic_version"}


def rows(tables: dict[str, Table]) -> dict[str, list[tuple[Any, ...]]]:
    """Everything in these columns."""
    with db.engine.connect() as connection:
        return {name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
                for name, table in tables.items()}


def history_is_closed() -> None:
    """Neither changed nor deleted, as the database itself says."""
    for statement in ("UPDATE events SET kind = 'x'", "DELETE FROM events"):
        with db.engine.connect() as connection, pytest.raises(DBAPIError, match="append-only"):
            connection.execute(text(statement))


def test_a_populated_database_goes_down_to_each_revision_and_up_again_without_loss(
    app: Flask, scene: Scene, database: str
) -> None:
    populate(scene)
    whole = schema(database)
    for revision in REVISIONS:
        before = {name: {column.name for column in table.columns} for name, table in kept().items()}
        go(downgrade, revision)
        history_is_closed()
        low = kept()
        then = rows(low)
        assert len(then["events"]) > 8
        assert all(then[name] for name in ("reports", "messages", "deliveries", "assignments", "inbound", "notes"))
        go(upgrade, "head")
        assert schema(database) == whole, f"up from {revision}"
        assert rows(low) == then, f"up from {revision}"
        history_is_closed()
        assert {name: {column.name for column in table.columns} for name, table in kept().items()} == before
    db.session.remove()
    assert not compare_metadata(MigrationContext.configure(db.session.connection(), opts={"compare_type": True}),
                                Base.metadata)


def test_a_populated_database_works_on_after_going_down_and_up(app: Flask, scene: Scene) -> None:
    populate(scene)
    go(downgrade, "0001")
    go(upgrade, "head")
    report = scene.sms("Now it is open.", "+254711000888")
    assert scene.claim(report, scene.operator("Ben")).report_id == report.id


def test_down_to_nothing_and_up_again_leaves_the_same_schema(app: Flask, scene: Scene, database: str) -> None:
    populate(scene)
    before = schema(database)
    go(downgrade, "base")
    assert schema(database) == {}
    assert set(inspect(db.engine).get_table_names()) == {"alembic_version"}
    go(upgrade, "head")
    assert schema(database) == before
    go(upgrade, "head")
    assert schema(database) == before


@pytest.mark.only("sqlite")
def test_the_revisions_are_read_as_what_runs_them_reads_them() -> None:
    folder = Config()
    folder.set_main_option("script_location", str(config.ROOT / "migrations"))
    line = tuple(script.revision for script in ScriptDirectory.from_config(folder).walk_revisions())
    assert revisions.known() == line == REVISIONS
    assert revisions.wanted() == {REVISIONS[0]}
