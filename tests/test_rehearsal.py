"""A short rehearsal: real server, real processes, made-up reports; every promise of the long one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.rehearsal.__main__ import main

REPORTS = os.environ.get("REHEARSED", "80")


@pytest.mark.flows
@pytest.mark.timeout(600)
def test_a_short_rehearsal_keeps_every_promise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["--limit", REPORTS, "--operators", "8", "--processes", "2", "--folder", str(tmp_path)])
    said = capsys.readouterr().out
    assert status == 0, said
    assert "**broken**" not in said
