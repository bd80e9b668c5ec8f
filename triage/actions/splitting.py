"""Split off as a new report: one thread, several places (relays and observers)."""

from __future__ import annotations

from sqlalchemy import select, update

from triage import clock, events, fitting
from triage.actions import matters, mentioning, pairs, telling
from triage.db import db
from triage.errors import N_, BadInput, Forbidden, NotFound
from triage.events import Kind
from triage.models import Consent, Message, Operator, Report


def split(message_id: int, actor: Operator, of: int | None = None) -> Report:
    """A new open report from this inbound message (`of` a report) on; the earlier messages stay where they are.

    The person's next message follows the newer matter, so the new report takes over the thread.
    Forbidden for a newcomer whose work needs a second pair of eyes.
    """
    if actor.needs_approval:
        raise Forbidden
    message = db.session.get(Message, message_id)
    if message is None or of not in (None, message.report_id):
        raise NotFound
    report = matters.lock_working(message.report_id, actor)
    _check(report, message)
    new = _branch(report, message)
    moved = update(Message).where(Message.report_id == report.id, Message.id >= message.id,
                                  Message.direction == "in").values(report_id=new.id)
    db.session.execute(moved)
    telling.moved(report, message.id)
    pairs.say(new.id, report.id, "rejected", actor.id)  # who takes two apart does not want them linked again
    for one in (report, new):
        mentioning.look_again(one)
    for one in (report, new):
        matters.reckon(one)
    events.record(Kind.REPORT_SPLIT, report.id, actor.id, into=new.id, message=message.id)
    events.record(Kind.REPORT_OPENED, new.id, actor.id, split_from=report.id)
    return new


def _check(report: Report, message: Message) -> None:
    earlier = select(Message.id).where(Message.report_id == report.id, Message.id < message.id,
                                       Message.direction == "in")
    if message.direction != "in" or db.session.scalar(earlier.limit(1)) is None:
        raise BadInput(N_("Choose a later message of the person: the first one is what this report is about."))


def _branch(report: Report, message: Message) -> Report:
    thread_key, report.thread_key = report.thread_key, fitting.name(f"{report.thread_key}~{report.id}")
    db.session.flush()
    new = Report(
        contact_id=report.contact_id, reply_contact_id=report.reply_contact_id, channel=report.channel,
        account_id=message.account_id or report.account_id, thread_key=thread_key, status="open",
        team_id=report.team_id, priority=report.priority, language=report.language,
        received_at=message.recorded_at, unanswered_since=message.recorded_at, split_from=report.id,
        compare_by=clock.now() + matters.COMPARED_WITHIN,
    )
    db.session.add(new)
    db.session.flush()
    _copy_consent(report.id, new.id)
    return new


def _copy_consent(old_id: int, new_id: int) -> None:
    for given in db.session.scalars(select(Consent).where(Consent.report_id == old_id)):
        db.session.add(Consent(report_id=new_id, purpose=given.purpose, granted=given.granted,
                               wording=given.wording, source="split", given_at=clock.now()))
