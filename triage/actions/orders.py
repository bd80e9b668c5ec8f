"""What a worker is told to send, and what it tells of how that went."""

from __future__ import annotations

from dataclasses import dataclass, replace

from channels.base import OutboundMessage
from triage import fitting
from triage.models import Account


@dataclass(frozen=True)
class SendOrder:
    """What a worker must send, outside any transaction."""

    attempt_id: int
    delivery_id: int
    account: Account | None
    channel: str
    message: OutboundMessage
    contact_id: int | None = None

    @property
    def account_id(self) -> int | None:
        """The account it leaves by."""
        return self.account.id if self.account is not None else None


@dataclass(frozen=True)
class Settlement:
    """How an attempt went: accepted, retry, rejected, unknown or account_problem. `after` is in seconds.

    `suspended`: the account problem is that the provider has switched the account off. `ours`: it was this desk
    that failed, which tells nothing of the account.
    """

    outcome: str
    provider_id: str | None = None
    delivered: bool = False
    error: str | None = None
    after: float | None = None
    repeatable: bool = False
    opted_out: bool = False
    suspended: bool = False
    ours: bool = False

    @property
    def state(self) -> str:
        """What becomes of a delivery that was accepted."""
        return "delivered" if self.delivered else "sent"

    def fitted(self) -> Settlement:
        """The same, as long as there is room for it."""
        provider_id = fitting.name(self.provider_id) if self.provider_id is not None else None
        return replace(self, provider_id=provider_id, error=fitting.line(self.error, fitting.MOST_NAME))
