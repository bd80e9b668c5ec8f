"""What is asked all the time finds its rows by an index: no query here may read a whole table that grows all night."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, func, select, text

from tests.scene import Scene
from triage import clock
from triage.actions import assignments, leases, matters
from triage.actions import copies as unlinking
from triage.actions import incidents as said
from triage.db import db
from triage.models import Assignment, Message, Operator, Report
from triage.queries import (
    changes,
    compared,
    copies,
    forecast,
    inbox,
    incidents,
    outbox,
    relations,
    repeats,
    reports,
    search,
)
from triage.queries.search import Wanted

GROWS = ("reports", "messages", "deliveries", "delivery_attempts", "inbound", "events", "contacts", "assignments",
         "matches", "text_keys", "shingles", "mentions")
# Only what is open now.
WALKS = ("ix_reports_queue", "ix_reports_line", "uq_assignments_open", "ix_assignments_open_operator")


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
    """The steps of the database's plans that read a whole growing table, or sort the open reports to find the first."""
    read = [one for one in statements if one[0].startswith(("SELECT", "UPDATE", "DELETE"))]
    walks = _walked_by_sqlite if db.engine.dialect.name == "sqlite" else _walked_by_postgresql
    return [f"{step}: {statement}" for statement, bound in read for step in walks(statement, bound)]


def _walked_by_sqlite(statement: str, bound: Any) -> list[str]:
    whole = tuple(f"SCAN {table}" for table in GROWS)
    cursor = db.session.connection().connection.cursor()
    steps = [step[3] for step in cursor.execute(f"EXPLAIN QUERY PLAN {statement}", bound).fetchall()]
    return [step for step in steps if step.startswith(whole) and not any(index in step for index in WALKS)]


def plan(statement: str, bound: Any) -> dict[str, Any]:
    """PostgreSQL's plan where it would rather not read a whole table: it does so now only where no index serves."""
    cursor = db.session.connection().connection.cursor()
    cursor.execute("SET LOCAL enable_seqscan = off")
    cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", bound)
    found: dict[str, Any] = cursor.fetchone()[0][0]["Plan"]
    return found


def nodes(step: dict[str, Any], *, limited: bool = False) -> Iterator[tuple[dict[str, Any], bool]]:
    """Every step of a plan, and whether it ends as soon as it has found enough."""
    yield step, limited
    kind = step["Node Type"]
    ends = kind == "Limit" or (limited and kind in ("LockRows", "Nested Loop", "Subquery Scan", "Result"))
    for below in step.get("Plans", ()):
        yield from nodes(below, limited=ends)


def _walked_by_postgresql(statement: str, bound: Any) -> list[str]:
    return [
        f"{step['Node Type']} of {step['Relation Name']}"
        for step, limited in nodes(plan(statement, bound))
        if step.get("Relation Name") in GROWS and step.get("Index Name") not in WALKS
        and (step["Node Type"] == "Seq Scan" or not (limited or "Index Cond" in step or "Recheck Cond" in step))
    ]


def indexes(asked_for: tuple[str, Any]) -> str:
    """The indexes by which the database finds what is asked for."""
    if db.engine.dialect.name == "postgresql":
        return " ".join(str(step.get("Index Name")) for step, _ in nodes(plan(*asked_for)))
    cursor = db.session.connection().connection.cursor()
    return " ".join(step[3] for step in cursor.execute(f"EXPLAIN QUERY PLAN {asked_for[0]}", asked_for[1]).fetchall())


@pytest.fixture
def crowd(scene: Scene) -> Scene:
    """Enough reports for plans that are meant."""
    for number in range(12):
        scene.sms("The station is closed.", f"+2547110002{number:02d}")
    zawadi = scene.operator("Zawadi", "coordinator")
    scene.do(lambda: said.link(1, 2, zawadi))
    return scene


def _first() -> Report:
    return db.session.get_one(Report, 1)


LOOKS: dict[str, Callable[[Operator], object]] = {
    "due": lambda _: outbox.due(), "earliest": lambda _: outbox.earliest(), "unread": lambda _: outbox.unread(),
    "overdue": lambda _: outbox.overdue(), "drained": lambda _: forecast.all_drained_at(),
    "last answer": lambda _: matters.last_answer(1), "report": lambda one: reports.view(1, one),
    "changes": lambda one: changes.after(3, one), "snoozed": lambda _: leases.wake_snoozed(),
    "leases": lambda _: leases.sweep(), "counts": inbox.counts,
    "waiting": lambda _: matters.waiting(_first()), "repeated": lambda one: repeats.questions(one, 50),
    "new people": lambda _: repeats.new_people(_first(), clock.now()), "standing": lambda _: repeats.standing(_first()),
    "copies": lambda one: copies.copies_of(1, one), "relations": lambda one: relations.of(1, one),
    "compared": lambda one: compared.of(1, 2, one),
    "incident": lambda one: incidents.of_report(1, one), "whole incident": lambda one: incidents.view(1, one),
    **{f"search {wanted}": lambda one, wanted=wanted: search.find(one, wanted, 50, None) for wanted in (
        Wanted(), Wanted(words="station"), Wanted(words="station", status="open"), Wanted(status="closed"),
        Wanted(status="duplicate"), Wanted(mine=True), Wanted(channel="sms", mine=False))},
    **{view: lambda one, view=view: inbox.page(one, view) for view in inbox.VIEWS},
}


@pytest.mark.parametrize("look", LOOKS)
def test_no_look_reads_a_whole_growing_table(crowd: Scene, look: str) -> None:
    maya = crowd.operator("Maya")
    with asked() as statements:
        crowd.do(lambda: LOOKS[look](maya))
    assert not walked(statements)


COMPARED_BY = ("text_keys", "mentions", "shingles", "matches", "FROM events", "messages.repost_of =", "observer_since",
               "reports.received_at BETWEEN", "coalesce(reports.duplicate_of")
LONG = "The polling station at the old school has run out of ballot papers and many people are leaving"


def test_comparing_and_taking_apart_read_no_whole_growing_table(crowd: Scene) -> None:
    zawadi = crowd.operator("Wanjiru", "coordinator")
    crowd.account("mastodon", "@harbour@social.example")
    crowd.sms(LONG, "+254711000301")
    with asked() as statements:
        copy = crowd.sms(LONG, "+254711000302")  # two people
        first = crowd.post("Help", "@rosa@social.example").thread_key.removeprefix("mastodon:")
        crowd.post("Help", "@rosa@social.example")  # one person, who says nothing
        crowd.post("Help", "@tom@social.example", repost_of=first)
        crowd.sms("And they beat the people who wait at the gate", "+254711000200")  # told later
        crowd.do(lambda: unlinking.unlink(copy.id, zawadi))
    assert crowd.kinds().count("report.linked") == 3
    ours = [one for one in statements if one[0].startswith("SELECT") and "AS listed" not in one[0]
            and any(word in one[0] for word in COMPARED_BY)]
    assert len(ours) > 10
    assert not walked(ours)


MANY_SHINGLES = text("""WITH RECURSIVE numbers (h) AS (SELECT 1 UNION ALL SELECT h + 1 FROM numbers WHERE h < 6000)
    INSERT INTO shingles (h, report_id) SELECT h, reports.id FROM numbers CROSS JOIN reports ORDER BY reports.id, h""")


def test_the_newest_with_a_shingle_are_found_by_walking_its_index_not_by_sorting_all_that_have_it(
        crowd: Scene) -> None:
    crowd.do(lambda: db.session.execute(MANY_SHINGLES))
    crowd.do(lambda: db.session.execute(text("ANALYZE shingles")))
    with asked() as statements:
        crowd.sms(LONG, "+254711000301")
        crowd.compare()
    search = next(one for one in statements if "FROM shingles" in one[0])
    if db.engine.dialect.name == "postgresql":
        kinds = {step["Node Type"] for step, _ in nodes(plan(*search))}
        assert kinds & {"Index Scan", "Index Only Scan"}, kinds
        assert not kinds & {"Sort", "Bitmap Heap Scan"}, kinds
        return
    cursor = db.session.connection().connection.cursor()
    found = [step[3] for step in cursor.execute(f"EXPLAIN QUERY PLAN {search[0]}", search[1]).fetchall()]
    assert any("SEARCH shingles" in step for step in found), found
    assert not any("TEMP B-TREE" in step for step in found), found


def test_the_first_of_the_queue_is_found_by_walking_the_queue_not_by_sorting_it(crowd: Scene) -> None:
    maya = crowd.operator("Maya")
    with asked() as statements:
        crowd.do(lambda: assignments.claim_next(maya))
    taking = next(one for one in statements if one[0].startswith("UPDATE reports"))
    if db.engine.dialect.name == "postgresql":
        steps = [step for step, _ in nodes(plan(*taking))]
        assert "ix_reports_queue" in [step.get("Index Name") for step in steps], steps
        assert "Sort" not in [step["Node Type"] for step in steps], steps
        return
    cursor = db.session.connection().connection.cursor()
    found = [step[3] for step in cursor.execute(f"EXPLAIN QUERY PLAN {taking[0]}", taking[1]).fetchall()]
    assert any("ix_reports_queue" in step for step in found), found
    assert not any("TEMP B-TREE" in step for step in found), found


def test_what_somebody_holds_is_found_by_them_though_hardly_anything_was_held_when_the_tables_were_looked_at(
    crowd: Scene
) -> None:
    maya = crowd.operator("Maya")
    crowd.do(lambda: db.session.execute(text("ANALYZE")))
    with asked() as statements:
        crowd.do(lambda: db.session.scalar(
            select(func.count()).where(Assignment.operator_id == maya.id, Assignment.ended_at.is_(None))))
    counting = next(one for one in statements if "count" in one[0])
    assert "ix_assignments_open_operator" in indexes(counting)


def test_what_waits_for_a_citizen_is_counted_without_reading_all_that_is_open(crowd: Scene) -> None:
    maya = crowd.operator("Maya")
    crowd.do(lambda: db.session.execute(text("ANALYZE")))
    with asked() as statements:
        crowd.do(lambda: inbox.counts(maya))
    [counting] = [one for one in statements if "reports.awaiting_citizen_since IS NOT NULL" in one[0]]
    assert "ix_reports_awaiting_citizen_since" in indexes(counting)


def test_the_judge_sees_a_table_that_is_read_whole(crowd: Scene) -> None:
    with asked() as statements:
        db.session.scalars(select(Message.id).where(Message.body == "?")).all()
        db.session.scalars(select(Message.id).where(Message.id == 3)).all()
    assert len(walked(statements)) == 1
