"""A desk with a little of everything, its commands as processes, and an empty machine to come back to."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyrage
import pytest

import config
from tests.conftest import dispose, environment, make_settings
from tests.servers import Postgres
from triage.app import create_app
from triage.backup import postgres, sqlite


@dataclass
class Machine:
    """A machine of one desk: its settings, and commands run there as a person would."""

    settings: config.Settings
    changes: dict[str, Any] = field(default_factory=dict)

    def environ(self) -> dict[str, str]:
        """The environment of its processes."""
        made = replace(self.settings, **self.changes)
        return {**os.environ, **environment(made), "FLASK_APP": "triage.app:for_commands"}

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Begin `flask triage …`."""
        return subprocess.Popen([sys.executable, "-m", "flask", "triage", *words], cwd=config.ROOT, text=True,
                                env=self.environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, *words: str, status: int = 0) -> str:
        """`flask triage …` to its end, in this process; everything it said."""
        app = create_app(replace(self.settings, **self.changes))
        with app.app_context():  # the innermost is the one in force
            said = app.test_cli_runner().invoke(args=["triage", *words])
            dispose(app)
        assert said.exit_code == status, said.output
        return said.output

    def dies_at(self, step: str, *words: str) -> int:
        """`flask triage …` in a child that is killed before this step of the way back; how it ended."""
        dying = multiprocessing.get_context("forkserver").Process(
            target=_die, args=(replace(self.settings, **self.changes), step, words))
        dying.start()
        dying.join(120)
        assert dying.exitcode is not None
        return dying.exitcode

    def run_apart(self, *words: str) -> str:
        """The same in a process of its own, as a person would; it must end well."""
        process = self.start(*words)
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, out + err
        return out + err


def _die(settings: config.Settings, step: str, words: tuple[str, ...]) -> None:
    for place in (sqlite.Place, postgres.Place):
        if step == "filling":
            _half(place)
        else:
            setattr(place, step, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    Machine(settings).run(*words)


def _half(place: Any) -> None:
    """It dies when half of what it should take in is there."""
    real = place.filled

    @contextmanager
    def filled(self: Any) -> Iterator[Any]:
        with real(self) as write:
            yield lambda content: (write(content[: len(content) // 2]), os.kill(os.getpid(), signal.SIGKILL))

    place.filled = filled


@dataclass(frozen=True)
class Key:
    """A pair for sealing copies."""

    public: str
    file: Path


def make_key(folder: Path, name: str = "copies.key") -> Key:
    """A new pair, its private half in a file."""
    made = pyrage.x25519.Identity.generate()
    file = folder / name
    file.write_text(f"{made}\n")
    return Key(str(made.to_public()), file)


@pytest.fixture
def key(tmp_path: Path) -> Key:
    """The key that copies of this test are sealed to."""
    return make_key(tmp_path)


@pytest.fixture
def machine(settings: config.Settings) -> Machine:
    """Where the desk runs."""
    return Machine(settings)


@pytest.fixture
def empty(settings: config.Settings, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Machine]:
    """Another machine with the same keys: no database, or for PostgreSQL an empty one; no files."""
    folder = tmp_path / "elsewhere"
    if settings.database_url.startswith("sqlite"):
        yield Machine(make_settings(folder, triage_keys=settings.triage_keys))
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.create()
    yield Machine(make_settings(folder, triage_keys=settings.triage_keys, database_url=server.url(name)))
    server.drop(name)
