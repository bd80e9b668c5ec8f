"""The provider's one SQLite file: its ledger, its resources, what it was told to do wrong, what it still has to send.

Every transaction is on the disk before it is over (`synchronous=FULL`), so whatever was answered stands in the file
also after the fake was killed; another process may read it at any time.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

BUSY_SECONDS = 30.0

SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    n INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, about TEXT NOT NULL, data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS entries_of_kind ON entries (kind, n);
CREATE TABLE IF NOT EXISTS resources (
    n INTEGER PRIMARY KEY, sid TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, account TEXT NOT NULL, parent TEXT NOT NULL,
    shown TEXT NOT NULL, hidden TEXT NOT NULL, content BLOB
);
CREATE INDEX IF NOT EXISTS resources_of_parent ON resources (kind, parent, n);
CREATE TABLE IF NOT EXISTS scripts (n INTEGER PRIMARY KEY, remaining INTEGER, told TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS blocked (ours TEXT NOT NULL, theirs TEXT NOT NULL, PRIMARY KEY (ours, theirs));
CREATE TABLE IF NOT EXISTS steps (
    n INTEGER PRIMARY KEY, due_at REAL NOT NULL, about TEXT NOT NULL, held INTEGER NOT NULL, taken INTEGER NOT NULL,
    what TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS steps_due ON steps (due_at, n) WHERE taken = 0 AND held = 0;
CREATE TRIGGER IF NOT EXISTS entries_kept BEFORE DELETE ON entries
    BEGIN SELECT RAISE(ABORT, 'the ledger never forgets'); END;
CREATE TRIGGER IF NOT EXISTS entries_fixed BEFORE UPDATE ON entries
    BEGIN SELECT RAISE(ABORT, 'the ledger never forgets'); END;
"""


def moment() -> float:
    """This moment in seconds since 1970, by the provider's clock."""
    return time.time()


class File:
    """The file as the fake's own process uses it: one connection, one thread at a time."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open it; made where there is none."""
        self.path = str(path)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None,
                                           check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(SCHEMA)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction; on the disk when this is left. May stand within another one, and is then a part of it."""
        with self._lock:
            if self._connection.in_transaction:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """What a SELECT finds now."""
        with self._lock:
            return self._connection.execute(sql, values).fetchall()
