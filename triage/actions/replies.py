"""From reply to outbox: an operator's answer is accepted once, from the account the rule gives, on what they saw."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from sqlalchemy import func, select

from triage import clock, context, events
from triage.actions import drafts, matters, outbox, signatures
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
    TooManyParts,
    WindowClosed,
)
from triage.events import Kind
from triage.models import Assignment, Contact, Delivery, DeliveryAttempt, Event, Message, Operator, Report
from triage.models.deliveries import WAITING
from triage.models.reports import DANGER
from triage.queries import parts, sending, signing

MOVES_ON = (Kind.REPORT_JOINED, Kind.REPORT_LINKED, Kind.REPLY_ACCEPTED)
KEY_CHARACTERS = 100


@dataclass(frozen=True)
class Answer:
    """What an operator wrote: under which assignment, having seen which event last, and its name for ever."""

    report_id: int
    assignment_id: int
    seen_seq: int
    text: str
    key: str


def reply(report_id: int, actor: Operator, assignment_id: int, seen_seq: int, text: str, key: str,
          by: str | None = None) -> Delivery:
    """Accept an answer: message and delivery, held for the undo seconds, signed as the account wants it.

    The same `key` with the same text gives the delivery it gave before; with another text KeyReused. `by` names the
    other channel to the same person where the usual one lets nobody answer any more. Raises NotTheHolder,
    ConversationMovedOn, NoReplyAccount, OptedOut, WindowClosed, TooLong, NotApproved, BadInput.
    """
    answer = Answer(report_id, assignment_id, seen_seq, text.strip(), key)
    return _once(answer, actor, lambda report, held: _queue(answer, report, held, actor, by))


def sent_by_hand(answer: Answer, actor: Operator) -> Delivery:
    """Write down an answer that `actor` has sent from their own device: nothing leaves by machine.

    It counts against the limits of their own account, which it is told to come from. Keys, fence and stale pages
    as in `reply`. Raises NotTheHolder, ConversationMovedOn, NoReplyAccount, OptedOut, NotApproved, BadInput.
    """
    answer = replace(answer, text=answer.text.strip())
    return _once(answer, actor, lambda report, held: _note_sent(answer, report, held, actor))


def _once(answer: Answer, actor: Operator, accept: Callable[[Report, Assignment], Delivery]) -> Delivery:
    """What the same answer gave before, else what `accept` makes of it: behind the report's lock, for its holder."""
    if not answer.text or not 0 < len(answer.key) <= KEY_CHARACTERS:
        raise BadInput(N_("Write an answer first."), "text")
    hold_off_stop([answer.report_id])
    report = matters.lock(answer.report_id, actor)
    before = _earlier(answer, actor)
    if before is not None:
        return before
    held = matters.require_holder(report, actor, answer.assignment_id)
    check_seen(report, actor, answer.seen_seq)
    delivery = accept(report, held)
    held.last_active_at = clock.now()
    drafts.clear(report.id, actor.id)
    matters.reckon(report)
    events.record(Kind.REPLY_ACCEPTED, report.id, actor.id, delivery=delivery.id, message=delivery.message_id)
    crashpoint("out.accepted")
    return delivery


def name(answer: Answer, actor: Operator) -> str:
    """What names an answer for ever, however it was sent."""
    return f"reply:{actor.id}:{answer.report_id}:{answer.key}"


def hold_off_stop(report_ids: Collection[int]) -> None:
    """Whoever says STOP now waits until the answer stands where STOP finds it. People are locked before reports."""
    theirs = select(Report.contact_id, Report.reply_contact_id).where(Report.id.in_(report_ids))
    people = {one for row in db.session.execute(theirs) for one in row if one is not None}
    known = select(Contact).where(Contact.id.in_(people))
    db.session.scalars(known.order_by(Contact.id).with_for_update(read=True)
                       .execution_options(populate_existing=True)).all()


def _earlier(answer: Answer, actor: Operator) -> Delivery | None:
    message = db.session.scalar(select(Message).where(Message.dedupe_key == name(answer, actor)))
    if message is None:
        return None
    if message.fingerprint != signatures.fingerprint(answer.text):
        raise KeyReused
    return db.session.scalar(select(Delivery).where(Delivery.message_id == message.id))


def check_seen(report: Report, actor: Operator, seen_seq: int) -> None:
    """ConversationMovedOn if the person or a colleague said something after event `seen_seq`."""
    ours = select(Report.id).where(matters.family(report.id))
    news = select(func.count()).select_from(Event).where(
        Event.report_id.in_(ours), Event.seq > seen_seq, Event.kind.in_(MOVES_ON),
        (Event.operator_id != actor.id) | Event.operator_id.is_(None),
    )
    count = db.session.scalar(news) or 0
    if count:
        raise ConversationMovedOn(count=count)


def _queue(answer: Answer, report: Report, held: Assignment, actor: Operator, by: str | None) -> Delivery:
    _check_approved(actor)
    route = checked_route(report, actor, by)
    message = store(answer, report, actor, route, checked_body(answer.text, report, actor, route))
    return outbox.add(message, "reply", held.id, undo_seconds(report))


def store(answer: Answer, report: Report, actor: Operator, route: sending.Route, body: str) -> Message:
    """The message of an answer that may be given: `actor` wrote it, `body` is what the person reads."""
    message = Message(
        report_id=report.id, contact_id=route.contact.id if route.contact else None,
        account_id=route.account.id if route.account else None, channel=route.channel, direction="out",
        body=body, operator_id=actor.id, recorded_at=clock.now(), dedupe_key=name(answer, actor),
        fingerprint=signatures.fingerprint(answer.text), in_reply_to=_answers(report, route.channel),
    )
    db.session.add(message)
    db.session.flush()
    return message


def _note_sent(answer: Answer, report: Report, held: Assignment, actor: Operator) -> Delivery:
    """Sent, with a try that counts as any other. Nothing waits for a slot: it has left already."""
    message = store(answer, report, actor, _own_route(report, actor), answer.text)
    delivery, now = outbox.add(message, "reply", held.id, 0), clock.now()
    delivery.by_hand, delivery.state, delivery.next_attempt_at, delivery.settled_at = True, "sent", None, now
    db.session.add(DeliveryAttempt(delivery_id=delivery.id, account_id=delivery.account_id, started_at=now,
                                   finished_at=now, outcome="accepted"))
    events.record(Kind.DELIVERY_SENT, report.id, actor.id, delivery=delivery.id, by_hand=True)
    return delivery


def _own_route(report: Report, actor: Operator) -> sending.Route:
    """By the actor's own account; without one there is nothing that it could count against."""
    _check_approved(actor)
    route = sending.by_own(report, actor)
    if route is None:
        raise NoReplyAccount(channel=report.channel)
    _check_wanted(route)
    return route


def undo_seconds(report: Report) -> int:
    """How long an answer can be taken back; no time is lost where there is danger."""
    return 0 if report.priority == DANGER else context.settings().undo_seconds


def _check_approved(actor: Operator) -> None:
    if actor.needs_approval:
        raise NotApproved


def _check_wanted(route: sending.Route) -> None:
    if route.contact is not None and route.contact.opted_out_at is not None:
        raise OptedOut


def checked_route(report: Report, holder: Operator, by: str | None = None) -> sending.Route:
    """How whoever holds a report answers it, if they may now. NoReplyAccount, OptedOut, WindowClosed."""
    route = sending.chosen(report, holder, by)
    if route is None:
        raise NoReplyAccount(channel=report.channel)
    _check_wanted(route)
    if sending.closed(route):
        raise WindowClosed(channel=route.channel, hours=(route.capabilities.answer_within or 0) // 3600)
    return route


def checked_body(text: str, report: Report, holder: Operator, route: sending.Route) -> str:
    """The whole text as it is sent, signed for its holder, if it may be so long. TooLong, TooManyParts."""
    body = text + signing.ending(route, report, holder)
    most, count = context.settings().most_parts, parts.segmented(body, route.capabilities)
    if count > most:
        raise TooManyParts(parts=count, most=most)
    if len(body) > route.capabilities.max_length:
        raise TooLong(length=len(body), most=route.capabilities.max_length)
    return body


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
    report, _ = matters.lock_matter(delivery.report_id, actor)
    delivery = db.session.get_one(Delivery, delivery_id, populate_existing=True, with_for_update=LOCK)
    message = db.session.get_one(Message, delivery.message_id)
    if message.operator_id != actor.id:
        raise NotFound
    if delivery.state not in WAITING:
        raise TooLate
    outbox.cancel(delivery, "undone")
    matters.reckon(report)
