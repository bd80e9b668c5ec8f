"""What is asked all the time finds its rows by an index: no query here may read a whole table that grows all night."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from tests.scene import Scene
from triage.actions import assignments, leases, matters
from triage.db import db
from triage.models import Operator
from triage.queries import changes, copies, inbox, outbox, reports, search
from triage.queries.search import Wanted

GROWS = ("reports", "messages", "deliveries", "delivery_attempts", "inbound", "events", "contacts", "assignments")
WALKS = ("ix_reports_queue", "uq_assignments_open", "ix_assignments_open_operator")  # only what is open now


@contextmanager
def asked() -> Iterator[list[tuple[str, Any]]]:
    """Every statement that is sent meanwhile, with what is bound to it."""
    found: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, bound: Any, _context: Any, _many: bool) -> None:
        found.append((statement, bound))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def walked(statements: list[tuple[str, Any]]) -> list[str]:
    """The steps of SQLite's plans that read a whole growing table, or sort the open reports to find the first."""
    cursor = db.session.connection().connection.cursor()
    steps = [
        f"{step[3]}: {statement}" for statement, bound in statements
        if statement.startswith(("SELECT", "UPDATE", "DELETE"))
        for step in cursor.execute(f"EXPLAIN QUERY PLAN {statement}", bound).fetchall()
    ]
    whole = tuple(f"SCAN {table}" for table in GROWS)
    return [step for step in steps if step.startswith(whole) and not any(index in step for index in WALKS)]


@pytest.fixture
def crowd(scene: Scene) -> Scene:
    """Enough reports for plans that are meant."""
    for number in range(12):
        scene.sms("The station is closed.", f"+2547110002{number:02d}")
    return scene


LOOKS: dict[str, Callable[[Operator], object]] = {
    "due": lambda _: outbox.due(), "earliest": lambda _: outbox.earliest(), "unread": lambda _: outbox.unread(),
    "last answer": lambda _: matters.last_answer(1), "report": lambda one: reports.view(1, one),
    "changes": lambda one: changes.after(3, one), "snoozed": lambda _: leases.wake_snoozed(),
    "leases": lambda _: leases.sweep(), "counts": inbox.counts,
    "copies": lambda one: copies.copies_of(1, one),
    **{f"search {wanted}": lambda one, wanted=wanted: search.find(one, wanted, 50, None) for wanted in (
        Wanted(), Wanted(words="station"), Wanted(words="station", status="open"), Wanted(status="closed"),
        Wanted(status="duplicate"), Wanted(mine=True), Wanted(channel="sms", mine=False))},
    **{view: lambda one, view=view: inbox.page(one, view) for view in inbox.VIEWS},
}


@pytest.mark.only("sqlite")
@pytest.mark.parametrize("look", LOOKS)
def test_no_look_reads_a_whole_growing_table(crowd: Scene, look: str) -> None:
    maya = crowd.operator("Maya")
    with asked() as statements:
        crowd.do(lambda: LOOKS[look](maya))
    assert not walked(statements)


@pytest.mark.only("sqlite")
def test_the_first_of_the_queue_is_found_by_walking_the_queue_not_by_sorting_it(crowd: Scene) -> None:
    maya = crowd.operator("Maya")
    with asked() as statements:
        crowd.do(lambda: assignments.claim_next(maya))
    taking = next(one for one in statements if one[0].startswith("UPDATE reports"))
    cursor = db.session.connection().connection.cursor()
    plan = [step[3] for step in cursor.execute(f"EXPLAIN QUERY PLAN {taking[0]}", taking[1]).fetchall()]
    assert any("ix_reports_queue" in step for step in plan), plan
    assert not any("TEMP B-TREE" in step for step in plan), plan
