"""How an account fares at its provider: asked to wait, failing, in trouble, well again. By who settles an attempt.

A failing account is paused for a minute (safety.md, G11); then one message at a time leaves by it until one is
accepted. An account in trouble waits for a person; one message every five minutes tries whether that has happened.
What leaves by others goes on meanwhile.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from triage import clock, events
from triage.db import LOCK, db
from triage.events import Kind
from triage.models import Account, DeliveryAttempt

LOOKED_AT, MOST_FAILED, WITHIN = 20, 5, timedelta(seconds=60)
PAUSE = timedelta(seconds=60)
FAILED = ("retry", "unknown", "account_problem")  # a refusal of the recipient is none of the account's


def lock(account_id: int | None) -> Account | None:
    """The account, locked as it stands now."""
    number = account_id
    return db.session.get(Account, number, with_for_update=LOCK, populate_existing=True) if number else None


def note(account: Account, error: str | None) -> None:
    """Keep what went wrong last. If it was to show that the account works again, another one may."""
    account.last_error, account.last_error_at = error, clock.now()
    account.next_slot_at = None  # its windows are counted anew by who begins next


def asked_to_wait(account: Account, seconds: float) -> None:
    """The provider wants nothing from this account for so long."""
    until = clock.now() + timedelta(seconds=seconds)
    if account.paused_until is None or until > account.paused_until:
        account.paused_until, account.paused_why = until, "asked"


def judge(account: Account) -> None:
    """Pause the account where too much of what left by it lately was not accepted.

    One answer that fails again and again says nothing of its account: it must be several.
    """
    now = clock.now()
    if account.paused_why == "failing":
        account.paused_until = now + PAUSE  # it was to show that it works again, and did not
    elif account.trouble is None and _fails(account.id, now):
        account.paused_until, account.paused_why = now + PAUSE, "failing"
        events.record(Kind.ACCOUNT_TROUBLED, None, None, account=account.id, why="failing")


def _fails(account_id: int, now: datetime) -> bool:
    newest = select(DeliveryAttempt.delivery_id, DeliveryAttempt.outcome).where(
        DeliveryAttempt.account_id == account_id, DeliveryAttempt.started_at > now - WITHIN)
    newest = newest.order_by(DeliveryAttempt.started_at.desc()).limit(LOOKED_AT)
    failed = [number for number, outcome in db.session.execute(newest) if outcome in FAILED]
    return len(failed) > MOST_FAILED and len(set(failed)) > 1


def trouble(account: Account, why: str, reason: str | None) -> None:
    """Nothing leaves by the account until a person has mended it, or the provider has."""
    said = (reason or why)[:200]
    if (account.trouble, account.needs_attention) != (why, said):
        events.record(Kind.ACCOUNT_TROUBLED, None, None, account=account.id, why=why)
    account.trouble, account.needs_attention, account.troubled_at = why, said, clock.now()


def well_since(account_id: int, delivery_id: int) -> bool:
    """Whether the account has sent something since it first could not send this: then it is this that it cannot."""
    mine = select(DeliveryAttempt.started_at).where(
        DeliveryAttempt.delivery_id == delivery_id, DeliveryAttempt.outcome == "account_problem")
    tries = db.session.scalars(mine.order_by(DeliveryAttempt.id)).all()
    sent = select(DeliveryAttempt.id).where(
        DeliveryAttempt.account_id == account_id, DeliveryAttempt.outcome == "accepted",
        DeliveryAttempt.started_at > tries[0])
    return len(tries) > 1 and db.session.scalar(sent.limit(1)) is not None


def recovered(account_id: int, started_at: datetime, *, accepted: bool) -> None:
    """An attempt that began after the account stood still was answered: it works again.

    A refusal of the recipient ends only a failing: it does not show that the account may send.
    """
    account = lock(account_id)
    if account is None:
        return
    mended = accepted and account.trouble is not None and started_at >= (account.troubled_at or started_at)
    works = account.paused_why == "failing" and started_at >= (account.paused_until or started_at)
    if mended:
        account.trouble = account.troubled_at = account.needs_attention = None
    if works:
        account.paused_until = account.paused_why = None
    if mended or works:
        account.next_slot_at = None
        events.record(Kind.ACCOUNT_CHANGED, None, None, account=account.id, what="recovered")
