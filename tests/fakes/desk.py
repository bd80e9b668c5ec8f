"""What the tests of the desk's own adapters share: accounts at the fake, and its requests as the desk reads them."""

from __future__ import annotations

from channels.base import AccountSettings, OutboundMessage, RemoteFile, WebhookRequest
from tests.fakes.conftest import Bench
from tests.fakes.listener import Call

REFERENCE = "delivery-7"
HURRIED = "0.5"  # seconds that whoever expects no answer waits for one


def account(bench: Bench, channel: str = "sms", **options: str) -> AccountSettings:
    """The bench's number as an account of the desk, which is told at `/status` what became of its messages."""
    usual = {"account_sid": bench.twilio.account, "api_base": bench.twilio.address,
             "callback_url": f"{bench.listener.url}/status"}
    return AccountSettings(channel, bench.ours, bench.twilio.token, {**usual, **options})


def outbound(bench: Bench, text: str = "Asante. Kuna mtu aliyeumia?", *files: str) -> OutboundMessage:
    """An answer to the bench's person."""
    media = tuple(RemoteFile(url, "image/png") for url in files)
    return OutboundMessage(bench.theirs, text, REFERENCE, media=media)


def came(bench: Bench, call: Call) -> WebhookRequest:
    """A request of the fake as the desk's web layer hands it on: its address from the settings, its body as it came."""
    return WebhookRequest(bench.listener.url + call.path, call.headers, {}, call.body.encode())
