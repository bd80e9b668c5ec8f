"""The app "SMS Gateway for Android" (sms-gate.app, Apache-2.0), as its webhooks speak.

Source: https://docs.sms-gate.app/features/webhooks/ and its note of 2026-02-17, since when `sender` and `recipient`
stand beside `phoneNumber`. The id of the event names the item: the app says of `messageId` in what came that it is made
of the content and not unique. The moments are in the telephone's zone, with their offset.
"""

from __future__ import annotations

from channels.base import AccountSettings, Answer, DeliveryUpdate, InboundMessage
from channels.errors import Unreadable
from channels.fields import Fields
from channels.gateway_items import NAME, SENDER, as_json, message, moment, said, update

RECEIVED = "sms:received"
STATES = {"sms:sent": "sent", "sms:delivered": "delivered", "sms:failed": "failed"}
SILENT = ("system:ping", "app:started")  # signs of life: nothing of them is kept but that they came


def key(values: Fields) -> str:
    """The event's id. Raises Unreadable."""
    return values.name("id", NAME)


def items(account: AccountSettings, values: Fields) -> list[InboundMessage | DeliveryUpdate]:
    """The one thing an event says; nothing for a sign of life. Raises Unreadable."""
    event = values.name("event")
    if event in SILENT:
        return []
    told = values.inner("payload")
    if event == RECEIVED:
        return [_message(account, values, told)]
    if event not in STATES:
        raise Unreadable("The event is neither a text nor what became of one of ours.")
    return [update(account, told.name("messageId", NAME), STATES[event], said(told.short("reason")))]


def kept() -> Answer:
    """An event is kept."""
    return as_json({})


def _message(account: AccountSettings, values: Fields, told: Fields) -> InboundMessage:
    if "message" not in told:
        raise Unreadable("There is no text in it.")
    sender = told.name("sender" if told.has("sender") else "phoneNumber", SENDER)
    return message(account, key(values), sender, told.text("message"), moment(told, "receivedAt"))
