"""The simulator's two channels as the desk sees them: SMS, and public posts."""

from __future__ import annotations

from channels.base import (
    AccountSettings,
    Capabilities,
    DeliveryUpdate,
    InboundMessage,
    OutboundMessage,
    Receipt,
    WebhookRequest,
)
from channels.errors import AccountProblem, BadSignature, Rejected
from channels.simulator import payload, signing
from channels.simulator.records import POSTS, SMS, Offer
from channels.simulator.store import Store


class _Simulated:
    """What both channels share. `account.options["path"]` is the file, `account.secret` signs the webhooks."""

    channel: str
    capabilities: Capabilities

    def __init__(self, account: AccountSettings) -> None:
        self._account = account

    def send(self, message: OutboundMessage) -> Receipt:
        """Hand one message to the simulator. Raises whichever ChannelError it is scripted to."""
        path = self._account.options.get("path")
        if not path:
            raise AccountProblem("the account does not say where the simulator's file is")
        self._refuse_misfits(message)
        offer = Offer(self.channel, self._account.address, message.recipient, message.text,
                      message.idempotency_key, message.in_reply_to)
        reports = self.capabilities.reports_delivery
        provider_id = Store(path).take(offer, idempotent=self.capabilities.idempotent_send, reports=reports)
        return Receipt(provider_id, delivered=not reports)

    def _refuse_misfits(self, message: OutboundMessage) -> None:
        if not message.recipient:
            raise Rejected("there is nobody to send it to")
        if len(message.text) > self.capabilities.max_length:
            raise Rejected(f"longer than {self.capabilities.max_length} characters")
        if message.text != payload.mended(message.text):
            raise Rejected("the text holds broken characters")

    def verify(self, request: WebhookRequest) -> None:
        """Raise BadSignature unless the simulator signed this body for this address."""
        given = {name.lower(): value for name, value in request.headers.items()}.get(signing.HEADER.lower(), "")
        if not signing.signed(self._account.secret, request.url, request.body, given):
            raise BadSignature("the signature does not fit")

    def external_key(self, request: WebhookRequest) -> str | None:
        """The message's id; for a status the id and the state; None where the body has none."""
        return payload.name(request.body)

    def parse(self, request: WebhookRequest) -> list[InboundMessage | DeliveryUpdate]:
        """The one thing a webhook says. Raises Unreadable."""
        return [payload.read(self.channel, request.body)]


class SimulatorSms(_Simulated):
    """Text messages between made-up phones. A repeated send is a second message, as with real carriers."""

    channel = SMS
    capabilities = Capabilities(
        max_length=480, address_kind="phone", reports_delivery=True, default_limits=((10, 60), (200, 3600)),
        segmented=True,
    )


class SimulatorPosts(_Simulated):
    """Public posts and answers. A repeated send with the same key changes nothing."""

    channel = POSTS
    capabilities = Capabilities(
        max_length=500, address_kind="mastodon", is_public=True, idempotent_send=True,
        default_limits=((10, 60), (200, 3600)),
    )
