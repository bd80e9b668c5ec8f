"""How an account fares, as a word with its reason: for people, and decided nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from triage import limits
from triage.models import Account
from triage.queries import sending
from triage.queries.account_shapes import Standing, Use


def standing(account: Account, now: datetime, uses: Sequence[Use], spent: int) -> Standing:
    """What a person did comes first, then what a person must do, then what passes by itself."""
    if account.paused_at is not None:
        return Standing("paused", since=account.paused_at)
    if account.needs_attention is not None:
        return Standing(account.trouble or "broken", since=account.troubled_at, said=account.needs_attention)
    return (_limited(account, now, uses, spent) if account.can_send else None) or Standing("ready")


def _limited(account: Account, now: datetime, uses: Sequence[Use], spent: int) -> Standing | None:
    if account.ceiling_micros is not None and spent >= account.ceiling_micros:
        return Standing("limited", "stop_level")
    if account.paused_until is not None and account.paused_until > now:
        why = account.paused_why or "asked"
        return Standing("limited", why, account.paused_until, said=account.last_error or "")
    if any(use.used >= use.count for use in uses):
        return Standing("limited", "no_slot", limits.next_slot(now, sending.windows(account)))
    return None
