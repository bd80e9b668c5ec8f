"""The keys of accounts: sealed as they come in, never read out; at some providers a new one stands beside the old."""

from __future__ import annotations

from triage import connections, context
from triage.errors import N_, BadInput
from triage.models import Account
from triage.sealing import SealBroken

MOST_SECRET = 4000
BETWEEN = ","  # the first key sends, all are believed

TOO_LONG = N_("The key is longer than %(most)s characters.")
EMPTY = N_("The new key is empty.")
ONE_AT_A_TIME = N_("Write one key alone, without a comma: the old one is kept by itself.")
NO_SECOND = N_("At this provider one key is valid at a time: there is no old one to keep.")
LOST = N_("The old key cannot be opened with this desk's keys. Put in a new one alone.")


def sealed(account: Account, secret: str) -> bytes | None:
    """A secret as it is stored; None for none. Raises BadInput."""
    if len(secret) > MOST_SECRET:
        raise BadInput(TOO_LONG, "secret", most=MOST_SECRET)
    return context.keyring().seal(secret, account.secret_context) if secret else None


def replaced(account: Account, secret: str, *, keep_old: bool) -> bytes | None:
    """A new key, before the one that sent until now where that stays valid. Raises BadInput."""
    if not secret:
        raise BadInput(EMPTY, "secret")
    if not keep_old:
        return sealed(account, secret)
    if not connections.keeps_two_keys(account.provider):
        raise BadInput(NO_SECOND, "keep_old")
    if BETWEEN in secret or connections.beside_keys(account.provider, secret):
        raise BadInput(ONE_AT_A_TIME, "secret")
    return sealed(account, BETWEEN.join(filter(None, (secret.strip(), _sending(account)))))


def newest(account: Account) -> bytes | None:
    """The key that sends, alone."""
    return sealed(account, _sending(account))


def former(account: Account) -> bytes | None:
    """The key that sent before the newest, alone; None where that was the desk's."""
    secret = _opened(account)
    beside = connections.beside_keys(account.provider, secret)
    old = secret.removesuffix(beside).partition(BETWEEN)[2] + beside
    common = connections.common_secret(account.provider).partition(BETWEEN)[0]
    return None if old == common else sealed(account, old)


def _sending(account: Account) -> str:
    """The key that sends, with what stands beside the keys."""
    secret = _opened(account)
    beside = connections.beside_keys(account.provider, secret)
    return secret.removesuffix(beside).partition(BETWEEN)[0] + beside


def _opened(account: Account) -> str:
    try:
        return connections.settings_of(account).secret
    except SealBroken as problem:
        raise BadInput(LOST, "secret") from problem
