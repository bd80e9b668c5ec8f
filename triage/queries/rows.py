"""Lines of the list, made for many reports at once: a fixed number of statements for any number of rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, distinct, exists, func, not_, or_, select
from sqlalchemy.orm import aliased

from triage import clock
from triage.db import db
from triage.models import Assignment, Attachment, Contact, Delivery, Draft, Incident, Message, Operator, Report
from triage.queries import naming, scope
from triage.queries.excerpts import shortened
from triage.queries.shapes import Row

EXCERPT_CHARACTERS = 180
REPLYING = timedelta(minutes=1)
PROBLEMS = ("failed", "uncertain")


@dataclass(frozen=True)
class _Around:
    """What a batch of reports needs from other tables, by report number."""

    open: dict[int, Assignment]
    last: dict[int, Assignment]
    names: dict[int, str]
    teams: dict[int, str]
    contacts: dict[int, Contact]
    words: dict[int, str]
    problems: dict[int, int]
    replying: set[int]
    places: dict[int, tuple[str, str]]
    copies: dict[int, tuple[int, int, int]]
    incidents: frozenset[int]


def of(reports: Sequence[Report], actor: Operator) -> list[Row]:
    """The lines of `reports`, in their order, as `actor` sees them."""
    if not reports:
        return []
    around = _around(reports, actor)
    return [_row(report, around, actor) for report in reports]


def _around(reports: Sequence[Report], actor: Operator) -> _Around:
    ids = [report.id for report in reports]
    held = _assignments(ids)
    current = {one.report_id: one for one in held if one.ended_at is None}
    return _Around(
        current, {one.report_id: one for one in held}, naming.public_names(one.operator_id for one in held),
        naming.team_names(report.team_id for report in reports),
        _contacts({report.contact_id for report in reports}), _words(ids), _problems(ids), _replying(current),
        naming.place_names(report.place_id for report in reports), _copies(ids, actor),
        _incidents({report.incident_id for report in reports}),
    )


def _assignments(ids: Sequence[int]) -> list[Assignment]:
    """The newest assignment of each report."""
    newest = select(func.max(Assignment.id)).where(Assignment.report_id.in_(ids)).group_by(Assignment.report_id)
    return list(db.session.scalars(select(Assignment).where(Assignment.id.in_(newest))))


def _contacts(ids: set[int | None]) -> dict[int, Contact]:
    query = select(Contact).where(Contact.id.in_({number for number in ids if number is not None}))
    return {contact.id: contact for contact in db.session.scalars(query)}


def _words(ids: Sequence[int]) -> dict[int, str]:
    """The beginning of the newest inbound message of each report; of a sound what was said, once written down."""
    newest = select(func.max(Message.id)).where(Message.report_id.in_(ids), Message.direction == "in")
    newest = newest.group_by(Message.report_id)
    words = func.substr(func.coalesce(Attachment.transcript, Message.body), 1, EXCERPT_CHARACTERS + 1)
    written = and_(Attachment.message_id == Message.id, Attachment.transcript.is_not(None))
    query = select(Message.report_id, words).outerjoin(Attachment, written).where(Message.id.in_(newest))
    found = db.session.execute(query.order_by(Attachment.place.desc()))  # of several sounds the first
    return {number: excerpt(said) for number, said in found}


def excerpt(said: str) -> str:
    """As much of a text as a line has room for."""
    return shortened(said, EXCERPT_CHARACTERS)


def troubled() -> ColumnElement[bool]:
    """Answers that need a person: in doubt, or failed with no newer one and the report not closed since."""
    newer, about = aliased(Delivery), aliased(Report)
    answered = exists(select(newer.id).where(
        newer.report_id == Delivery.report_id, newer.id > Delivery.id, newer.purpose == "reply",
        newer.state != "cancelled"))
    closed = exists(select(about.id).where(about.id == Delivery.report_id, about.closed_at > Delivery.settled_at))
    dealt_with = and_(Delivery.state == "failed", or_(answered, closed))
    return and_(Delivery.purpose == "reply", Delivery.state.in_(PROBLEMS), not_(dealt_with))


def _problems(ids: Sequence[int]) -> dict[int, int]:
    """How many answers need a person: on a report itself, and to the senders of its copies."""
    matter = func.coalesce(Report.duplicate_of, Report.id)
    members = or_(Report.id.in_(ids), Report.duplicate_of.in_(ids))
    query = select(matter, func.count()).select_from(Delivery).join(Report, Report.id == Delivery.report_id)
    return dict(db.session.execute(query.where(members, troubled()).group_by(matter)).all())


def _replying(current: dict[int, Assignment]) -> set[int]:
    """Reports whose holder saved a draft just now."""
    recent = select(Draft.report_id, Draft.operator_id).where(
        Draft.report_id.in_(current), Draft.saved_at > clock.now() - REPLYING, Draft.body != "")
    return {number for number, operator in db.session.execute(recent)
            if current[number].operator_id == operator}


def _copies(ids: Sequence[int], actor: Operator) -> dict[int, tuple[int, int, int]]:
    """Of each primary: how many copies `actor` may see, and of how many people by how many channels all are."""
    matter, person = func.coalesce(Report.duplicate_of, Report.id), func.coalesce(Report.contact_id, -Report.id)
    query = select(matter, func.count(), func.count(distinct(person)), func.count(distinct(Report.channel)))
    members = or_(Report.id.in_(ids), Report.duplicate_of.in_(ids))
    query = query.where(members, scope.visible(actor)).group_by(matter).having(func.count() > 1)
    return {primary: (many - 1, people, channels) for primary, many, people, channels in db.session.execute(query)}


def _incidents(ids: set[int | None]) -> frozenset[int]:
    """Those to which two reports or more belong; nothing is asked where there is none."""
    known = ids - {None}
    query = select(Incident.id).where(Incident.id.in_(known), Incident.state == "open")
    return frozenset(db.session.scalars(query)) if known else frozenset()


def _row(report: Report, around: _Around, actor: Operator) -> Row:
    held, last = around.open.get(report.id), around.last.get(report.id)
    contact = around.contacts.get(report.contact_id or 0)
    copies, senders, channels = around.copies.get(report.id, (0, 1, 1))
    place, code = around.places.get(report.place_id or 0, (report.place_text, None))
    return Row(
        id=report.id, channel=report.channel, status=report.status, priority=report.priority,
        place=place, language=report.language, sender=_sender(contact),
        excerpt=around.words.get(report.id, ""), waiting_since=report.unanswered_since,
        received_at=report.received_at, holder_id=held.operator_id if held else None,
        holder=around.names.get(held.operator_id) if held else None,
        mine=held is not None and held.operator_id == actor.id, replying=report.id in around.replying,
        team=around.teams.get(report.team_id or 0), snoozed_until=report.snoozed_until,
        awaiting_since=report.awaiting_citizen_since, send_problems=around.problems.get(report.id, 0),
        opted_out=contact is not None and contact.opted_out_at is not None,
        was_with=around.names.get(last.operator_id) if last and held is None else None,
        ended_by=last.end_reason if last else None, outcome=report.outcome, reason=report.reason,
        closed_at=report.closed_at, place_code=code, copy_count=copies, sender_count=senders, channel_count=channels,
        incident=_told_with(report, around),
    )


def _told_with(report: Report, around: _Around) -> int | None:
    stands = report.duplicate_of is None and report.incident_id in around.incidents
    return report.incident_id if stands else None


def _sender(contact: Contact | None) -> str:
    return (contact.name or contact.hint) if contact is not None else ""


def in_order(reports: Iterable[Report], ids: Sequence[int]) -> list[Report]:
    """`reports` in the order of `ids`."""
    by_id = {report.id: report for report in reports}
    return [by_id[number] for number in ids if number in by_id]
