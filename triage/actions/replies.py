"""From reply to outbox: an operator's answer is accepted once, from the account the rule gives, on what they saw."""

from __future__ import annotations

import hashlib

from sqlalchemy import func, select

from triage import clock, context, events
from triage.actions import drafts, matters, outbox
from triage.crashpoints import crashpoint
from triage.db import LOCK, db
from triage.errors import (
    N_,
    BadInput,
    ConversationMovedOn,
    KeyReused,
    NoReplyAccount,
    NotApproved,
    NotFound,
    OptedOut,
    TooLate,
    TooLong,
)
from triage.events import Kind
from triage.models import Assignment, Contact, Delivery, Event, Message, Operator, Report
from triage.models.deliveries import WAITING
from triage.models.reports import DANGER
from triage.queries import sending

MOVES_ON = (Kind.REPORT_JOINED, Kind.REPORT_LINKED, Kind.REPLY_ACCEPTED)
KEY_CHARACTERS = 100


def reply(report_id: int, actor: Operator, assignment_id: int, seen_seq: int, text: str, key: str) -> Delivery:
    """Accept an answer: message and delivery, held for the undo seconds.

    The same `key` with the same text gives the delivery it gave before; with another text KeyReused.
    Raises NotTheHolder, ConversationMovedOn, NoReplyAccount, OptedOut, TooLong, NotApproved, BadInput.
    """
    text = text.strip()
    if not text or not 0 < len(key) <= KEY_CHARACTERS:
        raise BadInput(N_("Write an answer first."), "text")
    _hold_off_stop(report_id)
    report = matters.lock(report_id, actor)
    dedupe_key = f"reply:{actor.id}:{report_id}:{key}"
    earlier = _earlier(dedupe_key, text)
    if earlier is not None:
        return earlier
    held = matters.require_holder(report, actor, assignment_id)
    _check_seen(report, actor, seen_seq)
    return _accept(report, actor, held, text, dedupe_key)


def _hold_off_stop(report_id: int) -> None:
    """Whoever says STOP now waits until the answer stands where STOP finds it. People are locked before reports."""
    theirs = select(Report.contact_id, Report.reply_contact_id).where(Report.id == report_id)
    people = db.session.execute(theirs).first() or ()
    known = select(Contact).where(Contact.id.in_([one for one in people if one is not None]))
    db.session.scalars(known.order_by(Contact.id).with_for_update(read=True)
                       .execution_options(populate_existing=True)).all()


def _earlier(dedupe_key: str, text: str) -> Delivery | None:
    message = db.session.scalar(select(Message).where(Message.dedupe_key == dedupe_key))
    if message is None:
        return None
    if message.fingerprint != fingerprint(text):
        raise KeyReused
    return db.session.scalar(select(Delivery).where(Delivery.message_id == message.id))


def fingerprint(text: str) -> str:
    """SHA-256 of a text, hexadecimal: tells whether a repeated key means the same answer."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _check_seen(report: Report, actor: Operator, seen_seq: int) -> None:
    """ConversationMovedOn if the person or a colleague said something after event `seen_seq`."""
    ours = select(Report.id).where(matters.family(report.id))
    news = select(func.count()).select_from(Event).where(
        Event.report_id.in_(ours), Event.seq > seen_seq, Event.kind.in_(MOVES_ON),
        (Event.operator_id != actor.id) | Event.operator_id.is_(None),
    )
    count = db.session.scalar(news) or 0
    if count:
        raise ConversationMovedOn(count=count)


def _accept(report: Report, actor: Operator, held: Assignment, text: str, dedupe_key: str) -> Delivery:
    route = _checked_route(report, actor, text)
    message = Message(
        report_id=report.id, contact_id=route.contact.id if route.contact else None,
        account_id=route.account.id if route.account else None, channel=route.channel, direction="out",
        body=text, operator_id=actor.id, recorded_at=clock.now(), dedupe_key=dedupe_key,
        fingerprint=fingerprint(text), in_reply_to=_answers(report, route.channel),
    )
    db.session.add(message)
    db.session.flush()
    delivery = outbox.add(message, "reply", held.id, undo_seconds(report))
    held.last_active_at = clock.now()
    drafts.clear(report.id, actor.id)
    matters.reckon(report)
    events.record(Kind.REPLY_ACCEPTED, report.id, actor.id, delivery=delivery.id, message=message.id)
    crashpoint("out.accepted")
    return delivery


def undo_seconds(report: Report) -> int:
    """How long an answer can be taken back; no time is lost where there is danger."""
    return 0 if report.priority == DANGER else context.settings().undo_seconds


def _checked_route(report: Report, actor: Operator, text: str) -> sending.Route:
    if actor.needs_approval:
        raise NotApproved
    route = sending.route(report, actor)
    if route is None:
        raise NoReplyAccount(channel=report.channel)
    if route.contact is not None and route.contact.opted_out_at is not None:
        raise OptedOut
    if len(text) > route.capabilities.max_length:
        raise TooLong(length=len(text), most=route.capabilities.max_length)
    return route


def _answers(report: Report, channel: str) -> str | None:
    """The id of the person's newest message on this channel, so that a network can thread our answer."""
    newest = select(Message.external_id).where(Message.report_id == report.id, Message.direction == "in",
                                               Message.channel == channel)
    return db.session.scalar(newest.order_by(Message.id.desc()).limit(1))


def undo(delivery_id: int, actor: Operator) -> None:
    """Take an own answer back before it leaves; its text is a draft again. TooLate once it is leaving."""
    delivery = db.session.get(Delivery, delivery_id)
    if delivery is None:
        raise NotFound
    report = matters.lock(delivery.report_id, actor)
    delivery = db.session.get_one(Delivery, delivery_id, populate_existing=True, with_for_update=LOCK)
    message = db.session.get_one(Message, delivery.message_id)
    if message.operator_id != actor.id:
        raise NotFound
    if delivery.state not in WAITING:
        raise TooLate
    outbox.cancel(delivery, "undone")
    matters.reckon(report)
