"""The end of an attempt as one statement that is a transaction of its own, for the commonest case on PostgreSQL.

To lock the report and the delivery, end the attempt, write down that the provider has the message and write the
history one after the other costs six turns to the server; this costs one. It settles only what needs nothing more.
Whatever it does not settle, and whatever was lost on the way, is settled by `deliveries`, which finds how it stands.
"""

from __future__ import annotations

from sqlalchemy import bindparam, literal_column, null, select, true
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.exc import DBAPIError, IntegrityError

from triage import events
from triage.actions import attempts
from triage.actions.attempts import ACCOUNTS, ENDED, IN_ORDER, ROWS, TRIES
from triage.actions.orders import Settlement
from triage.crashpoints import crashpoint
from triage.db import UtcDateTime, is_postgresql, run_statement, worth_retrying

AT = bindparam("to_settled_at", type_=UtcDateTime)


def _settlement() -> str:
    """Lock in order, end the attempt, write down and note it; no row where there is more to do. In the driver's words.

    Whoever waited for the lock on the report and finds that somebody else has ended the attempt meanwhile ends none.
    """
    which, sent = IN_ORDER
    calm = ACCOUNTS.c.trouble.is_(None), ACCOUNTS.c.paused_why.is_distinct_from(literal_column("'failing'"))
    account = sent.join(which, true()).outerjoin(ACCOUNTS, ACCOUNTS.c.id == which.c.account_id)
    ours = select(sent.c.id).select_from(account).where(~sent.c.moved, *calm).cte("ours")
    ended = ENDED.where(TRIES.c.delivery_id == ours.c.id).returning(ours.c.id).cte("ended")
    done = attempts.ACCEPTED.where(ROWS.c.id == ended.c.id).returning(*ROWS.c["id", "report_id"]).cte("done")
    told = events.noting(select(done.c.report_id, null(), bindparam("kind"), events.about("delivery", done.c.id),
                                AT))
    dialect = psycopg.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy gives it no types
    return str(select(done.c.id).add_cte(told).compile(dialect=dialect))


SETTLEMENT = _settlement()


def settle(attempt_id: int, settlement: Settlement) -> bool:
    """Settle an attempt whose message the provider has accepted, in a transaction of its own; whether that was all.

    False also where the name the provider gave it is another answer's, and where nobody knows what became of it.
    """
    if settlement.outcome != "accepted" or not is_postgresql():
        return False
    crashpoint("out.settling")
    kind, bound = f"delivery.{settlement.state}", attempts.ending(attempt_id, settlement.fitted())
    bound |= {"kind": kind, "locked": False, "to_state": settlement.state, "to_settled_at": bound["to_finished_at"]}
    try:
        row = run_statement(SETTLEMENT, bound, {"events": [{"kind": kind}]})
    except DBAPIError as problem:
        if not (isinstance(problem, IntegrityError) or worth_retrying(problem)):
            raise
        return False  # it may have taken place all the same: who settles it again finds out
    return row is not None
