"""From a row of the matrix to requests, and from answers to words of the table."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping

from werkzeug.test import TestResponse

from tests.rights.row import OBJECTS, Row
from tests.rights.stage import ACTORS, CAST, MISSING, REPORTS, Ask, Stage

PLACE = re.compile(r"<(\w+)>")
FEW = ("own", "foreign", "missing")
PERSONS = {"plain": "Ben", "mighty": "Axel"}


def cases(row: Row) -> Iterator[tuple[str, str]]:
    """Every actor with every object of the row's kind.

    Who is not admitted at all is refused before the object is looked for: on three objects, and on each of
    them where RIGHTS=whole, as `make rights` says.
    """
    for actor in ACTORS:
        few = actor not in row.who and OBJECTS[row.kind] is REPORTS and os.environ.get("RIGHTS") != "whole"
        yield from ((actor, which) for which in (FEW if few else OBJECTS[row.kind]))


def request(stage: Stage, row: Row, actor: str, which: str) -> Ask:
    """The request of one case, its numbers filled in."""
    number, words = _number(stage, row, actor, which), _words(stage, row, actor, which)
    path = PLACE.sub(lambda place: _place(place[1], number, words), row.path)
    body = None if row.body is None else {key: _filled(value, words, number_too=row.json)
                                          for key, value in row.body.items()}
    return Ask(row.method, path, body, by=row.by, json=row.json)


def _place(name: str, number: int, words: Mapping[str, object]) -> str:
    """What stands in the path for a name; the other of two reports is one's own."""
    if name == "other_id":
        return str(words["own"])
    return str(number) if name.endswith("_id") or name == "number" else "nothing"


def _filled(value: object, words: Mapping[str, object], *, number_too: bool) -> object:
    if isinstance(value, list):
        return [_filled(each, words, number_too=number_too) for each in value]
    if isinstance(value, dict):
        return {key: _filled(each, words, number_too=number_too) for key, each in value.items()}
    if not isinstance(value, str) or "{" not in value:
        return value
    filled = value.format_map(words)
    return int(filled) if number_too and filled.isdecimal() else filled


def _number(stage: Stage, row: Row, actor: str, which: str) -> int:
    matter = stage.matter(actor, which) if which in stage_reports(row) else None
    if matter is not None:
        return {"report": matter.report, "message": matter.message, "undo": matter.held_delivery,
                "decide": matter.doubtful_delivery, "delivery": matter.doubtful_delivery, "file": matter.file}[row.kind]
    if row.kind == "person":
        name = PERSONS.get(which) or CAST.get(actor, ("Maya",))[0]
        return MISSING if which == "missing" else stage.names[name]
    if row.kind in ("session", "token"):
        numbers = stage.sessions if row.kind == "session" else stage.tokens
        return numbers.get(actor if which == "own" else which, MISSING)
    tables: Mapping[str, Mapping[str, int]] = {
        "account": stage.accounts, "item": stage.items, "team": {"team": stage.teams["North"]}, "price": stage.prices,
        "match": stage.matches, "incident": stage.incidents, "answer": stage.answers,
    }
    return tables.get(row.kind, {}).get(which, MISSING)


def stage_reports(row: Row) -> tuple[str, ...]:
    """The report objects of the row's kind, none where it is about something else."""
    return OBJECTS[row.kind] if OBJECTS[row.kind] is OBJECTS["report"] else ()


def _words(stage: Stage, row: Row, actor: str, which: str) -> dict[str, object]:
    """What stands in braces in a body."""
    matter = stage.matter(actor, which if which in stage_reports(row) else "own")
    return {**stage.names, "report": matter.report, "assignment": matter.assignment, "message": matter.message,
            "seq": stage.seq, "soon": stage.soon().isoformat(timespec="seconds"),
            "team": stage.teams["North" if actor != "foreigner" else "Coast"],
            **{name: stage.matter(actor, name).report for name in ("own", "open", "others", "foreign")}}


def outcome(answer: TestResponse) -> str:
    """The word of the table for an answer."""
    status = answer.status_code
    to = answer.location or ""
    if status == 401 or (status in (302, 303) and to.startswith("/login") and "out=" not in to):
        return "signin"
    return "ok" if status < 400 else str(status)
