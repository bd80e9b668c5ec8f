"""Below the doors: actions and queries ask the table themselves, whoever calls them.

Every public function that takes an actor is called for somebody who has no right but their own page, and
for the others with what is not theirs. A new one is found by itself; arguments come from their names.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

import triage.actions
import triage.queries
from tests.rights.stage import Stage
from triage.actions import accounts, people, replies, written
from triage.actions.recipients import Recipient, ToMany
from triage.db import db, run_in_transaction
from triage.errors import Forbidden, NotFound
from triage.gazetteer.sheet import Sheet
from triage.models import Match, Operator, Report
from triage.queries import search

REFUSED = "refused"
# They begin and end a transaction of their own.
WHOLE = {"triage.actions.taking.take", "triage.actions.taking.take_next"}
# One's own, whoever one is; and what only asks.
OWN = {
    "triage.actions.people.set_language", "triage.actions.people.set_own_password", "triage.actions.sessions.end_own",
    "triage.actions.sessions.end_others", "triage.actions.tokens.end_own",
}
# Given a report that was loaded for the actor: its number alone does not lead here.
GIVEN = {
    "triage.actions.recipients.wanted", "triage.actions.recipients.not_theirs", "triage.actions.replies.name",
    "triage.actions.replies.check_seen", "triage.actions.replies.store",
    "triage.actions.matters.require_holder", "triage.actions.matters.require_charge",
    "triage.queries.conversation.entries", "triage.queries.identity.sending", "triage.queries.rows.of",
    "triage.actions.closing.raise_copies", "triage.actions.undoing.restore", "triage.queries.inbox.leaf",
    "triage.queries.relations.may_decide",
    "triage.actions.assignments.give", "triage.actions.incidents.require_charge",
    "triage.actions.following.lock_people", "triage.actions.following.follow",
}
# The question itself, and a condition that is part of others.
NOT_HERE = {"triage.actions.granting.require", "triage.queries.scope.require", "triage.queries.scope.claimable"}


def verbs(package: Any) -> Iterator[tuple[str, Callable[..., object]]]:
    """Every public function of a package that takes an actor, by its full name."""
    for module in pkgutil.iter_modules(package.__path__):
        found = importlib.import_module(f"{package.__name__}.{module.name}")
        for name, one in inspect.getmembers(found, inspect.isfunction):
            full = f"{one.__module__}.{name}"
            public = one.__module__ == found.__name__ and not name.startswith("_")
            if public and "actor" in inspect.signature(one).parameters:
                yield full, one


ACTIONS = sorted({name: one for name, one in verbs(triage.actions) if name not in NOT_HERE | GIVEN}.items())
QUERIES = sorted({name: one for name, one in verbs(triage.queries) if name not in NOT_HERE | GIVEN}.items())


def facts(stage: Stage, actor: Operator) -> Mapping[str, object]:
    """What parameters of these names are given."""
    matter = stage.matters["own operator"]
    return {
        "actor": actor, "report_id": matter.report, "primary_id": stage.matters["open"].report, "report": None,
        "other_id": stage.matters["open"].report, "file_id": matter.file, "match_id": stage.matches["held"],
        "match": db.session.get(Match, stage.matches["held"]), "incident_id": stage.incidents["held"], "title": "Hill",
        "numbers": [matter.report],
        "message_id": matter.message, "delivery_id": matter.held_delivery, "assignment_id": matter.assignment,
        "account_id": stage.accounts["shared"], "operator_id": stage.names["Ben"],
        "to_operator_id": stage.names["Cleo"], "was_operator_id": stage.names["Maya"],
        "team_id": stage.teams["North"], "item_id": stage.items["quarantined"],
        "session_id": stage.sessions["operator"], "token_id": 1, "ids": [one.report for one in stage.matters.values()],
        "text": "hello", "key": "matrix-0001", "seen_seq": stage.seq, "outcome": "actionable", "reason": "spam",
        "verdict": "sent", "shift": "off", "priority": 1, "channel": "sms", "address": "+254700111333", "rule": "pool",
        "label": "Desk", "limits": None, "secret": "a key", "name": "Lake", "email": "x@desk.example",
        "roles": ["operator"], "changes": people.Changes(capacity=3), "language": "en", "password_hash": "x",
        "keep": "", "but": "", "after": None,
        "limit": 50, "seq": 0, "view": "all", "other": db.session.get(Operator, stage.names["Ben"]),
        "until": stage.soon(), "moment": stage.soon(),
        "wanted": search.Wanted(), "note": written.Note("phone", "Told on the telephone"),
        "terms": accounts.Terms(), "provider": "simulator", "region": "KE", "micros": 30_000,
        "price_id": stage.prices["listed"], "to": "+254700111444", "options": {}, "observer": True,
        "place_id": None, "sheet": Sheet((), ()),
        "answer_id": stage.answers["shared"], "most": 50,
        "report_ids": [matter.report],
        "asked": ToMany([Recipient(matter.report, matter.assignment)], stage.seq, "hello", "matrix-0001"),
        "answer": replies.Answer(matter.report, matter.assignment, stage.seq, "hello", "matrix-0001"),
    }


def called(stage: Stage, one: Callable[..., object], actor: Operator) -> object:
    """What it gives, or REFUSED. Nothing is kept."""
    given = facts(stage, actor)
    wanted = inspect.signature(one).parameters.values()
    arguments = {each.name: given[each.name] for each in wanted if each.default is each.empty or each.name == "actor"}

    class Enough(Exception):
        """Ends the transaction."""

    found: list[object] = []

    def run() -> None:
        found.append(one(**arguments))
        raise Enough

    try:
        run() if f"{one.__module__}.{one.__name__}" in WHOLE else run_in_transaction(run)
    except Enough:
        return found[0]
    except (Forbidden, NotFound):
        return REFUSED
    finally:
        db.session.rollback()
    return None


@pytest.mark.parametrize("name, one", ACTIONS, ids=[name for name, _ in ACTIONS])
@pytest.mark.parametrize("who", ["Aude", "Otto"])
def test_no_action_serves_somebody_without_the_right(
    stage: Stage, name: str, one: Callable[..., object], who: str
) -> None:
    actor = db.session.get_one(Operator, stage.names[who])
    found = called(stage, one, actor)
    assert found in (REFUSED, False) or name in OWN


@pytest.mark.parametrize("name, one", QUERIES, ids=[name for name, _ in QUERIES])
@pytest.mark.parametrize("who, reader", [
    ("Aude", "auditor"), ("Adam", "admin"), ("Otto", "inactive"), ("Zuri", "foreigner"),
])
def test_no_query_tells_what_its_actor_may_not_read(
    stage: Stage, name: str, one: Callable[..., object], who: str, reader: str
) -> None:
    actor = db.session.get_one(Operator, stage.names[who])
    said = repr(called(stage, one, actor))
    db.session.rollback()
    assert [word for word in stage.found(said) if reader not in stage.words[word]] == []
    assert "<Report" not in said, "a report itself"


def test_the_list_of_exceptions_names_what_is_there() -> None:
    there = {name for package in (triage.actions, triage.queries) for name, _ in verbs(package)}
    assert OWN - there == set()
    assert (GIVEN | NOT_HERE | WHOLE) - there == set()


def test_a_report_is_locked_for_whoever_may_see_it_alone(stage: Stage) -> None:
    assert len(ACTIONS) > 30
    assert len(QUERIES) > 15
    assert db.session.get(Report, stage.matters["own operator"].report) is not None
