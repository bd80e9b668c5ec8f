"""What was closed and is told again by people who had not told it before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from triage import clock, context
from triage.db import db
from triage.events import Kind
from triage.models import Event, Operator, Report
from triage.queries import scope

WITHIN = timedelta(hours=1)  # so close together new people make it a question
SAID = (Kind.REPORT_CLOSED, Kind.REPORT_REPEATED, Kind.REPORT_LEFT_CLOSED)
PERSON = func.coalesce(Report.contact_id, Report.reply_contact_id)


@dataclass(frozen=True)
class Standing:
    """How a closed matter stands: since when whoever tells it is new, and whether a coordinator is being asked."""

    since: datetime
    asked: bool


@dataclass(frozen=True)
class Repeated:
    """A closed matter that new people tell: how it ended and when, and how many they are by now."""

    report_id: int
    ended: str  # the reason, else the outcome
    closed_at: datetime
    people: int


def standing(primary: Report) -> Standing:
    """Of a closed report. Whoever told it before it was closed, or before somebody left it as it is, is not new."""
    closed_at = primary.closed_at or clock.now()
    said = select(Event).where(Event.report_id == primary.id, Event.kind.in_(SAID)).order_by(Event.seq.desc()).limit(1)
    last = db.session.scalars(said).first()
    left = last is not None and last.kind == Kind.REPORT_LEFT_CLOSED
    # Asked: what the count was then stands with the question, and nothing was said since.
    base = datetime.fromisoformat(str(last.data["since"])) if last and last.kind == Kind.REPORT_REPEATED else None
    return Standing(base or (last.occurred_at if left and last is not None else closed_at), base is not None)


def new_people(primary: Report, since: datetime, after: datetime | None = None) -> int:
    """How many people told it after a moment (None: `since`) who had not told it up to `since`. Who is not known is
    not counted.
    """
    before = aliased(Report)
    known = select(func.coalesce(before.contact_id, before.reply_contact_id)).where(
        (before.id == primary.id) | (before.duplicate_of == primary.id), before.received_at <= since,
        func.coalesce(before.contact_id, before.reply_contact_id).is_not(None))
    told = select(func.count(PERSON.distinct())).where(
        Report.duplicate_of == primary.id, Report.received_at > (after or since), Report.received_at > since,
        PERSON.is_not(None), PERSON.not_in(known))
    return db.session.scalar(told) or 0


def questions(actor: Operator, most: int) -> list[Repeated]:
    """The closed matters of which a coordinator is asked whether to open them again, the one closed last first."""
    found = [(one, standing(one)) for one in _told_since_closed(actor, most)]
    return [Repeated(one.id, one.reason or one.outcome or "", one.closed_at, new_people(one, how.since))
            for one, how in found if how.asked and one.closed_at is not None]


def _told_since_closed(actor: Operator, most: int) -> list[Report]:
    copy = aliased(Report)
    lately = clock.now() - timedelta(hours=context.settings().reopen_hours)
    query = select(Report).where(Report.status == "closed", scope.visible(actor), select(copy.id).where(
        copy.duplicate_of == Report.id, copy.received_at > Report.closed_at).exists())
    told = select(copy.duplicate_of).where(copy.closed_at > lately, copy.duplicate_of.is_not(None))
    return list(db.session.scalars(query.where(Report.id.in_(told)).order_by(Report.closed_at.desc()).limit(most)))
