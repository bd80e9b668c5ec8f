"""How an account fares, as a word with its reason: for people, and decided nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from triage import limits
from triage.models import Account
from triage.queries import sending, slots
from triage.queries.account_shapes import Standing, Use


def standing(account: Account, now: datetime, uses: Sequence[Use], spent: int, *, waiting: int) -> Standing:
    """What a person did comes first, then what a person must do, then what passes by itself.

    A telephone that has stopped fetching is a person's to mend once something waits for it.
    """
    if account.paused_at is not None:
        return Standing("paused", since=account.paused_at)
    if account.needs_attention is not None:
        return Standing(account.trouble or "broken", since=account.troubled_at, said=account.needs_attention)
    silent = slots.silent_since(account, now)
    if silent is not None and waiting:
        return Standing("silent", since=silent)
    return (_limited(account, now, uses, spent) if account.can_send else None) or Standing("ready")


def _limited(account: Account, now: datetime, uses: Sequence[Use], spent: int) -> Standing | None:
    full = any(use.used >= use.count for use in uses)
    if account.paused_until is not None and account.paused_until > now:
        why = account.paused_why or "asked"
        return Standing("limited", why, account.paused_until, said=account.last_error or "")
    if account.ceiling_micros is not None and (at := _stopped(account, now, spent, full=full)) is not None:
        return Standing("limited", "stop_level", at if at > now else None)
    return Standing("limited", "no_slot", limits.next_slot(now, sending.windows(account))) if full else None


def _stopped(account: Account, now: datetime, spent: int, *, full: bool) -> datetime | None:
    """When it may spend again, `now` where nobody knows yet; None where its stop level is not reached.

    Whoever found that the next message did not fit wrote down when it will; a full window does that too.
    """
    asked = account.next_slot_at
    if asked is not None and asked > now and not full:
        return asked
    return now if account.ceiling_micros is not None and spent >= account.ceiling_micros and spent > 0 else None
