"""`flask triage import places`: what it says, and that it is whole or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from triage.cli import triage
from triage.queries import places

pytestmark = pytest.mark.only("sqlite")
TABLE = "code,name,parent,note\nKSM-012,Hill School,KSM,x\nKSM,Kisumu,,\n"


def run(app: Flask, path: Path, *more: str) -> tuple[int, str]:
    """Exit status and everything it said."""
    result = app.test_cli_runner().invoke(triage, ["import", "places", str(path), *more])
    return result.exit_code, result.output + result.stderr


def test_a_table_is_imported_and_the_second_time_is_unchanged(app: Flask, tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    path.write_text(TABLE)
    status, said = run(app, path, "--dry-run")
    assert (status, places.any_known()) == (0, False)
    assert "2 new, 0 changed, 0 unchanged, 0 wrong." in said
    assert "Columns that mean nothing here: note." in said
    assert run(app, path)[0] == 0
    assert "0 new, 0 changed, 2 unchanged, 0 wrong." in run(app, path)[1]


def test_a_wrong_line_is_named_and_nothing_is_imported_unless_it_is_left_out(app: Flask, tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    path.write_text(TABLE + "X,Lost,NOWHERE,\n")
    status, said = run(app, path)
    assert (status, places.any_known()) == (1, False)
    assert "line 4 (X Lost): There is no place with the code “NOWHERE”" in said
    assert run(app, path, "--leave-out-wrong")[0] == 0
    assert places.any_known()
