"""The two sides as real servers: the desk with its own configuration, and a bare program under the same gunicorn.

While one side is measured the other is held still (SIGSTOP): its idle loops cost the first nothing.
"""

from __future__ import annotations

import base64
import os
import secrets
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import upgrade

import config
from benchmarks.rehearsal.processes import Process
from tests.servers import free_port
from triage.actions import accounts, people
from triage.app import create_app
from triage.db import db, run_in_transaction
from triage.models import Operator

NUMBER, HANDLE = "+254700000100", "@harbour_desk"
GENEROUS = [[1_000_000, 60]]
NO_BOUND = 1_000_000  # reports an operator may hold here
SOCKETS = 232


class Server(Process):
    """A server on a free port that can be held still."""

    def __init__(self, command: list[str], environment: Mapping[str, str], port: int, log: Path) -> None:
        """Start it and wait until it answers /healthz."""
        super().__init__(command, environment, log)
        self.port = port
        self._wait_until_it_answers(f"http://127.0.0.1:{port}/healthz")

    def hold(self) -> None:
        """Stop every process of it until `go_on`."""
        self._tell(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it run again."""
        self._tell(signal.SIGCONT)

    def stop(self) -> None:
        """End it, held or not."""
        self.go_on()
        super().stop()

    def memory(self) -> float:
        """Resident memory of the process that serves, in MiB."""
        pages = int(Path(f"/proc/{self._family()[-1]}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def _tell(self, number: int) -> None:
        for pid in self._family():
            os.kill(pid, number)


@contextmanager
def alone(running: Server, held: Server) -> Iterator[None]:
    """`held` stands still while `running` is measured."""
    held.hold()
    try:
        yield
    finally:
        held.go_on()


class Desk:
    """A desk in `folder` on a database of its own: settings, an application to fill it with, a server."""

    def __init__(self, folder: Path, database_url: str = "", **environment: str) -> None:
        """Make settings, migrate, add the shared accounts."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.port = folder, free_port()
        self.environment = _environment(folder, self.port, database_url) | environment
        self.app: Flask = create_app(config.load(self.environment))
        with self.app.app_context():
            upgrade(directory=str(config.ROOT / "migrations"))
        self.act(_furnish)

    def act(self, fn: Callable[[], Any]) -> Any:
        """Run `fn` in a transaction of this desk."""
        with self.app.app_context():
            return run_in_transaction(fn)

    def read(self, fn: Callable[[], Any]) -> Any:
        """Run `fn`, which reads, on the present state of this desk."""
        with self.app.app_context():
            return fn()

    def staff(self, count: int, role: str = "operator") -> list[int]:
        """So many operators who may hold any number of reports; their numbers."""
        return [self.act(lambda n=place: _operator(n, role)) for place in range(count)]

    def serve(self) -> Server:
        """Start the desk's server, as `make run` would."""
        command = ["gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]
        return Server(command, {**self.environment, "PORT": str(self.port)}, self.port, self.folder / "server.log")

    def close(self) -> None:
        """Let go of the database."""
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()


def bare(name: str, folder: Path, **environment: str) -> Server:
    """The bare program `benchmarks.bench.bare:<name>` under gunicorn with the desk's class and number of threads."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = ["gunicorn", "-c", os.devnull, "-b", f"127.0.0.1:{port}", "-w", "1", "-k", "gthread",
               "--threads", str(SOCKETS + 32), "--graceful-timeout", "3", "--no-control-socket",
               "--log-level", "warning", f"benchmarks.bench.bare:{name}()"]
    return Server(command, {**environment, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}, port,
                  folder / f"{name}.log")


def _environment(folder: Path, port: int, database_url: str) -> dict[str, str]:
    index, sealing = (base64.b64encode(secrets.token_bytes(config.KEY_BYTES)).decode() for _ in range(2))
    address = f"http://127.0.0.1:{port}"
    return {
        "SECRET_KEY": secrets.token_urlsafe(48), "TRIAGE_KEYS": f"index:{index},k1:{sealing}",
        "DATABASE_URL": database_url or f"sqlite:///{folder / 'desk.db'}",
        "SIMULATOR_PATH": str(folder / "simulator.db"), "PUBLIC_URL": address, "STAFF_URL": address,
        "DEMO": "0", "DESK_NAME": "Benchmark desk", "UNDO_SECONDS": "0", "PASSWORD_COST": "low",
        "FORM_PER_10_MINUTES": "100000", "MAX_SOCKETS": str(SOCKETS), "REDIS_URL": "",
    }


def _furnish() -> None:
    accounts.add_account("sms", NUMBER, provider="simulator", can_send=True, terms=accounts.Terms(limits=GENEROUS))
    accounts.add_account("mastodon", HANDLE, provider="simulator")


def _operator(place: int, role: str) -> int:
    made = people.add_operator(f"{role}{place:03}@desk.example", f"{role} {place}", (role,),
                               public_name=f"{role} {place}")
    db.session.flush()
    added = db.session.get_one(Operator, made.id)
    added.capacity, added.shift = NO_BOUND, "taking"
    return added.id
