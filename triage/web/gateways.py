"""What the page of an account at a gateway shows for setting up the telephone: where it calls, and its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import segno
from markupsafe import Markup

from triage import connections
from triage.models import Account


@dataclass(frozen=True)
class Card:
    """One gateway: its address here, as text and as a QR code to point the telephone at, and how it is set."""

    address: str
    code: Markup
    options: str
    collects: bool
    sends: bool  # it is set how messages leave
    heard_at: datetime | None


def card(account: Account, typed: Mapping[str, str]) -> Card | None:
    """What to show of an account; None where no gateway carries it. What was typed and refused is shown again."""
    address = connections.hook_address(account)
    if address is None:
        return None
    stored = account.options or {}
    lines = "\n".join(f"{name}={value}" for name, value in stored.items())
    drawn = segno.make(address, micro=False).svg_inline(scale=3, light="#fff", title=address)
    return Card(address, Markup(drawn), typed.get("options", lines),  # noqa: S704 - drawn by us
                stored.get("mode") == "collect", "mode" in stored, account.polled_at)
