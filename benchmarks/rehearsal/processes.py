"""The desk's own processes: a server or a sender, watched, measured and stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import requests

import config

PATIENCE_SECONDS = 30.0
PROGRAMS = Path(sys.executable).parent


class Process:
    """One program of the desk with its children. What it complains about goes to `log`."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        """Start it."""
        self._log = log
        with log.open("wb") as lines:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [str(PROGRAMS / command[0]), *command[1:]], cwd=config.ROOT, env={**os.environ, **environment},
                stdout=subprocess.DEVNULL, stderr=lines,
            )

    @classmethod
    def server(cls, environment: Mapping[str, str], port: int, log: Path) -> Process:
        """A web node on a loopback port, waited for until it answers."""
        made = cls(("gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"), {**environment, "PORT": str(port)}, log)
        made._wait_until_it_answers(f"http://127.0.0.1:{port}/healthz")
        return made

    @classmethod
    def worker(cls, environment: Mapping[str, str], log: Path) -> Process:
        """A worker that sends."""
        return cls(("flask", "triage", "worker"), environment, log)

    def require_alive(self) -> None:
        """Raise RuntimeError where it has ended by itself: then there is nothing to wait for."""
        if self._process.poll() is not None:
            raise RuntimeError(f"{self._log.stem} ended with status {self._process.returncode}:\n{self.log()}")

    def stop(self) -> None:
        """SIGTERM, and SIGKILL where that does not help."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def log(self) -> str:
        """What it has said."""
        return self._log.read_text("utf-8", "replace")

    def peak_memory(self) -> int:
        """The most resident memory one of its processes has had so far, in MiB."""
        return max(_status_kib(pid, "VmHWM") for pid in self._family()) // 1024

    def cpu_seconds(self) -> float:
        """Processor time of it and its children so far."""
        ticks = os.sysconf("SC_CLK_TCK")
        return sum(_ticks(pid) for pid in self._family()) / ticks

    def _family(self) -> list[int]:
        own = self._process.pid
        children = Path(f"/proc/{own}/task/{own}/children").read_text().split()
        return [own, *map(int, children)]

    def _wait_until_it_answers(self, url: str) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            try:
                if requests.get(url, timeout=2).ok:
                    return
            except requests.RequestException:
                time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"{self._log.stem} did not start:\n{self.log()}")


def _status_kib(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    return 0


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
