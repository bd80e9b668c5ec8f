"""Accounts as their pages show them: whose they are, how they fare, what is used of their limits and their money."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import InstrumentedAttribute

from triage import addresses, clock
from triage.db import db
from triage.errors import NotFound
from triage.models import Account, Contact, Delivery, DeliveryAttempt, Operator, Report, SenderRule
from triage.models.deliveries import WAITING
from triage.queries import costs, scope, sending, voices
from triage.queries.account_shapes import AccountLine, Trial, Use
from triage.queries.standing import standing
from triage.rights import Right

SECOND, MINUTE, HOUR, DAY = 1, 60, 3600, 86400
TRIALS_SHOWN = 3

Counts = Mapping[int | None, int]

TRIALS = (
    select(Report.received_at, Contact.hint, Delivery.state, Delivery.last_error, Delivery.next_attempt_at)
    .join(Delivery, (Delivery.report_id == Report.id) & (Delivery.purpose == "test"))
    .join(Contact, Contact.id == Report.contact_id)
)


@dataclass(frozen=True)
class _Figures:
    """Counts of every account at once, by its number: one statement each, however many accounts there are."""

    used: Mapping[int, Counts]  # by seconds
    waiting: Counts
    stopped: Counts
    spent: Counts


def lines(actor: Operator) -> list[AccountLine]:
    """Every account: shared ones first, then by whose they are. Forbidden."""
    scope.require(actor, Right.MANAGE_ACCOUNTS)
    return every()


def every() -> list[AccountLine]:
    """The same for the command line, which has no actor."""
    order = Account.operator_id.is_not(None), Operator.public_name, Account.channel, Account.address
    query = select(Account, Operator).outerjoin(Operator, Operator.id == Account.operator_id).order_by(*order)
    return _lines([(account, owner) for account, owner in db.session.execute(query)])


def one(account_id: int, actor: Operator) -> AccountLine:
    """One account's line. NotFound, Forbidden."""
    account = load(account_id, actor)
    owner = db.session.get(Operator, account.operator_id) if account.operator_id is not None else None
    (line,) = _lines([(account, owner)])
    return line


def _lines(found: Sequence[tuple[Account, Operator | None]]) -> list[AccountLine]:
    now, numbers = clock.now(), [account.id for account, _ in found]
    spans = {HOUR, DAY} | {seconds for account, _ in found for _, seconds in sending.account_limits(account)}
    figures = _Figures(
        used=_tried(numbers, sorted(spans), now),
        waiting=_counted(Delivery.account_id, numbers, Delivery.state.in_(WAITING)),
        stopped=_counted(Contact.opted_out_account_id, numbers, Contact.opted_out_at.is_not(None)),
        spent=costs.spent_by_account(numbers, now - costs.DAY),
    )
    return [_line(account, owner, figures, now) for account, owner in found]


def _tried(numbers: Sequence[int], spans: Sequence[int], now: datetime) -> Mapping[int, Counts]:
    """How many attempts began within the last so many seconds: one look into the index for each account."""
    begun = DeliveryAttempt.started_at
    since = {seconds: now - timedelta(seconds=seconds) for seconds in spans}
    sums = [func.sum(case((begun > moment, 1), else_=0)) for moment in since.values()]
    query = select(DeliveryAttempt.account_id, *sums).where(
        DeliveryAttempt.account_id.in_(numbers), begun > min(since.values()))
    rows = db.session.execute(query.group_by(DeliveryAttempt.account_id)).all()
    return {seconds: defaultdict(int, {row[0]: int(row[place]) for row in rows})
            for place, seconds in enumerate(spans, start=1)}


def _counted(by: InstrumentedAttribute[int | None], numbers: Sequence[int], condition: ColumnElement[bool]) -> Counts:
    query = select(by, func.count()).where(by.in_(numbers), condition).group_by(by)
    return defaultdict(int, db.session.execute(query).all())


def _line(account: Account, owner: Operator | None, figures: _Figures, now: datetime) -> AccountLine:
    number = account.id
    spent = figures.spent.get(number, 0)
    windows = sorted(sending.account_limits(account), key=lambda window: window[1])
    uses = [Use(figures.used[seconds][number], count, seconds) for count, seconds in windows]
    return AccountLine(
        id=number, channel=account.channel, provider=account.provider, address=account.address, label=account.label,
        identity=voices.identity_line(account, owner), operator_id=account.operator_id,
        operator=owner.public_name if owner is not None else None,
        owner_name=owner.name if owner is not None else None, owner_email=owner.email if owner is not None else None,
        can_receive=account.can_receive, can_send=account.can_send, one_way=one_way(account),
        standing=standing(account, now, uses, spent, waiting=figures.waiting[number]), limits=uses,
        used_today=figures.used[DAY][number], used_hour=figures.used[HOUR][number],
        waiting=figures.waiting[number], stopped=figures.stopped[number], spent=spent,
        budget=account.budget_micros, ceiling=account.ceiling_micros,
        last_error=account.last_error, last_error_at=account.last_error_at,
    )


def one_way(account: Account) -> bool:
    """Whether its address is a name that people cannot answer."""
    return account.channel == "sms" and addresses.sender_name(account.address) is not None


def own(actor: Operator) -> list[Account]:
    """The actor's own accounts."""
    query = select(Account).where(Account.operator_id == actor.id)
    return list(db.session.scalars(query.order_by(Account.channel, Account.id)))


def load(account_id: int, actor: Operator) -> Account:
    """The account itself, for who must know how many keys it has, or how long its queue is. NotFound, Forbidden."""
    scope.require(actor, Right.MANAGE_ACCOUNTS)
    account = db.session.get(Account, account_id)
    if account is None:
        raise NotFound
    return account


def rules() -> Mapping[str, str]:
    """The sender rules that were chosen; every other channel has its usual one."""
    return {row.channel: row.rule for row in db.session.scalars(select(SenderRule))}


def trial_thread(number: int) -> str:
    """The thread of the tests of account `number`: what no message of a person is ever filed by."""
    return f"test:{number}"


def trials(account_id: int, actor: Operator) -> list[Trial]:
    """The newest tests of an account, the last one first. Forbidden."""
    scope.require(actor, Right.MANAGE_ACCOUNTS)
    found = TRIALS.where(Report.thread_key == trial_thread(account_id)).order_by(Report.id.desc())
    return [Trial(*row) for row in db.session.execute(found.limit(TRIALS_SHOWN))]


def trial_of(delivery_id: int) -> Trial:
    """What became of a test, for the command line."""
    return Trial(*db.session.execute(TRIALS.where(Delivery.id == delivery_id)).one())
