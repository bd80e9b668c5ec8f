"""The queue of an account: whose turn it is, who may leave by it now, and from when on.

An account's answers leave in the order of their turns (`Delivery.turn`, then the number). Turns are dealt so that
those who write share an account fairly: start-time fair queueing (Goyal, Vin, Cheng, SIGCOMM 1996), where every
message takes one unit. The account's own `turn` is how far its queue has come.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import ColumnElement, Select, Table, and_, bindparam, func, or_, select

from triage.db import BigKey, UtcDateTime, db
from triage.models import Account, Delivery
from triage.models.deliveries import WAITING
from triage.statements import execute

ACCOUNTS, ROWS = cast(Table, Account.__table__), cast(Table, Delivery.__table__)
NOW, OWN = bindparam("now", type_=UtcDateTime), bindparam("account", type_=BigKey)
SINCE = bindparam("probed", type_=UtcDateTime)
PROBE_EVERY = timedelta(minutes=5)  # so often one message tries an account in trouble
# A telephone that has fetched nothing for so long has stopped. None says how often it means to fetch; the apps do every
# few seconds to a minute, a dozing Android leaves some out, and when it came is written down once a minute. Shorter
# would call people for a telephone that is only slow, longer would let a citizen wait for one that is switched off.
SILENT_AFTER = timedelta(minutes=5)


def moments(now: datetime) -> dict[str, datetime]:
    """What READY is bound to at `now`."""
    return {"now": now, "probed": now - PROBE_EVERY}


def _past(column: ColumnElement[datetime | None], moment: ColumnElement[datetime]) -> ColumnElement[bool]:
    return or_(column.is_(None), column <= moment)


COLLECTED = func.coalesce(ACCOUNTS.c.options["mode"].as_string(), "") == "collect"
# What the row of an account says for itself; its windows and its stop level are asked when an attempt begins.
READY = and_(
    ACCOUNTS.c.paused_at.is_(None), _past(ACCOUNTS.c.paused_until, NOW), _past(ACCOUNTS.c.next_slot_at, NOW),
    or_(ACCOUNTS.c.trouble.is_(None), _past(ACCOUNTS.c.troubled_at, SINCE)),
)


def collected(account: Account) -> bool:
    """Whether a telephone fetches what leaves by this account: nothing is brought to it."""
    return (account.options or {}).get("mode") == "collect"


def silent_since(account: Account, now: datetime) -> datetime | None:
    """Since when a telephone that should fetch has fetched nothing, where that is too long; None where all is well."""
    last = account.polled_at or account.created_at
    return last if collected(account) and last <= now - SILENT_AFTER else None


def waiting(account: Account) -> int:
    """How many messages wait to leave by an account, due or not."""
    return db.session.scalar(select(func.count()).where(
        Delivery.account_id == account.id, Delivery.state.in_(WAITING))) or 0


def opens_at(account: Account) -> datetime | None:
    """The moment from which on the row of an account allows an attempt; None: it does already."""
    probed = account.troubled_at + PROBE_EVERY if account.trouble and account.troubled_at else None
    return max((at for at in (account.paused_until, account.next_slot_at, probed) if at is not None), default=None)


def probing(account: Account) -> bool:
    """Whether it must show that it works again before more than one message at a time leaves by it."""
    return account.trouble is not None or account.paused_why == "failing"


def _queue(*conditions: ColumnElement[bool]) -> Select[tuple[int]]:
    return select(ROWS.c.id).where(ROWS.c.account_id == OWN, ROWS.c.state.in_(WAITING), *conditions)


TURN, PLACE, MOST = (bindparam(name, type_=BigKey) for name in ("turn", "place", "most"))
# For the index: the range of turns first, then which of the last turn.
BEFORE = and_(ROWS.c.turn <= TURN, or_(ROWS.c.turn < TURN, ROWS.c.id < PLACE))
AHEAD_AND_DUE = select(func.count().label("ahead")).select_from(  # counted no further than `most`
    _queue(BEFORE, ROWS.c.next_attempt_at <= NOW).limit(MOST).subquery("ahead"))
AHEAD = select(func.count()).select_from(_queue(BEFORE).subquery("ahead"))
FIRST_DUE = _queue(ROWS.c.next_attempt_at <= NOW).order_by(ROWS.c.turn, ROWS.c.id).limit(MOST)


def ahead(account_id: int, turn: int, place: int) -> int:
    """How many messages stand before this one in the queue of the account, due or not."""
    return int(execute(AHEAD, {"account": account_id, "turn": turn, "place": place}).scalar_one())


def first_due(account_id: int, most: int, now: datetime) -> list[int]:
    """The first due messages of the queue of one account, the next one first."""
    return list(execute(FIRST_DUE, {"account": account_id, "most": most, "now": now}).scalars())


def turn_for(account: Account, operator_id: int | None, *, urgent: bool) -> int:
    """The turn of a new message of this author (None: the desk itself) by this account.

    One after the last of their own that waits, and never before the account's. What is urgent goes before all
    that waits for the first time.
    """
    if urgent:
        return account.turn - 1
    own = select(func.max(Delivery.turn)).where(Delivery.account_id == account.id, Delivery.state.in_(WAITING),
                                                Delivery.operator_id.is_not_distinct_from(operator_id))
    return 1 + max(account.turn, db.session.scalar(own) or account.turn)
