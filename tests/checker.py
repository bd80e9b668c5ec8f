"""What must be true of a desk whatever happened to it (safety.md 3.1), read straight from the SQLite file.

Each rule is one statement in SQL, or one walk through the history, that finds violations: it knows
nothing of the code it judges. `tests/races/test_checker.py` plants a violation of every rule.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import config

RULES = {
    "I4 a report has at most one open assignment":
        "SELECT report_id FROM assignments WHERE ended_at IS NULL GROUP BY report_id HAVING count(*) > 1",
    "I4 assignments of a report never overlap":
        "SELECT a.id, b.id FROM assignments a JOIN assignments b ON b.report_id = a.report_id AND b.id > a.id "
        "WHERE a.ended_at IS NULL OR a.ended_at > b.started_at",
    "I4 a report is assigned exactly while somebody holds it":
        "SELECT r.id, r.status FROM reports r WHERE (r.status = 'assigned') <> "
        "EXISTS (SELECT 1 FROM assignments a WHERE a.report_id = r.id AND a.ended_at IS NULL)",
    "I4 every assignment was begun by exactly one entry of the history":
        "SELECT a.id, count(e.seq) FROM assignments a LEFT JOIN entries e ON e.assignment = a.id "
        "AND e.kind IN ('report.claimed', 'report.assigned', 'report.reopened') GROUP BY 1 HAVING count(e.seq) <> 1",
    "I5 a delivery has at most one open attempt":
        "SELECT delivery_id FROM delivery_attempts WHERE finished_at IS NULL GROUP BY 1 HAVING count(*) > 1",
    "I5 a delivery is sending exactly while an attempt is open":
        "SELECT d.id, d.state FROM deliveries d WHERE (d.state = 'sending') <> "
        "EXISTS (SELECT 1 FROM delivery_attempts t WHERE t.delivery_id = d.id AND t.finished_at IS NULL)",
    "I5 a delivery is accepted at most once":
        "SELECT delivery_id FROM delivery_attempts WHERE outcome = 'accepted' GROUP BY 1 HAVING count(*) > 1",
    "I6 every outbound message has its deliveries":
        "SELECT m.id FROM messages m WHERE m.direction = 'out' "
        "AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.message_id = m.id)",
    "I6 what waits has a time, what ended has none":
        "SELECT id, state FROM deliveries WHERE (state IN ('held', 'queued')) <> (next_attempt_at IS NOT NULL)",
    "I6 every answer is under way or in one end state":
        "SELECT id, state FROM deliveries WHERE (settled_at IS NOT NULL) <> "
        "(state IN ('sent', 'delivered', 'failed', 'uncertain', 'cancelled'))",
    "I7 no attempt begins for a holder who lost the report":
        "SELECT t.id FROM delivery_attempts t JOIN deliveries d ON d.id = t.delivery_id "
        "JOIN assignments a ON a.id = d.assignment_id AND t.started_at > a.ended_at "
        "WHERE a.end_reason IN ('released', 'reassigned', 'lease') "
        "AND d.id NOT IN (SELECT delivery FROM entries WHERE kind = 'delivery.decided')",
    "I10 every attempt was begun by exactly one entry of the history":
        "SELECT d.id FROM deliveries d WHERE (SELECT count(*) FROM delivery_attempts t WHERE t.delivery_id = d.id) <> "
        "(SELECT count(*) FROM entries e WHERE e.delivery = d.id AND e.kind = 'delivery.started')",
    "I10 the history has no holes":
        "SELECT count(*), max(seq) FROM events HAVING count(*) <> coalesce(max(seq), 0)",
    "I1 every item that became a message is named by exactly one entry of the history":
        "SELECT i.id, i.result, count(e.seq) FROM inbound i LEFT JOIN entries e ON e.item = i.id "
        "AND e.kind = 'report.' || i.result WHERE i.result IN ('opened', 'joined') GROUP BY 1 HAVING count(e.seq) <> 1",
    "I2 there are as many inbound messages as items that became one":
        "SELECT count(*) FROM messages WHERE direction = 'in' "
        "HAVING count(*) <> (SELECT count(*) FROM inbound WHERE result IN ('opened', 'joined'))",
    "I1 the ledger's difference is 0":
        "SELECT count(*) FROM inbound HAVING count(*) <> total(state = 'ingested' AND result IS NOT NULL) "
        "+ total(state = 'quarantined') + total(state = 'received')",
    "I3 a thread has at most one live report":
        "SELECT thread_key FROM reports WHERE status <> 'closed' GROUP BY 1 HAVING count(*) > 1",
    "unanswered_since is what the messages say": """
        WITH answers AS (
            SELECT m.report_id, max(m.id) AS last FROM messages m JOIN deliveries d ON d.message_id = m.id
            WHERE m.operator_id IS NOT NULL AND d.state NOT IN ('cancelled', 'failed') GROUP BY 1
        ), expected AS (
            SELECT r.id, (
                SELECT min(m.recorded_at) FROM messages m JOIN reports f ON f.id = m.report_id
                LEFT JOIN answers own ON own.report_id = f.id
                WHERE (f.id = r.id OR f.duplicate_of = r.id) AND m.direction = 'in'
                AND m.id > coalesce(f.handled_through, 0) AND m.id > coalesce(own.last, 0)
                AND (m.id > coalesce(a.last, 0) OR f.linked_after >= coalesce(a.last, 0))
            ) AS since FROM reports r LEFT JOIN answers a ON a.report_id = r.id
        )
        SELECT r.id, r.unanswered_since, e.since FROM reports r JOIN expected e ON e.id = r.id
        WHERE r.unanswered_since IS NOT e.since""",
}

History = list[tuple[int, str, int | None, int | None]]
Walk = Callable[[sqlite3.Connection, History], Iterator[str]]

# The history with the numbers it names, indexed: thousands of entries are asked for one by one.
ENTRIES = """
CREATE TEMP TABLE entries AS SELECT seq, kind, data ->> 'assignment' AS assignment, data ->> 'delivery' AS delivery,
    data ->> 'item' AS item, data ->> 'contact' AS contact FROM events;
CREATE INDEX temp.entries_assignment ON entries (assignment);
CREATE INDEX temp.entries_delivery ON entries (delivery);
CREATE INDEX temp.entries_item ON entries (item);
"""
HISTORY = "SELECT seq, kind, delivery, contact FROM entries ORDER BY seq"
AFTER = {  # what may follow a state of a delivery
    None: {"started", "deferred"}, "deferred": {"started", "deferred"},
    "started": {"sent", "delivered", "failed", "uncertain", "retried"}, "retried": {"started", "deferred"},
    "uncertain": {"sent", "delivered", "failed", "decided"}, "sent": {"delivered", "failed"},
    "delivered": set(), "failed": {"decided"}, "decided": {"started", "deferred", "sent", "delivered", "failed"},
}


def stop_is_obeyed(connection: sqlite3.Connection, history: History) -> Iterator[str]:
    """I7: after STOP nothing but its confirmation begins to leave, until START."""
    owners = {row[0]: row[1:] for row in connection.execute("SELECT id, contact_id, purpose FROM deliveries")}
    stopped: set[int | None] = set()
    for seq, kind, delivery, contact in history:
        if kind == "contact.stopped":
            stopped.add(contact)
        elif kind == "contact.started":
            stopped.discard(contact)
        elif kind == "delivery.started" and delivery is not None:
            owner, purpose = owners.get(delivery, (None, None))
            if owner in stopped and purpose != "stop_confirmation":
                yield f"event {seq}: delivery {delivery} began after STOP"


def states_move_forward(_connection: sqlite3.Connection, history: History) -> Iterator[str]:
    """I8: a delivery's states follow one another as they may, and never go back."""
    last: dict[int, str] = {}
    for seq, kind, delivery, _ in history:
        noun, _, state = kind.partition(".")
        if noun != "delivery" or delivery is None:
            continue
        if state not in AFTER[last.get(delivery)]:
            yield f"event {seq}: delivery {delivery} is {state} after {last.get(delivery)}"
        last[delivery] = state


WALKS: tuple[Walk, ...] = (stop_is_obeyed, states_move_forward)


def problems(database: Path) -> list[str]:
    """Every violation found in the file, one sentence each; empty where all is well."""
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(ENTRIES)
        found = [f"{rule}: {row}" for rule, statement in RULES.items() for row in connection.execute(statement)]
        history = connection.execute(HISTORY).fetchall()
        return found + [sentence for walk in WALKS for sentence in walk(connection, history)]


def check(settings: config.Settings) -> None:
    """Fail with every violation on the desk of `settings`."""
    found = problems(database_of(settings))
    assert not found, "\n".join(found[:20])


def database_of(settings: config.Settings) -> Path:
    """The SQLite file of a desk."""
    return Path(settings.database_url.removeprefix("sqlite:///"))


def states(settings: config.Settings, purpose: str = "reply") -> dict[str, int]:
    """How many deliveries of a purpose are in which state."""
    with closing(sqlite3.connect(database_of(settings))) as connection:
        query = "SELECT state, count(*) FROM deliveries WHERE purpose = ? GROUP BY 1"
        return dict(connection.execute(query, (purpose,)).fetchall())
