"""Text messages by a gateway of one's own: an Android phone in a drawer, or whatever else speaks HTTP.

What comes is read in one of three ways (`style`), and what leaves goes one of two (`mode`): we call the gateway, or
the telephone fetches. An account is one SIM; a gateway speaks for its own account alone. docs/gateway.md is for
whoever sets one up; `gateway_options` lists what can be set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum
from typing import Protocol
from urllib.parse import urlsplit

from channels import gateway_call, gateway_json, gateway_options, gateway_signing, gateway_smsgate, gateway_smssync
from channels.base import (
    AccountSettings,
    Answer,
    Capabilities,
    DeliveryUpdate,
    InboundMessage,
    OutboundMessage,
    Receipt,
    WebhookRequest,
)
from channels.errors import AccountProblem, BadSignature, Unreachable, Unreadable
from channels.fields import Fields
from channels.gateway_items import Parcel

MOST_CHARACTERS = 1000  # seven text messages of plain letters, fifteen of others: telephones give up somewhere beyond
FRESH_SECONDS = 300  # how far the gateway's clock may be from ours


class Style(Protocol):
    """What each way of speaking knows: the module of its name."""

    def key(self, values: Fields) -> str | None:
        """The gateway's own name of an item. Raises Unreadable."""
        ...

    def items(self, account: AccountSettings, values: Fields) -> list[InboundMessage | DeliveryUpdate]:
        """Everything an item says. Raises Unreadable."""
        ...

    def kept(self) -> Answer:
        """What the gateway hears when its item is kept."""
        ...


STYLES: dict[str, Style] = {"json": gateway_json, "smssync": gateway_smssync, "smsgate": gateway_smsgate}


class Wish(Enum):
    """What a gateway wants of a request of its own."""

    KEEP = "keep"  # a text that came, or what became of one of ours
    FETCH = "fetch"  # what it shall send
    CONFIRM = "confirm"  # it has messages, and asks which of them are its to send
    NEWS = "news"  # of which messages we wait to hear what became of them


class Gateway:
    """One account at a gateway. A repeated send is a second text, unless its options say that the gateway notices."""

    capabilities = Capabilities(
        max_length=MOST_CHARACTERS, address_kind="phone", reports_delivery=True,
        # Android asks the person at the screen, where there is none, once an app sends more than 30 parts a minute
        # (AOSP, SmsUsageMonitor.java); a carrier's own limits for a plan are usually by the hour or the day.
        default_limits=((10, 60), (100, 3600)),
    )
    check_options = staticmethod(gateway_options.check)

    def __init__(self, account: AccountSettings) -> None:
        self._account = account
        self._options = gateway_options.whole(account.options)
        self._style = self._options["style"]
        self._keys = gateway_options.keys(account.secret)
        if self._options["dedupes"]:
            self.capabilities = replace(self.capabilities, idempotent_send=True)

    # sending

    def send(self, message: OutboundMessage) -> Receipt:
        """Hand one message to a gateway that we call. Raises a ChannelError."""
        gateway_call.refuse_misfits(message, self.capabilities.max_length)
        if self._options["mode"] == "collect":
            raise Unreachable("the telephone fetches its messages by itself")
        if self._options["mode"] != "call":
            raise AccountProblem("It is not set how messages leave by this gateway.")
        return gateway_call.send(self._account, self._options, message)

    # being called

    def verify(self, request: WebhookRequest) -> None:
        """Raise BadSignature unless the gateway of this very account made this request."""
        if self._style == "smssync":
            self._shown(request)
        else:
            gateway_signing.verify(request, self._keys, self._style)

    def fresh(self, request: WebhookRequest, now: float) -> bool:
        """Whether a verified request was signed a moment ago, by our clock (`now`: Unix seconds)."""
        if self._style == "smssync":
            return True  # nothing is signed, so nothing is old
        return abs(now - gateway_signing.signed_at(request)) <= FRESH_SECONDS

    def external_key(self, request: WebhookRequest) -> str | None:
        """The gateway's own name of the item, None where it has none."""
        try:
            return self._words.key(self._fields(request))
        except Unreadable:
            return None

    def parse(self, request: WebhookRequest) -> list[InboundMessage | DeliveryUpdate]:
        """Everything the request says, all of it for this account. Raises Unreadable."""
        return self._words.items(self._account, self._fields(request))

    def answer(self, request: WebhookRequest) -> Answer:
        """What the gateway waits for to know that its item is kept."""
        return self._words.kept()

    def without_secret(self, request: WebhookRequest) -> WebhookRequest:
        """The request as it may be kept and shown: SMSSync's address and body hold its secret."""
        if self._style != "smssync":
            return request
        return replace(request, url=request.url.partition("?")[0], body=gateway_smssync.without_secret(request.body))

    def apart(self, request: WebhookRequest) -> list[WebhookRequest]:
        """The same, a request for each message of ours it speaks of: one that nobody knows holds up no other."""
        name = gateway_smssync.RESULTS if self._style == "smssync" else gateway_json.RESULTS
        try:
            values = self._fields(request)
            bodies = values.apart(name) if name in values else []
        except Unreadable:
            bodies = []
        return [replace(request, body=body) for body in bodies] or [request]

    # a telephone that fetches

    def wish(self, request: WebhookRequest, method: str) -> Wish:
        """What is asked for, by the address alone; whether the account allows it is another question."""
        if self._style == "smssync":
            task = gateway_signing.asked(request.url, "task")
            wishes = {"send": Wish.FETCH, "sent": Wish.CONFIRM, "result": Wish.NEWS if method == "GET" else Wish.KEEP}
            return wishes.get(task, Wish.FETCH if method == "GET" else Wish.KEEP)
        path = urlsplit(request.url).path
        return Wish.FETCH if path.endswith("/outbox") else Wish.CONFIRM if path.endswith("/results") else Wish.KEEP

    @property
    def collects(self) -> bool:
        """Whether the telephone fetches what leaves by this account."""
        return self._options["mode"] == "collect"

    @property
    def shows_names_only(self) -> bool:
        """Whether who asks which messages to send proves itself by their names, as SMSSync does."""
        return self._style == "smssync"

    def taken(self, request: WebhookRequest) -> list[str]:
        """The names of messages that the telephone says it has, each once. Raises Unreadable."""
        words = gateway_smssync if self._style == "smssync" else gateway_json
        return list(dict.fromkeys(words.taken(self._fields(request))))

    def reports(self, request: WebhookRequest) -> bool:
        """Whether a request by which the telephone says what it has also says what became of some of it."""
        return self._style != "smssync" and gateway_json.tells_more(self._fields(request))

    def parcels(self, request: WebhookRequest, messages: Sequence[Parcel]) -> Answer:
        """What the telephone shall send, in its own words; it is shown the secret that it has shown."""
        if self._style == "smssync":
            return gateway_smssync.parcels(messages, self._shown(request))
        return gateway_json.parcels(messages)

    def confirmed(self, names: Sequence[str]) -> Answer:
        """Which messages are the telephone's to send."""
        return gateway_smssync.named(names) if self._style == "smssync" else gateway_json.confirmed(names)

    def awaited(self, names: Sequence[str]) -> Answer:
        """Of which messages we wait to hear."""
        return gateway_smssync.named(names)

    @property
    def _words(self) -> Style:
        return STYLES[self._style]

    def _fields(self, request: WebhookRequest) -> Fields:
        return gateway_json.fields(request)

    def _shown(self, request: WebhookRequest) -> str:
        try:
            return gateway_signing.verify_shown(request, self._keys, self._body(request))
        except Unreadable as problem:
            raise BadSignature("The secret does not fit.") from problem

    def _body(self, request: WebhookRequest) -> Fields | None:
        return self._fields(request) if request.body.strip() else None
