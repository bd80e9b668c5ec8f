"""What the gateways' ways of speaking share: a text that came, what became of one of ours, and moments."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from channels.base import AccountSettings, Answer, DeliveryUpdate, InboundMessage
from channels.errors import Unreadable
from channels.fields import Fields

SENDER = re.compile(r"[^\x00-\x1f]{1,40}")  # a number as the network shows it, a short code, or a name
NAME = re.compile(r"[\x21-\x7e]{1,120}")
MOMENT = re.compile(r"[0-9TZ :.+-]{10,40}")
DIGITS = re.compile(r"[0-9]{10}|[0-9]{13}")  # seconds, or what Java counts
OURS = re.compile(r"(delivery-[1-9][0-9]{0,17})(?:\..*)?")
LONG_NUMBER = re.compile(r"\d[\d \-()]{4,}\d")
JSON = "application/json"


@dataclass(frozen=True)
class Parcel:
    """One message for a telephone to send: its name for ever, to whom, and the words."""

    name: str
    recipient: str
    text: str


def message(account: AccountSettings, own_id: str | None, sender: str, text: str,
            sent_at: datetime | None) -> InboundMessage:
    """A text to this account: never to another, whatever the gateway says. Without an id its moment must be known.

    Two telephones may number alike, so a name counts only together with the account's.
    """
    if own_id is None and sent_at is None:
        raise Unreadable("It has neither an id nor the moment it was sent: it cannot be told from its repetition.")
    name = None if own_id is None else f"{account.address}:{own_id}"
    return InboundMessage(channel=account.channel, account_address=account.address, external_id=name, sender=sender,
                          text=text, sent_at=sent_at)


def update(account: AccountSettings, name: str, state: str, error: str | None = None) -> DeliveryUpdate:
    """What became of a message of ours, by the name that we or the gateway gave it."""
    ours = OURS.fullmatch(name)
    return DeliveryUpdate(account.channel, account.address, name, state, error if state == "failed" else None,
                          reference=ours[1] if ours else None)


def said(text: str | None) -> str:
    """A gateway's own reason for a failure, without anything that could be a number of somebody's."""
    found = LONG_NUMBER.sub("…", text or "").strip()
    return f"The gateway says: {found}" if found else "The gateway could not send it."


def moment(values: Fields, *names: str) -> datetime | None:
    """The first of these fields that is a moment: ISO 8601, Unix seconds or milliseconds. None where none is."""
    found = (_moment(values.maybe(name, MOMENT)) for name in names if name in values)
    return next((each for each in found if each is not None), None)


def digest(*parts: str) -> str:
    """A short name for what has none of its own."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:40]


def joined(names: Sequence[str]) -> str:
    """One name for several things that came together."""
    return names[0] if len(names) == 1 else f"several:{digest(*names)}"


def as_json(values: object) -> Answer:
    """An answer in JSON."""
    return Answer(json.dumps(values), JSON)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        if DIGITS.fullmatch(text):
            return datetime.fromtimestamp(int(text) / (1000 if len(text) == 13 else 1), UTC)
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
