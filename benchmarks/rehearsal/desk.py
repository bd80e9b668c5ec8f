"""A throw-away desk with a real server: everything in one folder, on a free loopback port."""

from __future__ import annotations

import base64
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import requests
from flask import Flask
from flask_migrate import upgrade

import config
from triage import passwords
from triage.actions import accounts, people
from triage.app import create_app
from triage.db import db, run_in_transaction

NUMBERS = ("+254700000100", "+254700000110")
HANDLES = ("@harbour_desk",)
PASSWORD = "rehearsal of the desk"  # noqa: S105 - of a desk that lives for ten minutes on the loopback
GENEROUS = [[100_000, 60]]
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Staff:
    """Who works here: e-mail addresses, the password of all is PASSWORD."""

    operators: tuple[str, ...]
    coordinator: str


class Desk:
    """The desk in `folder`. Use as a context: the server runs inside it."""

    def __init__(self, folder: Path, *, undo_seconds: int = 1) -> None:
        """Make settings; nothing is written yet."""
        self.folder = folder
        self.port = _free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.environment = _environment(folder, self.address, undo_seconds)
        self.app: Flask = create_app(config.load(self.environment))
        self._log = folder / "server.log"
        self._server: subprocess.Popen[bytes] | None = None

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
        """Start the server and wait until it answers."""
        command = [str(Path(sys.executable).parent / "gunicorn"), "-c", "gunicorn.conf.py", "wsgi:app"]
        with self._log.open("wb") as log:
            self._server = subprocess.Popen(  # noqa: S603 - our own server
                command, cwd=config.ROOT, env={**os.environ, **self.environment, "PORT": str(self.port)},
                stdout=log, stderr=subprocess.STDOUT,
            )
        self._wait_until_alive()
        return self

    def __exit__(self, *_problem: object) -> None:
        """Stop the server."""
        assert self._server is not None  # noqa: S101 - entered before
        self._server.send_signal(signal.SIGTERM)
        try:
            self._server.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()

    def require_alive(self) -> None:
        """Raise RuntimeError where the server has ended by itself: then there is nothing to wait for."""
        assert self._server is not None  # noqa: S101 - entered before
        if self._server.poll() is not None:
            raise RuntimeError(f"the server ended with status {self._server.returncode}:\n{self.log()}")

    def log(self) -> str:
        """What the server complained about."""
        return self._log.read_text("utf-8", "replace")

    def peak_memory(self) -> int:
        """The most resident memory the serving process has had so far, in MiB."""
        return max(_status_kib(pid, "VmHWM") for pid in self._processes()) // 1024

    def cpu_seconds(self) -> float:
        """Processor time of the serving processes so far."""
        ticks = os.sysconf("SC_CLK_TCK")
        return sum(_ticks(pid) for pid in self._processes()) / ticks

    def _processes(self) -> list[int]:
        assert self._server is not None  # noqa: S101 - entered before
        own = self._server.pid
        children = Path(f"/proc/{own}/task/{own}/children").read_text().split()
        return [own, *map(int, children)]

    def _wait_until_alive(self) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            try:
                if requests.get(f"{self.address}/healthz", timeout=2).ok:
                    return
            except requests.RequestException:
                time.sleep(0.1)
        self.__exit__()
        raise RuntimeError(f"the server did not start:\n{self.log()}")


def _environment(folder: Path, address: str, undo_seconds: int) -> dict[str, str]:
    index, sealing = (base64.b64encode(secrets.token_bytes(config.KEY_BYTES)).decode() for _ in range(2))
    return {
        "SECRET_KEY": secrets.token_urlsafe(48), "TRIAGE_KEYS": f"index:{index},k1:{sealing}",
        "DATABASE_URL": f"sqlite:///{folder / 'desk.db'}", "SIMULATOR_PATH": str(folder / "simulator.db"),
        "PUBLIC_URL": address, "STAFF_URL": address, "DEMO": "1", "DESK_NAME": "Rehearsal desk",
        "DESK_LANGUAGES": "en,es", "UNDO_SECONDS": str(undo_seconds), "PASSWORD_COST": "low",
        "FORM_PER_10_MINUTES": "100000", "MAX_SOCKETS": "40",  # all citizens share one address here
    }


def _furnish(staff: Staff) -> None:
    password_hash = passwords.hashed(PASSWORD, "low")
    for number, email in enumerate(staff.operators):
        _join(email, f"Operator {number:02}", ("operator",), password_hash, _own_accounts(number))
    _join(staff.coordinator, "Coordinator", ("coordinator", "admin"), password_hash, ())
    for address in NUMBERS:
        accounts.add_account("sms", address, can_send=True, limits=GENEROUS)
    for address in HANDLES:
        accounts.add_account("mastodon", address)


def _own_accounts(number: int) -> Sequence[tuple[str, str]]:
    return (("sms", f"+2547000002{number:02}"), ("mastodon", f"@operator{number:02}"))


def _join(email: str, name: str, roles: Sequence[str], password_hash: str,
          own: Sequence[tuple[str, str]]) -> None:
    added = people.add_operator(email, name, roles, public_name=name)
    people.set_password(added.id, password_hash)
    for channel, address in own:
        accounts.add_account(channel, address, operator_id=added.id, limits=GENEROUS)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _status_kib(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    return 0


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
