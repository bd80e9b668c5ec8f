"""Column shapes shared by the tables: keys, moments, words with a CHECK."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.orm import mapped_column
from sqlalchemy.types import TypeDecorator

from triage.db import BigKey, UtcDateTime

Key = Annotated[int, mapped_column(BigKey, primary_key=True)]
Moment = Annotated[datetime, mapped_column(UtcDateTime)]
Word = Annotated[str, mapped_column(String(40))]


def one_of(column: str, words: tuple[str, ...], name: str) -> CheckConstraint:
    """A CHECK that `column` is one of `words` (or NULL)."""
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=name)


def link(target: str, *, null: bool = False, index: bool = False) -> Any:
    """A foreign key column to `table.column`."""
    return mapped_column(BigKey, ForeignKey(target), nullable=null, index=index)


class WordSet(TypeDecorator[frozenset[str]]):
    """A small set of words in one column, stored sorted and separated by spaces."""

    impl = String(200)
    cache_ok = True

    def process_bind_param(self, value: frozenset[str] | None, dialect: Dialect) -> str | None:
        """Sorted, so equal sets are equal columns."""
        return None if value is None else " ".join(sorted(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> frozenset[str] | None:
        """Back to a set."""
        return None if value is None else frozenset(value.split())
