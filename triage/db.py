"""The database: base class, types, SQLite's manners, and the only place that commits.

`run_in_transaction(fn)` is the only way to write. On SQLite it begins IMMEDIATE under a
process-local writer lock: a deferred BEGIN that later writes is refused at once when another
writer is active, and SQLite's own waiting is not a queue (p99 415 ms against 20 ms with the lock).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import Any, TypeVar

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, Connection, DateTime, Engine, Integer, MetaData, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

T = TypeVar("T")

BUSY_TIMEOUT_MS = 30_000
MAX_TRIES = 5
# How rows are locked: against other writers, yet not against rows that only point to them. An event of a
# report or a person, written behind the lock of event numbers, must never wait for who waits for that lock.
LOCK: dict[str, Any] = {"key_share": True}  # for `session.get`; queries say with_for_update(key_share=True)
RETRY_STATES = {"40001", "40P01"}  # serialization failure, deadlock (PostgreSQL's error codes)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

BigKey = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """Base of every table; constraints and indexes are named by convention."""

    metadata = MetaData(naming_convention=NAMING)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment in UTC on every database; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive moments; store UTC."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """SQLite forgets the zone: give it back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


db = SQLAlchemy(metadata=Base.metadata)

_writer_lock = threading.Lock()
_before_commit: list[Callable[[Session], None]] = []
_after_commit: list[Callable[[Mapping[str, Any]], None]] = []


def before_commit(hook: Callable[[Session], None]) -> None:
    """Call `hook(session)` as the last thing inside every transaction."""
    _before_commit.append(hook)


def after_commit(hook: Callable[[Mapping[str, Any]], None]) -> None:
    """Call `hook(info)` after every commit with what the transaction left in `session.info`."""
    _after_commit.append(hook)


def run_in_transaction(fn: Callable[[], T]) -> T:
    """Begin, run `fn`, commit, tell the listeners; give back what `fn` gave.

    A serialization failure, a deadlock, a locked database or a lost connection rolls back and runs
    `fn` again, at most MAX_TRIES times: `fn` must do no I/O and must load what it needs itself.
    Any other exception rolls back and leaves. Calls do not nest.
    """
    session = db.session()
    if session.info.get("writing"):
        raise RuntimeError("run_in_transaction does not nest")
    for tries_left in reversed(range(MAX_TRIES)):
        try:
            result, left = _attempt(session, fn)
        except DBAPIError as problem:
            if not (tries_left and _worth_retrying(problem)):
                raise
            continue
        for hook in _after_commit:
            hook(left)
        return result
    raise AssertionError("unreachable")


def _attempt(session: Session, fn: Callable[[], T]) -> tuple[T, Mapping[str, Any]]:
    session.rollback()  # end the read snapshot: everything below sees the present
    session.info.clear()
    with _write_turn(session):
        try:
            session.info["writing"] = True
            session.connection(execution_options={"triage_begin": "IMMEDIATE"})
            result = fn()
            for hook in _before_commit:
                hook(session)
            session.commit()
            return result, dict(session.info)
        except BaseException:
            session.rollback()
            raise
        finally:
            session.info.pop("writing", None)


def _write_turn(session: Session) -> AbstractContextManager[object]:
    return _writer_lock if session.get_bind().dialect.name == "sqlite" else nullcontext()


def _worth_retrying(problem: DBAPIError) -> bool:
    state = getattr(problem.orig, "sqlstate", None)
    return problem.connection_invalidated or state in RETRY_STATES or "database is locked" in str(problem.orig)


@contextmanager
def savepoint() -> Iterator[None]:
    """Run a block that may fail alone: an exception undoes the block and what it recorded, and leaves."""
    info = db.session.info
    marks = {key: len(value) for key, value in info.items() if isinstance(value, list)}
    try:
        with db.session.begin_nested():
            yield
    except BaseException:
        for key in [key for key, value in info.items() if isinstance(value, list)]:
            del info[key][marks.get(key, 0):]
        raise


def insert_once(model: type[Base], key: Sequence[str], **values: object) -> int | None:
    """Insert a row unless the unique `key` columns already have it; its id, or None where it was there.

    One statement (`ON CONFLICT DO NOTHING … RETURNING id`): safe under any concurrency. `key` names
    the columns of a unique index without a WHERE.
    """
    dialect = db.session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    table = model.__table__
    fresh = insert(table).values(**values)  # type: ignore[arg-type]  # typed as FromClause
    statement = fresh.on_conflict_do_nothing(index_elements=list(key))
    return db.session.execute(statement.returning(table.c.id)).scalar()


def init_app(app: Flask, url: str) -> None:
    """Bind the database at `url` to `app`."""
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = _engine_options(url)
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    db.init_app(app)


def _engine_options(url: str) -> dict[str, object]:
    """Errors never quote what was bound to a statement: words and names of citizens would stand in the logs."""
    if url.startswith("sqlite"):
        return {"pool_size": 16, "max_overflow": 256, "connect_args": {"timeout": BUSY_TIMEOUT_MS / 1000},
                "hide_parameters": True}
    return {"pool_pre_ping": True, "pool_size": 16, "max_overflow": 16, "hide_parameters": True}


@event.listens_for(Engine, "connect")
def _on_connect(connection: Any, _record: object) -> None:
    if isinstance(connection, SqliteConnection):
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON",
                       f"busy_timeout={BUSY_TIMEOUT_MS}", "trusted_schema=OFF"):
            connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "begin")
def _on_begin(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        manner = connection.get_execution_options().get("triage_begin", "")
        connection.exec_driver_sql(f"BEGIN {manner}".strip())
