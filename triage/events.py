"""The history: `record` what happened; whoever reads up to `head` never skips a number.

Events wait in the session until the last moment of the transaction; there they are numbered and written.
SQLite has one writer, so number order is commit order. On PostgreSQL several transactions may be between
the numbering and the end of their commit. Each says so by an advisory lock that names a number below all
its own, held until its lines can be seen. `head` is the highest number below which nothing is on its way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import CTE, ColumnElement, Connection, Select, Table, func, insert, literal_column, select, text, true
from sqlalchemy.orm import Session

from triage import clock
from triage.commits import evidence
from triage.db import after_commit, before_commit, db, is_postgresql
from triage.models import Event
from triage.statements import execute

ON_ITS_WAY = 7_236_001  # any constant: the upper half of the advisory locks of events that are being committed
LINES = cast(Table, Event.__table__)
LINE = ("report_id", "operator_id", "kind", "data", "occurred_at")  # what a line tells; its number comes by itself
INSERT = insert(LINES)
GIVEN = "last_value - (NOT is_called)::int"  # how far numbers have been given away
# Says "at or below this number nothing of mine". A statement that writes events joins it below the numbering.
# PostgreSQL reads <<, | and & from left to right, none before another.
TURN = f"""SELECT pg_advisory_xact_lock_shared((CAST({ON_ITS_WAY} AS bigint) << 32) | (({GIVEN}) & 4294967295)) AS said
    FROM events_seq_seq"""  # noqa: S608 - a constant of ours
# Lock, number, write, in one statement. The lock stands below the sort, which stands below the numbering: so it
# is taken first. It also tells the transaction's number.
LOCK_AND_INSERT = text(f"""
    WITH turn AS MATERIALIZED ({TURN}), line AS (
        SELECT each.* FROM turn CROSS JOIN ROWS FROM (json_to_recordset(CAST(:lines AS json)) AS (
            report_id bigint, operator_id bigint, kind varchar, data json, occurred_at timestamptz
        )) WITH ORDINALITY AS each (report_id, operator_id, kind, data, occurred_at, place)
    )
    INSERT INTO events (report_id, operator_id, kind, data, occurred_at)
    SELECT report_id, operator_id, kind, data, occurred_at FROM line ORDER BY place
    RETURNING CAST(pg_current_xact_id() AS text)
""")  # noqa: S608 - the same
# How far numbers have been given away, then what is on its way: in this order. Whoever locks after the look
# numbers above what was read before it. PostgreSQL lets go of locks when what they held is visible to all.
HEAD = text(f"""
    SELECT coalesce((
        SELECT min(given.seq - ((given.seq - objid::bigint) & 4294967295)) FROM pg_locks
        WHERE locktype = 'advisory' AND classid::bigint = {ON_ITS_WAY} AND objsubid = 1
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    ), given.seq)
    FROM (SELECT {GIVEN} AS seq FROM events_seq_seq OFFSET 0) AS given
""")  # noqa: S608 - the same
TURN_TAKEN = text(TURN).columns().cte("turn")
LAST = select(func.max(LINES.c.seq))  # of the table alone: past the ORM


class Kind(StrEnum):
    """Every kind of event. A test produces each."""

    REPORT_OPENED = "report.opened"
    REPORT_JOINED = "report.joined"
    REPORT_WRITTEN = "report.written"
    REPORT_REOPENED = "report.reopened"
    REPORT_CLAIMED = "report.claimed"
    REPORT_RELEASED = "report.released"
    REPORT_ASSIGNED = "report.assigned"
    REPORT_LEASE_ENDED = "report.lease_ended"
    REPORT_CLOSED = "report.closed"
    REPORT_SNOOZED = "report.snoozed"
    REPORT_WOKEN = "report.woken"
    REPORT_ROUTED = "report.routed"
    REPORT_PRIORITISED = "report.prioritised"
    REPORT_PLACED = "report.placed"
    REPORT_SPLIT = "report.split"
    REPORT_LINKED = "report.linked"
    REPORT_UNLINKED = "report.unlinked"
    REPORT_GROUPED = "report.grouped"
    REPORT_UNGROUPED = "report.ungrouped"
    INCIDENT_RENAMED = "incident.renamed"
    REPORT_REPEATED = "report.repeated"
    REPORT_LEFT_CLOSED = "report.left_closed"
    MATCH_DECIDED = "match.decided"
    NOTE_ADDED = "note.added"
    FILE_SETTLED = "file.settled"
    FILE_OPENED = "file.opened"
    FILE_TRANSCRIBED = "file.transcribed"
    REPLY_ACCEPTED = "reply.accepted"
    REPLY_SHARED = "reply.shared"
    REPLY_CANCELLED = "reply.cancelled"
    DELIVERY_DEFERRED = "delivery.deferred"
    DELIVERY_STARTED = "delivery.started"
    DELIVERY_RETRIED = "delivery.retried"
    DELIVERY_SENT = "delivery.sent"
    DELIVERY_DELIVERED = "delivery.delivered"
    DELIVERY_FAILED = "delivery.failed"
    DELIVERY_UNCERTAIN = "delivery.uncertain"
    DELIVERY_DECIDED = "delivery.decided"
    DELIVERY_ASKED = "delivery.asked"
    ACKNOWLEDGEMENT_QUEUED = "acknowledgement.queued"
    CONTACT_STOPPED = "contact.stopped"
    CONTACT_STARTED = "contact.started"
    CONTACT_OBSERVER = "contact.observer"
    INBOUND_QUARANTINED = "inbound.quarantined"
    INBOUND_RETRIED = "inbound.retried"
    OPERATOR_ADDED = "operator.added"
    OPERATOR_CHANGED = "operator.changed"
    OPERATOR_SHIFT = "operator.shift"
    PASSWORD_SET = "password.set"  # noqa: S105 - a kind of event
    SESSION_ENDED = "session.ended"
    TOKEN_MADE = "token.made"  # noqa: S105 - a kind of event
    TOKEN_ENDED = "token.ended"  # noqa: S105 - a kind of event
    TEAM_CHANGED = "team.changed"
    ACCOUNT_ADDED = "account.added"
    ACCOUNT_CHANGED = "account.changed"
    ACCOUNT_TROUBLED = "account.troubled"
    ACCOUNT_TESTED = "account.tested"
    PRICE_SET = "price.set"
    PLACES_IMPORTED = "places.imported"
    SENDER_RULE_SET = "sender_rule.set"
    LEASES_FROZEN = "leases.frozen"
    LEASES_RESUMED = "leases.resumed"
    DESK_RESTORED = "desk.restored"


def record(kind: Kind, report_id: int | None = None, operator_id: int | None = None, **data: object) -> None:
    """Note that `kind` happened, as part of the running transaction.

    `operator_id` is who did it (None: the desk itself). `data` holds ids and words of state only.
    """
    db.session.info.setdefault("events", []).append(
        {"kind": kind.value, "report_id": report_id, "operator_id": operator_id, "data": data,
         "occurred_at": clock.now()}
    )


def noting(told: Select[Any]) -> CTE:
    """The part of a statement that writes into the history what `told` selects, as LINE (PostgreSQL).

    It must be about the last thing that its transaction does: the turn is held until the end.
    """
    return insert(LINES).from_select(list(LINE), told.join(TURN_TAKEN, true())).cte("noted")


def about(name: str, number: ColumnElement[int]) -> ColumnElement[Any]:
    """The data of a line that tells one number."""
    return func.json_build_object(literal_column(f"'{name}'"), number)


def written(transaction: str, kind: Kind, report_id: int, at: datetime, **data: object) -> None:
    """Note that a statement wrote this line itself, in the transaction of this number: it is only announced yet."""
    info = db.session.info
    info["number"] = transaction
    info.setdefault("written", []).append(
        {"kind": kind.value, "report_id": report_id, "operator_id": None, "data": data, "occurred_at": at})


def number(session: Session) -> None:
    """Write the waiting events as the last statements of the transaction."""
    waiting = session.info.get("events")
    if not waiting:
        return
    session.flush()
    if is_postgresql():
        bound = {"lines": json.dumps(waiting, default=str)}
        session.info["number"] = execute(LOCK_AND_INSERT, bound).scalars().first()
    else:
        execute(INSERT, waiting)


def head() -> int:
    """The number up to which the history is complete, 0 on an empty desk: nothing will appear at or below it.

    What is read after it was asked for is at least as new.
    """
    if is_postgresql():
        return execute(HEAD).scalar() or 0
    return execute(LAST).scalar() or 0


def after(seq: int, limit: int = 500) -> list[Event]:
    """Up to `limit` events with a number above `seq` and up to `head`, by number: none will appear between them."""
    known = Event.seq > seq, Event.seq <= head()
    return list(db.session.scalars(select(Event).where(*known).order_by(Event.seq).limit(limit)))


_listeners: list[Callable[[frozenset[str]], None]] = []


def listen(listener: Callable[[frozenset[str]], None]) -> None:
    """Call `listener(kinds)` after every commit that recorded something. A hint: the rows are the truth."""
    _listeners.append(listener)


def _lines(info: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [*info.get("written", ()), *info.get("events", ())]


def _announce(info: Mapping[str, Any]) -> None:
    kinds = frozenset(entry["kind"] for entry in _lines(info))
    if kinds:
        for listener in _listeners:
            listener(kinds)


def _stands(connection: Connection, info: Mapping[str, Any]) -> bool | None:
    """Whether the first line that a transaction wrote is in the history; None where it wrote none."""
    if not _lines(info):
        return None
    first = _lines(info)[0]
    same = [getattr(Event, name).is_not_distinct_from(first[name])
            for name in ("occurred_at", "kind", "report_id", "operator_id")]
    return connection.scalar(select(Event.seq).where(*same).limit(1)) is not None


before_commit(number)
after_commit(_announce)
evidence(_stands)
