"""Addresses as Twilio spells them, whose they are, and how fast each kind of number may send."""

from __future__ import annotations

import re

from channels.errors import Unreadable

SMS, WHATSAPP, VOICE = "sms", "whatsapp", "voice"
PREFIX = "whatsapp:"

# ITU-T E.164: at most 15 digits, no country code begins with 0.
E164 = re.compile(r"\+[1-9][0-9]{1,14}")
SHORT_CODE = re.compile(r"[0-9]{3,8}")
NAMED = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 &_+-]{1,11}")  # an alphanumeric sender: it cannot be answered

# North American toll-free area codes (47 CFR 52.101 and the FCC's list of codes in use).
TOLL_FREE = tuple(f"+1{code}" for code in (800, 833, 844, 855, 866, 877, 888))

# Messages a second of one number, before anything was arranged with Twilio. Source: Twilio, "Understanding Twilio Rate
# Limits and Message Queues" (long code, toll-free and short code in the US and Canada; long codes elsewhere may do
# more); Meta, "WhatsApp Business Platform: Throughput" (80 by default). Twilio counts parts and queues what comes
# too fast, for hours; we count messages, so that an answer does not wait where nobody sees it.
LONG_CODE_LIMITS = ((1, 1),)
TOLL_FREE_LIMITS = ((3, 1),)
SHORT_CODE_LIMITS = ((100, 1),)
WHATSAPP_LIMITS = ((80, 1),)

# Beyond that by the hour and the day, as (count, seconds). Source: CTIA, "Messaging Principles and Best Practices"
# (2019), Exhibit I: a number with a person behind it sends at most 1,000 a day; Twilio, "Toll-Free Message
# Verification": 2,000 a day while a number is being verified. Carriers silence numbers that send more. The counts by
# the hour are ours: what sends more in an hour from one number is no volunteer, but something that runs away.
HOUR, DAY = 3600, 86400
LONG_CODE_VOLUMES = ((200, HOUR), (1000, DAY))
TOLL_FREE_VOLUMES = ((500, HOUR), (2000, DAY))
SHORT_CODE_VOLUMES = ((5000, HOUR),)
WHATSAPP_VOLUMES = ((1000, HOUR),)  # Meta counts by the day whom a business wrote to first; we only answer

KEYPAD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
# What carriers show instead of a number that hides itself: the word, dialled (Twilio's help pages list them).
HIDDEN = frozenset(
    "+" + word.translate(KEYPAD) for word in ("ANONYMOUS", "BLOCKED", "RESTRICTED", "UNAVAILABLE", "UNKNOWN")
)


def split(field: str, address: str) -> tuple[str, str]:
    """The channel and the plain address of `whatsapp:+254…`, `+254…`, `40404` or `MPESA`. Raises Unreadable."""
    plain = address.removeprefix(PREFIX)
    if plain != address and E164.fullmatch(plain):
        return WHATSAPP, plain
    if plain == address and any(kind.fullmatch(plain) for kind in (E164, SHORT_CODE, NAMED)):
        return SMS, plain
    raise Unreadable(f"The field {field} is no address we know how to read.")


def spelt(channel: str, address: str) -> str:
    """The address as Twilio wants it for `channel`."""
    return PREFIX + address if channel == WHATSAPP else address


def caller(address: str) -> str | None:
    """The number a call came from; None where it is hidden or is no telephone's (a SIP address, a name)."""
    return address if E164.fullmatch(address) and address not in HIDDEN else None


def limits(channel: str, address: str) -> tuple[tuple[int, int], ...]:
    """How fast an account may send, as (count, seconds), by the kind of its number."""
    if channel == WHATSAPP:
        return WHATSAPP_LIMITS
    if SHORT_CODE.fullmatch(address):
        return SHORT_CODE_LIMITS
    return TOLL_FREE_LIMITS if _toll_free(address) else LONG_CODE_LIMITS


def usual_limits(channel: str, address: str) -> tuple[tuple[int, int], ...]:
    """The same, with what is sensible by the hour and the day: what a new account begins with."""
    if channel == WHATSAPP:
        return WHATSAPP_LIMITS + WHATSAPP_VOLUMES
    if SHORT_CODE.fullmatch(address):
        return SHORT_CODE_LIMITS + SHORT_CODE_VOLUMES
    return limits(channel, address) + (TOLL_FREE_VOLUMES if _toll_free(address) else LONG_CODE_VOLUMES)


def _toll_free(address: str) -> bool:
    return address.startswith(TOLL_FREE) and len(address) == 12
