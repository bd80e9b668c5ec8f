"""Which migration the code wants and which the database has. They are a line, each naming the one before it."""

from __future__ import annotations

import re
from functools import cache

from sqlalchemy import Connection, column, inspect, select, table

import config

# Read, not loaded: every web process asks for its revision, and only commands need what runs migrations.
NAMES = re.compile(r"^(revision|down_revision) = (?:\"(\w+)\"|None)$", re.M)
STAMP = table("alembic_version", column("version_num"))


@cache
def known() -> tuple[str, ...]:
    """Every revision this code has, the newest first."""
    files = (config.ROOT / "migrations" / "versions").glob("*.py")
    after = {names["down_revision"]: names["revision"] for names in (dict(NAMES.findall(f.read_text())) for f in files)}
    line = [after.pop("")]
    while following := after.pop(line[-1], None):
        line.append(following)
    return tuple(reversed(line))


@cache
def wanted() -> frozenset[str]:
    """The newest revision of this code."""
    return frozenset(known()[:1])


def found(connection: Connection) -> frozenset[str]:
    """The revision of a database; empty where it has none."""
    if not inspect(connection).has_table(STAMP.name):
        return frozenset()
    return frozenset(connection.scalars(select(STAMP.c.version_num)))
