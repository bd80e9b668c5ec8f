"""The checker itself: silent on a sound desk, and every rule of it finds its planted violation."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

import config
from tests import checker
from tests.scene import Scene
from triage.actions import replies
from triage.db import db

pytestmark = pytest.mark.races

SECOND_HOLDER = (
    "INSERT INTO assignments (report_id, operator_id, started_at, last_active_at, ended_at, end_reason) "
    "SELECT report_id, operator_id, started_at, started_at, {ended}, {why} FROM assignments WHERE id = 1"
)
SECOND_ATTEMPT = (
    "INSERT INTO delivery_attempts (delivery_id, started_at, finished_at, outcome) "
    "SELECT delivery_id, {started}, {finished}, {outcome} FROM delivery_attempts WHERE delivery_id = {reply} LIMIT 1"
)
REPLY = "(SELECT id FROM deliveries WHERE purpose = 'reply')"
ENTRY = "INSERT INTO events (kind, data, occurred_at) VALUES ('{kind}', {data}, '2030-01-01')"
OPEN_ATTEMPT = {"started": "started_at", "finished": "NULL", "outcome": "NULL", "reply": REPLY}

PLANTED = {
    "I4 a report has at most one open assignment": SECOND_HOLDER.format(ended="NULL", why="NULL"),
    "I4 assignments of a report never overlap": SECOND_HOLDER.format(ended="started_at", why="'closed'"),
    "I4 a report is assigned exactly while somebody holds it": "UPDATE reports SET status = 'open'",
    "I4 every assignment was begun by exactly one entry of the history":
        ENTRY.format(kind="report.claimed", data="json_object('assignment', 1)"),
    "I5 a delivery has at most one open attempt": ";".join([SECOND_ATTEMPT.format(**OPEN_ATTEMPT)] * 2),
    "I5 a delivery is sending exactly while an attempt is open": SECOND_ATTEMPT.format(**OPEN_ATTEMPT),
    "I5 a delivery is accepted at most once":
        SECOND_ATTEMPT.format(**{**OPEN_ATTEMPT, "finished": "started_at", "outcome": "'accepted'"}),
    "I6 every outbound message has its deliveries": "DELETE FROM deliveries WHERE purpose = 'reply'",
    "I6 what waits has a time, what ended has none": "UPDATE deliveries SET state = 'queued'",
    "I6 every answer is under way or in one end state": "UPDATE deliveries SET settled_at = NULL",
    "I7 no attempt begins for a holder who lost the report":
        "UPDATE assignments SET ended_at = started_at, end_reason = 'released'",
    "I10 every attempt was begun by exactly one entry of the history":
        "DELETE FROM delivery_attempts",
    "I10 the history has no holes": "DELETE FROM events WHERE seq = 2",
    "I1 every item that became a message is named by exactly one entry of the history":
        ENTRY.format(kind="report.opened", data="json_object('item', 1)"),
    "I2 there are as many inbound messages as items that became one": "DELETE FROM messages WHERE direction = 'in'",
    "I1 the ledger's difference is 0": "UPDATE inbound SET state = 'mislaid'",
    "I3 a thread has at most one live report":
        "INSERT INTO reports (channel, thread_key, status, priority, received_at) "
        "SELECT channel, thread_key, 'open', 2, received_at FROM reports",
    "unanswered_since is what the messages say": "UPDATE reports SET unanswered_since = received_at",
    "began after STOP":
        ENTRY.format(kind="contact.stopped", data="json_object('contact', 1)") + ";"
        + ENTRY.format(kind="delivery.started", data=f"json_object('delivery', {REPLY})"),
    "is started after sent": ENTRY.format(kind="delivery.started", data=f"json_object('delivery', {REPLY})"),
}


@pytest.fixture
def answered(scene: Scene, settings: config.Settings) -> config.Settings:
    """A desk on which one message was claimed, answered and sent."""
    maya, report = scene.operator("Maya"), scene.sms("The doors are locked")
    fence = scene.claim(report, maya).id
    scene.do(lambda: replies.reply(report.id, maya, fence, scene.head(), "We are on our way.", "answer-1"))
    scene.carry()
    db.session.remove()
    return settings


def test_a_sound_desk_has_no_problems(answered: config.Settings) -> None:
    checker.check(answered)


def test_every_rule_has_a_planted_violation() -> None:
    walks = {"began after STOP", "is started after sent"}
    assert set(checker.RULES) == set(PLANTED) - walks
    assert len(checker.WALKS) == len(walks)


@pytest.mark.parametrize("rule", PLANTED)
def test_every_rule_finds_its_planted_violation(answered: config.Settings, rule: str) -> None:
    database = checker.database_of(answered)
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        promises = "SELECT type, name FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
        for kind, name in connection.execute(promises).fetchall():
            connection.execute(f"DROP {kind} {name}")
        connection.executescript(PLANTED[rule].replace("'2030-01-01'", "'2030-01-01 00:00:00.000000'"))
    assert [said for said in checker.problems(database) if rule in said]
