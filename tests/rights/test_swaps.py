"""T3 of the safety paper: two people put each other's numbers into every place of every request.

Numbers are taken from what belongs to the other alone, of every kind, also of the wrong kind. Nothing
of the other's may be told, and nothing of the other's may change. `make rights` does 5,000 swaps and more.
"""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Iterator, Mapping, Sequence

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.rights.api_table import API
from tests.rights.asking import PLACE, cases, outcome, request
from tests.rights.row import Row
from tests.rights.stage import CAST, MISSING, Ask, Matter, Stage
from tests.rights.table import DESK, FILES, OWN, REPORTS
from triage.db import db
from triage.models import ApiToken, Attachment, Operator, Report, StaffSession

SWAPS = int(os.environ.get("SWAPS", "500"))
PAIR = {"operator": "foreigner", "foreigner": "operator"}
ROWS = (*REPORTS, *FILES, *DESK, *OWN, *API)
QUERIES = ("?ids={number}", "?after={number}", "?lines={number}", "?limit={number}", "?team={number}", "?q={number}",
           "?view={number}", "")
PERSONAL = (StaffSession.__table__, ApiToken.__table__)


def matters(stage: Stage, of: str) -> list[Matter]:
    """What this actor may see and the other may not."""
    names = [f"{what} {CAST[of][2]}" for what in ("open", "closed")] + [f"own {of}"]
    return [stage.matters[name] for name in names + (["copy of others"] if of == "foreigner" else [])]


def numbers(stage: Stage, of: str) -> Sequence[int]:
    """Every number that belongs to this actor and not to the other one."""
    found = {number for one in matters(stage, of) for number in (
        one.report, one.message, one.held_delivery, one.doubtful_delivery, one.assignment, one.file)}
    name, _roles, team = CAST[of]
    return sorted(found - {MISSING} | {stage.sessions[of], stage.names[name], stage.teams[team or ""]})


def kept(stage: Stage, of: str) -> str:
    """A fingerprint of every row that is this actor's alone: of their reports, and of themselves."""
    reports, person = [one.report for one in matters(stage, of)], stage.names[CAST[of][0]]
    files = [one.file for one in matters(stage, of)]
    queries = [select(Report.__table__).where(Report.id.in_(reports)),
               select(Attachment.__table__).where(Attachment.id.in_(files)),
               select(Operator.__table__).where(Operator.id == person)]
    for table in db.metadata.sorted_tables:
        if "report_id" in table.c:
            queries.append(select(table).where(table.c.report_id.in_(reports)))
    queries += [select(table).where(table.c.operator_id == person) for table in PERSONAL]
    rows = [sorted(map(repr, db.session.execute(query).all())) for query in queries]
    db.session.remove()
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def swapped(stage: Stage, chance: random.Random) -> Iterator[tuple[str, Ask, int]]:
    """Endless requests of one of the two with the other's numbers in every place, and how many there are."""
    while True:
        row, actor = chance.choice(ROWS), chance.choice(list(PAIR))
        theirs = numbers(stage, PAIR[actor])
        which = chance.choice([case for who, case in cases(row) if who == actor])
        ask, count = swap(request(stage, row, actor, which), row, theirs, chance)
        if count:
            yield actor, ask, count


def swap(ask: Ask, row: Row, theirs: Sequence[int], chance: random.Random) -> tuple[Ask, int]:
    """The request with another's number in each place for one, and the number of swaps."""
    places = PLACE.findall(row.path)
    path = PLACE.sub(lambda _place: str(chance.choice(theirs)), row.path)
    count = len(places)
    if row.method == "GET":
        more = chance.choice(QUERIES)
        path, count = path + more.format(number=chance.choice(theirs)), count + bool(more)
    body, named = swapped_in(ask.body, row.body, theirs, chance)
    by = "token" if row.by == "token" or chance.random() < 0.1 else "cookie"
    return Ask(ask.method, path, body, by, ask.json), count + named


def swapped_in(value: object, said: object, theirs: Sequence[int], chance: random.Random) -> tuple[object, int]:
    """What a body holds, with another's number where the row has a place for one, however deep; how many these are."""
    if isinstance(said, str) and "{" in said:
        return chance.choice(theirs), 1
    if isinstance(said, Mapping) and isinstance(value, Mapping):
        found = {name: swapped_in(one, said.get(name), theirs, chance) for name, one in value.items()}
        return {name: one for name, (one, _) in found.items()}, sum(count for _, count in found.values())
    if isinstance(said, list) and isinstance(value, list):
        pairs = [swapped_in(one, words, theirs, chance) for one, words in zip(value, said, strict=True)]
        return [one for one, _ in pairs], sum(count for _, count in pairs)
    return value, 0


@pytest.mark.timeout(900)
def test_two_people_swap_every_number_in_every_request(stage: Stage) -> None:
    seed = random.SystemRandom().randrange(10**9) if SWAPS > 500 else 1311
    done, problems, asked = 0, [], 0
    untouched = {actor: kept(stage, actor) for actor in PAIR}
    for actor, ask, count in swapped(stage, random.Random(seed)):
        answer = stage.ask(actor, ask)
        done, asked = done + count, asked + 1
        problems += [f"{actor} {ask}: {sentence}" for sentence in told(stage, actor, answer)]
        if stage.changed():
            if kept(stage, PAIR[actor]) != untouched[PAIR[actor]]:
                problems.append(f"{actor} {ask}: {outcome(answer)} changed what is another's")
            stage.put_back()
        if done >= SWAPS or len(problems) > 10:
            break
    print(f"seed {seed}: {asked} requests, {done} swaps, {len(problems)} leaks")  # noqa: T201 - the figure of the proof
    assert problems == []


def told(stage: Stage, actor: str, answer: TestResponse) -> list[str]:
    """What an answer says that it must not: another's words, or that the desk broke."""
    broken = [f"status {answer.status_code}"] if answer.status_code >= 500 else []
    return broken + [f"tells {word}" for word in stage.leaks(actor, answer)]
