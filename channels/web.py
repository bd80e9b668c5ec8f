"""The web form's way back: no network, the answer is readable at /back as soon as it is written down."""

from __future__ import annotations

from channels.base import AccountSettings, Capabilities, OutboundMessage, Receipt
from channels.errors import Rejected


class Web:
    """Answers to people who used the form. They fetch them with their receipt code."""

    capabilities = Capabilities(
        max_length=4000, address_kind="web", idempotent_send=True, needs_account=False
    )

    def __init__(self, account: AccountSettings | None = None) -> None:
        """No account: nothing carries these answers."""

    def send(self, message: OutboundMessage) -> Receipt:
        """Accepted is delivered: the answer can be read from now on. Raises Rejected where it is too long."""
        if len(message.text) > self.capabilities.max_length:
            raise Rejected(f"longer than {self.capabilities.max_length} characters")
        return Receipt(message.idempotency_key, delivered=True)
