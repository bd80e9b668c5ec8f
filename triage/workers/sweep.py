"""The periodic look that makes every doorbell optional."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import text

from triage import logs
from triage.actions import deliveries, ingest, leases, sessions
from triage.db import db, run_in_transaction
from triage.queries import asking, outbox
from triage.workers import doubt
from triage.workers.deliver import deliver

log = logs.logger(__name__)

SWEEP_LOCK = 7_236_100  # any constant: the advisory locks of sweeping, one a part


def sweep() -> None:
    """One round: attempts that outlived their time, leases, snoozes, items to read, ended sessions.

    Several processes may sweep one desk at once.
    """
    for part in (_attempts, _leases, _snoozes, _unread, _sessions):
        _guarded(part)


def sweep_and_deliver() -> None:
    """One round, everything due is sent, and what is in doubt asked about: for set-ups without a running doorbell."""
    sweep()
    for delivery_id in outbox.due():
        deliver(delivery_id)
    for delivery_id in asking.doubts_due():
        doubt.ask(delivery_id)


def _guarded(part: Callable[[], object]) -> None:
    """One failing part must not stop the others; it is logged and comes round again."""
    try:
        part()
    except Exception:
        log.exception("sweep.failed", part=part.__name__)
        db.session.remove()


def _alone(part: int, action: Callable[[], object]) -> None:
    """Run one part unless another process is at it just now: what it leaves comes round again in seconds."""
    def turn() -> None:
        if _free(part):
            action()

    run_in_transaction(turn)


def _free(part: int) -> bool:
    """On PostgreSQL nobody waits in line to look for the same rows; SQLite has one writer anyway."""
    if db.session.get_bind().dialect.name != "postgresql":
        return True
    lock = text("SELECT pg_try_advisory_xact_lock(:key)")
    return bool(db.session.scalar(lock, {"key": SWEEP_LOCK + part}))


def _attempts() -> None:
    _alone(1, deliveries.expire_attempts)


def _leases() -> None:
    _alone(2, leases.sweep)


def _snoozes() -> None:
    _alone(3, leases.wake_snoozed)


def _sessions() -> None:
    _alone(4, sessions.purge)


def _unread() -> None:
    for item_id in outbox.unread():
        run_in_transaction(lambda number=item_id: ingest.understand_later(number))  # type: ignore[misc]  # a bound default
