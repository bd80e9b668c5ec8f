"""The coordinator's view: figures, who holds what, and what only a person can decide."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select

from triage import clock, events
from triage.db import db
from triage.models import Account, Assignment, Delivery, Desk, InboundItem, Message, Operator, Report
from triage.models.deliveries import WAITING
from triage.models.reports import DANGER
from triage.queries import forecast, ledger, repeats, rows, scope, slots
from triage.queries.shapes import Decision, Floor, OperatorLine, Row
from triage.rights import Right

SILENT = timedelta(minutes=5)
HELD_LONG = timedelta(minutes=15)
MOST_DECISIONS = 50


def floor(actor: Operator) -> Floor:
    """Everything `/floor` shows. Forbidden."""
    scope.require(actor, Right.SEE_FLOOR)
    seq, now = events.head(), clock.now()
    people = operators(actor)
    desk = db.session.get_one(Desk, 1)
    new = and_(Report.status == "open", or_(Report.snoozed_until.is_(None), Report.snoozed_until <= now))
    return Floor(
        seq=seq, new=_count(Report, new),
        longest_wait_since=db.session.scalar(select(func.min(Report.unanswered_since)).where(new)),
        danger_open=_count(Report, Report.status.in_(("open", "assigned")), Report.priority == DANGER),
        on_shift=sum(line.shift != "off" for line in people), people=len(people),
        waiting_sends=_count(Delivery, Delivery.state.in_(WAITING)), sends_drained_at=forecast.all_drained_at(),
        send_problems=_count(Delivery, rows.troubled()),
        quarantined=_count(InboundItem, InboundItem.state == "quarantined"), ledger=ledger.ledger(),
        operators=people, decisions=_decisions(desk, people, now, actor), leases_frozen_at=desk.leases_frozen_at,
    )


def _count(model: type, *conditions: object) -> int:
    query = select(func.count()).select_from(model).where(*conditions)  # type: ignore[arg-type]  # any condition
    return db.session.scalar(query) or 0


def operators(actor: Operator) -> list[OperatorLine]:
    """Everybody who may hold reports, with what they hold. Forbidden."""
    scope.require(actor, Right.SEE_FLOOR, Right.ASSIGN_REPORTS)
    people = [one for one in db.session.scalars(select(Operator).where(Operator.active).order_by(Operator.public_name))
              if one.reads_reports]
    held = _held(actor)
    sent, accounts = _sent_last_hour(), _accounts()
    return [_line(one, held.get(one.id, []), sent.get(one.id, 0), accounts.get(one.id, [])) for one in people]


def _held(actor: Operator) -> dict[int, list[Row]]:
    query = select(Report).join(Assignment, Assignment.report_id == Report.id)
    query = query.where(Assignment.ended_at.is_(None), scope.visible(actor))
    found: dict[int, list[Row]] = {}
    for row in rows.of(list(db.session.scalars(query.order_by(Report.priority, Report.unanswered_since))), actor):
        found.setdefault(row.holder_id or 0, []).append(row)
    return found


def _sent_last_hour() -> dict[int, int]:
    since = clock.now() - timedelta(hours=1)
    query = select(Message.operator_id, func.count()).join(Delivery, Delivery.message_id == Message.id).where(
        Delivery.state.in_(("sent", "delivered")), Delivery.settled_at > since, Message.operator_id.is_not(None))
    rows_ = db.session.execute(query.group_by(Message.operator_id))
    return {operator: count for operator, count in rows_ if operator is not None}


def _accounts() -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for account in db.session.scalars(select(Account).where(Account.operator_id.is_not(None)).order_by(Account.id)):
        found.setdefault(account.operator_id or 0, []).append(account.address)
    return found


def _line(one: Operator, held: Sequence[Row], sent: int, accounts: Sequence[str]) -> OperatorLine:
    waiting = [row.waiting_since for row in held if row.waiting_since is not None]
    return OperatorLine(
        id=one.id, name=one.name, public_name=one.public_name, languages=sorted(one.languages), shift=one.shift,
        silent_minutes=_silent(one), holding=len(held), capacity=one.capacity,
        oldest_unanswered_at=min(waiting, default=None), sent_last_hour=sent, accounts=accounts, reports=held,
    )


def _silent(one: Operator) -> int | None:
    if not one.on_shift or one.last_seen_at is None:
        return None
    quiet = clock.now() - one.last_seen_at
    return int(quiet.total_seconds() // 60) if quiet >= SILENT else None


def _decisions(desk: Desk, people: Sequence[OperatorLine], now: datetime, actor: Operator) -> list[Decision]:
    found = [] if desk.leases_frozen_at is None else [
        Decision("leases_frozen", None, None, desk.freeze_reason or "", 0, desk.leases_frozen_at)]
    found += [Decision("silent_holder", None, line.id, line.public_name, len(line.reports),
                       now - timedelta(minutes=line.silent_minutes))
              for line in people if line.silent_minutes is not None and line.reports]
    found += _troubled_accounts() + _silent_telephones(now)
    found += _troubled_sends()
    found += [Decision("repeated", one.report_id, None, one.ended, one.people, one.closed_at)
              for one in repeats.questions(actor, MOST_DECISIONS)]
    found += [Decision("held_long", row.id, line.id, line.public_name, 1, row.waiting_since)
              for line in people for row in line.reports
              if row.waiting_since is not None and row.waiting_since < now - HELD_LONG]
    return (found + _returned_twice())[:MOST_DECISIONS]


def _troubled_accounts() -> list[Decision]:
    """Accounts by which nothing leaves though nobody paused them, with what waits for them."""
    waits = select(func.count()).where(Delivery.account_id == Account.id, Delivery.state.in_(WAITING))
    query = select(Account, waits.scalar_subquery()).where(
        or_(Account.trouble.is_not(None), Account.paused_why == "failing"), Account.paused_at.is_(None))
    return [Decision(f"account_{account.trouble or 'failing'}", None, None, account.address, count,
                     account.troubled_at if account.trouble else account.last_error_at, channel=account.channel)
            for account, count in db.session.execute(query.order_by(Account.id))]


def _silent_telephones(now: datetime) -> list[Decision]:
    """Accounts whose telephone has stopped fetching while something waits for it."""
    query = select(Account).where(slots.COLLECTED, Account.paused_at.is_(None), Account.trouble.is_(None))
    found = [(one, slots.silent_since(one, now), slots.waiting(one)) for one in db.session.scalars(query)]
    return [Decision("account_silent", None, None, account.address, count, since, channel=account.channel)
            for account, since, count in found if since is not None and count]


def _troubled_sends() -> list[Decision]:
    query = select(Delivery).where(rows.troubled())
    query = query.order_by(Delivery.state.desc(), Delivery.id).limit(MOST_DECISIONS)
    return [Decision(one.state, one.report_id, None, one.last_error or "", 1, one.settled_at, one.id)
            for one in db.session.scalars(query)]


def _returned_twice() -> list[Decision]:
    returned = select(Assignment.report_id, func.count()).join(Report, Report.id == Assignment.report_id).where(
        Report.status == "open", Assignment.end_reason.in_(("released", "lease")))
    returned = returned.group_by(Assignment.report_id).having(func.count() > 1).limit(MOST_DECISIONS)
    return [Decision("returned_twice", report_id, None, "", count, None)
            for report_id, count in db.session.execute(returned)]
