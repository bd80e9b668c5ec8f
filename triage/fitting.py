"""What comes from outside made to fit our columns. Nothing is refused for it: the raw item is kept as it came.

PostgreSQL refuses what SQLite takes without a word: text longer than its column, NUL, half a surrogate pair.
Names are never cut, because two long ones may begin alike: they become their own hash.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

from channels.base import DeliveryUpdate, InboundMessage

MOST_NAME = 200
MOST_THREAD = 150  # a split adds to it
MOST_PLACE = 200
LANGUAGE = re.compile(r"[A-Za-z0-9-]{2,12}")


def words(text: str) -> str:
    """Text without NUL, and with U+FFFD for what is no character."""
    return text.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def line(text: str | None, most: int) -> str | None:
    """At most this much of a text; for what people read, never for names."""
    return None if text is None else words(text)[:most]


def name(given: str, most: int = MOST_NAME) -> str:
    """A provider's name of something, or its hash where it is too long or not printable."""
    if len(given) <= most and given.isprintable():
        return given
    return "sha256-" + hashlib.sha256(given.encode("utf-8", "surrogatepass")).hexdigest()


def _maybe(given: str | None, most: int = MOST_NAME) -> str | None:
    return None if given is None else name(given, most)


def message(said: InboundMessage) -> InboundMessage:
    """The same message, everything in it as long and as clean as its column wants it."""
    language = said.language if said.language and LANGUAGE.fullmatch(said.language) else None
    return replace(
        said, text=words(said.text), sender_name=line(said.sender_name, MOST_NAME), language=language,
        external_id=_maybe(said.external_id), thread_key=_maybe(said.thread_key, MOST_THREAD),
        in_reply_to=_maybe(said.in_reply_to), repost_of=_maybe(said.repost_of),
        place_text=line(said.place_text, MOST_PLACE),
    )


def update(said: DeliveryUpdate) -> DeliveryUpdate:
    """The same for what a provider says later about something we sent."""
    return replace(said, provider_id=name(said.provider_id), error=line(said.error, MOST_NAME))
