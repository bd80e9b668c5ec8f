"""`flask db`, which `make run` calls first: in a process of its own, as a person types it."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest

import config
from tests.conftest import make_settings
from tests.test_migrations import REVISIONS

pytestmark = pytest.mark.only("sqlite")


def flask(folder: Path, *words: str) -> str:
    """What `flask --app wsgi …` says on a practice desk in `folder`."""
    settings = make_settings(folder)
    keys = ",".join(f"{name}:{base64.b64encode(key).decode()}" for name, key in settings.triage_keys.items())
    environ = {"DEMO": "1", "DATABASE_URL": f"sqlite:///{folder}/new.db", "TRIAGE_KEYS": keys,
               "SECRET_KEY": settings.secret_key, "SIMULATOR_PATH": f"{folder}/simulator.db"}
    done = subprocess.run([sys.executable, "-m", "flask", "--app", "wsgi", *words], cwd=config.ROOT, text=True,
                          capture_output=True, timeout=60, env={**os.environ, **environ})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_empty_database_is_brought_to_the_newest_revision(tmp_path: Path) -> None:
    flask(tmp_path, "db", "upgrade")
    assert f"{REVISIONS[0]} (head)" in flask(tmp_path, "db", "current")
    assert "downgrade" in flask(tmp_path, "db", "--help")
