"""Whom one answer would reach, by which account each, and what became of one that was given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select

from triage import events
from triage.db import db
from triage.errors import Forbidden, NotFound, NotTheHolder
from triage.events import Kind
from triage.models import Account, Assignment, Delivery, Draft, Event, Incident, Message, Operator, Report
from triage.queries import forecast, identity, incidents, naming, reports, rows, scope
from triage.queries.shapes import DeliveryState, Row, Sending
from triage.rights import Right

MOST_SHOWN = 100  # as many as may be answered at once
DEAD = ("cancelled", "failed")


@dataclass(frozen=True)
class Line:
    """Somebody who could be answered: by which report, in whose name, or why not.

    `fence` is the assignment of the matter, `mine` whether the reader has it. `sending` is as its holder would answer.
    `same_as` is the report by which the same person is answered. `answered_at`: they were, after they wrote last.
    """

    row: Row
    primary: int
    fence: int | None
    holder: str
    mine: bool
    sending: Sending | None
    same_as: int | None = None
    answered_at: datetime | None = None
    leaves_at: datetime | None = None


@dataclass(frozen=True)
class Preview:
    """The page before sending, true at event `seq`. `kept_on` is the report on which its text is kept."""

    seq: int
    kept_on: int
    draft: str
    lines: Sequence[Line]
    more: int = 0  # who had no room on the page
    incident: int | None = None
    title: str = ""


@dataclass(frozen=True)
class Fate:
    """What became of one recipient: the delivery, or the code of the refusal with the names its sentence wants."""

    report_id: int
    row: Row | None  # None: it is not the reader's to see any more
    delivery: DeliveryState | None
    why: str
    params: dict[str, object]


@dataclass(frozen=True)
class Answered:
    """An answer to many as it stands now."""

    number: int
    at: datetime
    primary: int
    incident: int | None
    text: str
    fates: Sequence[Fate]
    mine: bool


def of_matter(report_id: int, actor: Operator) -> Preview:
    """Everybody who told of a matter that `actor` holds. NotFound, NotTheHolder."""
    seq, report = events.head(), reports.load(report_id, actor)
    primary = reports.load(report.duplicate_of, actor) if report.duplicate_of is not None else report
    held = _held([primary.id]).get(primary.id)
    if held is None or held.operator_id != actor.id:
        raise NotTheHolder(_names([held]).get(held.operator_id, "") if held is not None else "")
    return _preview(seq, [primary], primary.id, actor)


def of_incident(incident_id: int, actor: Operator) -> Preview:
    """Everybody who told of an incident, for who holds one of its reports and coordinators. NotFound, Forbidden."""
    seq, incident = events.head(), db.session.get(Incident, incident_id)
    query = select(Report).where(Report.incident_id == incident_id, Report.duplicate_of.is_(None),
                                 scope.visible(actor)).order_by(Report.id)
    primaries = list(db.session.scalars(query))
    if incident is None or not primaries:
        raise NotFound
    held = _held([one.id for one in primaries])
    own = [number for number, one in held.items() if one.operator_id == actor.id]
    if not own and not actor.may(Right.STEP_IN):
        raise Forbidden
    shown = _preview(seq, primaries, min(own, default=primaries[0].id), actor)
    return replace(shown, incident=incident.id, title=incidents.title(incident.id, actor))


def _preview(seq: int, primaries: Sequence[Report], kept_on: int, actor: Operator) -> Preview:
    numbers = [one.id for one in primaries]
    members = select(Report).where(or_(Report.id.in_(numbers), Report.duplicate_of.in_(numbers)), scope.visible(actor))
    found = list(db.session.scalars(members.order_by(Report.id)))
    heard, answered = _last("in", found), _last("out", found)
    found.sort(key=lambda one: (answered.get(one.id, (0, None))[0] > heard.get(one.id, (0, None))[0], one.id))
    shown = sorted(found[:MOST_SHOWN], key=lambda one: one.id)
    lines = _lines(shown, _held(numbers), actor)
    lines = _once_each(lines, shown, {number: one[0] for number, one in heard.items()})
    lines = [replace(line, answered_at=answered[line.row.id][1]) if line.row.id in answered
             and answered[line.row.id][0] > heard.get(line.row.id, (0, None))[0] else line for line in lines]
    draft = select(Draft.body).where(Draft.report_id == kept_on, Draft.operator_id == actor.id)
    return Preview(seq, kept_on, db.session.scalar(draft) or "", _timed(lines), max(len(found) - MOST_SHOWN, 0))


def _held(numbers: Iterable[int]) -> dict[int, Assignment]:
    query = select(Assignment).where(Assignment.report_id.in_(list(numbers)), Assignment.ended_at.is_(None))
    return {one.report_id: one for one in db.session.scalars(query)}


def _names(held: Iterable[Assignment | None]) -> dict[int, str]:
    return naming.public_names(one.operator_id for one in held if one is not None)


def _last(direction: str, found: Sequence[Report]) -> dict[int, tuple[int, datetime]]:
    """Of each report the last message of a person: its number and moment."""
    alive = select(Delivery.id).where(Delivery.message_id == Message.id, Delivery.state.not_in(DEAD)).exists()
    said = Message.direction == "in" if direction == "in" else and_(Message.operator_id.is_not(None), alive)
    query = select(Message.report_id, func.max(Message.id), func.max(Message.recorded_at))
    query = query.where(Message.report_id.in_([one.id for one in found]), said).group_by(Message.report_id)
    return {number: (last, at) for number, last, at in db.session.execute(query)}


def _lines(found: Sequence[Report], held: dict[int, Assignment], actor: Operator) -> list[Line]:
    holders = {one.operator_id for one in held.values()}
    people = {one.id: one for one in db.session.scalars(select(Operator).where(Operator.id.in_(holders)))}
    return [_line(report, row, held.get(report.duplicate_of or report.id), people, actor)
            for report, row in zip(found, rows.of(found, actor), strict=True)]


def _line(report: Report, row: Row, held: Assignment | None, people: dict[int, Operator], actor: Operator) -> Line:
    holder = people[held.operator_id] if held is not None else None
    shown = identity.sending(report, holder, may_write=True) if holder is not None else None
    if shown is not None and report.contact_id is None and report.reply_contact_id is None and shown.account:
        shown = replace(shown, blocked="nobody_known")
    return Line(row, report.duplicate_of or report.id, held.id if held else None, holder.public_name if holder else "",
                holder is not None and holder.id == actor.id, shown)


def _once_each(lines: Sequence[Line], found: Sequence[Report], heard: dict[int, int]) -> list[Line]:
    """Who told it twice is answered by the report on which they were heard last."""
    person = {one.id: one.reply_contact_id or one.contact_id for one in found}
    first: dict[int, int] = {}
    for line in sorted(lines, key=lambda one: -heard.get(one.row.id, 0)):
        who = person[line.row.id]
        if who is not None and line.sending is not None and not line.sending.blocked:
            first.setdefault(who, line.row.id)
    return [replace(line, same_as=_other(first.get(person[line.row.id] or 0), line)) for line in lines]


def _other(number: int | None, line: Line) -> int | None:
    return number if number != line.row.id and line.sending is not None and not line.sending.blocked else None


def _timed(lines: Sequence[Line]) -> list[Line]:
    """When each would leave, one after the other where several leave by one account."""
    before: dict[str, int] = {}
    timed = []
    for line in lines:
        shown, at = line.sending, None
        if shown is not None and shown.account is not None and not shown.blocked and line.same_as is None:
            place = before[shown.account] = before.get(shown.account, 0) + 1
            at = _slot(shown, place)
        timed.append(replace(line, leaves_at=at))
    return timed


def _slot(shown: Sending, place: int) -> datetime | None:
    """When the message that stands so far back among the new ones of an account would leave."""
    if shown.leaves_at is None or place == 1:
        return shown.leaves_at
    account = db.session.scalar(
        select(Account).where(Account.channel == shown.channel, Account.address == shown.account))
    found = forecast.moments(account, shown.ahead + place) if account is not None else []
    return found[-1] if found else None


def number_of(key: str, report_ids: Iterable[int], actor: Operator) -> int:
    """The number of the own answer to many of this name, by reports that it went to or what these go with. NotFound."""
    numbers = list(report_ids)
    matters = select(Report.duplicate_of).where(Report.id.in_(numbers), Report.duplicate_of.is_not(None))
    there = or_(Event.report_id.in_(numbers), Event.report_id.in_(matters))
    own = select(Event).where(there, Event.kind == Kind.REPLY_SHARED, Event.operator_id == actor.id)
    for event in db.session.scalars(own.order_by(Event.seq.desc())):
        if event.data["key"] == key:
            return event.seq
    raise NotFound


def answered(answer_id: int, actor: Operator) -> Answered:
    """What became of an answer to many, for who gave it and coordinators. NotFound."""
    event = db.session.get(Event, answer_id)
    if event is None or event.kind != Kind.REPLY_SHARED or not (
            event.operator_id == actor.id or actor.may(Right.STEP_IN)):
        raise NotFound
    results: Any = event.data["results"]
    mine, incident = event.operator_id == actor.id, event.data["incident"]
    visible = {row.id: row for row in rows.of(_visible([line[0] for line in results], actor), actor)}
    sent = _sent([line[1] for line in results if line[1] is not None], mine=mine) if visible else {}
    fates = [Fate(number, visible.get(number), sent.get(delivery or 0) if number in visible else None, why, params)
             for number, delivery, why, params in results]
    return Answered(event.seq, event.occurred_at, event.report_id or 0, incident if isinstance(incident, int) else None,
                    _text([line[1] for line in results if line[0] in visible]), fates, mine)


def _visible(numbers: Sequence[int], actor: Operator) -> list[Report]:
    return list(db.session.scalars(select(Report).where(Report.id.in_(numbers), scope.visible(actor))))


def _sent(numbers: Sequence[int], *, mine: bool) -> dict[int, DeliveryState]:
    query = select(Delivery, Account.address).outerjoin(Account, Account.id == Delivery.account_id)
    return {one.id: forecast.state_of(one, address, mine=mine)
            for one, address in db.session.execute(query.where(Delivery.id.in_(numbers)))}


def _text(deliveries: Sequence[int | None]) -> str:
    """The words as the first of them reads it."""
    first = min((one for one in deliveries if one is not None), default=0)
    query = select(Message.body).join(Delivery, Delivery.message_id == Message.id).where(Delivery.id == first)
    return db.session.scalar(query) or ""
