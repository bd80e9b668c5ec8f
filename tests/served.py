"""A real desk as a real process: gunicorn with the project's own configuration, on a free loopback port."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import requests

import config
from tests.conftest import environment
from tests.nursery import Born, nursery
from tests.servers import free_port

PATIENCE = 60.0


class Program:
    """One program of the desk, as a process group of its own."""

    def __init__(self, settings: config.Settings, name: str, **environ: str) -> None:
        self.settings = settings
        self._environ = environ
        self._log = Path(settings.simulator_path).with_name(f"{name}.log")
        self._process: Born | None = None

    def _run(self, *command: str, **environ: str) -> None:
        assert not self.alive(), "it runs already: a second one would outlive the test"
        given = {**os.environ, **environment(self.settings), **self._environ, **environ}
        self._process = nursery().start(command, given, self._log)

    @property
    def pid(self) -> int:
        """The process number."""
        assert self._process is not None
        return self._process.pid

    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL to the whole group, as a power cut."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL if that does not help."""
        self._signal(signal.SIGTERM)

    def _signal(self, number: int) -> None:
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, number)
            self._process.wait(10)
        except ProcessLookupError:
            pass
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
        self._process = None

    def log(self) -> str:
        """Everything it has printed."""
        return self._log.read_text() if self._log.exists() else ""


class Worker(Program):
    """A worker that sends what it is rung for: `flask triage worker`."""

    def __init__(self, settings: config.Settings, name: str = "worker", **environ: str) -> None:
        super().__init__(settings, name, **environ)

    def start(self, *options: str, **environ: str) -> Worker:
        """Start, and wait until it says that it is ready."""
        said = len(self.log())
        self._run("flask", "triage", "worker", *options, PYTHONUNBUFFERED="1", **environ)
        until = time.monotonic() + PATIENCE
        while "is ready" not in self.log()[said:]:
            assert self.alive(), f"the worker has ended:\n{self.log()[-4000:]}"
            assert time.monotonic() < until, f"the worker is not ready:\n{self.log()[-4000:]}"
            time.sleep(0.05)
        return self

    def hold(self) -> None:
        """Stand still, as a machine that was suspended."""
        os.killpg(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Go on where it stood still."""
        os.killpg(self.pid, signal.SIGCONT)

    def leave(self) -> int:
        """SIGTERM to the process alone; the status it leaves with when it has finished what it was at."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        status = self._process.wait(PATIENCE)
        self._process = None
        return status


class Served(Program):
    """One server process. Its settings hold the address it is reached at; `start` again after its death.

    Several may serve one database, as the nodes of a desk.
    """

    def __init__(self, settings: config.Settings, **environ: str) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        named = replace(settings, public_url=self.address, staff_url=self.address)
        super().__init__(named, f"server-{self.port}", **environ)

    def start(self, **environ: str) -> Served:
        """Start and wait until it answers; `environ` is for this start only."""
        self._run("gunicorn", "-c", "gunicorn.conf.py", "wsgi:app", PORT=str(self.port), HOST="127.0.0.1", **environ)
        self.wait_until_it_answers()
        return self

    def wait_until_it_answers(self) -> None:
        """Wait for /healthz of this very process group."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.alive():
            try:
                if requests.get(f"{self.address}/healthz", timeout=5).ok:
                    return
            except (requests.ConnectionError, requests.Timeout):
                time.sleep(0.05)
        self.kill()
        raise AssertionError(f"the server does not answer:\n{self.log()[-4000:]}")

    def worker(self) -> int:
        """The process number of the one worker, which answers requests and runs the loops."""
        assert self._process is not None
        found = subprocess.run(["pgrep", "-P", str(self._process.pid)], capture_output=True, text=True, check=True)
        return int(found.stdout.split()[0])

    def hold_master(self) -> None:
        """Keep gunicorn's master from starting a new worker when this one dies; `kill` ends both."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def stop_twice(self) -> int:
        """SIGTERM, and again before it is done, as an impatient person does; the exit status."""
        assert self._process is not None
        for _ in range(2):
            os.killpg(self._process.pid, signal.SIGTERM)
            time.sleep(0.2)
        status = self._process.wait(30)
        self._process = None
        return status

    def __enter__(self) -> Served:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()
