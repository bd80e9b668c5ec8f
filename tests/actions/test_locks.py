"""Rows are locked so that on PostgreSQL nobody who only points to them has to wait.

An event points to its report and its person, and is written behind the lock of event numbers: waiting there for
somebody who waits for that very lock would be a deadlock that stops every writer for a second.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sqlalchemy import Select, Update, event
from sqlalchemy.dialects import postgresql

from tests.scene import Scene
from triage.actions import accounts, assignments, closing, incidents, leases, notes, people, replies
from triage.db import db


def _evening(scene: Scene) -> None:
    maya, ben, zawadi = scene.operator("Maya"), scene.operator("Ben"), scene.operator("Zawadi", "coordinator", "admin")
    report = scene.sms("The station is closed.")
    held = scene.claim(report, maya)
    scene.do(lambda: replies.reply(report.id, maya, held.id, scene.head(), "Which station?", "key-0001"))
    scene.carry()
    scene.do(lambda: notes.add(report.id, maya, "Asked."))
    scene.sms("STOP")
    other = scene.sms("Elsewhere.", "+254711000009")
    steps: list[Callable[[], object]] = [
        lambda: assignments.assign(report.id, ben.id, zawadi), lambda: accounts.pause(2, zawadi), leases.sweep,
        lambda: people.change(maya.id, zawadi, people.Changes(capacity=3)), lambda: assignments.claim_next(maya),
        lambda: incidents.link(report.id, other.id, zawadi),
        lambda: incidents.leave(report.id, zawadi),
        lambda: closing.close(report.id, ben, "actionable"),
    ]
    for step in steps:
        scene.do(step)


def test_no_lock_makes_whoever_points_to_the_row_wait(scene: Scene) -> None:
    locks: list[str] = []

    def note(_connection: Any, clause: Any, *_rest: Any) -> None:
        words = str(clause.compile(dialect=postgresql.dialect())) if isinstance(clause, Select | Update) else ""
        if re.search(r"FOR (NO KEY )?UPDATE", words):
            locks.append(words)

    event.listen(db.engine, "before_execute", note)
    try:
        _evening(scene)
    finally:
        event.remove(db.engine, "before_execute", note)
    assert len(locks) > 10
    assert not [words for words in locks if "FOR NO KEY UPDATE" not in words]


def test_contact_report_delivery_account_are_locked_in_this_order_when_an_attempt_begins(scene: Scene) -> None:
    order: list[str] = []

    def note(_connection: Any, clause: Any, *_rest: Any) -> None:
        if isinstance(clause, Select):
            words = str(clause.compile(dialect=postgresql.dialect()))
            order.extend(re.findall(r"FOR NO KEY UPDATE OF (\w+)", words))

    scene.sms("The station is closed.")
    event.listen(db.engine, "before_execute", note)
    try:
        assert scene.carry() == 1
    finally:
        event.remove(db.engine, "before_execute", note)
    assert order[:4] == ["contacts", "reports", "deliveries", "accounts"]
