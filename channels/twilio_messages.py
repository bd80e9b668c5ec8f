"""What Twilio tells of messages, read: text messages, messages with files, WhatsApp, and what became of our own. Pure.

Source: https://www.twilio.com/docs/messaging/guides/webhook-request (what a message brings),
https://www.twilio.com/docs/messaging/guides/track-outbound-message-status (statuses of what we sent).
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from channels import twilio_addresses, twilio_errors
from channels.base import DeliveryUpdate, InboundMessage, RemoteFile
from channels.errors import Unreadable
from channels.fields import Fields

MESSAGE_SID = re.compile(r"(?:SM|MM)[0-9a-fA-F]{32}")
MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,60}")
STATUS = re.compile(r"[a-z_]{2,30}")
COORDINATE = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{1,12})?")
UNKNOWN_TYPE = "application/octet-stream"
MOST_FILES = 10  # Twilio's own limit for one message
MOST_URL = 2_000
MOST_PLACE_NAME = 80

ARRIVED = ("received", "receiving")
# Every status proves that Twilio took the message. Delivered is the best that is known: that it was read is not kept.
STATES = {
    **dict.fromkeys(("accepted", "scheduled", "queued", "sending", "sent", "partially_delivered"), "sent"),
    **dict.fromkeys(("delivered", "read"), "delivered"),
    **dict.fromkeys(("undelivered", "failed", "canceled"), "failed"),
}


def is_status(values: Fields) -> bool:
    """Whether a request speaks of something we sent; a message to us has a status, too: received."""
    if values.has("MessageStatus"):
        return values.name("MessageStatus", STATUS) not in ARRIVED
    return values.has("SmsStatus") and values.name("SmsStatus", STATUS) not in ARRIVED


def key(values: Fields) -> str:
    """Twilio's own name of the item: the message's id, for a status with it. Raises Unreadable."""
    own = sid(values)
    return f"{own}:{_status(values)}" if is_status(values) else own


def read(values: Fields, reference: str | None) -> InboundMessage | DeliveryUpdate:
    """The one thing a request says. Raises Unreadable."""
    return _update(values, reference) if is_status(values) else _message(values)


def sid(values: Fields) -> str:
    """The message's id; older configurations name it SmsSid. Raises Unreadable."""
    return values.name("MessageSid" if values.has("MessageSid") else "SmsSid", MESSAGE_SID)


def update(channel: str, address: str, provider_id: str, status: str, code: int | None,
           reference: str | None = None) -> DeliveryUpdate | None:
    """What a status of Twilio's means for something we sent from `address`; None where it says nothing of sending."""
    state = STATES.get(status)
    if state is None:
        return None
    error = twilio_errors.sentence(code) if state == "failed" else None
    gone = state == "failed" and twilio_errors.opted_out(code)
    return DeliveryUpdate(channel, address, provider_id, state, error, reference, gone)


def remote_file(url: str, content_type: str) -> RemoteFile:
    """A reference to a file at the provider. Raises Unreadable where its address is none."""
    try:
        parts = urlsplit(url)
    except ValueError as problem:
        raise Unreadable("The address of a file cannot be read.") from problem
    fine = parts.scheme in ("http", "https") and parts.hostname and not parts.username and url.isprintable()
    if not fine or len(url) > MOST_URL or " " in url:
        raise Unreadable("The address of a file cannot be read.")
    kind = content_type.split(";")[0].strip().lower()
    return RemoteFile(url, kind if MEDIA_TYPE.fullmatch(kind) else UNKNOWN_TYPE)


def _update(values: Fields, reference: str | None) -> DeliveryUpdate:
    channel, address = twilio_addresses.split("From", values.name("From"))
    found = update(channel, address, sid(values), _status(values), values.number("ErrorCode"), reference)
    if found is None:
        raise Unreadable("The status is none that Twilio names.")
    return found


def _message(values: Fields) -> InboundMessage:
    channel, ours = twilio_addresses.split("To", values.name("To"))
    theirs, sender = twilio_addresses.split("From", values.name("From"))
    if theirs != channel:
        raise Unreadable("The two addresses are of different channels.")
    files = _files(values)
    place = _place(values)
    if "Body" not in values and not files and not place:
        raise Unreadable("There is neither text nor file nor place in it.")
    return InboundMessage(
        channel=channel, account_address=ours, external_id=sid(values), sender=sender,
        text=_words(values, place), sender_name=values.short("ProfileName"), place_text=place,
        in_reply_to=values.maybe("OriginalRepliedMessageSid", MESSAGE_SID),  # what a WhatsApp message quotes
        raw=_raw(values), remote_files=files,
    )


def _status(values: Fields) -> str:
    return values.name("MessageStatus" if values.has("MessageStatus") else "SmsStatus", STATUS)


def _words(values: Fields, place: str | None) -> str:
    """What they wrote; a WhatsApp button has its words apart, a place without words speaks for itself."""
    return values.text("Body") or values.text("ButtonText") or place or ""


def _place(values: Fields) -> str | None:
    """Where a WhatsApp location is: its name and address, and always the point."""
    point = [values.maybe(name, COORDINATE) for name in ("Latitude", "Longitude")]
    if None in point:
        return None
    named = [values.short(name, MOST_PLACE_NAME) for name in ("Label", "Address")]
    return " · ".join(each for each in (*named, ", ".join(filter(None, point))) if each)


def _files(values: Fields) -> tuple[RemoteFile, ...]:
    """What is named is taken, whatever NumMedia says."""
    return tuple(remote_file(values.name(f"MediaUrl{n}"), values.text(f"MediaContentType{n}"))
                 for n in range(MOST_FILES) if values.has(f"MediaUrl{n}"))


def _raw(values: Fields) -> dict[str, object]:
    """What no field of the contract holds: how many parts it came in, and whether WhatsApp calls it forwarded."""
    parts = values.number("NumSegments")
    found: dict[str, object] = {} if parts is None else {"parts": parts}
    if "true" in (values.text("Forwarded"), values.text("FrequentlyForwarded")):
        found["forwarded"] = True
    return found
