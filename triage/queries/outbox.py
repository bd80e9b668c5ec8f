"""What waits to be sent or read."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, or_, select

from triage import clock
from triage.db import db
from triage.errors import NotFound
from triage.models import Account, Delivery, DeliveryAttempt, InboundItem, Message, Operator
from triage.models.deliveries import WAITING
from triage.queries import reports
from triage.queries.shapes import DeliveryState


def due(limit: int = 100) -> list[int]:
    """Deliveries that may leave now, longest due first."""
    return [number for number, _ in due_since(limit)]


def due_since(limit: int = 100) -> list[tuple[int, datetime]]:
    """The same, with the moment since when each may leave."""
    query = select(Delivery.id, Delivery.next_attempt_at).where(
        Delivery.state.in_(WAITING), Delivery.next_attempt_at <= clock.now())
    rows = db.session.execute(query.order_by(Delivery.next_attempt_at, Delivery.id).limit(limit))
    return [(number, at) for number, at in rows if at is not None]


def earliest() -> datetime | None:
    """When the next delivery becomes due; None where nothing waits."""
    return db.session.scalar(select(func.min(Delivery.next_attempt_at)).where(Delivery.state.in_(WAITING)))


def unread(limit: int = 100) -> list[int]:
    """Journalled items whose time to be read has come, oldest first."""
    ready = or_(InboundItem.due_at.is_(None), InboundItem.due_at <= clock.now())
    query = select(InboundItem.id).where(InboundItem.state == "received", ready)
    return list(db.session.scalars(query.order_by(InboundItem.id).limit(limit)))


def delivery(delivery_id: int, actor: Operator) -> DeliveryState:
    """The state of one answer on a report the actor may see."""
    found = db.session.get(Delivery, delivery_id)
    if found is None:
        raise NotFound
    reports.load(found.report_id, actor)
    message = db.session.get_one(Message, found.message_id)
    account = db.session.get(Account, found.account_id) if found.account_id else None
    return DeliveryState(
        found.id, found.state, found.channel, account.address if account else None, found.next_attempt_at,
        found.settled_at, found.last_error, message.operator_id == actor.id,
    )


def attempts(delivery_id: int, actor: Operator) -> tuple[int, list[DeliveryAttempt]]:
    """The report an answer is on and every try to send it, the first one first. NotFound as in `delivery`."""
    found = db.session.get(Delivery, delivery_id)
    if found is None:
        raise NotFound
    reports.load(found.report_id, actor)
    tries = select(DeliveryAttempt).where(DeliveryAttempt.delivery_id == delivery_id)
    return found.report_id, list(db.session.scalars(tries.order_by(DeliveryAttempt.id)))
