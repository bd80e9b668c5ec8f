"""Which report a message joins: the one it answers, the live one of its thread, a just closed one, or a new one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import select

from channels.base import InboundMessage
from triage import clock, context, events
from triage.actions import assignments, closing, contacts, matters
from triage.db import db
from triage.errors import N_
from triage.events import Kind
from triage.models import (
    Account,
    Assignment,
    Consent,
    Contact,
    Delivery,
    InboundItem,
    Message,
    Operator,
    Report,
)
from triage.models.reports import NORMAL, URGENT

ANSWER_WORDING = N_("The person wrote an address for answers into the form.")


def file(message: InboundMessage, contact: Contact | None, account: Account | None,
         item: InboundItem) -> tuple[Report, str]:
    """Store a message on its report; the report and `opened` or `joined`."""
    key = thread_key(message, contact)
    for candidate in _candidates(message, contact, account, key):
        report, primary = matters.lock_matter(candidate)
        if _takes(primary, key) and _takes(report, key):
            return _join(report, primary, message, contact, account, item), "joined"
    return _open(key, message, contact, account, item), "opened"


def thread_key(message: InboundMessage, contact: Contact | None) -> str:
    """The thread as the channel knows it, else the person (never the account)."""
    if message.thread_key is not None or contact is None:
        return message.thread_key or dedupe_key(message)
    return f"{contact.address_kind}:{contact.id}"


def dedupe_key(message: InboundMessage) -> str:
    """The name of an utterance for ever: the provider's id, else a hash of what makes it itself."""
    name = message.external_id
    if name is None:
        parts = (message.account_address, message.sender or "", message.text, str(message.sent_at))
        name = "hash-" + hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{message.channel}:{name}"[:250]


def _candidates(message: InboundMessage, contact: Contact | None, account: Account | None,
                key: str) -> Iterator[int]:
    """Report numbers to try, best first."""
    found = (
        _answered(message),
        _last_from(contact, account) if account is not None and account.operator_id is not None else None,
        db.session.scalar(select(Report.id).where(Report.thread_key == key, Report.status != "closed")),
        db.session.scalar(select(Report.id).where(Report.thread_key == key).order_by(Report.id.desc()).limit(1)),
        _last_from(contact, account),
    )
    yield from dict.fromkeys(report_id for report_id in found if report_id is not None)


def _answered(message: InboundMessage) -> int | None:
    """The report of the message this one replies to, theirs or ours."""
    if message.in_reply_to is None:
        return None
    theirs = select(Message.report_id).where(Message.channel == message.channel,
                                             Message.external_id == message.in_reply_to)
    ours = select(Delivery.report_id).where(Delivery.channel == message.channel,
                                            Delivery.provider_id == message.in_reply_to)
    return db.session.scalar(theirs.limit(1)) or db.session.scalar(ours.limit(1))


def _last_from(contact: Contact | None, account: Account | None) -> int | None:
    """What a person wrote to them last from this number: whoever writes back to it answers that.

    It comes first where the number is an operator's own. On a shared one the person's own thread comes
    first, and this finds the web form of somebody who gave their number there.
    """
    if contact is None or account is None:
        return None
    sent = select(Message.report_id).where(Message.contact_id == contact.id, Message.account_id == account.id,
                                           Message.operator_id.is_not(None))
    return db.session.scalar(sent.order_by(Message.id.desc()).limit(1))


def _takes(report: Report, key: str) -> bool:
    return report.live or _may_reopen(report, key)


def _may_reopen(report: Report, key: str) -> bool:
    hours = timedelta(hours=context.settings().reopen_hours)
    recent = report.closed_at is not None and report.closed_at > clock.now() - hours
    return recent and closing.live_report(report.thread_key) is None and closing.live_report(key) is None


def _join(report: Report, primary: Report, message: InboundMessage, contact: Contact | None,
          account: Account | None, item: InboundItem) -> Report:
    stored = _store(report, message, contact, account, item)
    rouse(primary)
    if not report.live:  # a copy that was closed with its primary and could not be reopened with it
        closing.raise_again(report, "duplicate")
        events.record(Kind.REPORT_REOPENED, report.id, None, assignment=None, primary=primary.id)
    if message.urgent:
        primary.priority = min(primary.priority, URGENT)
    matters.reckon(report)
    events.record(Kind.REPORT_JOINED, report.id, None, message=stored.id, item=item.id, primary=primary.id)
    return report


def rouse(report: Report) -> None:
    """What is new wakes the matter; it comes back to its holder if they are on shift, else to the queue."""
    held = matters.holding(report.id)
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
    back = last is not None and _on_shift(last.operator_id)
    closing.raise_again(report, "assigned" if back else "open")
    held = matters.start(report, last.operator_id) if back and last is not None else None
    events.record(Kind.REPORT_REOPENED, report.id, None, assignment=held.id if held else None)
    closing.raise_copies(report)


def _on_shift(operator_id: int) -> bool:
    operator = db.session.get(Operator, operator_id)
    return operator is not None and operator.on_shift


def _open(key: str, message: InboundMessage, contact: Contact | None, account: Account | None,
          item: InboundItem) -> Report:
    report = Report(
        contact_id=contact.id if contact else None, reply_contact_id=_reply_contact(message), channel=message.channel,
        account_id=account.id if account else None, thread_key=key, status="open",
        priority=URGENT if message.urgent else NORMAL, language=message.language, place_text=message.place_text,
        received_at=item.received_at, unanswered_since=item.received_at, receipt_key=item.receipt_key,
    )
    db.session.add(report)
    db.session.flush()
    stored = _store(report, message, contact, account, item)
    _note_consent(report, message)
    matters.reckon(report)
    events.record(Kind.REPORT_OPENED, report.id, None, message=stored.id, item=item.id)
    return report


def _store(report: Report, message: InboundMessage, contact: Contact | None, account: Account | None,
           item: InboundItem) -> Message:
    """The message as it came: with the moment at which it reached us, however long it waited to be read."""
    stored = Message(
        report_id=report.id, contact_id=contact.id if contact else None, account_id=account.id if account else None,
        channel=message.channel, direction="in", body=message.text, external_id=message.external_id,
        in_reply_to=message.in_reply_to, repost_of=message.repost_of, sent_at=message.sent_at,
        recorded_at=item.received_at, dedupe_key=dedupe_key(message),
    )
    db.session.add(stored)
    db.session.flush()
    return stored


def _reply_contact(message: InboundMessage) -> int | None:
    if message.reply_to is None:
        return None
    kind = "email" if "@" in message.reply_to else "phone"
    return contacts.find_or_make(kind, message.reply_to, language=message.language).id


def _note_consent(report: Report, message: InboundMessage) -> None:
    if message.reply_to is not None:
        wording = str(message.raw.get("consent_wording") or ANSWER_WORDING)[:500]
        db.session.add(Consent(report_id=report.id, purpose="answer", granted=True, wording=wording,
                               source=message.channel, given_at=clock.now()))
