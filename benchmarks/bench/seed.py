"""Filling a desk with very many reports, by a few statements of plain SQL: loading is not what is measured."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from benchmarks.bench.sites import Desk
from triage import clock
from triage.db import db, run_in_transaction

# The i-th of n rows, on either database.
SERIES = {"sqlite": "(WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < :n) SELECT i FROM g) g",
          "postgresql": "generate_series(1, CAST(:n AS bigint)) AS g(i)"}
# A moment i seconds after :start, spelled as each database keeps it.
MOMENT = {"sqlite": "strftime('%Y-%m-%d %H:%M:%S', :start, '+' || {i} || ' seconds') || '.000000'",
          "postgresql": "CAST(:start AS timestamptz) + {i} * interval '1 second'"}
CONTACTS = 500

PEOPLE = """INSERT INTO contacts (address_kind, address_key, address_sealed, hint, created_at)
    SELECT 'phone', 'seed-' || i, '', '…' || i, {at} FROM {series}"""
REPORTS = """INSERT INTO reports (contact_id, channel, account_id, thread_key, status, priority, received_at,
        unanswered_since, outcome, closed_at)
    SELECT 1 + i % {contacts}, 'sms', 1, 'seed:' || i, {status}, CASE WHEN i % 50 = 0 THEN 1 ELSE 2 END, {at},
        CASE WHEN {closed} THEN NULL ELSE {at} END, CASE WHEN {closed} THEN 'actionable' END,
        CASE WHEN {closed} THEN {at} END FROM {series}"""
MESSAGES = """INSERT INTO messages (report_id, contact_id, account_id, channel, direction, body, recorded_at,
        dedupe_key)
    SELECT id, contact_id, 1, 'sms', 'in', 'The queue at the north gate does not move, number ' || id, received_at,
        'seed:' || id FROM reports"""
# Whoever had the closed ones: a desk without a past makes the database plan for tables that stay empty.
PAST = """INSERT INTO assignments (report_id, operator_id, started_at, last_active_at, ended_at, end_reason)
    SELECT reports.id, people.id, reports.received_at, reports.closed_at, reports.closed_at, 'closed'
    FROM reports CROSS JOIN (SELECT min(id) AS id FROM operators) people
    WHERE reports.status = 'closed' AND people.id IS NOT NULL"""


def fill(desk: Desk, count: int, *, closed_share: float = 0.0) -> None:
    """`count` reports of people who wrote once, so many of them closed; the rest open and unanswered."""
    desk.act(lambda: _fill(count, round(closed_share * 100)))
    desk.read(settle)


def _fill(count: int, closed_percent: int) -> None:
    dialect = db.session.get_bind().dialect.name
    closed = f"i % 100 < {closed_percent}"
    words = {"series": SERIES[dialect], "at": MOMENT[dialect].format(i="i"), "contacts": CONTACTS, "closed": closed,
             "status": f"CASE WHEN {closed} THEN 'closed' ELSE 'open' END"}
    start = _spelled(clock.now() - timedelta(seconds=count + 60), dialect)
    db.session.execute(text(PEOPLE.format(**words)), {"n": CONTACTS, "start": start})
    db.session.execute(text(REPORTS.format(**words)), {"n": count, "start": start})
    db.session.execute(text(MESSAGES))
    db.session.execute(text(PAST))


def _spelled(at: datetime, dialect: str) -> str | datetime:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if dialect == "sqlite" else at


def settle() -> None:
    """Let the database look at what it has now, as it would by itself after a while. What is rolled back is unseen."""
    run_in_transaction(lambda: db.session.execute(text("ANALYZE")))
    db.session.remove()


def reopen() -> None:
    """Every report of the seed is open again and nobody holds any, past all rules: between two rounds."""
    db.session.execute(text("DELETE FROM assignments WHERE ended_at IS NULL"))
    db.session.execute(text("UPDATE reports SET status = 'open' WHERE status = 'assigned'"))
