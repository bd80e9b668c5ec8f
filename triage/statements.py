"""Statements of tables alone, past the ORM: what arrives and what is taken runs a dozen of them each time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, CursorResult, Executable, inspect
from sqlalchemy.dialects import postgresql, sqlite

from triage.db import Base, Values, db


def execute(statement: Executable, values: Values | None = None) -> CursorResult[Any]:
    """Run a statement of tables alone, past the ORM, which costs about as much again. Nothing is flushed before it."""
    session = db.session()
    connection: Connection | None = session.info.get("connection")
    if connection is None or connection.closed:
        connection = session.connection()
    return connection.execute(statement, values)


def insert_once(model: type[Base], key: Sequence[str], **values: object) -> int | None:
    """Insert a row unless the unique `key` columns already have it; its (first) key, or None where it was there.

    One statement (`ON CONFLICT DO NOTHING … RETURNING id`): safe under any concurrency. `key` names
    the columns of a unique index without a WHERE.
    """
    statement = _insertion(model, tuple(key), db.session.get_bind().dialect.name)
    row = execute(statement, values).first()
    return row[0] if row is not None else None


def insert_new(model: type[Base], key: tuple[str], rows: Sequence[Mapping[str, object]]) -> dict[object, int]:
    """Insert those of `rows` whose unique `key` is not there yet; the numbers they got, by their key."""
    if not rows:
        return {}
    statement = _insertion(model, key, db.session.get_bind().dialect.name)
    return {key: number for number, key in execute(statement, rows).all()}  # type: ignore[misc]  # it gives two


def insert_missing(model: type[Base], key: Sequence[str], rows: Sequence[Mapping[str, object]]) -> None:
    """Insert those of `rows` whose unique `key` columns are not there yet."""
    if rows:
        execute(_missing(model, tuple(key), db.session.get_bind().dialect.name), rows)


@cache
def _missing(model: type[Base], key: tuple[str, ...], dialect: str) -> Executable:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(model.__table__).on_conflict_do_nothing(index_elements=list(key))  # type: ignore[arg-type]  # as below


@cache
def _insertion(model: type[Base], key: tuple[str, ...], dialect: str) -> Executable:
    """Built once: to build a statement costs several times as much as to run it."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    table = model.__table__
    fresh = insert(table)  # type: ignore[arg-type]  # typed as FromClause
    return fresh.on_conflict_do_nothing(index_elements=list(key)).returning(*table.primary_key, *table.c[key])


def key_of(row: Base) -> int:
    """The number of a row, without asking the database whether the rest of it is still true."""
    identity = inspect(row).identity
    return identity[0] if identity else row.id  # type: ignore[attr-defined, no-any-return]  # every table has one
