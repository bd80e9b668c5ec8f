"""What the tests of Twilio share: accounts, requests as Twilio signs them, and a tiny Twilio on loopback."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from twilio.request_validator import RequestValidator

from channels.base import AccountSettings, WebhookRequest
from tests import loopback

SID = "AC" + "0a" * 16
TOKEN = "1b" * 16
MESSAGE = "SM" + "2c" * 16
CALL = "CA" + "3d" * 16
RECORDING = "RE" + "4e" * 16
DESK, PERSON = "+254700000100", "+447700900523"
SMS_URL = "https://desk.example/hooks/twilio/sms"
STATUS_URL = "https://desk.example/hooks/twilio/status"
VOICE_URL = "https://desk.example/hooks/twilio/voice"
FORM = "application/x-www-form-urlencoded"

Pairs = list[tuple[str, str]]


def account(channel: str = "sms", address: str = DESK, secret: str = TOKEN, **options: str) -> AccountSettings:
    """An account at Twilio, as the desk would make it."""
    return AccountSettings(channel, address, secret, {"account_sid": SID, **options})


def form(url: str, values: Mapping[str, str] | Pairs, token: str = TOKEN,
         signed_url: str | None = None) -> WebhookRequest:
    """A form that Twilio signed, by its own library."""
    pairs = list(values.items()) if isinstance(values, Mapping) else values
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    signature = RequestValidator(token).compute_signature(signed_url or url, _Lists(grouped))
    body = urlencode(pairs, errors="surrogatepass").encode()
    return WebhookRequest(url, {"Content-Type": FORM, "X-Twilio-Signature": signature}, {}, body)


class _Lists(dict[str, list[str]]):
    def getlist(self, name: str) -> list[str]:
        """Every value of a name, as web frameworks have it."""
        return self[name]


def unsigned(url: str, values: Mapping[str, str]) -> WebhookRequest:
    """A form nobody needs to verify."""
    return WebhookRequest(url, {"Content-Type": FORM}, {}, urlencode(values, errors="surrogatepass").encode())


def sms(**changes: str) -> dict[str, str]:
    """A text message as Twilio brings it."""
    return {"ToCountry": "KE", "SmsMessageSid": MESSAGE, "NumMedia": "0", "SmsSid": MESSAGE, "SmsStatus": "received",
            "Body": "Vituo havijafunguliwa", "To": DESK, "NumSegments": "1", "MessageSid": MESSAGE,
            "AccountSid": SID, "From": PERSON, "ApiVersion": "2010-04-01", **changes}


def status(word: str, **changes: str) -> dict[str, str]:
    """What became of a message of ours, as Twilio brings it."""
    return {"SmsSid": MESSAGE, "SmsStatus": word, "MessageStatus": word, "To": PERSON, "From": DESK,
            "MessageSid": MESSAGE, "AccountSid": SID, "ApiVersion": "2010-04-01", **changes}


def call(word: str = "ringing", **changes: str) -> dict[str, str]:
    """A step of a call, as Twilio brings it."""
    return {"AccountSid": SID, "CallSid": CALL, "CallStatus": word, "From": PERSON, "To": DESK, "Caller": PERSON,
            "Called": DESK, "Direction": "inbound", "ApiVersion": "2010-04-01", **changes}


def accepted(**changes: object) -> dict[str, object]:
    """Twilio's yes to a new message."""
    return {"sid": MESSAGE, "account_sid": SID, "status": "queued", "error_code": None, "num_segments": "1",
            "date_created": "Sat, 21 Nov 2026 18:00:00 +0000", **changes}


@dataclass(frozen=True)
class Asked:
    """One request that came: its form or query by name, each with all its values."""

    method: str
    path: str
    values: dict[str, list[str]]
    headers: dict[str, str]


@dataclass
class TinyTwilio:
    """Answers each request with the next of `answers`: (status, body, headers), or a word for what goes wrong.

    `hangs up`: no answer. `silent`: none for a second. `cut`: an answer that ends in its middle. With no answer
    left it takes a message, if it is `willing`; `taken` counts those.
    """

    willing: bool = False
    taken: int = 0
    url: str = ""
    answers: list[Any] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def next(self) -> Any:
        """What to answer with."""
        if self.answers:
            return self.answers.pop(0)
        if not self.willing:
            return (500, "no answer was scripted", {})
        self.taken += 1
        return (201, json.dumps(accepted(sid=f"SM{self.taken:032x}")), {})

    def says(self, code: int, body: object = "", headers: Mapping[str, str] | None = None) -> None:
        """The next answer; what is no text is sent as JSON."""
        self.answers.append((code, body if isinstance(body, str) else json.dumps(body), dict(headers or {})))


@contextmanager
def opened() -> Iterator[TinyTwilio]:
    """A tiny Twilio on a free port."""
    tiny = TinyTwilio()
    with loopback.serving(_desk(tiny)) as tiny.url:
        yield tiny


@cache
def everlasting() -> TinyTwilio:
    """One tiny Twilio for a whole run of tests, that takes every message."""
    tiny = TinyTwilio(willing=True)
    tiny.url = loopback.everlasting(_desk(tiny))
    return tiny


def _answer(request: loopback.Handler, what: Any) -> None:
    """Answer one request, or spoil it."""
    if what == "silent":
        time.sleep(1)
    if what == "cut":
        request.wfile.write(b"HTTP/1.1 201 Created\r\nContent-Length: 900\r\n\r\n{\"sid\":")
    if isinstance(what, tuple):
        code, body, headers = what
        request.reply(code, body.encode(), headers)


def _desk(tiny: TinyTwilio) -> type[loopback.Handler]:
    """Notes each request for `tiny`, and answers as it says."""

    class Desk(loopback.Handler):
        def do_POST(self) -> None:
            self._note(self.read().decode())

        def do_GET(self) -> None:
            self._note(urlsplit(self.path).query)

        def _note(self, text: str) -> None:
            values: dict[str, list[str]] = {}
            for name, value in parse_qsl(text, keep_blank_values=True):
                values.setdefault(name, []).append(value)
            tiny.asked.append(Asked(self.command, urlsplit(self.path).path, values, dict(self.headers.items())))
            _answer(self, tiny.next())

    return Desk
