"""The channel contract: frozen dataclasses, capabilities and a few protocols. Adapters know nothing else."""

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
class RemoteFile:
    """A file that still lies with the provider: a worker fetches it later, by the account's credentials.

    The address comes from outside: whoever fetches asks only hosts that are known to be the provider's.
    """

    url: str
    content_type: str


@dataclass(frozen=True)
class StandIn:
    """Says that a message is worth keeping only where nothing better comes.

    It is read `seconds` after it arrived, and dropped if by then there is a message of the same channel whose
    external id begins with `of`. (A call that ended says "no words were left"; the words themselves come by
    another request, before or after, and nobody who reads one request can know of the other.)
    """

    of: str
    seconds: float


@dataclass(frozen=True)
class InboundMessage:
    """One utterance of a person outside, in the words every channel shares.

    `channel` is the word of the glossary (`sms`, `mastodon`, `web`, ...), `account_address` ours,
    `sender` theirs in the provider's own spelling. `external_id` is the provider's id of the
    message, None where it has none. `thread_key` is set only where the channel knows the thread
    better than the sender does (a mail thread, a root post, a web form's token, the call of somebody who
    hides their number). `remote_files` are to be fetched, `attachments` are here.
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
    remote_files: Sequence[RemoteFile] = ()
    stand_in: StandIn | None = None


@dataclass(frozen=True)
class DeliveryUpdate:
    """What the provider says later about something we sent: `state` is sent, delivered or failed.

    `reference` is our own name of what was sent (its idempotency key), where the provider hands it back: with
    it an acceptance is known even if its answer was lost. `opted_out`: it failed because the person has told
    the provider that nobody shall write to them from our address.
    """

    channel: str
    account_address: str
    provider_id: str
    state: str
    error: str | None = None
    reference: str | None = None
    opted_out: bool = False


@dataclass(frozen=True)
class OutboundMessage:
    """What a sender must send: one recipient, one text, one key that names this message for ever.

    `media` are files the provider fetches from their public addresses, where it can (`Capabilities.attachments`).
    """

    recipient: str
    text: str
    idempotency_key: str
    in_reply_to: str | None = None
    visibility: str = "private"
    media: Sequence[RemoteFile] = ()


@dataclass(frozen=True)
class Receipt:
    """The provider's acceptance. `delivered` is true where acceptance already is delivery."""

    provider_id: str
    delivered: bool = False


@dataclass(frozen=True)
class Found:
    """A message the provider took from us. `same_text` is None where it does not keep the words."""

    provider_id: str
    same_text: bool | None
    created_at: datetime


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
class Answer:
    """What the provider hears to a request of its own, where it expects more than "kept"."""

    body: str
    content_type: str


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
    account; `address_kind` is the kind of contact an address of this channel is. `reconciles`: the provider can
    be asked what it took from us (`Reconciler`). `answer_within`: free answers are possible only within so many
    seconds of the person's last message; None: at any time.
    `segmented`: what is sent is cut into parts as text messages are (`channels.segments`), and each is paid for.
    `default_rule` is the sender rule where the desk has not chosen one.
    """

    max_length: int
    address_kind: str
    can_reply: bool = True
    is_public: bool = False
    attachments: bool = False
    idempotent_send: bool = False
    reports_delivery: bool = False
    reconciles: bool = False
    needs_account: bool = True
    default_limits: tuple[tuple[int, int], ...] = ()
    answer_within: int | None = None
    segmented: bool = False
    default_rule: str = "holder"


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
class Answerer(Protocol):
    """A receiver whose provider waits for an answer: what to say to a caller next."""

    def answer(self, request: WebhookRequest) -> Answer:
        """The answer to a request that was verified. Pure; never raises: somebody is on the line."""
        ...


@runtime_checkable
class Fetcher(Protocol):
    """A channel whose messages bring files that lie with the provider."""

    def fetch(self, file: RemoteFile) -> bytes:
        """The bytes of a file, by the account's credentials. Raises a ChannelError; FileRefused: never again."""
        ...


@runtime_checkable
class Poller(Protocol):
    """A channel we ask."""

    capabilities: Capabilities

    def poll(self, cursor: str | None) -> Poll:
        """What has come since `cursor`."""
        ...


@runtime_checkable
class Reconciler(Protocol):
    """A sender whose provider can be asked what it took from us: for a send whose answer was lost."""

    capabilities: Capabilities

    def find(self, message: OutboundMessage, since: datetime, until: datetime) -> Sequence[Found]:
        """What it took for this person between two moments of our clock, newest first, without what has other words."""
        ...

    def check(self, provider_id: str) -> DeliveryUpdate:
        """What has become of one message. Raises a ChannelError."""
        ...
