"""Programs from the nursery are processes as any other, and share what follows from the source alone."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from flask import Flask, render_template
from jinja2 import DictLoader
from sqlalchemy.dialects import postgresql, sqlite

from tests.nursery import Born, nursery

SLEEPS = "timeit", "-n1", "-r1", "import time; time.sleep(60)"


def born(folder: Path, *command: str, **environ: str) -> Born:
    """A program with this environment and nothing else in it."""
    return nursery().start(command, environ, folder / "log")


def test_a_program_has_the_environment_it_was_given_and_a_log(tmp_path: Path) -> None:
    words = "import os; assert sorted(os.environ) == ['GIVEN']; print(os.environ['GIVEN'])"
    assert born(tmp_path, "timeit", "-n1", "-r1", words, GIVEN="a word").wait(30) == 0
    assert "a word\n" in (tmp_path / "log").read_text()


def test_a_programs_failure_is_its_status_and_stands_in_the_log(tmp_path: Path) -> None:
    assert born(tmp_path, "timeit", "--unknown").wait(30) == 2
    assert born(tmp_path, "no_such_program").wait(30) == 1
    assert "No module named no_such_program" in (tmp_path / "log").read_text()


def test_a_program_leads_a_group_and_dies_as_it_was_struck(tmp_path: Path) -> None:
    program = born(tmp_path, *SLEEPS)
    assert program.poll() is None
    assert os.getpgid(program.pid) == os.getsid(program.pid) == program.pid
    with pytest.raises(subprocess.TimeoutExpired):
        program.wait(0.05)
    os.killpg(program.pid, signal.SIGKILL)
    assert program.wait(30) == -signal.SIGKILL


def test_the_desks_own_code_is_imported_by_the_program_itself(tmp_path: Path) -> None:
    words = "import sys; assert not {'triage', 'config', 'channels', 'wsgi', 'tests.conftest'} & set(sys.modules)"
    assert born(tmp_path, "timeit", "-n1", "-r1", words).wait(30) == 0


@pytest.mark.parametrize("source", ["one", "another"])
def test_a_page_is_compiled_from_its_own_source(source: str) -> None:
    app = Flask("pages")
    app.jinja_loader = DictLoader({"page.html": f"{source} {{{{ word }}}}"})
    with app.app_context():
        assert render_template("page.html", word="said") == f"{source} said"


def test_addresses_are_built_from_the_rules_own_defaults() -> None:
    app = Flask("addresses")
    for name, number in (("first", 1), ("second", 2)):
        app.add_url_rule("/<int:page>", name, defaults={"page": number})
    with app.test_request_context():
        built = [app.url_map.bind("x").build(name) for name in ("first", "second")]
    assert built == ["/1", "/2"]


def test_statements_are_shared_between_engines_of_one_kind_only() -> None:
    assert sqlite.dialect() == sqlite.dialect()
    assert sqlite.dialect() != postgresql.dialect()
    newer = postgresql.dialect()
    newer.server_version_info = (99, 0)
    assert newer != postgresql.dialect()
