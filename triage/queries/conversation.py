"""The conversation of a report and its copies: messages, notes and what happened, oldest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from triage.db import db
from triage.events import Kind
from triage.models import Account, Contact, Delivery, Event, Message, Note, Operator, Report
from triage.queries import files, forecast, mentions, naming, scope
from triage.queries.shapes import DeliveryState, Entry

Row = TypeVar("Row", Message, Note, Event)

SHOWN = 50
# What a person reads in the thread; deliveries stand at their message, openings are the first message.
TOLD = (
    Kind.REPORT_REOPENED, Kind.REPORT_CLAIMED, Kind.REPORT_RELEASED, Kind.REPORT_ASSIGNED, Kind.REPORT_LEASE_ENDED,
    Kind.REPORT_CLOSED, Kind.REPORT_SNOOZED, Kind.REPORT_WOKEN, Kind.REPORT_ROUTED, Kind.REPORT_PRIORITISED,
    Kind.REPORT_SPLIT, Kind.REPORT_LINKED, Kind.REPORT_UNLINKED, Kind.REPORT_WRITTEN, Kind.REPLY_CANCELLED,
    Kind.DELIVERY_DECIDED, Kind.CONTACT_STOPPED, Kind.CONTACT_STARTED, Kind.FILE_OPENED, Kind.FILE_TRANSCRIBED,
    Kind.DELIVERY_ASKED, Kind.REPORT_PLACED, Kind.MATCH_DECIDED, Kind.REPORT_REPEATED, Kind.REPORT_LEFT_CLOSED,
    Kind.CONTACT_OBSERVER, Kind.REPORT_GROUPED, Kind.REPORT_UNGROUPED, Kind.INCIDENT_RENAMED,
)


@dataclass(frozen=True)
class _Names:
    people: dict[int, str]
    accounts: dict[int, str]
    senders: dict[int, str]


def entries(report: Report, actor: Operator, shown: int = SHOWN) -> tuple[list[Entry], int]:
    """The newest `shown` entries, oldest first, and how many earlier ones there are."""
    ours = _family(report, actor)
    messages = _newest(select(Message).where(Message.report_id.in_(ours)).order_by(Message.id.desc()), shown)
    notes = _newest(select(Note).where(Note.report_id.in_(ours)).order_by(Note.id.desc()), shown)
    happened = _newest(select(Event).where(_told(report, ours)).order_by(Event.seq.desc()), shown)
    names = _names(messages, notes, happened, actor)
    found = [*_spoken(report, messages, names, actor), *(_note(note, names, actor) for note in notes),
             *(_event(event, names, actor) for event in happened)]
    found.sort(key=lambda entry: (entry.at, entry.kind == "event"))
    return found[-shown:], max(_total(report, ours) - min(shown, len(found)), 0)


def _family(report: Report, actor: Operator) -> list[int]:
    """The report and those of its copies that the actor may read."""
    return list(db.session.scalars(select(Report.id).where(scope.family(report.id), scope.visible(actor))))


def _newest(query: Select[Row], shown: int) -> list[Row]:
    return list(db.session.scalars(query.limit(shown)))


def _told(report: Report, ours: Sequence[int]) -> ColumnElement[bool]:
    """What happened to the report itself, and of its copies only that they were linked."""
    linked = and_(Event.report_id.in_(ours), Event.kind == Kind.REPORT_LINKED)
    return or_(and_(Event.report_id == report.id, Event.kind.in_(TOLD)), linked)


def _total(report: Report, ours: Sequence[int]) -> int:
    counts = (
        select(func.count()).where(Message.report_id.in_(ours)),
        select(func.count()).where(Note.report_id.in_(ours)),
        select(func.count()).select_from(Event).where(_told(report, ours)),
    )
    return sum(db.session.scalar(count) or 0 for count in counts)


def _names(messages: Sequence[Message], notes: Sequence[Note], happened: Sequence[Event], actor: Operator) -> _Names:
    people = {one.operator_id for one in messages} | {one.operator_id for one in notes}
    people |= {one.operator_id for one in happened} | {_who(event) for event in happened}
    accounts = select(Account).where(Account.id.in_({one.account_id for one in messages}))
    senders = select(Contact).where(Contact.id.in_({one.contact_id for one in messages}))
    return _Names(
        naming.public_names(people),
        {account.id: account.address for account in db.session.scalars(accounts)},
        {contact.id: contact.name or contact.hint for contact in db.session.scalars(senders)},
    )


def _who(event: Event) -> int | None:
    """The person an event is about, besides who did it."""
    who = event.data.get("to") or event.data.get("was")
    return who if isinstance(who, int) else None


def _spoken(report: Report, messages: Sequence[Message], names: _Names, actor: Operator) -> list[Entry]:
    ids = [message.id for message in messages]
    sent = {one.message_id: one for one in db.session.scalars(select(Delivery).where(Delivery.message_id.in_(ids)))}
    here = files.of_messages(messages)
    found = [_message(report, message, sent.get(message.id), names, actor) for message in messages]
    named = mentions.of_messages(messages)
    return [replace(one, files=here.get(one.id, ()), mentions=named.get(one.id, ())) for one in found]


def _message(report: Report, message: Message, delivery: Delivery | None, names: _Names, actor: Operator) -> Entry:
    inbound = message.direction == "in"
    people, who = (names.senders, message.contact_id) if inbound else (names.people, message.operator_id)
    since = report.unanswered_since
    return Entry(
        kind="inbound" if inbound else "outbound", id=message.id, at=message.recorded_at,
        author=people.get(who or 0), channel=message.channel, body=message.body,
        language=report.language if inbound else None, account=names.accounts.get(message.account_id or 0),
        delivery=_fate(delivery, message, names, actor) if delivery else None,
        to=names.senders.get(message.contact_id or 0, "") if not inbound and message.report_id != report.id else "",
        mine=message.operator_id == actor.id, unanswered=inbound and since is not None and message.recorded_at >= since,
    )


def _fate(delivery: Delivery, message: Message, names: _Names, actor: Operator) -> DeliveryState:
    address = names.accounts.get(delivery.account_id or 0)
    return forecast.state_of(delivery, address, mine=message.operator_id == actor.id)


def _note(note: Note, names: _Names, actor: Operator) -> Entry:
    return Entry("note", note.id, note.created_at, names.people.get(note.operator_id), None, note.body,
                 mine=note.operator_id == actor.id)


def _event(event: Event, names: _Names, actor: Operator) -> Entry:
    about = names.people.get(_who(event) or 0)
    data = {**event.data, "name": about} if about else event.data
    return Entry("event", event.seq, event.occurred_at, names.people.get(event.operator_id or 0), None, "",
                 event=event.kind, data=data, mine=event.operator_id == actor.id)
