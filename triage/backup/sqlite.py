"""A SQLite database into an archive and back: its own backup interface, and one rename at the end."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from triage.backup.archive import Sink
from triage.backup.manifest import Ask, Facts, facts
from triage.spool import OWNER_ONLY, give_to_owner_of_folder, owner_only, sync

TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
BESIDE = ("-wal", "-shm", "-journal")
BUSY_SECONDS = 10.0
LOCKS, NUMBER_OF_LOCKS = 0x4000_0000, 512  # the bytes of a file that SQLite locks; in WAL mode as long as it is open
RUNNING = "The desk is still running on this database; stop it first."


class InUse(Exception):
    """Somebody has the database open; `str()` is one sentence."""


class Unreadable(Exception):
    """The database is damaged, or no database; `str()` is one sentence."""


@contextmanager
def snapshot(path: Path) -> Iterator[tuple[Facts, BinaryIO]]:
    """The database as it is at this moment, writers going on meanwhile: what is counted in it, and its bytes."""
    with copied(path) as copy:
        counted = count(copy)
        with copy.open("rb") as file:
            yield counted, file


@contextmanager
def copied(path: Path) -> Iterator[Path]:
    """A whole copy of a database in use, for the length of the block.

    It stands beside the database, where it is no easier to come by than the database itself.
    """
    _clear_away(path)
    copy = path.with_name(f"{path.name}.copy-{os.getpid()}")
    try:
        os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, OWNER_ONLY))
        with closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)  # all pages in one step: one read, which no writer waits for
            target.execute("PRAGMA journal_mode=DELETE")
        yield copy
    finally:
        for ending in ("", *BESIDE):
            copy.with_name(f"{copy.name}{ending}").unlink(missing_ok=True)


def _clear_away(path: Path) -> None:
    """What a killed process left: copies whose maker is gone."""
    for left in path.parent.glob(f"{path.name}.copy-*"):
        number = left.name.rpartition(".copy-")[2].partition("-")[0]
        if not Path(f"/proc/{number}").exists():
            left.unlink(missing_ok=True)


def count(path: Path) -> Facts:
    """What is in the database file at `path`."""
    with closing(sqlite3.connect(path)) as connection:
        ask = _asker(connection)
        return facts(ask, [str(row[0]) for row in ask(TABLES)])


def _asker(connection: sqlite3.Connection) -> Ask:
    def ask(statement: str) -> Sequence[Sequence[Any]]:
        return connection.execute(statement).fetchall()

    return ask


def holds_anything(path: Path, tables: Sequence[str]) -> bool:
    """Whether one of `tables` has a row; a file that is not there, or has no tables yet, holds nothing.

    Raises Unreadable.
    """
    if not path.exists():
        return False
    with closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection, _readable(path):
        there = {row[0] for row in connection.execute(TABLES)}
        return any(connection.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone()  # noqa: S608 - our own tables
                   for name in tables if name in there)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as problem:
        raise Unreadable(f"{path} cannot be read: the database is damaged, or is none. Nothing was changed. Keep the "
                         "file elsewhere, for what can be saved of it; then say --replace.") from problem


def _require_unlocked(path: Path) -> None:
    """The same question as `Place.require_alone` to a file that SQLite cannot read any more."""
    with path.open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, NUMBER_OF_LOCKS, LOCKS)
        except OSError as problem:
            raise InUse(RUNNING) from problem


class Place:
    """Where a restored database is prepared, beside the one it will replace."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._staged = path.with_name(f"{path.name}.restoring")
        self.url = f"sqlite:///{self._staged}"
        self._file: BinaryIO | None = None

    def require_alone(self) -> None:
        """Raises InUse where anybody else has the present database open. Empties the files beside it.

        A damaged one may be given up too: it is why a desk is brought back.
        """
        if not self._path.exists():
            return
        with closing(sqlite3.connect(self._path, timeout=1.0, isolation_level=None)) as connection:
            try:
                connection.execute("PRAGMA locking_mode=EXCLUSIVE")
                connection.execute("BEGIN EXCLUSIVE")
                connection.execute("COMMIT")
                connection.execute("PRAGMA journal_mode=DELETE")
            except sqlite3.DatabaseError as problem:
                if problem.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                    raise InUse(RUNNING) from problem
                connection.close()
                _require_unlocked(self._path)

    @contextmanager
    def filled(self) -> Iterator[Sink]:
        """Take the bytes of the copy; afterwards they are on the disk."""
        self.clear()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with open(self._staged, "xb", opener=owner_only) as file:
            yield file.write
            file.flush()
            os.fsync(file.fileno())

    def facts(self) -> Facts:
        """What is in the prepared database."""
        return count(self._staged)

    def take_over(self) -> None:
        """The prepared database becomes the desk's, whole, in one step."""
        self.require_alone()
        with closing(sqlite3.connect(self._staged, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")  # everything into the one file
        for ending in BESIDE:
            with suppress(FileNotFoundError):
                self._path.with_name(f"{self._path.name}{ending}").unlink()
        with self._staged.open("rb") as file:
            os.fsync(file.fileno())
        give_to_owner_of_folder(self._staged)
        self._staged.rename(self._path)
        sync(self._path.parent)

    def clear(self) -> None:
        """Take away what an earlier try left."""
        for ending in ("", *BESIDE):
            self._staged.with_name(f"{self._staged.name}{ending}").unlink(missing_ok=True)
