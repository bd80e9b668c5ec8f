"""Runs migrations on the desk's database. Online only: a migration sees the real database."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import Connection

database = current_app.extensions["migrate"].db


def _forget_nothing(connection: Connection) -> bool:
    """SQLite: switch foreign keys off outside the transaction, for a table rebuilt in batch mode."""
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.commit()
    return sqlite


def _check(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise RuntimeError(f"foreign keys broken by the migration: {broken[:5]}")
    connection.commit()
    connection.exec_driver_sql("PRAGMA foreign_keys=ON")
    connection.commit()


def run() -> None:
    """Migrate in one transaction; check foreign keys after it on SQLite."""
    with database.engine.connect() as connection:
        sqlite = _forget_nothing(connection)
        context.configure(connection=connection, target_metadata=database.metadata, render_as_batch=True,
                          compare_type=True)
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
        if sqlite:
            _check(connection)


run()
