"""One account's provider is asked what has come: a transaction to begin, none to ask, one to take in what was found.

Where very much was found the first of it is taken in before, some hundred items at a time: nobody else can write
meanwhile on SQLite. The cursor moves with the last of it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from channels.base import Poll, Poller
from channels.errors import AccountProblem, ChannelError, RetryLater
from triage import clock, connections, context, logs
from triage.actions import ingest, polling
from triage.crashpoints import crashpoint
from triage.db import let_go, run_in_transaction
from triage.models import Account
from triage.queries import asking
from triage.sealing import SealBroken

log = logs.logger(__name__)

TOGETHER = 100  # items in one transaction


def due(every: timedelta | None = None) -> list[int]:
    """The accounts that shall be asked for now. `every`: so long after the last time, else what the setting says."""
    return [account.id for account in asking.accounts_due(_span(every)) if connections.polled(account)]


def _span(every: timedelta | None) -> timedelta:
    return timedelta(seconds=context.settings().poll_seconds) if every is None else every


def poll(account_id: int, every: timedelta | None = None) -> int:
    """Ask for one account, unless somebody does, or did so since `every`, as in `due`; how many items were news."""
    account = run_in_transaction(lambda: polling.begin(account_id, _span(every)))
    if account is None:
        return 0
    found = _ask(account)
    crashpoint("poll.asked")
    return _take_in(account, found) if found is not None else 0


def _take_in(account: Account, found: Poll) -> int:
    news = polling.arrivals(account, found.items)
    let_go()  # no transaction is open between asking and taking in
    last = max(len(news) - 1, 0) // TOGETHER * TOGETHER
    for first in range(0, last, TOGETHER):
        run_in_transaction(lambda some=news[first:first + TOGETHER]: ingest.take_in(some))  # type: ignore[misc]  # a bound default
    run_in_transaction(lambda: polling.finish(account, news[last:], found.cursor))
    return len(news)


def _ask(account: Account) -> Poll | None:
    """What the provider says; None where it said nothing, which is noted at the account."""
    began = clock.steady()
    try:
        return cast(Poller, connections.connect(account)).poll(account.cursor)
    except RetryLater as problem:
        said, after = str(problem), problem.after
        run_in_transaction(lambda: polling.put_off(account, said, after))
    except (AccountProblem, SealBroken) as problem:
        reason = str(problem) if isinstance(problem, ChannelError) else type(problem).__name__
        log.warning("poll.account_problem", account_id=account.id)
        run_in_transaction(lambda: polling.troubled(account, reason))
    except Exception as problem:
        if not isinstance(problem, ChannelError):
            log.exception("poll.unexpected", account_id=account.id)
        reason = str(problem) if isinstance(problem, ChannelError) else type(problem).__name__
        log.warning("poll.failed", account_id=account.id, seconds=round(clock.steady() - began))
        run_in_transaction(lambda: polling.put_off(account, reason))
    return None
