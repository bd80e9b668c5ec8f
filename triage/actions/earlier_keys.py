"""Back from a new key: to the one that it replaced and that was kept, or to the desk's own at that provider."""

from __future__ import annotations

from triage import connections
from triage.actions import accounts, keys, outbox
from triage.errors import N_, BadInput
from triage.events import Kind
from triage.models import Account, Operator

NONE_COMMON = N_("The desk has no key of its own at this provider: this account needs one.")


def restore_old_secret(account_id: int, actor: Operator) -> None:
    """The old key sends again, alone; the new one is forgotten. An account that was broken may try again."""
    account = _locked(account_id, actor)
    if connections.key_count(account) > 1:
        _set(account, keys.former(account), actor, "old_secret_restored")


def give_up_secret(account_id: int, actor: Operator) -> None:
    """The account speaks with the desk's key from now on; its own are forgotten, also where nobody can open them.

    An account that was broken may try again. BadInput where the desk has no key at that provider.
    """
    account = _locked(account_id, actor)
    if not connections.common_secret(account.provider):
        raise BadInput(NONE_COMMON, "secret")
    if account.secret_sealed is not None:
        _set(account, None, actor, "secret_given_up")


def _locked(account_id: int, actor: Operator) -> Account:
    """What waits for it is locked before it, and made due."""
    accounts.may(actor)
    outbox.hurry(account_id)
    return accounts.locked(account_id, actor)


def _set(account: Account, sealed: bytes | None, actor: Operator, what: str) -> None:
    account.secret_sealed = sealed
    account.trouble = account.troubled_at = account.needs_attention = None
    accounts.note(Kind.ACCOUNT_CHANGED, account, actor, what=what)
