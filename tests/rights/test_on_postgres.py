"""The same on PostgreSQL, in brief: what is read and what is refused, of a few objects; nothing changes the desk."""

from __future__ import annotations

import pytest

from tests.rights.api_table import API
from tests.rights.asking import outcome, request
from tests.rights.row import OBJECTS, Row
from tests.rights.stage import REPORTS, Stage
from tests.rights.table import DESK, FLOOR, MANAGING
from tests.rights.table import REPORTS as PAGES_OF_REPORTS

pytestmark = pytest.mark.postgresql

BRIEF = ("own", "foreign")
ACTORS = ("nobody", "operator", "foreigner", "coordinator", "admin")
ROWS = (*PAGES_OF_REPORTS, *DESK, *FLOOR, *MANAGING, *API)
REFUSED = {"signin", "403", "404", "422"}


def test_a_right_is_the_same_on_postgresql(stage_on_postgres: Stage) -> None:
    stage, problems, asked = stage_on_postgres, [], 0
    head = stage.scene.head()
    for row in ROWS:
        for actor in ACTORS:
            for which in objects(row):
                expected = row.expected(actor, which)
                if row.method != "GET" and expected not in REFUSED:
                    continue
                answer = stage.ask(actor, request(stage, row, actor, which))
                asked += 1
                if outcome(answer) != expected or stage.leaks(actor, answer):
                    problems.append((row.name, actor, which, outcome(answer), expected, stage.leaks(actor, answer)))
    assert problems == []
    assert asked > 300
    assert stage.scene.head() == head, "nothing happened"


def objects(row: Row) -> tuple[str, ...]:
    """A few of the row's objects."""
    return BRIEF if OBJECTS[row.kind] is REPORTS else OBJECTS[row.kind]
