"""What telephones were handed and have not reported on yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from triage import clock
from triage.db import db
from triage.models import Delivery

MOST = 50
LONGEST = timedelta(days=3)  # a report that has not come by then does not come


def awaited(account_ids: Sequence[int]) -> list[list[str]]:
    """Of each account the names of messages that were sent and of whose arrival nothing is known, the newest first."""
    return [_awaited(account_id) for account_id in account_ids]


def _awaited(account_id: int) -> list[str]:
    query = select(Delivery.provider_id).where(
        Delivery.account_id == account_id, Delivery.state == "sent", Delivery.provider_id.is_not(None),
        Delivery.settled_at > clock.now() - LONGEST)
    return [name for name in db.session.scalars(query.order_by(Delivery.id.desc()).limit(MOST)) if name]
