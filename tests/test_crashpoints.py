"""Crash points are for tests: a desk that is not testing does not know them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

import config

PASS = "from triage.crashpoints import crashpoint; crashpoint('in.arrived'); crashpoint('out.intent'); print('alive')"


def passing(**environ: str) -> subprocess.CompletedProcess[str]:
    """What comes of a process that passes two crash points."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TRIAGE_", "TESTING"))}
    return subprocess.run([sys.executable, "-c", PASS], cwd=config.ROOT, env={**clean, **environ},
                          capture_output=True, text=True, timeout=30)


def test_a_process_dies_exactly_where_a_test_asks() -> None:
    assert passing(TESTING="1", TRIAGE_CRASHPOINT="out.intent").returncode == -signal.SIGKILL
    assert passing(TESTING="1", TRIAGE_CRASHPOINT="out.settled").stdout == "alive\n"


@pytest.mark.parametrize("environ", [{"TRIAGE_CRASHPOINT": "out.intent"},
                                     {"TRIAGE_CRASHPOINT": "out.intent", "TESTING": "0"}])
def test_a_real_desk_ignores_them(environ: dict[str, str]) -> None:
    assert passing(**environ).stdout == "alive\n"
