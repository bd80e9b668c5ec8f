"""What somebody of the desk, or a program of theirs, writes down: a call, a text that came by another gateway."""

from __future__ import annotations

from channels.base import AccountSettings, Capabilities


class Written:
    """Only takes in. Who called or wrote is answered by another channel, where they allowed it."""

    capabilities = Capabilities(max_length=20_000, address_kind="phone", can_reply=False, needs_account=False)

    def __init__(self, account: AccountSettings | None = None) -> None:
        """No account: nobody outside carries it."""
