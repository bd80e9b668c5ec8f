"""Text messages, messages with files, and WhatsApp, by Twilio.

An account's options: `account_sid`; `callback_url`, where Twilio shall report what became of a message (left
out where nobody can reach the desk: then `check` and `poll` ask); `api_base`. Its secret is the auth token, two
separated by a comma while one is being replaced. One receiver reads what comes for both channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from twilio.base import values
from twilio.twiml.messaging_response import MessagingResponse

from channels import (
    twilio_addresses,
    twilio_client,
    twilio_errors,
    twilio_list,
    twilio_media,
    twilio_messages,
    twilio_request,
)
from channels.base import (
    AccountSettings,
    Answer,
    Capabilities,
    DeliveryUpdate,
    Found,
    InboundMessage,
    OutboundMessage,
    Poll,
    Receipt,
    RemoteFile,
    WebhookRequest,
)
from channels.errors import ChannelError, OutcomeUnknown, Rejected, Unreadable
from channels.fields import BROKEN
from channels.twilio_addresses import E164, SHORT_CODE, SMS, WHATSAPP

TWIML = "text/xml; charset=utf-8"
MOST_CHARACTERS = 1600  # https://www.twilio.com/docs/api/errors/21617
# WhatsApp's customer service window: https://www.twilio.com/docs/whatsapp/key-concepts
WINDOW_SECONDS = 24 * 3600


class _TwilioMessages:
    """What both channels share."""

    channel: str
    most_files: int
    capabilities: Capabilities

    def __init__(self, account: AccountSettings) -> None:
        self._account = account

    def send(self, message: OutboundMessage) -> Receipt:
        """Hand one message to Twilio. Raises a ChannelError; OptedOut where the person said STOP to our number."""
        self._refuse_misfits(message)
        wire = twilio_client.wire(self._account)
        client = twilio_client.client(self._account, wire)
        try:
            made = client.messages.create(**self._order(message))
        except ChannelError:
            raise
        except Exception as problem:  # Twilio said yes, and the library cannot read how
            raise OutcomeUnknown("Twilio took it, but its answer cannot be read.") from problem
        return self._receipt(made.sid, made.account_sid, made.status, made.error_code)

    def verify(self, request: WebhookRequest) -> None:
        """Raise BadSignature unless Twilio signed this request for its address."""
        twilio_request.verify(request, self._account.secret)

    def external_key(self, request: WebhookRequest) -> str | None:
        """The message's id; for a status the id and the status; None where there is none."""
        try:
            return twilio_messages.key(twilio_request.fields(request))
        except Unreadable:
            return None

    def parse(self, request: WebhookRequest) -> list[InboundMessage | DeliveryUpdate]:
        """The one thing a webhook says, of either channel. Raises Unreadable."""
        return [twilio_messages.read(twilio_request.fields(request), twilio_client.reference(request.url))]

    def answer(self, request: WebhookRequest) -> Answer:
        """Nothing to say: what answers there are leave by the outbox."""
        return Answer(str(MessagingResponse()), TWIML)

    def poll(self, cursor: str | None) -> Poll:
        """What Twilio lists since `cursor`: messages as the webhooks bring them, and what became of ours."""
        return twilio_list.poll(self._account, self.channel, cursor)

    def find(self, message: OutboundMessage, since: datetime, until: datetime) -> Sequence[Found]:
        """What Twilio took from us for this person between two moments, for a send whose outcome is in doubt."""
        return twilio_list.find(self._account, self.channel, message, since, until)

    def fetch(self, file: RemoteFile) -> bytes:
        """A picture or another file of a message. Raises a ChannelError."""
        return twilio_media.fetch(self._account, file)

    def check(self, provider_id: str) -> DeliveryUpdate:
        """What has become of a message we sent. Raises a ChannelError."""
        return twilio_list.check(self._account, self.channel, provider_id)

    def _refuse_misfits(self, message: OutboundMessage) -> None:
        """What Twilio would refuse, or bill, or mend, is refused here. The reason quotes nothing."""
        shapes = (E164,) if self.channel == WHATSAPP else (E164, SHORT_CODE)
        if not any(shape.fullmatch(message.recipient) for shape in shapes):
            raise Rejected("This is not a telephone number that can be written to.")
        if not message.text.strip() and not message.media:
            raise Rejected("There is nothing to send: neither text nor file.")
        if len(message.text) > self.capabilities.max_length:
            raise Rejected(f"The text is longer than {self.capabilities.max_length} characters.")
        if BROKEN.search(message.text):
            raise Rejected("The text holds broken characters.")
        if len(message.media) > self.most_files:
            raise Rejected(f"One message carries at most {self.most_files} files.")

    def _order(self, message: OutboundMessage) -> dict[str, object]:
        """The parameters of the library's call."""
        callback = self._account.options.get("callback_url")
        return {
            "to": twilio_addresses.spelt(self.channel, message.recipient),
            "from_": twilio_addresses.spelt(self.channel, self._account.address),
            "body": message.text or values.unset,
            "media_url": [file.url for file in message.media] or values.unset,
            "status_callback":
                twilio_client.status_callback(callback, message.idempotency_key) if callback else values.unset,
        }

    def _receipt(self, sid: object, owner: object, status: object, code: object) -> Receipt:
        """Twilio's yes, taken at its word only where it names a message of our account."""
        if status in ("failed", "undelivered", "canceled"):
            raise twilio_errors.told(code if isinstance(code, int) else None, Rejected("Twilio did not send it."))
        ours = owner in (None, self._account.options.get("account_sid"))
        if not isinstance(sid, str) or not twilio_messages.MESSAGE_SID.fullmatch(sid) or not ours:
            raise OutcomeUnknown("Twilio took it, but its answer names no message of ours.")
        return Receipt(sid)


class TwilioSms(_TwilioMessages):
    """Text messages and messages with files. A repeated send is a second message."""

    channel = SMS
    most_files = 10
    capabilities = Capabilities(
        max_length=MOST_CHARACTERS, address_kind="phone", attachments=True, reports_delivery=True, reconciles=True,
        default_limits=twilio_addresses.LONG_CODE_LIMITS, segmented=True,
    )


class TwilioWhatsApp(_TwilioMessages):
    """WhatsApp messages: free words only within a day of the person's last message; one file each."""

    channel = WHATSAPP
    most_files = 1  # https://www.twilio.com/docs/whatsapp/guidance-whatsapp-media-messages
    capabilities = Capabilities(
        max_length=MOST_CHARACTERS, address_kind="phone", attachments=True, reports_delivery=True, reconciles=True,
        default_limits=twilio_addresses.WHATSAPP_LIMITS, answer_within=WINDOW_SECONDS, default_rule="arrival",
    )
