"""Calls to the central line, by Twilio: a greeting, a recording, and a report for whoever hung up before.

An account's options: `languages`, the desk's, separated by commas; `desk`, its name as it is spoken; its secret
is the auth token, two separated by a comma while one is being replaced. Nobody is answered by voice: answers
leave by another channel, to the same telephone.
"""

from __future__ import annotations

from channels import twilio_call_list, twilio_calls, twilio_media, twilio_request
from channels.base import (
    AccountSettings,
    Answer,
    Capabilities,
    DeliveryUpdate,
    InboundMessage,
    Poll,
    RemoteFile,
    WebhookRequest,
)
from channels.errors import Unreadable
from channels.fields import Fields
from channels.voice_words import spoken

TWIML = "text/xml; charset=utf-8"


class TwilioVoice:
    """Receives calls and their recordings; asks for those that nobody brought."""

    capabilities = Capabilities(max_length=1, address_kind="phone", can_reply=False)

    def __init__(self, account: AccountSettings) -> None:
        self._account = account

    def verify(self, request: WebhookRequest) -> None:
        """Raise BadSignature unless Twilio signed this request for its address."""
        twilio_request.verify(request, self._account.secret)

    def external_key(self, request: WebhookRequest) -> str | None:
        """The call with its status, or with its recording; None where there is none."""
        try:
            return twilio_calls.key(twilio_request.fields(request))
        except Unreadable:
            return None

    def parse(self, request: WebhookRequest) -> list[InboundMessage | DeliveryUpdate]:
        """A recording, a stand-in for one, or nothing: most steps of a call say nothing new. Raises Unreadable."""
        return list(twilio_calls.left_behind(request.url, twilio_request.fields(request)))

    def fetch(self, file: RemoteFile) -> bytes:
        """A recording. Raises a ChannelError."""
        return twilio_media.fetch(self._account, file)

    def answer(self, request: WebhookRequest) -> Answer:
        """What the caller hears next. Never raises: somebody is on the line."""
        try:
            values = twilio_request.fields(request)
        except Unreadable:
            values = Fields({})
        options = self._account.options
        languages = spoken(options.get("languages", "").split(","))
        return Answer(twilio_calls.say_next(request.url, values, languages, options.get("desk") or "Triage"), TWIML)

    def poll(self, cursor: str | None) -> Poll:
        """The calls and recordings Twilio lists since `cursor`, as the webhooks bring them."""
        return twilio_call_list.poll(self._account, cursor)
