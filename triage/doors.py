"""The accounts whose providers show a secret of that account when they call: kept in memory, to be asked at the door.

Whoever calls must be told from a forger also while the database is away. So each process remembers what it read last,
reads anew when somebody calls and a few seconds have passed, and goes on with what it remembers where the database
does not answer in time. Never logged, never on disk: a process that has not read anything yet knows nobody.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import cast

from flask import Flask, current_app
from sqlalchemy import or_, select
from sqlalchemy.exc import SQLAlchemyError

from channels.base import AccountSettings
from triage import clock, context, logs
from triage.db import db
from triage.models import Account
from triage.reach import OutOfReach, reach
from triage.sealing import SealBroken

log = logs.logger(__name__)

FRESH = 3.0  # seconds for which what is remembered is believed without a look
# Providers of which every account is called at an address of its own; at others only a secret of one's own matters.
OWN_ADDRESS = ("gateway",)

Known = Mapping[int, tuple[str, AccountSettings]]


class NothingKnown(Exception):
    """The database has not answered since this process began, so nobody's secret is known: they must come again."""


class Doors:
    """What one process remembers of its accounts."""

    def __init__(self) -> None:
        """Remember nothing."""
        self._known: Known | None = None
        self._read_at = 0.0
        self._reading = threading.Lock()

    def account(self, provider: str, number: int) -> AccountSettings | None:
        """The settings of an account at `provider`, None where there is no such account. Raises NothingKnown."""
        of, settings = self._look().get(number, ("", None))
        return settings if of == provider else None

    def secrets(self, provider: str) -> tuple[str, ...]:
        """The secrets of their own that accounts at `provider` have; none where nothing is known yet."""
        try:
            known = self._look()
        except NothingKnown:
            return ()
        return tuple(dict.fromkeys(settings.secret for of, settings in known.values() if of == provider))

    def _look(self) -> Known:
        """One reads; the others go on with what is remembered, or wait for it if there is nothing."""
        known = self._known
        if known is not None and clock.steady() - self._read_at < FRESH:
            return known
        if self._reading.acquire(blocking=known is None):
            try:
                self._read()
            finally:
                self._reading.release()
        if self._known is None:
            raise NothingKnown
        return self._known

    def _read(self) -> None:
        if self._known is not None and clock.steady() - self._read_at < FRESH:
            return
        with suppress(OutOfReach, SQLAlchemyError):  # then what is remembered goes on being true
            self._known = reach().together(_read_all, None)
        self._read_at = clock.steady()


def _read_all(askers: Sequence[None]) -> list[Known]:
    called = or_(Account.provider.in_(OWN_ADDRESS), Account.secret_sealed.is_not(None))
    found = [(row.id, row.provider, _opened(row)) for row in db.session.scalars(select(Account).where(called))]
    known = {number: (provider, settings) for number, provider, settings in found if settings is not None}
    return [known] * len(askers)


def _opened(account: Account) -> AccountSettings | None:
    """An account whose secret no key opens lets nobody in, and keeps nobody else out."""
    sealed = account.secret_sealed
    try:
        secret = context.keyring().open(sealed, account.secret_context) if sealed else ""
    except SealBroken:
        log.error("account.secret_unreadable", account_id=account.id)
        return None
    return AccountSettings(account.channel, account.address, secret, dict(account.options or {}))


def doors() -> Doors:
    """Those of the running application."""
    return cast(Doors, current_app.extensions["doors"])


def init_app(app: Flask) -> None:
    """Begin to remember."""
    app.extensions["doors"] = Doors()
