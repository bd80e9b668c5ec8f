"""The channel contract: frozen dataclasses, capabilities and three protocols. Adapters know nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Attachment:
    """A file that came with a message, still in memory."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class InboundMessage:
    """One utterance of a person outside, in the words every channel shares.

    `channel` is the word of the glossary (`sms`, `mastodon`, `web`, ...), `account_address` ours,
    `sender` theirs in the provider's own spelling. `external_id` is the provider's id of the
    message, None where it has none. `thread_key` is set only where the channel knows the thread
    better than the sender does (a mail thread, a root post, a web form's token).
    """

    channel: str
    account_address: str
    external_id: str | None
    sender: str | None
    text: str
    sender_name: str | None = None
    sent_at: datetime | None = None
    thread_key: str | None = None
    in_reply_to: str | None = None
    repost_of: str | None = None
    place_text: str | None = None
    reply_to: str | None = None  # another address where the person allowed an answer (E.164 or e-mail)
    language: str | None = None
    urgent: bool = False
    attachments: Sequence[Attachment] = ()
    raw: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class DeliveryUpdate:
    """What the provider says later about something we sent: `state` is sent, delivered or failed."""

    channel: str
    account_address: str
    provider_id: str
    state: str
    error: str | None = None


@dataclass(frozen=True)
class OutboundMessage:
    """What a sender must send: one recipient, one text, one key that names this message for ever."""

    recipient: str
    text: str
    idempotency_key: str
    in_reply_to: str | None = None
    visibility: str = "private"


@dataclass(frozen=True)
class Receipt:
    """The provider's acceptance. `delivered` is true where acceptance already is delivery."""

    provider_id: str
    delivered: bool = False


@dataclass(frozen=True)
class Poll:
    """What a poller found, and the cursor to store with it in one transaction."""

    items: Sequence[InboundMessage | DeliveryUpdate]
    cursor: str | None


@dataclass(frozen=True)
class WebhookRequest:
    """A request to one of our hooks; `url` is built from the configured public address, never from headers."""

    url: str
    headers: Mapping[str, str]
    form: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class AccountSettings:
    """One account as an adapter sees it: its address, its secret in clear, its provider's own options."""

    channel: str
    address: str
    secret: str
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Capabilities:
    """What the domain may ask of a channel instead of its name.

    `max_length` is in characters of one message; `default_limits` are (count, seconds) windows per
    account; `address_kind` is the kind of contact an address of this channel is.
    """

    max_length: int
    address_kind: str
    can_reply: bool = True
    is_public: bool = False
    attachments: bool = False
    idempotent_send: bool = False
    reports_delivery: bool = False
    needs_account: bool = True
    default_limits: tuple[tuple[int, int], ...] = ()


class Channel(Protocol):
    """What every adapter has."""

    capabilities: Capabilities


@runtime_checkable
class Sender(Protocol):
    """A channel that can send."""

    capabilities: Capabilities

    def send(self, message: OutboundMessage) -> Receipt:
        """Send once. Raises a ChannelError; a Receipt means the provider accepted."""
        ...


@runtime_checkable
class WebhookReceiver(Protocol):
    """A channel the provider calls. `parse` is pure; `external_key` names the raw item."""

    capabilities: Capabilities

    def verify(self, request: WebhookRequest) -> None:
        """Raise BadSignature unless the provider signed this request."""
        ...

    def external_key(self, request: WebhookRequest) -> str | None:
        """The provider's own name of this item (message id; callbacks id + status), None where it has none."""
        ...

    def parse(self, request: WebhookRequest) -> list[InboundMessage | DeliveryUpdate]:
        """Everything the request says. Raises Unreadable."""
        ...


@runtime_checkable
class Poller(Protocol):
    """A channel we ask."""

    capabilities: Capabilities

    def poll(self, cursor: str | None) -> Poll:
        """What has come since `cursor`."""
        ...
