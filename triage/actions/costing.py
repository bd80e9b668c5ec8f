"""What a message is expected to cost, and whether its account may spend that: behind the account's lock."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from sqlalchemy import Table, bindparam, select

from triage.db import BigKey, UtcDateTime
from triage.models import Account, DeliveryAttempt
from triage.queries import costs
from triage.statements import execute

TRIES = cast(Table, DeliveryAttempt.__table__)
SPENDINGS = select(TRIES.c.started_at, TRIES.c.cost_micros).where(
    TRIES.c.account_id == bindparam("account", type_=BigKey), TRIES.c.cost_micros > 0,
    TRIES.c.started_at > bindparam("since", type_=UtcDateTime),
).order_by(TRIES.c.started_at)


def affordable_at(account: Account, cost: int | None, now: datetime) -> datetime:
    """When the account may spend `cost` more without passing its stop level: now, or once enough is a day old.

    What costs more than the level itself is asked for again in a day.
    """
    if account.ceiling_micros is None or not cost:
        return now
    excess = costs.spent(account.id, now - costs.DAY) + cost - account.ceiling_micros
    if excess <= 0:
        return now
    for row in execute(SPENDINGS, {"account": account.id, "since": now - costs.DAY}):
        excess -= row.cost_micros
        if excess <= 0:
            return cast(datetime, row.started_at + costs.DAY)
    return now + costs.DAY
