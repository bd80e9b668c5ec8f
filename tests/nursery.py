"""Where programs of the desk are born: a process that has imported other people's libraries, and forks.

Nearly all of a program's start is the import of libraries, two seconds of processor each time, and a run of the tests
starts some four hundred programs. One that is born here is a process as any other, with a group, an environment, a
log and a death of its own, and it imports the desk's own code afresh: only the libraries are there already.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LIBRARIES = (
    "aiohttp", "alembic.context", "apispec", "argon2", "cryptography.hazmat.primitives.ciphers.aead", "dotenv", "flask",
    "flask_babel", "limits", "flask_migrate", "flask_socketio", "flask_sqlalchemy", "flask_wtf", "flask.cli",
    "gunicorn.app.wsgiapp", "gunicorn.workers.gthread", "phonenumbers", "prometheus_client", "psycopg",
    "pydantic.root_model", "pyrage", "redis", "requests", "rich", "rq", "rq.worker.base", "segno", "simple_websocket",
    "socketio", "sqlalchemy.dialects.postgresql", "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite", "sqlalchemy.orm", "structlog", "werkzeug.middleware.proxy_fix", "wtforms",
)
PAUSE = 0.01  # seconds between two looks at whether a program has ended


class Born:
    """A program that runs, or has ended: what `subprocess.Popen` would be."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self.pid = pid
        self._nursery = nursery
        self._status: int | None = None

    def poll(self) -> int | None:
        """The status it ended with, negative for a signal; None while it runs."""
        if self._status is None:
            self._status = self._nursery.ask({"ended": self.pid})
        return self._status

    def wait(self, seconds: float) -> int:
        """Wait for its end. Raises subprocess.TimeoutExpired."""
        until = time.monotonic() + seconds
        while (status := self.poll()) is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired(str(self.pid), seconds)
            time.sleep(PAUSE)
        return status

    def send_signal(self, number: signal.Signals) -> None:
        """To this process alone; nothing happens where it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)


class Nursery:
    """The process that forks, from outside; it ends with whoever started it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen([sys.executable, "-u", "-m", "tests.nursery"], cwd=ROOT, text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        atexit.register(self._process.communicate)

    def start(self, command: Sequence[str], environ: Mapping[str, str], log: Path) -> Born:
        """`python -m command`, in a session of its own; what it prints is added to `log`."""
        return Born(self, self.ask({"command": list(command), "environ": dict(environ), "log": str(log)}))

    def ask(self, order: Mapping[str, object]) -> Any:
        """One order, and the answer to it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())


@cache
def nursery() -> Nursery:
    """The one of this process, started when it is first needed."""
    return Nursery()


# inside

def main() -> None:
    """Import, then do what is ordered, one line each; a child leaves the loop and becomes a program."""
    for library in LIBRARIES:
        importlib.import_module(library)
    gc.freeze()
    for line in iter(sys.stdin.readline, ""):
        order = json.loads(line)
        answer = _ended(order["ended"]) if "ended" in order else _fork()
        if answer == 0 and "command" in order:
            _become(order["command"], order["environ"], order["log"])
            return
        sys.stdout.write(json.dumps(answer) + "\n")


def _ended(pid: int) -> int | None:
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def _fork() -> int:
    """0 in the child; its number in the parent, once it leads a group of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
    os.close(writing)
    if child:
        os.read(reading, 1)
    os.close(reading)
    return child


def _become(command: Sequence[str], environ: Mapping[str, str], log: str) -> None:
    """What `python -m` does, with this environment."""
    for number, path, flags in ((0, os.devnull, os.O_RDONLY), (1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)):
        opened = os.open(path, flags, 0o644)
        os.dup2(opened, number)
        os.close(opened)
    os.dup2(1, 2)
    os.environ.clear()
    os.environ.update(environ)
    tempfile.tempdir = None  # found anew, by this environment
    sys.argv = ["-m", *command[1:]]
    gc.unfreeze()
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
