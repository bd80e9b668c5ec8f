"""What every attempt to send runs, of tables alone and built once: its locks, its limits, its beginning and its end.

Whether an answer may leave is decided in `deliveries`. The locks of one attempt are one statement: each of its
parts needs the one before it, so rows are locked in the order contact, report, delivery, account.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    CTE,
    Boolean,
    ColumnElement,
    Executable,
    FromClause,
    Row,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    true,
    update,
)
from sqlalchemy import cast as cast_to

from triage import clock, events, limits
from triage.actions import locking, matters
from triage.actions.orders import Settlement
from triage.db import LOCK, BigKey, UtcDateTime, db
from triage.events import Kind
from triage.models import Account, Assignment, Contact, Delivery, DeliveryAttempt, Message, Report
from triage.queries import costs, sending, slots
from triage.statements import execute

PEOPLE, REPORTS, ROWS, ACCOUNTS, MESSAGES, TRIES, FENCES = (
    cast(Table, model.__table__)
    for model in (Contact, Report, Delivery, Account, Message, DeliveryAttempt, Assignment))
NUMBER = bindparam("number", type_=BigKey)
TRIED, SEEN = TRIES.alias("tried"), REPORTS.alias("seen")
PRIMARY = SEEN.c.duplicate_of.label("primary_id")
Moved = Mapping[str, object]  # what MOVES is bound to: how an account's queue moves on
# What of an account is read with its attempt: what an adapter needs, and what decides whether it may begin.
SENDER = ("id", "channel", "provider", "address", "operator_id", "can_send", "secret_sealed", "limits", "options",
          "paused_until", "paused_why", "paused_at", "trouble", "troubled_at", "turn", "next_slot_at", "ceiling_micros")
CHARGED = ("accepted", "unknown")  # what surely did not leave costs nothing


def _locked(table: Table, source: FromClause, name: str, *also: Any) -> CTE:
    return select(table, *also).select_from(source).with_for_update(key_share=True, of=table).cte(name)


def _behind(report: CTE) -> CTE:
    """The delivery behind its report, which must still be the one it is on."""
    there = report.join(ROWS, and_(ROWS.c.report_id == report.c.id, ROWS.c.id == report.c.wanted))
    return _locked(ROWS, there, "sent", report.c.moved)


def _report(which: CTE, source: FromClause, *also: Any) -> CTE:
    """A report of its own; a copy only where the caller has locked its primary and itself.

    Asked of what was seen before its lock was waited for: what is no copy by then is not locked, and `moved` says of
    what is locked that it has become one.
    """
    locked = bindparam("locked", type_=Boolean)
    alone = or_(which.c.primary_id.is_(None), locked)
    joined = source.join(REPORTS, and_(REPORTS.c.id == which.c.report_id, alone))
    moved = and_(REPORTS.c.duplicate_of.is_not(None), ~locked).label("moved")
    found = select(REPORTS.c.id, which.c.id.label("wanted"), moved, *also).select_from(joined)
    return found.with_for_update(key_share=True, of=REPORTS).cte("report")


def _to_begin() -> Select[Any]:
    wanted = select(*ROWS.c["id", "contact_id", "report_id"], PRIMARY).where(ROWS.c.id == NUMBER)
    which = wanted.select_from(ROWS.join(SEEN, SEEN.c.id == ROWS.c.report_id)).cte("which")
    person = _locked(PEOPLE, which.join(PEOPLE, PEOPLE.c.id == which.c.contact_id), "person")
    report = _report(which, which.outerjoin(person, true()), person.c.id.label("person_id"))
    sent = _behind(report)
    account = _locked(ACCOUNTS, sent.join(ACCOUNTS, ACCOUNTS.c.id == sent.c.account_id), "account")
    rest = sent.join(MESSAGES, MESSAGES.c.id == sent.c.message_id).outerjoin(person, true()).outerjoin(account, true())
    rest = rest.outerjoin(FENCES, FENCES.c.id == sent.c.assignment_id)
    return select(
        *sent.c["id", "report_id", "state", "next_attempt_at", "purpose", "channel", "contact_id", "account_id", "turn",
                "segments", "moved"],
        *MESSAGES.c["body", "in_reply_to"], MESSAGES.c.operator_id.label("author_id"),
        FENCES.c.operator_id.label("holder_id"),
        *person.c["opted_out_at", "address_kind", "address_key", "address_sealed"],
        *[account.c[name].label(f"account_{name}") for name in SENDER if name != "id"],
    ).select_from(rest)


def _in_order() -> tuple[CTE, CTE]:
    """An attempt as it was found, and its delivery, locked behind its report."""
    mine = ROWS.join(TRIED, TRIED.c.delivery_id == ROWS.c.id).join(SEEN, SEEN.c.id == ROWS.c.report_id)
    tried = select(*ROWS.c["id", "report_id", "account_id"], PRIMARY, TRIED.c.started_at).select_from(mine)
    which = tried.where(TRIED.c.id == NUMBER).cte("which")
    return which, _behind(_report(which, which))


def _to_settle() -> Select[Any]:
    which, sent = IN_ORDER
    rest = sent.join(which, true()).outerjoin(ACCOUNTS, ACCOUNTS.c.id == which.c.account_id)
    return select(*sent.c["id", "report_id", "state", "account_id", "moved"], which.c.started_at,
                  *ACCOUNTS.c["trouble", "paused_why"]).select_from(rest)


IN_ORDER = _in_order()
BEGIN, SETTLE = _to_begin(), _to_settle()
REPORT_OF = select(ROWS.c.report_id, ROWS.c.contact_id).where(ROWS.c.id == NUMBER)
TRIED_BY = select(TRIES.c.delivery_id).where(TRIES.c.id == NUMBER)
# What is bound is never named like a column: SQLAlchemy would set that, in every part of a statement that has one.
OPENED = insert(TRIES).values({name: bindparam(f"its_{name}", type_=TRIES.c[name].type)
                               for name in ("delivery_id", "account_id", "started_at", "cost_micros")})
OPEN = OPENED.returning(TRIES.c.id)
CHANGE = update(ROWS).where(ROWS.c.id == NUMBER)
STARTED = CHANGE.values(state="sending", next_attempt_at=None)
MOVES = update(ACCOUNTS).where(ACCOUNTS.c.id == bindparam("account", type_=BigKey)).values(
    turn=bindparam("to_turn", type_=BigKey), next_slot_at=bindparam("to_next", type_=UtcDateTime),
    troubled_at=bindparam("to_troubled", type_=UtcDateTime))
ENDED = (update(TRIES).where(TRIES.c.id == NUMBER, TRIES.c.finished_at.is_(None))
         .values({name: bindparam(f"to_{name}") for name in ("finished_at", "outcome", "provider_id")}
                 | {"cost_micros": TRIES.c.cost_micros * bindparam("charged", type_=BigKey)}))
ACCEPTED = update(ROWS).values({name: bindparam(f"to_{name}") for name in ("state", "provider_id", "settled_at")}
                               | {"last_error": null(), "next_attempt_at": null()})
DONE = ACCEPTED.where(ROWS.c.id == NUMBER)


def lock_to_begin(delivery_id: int) -> Row[Any] | None:
    """What beginning an attempt needs to know, with contact, report, delivery and account locked; None: not there."""
    found = _unmoved(execute(BEGIN, {"number": delivery_id, "locked": False}).first())
    if found is not None or not _lock_copy(delivery_id, with_contact=True):
        return found
    return execute(BEGIN, {"number": delivery_id, "locked": True}).first()


def lock_to_settle(attempt_id: int) -> Row[Any] | None:
    """The delivery of an attempt with its report locked before it; None where there is no such attempt."""
    found = _unmoved(execute(SETTLE, {"number": attempt_id, "locked": False}).first())
    if found is not None:
        return found
    delivery_id = execute(TRIED_BY, {"number": attempt_id}).scalar()
    if delivery_id is None or not _lock_copy(delivery_id, with_contact=False):
        return None
    return execute(SETTLE, {"number": attempt_id, "locked": True}).first()


def _unmoved(found: Row[Any] | None) -> Row[Any] | None:
    """Moved where the report has become a copy while its lock was waited for: its primary must be locked before it."""
    if found is not None and found.moved:
        raise locking.Moved
    return found


def _lock_copy(delivery_id: int, *, with_contact: bool) -> bool:
    """Lock the report of a delivery where it is a copy, its primary before it; whether there is such a delivery."""
    found = execute(REPORT_OF, {"number": delivery_id}).first()
    if found is None:
        return False
    if with_contact and found.contact_id is not None:
        db.session.get(Contact, found.contact_id, with_for_update=LOCK)
    matters.lock_matter(found.report_id)
    return True


def sender(found: Row[Any]) -> Account | None:
    """The account it leaves by, a plain value that no session watches over: nobody is told of what it is given."""
    if found.account_id is None:
        return None
    account = Account()
    account.__dict__.update((name, getattr(found, f"account_{name}")) for name in SENDER)
    return account


@dataclass(frozen=True)
class Room:
    """How a locked account stands: due messages before this one, when this one may begin, and when one after it.

    With the price of a part of it: None where nobody said.
    """

    ahead: int
    own: datetime
    after: datetime
    price: int | None


def room(account: Account, found: Row[Any], now: datetime, most: int, region: str | None) -> Room:
    """What the windows of a locked account leave for a message of its queue; due ones before it are counted to `most`.

    An attempt counts from its beginning until a window after its end: when on its way it reached the provider we
    cannot know, and so no window holds too many by the provider's clock either.
    """
    windows = sending.account_limits(account)
    backs = {f"back_{place}": count - 1 for place, (count, _) in enumerate(windows)}
    bound = {"account": account.id, "turn": found.turn, "place": found.id, "now": now, "most": most, **backs,
             **costs.asked(account.channel, account.provider, region)}
    row = execute(_standing(len(windows)), bound).one()
    own, after = _free(windows, row, "own", row.ahead, now), _free(windows, row, "after", 1, now)
    return Room(row.ahead, own, after, row.price)


def _free(windows: Sequence[tuple[int, int]], row: Row[Any], name: str, before: int, now: datetime) -> datetime:
    """When one may begin if `before` others begin now."""
    places = enumerate(windows)
    return limits.next_slot(now, [
        limits.Window(count, seconds,
                      getattr(row, f"{name}_{place}") if count - 1 - before - row.running >= 0 else now)
        for place, (count, seconds) in places])


@cache
def _standing(windows: int) -> Executable:
    """All of it in one statement: of each window when the attempt ended that stands as far back as there is room."""
    ahead = slots.AHEAD_AND_DUE.cte("ahead")
    running = select(func.count().label("running")).select_from(TRIES).where(
        OF_ACCOUNT, TRIES.c.finished_at.is_(None)).cte("running")
    ended = select(TRIES.c.finished_at).where(OF_ACCOUNT, TRIES.c.finished_at.is_not(None))
    ended = ended.order_by(TRIES.c.finished_at.desc()).limit(literal_column("1"))

    def one(name: str, place: int, source: FromClause, before: Any) -> ColumnElement[Any]:
        back = bindparam(f"back_{place}", type_=BigKey) - before - running.c.running
        skipped = select(case((back > 0, back), else_=0)).select_from(source).scalar_subquery()
        return ended.offset(skipped).scalar_subquery().label(f"{name}_{place}")

    both = ahead.join(running, true())
    columns = [one(*each) for place in range(windows)
               for each in (("own", place, both, ahead.c.ahead), ("after", place, running, 1))]
    price = costs.PRICE_OF.scalar_subquery().label("price")
    return select(ahead.c.ahead, running.c.running, *columns, price).select_from(both)


OF_ACCOUNT = TRIES.c.account_id == bindparam("account", type_=BigKey)


def start(found: Row[Any], now: datetime, cost: int | None, moved: Moved | None) -> int:
    """Open an attempt and move its account's queue on; its number. The partial unique index refuses a second one."""
    if moved is not None:
        execute(MOVES, moved)
    number: int = execute(OPEN, _opened(found, now, cost)).scalar_one()
    execute(STARTED, {"number": found.id})
    events.record(Kind.DELIVERY_STARTED, found.report_id, delivery=found.id)
    return number


def start_at_once(found: Row[Any], now: datetime, cost: int | None, moved: Moved | None) -> int:
    """The same in one statement that writes the history too, the last of its transaction (PostgreSQL)."""
    bound = {**_opened(found, now, cost), **(moved or {})}
    row = execute(_started(moves=moved is not None), bound).one()
    events.written(row.transaction, Kind.DELIVERY_STARTED, found.report_id, now, delivery=found.id)
    return int(row.id)


def _opened(found: Row[Any], now: datetime, cost: int | None) -> dict[str, object]:
    return {"its_delivery_id": found.id, "its_account_id": found.account_id, "its_started_at": now,
            "its_cost_micros": cost}


@cache
def _started(*, moves: bool) -> Executable:
    attempt = OPENED.returning(TRIES.c.id, TRIES.c.delivery_id, TRIES.c.started_at).cte("attempt")
    begun = update(ROWS).where(ROWS.c.id == attempt.c.delivery_id).values(
        state=literal_column("'sending'"), next_attempt_at=null())
    sending = begun.returning(ROWS.c.id, ROWS.c.report_id, attempt.c.started_at).cte("sending")
    told = events.noting(select(sending.c.report_id, null(), literal_column(f"'{Kind.DELIVERY_STARTED}'"),
                                events.about("delivery", sending.c.id), sending.c.started_at))
    also = [MOVES.cte("moved")] if moves else []
    transaction = cast_to(func.pg_current_xact_id(), Text).label("transaction")
    return select(attempt.c.id, transaction).add_cte(told, *also)


def end(attempt_id: int, said: Settlement) -> bool:
    """End an attempt, once: whether it was still open."""
    return execute(ENDED, ending(attempt_id, said)).rowcount == 1


def ending(attempt_id: int, said: Settlement) -> dict[str, object]:
    """What ENDED is bound to."""
    return {"number": attempt_id, "to_finished_at": clock.now(), "to_outcome": said.outcome,
            "to_provider_id": said.provider_id, "charged": int(said.outcome in CHARGED)}


def accept(delivery_id: int, state: str, provider_id: str | None) -> None:
    """The provider has it. IntegrityError where it gave the name of another answer."""
    db.session.connection()  # a savepoint begins where the session itself asks for its connection
    how = {"to_state": state, "to_provider_id": provider_id, "to_settled_at": clock.now()}
    execute(DONE, {"number": delivery_id, **how})
