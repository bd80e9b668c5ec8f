"""What a message costs and what an account has spent: in millionths of the desk's currency."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, bindparam, case, func, select

from triage.db import BigKey, UtcDateTime, db
from triage.models import DeliveryAttempt, Operator, Price
from triage.queries import scope
from triage.rights import Right
from triage.statements import execute

DAY = timedelta(hours=24)  # over which budgets and stop levels count
MICROS = 1_000_000
ANYWHERE = "*"

PRICES, TRIES = cast(Table, Price.__table__), cast(Table, DeliveryAttempt.__table__)
# Of tables alone and built once: every attempt asks both. A country's own price stands before the one for elsewhere.
PRICE_OF = select(PRICES.c.micros).where(
    PRICES.c.channel == bindparam("channel"), PRICES.c.provider == bindparam("provider"),
    PRICES.c.region.in_((bindparam("region"), ANYWHERE)),
).order_by(case((PRICES.c.region == ANYWHERE, 1), else_=0)).limit(1)
SPENT = select(func.coalesce(func.sum(TRIES.c.cost_micros), 0)).where(
    TRIES.c.account_id == bindparam("account", type_=BigKey),
    TRIES.c.started_at > bindparam("since", type_=UtcDateTime),
)


def price_of(channel: str, provider: str, region: str | None) -> int | None:
    """What one part of a message to `region` (ISO code of two letters; None: unknown) costs; None: nobody said."""
    found: int | None = execute(PRICE_OF, asked(channel, provider, region)).scalar()
    return found


def asked(channel: str, provider: str, region: str | None) -> dict[str, str]:
    """What PRICE_OF is bound to."""
    return {"channel": channel, "provider": provider, "region": (region or ANYWHERE).upper()}


def priced(channel: str, provider: str) -> bool:
    """Whether anything by this carrier has a price: without one nothing is counted."""
    named = select(Price.id).where(Price.channel == channel, Price.provider == provider)
    return db.session.scalar(named.limit(1)) is not None


def spent(account_id: int, since: datetime) -> int:
    """What the attempts of one account since then were expected to cost; those without a price count nothing."""
    return int(execute(SPENT, {"account": account_id, "since": since}).scalar_one())


def spent_by_account(numbers: Collection[int], since: datetime) -> Mapping[int | None, int]:
    """The same for those of several accounts that spent something."""
    query = select(DeliveryAttempt.account_id, func.sum(DeliveryAttempt.cost_micros))
    query = query.where(DeliveryAttempt.account_id.in_(numbers), DeliveryAttempt.started_at > since,
                        DeliveryAttempt.cost_micros.is_not(None))
    rows = db.session.execute(query.group_by(DeliveryAttempt.account_id)).all()
    return {number: int(micros or 0) for number, micros in rows}


def prices(actor: Operator) -> Sequence[Price]:
    """The price list, by channel, provider and country, the price for elsewhere last. Forbidden."""
    scope.require(actor, Right.MANAGE_ACCOUNTS)
    order = Price.channel, Price.provider, Price.region == ANYWHERE, Price.region
    return db.session.scalars(select(Price).order_by(*order)).all()
