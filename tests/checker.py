"""What must be true of a desk whatever happened to it (safety.md 3.1, I1 to I10), read straight from its database.

Each rule is one statement in SQL, or one walk through the history, that finds violations: it knows
nothing of the code it judges, and says the same on SQLite and on PostgreSQL. What needs the network's
own books and the clients' logs besides is in `tests/verdict.py`. `tests/races/test_checker.py` plants a
violation of every rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Connection, NullPool, create_engine, text

import config

RULES = {
    "I1 the ledger's difference is 0":
        "SELECT count(*) FROM inbound HAVING count(*) <> coalesce(sum(CASE WHEN state IN ('received', 'quarantined') "
        "OR (state = 'ingested' AND result IS NOT NULL) THEN 1 ELSE 0 END), 0)",
    "I1 every item that became a message is named by exactly one entry of the history":
        "SELECT i.id, i.result, count(e.seq) FROM inbound i LEFT JOIN entries e ON e.item = i.id AND "
        "e.kind = 'report.' || i.result WHERE i.result IN ('opened', 'joined') GROUP BY i.id, i.result "
        "HAVING count(e.seq) <> 1",
    "I1 what was kept is read, or has a time at which it will be":
        "SELECT id FROM inbound WHERE state = 'received' AND due_at IS NULL",
    "I2 there are as many inbound messages as items that became one":
        "SELECT count(*) FROM messages WHERE direction = 'in' "
        "HAVING count(*) <> (SELECT count(*) FROM inbound WHERE result IN ('opened', 'joined'))",
    "I2 every report was opened by exactly one entry of the history":
        "SELECT r.id, count(e.seq) FROM reports r LEFT JOIN entries e ON e.report = r.id AND e.kind = 'report.opened' "
        "GROUP BY r.id HAVING count(e.seq) <> 1",
    "I3 an item is kept once": "SELECT external_key FROM inbound GROUP BY external_key HAVING count(*) > 1",
    "I3 a message is stored once": "SELECT dedupe_key FROM messages GROUP BY dedupe_key HAVING count(*) > 1",
    "I3 a person is known once":
        "SELECT address_key FROM contacts GROUP BY address_kind, address_key HAVING count(*) > 1",
    "I3 a thread has at most one live report":
        "SELECT thread_key FROM reports WHERE status <> 'closed' GROUP BY thread_key HAVING count(*) > 1",
    "I3 what a copy belongs to is no copy, and live while the copy is":
        "SELECT c.id, p.id, p.status FROM reports c JOIN reports p ON p.id = c.duplicate_of "
        "WHERE p.duplicate_of IS NOT NULL OR (c.status = 'duplicate' AND p.status = 'closed')",
    "I3 an incident is open exactly while two matters belong to it":
        "SELECT i.id, i.state FROM incidents i WHERE (i.state = 'open') <> "
        "((SELECT count(*) FROM reports r WHERE r.incident_id = i.id AND r.duplicate_of IS NULL) > 1)",
    "I3 two that a line says are linked are one matter":
        "SELECT m.id, a.id, b.id FROM matches m JOIN reports a ON a.id = m.report_id "
        "JOIN reports b ON b.id = m.other_id WHERE m.kind = 'same_message' AND m.state = 'linked' "
        "AND coalesce(a.duplicate_of, a.id) <> coalesce(b.duplicate_of, b.id)",
    "I3 a line says of every copy that it is linked":
        "SELECT r.id FROM reports r WHERE r.duplicate_of IS NOT NULL AND NOT EXISTS (SELECT 1 FROM matches m WHERE "
        "m.kind = 'same_message' AND m.state = 'linked' AND r.id IN (m.report_id, m.other_id))",
    "I4 a report has at most one open assignment":
        "SELECT report_id FROM assignments WHERE ended_at IS NULL GROUP BY report_id HAVING count(*) > 1",
    "I4 assignments of a report never overlap":
        "SELECT a.id, b.id FROM assignments a JOIN assignments b ON b.report_id = a.report_id AND b.id > a.id "
        "WHERE a.ended_at IS NULL OR a.ended_at > b.started_at",
    "I4 a report is assigned exactly while somebody holds it":
        "SELECT r.id, r.status FROM reports r WHERE (r.status = 'assigned') <> "
        "EXISTS (SELECT 1 FROM assignments a WHERE a.report_id = r.id AND a.ended_at IS NULL)",
    "I4 every assignment was begun by exactly one entry of the history":
        "SELECT a.id, count(e.seq) FROM assignments a LEFT JOIN entries e ON e.assignment = a.id AND e.kind IN "
        "('report.claimed', 'report.assigned', 'report.reopened') GROUP BY a.id HAVING count(e.seq) <> 1",
    "I5 a delivery has at most one open attempt":
        "SELECT delivery_id FROM delivery_attempts WHERE finished_at IS NULL GROUP BY delivery_id HAVING count(*) > 1",
    "I5 a delivery is sending exactly while an attempt is open":
        "SELECT d.id, d.state FROM deliveries d WHERE (d.state = 'sending') <> "
        "EXISTS (SELECT 1 FROM delivery_attempts t WHERE t.delivery_id = d.id AND t.finished_at IS NULL)",
    "I5 a delivery is accepted at most once":
        "SELECT delivery_id FROM delivery_attempts WHERE outcome = 'accepted' GROUP BY delivery_id "
        "HAVING count(*) > 1",
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
        "WHERE a.end_reason IN ('released', 'reassigned', 'lease', 'linked') "
        "AND NOT EXISTS (SELECT 1 FROM entries e WHERE e.delivery = d.id AND e.kind = 'delivery.decided')",
    "I7 no attempt begins after somebody else closed the report":
        "SELECT t.id FROM delivery_attempts t JOIN deliveries d ON d.id = t.delivery_id "
        "JOIN assignments a ON a.id = d.assignment_id AND t.started_at > a.ended_at AND a.end_reason = 'closed' "
        "JOIN entries c ON c.operator <> a.operator_id AND c.seq = (SELECT min(x.seq) FROM entries x "
        "WHERE x.report = a.report_id AND x.kind = 'report.closed' AND x.occurred_at >= a.ended_at) "
        "WHERE NOT EXISTS (SELECT 1 FROM entries e WHERE e.delivery = d.id AND e.kind = 'delivery.decided')",
    "I9 a conversation stands in the order of the history":
        "SELECT id FROM (SELECT m.id, e.seq, lag(e.seq) OVER (PARTITION BY m.report_id ORDER BY m.id) AS before "
        "FROM messages m JOIN entries e ON e.message = m.id AND e.kind IN "
        "('report.opened', 'report.joined', 'reply.accepted')) AS ordered WHERE before > seq",
    "I10 every attempt was begun by exactly one entry of the history":
        "SELECT d.id FROM deliveries d WHERE (SELECT count(*) FROM delivery_attempts t WHERE t.delivery_id = d.id) <> "
        "(SELECT count(*) FROM entries e WHERE e.delivery = d.id AND e.kind = 'delivery.started')",
    "I10 every answer was accepted by exactly one entry of the history":
        "SELECT m.id, count(e.seq) FROM messages m LEFT JOIN entries e ON e.message = m.id "
        "AND e.kind = 'reply.accepted' WHERE m.operator_id IS NOT NULL GROUP BY m.id HAVING count(e.seq) <> 1",
    "I10 the history has no holes":
        "SELECT count(*), max(seq) FROM events HAVING count(*) <> coalesce(max(seq), 0)",
    "unanswered_since is what the messages say": """
        WITH answers AS (
            SELECT m.report_id, max(m.id) AS last FROM messages m JOIN deliveries d ON d.message_id = m.id
            WHERE m.operator_id IS NOT NULL AND d.state NOT IN ('cancelled', 'failed') GROUP BY m.report_id
        ), waiting AS (
            SELECT m.id, m.recorded_at, f.id AS report, coalesce(f.duplicate_of, f.id) AS matter, f.linked_after,
                EXISTS (SELECT 1 FROM messages l JOIN deliveries d ON d.message_id = l.id
                JOIN assignments a ON a.id = d.assignment_id AND a.report_id = coalesce(f.duplicate_of, f.id)
                WHERE d.state NOT IN ('cancelled', 'failed') AND l.report_id <> f.id AND l.id > m.id
                AND l.id > coalesce(f.linked_after, 0) AND l.contact_id IN (f.contact_id, f.reply_contact_id)) AS told
            FROM messages m JOIN reports f ON f.id = m.report_id LEFT JOIN answers own ON own.report_id = f.id
            WHERE m.direction = 'in' AND m.id > coalesce(f.handled_through, 0) AND m.id > coalesce(own.last, 0)
        ), expected AS (
            SELECT r.id, min(w.recorded_at) AS since FROM reports r LEFT JOIN answers a ON a.report_id = r.id
            LEFT JOIN waiting w ON (w.report = r.id AND (r.duplicate_of IS NOT NULL OR NOT w.told))
                OR (w.matter = r.id AND NOT w.told
                AND (w.id > coalesce(a.last, 0) OR w.linked_after >= coalesce(a.last, 0)))
            GROUP BY r.id
        )
        SELECT r.id, r.unanswered_since, e.since FROM reports r JOIN expected e ON e.id = r.id
        WHERE r.unanswered_since IS DISTINCT FROM e.since""",
}
# PostgreSQL gives a number away for good, also to a transaction that is rolled back.
SQLITE_ONLY = frozenset({"I10 the history has no holes"})

# The history with the numbers it names, indexed: thousands of entries are asked for one by one.
NAMED = ("assignment", "delivery", "item", "contact", "message", "primary")
ENTRIES = (
    " ".join(["CREATE TEMPORARY TABLE entries AS SELECT seq, kind, report_id AS report, operator_id AS operator,",
              ", ".join(f'CAST(data ->> \'{name}\' AS bigint) AS "{name}"' for name in NAMED),
              ", occurred_at FROM events"]),
    *(f"CREATE INDEX entries_{name} ON entries ({name})" for name in ("assignment", "delivery", "item", "report")),
    "CREATE INDEX entries_message ON entries (message)",
)
HISTORY = 'SELECT seq, kind, report, delivery, contact, "primary" FROM entries ORDER BY seq'


class Entry(NamedTuple):
    """One entry of the history, and whom it names."""

    seq: int
    kind: str
    report: int | None
    delivery: int | None
    contact: int | None
    primary: int | None


Walk = Callable[[Connection, Sequence[Entry]], Iterator[str]]

AFTER = {  # what may follow a state of a delivery
    None: {"started", "deferred"}, "deferred": {"started", "deferred"},
    "started": {"sent", "delivered", "failed", "uncertain", "retried"}, "retried": {"started", "deferred"},
    "uncertain": {"sent", "delivered", "failed", "decided"}, "sent": {"delivered", "failed"},
    "delivered": set(), "failed": {"decided"}, "decided": {"started", "deferred", "sent", "delivered", "failed"},
}
WAITING = (None, "deferred", "retried", "decided")
# What an entry makes of a report, and what the report must have been before.
TURNS: Mapping[str, tuple[str, frozenset[str]]] = {
    "opened": ("live", frozenset({"unknown"})), "closed": ("closed", frozenset({"live", "duplicate"})),
    "reopened": ("live", frozenset({"closed"})), "linked": ("duplicate", frozenset({"live", "duplicate", "closed"})),
    "unlinked": ("live", frozenset({"duplicate", "closed"})),
    "claimed": ("live", frozenset({"live"})), "assigned": ("live", frozenset({"live"})),  # never a copy
}


def stop_is_obeyed(connection: Connection, history: Sequence[Entry]) -> Iterator[str]:
    """I7: after STOP nothing but its confirmation begins to leave, until START."""
    owners = {row[0]: (row[1], row[2]) for row in _rows(connection, "SELECT id, contact_id, purpose FROM deliveries")}
    stopped: set[int | None] = set()
    for one in history:
        if one.kind == "contact.stopped":
            stopped.add(one.contact)
        elif one.kind == "contact.started":
            stopped.discard(one.contact)
        elif one.kind == "delivery.started" and one.delivery is not None:
            owner, purpose = owners.get(one.delivery, (None, None))
            if owner in stopped and purpose != "stop_confirmation":
                yield f"I7 event {one.seq}: delivery {one.delivery} began after STOP"


def states_move_forward(_connection: Connection, history: Sequence[Entry]) -> Iterator[str]:
    """I8: a delivery's states follow one another as they may, and never go back."""
    last: dict[int, str] = {}
    restored = False
    for one in history:
        noun, _, state = one.kind.partition(".")
        if one.kind == "desk.restored":
            restored = True  # from now on whatever was on its way is in doubt, attempted or not
        if noun != "delivery" or one.delivery is None:
            continue
        doubted = restored and state == "uncertain" and last.get(one.delivery) in WAITING
        if state not in AFTER[last.get(one.delivery)] and not doubted:
            yield f"I8 event {one.seq}: delivery {one.delivery} is {state} after {last.get(one.delivery)}"
        last[one.delivery] = state


def reports_are_as_told(connection: Connection, history: Sequence[Entry]) -> Iterator[str]:
    """I10: closed, open or a copy is a report exactly as its entries say, each of which found it as it must."""
    told: dict[int, str] = {}
    for one in history:
        _, _, turn = one.kind.partition("report.")
        if turn not in TURNS or one.report is None:
            continue
        after, before = TURNS[turn]
        if told.get(one.report, "unknown") not in before:
            yield f"I10 event {one.seq}: report {one.report} was {told.get(one.report)} and is {turn}"
        if turn == "linked" and told.get(one.report) == "closed":
            continue  # a closed copy went along with the report it is a copy of
        told[one.report] = "duplicate" if turn == "reopened" and one.primary is not None else after
    for number, status in _rows(connection, "SELECT id, status FROM reports"):
        said = told.get(number, "unknown")
        if said != (status if status in ("closed", "duplicate") else "live"):
            yield f"I10 report {number} is {status}, the history says {said}"


WALKS: tuple[Walk, ...] = (stop_is_obeyed, states_move_forward, reports_are_as_told)


@contextmanager
def reading(settings: config.Settings) -> Iterator[Connection]:
    """A connection of one's own to the desk's database, closed afterwards."""
    engine = create_engine(settings.database_url, poolclass=NullPool)
    with engine.connect() as connection:
        yield connection
        connection.rollback()


def ask(settings: config.Settings, statement: str, **values: object) -> list[tuple[Any, ...]]:
    """The rows a SELECT finds now; values are named `:like_this`."""
    with reading(settings) as connection:
        return [tuple(row) for row in connection.execute(text(statement), values)]


def problems(settings: config.Settings) -> list[str]:
    """Every violation on the desk of `settings`, one sentence each; empty where all is well."""
    with reading(settings) as connection:
        return problems_on(connection)


def problems_on(connection: Connection) -> list[str]:
    """Every violation as this connection sees the desk. Roll back afterwards."""
    for statement in ENTRIES:
        connection.execute(text(statement))
    asked = [rule for rule in RULES if connection.dialect.name == "sqlite" or rule not in SQLITE_ONLY]
    found = [f"{rule}: {tuple(row)}" for rule in asked for row in _rows(connection, RULES[rule])]
    history = [Entry(*row) for row in _rows(connection, HISTORY)]
    return found + [sentence for walk in WALKS for sentence in walk(connection, history)]


def _rows(connection: Connection, statement: str) -> Sequence[Any]:
    return connection.execute(text(statement)).all()


def check(settings: config.Settings) -> None:
    """Fail with every violation on the desk of `settings`."""
    found = problems(settings)
    assert not found, "\n".join(found[:20])


def states(settings: config.Settings, purpose: str = "reply") -> dict[str, int]:
    """How many deliveries of a purpose are in which state."""
    counted = "SELECT state, count(*) FROM deliveries WHERE purpose = :purpose GROUP BY state"
    return dict(ask(settings, counted, purpose=purpose))
