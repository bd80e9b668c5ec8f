"""Runs migrations on the desk's database. Online only: a migration sees the real database."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import Connection

database = current_app.extensions["migrate"].db


def _foreign_keys(connection: Connection, switch: str) -> None:
    """SQLite: switch foreign keys, for a table rebuilt in batch mode.

    Said to the driver, because it does nothing inside a transaction and SQLAlchemy begins one before it speaks.
    """
    connection.connection.driver_connection.execute(f"PRAGMA foreign_keys={switch}")


def _check(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise RuntimeError(f"foreign keys broken by the migration: {broken[:5]}")


def run() -> None:
    """Migrate in one transaction; check foreign keys after it on SQLite."""
    with database.engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            _foreign_keys(connection, "OFF")
        try:
            _migrate(connection)
        finally:
            if sqlite:
                connection.rollback()
                _foreign_keys(connection, "ON")


def _migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=database.metadata, render_as_batch=True,
                      compare_type=True)
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            # A big table takes its time; a lock that others hold still ends the attempt (engines.py).
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        context.run_migrations()
        if connection.dialect.name == "sqlite":
            _check(connection)
    connection.commit()


run()
