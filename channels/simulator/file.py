"""The simulator's SQLite file: its tables, its own clock, and transactions many processes may open at once."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BUSY_SECONDS = 30.0
KEPT_OPEN = 4  # connections per thread: tests open many files one after the other
VERSION = 1

SCHEMA = """
CREATE TABLE people (
    channel TEXT NOT NULL, address TEXT NOT NULL, name TEXT NOT NULL, added_at REAL NOT NULL,
    PRIMARY KEY (channel, address)
);
CREATE TABLE messages (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, channel TEXT NOT NULL, sender TEXT NOT NULL, sender_name TEXT,
    recipient TEXT NOT NULL, text TEXT NOT NULL, sent_at REAL NOT NULL,
    in_reply_to TEXT, root TEXT, repost_of TEXT, place TEXT
);
CREATE INDEX messages_of_sender ON messages (channel, sender, n);
CREATE INDEX messages_reposting ON messages (repost_of) WHERE repost_of IS NOT NULL;
CREATE TABLE hooks (
    n INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, channel TEXT NOT NULL, body TEXT NOT NULL,
    due_at REAL NOT NULL, wanted INTEGER NOT NULL, taken INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0,
    UNIQUE (kind, key)
);
CREATE INDEX hooks_due ON hooks (due_at, n) WHERE taken < wanted;
CREATE TABLE hook_tries (
    n INTEGER PRIMARY KEY, hook INTEGER NOT NULL REFERENCES hooks (n), at REAL NOT NULL, status INTEGER, problem TEXT
);
CREATE INDEX hook_tries_of_hook ON hook_tries (hook, n);
CREATE TABLE requests (
    n INTEGER PRIMARY KEY, at REAL NOT NULL, channel TEXT NOT NULL, account TEXT NOT NULL, recipient TEXT NOT NULL,
    text TEXT NOT NULL, in_reply_to TEXT, idempotency_key TEXT NOT NULL, behaviour TEXT NOT NULL,
    answer TEXT, answered_at REAL
);
CREATE TABLE accepted (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, request INTEGER NOT NULL UNIQUE REFERENCES requests (n),
    channel TEXT NOT NULL, account TEXT NOT NULL, recipient TEXT NOT NULL, text TEXT NOT NULL,
    in_reply_to TEXT, root TEXT, idempotency_key TEXT NOT NULL, accepted_at REAL NOT NULL
);
CREATE INDEX accepted_by_key ON accepted (channel, idempotency_key);
CREATE INDEX accepted_by_recipient ON accepted (channel, recipient, n);
CREATE TABLE scripts (
    n INTEGER PRIMARY KEY, account TEXT NOT NULL, recipient TEXT NOT NULL, behaviour TEXT NOT NULL,
    seconds REAL NOT NULL, remaining INTEGER,
    UNIQUE (account, recipient)
);
"""

# The ledger never forgets and never changes its mind; a request is answered once.
NEVER_DELETED = ("messages", "hook_tries", "requests", "accepted")
NEVER_CHANGED = {"messages": "1", "hook_tries": "1", "accepted": "1", "requests": "OLD.answered_at IS NOT NULL"}


def moment() -> float:
    """This moment in seconds since 1970, by the provider's clock."""
    return time.time()


class File:
    """The file at `path`, made on first use. Safe to share between threads, processes and forks."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Nothing is opened yet."""
        self.path = str(path)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that waits for its turn at once, so that it never fails half-way."""
        connection = _connection(self.path)
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """What a SELECT finds now."""
        return _connection(self.path).execute(sql, values).fetchall()

    def number(self, sql: str, *values: object) -> int:
        """The one number a SELECT finds."""
        return int(self.rows(sql, *values)[0][0])


class _Kept(threading.local):
    """Open connections of this thread, and the process they belong to."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.open: OrderedDict[str, sqlite3.Connection] = OrderedDict()
        self.inherited: list[object] = []


_kept = _Kept()


def _connection(path: str) -> sqlite3.Connection:
    if _kept.pid != os.getpid():  # a fork may neither use nor close what its parent opened
        _kept.inherited.append(_kept.open)
        _kept.pid, _kept.open = os.getpid(), OrderedDict()
    if path not in _kept.open:
        _kept.open[path] = _opened(path)
    _kept.open.move_to_end(path)
    while len(_kept.open) > KEPT_OPEN:
        _kept.open.popitem(last=False)[1].close()
    return _kept.open[path]


def _opened(path: str) -> sqlite3.Connection:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    connection.row_factory = sqlite3.Row
    if connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
        _furnish(connection)
    # NORMAL survives every crash of a process; only losing power may cost this made-up network a message.
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection


def _furnish(connection: sqlite3.Connection) -> None:
    """Make the tables; of several processes that come first at once, one does and the others wait."""
    _wal(connection)
    connection.execute("BEGIN IMMEDIATE")
    if connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
        for statement in (*filter(str.strip, SCHEMA.split(";")), *_guards(), f"PRAGMA user_version={VERSION}"):
            connection.execute(statement)
    connection.execute("COMMIT")


def _wal(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging: SQLite does not wait by itself where others switch too."""
    for tries_left in reversed(range(200)):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if not tries_left:
                raise
            time.sleep(0.02)


def _guards() -> Iterator[str]:
    refused = "BEGIN SELECT RAISE(ABORT, 'the ledger never forgets'); END"
    for table in NEVER_DELETED:
        yield f"CREATE TRIGGER {table}_kept BEFORE DELETE ON {table} {refused}"
    for table, when in NEVER_CHANGED.items():
        yield f"CREATE TRIGGER {table}_fixed BEFORE UPDATE ON {table} WHEN {when} {refused}"
