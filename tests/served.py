"""A real desk as a real process: gunicorn with the project's own configuration, on a free loopback port."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import requests

import config
from tests.conftest import environment
from tests.servers import free_port

PATIENCE = 60.0


class Served:
    """One server process. Its settings hold the address it is reached at; `start` again after its death."""

    def __init__(self, settings: config.Settings, **environ: str) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.settings = replace(settings, public_url=self.address, staff_url=self.address)
        self._environ = environ
        self._log = Path(settings.simulator_path).with_name("server.log")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, **environ: str) -> Served:
        """Start and wait until it answers; `environ` is for this start only."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"], cwd=config.ROOT,
                env={**os.environ, **environment(self.settings), "PORT": str(self.port), "HOST": "127.0.0.1",
                     **self._environ, **environ},
                stdout=log, stderr=log, start_new_session=True,
            )
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

    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def worker(self) -> int:
        """The process number of the one worker, which answers requests and runs the loops."""
        assert self._process is not None
        found = subprocess.run(["pgrep", "-P", str(self._process.pid)], capture_output=True, text=True, check=True)
        return int(found.stdout.split()[0])

    def hold_master(self) -> None:
        """Keep gunicorn's master from starting a new worker when this one dies; `kill` ends both."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def kill(self) -> None:
        """SIGKILL to the whole group, as a power cut."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL if that does not help."""
        self._signal(signal.SIGTERM)

    def stop_twice(self) -> int:
        """SIGTERM, and again before it is done, as an impatient person does; the exit status."""
        assert self._process is not None
        for _ in range(2):
            os.killpg(self._process.pid, signal.SIGTERM)
            time.sleep(0.2)
        status = self._process.wait(30)
        self._process = None
        return status

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
        """Everything the server has printed."""
        return self._log.read_text() if self._log.exists() else ""

    def __enter__(self) -> Served:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()
