"""The history: `record` what happened; numbers are taken in commit order, so a reader never skips one.

Events wait in the session until the last moment of the transaction. There PostgreSQL takes an
advisory lock before it numbers them (SQLite has one writer anyway), so number order is commit
order: whoever asks "after 884" has seen everything up to 884.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, func, insert, select, text
from sqlalchemy.orm import Session

from triage import clock
from triage.commits import evidence
from triage.db import after_commit, before_commit, db
from triage.models import Event

NUMBER_LOCK = 7_236_001  # any constant: the advisory lock of event numbers
INSERT = insert(Event.__table__)  # type: ignore[arg-type]  # typed as FromClause
# Lock, number and write in one statement: others wait for this lock until our commit, so every turn to the
# server counts. Numbers are taken above the sort, which is above the lock. It also tells the transaction's number.
LOCK_AND_INSERT = text("""
    WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock(:key)), line AS (
        SELECT each.* FROM turn CROSS JOIN ROWS FROM (json_to_recordset(CAST(:lines AS json)) AS (
            report_id bigint, operator_id bigint, kind varchar, data json, occurred_at timestamptz
        )) WITH ORDINALITY AS each (report_id, operator_id, kind, data, occurred_at, place)
    )
    INSERT INTO events (report_id, operator_id, kind, data, occurred_at)
    SELECT report_id, operator_id, kind, data, occurred_at FROM line ORDER BY place
    RETURNING CAST(pg_current_xact_id() AS text)
""")


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
    REPORT_SPLIT = "report.split"
    REPORT_LINKED = "report.linked"
    REPORT_UNLINKED = "report.unlinked"
    NOTE_ADDED = "note.added"
    REPLY_ACCEPTED = "reply.accepted"
    REPLY_CANCELLED = "reply.cancelled"
    DELIVERY_DEFERRED = "delivery.deferred"
    DELIVERY_STARTED = "delivery.started"
    DELIVERY_RETRIED = "delivery.retried"
    DELIVERY_SENT = "delivery.sent"
    DELIVERY_DELIVERED = "delivery.delivered"
    DELIVERY_FAILED = "delivery.failed"
    DELIVERY_UNCERTAIN = "delivery.uncertain"
    DELIVERY_DECIDED = "delivery.decided"
    ACKNOWLEDGEMENT_QUEUED = "acknowledgement.queued"
    CONTACT_STOPPED = "contact.stopped"
    CONTACT_STARTED = "contact.started"
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


def number(session: Session) -> None:
    """Write the waiting events as the last statements of the transaction."""
    waiting = session.info.get("events")
    if not waiting:
        return
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        bound = {"key": NUMBER_LOCK, "lines": json.dumps(waiting, default=str)}
        session.info["number"] = session.execute(LOCK_AND_INSERT, bound).scalars().first()
    else:
        session.execute(INSERT, waiting)


def head() -> int:
    """The highest number committed so far, 0 on an empty desk."""
    return db.session.scalar(select(func.max(Event.seq))) or 0


def after(seq: int, limit: int = 500) -> list[Event]:
    """Up to `limit` events with a number above `seq`, in commit order, with no gaps left behind."""
    return list(db.session.scalars(select(Event).where(Event.seq > seq).order_by(Event.seq).limit(limit)))


_listeners: list[Callable[[frozenset[str]], None]] = []


def listen(listener: Callable[[frozenset[str]], None]) -> None:
    """Call `listener(kinds)` after every commit that recorded something. A hint: the rows are the truth."""
    _listeners.append(listener)


def _announce(info: Mapping[str, Any]) -> None:
    kinds = frozenset(entry["kind"] for entry in info.get("events", ()))
    if kinds:
        for listener in _listeners:
            listener(kinds)


def _stands(connection: Connection, info: Mapping[str, Any]) -> bool | None:
    """Whether the first line that a transaction wrote is in the history; None where it wrote none."""
    if not info.get("events"):
        return None
    first: dict[str, Any] = info["events"][0]
    same = [getattr(Event, name).is_not_distinct_from(first[name])
            for name in ("occurred_at", "kind", "report_id", "operator_id")]
    return connection.scalar(select(Event.seq).where(*same).limit(1)) is not None


before_commit(number)
after_commit(_announce)
evidence(_stands)
