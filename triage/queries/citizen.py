"""What a receipt code opens: the conversation as the person who reported sees it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, or_, select

from triage.db import db
from triage.models import Assignment, Contact, Delivery, InboundItem, Message, Operator, Report
from triage.models.reports import URGENT
from triage.queries.shapes import CitizenMessage, CitizenThread

# An answer is shown from the moment it leaves: not while it can be undone, not when it never left.
SHOWN = ("sending", "sent", "delivered", "uncertain")


def thread(receipt_key: str) -> CitizenThread | None:
    """The conversation behind a receipt, None where there is none.

    `waiting` is a report kept in the journal and not read into the queue yet: no words are shown then.
    """
    first = report(receipt_key)
    if first is None:
        waiting = CitizenThread(None, "waiting", None, (), None, opted_out=False)
        return waiting if kept(receipt_key) else None
    return _thread(family(first))


def report(receipt_key: str) -> Report | None:
    """The report a receipt was given for."""
    return db.session.scalar(select(Report).where(Report.receipt_key == receipt_key))


def kept(receipt_key: str) -> InboundItem | None:
    """The raw item a receipt was given for, read or not."""
    return db.session.scalar(select(InboundItem).where(InboundItem.receipt_key == receipt_key))


def thread_key(first: Report) -> str:
    """The thread the person's next words belong to, also after the desk split their report."""
    return first.thread_key.removesuffix(f"~{first.id}")


def family(first: Report) -> list[Report]:
    """A receipt's report, what was split off from it and what followed in its thread; oldest first."""
    same = select(Report).where(Report.thread_key == thread_key(first), Report.id >= first.id)
    found, ahead = {first.id: first}, list(db.session.scalars(same))
    while ahead:
        one = ahead.pop()
        parent = None if one.id in found else db.session.get(Report, one.split_from or 0)
        found[one.id] = one
        ahead.extend([parent] if parent else [])
    return [found[number] for number in sorted(found)]


def current(reports: Sequence[Report]) -> Report:
    """The report that stands for the thread now: the last one still open, else the last one."""
    live = [one for one in reports if one.live]
    return (live or list(reports))[-1]


def unseen(receipt_key: str) -> list[int]:
    """Deliveries to be read at /back that have left and were not read yet."""
    first = report(receipt_key)
    if first is None:
        return []
    query = select(Delivery.id).where(
        Delivery.report_id.in_([one.id for one in family(first)]), Delivery.channel == "web", Delivery.state == "sent"
    )
    return list(db.session.scalars(query.order_by(Delivery.id)))


def contact(one: Report) -> Contact | None:
    """Who may be written to about a report: the address given for answers, else the one it came from."""
    return db.session.get(Contact, one.reply_contact_id or one.contact_id or 0)


def _thread(reports: Sequence[Report]) -> CitizenThread:
    now = current(reports)
    stands = db.session.get_one(Report, now.duplicate_of or now.id)  # a copy is read and held with its primary
    said = [
        CitizenMessage(ours=ours == "out", author=author or "", at=at, body=body)
        for ours, author, at, body in db.session.execute(_said([one.id for one in reports]))
    ]
    person = contact(now)
    return CitizenThread(
        report_id=now.id,
        state=_state(now, stands, said),
        holder=_holder(stands.id),
        messages=said,
        closed_at=now.closed_at,
        opted_out=person is not None and person.opted_out_at is not None,
        reachable=person is not None,
        urgent=now.priority <= URGENT,
    )


def _said(report_ids: Sequence[int]) -> Select[str, str, datetime, str]:
    """What was said, ours in the name of who held the report: one answer to many may be written by somebody else."""
    left = select(Delivery.id).where(Delivery.message_id == Message.id, Delivery.state.in_(SHOWN)).exists()
    held = select(Assignment.operator_id).join(Delivery, Delivery.assignment_id == Assignment.id).where(
        Delivery.message_id == Message.id).limit(1).scalar_subquery()
    return (
        select(Message.direction, Operator.public_name, Message.recorded_at, Message.body)
        .outerjoin(Operator, Operator.id == held)
        .where(Message.report_id.in_(report_ids), or_(Message.direction == "in", left))
        .order_by(Message.id)
    )


def _state(now: Report, stands: Report, said: Sequence[CitizenMessage]) -> str:
    if now.status == "closed":
        return "closed"
    if now.awaiting_citizen_since is not None and said and said[-1].ours:
        return "asked"
    return "being_read" if stands.status == "assigned" else "received"


def _holder(report_id: int) -> str | None:
    return db.session.scalar(
        select(Operator.public_name)
        .join(Assignment, Assignment.operator_id == Operator.id)
        .where(Assignment.report_id == report_id, Assignment.ended_at.is_(None))
    )
