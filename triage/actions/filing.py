"""Which report a message joins: the one it answers, the live one of its thread, a just closed one, or a new one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple, cast

from sqlalchemy import Insert, Row, Select, String, Table, bindparam, func, insert, literal_column, select

from channels.base import InboundMessage
from triage import clock, context, events, fitting
from triage.actions import assignments, attaching, closing, contacts, matters, mentioning, telling
from triage.actions.contacts import Person
from triage.actions.doubt import NotYet
from triage.actions.journal import Door, Entry
from triage.db import LOCK, db
from triage.errors import N_
from triage.events import Kind
from triage.models import (
    Assignment,
    Consent,
    Delivery,
    Message,
    Operator,
    Place,
    Report,
)
from triage.models.reports import NORMAL, URGENT
from triage.rights import Right
from triage.statements import execute

ANSWER_WORDING = N_("The person wrote an address for answers into the form.")


# Of tables alone: what is led through the ORM is several times dearer.
MESSAGES, DELIVERIES, REPORTS, LISTED = (cast(Table, each.__table__) for each in (Message, Delivery, Report, Place))


def _places() -> Select[tuple[int | None, ...]]:
    """Whether a message is known, and where it may belong: asked for in one statement that is built once.

    `known`: a message of this name, already stored.
    `theirs`, `ours`: the report of the message it replies to. `live`, `latest`: of its thread.
    `last_from`: what we wrote to this person last from this account: whoever writes back to it answers
    that. It comes first where the account is an operator's own. On a shared one the person's own thread
    comes first, and this finds the web form of somebody who gave their number there.
    `listed`: the desk has a list of places, so that one may be named.
    """
    channel, answered, thread = (bindparam(name, type_=String()) for name in ("channel", "answered", "thread"))
    said, sent, about = MESSAGES.c, DELIVERIES.c, REPORTS.c
    known = select(said.id).where(said.dedupe_key == bindparam("key", type_=String()))
    theirs = select(said.report_id).where(said.channel == channel, said.external_id == answered)
    ours = select(sent.report_id).where(sent.channel == channel, sent.provider_id == answered)
    live = select(about.id).where(about.thread_key == thread, about.status != literal_column("'closed'"))
    latest = select(about.id).where(about.thread_key == thread).order_by(about.id.desc())
    last_from = select(said.report_id).where(
        said.contact_id == bindparam("contact"), said.account_id == bindparam("account"),
        said.operator_id.is_not(None)).order_by(said.id.desc())
    each = {"known": known, "theirs": theirs, "ours": ours, "live": live, "latest": latest, "last_from": last_from,
            "listed": select(LISTED.c.id)}
    return select(*[query.limit(literal_column("1")).scalar_subquery().label(name) for name, query in each.items()])


PLACES = _places()
OPEN = insert(REPORTS).returning(REPORTS.c.id)
STORE = insert(MESSAGES).returning(MESSAGES.c.id)
STORED = ("report_id", "contact_id", "account_id", "channel", "direction", "body", "external_id", "in_reply_to",
          "repost_of", "sent_at", "recorded_at", "dedupe_key")


def _storing_where_it_waits() -> Insert:
    """Store on a report, locked now, on which one message more changes nothing: most are like that at a busy hour.

    It is no copy, is not asleep, has waited since before, and is urgent where the message is.
    """
    about = REPORTS.c
    waits = select(about.id).where(
        about.id == bindparam("report_id"), about.duplicate_of.is_(None), about.status != literal_column("'closed'"),
        about.snoozed_until.is_(None), about.awaiting_citizen_since.is_(None),
        about.unanswered_since <= bindparam("recorded_at"), about.priority <= bindparam("priority"),
    ).with_for_update(key_share=True).subquery()
    rest = [bindparam(name, type_=MESSAGES.c[name].type) for name in STORED[1:]]
    return insert(MESSAGES).from_select(list(STORED), select(waits.c.id, *rest)).returning(MESSAGES.c.id)


# Who had a closed report last, locked before it: a reopened one may come back to them, and people are locked first.
LAST_HOLDER = select(Operator.__table__.c.id).where(
    Operator.__table__.c.id == select(Assignment.__table__.c.operator_id)
    .where(Assignment.__table__.c.report_id == select(func.coalesce(REPORTS.c.duplicate_of, REPORTS.c.id)).where(
        REPORTS.c.id == bindparam("number"), REPORTS.c.status == literal_column("'closed'")).scalar_subquery())
    .order_by(Assignment.__table__.c.id.desc()).limit(literal_column("1")).scalar_subquery(),
).with_for_update(key_share=True)
STORE_WHERE_IT_WAITS = _storing_where_it_waits()


def file(message: InboundMessage, contact: Person | None, account: Door | None,
         item: Entry) -> tuple[int, str] | None:
    """Store a message on its report; the report's number and `opened` or `joined`. None: it is stored already."""
    key = thread_key(message, contact)
    places = _asked(message, contact, account, key)
    if places.known is not None:
        return None
    filed = _filed(places, key, message, contact, account, item)
    if places.listed is not None:
        mentioning.note(filed.report_id, filed.message_id, message)
    return filed.report_id, filed.result


class _Filed(NamedTuple):
    report_id: int
    message_id: int
    result: str


def _filed(places: Row[Any], key: str, message: InboundMessage, contact: Person | None, account: Door | None,
           item: Entry) -> _Filed:
    for candidate in _candidates(places, account):
        stored = _join_what_waits(candidate, message, contact, account, item)
        if stored is not None:
            return _Filed(candidate, stored, "joined")
        execute(LAST_HOLDER, {"number": candidate})
        report, primary = matters.lock_matter(candidate)
        if _takes(primary, key) and _takes(report, key):
            return _Filed(report.id, _join(report, primary, message, contact, account, item), "joined")
    return _open(key, message, contact, account, item)


def stood_in_for(message: InboundMessage, item: Entry) -> bool:
    """Whether something better than this stand-in has come. NotYet until it has had its time to."""
    assert message.stand_in is not None  # noqa: S101 - whoever asks has looked
    until = item.received_at + timedelta(seconds=message.stand_in.seconds)
    if clock.now() < until:
        raise NotYet(until)
    begins = MESSAGES.c.external_id.startswith(message.stand_in.of, autoescape=True)
    better = select(MESSAGES.c.id).where(MESSAGES.c.channel == message.channel, begins)
    return db.session.scalar(better.limit(1)) is not None


def thread_key(message: InboundMessage, contact: Person | None) -> str:
    """The thread as the channel knows it, else the person (never the account)."""
    if message.thread_key is not None or contact is None:
        return message.thread_key or fitting.name(dedupe_key(message))
    return f"{contact.address_kind}:{contact.id}"


def dedupe_key(message: InboundMessage) -> str:
    """The name of an utterance for ever: the provider's id, else a hash of what makes it itself."""
    name = message.external_id
    if name is None:
        parts = (message.account_address, message.sender or "", message.text, str(message.sent_at))
        name = "hash-" + hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{message.channel}:{fitting.name(name)}"


def _asked(message: InboundMessage, contact: Person | None, account: Door | None, key: str) -> Row[Any]:
    return execute(PLACES, {
        "key": dedupe_key(message), "channel": message.channel, "answered": message.in_reply_to, "thread": key,
        "contact": contact.id if contact else None, "account": account.id if account else None,
    }).one()


def _candidates(places: Row[Any], account: Door | None) -> Iterator[int]:
    """Report numbers to try, best first."""
    own = places.last_from if account is not None and account.operator_id is not None else None
    best = (places.theirs, places.ours, own, places.live, places.latest, places.last_from)
    yield from dict.fromkeys(report_id for report_id in best if report_id is not None)


def _join_what_waits(report_id: int, message: InboundMessage, contact: Person | None, account: Door | None,
                     item: Entry) -> int | None:
    values = _values(report_id, message, contact, account, item)
    priority = URGENT if message.urgent else NORMAL
    stored: int | None = execute(STORE_WHERE_IT_WAITS, {**values, "priority": priority}).scalar()
    if stored is not None:
        attaching.note(stored, message, item)
        _note_joined(report_id, report_id, stored, item, message)
    return stored


def _takes(report: Report, key: str) -> bool:
    return report.live or _may_reopen(report, key)


def _may_reopen(report: Report, key: str) -> bool:
    hours = timedelta(hours=context.settings().reopen_hours)
    recent = report.closed_at is not None and report.closed_at > clock.now() - hours
    return recent and closing.live_report(report.thread_key) is None and closing.live_report(key) is None


def _join(report: Report, primary: Report, message: InboundMessage, contact: Person | None,
          account: Door | None, item: Entry) -> int:
    stored = _store(report.id, message, contact, account, item)
    rouse(primary)
    if not report.live:  # a copy that was closed with its primary and could not be reopened with it
        closing.raise_again(report, "duplicate")
        events.record(Kind.REPORT_REOPENED, report.id, None, assignment=None, primary=primary.id)
    if message.urgent:
        for one in (report, primary):  # a copy that is taken out again is urgent by itself
            one.priority = min(one.priority, URGENT)
    if not (_waits(report, item) and _waits(primary, item)):
        matters.reckon(report)
    _note_joined(report.id, primary.id, stored, item, message)
    return stored


def _waits(report: Report, item: Entry) -> bool:
    """Whether it has waited since before this item came: then one message more changes nothing of that."""
    return report.unanswered_since is not None and report.unanswered_since <= item.received_at


def _note_joined(report_id: int, primary_id: int, message_id: int, item: Entry, message: InboundMessage) -> None:
    telling.joined(report_id, message.text)
    urgent = {"urgent": True} if message.urgent else {}
    events.record(Kind.REPORT_JOINED, report_id, None, message=message_id, item=item.id, primary=primary_id, **urgent)


def rouse(report: Report) -> None:
    """What is new wakes the matter; it comes back to its holder if they are on shift, else to the queue."""
    held = matters.holding(report.id) if report.status == "assigned" else None
    idle = report.snoozed_until is not None or report.awaiting_citizen_since is not None
    matters.wake(report)
    if report.status == "closed":
        _reopen(report)
    elif held is not None and idle and not _on_shift(held.operator_id):
        assignments.put_back(report, held, "released")
        events.record(Kind.REPORT_RELEASED, report.id, None, assignment=held.id)


def _reopen(report: Report) -> None:
    last = db.session.scalar(select(Assignment).where(Assignment.report_id == report.id)
                             .order_by(Assignment.id.desc()).limit(1))
    back = last is not None and takes_back(last.operator_id)
    closing.raise_again(report, "assigned" if back else "open")
    held = matters.start(report.id, last.operator_id) if back and last is not None else None
    events.record(Kind.REPORT_REOPENED, report.id, None, assignment=held.id if held else None)
    closing.raise_copies(report)


def takes_back(operator_id: int) -> bool:
    """Whether they are there to go on. Behind their lock: somebody may be switching them off at this moment."""
    operator = db.session.get(Operator, operator_id, with_for_update=LOCK, populate_existing=True)
    return operator is not None and operator.on_shift and operator.may(Right.HANDLE_REPORTS)


def _on_shift(operator_id: int) -> bool:
    operator = db.session.get(Operator, operator_id)
    return operator is not None and operator.on_shift


def _open(key: str, message: InboundMessage, contact: Person | None, account: Door | None,
          item: Entry) -> _Filed:
    report_id: int = execute(OPEN, {
        "contact_id": contact.id if contact else None, "reply_contact_id": _reply_contact(message),
        "channel": message.channel, "account_id": account.id if account else None, "thread_key": key,
        "status": "open", "priority": URGENT if message.urgent else NORMAL, "language": message.language,
        "place_text": message.place_text, "received_at": item.received_at, "unanswered_since": item.received_at,
        "receipt_key": item.receipt_key, "compare_by": clock.now() + matters.COMPARED_WITHIN,
    }).scalar_one()
    stored = _store(report_id, message, contact, account, item)
    _note_consent(report_id, message)
    events.record(Kind.REPORT_OPENED, report_id, None, message=stored, item=item.id)
    return _Filed(report_id, stored, "opened")


def _store(report_id: int, message: InboundMessage, contact: Person | None, account: Door | None,
           item: Entry) -> int:
    stored: int = execute(STORE, _values(report_id, message, contact, account, item)).scalar_one()
    attaching.note(stored, message, item)
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


def _reply_contact(message: InboundMessage) -> int | None:
    if message.reply_to is None:
        return None
    kind = "email" if "@" in message.reply_to else "phone"
    return contacts.find_or_make(kind, message.reply_to, language=message.language).id


def _note_consent(report_id: int, message: InboundMessage) -> None:
    if message.reply_to is not None:
        wording = str(message.raw.get("consent_wording") or ANSWER_WORDING)[:500]
        db.session.add(Consent(report_id=report_id, purpose="answer", granted=True, wording=wording,
                               source=message.channel, given_at=clock.now()))
