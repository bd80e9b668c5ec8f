"""A throw-away desk with real servers: everything in one folder, on free loopback ports."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade

import config
from benchmarks.rehearsal.processes import Process
from tests.servers import Postgres, Redis, free_port
from triage import passwords
from triage.actions import accounts, people
from triage.app import create_app
from triage.db import db, run_in_transaction

NUMBERS = ("+254700000100", "+254700000110")
HANDLES = ("@harbour_desk",)
PASSWORD = "rehearsal of the desk"  # noqa: S105 - of a desk that lives for ten minutes on the loopback
GENEROUS = [[100_000, 60]]


@dataclass(frozen=True)
class Staff:
    """Who works here: e-mail addresses, the password of all is PASSWORD."""

    operators: tuple[str, ...]
    coordinator: str


class Desk:
    """The desk in `folder`, on SQLite with one process. Use as a context: the server runs inside it."""

    database = "SQLite on the local disk, one process"

    def __init__(self, folder: Path, *, undo_seconds: int = 1, **environment: str) -> None:
        """Make settings; nothing is written yet."""
        self._ports = [free_port() for _ in range(self._nodes)]
        self.addresses = [f"http://127.0.0.1:{port}" for port in self._ports]
        self.environment = {**_environment(folder, self.addresses, undo_seconds), **environment}
        self.app: Flask = create_app(config.load(self.environment))
        self._folder = folder
        self._processes: list[Process] = []

    _nodes = 1

    @property
    def simulator_path(self) -> str:
        """The file of the made-up provider."""
        return self.environment["SIMULATOR_PATH"]

    def furnish(self, operators: int) -> Staff:
        """Migrate; add people, each operator with a number and a handle of their own, and the shared accounts."""
        staff = Staff(tuple(f"operator{n:02}@desk.example" for n in range(operators)), "coordinator@desk.example")
        with self.app.app_context():
            upgrade(directory=str(config.ROOT / "migrations"))
            run_in_transaction(lambda: _furnish(staff))
            db.session.remove()
            db.engine.dispose()
        return staff

    def __enter__(self) -> Desk:
        """Start the servers and wait until they answer."""
        for number, (port, address) in enumerate(zip(self._ports, self.addresses, strict=True)):
            # Each node is known by its own address here, as there is no proxy that gives them one.
            own = {**self.environment, "PUBLIC_URL": address, "STAFF_URL": address}
            self._processes.append(Process.server(own, port, self._folder / f"web-{number}.log"))
        return self

    def __exit__(self, *_problem: object) -> None:
        """Stop everything, senders first."""
        for process in reversed(self._processes):
            process.stop()

    def require_alive(self) -> None:
        """Raise RuntimeError where a process has ended by itself: then there is nothing to wait for."""
        for process in self._processes:
            process.require_alive()

    def log(self) -> str:
        """What the processes complained about."""
        return "".join(process.log() for process in self._processes)

    def peak_memory(self) -> int:
        """The most resident memory one process has had so far, in MiB."""
        return max(process.peak_memory() for process in self._processes)

    def cpu_seconds(self) -> float:
        """Processor time of all processes so far, the database's own not among them."""
        return sum(process.cpu_seconds() for process in self._processes)


class ScaledDesk(Desk):
    """The same desk as on an election night: PostgreSQL and Redis, two web nodes, two workers that send."""

    database = "PostgreSQL with fsync on, Redis, two web nodes and two workers"
    _nodes = 2

    def __init__(self, folder: Path, *, undo_seconds: int = 1) -> None:
        """Start private servers for the desk's data and its doorbell."""
        self._postgres, self._redis = Postgres(durable=True).start(), Redis().start()
        super().__init__(folder, undo_seconds=undo_seconds, REDIS_URL=self._redis.url,
                         DATABASE_URL=self._postgres.url(self._postgres.create()))

    def __enter__(self) -> ScaledDesk:
        """Start the nodes, then the workers."""
        super().__enter__()
        for number in range(2):
            self._processes.append(Process.worker(self.environment, self._folder / f"worker-{number}.log"))
        return self

    def close(self) -> None:
        """Remove the private servers and what they held."""
        self._redis.kill()
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()
        self._postgres.remove()


def _environment(folder: Path, addresses: Sequence[str], undo_seconds: int) -> dict[str, str]:
    index, sealing = (base64.b64encode(secrets.token_bytes(config.KEY_BYTES)).decode() for _ in range(2))
    return {
        "SECRET_KEY": secrets.token_urlsafe(48), "TRIAGE_KEYS": f"index:{index},k1:{sealing}",
        "DATABASE_URL": f"sqlite:///{folder / 'desk.db'}", "SIMULATOR_PATH": str(folder / "simulator.db"),
        "SPOOL_PATH": str(folder / "spool"),
        "PUBLIC_URL": addresses[0], "STAFF_URL": addresses[0], "EXTRA_ORIGINS": ",".join(addresses),
        "DEMO": "1", "DESK_NAME": "Rehearsal desk",
        "DESK_LANGUAGES": "en,es", "UNDO_SECONDS": str(undo_seconds), "PASSWORD_COST": "low",
        "FORM_PER_10_MINUTES": "100000", "MAX_SOCKETS": "40",  # all citizens share one address here
    }


def _furnish(staff: Staff) -> None:
    password_hash = passwords.hashed(PASSWORD, "low")
    for number, email in enumerate(staff.operators):
        _join(email, f"Operator {number:02}", ("operator",), password_hash, _own_accounts(number))
    _join(staff.coordinator, "Coordinator", ("coordinator", "admin"), password_hash, ())
    for address in NUMBERS:
        accounts.add_account("sms", address, can_send=True, terms=accounts.Terms(limits=GENEROUS))
    for address in HANDLES:
        accounts.add_account("mastodon", address)


def _own_accounts(number: int) -> Sequence[tuple[str, str]]:
    return (("sms", f"+2547000002{number:02}"), ("mastodon", f"@operator{number:02}"))


def _join(email: str, name: str, roles: Sequence[str], password_hash: str,
          own: Sequence[tuple[str, str]]) -> None:
    added = people.add_operator(email, name, roles, public_name=name)
    people.set_password(added.id, password_hash)
    for channel, address in own:
        accounts.add_account(channel, address, operator_id=added.id, terms=accounts.Terms(limits=GENEROUS))
