"""What one may not see cannot be told from what is not there: the same bytes, apart from the number asked for."""

from __future__ import annotations

import re

import pytest

from tests.rights.api_table import API
from tests.rights.asking import outcome, request
from tests.rights.row import OBJECTS, Row
from tests.rights.stage import ACTORS, MISSING, Ask, Stage
from tests.rights.table import PAGES

ABOUT_REPORTS = [row for row in (*PAGES, *API) if OBJECTS[row.kind] is OBJECTS["report"]]
HIDDEN = ("foreign", "foreign_held", "foreign_closed")
NEW_EACH_TIME = {"Content-Length", "Set-Cookie", "X-Request-Id"}  # numbers have lengths, cookies their moment
CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
FRESH = re.compile(r'(csrf_token"[^>]*value=)"[^"]*"')


def plain(text: str, number: int) -> str:
    """An answer without the number that was asked for and without what is new in every form."""
    return FRESH.sub(r"\1", re.sub(rf"(/(?:reports|messages|deliveries)/){number}(?!\d)", r"\1N", text))


@pytest.mark.parametrize("row", ABOUT_REPORTS, ids=lambda row: row.name)
def test_a_hidden_report_answers_like_one_that_is_not_there(stage: Stage, row: Row) -> None:
    for actor in ("operator", "foreigner", "both"):
        if actor not in row.who:
            continue
        told = {}
        for which in (*HIDDEN, "missing"):
            ask = request(stage, row, actor, which)
            # Only the number in the path differs: the form names the same missing report.
            body = None if ask.body is None else {**ask.body, **({"report": MISSING} if "report" in ask.body else {})}
            answer = stage.ask(actor, Ask(ask.method, ask.path, body, ask.by, ask.json))
            number = int(next(iter(re.findall(r"\d+", ask.path.removeprefix("/api/v1"))), MISSING))
            headers = {name: "" if name in NEW_EACH_TIME else value for name, value in answer.headers.items()}
            told[which] = (answer.status_code, plain(answer.text, number), plain(str(headers), number))
        for which in HIDDEN:
            assert told[which] == told["missing"], (actor, which)


@pytest.mark.parametrize("row", [row for row in API if row.method == "GET"], ids=lambda row: row.name)
def test_a_program_reads_with_the_cookie_what_the_person_reads(stage: Stage, row: Row) -> None:
    for actor in ACTORS:
        for which in OBJECTS[row.kind]:
            ask = request(stage, row, actor, which)
            answer = stage.ask(actor, Ask(ask.method, ask.path, by="cookie", json=True))
            assert outcome(answer) == row.expected(actor, which), (actor, which)
            assert stage.leaks(actor, answer) == []


@pytest.mark.parametrize("row", [row for row in API if row.method in CHANGING], ids=lambda row: row.name)
def test_a_cookie_changes_nothing_through_the_api(stage: Stage, row: Row) -> None:
    for actor in ACTORS:
        ask = request(stage, row, actor, "own" if row.kind else "")
        answer = stage.ask(actor, Ask(ask.method, ask.path, ask.body, by="cookie", json=True))
        assert outcome(answer) in ("signin", "400"), actor  # 400: CSRF, for a form that is none
        assert not stage.changed()


def test_a_copy_of_another_team_is_read_by_its_own_readers_alone(stage: Stage) -> None:
    copy, primary = stage.matters["copy of others"].report, stage.matters["others"].report
    paths = [f"{place}/{number}" for place in ("/desk/reports", "/api/v1/reports") for number in (copy, primary)]
    for actor in ("operator", "both", "foreigner", "coordinator"):
        for path in paths:
            answer = stage.ask(actor, Ask("GET", path))
            hidden = actor in ("operator", "both") and path.endswith(f"/{copy}")
            assert (answer.status_code == 404) == hidden, (actor, path)
            assert stage.leaks(actor, answer) == []
