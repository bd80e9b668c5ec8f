"""By which account an answer leaves: the sender rule of the channel, and how many slots are left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select

from channels import registry
from channels.base import Capabilities
from triage import clock, limits
from triage.db import db
from triage.models import Account, Contact, DeliveryAttempt, Message, Operator, Report, SenderRule
from triage.queries import slots as queue

REPLY_CHANNEL = {"phone": "sms", "email": "email"}  # how a reply contact of a kind is written to
NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # when the time to answer somebody ended who never wrote


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
    person = _contact(report.contact_id)
    if not capabilities.can_reply:  # who called is written to
        other = REPLY_CHANNEL.get(person.address_kind) if person is not None else None
        return _by_account(other, report, operator, person) if other is not None else None
    return _by_account(report.channel, report, operator, person)


def needed(report: Report) -> str:
    """The channel by which somebody must have an account to answer a report for which they have no route."""
    if registry.capabilities_of_channel(report.channel).can_reply:
        return report.channel
    people = (_contact(report.contact_id), _contact(report.reply_contact_id))
    kinds = (person.address_kind for person in people if person is not None)
    return next((REPLY_CHANNEL[kind] for kind in kinds if kind in REPLY_CHANNEL), report.channel)


def chosen(report: Report, operator: Operator, by: str | None = None) -> Route | None:
    """The route, or the other one to the same person where the usual one's time has ended.

    That is taken where `by` names its channel, or where the person themselves wrote by it last.
    """
    usual = route(report, operator)
    if usual is None or by == usual.channel:
        return usual
    other = instead(usual, report, operator)
    wanted = by or (_last_heard_by(report) if other is not None else None)
    return other if other is not None and other.channel == wanted else usual


def instead(usual: Route, report: Report, operator: Operator) -> Route | None:
    """The other route to the person of one whose time to answer has ended, where the rule gives an account."""
    person = usual.contact
    if not closed(usual) or person is None or person.opted_out_at is not None:
        return None
    channel = REPLY_CHANNEL.get(person.address_kind)
    return _by_account(channel, report, operator, person) if channel not in (None, usual.channel) else None


def _last_heard_by(report: Report) -> str | None:
    heard = select(Message.channel).where(Message.report_id == report.id, Message.direction == "in")
    return db.session.scalar(heard.order_by(Message.id.desc()).limit(1))


def closed(route: Route) -> bool:
    """Whether the time in which this account may write freely to this person has ended."""
    ends = closes_at(route)
    return ends is not None and ends <= clock.now()


def closes_at(route: Route) -> datetime | None:
    """When that time ends; None where the channel has no such time."""
    return window_closes(route.account, route.contact.id if route.contact else None) if route.account else None


def window_closes(account: Account, person: int | None) -> datetime | None:
    """When the time ends in which `account` may write freely to the contact of this number; long ago where they
    never wrote to it, None where its channel has no such time.
    """
    seconds = registry.capabilities(account.channel, account.provider).answer_within
    if seconds is None or person is None:
        return None
    said = select(func.max(func.coalesce(Message.sent_at, Message.recorded_at))).where(
        Message.contact_id == person, Message.account_id == account.id, Message.direction == "in")
    last = db.session.scalar(said)
    return min(last, clock.now()) + timedelta(seconds=seconds) if last is not None else NEVER


def _contact(contact_id: int | None) -> Contact | None:
    return db.session.get(Contact, contact_id) if contact_id is not None else None


def _by_account(channel: str, report: Report, operator: Operator, contact: Contact | None) -> Route | None:
    account = account_for(channel, report, operator)
    if account is None:
        return None
    return Route(channel, account, contact, registry.capabilities(account.channel, account.provider))


def rule(channel: str) -> str:
    """The sender rule of a channel: what the desk chose, else what the channel is made for."""
    row = db.session.get(SenderRule, channel)
    return row.rule if row is not None else registry.capabilities_of_channel(channel).default_rule


OWNER: ColumnElement[int | None] = Account.__table__.c.operator_id


def account_for(
    channel: str, report: Report, operator: Operator, owner: ColumnElement[int | None] = OWNER,
) -> Account | None:
    """The one account the rule gives: the holder's own, a shared one that sticks, or the one written to.

    Never the own account of somebody else, though the person may have written to it. `owner` is whose an account is
    (NULL: everybody's): as it stands, or as it would be.
    """
    wanted = rule(channel)
    if wanted == "arrival":
        return _written_to(channel, report, owner.is_(None) | (owner == operator.id))
    if wanted == "pool":
        return _sticky(channel, report, owner.is_(None)) or _least_used(channel, owner.is_(None))
    return _first(channel, owner == operator.id)


def _written_to(channel: str, report: Report, usable: ColumnElement[bool]) -> Account | None:
    """The account the person wrote to last, of those that may be answered from."""
    query = (
        select(Account).join(Message, Message.account_id == Account.id)
        .where(Message.report_id == report.id, Message.direction == "in", Account.channel == channel, Account.can_send,
               usable)
    )
    return db.session.scalars(query.order_by(Message.id.desc()).limit(1)).first()


def by_own(report: Report, operator: Operator) -> Route | None:
    """By which account of their own `operator` would have written by hand: of the report's channel, else of another
    that reaches the same address, whether it can send by itself or not.
    """
    contact = _contact(report.reply_contact_id) or _contact(report.contact_id)
    if contact is None:
        return None
    mine = db.session.scalars(select(Account).where(Account.operator_id == operator.id).order_by(Account.id)).all()
    routes = [Route(one.channel, one, contact, registry.capabilities(one.channel, one.provider)) for one in mine]
    fits = [one for one in routes if one.capabilities.address_kind == contact.address_kind]
    return min(fits, key=lambda one: one.channel != report.channel, default=None)


def _first(channel: str, usable: ColumnElement[bool]) -> Account | None:
    query = select(Account).where(Account.channel == channel, Account.can_send, usable)
    return db.session.scalars(query.order_by(Account.paused_at.is_not(None), Account.id).limit(1)).first()


def _sticky(channel: str, report: Report, usable: ColumnElement[bool]) -> Account | None:
    """The shared account this conversation heard from last."""
    query = (
        select(Account).join(Message, Message.account_id == Account.id)
        .where(Message.report_id == report.id, Message.direction == "out", Account.channel == channel,
               usable, Account.can_send)
    )
    return db.session.scalars(query.order_by(Message.id.desc()).limit(1)).first()


def _least_used(channel: str, usable: ColumnElement[bool]) -> Account | None:
    """Of the shared accounts the one with most room now: what waits in its queue and what its windows hold count.

    One that stands still is taken only where all do.
    """
    query = select(Account).where(Account.channel == channel, Account.can_send, usable)
    shared = db.session.scalars(query.order_by(Account.id)).all()
    return min(shared, key=lambda one: (_stands_still(one), *_load(one), one.id), default=None)


def _stands_still(account: Account) -> bool:
    now = clock.now()
    paused = account.paused_at is not None or account.trouble is not None
    return paused or queue.silent_since(account, now) is not None or (
        account.paused_until is not None and account.paused_until > now)


def _load(account: Account) -> tuple[float, int]:
    """How full the fullest window would be if all that waits left now (1.0: full), and how much waits."""
    waiting, now = queue.waiting(account), clock.now()
    shares = [(_used(account.id, now - timedelta(seconds=seconds)) + waiting) / count
              for count, seconds in account_limits(account)]
    return max(shares, default=0.0), waiting


def capabilities(channel: str, provider: str) -> Capabilities:
    """What a channel at a provider can do."""
    return registry.capabilities(channel, provider)


def account_limits(account: Account) -> Sequence[tuple[int, int]]:
    """The (count, seconds) windows of an account: its own, else its channel's defaults."""
    if account.limits is not None:
        return [(int(count), int(seconds)) for count, seconds in account.limits]
    return registry.capabilities(account.channel, account.provider).default_limits


def windows(account: Account) -> list[limits.Window]:
    """The account's windows with the moment the attempt that ended count-th last ended."""
    return [limits.Window(count, seconds, _nth_newest(account.id, count))
            for count, seconds in account_limits(account)]


def _nth_newest(account_id: int, count: int) -> datetime | None:
    ended = DeliveryAttempt.finished_at
    newest = select(ended).where(DeliveryAttempt.account_id == account_id, ended.is_not(None))
    return db.session.scalar(newest.order_by(ended.desc()).offset(count - 1).limit(1))


READABLE = 10  # seconds: the shortest window that is told to people


@dataclass(frozen=True)
class Slots:
    """How much of the tightest window is left, and when the next message may leave."""

    left: int
    of: int
    seconds: int
    next_at: datetime


def slots(account: Account, now: datetime) -> Slots | None:
    """The tightest window of an account at `now`, of equally tight ones the longest; None where it has no limits.

    What is over before anybody has read it says nothing: shorter windows count only where there are no others.
    """
    known = account_limits(account)
    told = [window for window in known if window[1] >= READABLE] or known
    found = [(max(count - _used(account.id, now - timedelta(seconds=seconds)), 0), -seconds, count)
             for count, seconds in told]
    if not found:
        return None
    left, seconds, count = min(found)
    return Slots(left, count, -seconds, limits.next_slot(now, windows(account)))


def _used(account_id: int, since: datetime) -> int:
    used = select(func.count()).select_from(DeliveryAttempt)
    ended = DeliveryAttempt.finished_at
    used = used.where(DeliveryAttempt.account_id == account_id, or_(ended.is_(None), ended > since))
    return db.session.scalar(used) or 0
