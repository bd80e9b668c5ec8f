"""Private servers for tests and benchmarks: PostgreSQL and Redis on free loopback ports, started as real processes.

Both can be stopped as a power cut would, started again on the same port, and held still. As root,
PostgreSQL's programs run as the user `postgres`, because they refuse to run as root; so its folder
lies directly under the system's temporary folder, where that user may go, or in memory.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import psycopg
import redis
from psycopg import sql

PATIENCE = 30.0
# Nobody's data: what a test database loses in a power cut of the whole machine is of no interest. Nor is who waits
# for whom: a deadlock is one, however soon it is looked for.
CARELESS = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_wal_size=128MB",
            "deadlock_timeout=100ms")  # a second each, else, in which whoever races does nothing
# Where a copy of a database takes a tenth of the time that it takes on some disks.
MEMORY, ROOM = Path("/dev/shm"), 2**30  # noqa: S108 - a folder of one's own is made in it


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def programs() -> Path:
    """Where PostgreSQL's server programs stand. Raises LookupError with a sentence where there are none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path is None:
        raise LookupError("These tests need PostgreSQL's server programs: install the package postgresql.")
    return Path(on_path).parent


def _in_memory() -> Path | None:
    """A folder in memory; None where there is none with room."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM else None


class Postgres:
    """A cluster of its own. `durable=True` keeps fsync on, for what is measured or killed with it."""

    def __init__(self, *, durable: bool = False, options: Sequence[str] = ()) -> None:
        self.port = free_port()
        self._home = Path(tempfile.mkdtemp(prefix="triage-pg-", dir=None if durable else _in_memory()))
        self._bin = programs()
        self._options = ["listen_addresses=127.0.0.1", f"unix_socket_directories={self._home}", "max_connections=200",
                         *(() if durable else CARELESS), *options]
        self._names = itertools.count(1)
        if os.geteuid() == 0:
            shutil.chown(self._home, "postgres")
        self._run("initdb", "-A", "trust", "-U", "triage", "--no-sync", "--locale=C.UTF-8", "-E", "UTF8",
                  "-D", str(self._data))

    @property
    def _data(self) -> Path:
        return self._home / "data"

    def _run(self, program: str, *arguments: str) -> None:
        as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        done = subprocess.run([*as_postgres, str(self._bin / program), *arguments], cwd="/", capture_output=True,
                              text=True, timeout=60)
        if done.returncode:
            raise RuntimeError(f"{program} failed:\n{done.stdout}{done.stderr}")

    def start(self) -> Postgres:
        """Start, on the same port every time, and wait until it answers."""
        given = " ".join(f"-c {option}" for option in self._options)
        # The log goes to a file: a pipe would be inherited by the server and never end.
        self._run("pg_ctl", "-D", str(self._data), "-w", "-s", "-l", str(self._home / "log"),
                  "-o", f"-p {self.port} {given}", "start")
        return self

    def stop(self, mode: str = "fast") -> None:
        """Stop: `fast` in order, `immediate` as if it had crashed."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-s", "-m", mode, "stop")

    def hold(self) -> None:
        """Stop answering, without dying: every process of the cluster stands still, its connections stay open."""
        for process in self._processes():
            os.kill(process, signal.SIGSTOP)

    def go_on(self) -> None:
        """Answer again."""
        for process in self._processes():
            os.kill(process, signal.SIGCONT)

    def _processes(self) -> list[int]:
        first = (self._data / "postmaster.pid").read_text().split()[0]
        others = subprocess.run(["pgrep", "-P", first], capture_output=True, text=True, check=True).stdout.split()
        return [int(first), *map(int, others)]

    def remove(self) -> None:
        """Stop, and delete everything."""
        if (self._data / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self._home, ignore_errors=True)

    def url(self, name: str = "postgres") -> str:
        """The address of a database, as DATABASE_URL wants it."""
        return f"postgresql+psycopg://triage@127.0.0.1:{self.port}/{name}"

    def connect(self, name: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """A connection of one's own, in autocommit."""
        return psycopg.connect(host="127.0.0.1", port=self.port, user="triage", dbname=name, autocommit=True)

    def create(self, template: str | None = None) -> str:
        """A fresh database, a copy of `template` if given; its name."""
        name = f"desk_{os.getpid()}_{next(self._names)}"
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template:
            statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
        with self.connect() as connection:
            connection.execute(statement)
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected."""
        with self.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def terminate(self, name: str) -> int:
        """Cut every other connection to a database; how many there were."""
        with self.connect() as connection:
            cut = connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s "
                                     "AND pid <> pg_backend_pid()", (name,))
            return len(cut.fetchall())

    def log(self) -> str:
        """What the server has written."""
        return (self._home / "log").read_text(errors="replace")


class Redis:
    """A server that remembers nothing over a restart, as one that a desk may lose at any time."""

    def __init__(self, *options: str) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    def start(self) -> Redis:
        """Start, on the same port every time, and wait until it answers."""
        program = shutil.which("redis-server")
        if program is None:
            raise LookupError("These tests need a Redis server: install the package redis-server.")
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the server
        self._process = subprocess.Popen(
            [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
             *self._options], cwd="/", stdout=self._log, stderr=self._log)
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self._process.poll() is None:
            try:
                self.client().ping()
            except redis.ConnectionError:
                time.sleep(0.02)
            else:
                return self
        self._log.seek(0)
        raise RuntimeError(f"redis-server does not answer:\n{self._log.read().decode()}")

    def client(self) -> redis.Redis:
        """A connection of one's own."""
        return redis.Redis(port=self.port, socket_timeout=10)

    def kill(self) -> None:
        """SIGKILL: everything it knew is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None
        if self._log is not None:
            self._log.close()

    def hold(self) -> None:
        """Stop answering, without dying."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Answer again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
