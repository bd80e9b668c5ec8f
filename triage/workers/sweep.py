"""The periodic look that makes every doorbell optional."""

from __future__ import annotations

import logging
from collections.abc import Callable

from triage.actions import deliveries, ingest, leases, sessions
from triage.db import db, run_in_transaction
from triage.queries import outbox
from triage.workers.deliver import deliver

log = logging.getLogger(__name__)


def sweep() -> None:
    """One round: attempts that outlived their time, leases, snoozes, items to read, ended sessions."""
    for part in (_attempts, _leases, _snoozes, _unread, _sessions):
        _guarded(part)


def sweep_and_deliver() -> None:
    """One round, and everything due is sent: for set-ups without a running doorbell."""
    sweep()
    for delivery_id in outbox.due():
        deliver(delivery_id)


def _guarded(part: Callable[[], object]) -> None:
    """One failing part must not stop the others; it is logged and comes round again."""
    try:
        part()
    except Exception:
        log.exception("sweep: %s failed", part.__name__)
        db.session.remove()


def _attempts() -> None:
    run_in_transaction(deliveries.expire_attempts)


def _leases() -> None:
    run_in_transaction(leases.sweep)


def _snoozes() -> None:
    run_in_transaction(leases.wake_snoozed)


def _sessions() -> None:
    run_in_transaction(sessions.purge)


def _unread() -> None:
    for item_id in outbox.unread():
        run_in_transaction(lambda number=item_id: ingest.understand_later(number))  # type: ignore[misc]  # a bound default
