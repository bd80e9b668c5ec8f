"""SMSSync, Ushahidi's app, as it speaks: a form for each text, tasks it asks for, and what became of them.

Source: https://smssync.ushahidi.com/developers/ and the app's own code (PostMessage.java, ProcessMessageResult.java,
MessageHttpClient.java), which differs from it in four things that are met here:

- `sent_to` is the sender's number again, so it is not believed;
- `sent_timestamp` is in milliseconds;
- `task=sent`, by which the app says that it has messages and asks which of them to send, carries no secret. So our
  names of messages are such that nobody can guess them: whoever shows one was given it;
- `message_result` is a text that holds JSON.

The app sends only what the answer to `task=sent` names, where its Message Results API is switched on.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import unquote_plus

from channels.base import AccountSettings, Answer, DeliveryUpdate, InboundMessage
from channels.errors import Unreadable
from channels.fields import Fields
from channels.gateway_items import NAME, SENDER, Parcel, as_json, joined, message, moment, update

SENT, RESULTS = "queued_messages", "message_result"
SECRET = "secret"  # noqa: S105 - the name of its field
# Android's own codes: https://developer.android.com/reference/android/telephony/SmsManager#constants_1
REASONS = {
    1: "The telephone could not send it: often there is no credit left.",
    2: "The telephone's radio is switched off.",
    4: "The telephone has no network.",
    5: "The telephone sends no more for now: too many messages.",
}
NOT_SENT = "The telephone could not send it."


def key(values: Fields) -> str | None:
    """The app's own name of the item; None where it has none. Raises Unreadable."""
    if RESULTS in values:
        reports = values.each(RESULTS)
        return joined([f"{each.name('uuid', NAME)}:{_state(each)}" for each in reports]) if reports else None
    return values.name("message_id", NAME) if values.has("message_id") else None


def items(account: AccountSettings, values: Fields) -> list[InboundMessage | DeliveryUpdate]:
    """Everything a request says. Raises Unreadable."""
    if RESULTS in values:
        told = [(each.name("uuid", NAME), _state(each), each) for each in values.each(RESULTS)]
        return [update(account, name, state, _reason(each)) for name, state, each in told if state is not None]
    if "message" not in values:
        raise Unreadable("There is no text in it.")
    own_id = values.name("message_id", NAME) if values.has("message_id") else None
    sent_at = moment(values, "sent_timestamp")
    return [message(account, own_id, values.name("from", SENDER), values.text("message"), sent_at)]


def taken(values: Fields) -> list[str]:
    """The names of messages that the app has and asks about. Raises Unreadable."""
    return values.names(SENT)


def without_secret(body: bytes) -> bytes:
    """The same body without the secret that the app shows in it."""
    if body.lstrip()[:1] != b"{":
        return b"&".join(pair for pair in body.split(b"&") if unquote_plus(pair.partition(b"=")[0].decode()) != SECRET)
    values = json.loads(body)
    return json.dumps({name: value for name, value in values.items() if name != SECRET}).encode()


def kept() -> Answer:
    """The app forgets a text only when it hears exactly this."""
    return as_json({"payload": {"success": True, "error": None}})


def parcels(messages: Sequence[Parcel], secret: str) -> Answer:
    """What the app shall send; it looks whether we know its secret, too."""
    told = [{"to": each.recipient, "message": each.text, "uuid": each.name} for each in messages]
    return as_json({"payload": {"task": "send", "secret": secret, "messages": told}})


def named(names: Sequence[str]) -> Answer:
    """Messages by name: those that are the app's to send, or whose fate we wait for."""
    return as_json({"message_uuids": list(names)})


def _state(values: Fields) -> str | None:
    """Delivered says more than sent; -1 says nothing."""
    delivered, sent = values.number("delivered_result_code"), values.number("sent_result_code")
    if delivered == 0:
        return "delivered"
    return {None: None, 0: "sent"}.get(sent, "failed")


def _reason(values: Fields) -> str:
    return REASONS.get(values.number("sent_result_code") or 0, NOT_SENT)
