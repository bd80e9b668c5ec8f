"""The webhook's JSON, read. What arrives may be anything: whatever is wrong becomes one clear sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from channels.base import DeliveryUpdate, InboundMessage
from channels.errors import Unreadable
from channels.simulator.records import POSTS

MOST_BYTES = 64 * 1024
MOST_ID = 150  # of a name, an address or a post's URI
MOST_NAME = 120
MOST_PLACE = 200
STATES = ("sent", "delivered", "failed")

BROKEN = re.compile("[\x00\ud800-\udfff]")  # what no database keeps: NUL and half characters
UNNAMEABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def mended(text: str) -> str:
    """The text with U+FFFD for what no database keeps: the words around it survive."""
    return BROKEN.sub("\ufffd", text)


def read(channel: str, body: bytes) -> InboundMessage | DeliveryUpdate:
    """What one webhook of `channel` says. Raises Unreadable with the reason."""
    values = _object(body)
    if values.get("channel") != channel:
        raise Unreadable(f"This is not for the channel {channel}.")
    kind = values.get("kind")
    if kind == "message":
        return _message(channel, values)
    if kind == "status":
        return _status(channel, values)
    raise Unreadable("The kind is neither message nor status.")


def name(body: bytes) -> str | None:
    """The provider's name of an item: the message's id, for a status with its state. None where it has none."""
    try:
        values = _object(body)
        own = _name(values, "id")
        return own if values.get("kind") == "message" else f"{own}:{_state(values)}"
    except Unreadable:
        return None


def _object(body: bytes) -> Mapping[str, object]:
    if not body.strip():
        raise Unreadable("The body is empty.")
    if len(body) > MOST_BYTES:
        raise Unreadable(f"The body has {len(body)} bytes; at most {MOST_BYTES} are read.")
    try:
        values = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as problem:
        raise Unreadable("The body is not JSON in UTF-8.") from problem
    if not isinstance(values, dict):
        raise Unreadable("The body is not a JSON object.")
    return values


def _message(channel: str, values: Mapping[str, object]) -> InboundMessage:
    own = _name(values, "id")
    root = _optional_name(values, "root") or own
    return InboundMessage(
        channel=channel, account_address=_name(values, "to"), external_id=own, sender=_name(values, "from"),
        text=mended(_text(values, "text")), sender_name=_short(values, "from_name", MOST_NAME),
        sent_at=_moment(values), thread_key=f"{POSTS}:{root}" if channel == POSTS else None,
        in_reply_to=_optional_name(values, "in_reply_to"), repost_of=_optional_name(values, "repost_of"),
        place_text=_short(values, "place", MOST_PLACE),
    )


def _status(channel: str, values: Mapping[str, object]) -> DeliveryUpdate:
    return DeliveryUpdate(
        channel=channel, account_address=_name(values, "to"), provider_id=_name(values, "id"),
        state=_state(values), error=_short(values, "error", MOST_NAME),
    )


def _state(values: Mapping[str, object]) -> str:
    state = values.get("status")
    if state not in STATES:
        raise Unreadable(f"The status is none of {', '.join(STATES)}.")
    return str(state)


def _text(values: Mapping[str, object], field: str) -> str:
    value = values.get(field)
    if not isinstance(value, str):
        raise Unreadable(f"The field {field} is missing or is no text.")
    return value


def _name(values: Mapping[str, object], field: str) -> str:
    """A text that names something: it is never mended, because then it would name something else."""
    value = _text(values, field).strip()
    if not value or len(value) > MOST_ID or UNNAMEABLE.search(value):
        raise Unreadable(f"The field {field} is empty, too long or holds control characters.")
    return value


def _optional_name(values: Mapping[str, object], field: str) -> str | None:
    return None if values.get(field) is None else _name(values, field)


def _short(values: Mapping[str, object], field: str, most: int) -> str | None:
    value = None if values.get(field) is None else mended(_text(values, field)).strip()
    return value[:most] if value else None


def _moment(values: Mapping[str, object]) -> datetime | None:
    if values.get("sent_at") is None:
        return None
    try:
        moment = datetime.fromisoformat(_text(values, "sent_at"))
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Unreadable("The field sent_at is not a moment with its time zone.")
