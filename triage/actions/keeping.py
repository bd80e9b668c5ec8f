"""A message as it is kept on a report: as it came, once and for ever."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, FromClause, Select, Table, and_, bindparam, insert, literal_column, select, true
from sqlalchemy.sql.dml import ReturningInsert

from channels.base import InboundMessage
from triage import fitting
from triage.actions import attaching, locking
from triage.actions.contacts import Person
from triage.actions.journal import Door, Entry
from triage.db import is_postgresql
from triage.models import Message, Report, TextKey
from triage.models.reports import NORMAL, URGENT
from triage.statements import execute

# Of tables alone: what is led through the ORM is several times dearer.
MESSAGES, REPORTS, TOLD = (cast(Table, each.__table__) for each in (Message, Report, TextKey))
STORE = insert(MESSAGES).returning(MESSAGES.c.id)
STORED = ("report_id", "contact_id", "account_id", "channel", "direction", "body", "external_id", "in_reply_to",
          "repost_of", "sent_at", "recorded_at", "dedupe_key")
GIVEN = [bindparam(name, type_=MESSAGES.c[name].type) for name in STORED[1:]]
NUMBER = bindparam("report_id", type_=REPORTS.c.id.type)


def _waits_already(report: FromClause) -> ColumnElement[bool]:
    """It is no copy, is not asleep, has waited since before, and is urgent where the message is."""
    its = report.c
    return and_(its.duplicate_of.is_(None), its.status != literal_column("'closed'"), its.snoozed_until.is_(None),
                its.awaiting_citizen_since.is_(None), its.unanswered_since <= bindparam("recorded_at"),
                its.priority <= bindparam("priority"))


def _untold(report: FromClause) -> ColumnElement[bool]:
    """It was compared, and none of its messages said enough for that: a further one may."""
    told = select(literal_column("1")).where(TOLD.c.report_id == NUMBER).exists()
    return and_(report.c.compare_by.is_(None), ~told)


def _storing(where: Select[Any]) -> ReturningInsert[Any]:
    return insert(MESSAGES).from_select(list(STORED), where).returning(MESSAGES.c.id)


def _storing_where_it_waits() -> Select[Any]:
    """No row where it did not wait when it was looked at; NULL where it does not any more, now that it is locked."""
    seen = REPORTS.alias("seen")
    waited = select(_waits_already(seen)).where(seen.c.id == NUMBER).scalar_subquery()
    wanted = select(REPORTS.c.id, REPORTS.c.compare_by, _waits_already(REPORTS).label("still"))
    wanted = wanted.where(REPORTS.c.id == NUMBER, waited)
    locked = wanted.with_for_update(key_share=True).cte("locked")
    stored = _storing(select(locked.c.id, *GIVEN).where(locked.c.still)).cte("stored")
    return select(stored.c.id, _untold(locked).label("untold")).select_from(locked.outerjoin(stored, true()))


# On SQLite nothing is locked, and so nothing can have changed meanwhile.
AT_ONCE = _storing(select(REPORTS.c.id, *GIVEN).where(REPORTS.c.id == NUMBER, _waits_already(REPORTS))).returning(
    select(_untold(REPORTS)).where(REPORTS.c.id == NUMBER).scalar_subquery().label("untold"))
WHERE_IT_WAITS = _storing_where_it_waits()


class Stored(NamedTuple):
    """A message that was kept, and whether its report was compared and nothing in it had said enough for that."""

    id: int
    untold: bool


def dedupe_key(message: InboundMessage) -> str:
    """The name of an utterance for ever: the provider's id, else a hash of what makes it itself."""
    name = message.external_id
    if name is None:
        parts = (message.account_address, message.sender or "", message.text, str(message.sent_at))
        name = "hash-" + hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{message.channel}:{fitting.name(name)}"


def store(report_id: int, message: InboundMessage, contact: Person | None, account: Door | None, item: Entry) -> int:
    """Keep a message on a report; its number."""
    stored: int = execute(STORE, _values(report_id, message, contact, account, item)).scalar_one()
    attaching.note(stored, message, item)
    return stored


def store_where_it_waits(report_id: int, message: InboundMessage, contact: Person | None, account: Door | None,
                         item: Entry) -> Stored | None:
    """The same on a report, locked now, on which one message more changes nothing: most are like that at a busy hour.

    None where that is not so. Moved where it is not any more: whoever has locked the report must let go of it first,
    as what it goes with, and who had it last, are locked before it.
    """
    values = {**_values(report_id, message, contact, account, item), "priority": URGENT if message.urgent else NORMAL}
    row = execute(WHERE_IT_WAITS if is_postgresql() else AT_ONCE, values).first()
    if row is None:
        return None
    stored = Stored(row.id, row.untold)
    if stored.id is None:
        raise locking.Moved
    attaching.note(stored.id, message, item)
    return stored


def _values(report_id: int, message: InboundMessage, contact: Person | None, account: Door | None,
            item: Entry) -> dict[str, object]:
    """The message as it came: with the moment at which it reached us, however long it waited to be read."""
    return {
        "report_id": report_id, "contact_id": contact.id if contact else None,
        "account_id": account.id if account else None, "channel": message.channel, "direction": "in",
        "body": message.text, "external_id": message.external_id, "in_reply_to": message.in_reply_to,
        "repost_of": message.repost_of, "sent_at": message.sent_at, "recorded_at": item.received_at,
        "dedupe_key": dedupe_key(message),
    }
