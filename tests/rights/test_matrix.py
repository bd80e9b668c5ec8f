"""Every route and method, every kind of person, every object: what comes of it, and who is told what.

The rows stand in `table.py`. For each request: the outcome is the one written; no planted word reaches
somebody who may not read it; what is refused writes nothing; reading writes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask

from tests.rights.api_table import API
from tests.rights.asking import cases, outcome, request
from tests.rights.row import Row
from tests.rights.stage import Stage
from tests.rights.table import PAGES

ROWS = (*PAGES, *API)
CONVERTER = re.compile(r"<[^:<>]+:")
REFUSED = {"signin", "403", "404"}
NOT_ASKED = {"HEAD", "OPTIONS"}


def routes(app: Flask) -> Iterator[str]:
    """Every method of every route, as rows are called."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static":
            path = CONVERTER.sub("<", rule.rule)
            yield from (f"{method} {path}" for method in (rule.methods or set()) - NOT_ASKED)


def test_every_route_has_a_row(stage: Stage) -> None:
    assert sorted(set(routes(stage.app)) - {row.name for row in ROWS}) == []


def test_every_row_has_a_route(stage: Stage) -> None:
    assert sorted({row.name for row in ROWS} - set(routes(stage.app))) == []


def test_no_row_is_written_twice() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_who_may_do_what_to_which(stage: Stage, row: Row) -> None:
    problems = [problem for actor, which in cases(row) for problem in held_against(stage, row, actor, which)]
    assert problems == []


def held_against(stage: Stage, row: Row, actor: str, which: str) -> list[str]:
    """What is wrong with one case, as sentences."""
    ask, expected = request(stage, row, actor, which), row.expected(actor, which)
    answer = stage.ask(actor, ask)
    found = outcome(answer)
    who = f"{actor} on {which or 'it'}"
    problems = [f"{who}: {found}, expected {expected}"] if found != expected else []
    problems += [f"{who}: is told {word}" for word in stage.leaks(actor, answer)]
    if stage.changed():
        if row.method == "GET" or expected in REFUSED:
            problems.append(f"{who}: {found}, and yet something was written")
        stage.put_back()
    return problems
