"""Which report a message joins: the one it answers, the live one of its thread, a just closed one, or a new one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, NamedTuple, cast

from sqlalchemy import Row, Select, String, Table, bindparam, insert, literal_column, select

from channels.base import InboundMessage
from triage import clock, context, events, fitting
from triage.actions import assignments, closing, contacts, keeping, locking, matters, mentioning, returning, telling
from triage.actions.contacts import Person
from triage.actions.doubt import NotYet
from triage.actions.journal import Door, Entry
from triage.db import db
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
    candidates = list(_candidates(places, account))
    for candidate in candidates[:1]:
        stored = keeping.store_where_it_waits(candidate, message, contact, account, item)
        if stored is not None:
            if stored.untold:
                telling.joined(candidate, message.text)
            _note_joined(candidate, candidate, stored.id, item, message)
            return _Filed(candidate, stored.id, "joined")
    for report, primary in _tried(candidates):
        if _takes(primary, key) and _takes(report, key):
            return _Filed(report.id, _join(report, primary, message, contact, account, item), "joined")
    return _open(key, message, contact, account, item)


def _tried(candidates: Sequence[int]) -> Iterator[tuple[Report, Report]]:
    """Reports to try, and what stands for each, locked. Nobody is waited for behind the first of them: where somebody
    has another, or the person who gets it back, all are locked in order by a second run.
    """
    together = candidates if locking.first() else candidates[:1]
    yield from _locked(together)
    for number in candidates[len(together):]:
        report = matters.lock_at_once(number)
        yield report, matters.lock_at_once(report.duplicate_of or number)


def _locked(candidates: Sequence[int]) -> list[tuple[Report, Report]]:
    returning.lock_last_holders(candidates)
    if len(candidates) == 1:
        return [matters.lock_matter(candidates[0])]
    locked = matters.lock_all(candidates)
    return [(one, db.session.get_one(Report, one.duplicate_of or one.id)) for one in map(locked.get, candidates) if one]


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
        return message.thread_key or fitting.name(keeping.dedupe_key(message))
    return f"{contact.address_kind}:{contact.id}"


def _asked(message: InboundMessage, contact: Person | None, account: Door | None, key: str) -> Row[Any]:
    return execute(PLACES, {
        "key": keeping.dedupe_key(message), "channel": message.channel, "answered": message.in_reply_to, "thread": key,
        "contact": contact.id if contact else None, "account": account.id if account else None,
    }).one()


def _candidates(places: Row[Any], account: Door | None) -> Iterator[int]:
    """Report numbers to try, best first."""
    own = places.last_from if account is not None and account.operator_id is not None else None
    best = (places.theirs, places.ours, own, places.live, places.latest, places.last_from)
    yield from dict.fromkeys(report_id for report_id in best if report_id is not None)


def _takes(report: Report, key: str) -> bool:
    return report.live or _may_reopen(report, key)


def _may_reopen(report: Report, key: str) -> bool:
    hours = timedelta(hours=context.settings().reopen_hours)
    recent = report.closed_at is not None and report.closed_at > clock.now() - hours
    return recent and closing.live_report(report.thread_key) is None and closing.live_report(key) is None


def _join(report: Report, primary: Report, message: InboundMessage, contact: Person | None,
          account: Door | None, item: Entry) -> int:
    stored = keeping.store(report.id, message, contact, account, item)
    rouse(primary)
    if not report.live:  # a copy that was closed with its primary and could not be reopened with it
        closing.raise_again(report, "duplicate")
        events.record(Kind.REPORT_REOPENED, report.id, None, assignment=None, primary=primary.id)
    if message.urgent:
        for one in (report, primary):  # a copy that is taken out again is urgent by itself
            one.priority = min(one.priority, URGENT)
    if not (_waits(report, item) and _waits(primary, item)):
        matters.reckon(report)
    telling.joined(report.id, message.text)
    _note_joined(report.id, primary.id, stored, item, message)
    return stored


def _waits(report: Report, item: Entry) -> bool:
    """Whether it has waited since before this item came: then one message more changes nothing of that."""
    return report.unanswered_since is not None and report.unanswered_since <= item.received_at


def _note_joined(report_id: int, primary_id: int, message_id: int, item: Entry, message: InboundMessage) -> None:
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
    back = last is not None and returning.takes_back(last.operator_id, report.id)
    closing.raise_again(report, "assigned" if back else "open")
    held = matters.start(report.id, last.operator_id) if back and last is not None else None
    events.record(Kind.REPORT_REOPENED, report.id, None, assignment=held.id if held else None)
    closing.raise_copies(report)


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
    stored = keeping.store(report_id, message, contact, account, item)
    _note_consent(report_id, message)
    events.record(Kind.REPORT_OPENED, report_id, None, message=stored, item=item.id)
    return _Filed(report_id, stored, "opened")


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
