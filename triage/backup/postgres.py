"""A PostgreSQL database into an archive and back: its own programs, a schema beside the present one, one swap.

The way back fills a schema of another name while the desk's own stays untouched. Only when that one is whole,
migrated, counted and made safe do the two change places, in one transaction: whoever kills this in between finds
what was there before.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, make_url

from triage.backup.archive import Sink
from triage.backup.manifest import Facts, facts

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"
STAGED, PRESENT = "triage_restoring", "triage_present"
# The archive's statements name the schema public: it stands aside for them, and comes back in the same transaction.
BEFORE = (f"DROP SCHEMA IF EXISTS {STAGED} CASCADE; ALTER SCHEMA public RENAME TO {PRESENT}; CREATE SCHEMA public;")
AFTER = f"ALTER SCHEMA public RENAME TO {STAGED}; ALTER SCHEMA {PRESENT} RENAME TO public;"
SWAP = f"DROP SCHEMA public CASCADE; ALTER SCHEMA {STAGED} RENAME TO public"
QUOTE = '"'  # what follows in the server's words may be of a row
# pg_dump reads for as long as the tables are large.
PATIENT = "-c statement_timeout=0 -c idle_in_transaction_session_timeout=0 -c lock_timeout=10s"


class Trouble(Exception):
    """One of PostgreSQL's programs is missing or failed; `str()` is one sentence."""


class InUse(Exception):
    """Somebody else is connected; `str()` is one sentence."""


class Server:
    """The database of a desk, as the programs and we reach it."""

    def __init__(self, url: str) -> None:
        made: URL = make_url(url)
        named = made.translate_connect_args(username="user", database="dbname")
        password = named.pop("password", None)
        self._known = {**named, **{key: str(value) for key, value in made.query.items()}}
        self._password = {"PGPASSWORD": str(password)} if password else {}

    @property
    def address(self) -> str:
        """For a program's command line: everything but the password, which stands in `environ`."""
        return make_conninfo(**self._known)

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment of a program."""
        return {**os.environ, **self._password, "PGOPTIONS": PATIENT}

    def connect(self, schema: str = "public") -> psycopg.Connection[tuple[Any, ...]]:
        """A connection that looks into one schema."""
        options = f"{PATIENT} -c search_path={schema}"
        secret = {"password": self._password["PGPASSWORD"]} if self._password else {}
        return psycopg.connect(make_conninfo(**self._known, options=options, **secret))

    def major(self) -> int:
        """The version that serves. Raises psycopg.OperationalError."""
        with self.connect() as connection:
            return connection.info.server_version // 10000


def program(name: str, least: int) -> Path:
    """One of PostgreSQL's programs, of version `least` or newer. Raises Trouble."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parts[-2]), reverse=True)
    for folder in folders:
        if int(folder.parts[-2]) >= least and (folder / name).exists():
            return folder / name
    found = shutil.which(name)
    if found is None or _version(found) < least:
        raise Trouble(f"This needs {name} of PostgreSQL {least} or newer: install the package postgresql-client.")
    return Path(found)


def _version(path: str) -> int:
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - found on PATH
    digits = said.stdout.rpartition(") ")[2].partition(".")[0]
    return int(digits) if digits.isdecimal() else 0


@contextmanager
def snapshot(url: str) -> Iterator[tuple[Facts, BinaryIO]]:
    """The database as it is at this moment, writers going on meanwhile: what is counted in it, and its dump."""
    server = Server(url)
    dump = program("pg_dump", server.major())
    with server.connect() as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        shared = str(_ask(connection, "SELECT pg_export_snapshot()")[0][0])
        counted = _count(connection)
        arguments = [str(dump), "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={shared}",
                     f"--exclude-schema={STAGED}", f"--dbname={server.address}"]
        with _running(arguments, server, stdout=subprocess.PIPE) as process:
            yield counted, cast(BinaryIO, process.stdout)


def _ask(connection: psycopg.Connection[tuple[Any, ...]], statement: str) -> Sequence[Sequence[Any]]:
    return connection.execute(statement.encode()).fetchall()


def _count(connection: psycopg.Connection[tuple[Any, ...]]) -> Facts:
    tables = [str(row[0]) for row in _ask(connection, TABLES)]
    return facts(lambda statement: _ask(connection, statement), tables)


@contextmanager
def _running(arguments: list[str], server: Server, **streams: int | IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """A program that must end well. Raises Trouble with its last words."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(arguments, env=server.environ, stderr=said, **streams)  # type: ignore[call-overload]  # noqa: S603 - our own arguments
        try:
            yield process
        except BaseException:
            process.kill()
            process.wait()
            if process.returncode > 0:
                raise _trouble(arguments, said) from None
            raise
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        if process.wait() != 0:
            raise _trouble(arguments, said)


def _trouble(arguments: Sequence[str], said: IO[bytes]) -> Trouble:
    said.seek(0)
    lines = said.read().decode(errors="replace").strip().splitlines()
    word = next((line for line in lines if "rror" in line), lines[-1] if lines else "no word of why")
    return Trouble(f"{Path(arguments[0]).name} failed: {word.partition(QUOTE)[0][:160].strip()}.")


def holds_anything(url: str, tables: Sequence[str]) -> bool:
    """Whether one of `tables` has a row; a database without tables holds nothing."""
    with Server(url).connect() as connection:
        there = {row[0] for row in _ask(connection, TABLES)}
        return any(_ask(connection, f'SELECT 1 FROM "{name}" LIMIT 1')  # noqa: S608 - our own tables
                   for name in tables if name in there)


class Place:
    """Where a restored database is prepared: a schema beside the one it will replace."""

    def __init__(self, url: str, version: int) -> None:
        self._server = Server(url)
        self._version = version
        self.url = url

    def require_alone(self) -> None:
        """Raises InUse where anybody else is connected."""
        query = ("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                 "AND pid <> pg_backend_pid() AND backend_type = 'client backend'")
        with self._server.connect() as connection:
            if _ask(connection, query)[0][0]:
                raise InUse("Somebody is connected to this database; stop the desk and its workers first.")

    @contextmanager
    def filled(self) -> Iterator[Sink]:
        """Take the bytes of the dump; afterwards the schema beside stands, or nothing has changed."""
        least = max(self._version, self._server.major())
        load = [str(program("psql", least)), "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1",
                f"--dbname={self._server.address}", f"--command={BEFORE}", "--file=-", f"--command={AFTER}"]
        read = [str(program("pg_restore", least)), "--no-owner", "--no-privileges", "--file=-"]
        nothing = subprocess.DEVNULL
        with (
            _running(load, self._server, stdin=subprocess.PIPE, stdout=nothing) as loading,
            _running(read, self._server, stdin=subprocess.PIPE, stdout=cast(IO[bytes], loading.stdin)) as reading,
        ):
            cast(IO[bytes], loading.stdin).close()  # pg_restore's end is the only one: its end is psql's
            yield cast(IO[bytes], reading.stdin).write

    def facts(self) -> Facts:
        """What is in the prepared schema."""
        with self._server.connect(STAGED) as connection:
            return _count(connection)

    def take_over(self) -> None:
        """The prepared schema becomes the desk's, whole, in one step."""
        self.require_alone()
        with self._server.connect() as connection:
            connection.execute(SWAP.encode())

    def clear(self) -> None:
        """Take away what an earlier try left."""
        with self._server.connect() as connection:
            connection.execute(f"DROP SCHEMA IF EXISTS {STAGED} CASCADE".encode())
