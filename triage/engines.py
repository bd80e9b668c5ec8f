"""The manners of either database: what its connections are told, and how long anybody waits for it."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from sqlite3 import Connection as SqliteConnection
from typing import Any, cast

from psycopg import Connection as PostgresConnection
from psycopg import Error as PostgresError
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry, Pool

from triage import clock

POOL, MOST_CONNECTIONS = 16, 32  # of one process: what it keeps open, and what it opens at most
TRUSTED_SECONDS = 0.5  # how long a connection that rested is taken for alive
BUSY_TIMEOUT_MS = 5_000
POLL = 0.01  # seconds, at most, until SQLite is asked for its lock again
LOCKED = "database is locked"  # SQLite's words for it
TO_WRITE: Mapping[str, bool] = {"triage_write": True}  # execution options of a transaction that will write
# Nobody waits for ever: not for a lock, not for a statement, and no transaction is left open by who forgot it.
PATIENCE_OF_POSTGRES = ("lock_timeout=5s", "statement_timeout=30s", "idle_in_transaction_session_timeout=60s")
# A server that vanished without a word (a cable, a firewall) is noticed within about ten seconds.
NOTICING_SILENCE = {"keepalives_idle": 4, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}


def options(url: str) -> dict[str, object]:
    """Errors never quote what was bound to a statement: words and names of citizens would stand in the logs."""
    if url.startswith("sqlite"):
        return {"pool_size": 16, "max_overflow": 256, "connect_args": {"timeout": BUSY_TIMEOUT_MS / 1000},
                "hide_parameters": True}
    return {"pool_size": POOL, "max_overflow": MOST_CONNECTIONS - POOL, "pool_timeout": 5,
            "pool_use_lifo": True,  # the one just used: it is trusted, and knows what it was asked before
            "hide_parameters": True,
            "connect_args": {"connect_timeout": 3, **NOTICING_SILENCE,
                             "options": " ".join(f"-c {one}" for one in PATIENCE_OF_POSTGRES)}}


@event.listens_for(Engine, "connect")
def _on_connect(connection: Any, _record: object) -> None:
    if isinstance(connection, SqliteConnection):
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON",
                       f"busy_timeout={BUSY_TIMEOUT_MS}", "trusted_schema=OFF"):
            connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Pool, "checkin")
def _on_checkin(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["rested_since"] = clock.steady()


@event.listens_for(Pool, "checkout")
def _on_checkout(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
    """A connection that rested may have died meanwhile: a turn to the server tells. One just used is not asked."""
    rested = clock.steady() - record.info.get("rested_since", clock.steady())
    if rested > TRUSTED_SECONDS and isinstance(connection, PostgresConnection):
        try:
            with connection.transaction():
                connection.execute("SELECT 1")
        except PostgresError as problem:
            raise DisconnectionError from problem


@event.listens_for(Engine, "begin")
def _on_begin(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    if connection.get_execution_options().get("triage_write"):
        _begin_to_write(connection)
    else:
        connection.exec_driver_sql("BEGIN")


def _begin_to_write(connection: Connection) -> None:
    """Ask for SQLite's one lock often: it looks itself every 100 ms, and among busy processes somebody starves."""
    until = clock.steady() + BUSY_TIMEOUT_MS / 1000
    driver = cast("SqliteConnection", connection.connection.driver_connection)
    driver.execute("PRAGMA busy_timeout=0")  # said to the driver: it is no statement of anybody's
    try:
        while True:
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            except OperationalError as problem:
                if LOCKED not in str(problem.orig) or clock.steady() >= until:
                    raise
                time.sleep(random.uniform(0, POLL))  # noqa: S311 - jitter, not a secret
            else:
                return
    finally:
        driver.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")


def at_once(engine: Engine, statement: str, values: Mapping[str, object]) -> tuple[Any, ...] | None:
    """The first row of a statement without BEGIN and COMMIT, said to the driver (PostgreSQL). Raises DBAPIError."""
    pooled = engine.raw_connection()
    driver = cast("PostgresConnection[tuple[Any, ...]]", pooled.driver_connection)
    try:
        driver.autocommit = True
        row = driver.execute(statement, values).fetchone()
        driver.autocommit = False
    except BaseException as problem:
        lost = driver.closed
        pooled.invalidate(problem)  # whatever it was: one that commits by itself must never serve a transaction
        if not isinstance(problem, PostgresError):
            raise
        raise DBAPIError.instance(None, None, problem, PostgresError, hide_parameters=True,
                                  connection_invalidated=lost, dialect=engine.dialect) from problem
    finally:
        pooled.close()
    return row
