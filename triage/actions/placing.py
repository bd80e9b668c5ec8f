"""Where a matter is: what a person says stands, and the machine does not change it any more."""

from __future__ import annotations

from sqlalchemy import select

from triage import events
from triage.actions import matters
from triage.db import db
from triage.errors import NotFound
from triage.events import Kind
from triage.models import Mention, Message, Operator, Place, Report
from triage.queries import scope


def set_place(report_id: int, actor: Operator, place_id: int | None, mention_id: int | None = None) -> None:
    """Say where a report is (None: nowhere that is known); with `mention_id` that these words of it mean the place.

    For who holds it, or may step in. NotFound, NotTheHolder, AlreadyClosed.
    """
    report = matters.lock_working(report_id, actor)
    if place_id is not None and db.session.get(Place, place_id) is None:
        raise NotFound
    if mention_id is not None:
        _mean(report, mention_id, place_id, actor)
    before, report.place_id, report.placed_by = report.place_id, place_id, actor.id
    if before != place_id:
        events.record(Kind.REPORT_PLACED, report.id, actor.id, place=place_id, before=before,
                      verdict="set" if place_id is not None else "removed")


def _mean(report: Report, mention_id: int, place_id: int | None, actor: Operator) -> None:
    ours = select(Report.id).where(scope.family(report.id), scope.visible(actor))
    query = select(Mention).join(Message, Message.id == Mention.message_id)
    mention = db.session.scalar(query.where(Mention.id == mention_id, Message.report_id.in_(ours)))
    if mention is None:
        raise NotFound
    mention.place_id, mention.operator_id = place_id, actor.id
