"""By which account an answer leaves: the sender rule of the channel, and how many slots are left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from channels import registry
from channels.base import Capabilities
from triage import limits
from triage.db import db
from triage.models import Account, Contact, DeliveryAttempt, Message, Operator, Report, SenderRule

REPLY_CHANNEL = {"phone": "sms", "email": "email"}  # how a reply contact of a kind is written to


@dataclass(frozen=True)
class Route:
    """Channel, account and person of an answer. `account` is None only where the channel needs none."""

    channel: str
    account: Account | None
    contact: Contact | None
    capabilities: Capabilities


def route(report: Report, operator: Operator) -> Route | None:
    """How `operator` would answer `report` by the sender rule; None where the rule gives them no account."""
    contact = _contact(report.reply_contact_id)
    # Who said STOP still reads us where they come by themselves: the web form's answers at /back.
    if contact is not None and contact.address_kind in REPLY_CHANNEL and contact.opted_out_at is None:
        found = _by_account(REPLY_CHANNEL[contact.address_kind], report, operator, contact)
        if found is not None:
            return found
    capabilities = registry.capabilities_of_channel(report.channel)
    if not capabilities.needs_account:
        written = Route(report.channel, None, _contact(report.contact_id), capabilities)
        return written if capabilities.can_reply else None
    return _by_account(report.channel, report, operator, _contact(report.contact_id))


def _contact(contact_id: int | None) -> Contact | None:
    return db.session.get(Contact, contact_id) if contact_id is not None else None


def _by_account(channel: str, report: Report, operator: Operator, contact: Contact | None) -> Route | None:
    account = account_for(channel, report, operator)
    if account is None:
        return None
    return Route(channel, account, contact, registry.capabilities(account.channel, account.provider))


def rule(channel: str) -> str:
    """The sender rule of a channel; `holder` unless the desk chose another."""
    row = db.session.get(SenderRule, channel)
    return row.rule if row is not None else "holder"


def account_for(channel: str, report: Report, operator: Operator) -> Account | None:
    """The one account the rule gives: the holder's own, a shared one that sticks, or the one written to."""
    chosen = rule(channel)
    if chosen == "arrival":
        account = db.session.get(Account, report.account_id) if report.account_id else None
        return account if account is not None and account.can_send and account.channel == channel else None
    if chosen == "pool":
        return _sticky(channel, report) or _least_used(channel)
    return _first(channel, Account.operator_id == operator.id)


def _first(channel: str, *conditions: object) -> Account | None:
    query = select(Account).where(Account.channel == channel, Account.can_send)
    query = query.where(*conditions)  # type: ignore[arg-type]  # any column expressions
    return db.session.scalars(query.order_by(Account.paused_at.is_not(None), Account.id).limit(1)).first()


def _sticky(channel: str, report: Report) -> Account | None:
    """The shared account this conversation heard from last."""
    query = (
        select(Account).join(Message, Message.account_id == Account.id)
        .where(Message.report_id == report.id, Message.direction == "out", Account.channel == channel,
               Account.operator_id.is_(None), Account.can_send)
    )
    return db.session.scalars(query.order_by(Message.id.desc()).limit(1)).first()


def _least_used(channel: str) -> Account | None:
    used = select(func.count()).where(DeliveryAttempt.account_id == Account.id).scalar_subquery()
    query = select(Account).where(Account.channel == channel, Account.can_send, Account.operator_id.is_(None))
    return db.session.scalars(query.order_by(Account.paused_at.is_not(None), used, Account.id).limit(1)).first()


def capabilities(channel: str, provider: str) -> Capabilities:
    """What a channel at a provider can do."""
    return registry.capabilities(channel, provider)


def account_limits(account: Account) -> Sequence[tuple[int, int]]:
    """The (count, seconds) windows of an account: its own, else its channel's defaults."""
    if account.limits is not None:
        return [(int(count), int(seconds)) for count, seconds in account.limits]
    return registry.capabilities(account.channel, account.provider).default_limits


def windows(account: Account) -> list[limits.Window]:
    """The account's windows with the moment their count-th newest attempt began."""
    return [limits.Window(count, seconds, _nth_newest(account.id, count))
            for count, seconds in account_limits(account)]


def _nth_newest(account_id: int, count: int) -> datetime | None:
    newest = select(DeliveryAttempt.started_at).where(DeliveryAttempt.account_id == account_id)
    return db.session.scalar(newest.order_by(DeliveryAttempt.started_at.desc()).offset(count - 1).limit(1))


@dataclass(frozen=True)
class Slots:
    """How much of the tightest window is left, and when the next message may leave."""

    left: int
    of: int
    seconds: int
    next_at: datetime


def slots(account: Account, now: datetime) -> Slots | None:
    """The tightest window of an account at `now`; None where it has no limits."""
    found = [(count - _used(account.id, now - timedelta(seconds=seconds)), count, seconds)
             for count, seconds in account_limits(account)]
    if not found:
        return None
    left, count, seconds = min(found)
    return Slots(max(left, 0), count, seconds, limits.next_slot(now, windows(account)))


def _used(account_id: int, since: datetime) -> int:
    used = select(func.count()).select_from(DeliveryAttempt)
    used = used.where(DeliveryAttempt.account_id == account_id, DeliveryAttempt.started_at > since)
    return db.session.scalar(used) or 0
