"""Which migration the code wants and which the database has."""

from __future__ import annotations

from functools import cache

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

import config


@cache
def known() -> tuple[str, ...]:
    """Every revision this code has, the newest first."""
    return tuple(script.revision for script in _scripts().walk_revisions())


@cache
def wanted() -> frozenset[str]:
    """The newest revision of this code."""
    return frozenset(_scripts().get_heads())


def found(connection: Connection) -> frozenset[str]:
    """The revision of a database; empty where it has none."""
    return frozenset(MigrationContext.configure(connection).get_current_heads())


def _scripts() -> ScriptDirectory:
    folder = Config()
    folder.set_main_option("script_location", str(config.ROOT / "migrations"))
    return ScriptDirectory.from_config(folder)
