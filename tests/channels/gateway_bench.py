"""What the tests of gateways share: accounts, requests as gateways make them, and a tiny gateway to be called."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode

from channels.base import AccountSettings, WebhookRequest
from channels.gateway import Gateway
from channels.gateway_signing import SIGNATURE, TIMESTAMP, sign, sign_smsgate
from tests import loopback

DESK, PERSON = "+254700000100", "+447700900523"
KEY = "key of the telephone"
HOOK = "https://desk.example/hooks/gateway/7"
NOW = 1_795_298_400  # 2026-11-21 22:00 UTC
FORM = "application/x-www-form-urlencoded"


def account(secret: str = KEY, address: str = DESK, **options: str) -> AccountSettings:
    """An account at a gateway; options such as `field.user` are given with `__` for the dot."""
    return AccountSettings("sms", address, secret, {name.replace("__", "."): value for name, value in options.items()})


def gateway(secret: str = KEY, address: str = DESK, **options: str) -> Gateway:
    """The channel object of such an account."""
    return Gateway(account(secret, address, **options))


def signed(values: object, url: str = HOOK, *, key: str = KEY, at: int = NOW, style: str = "json") -> WebhookRequest:
    """A request in JSON, signed as our own way or that of the app has it."""
    body = values if isinstance(values, bytes) else json.dumps(values).encode()
    made = sign_smsgate(key, str(at), body) if style == "smsgate" else sign(key, str(at), url, body)
    return WebhookRequest(url, {"Content-Type": "application/json", SIGNATURE: made, TIMESTAMP: str(at)}, {}, body)


def form(values: Mapping[str, str], url: str = HOOK) -> WebhookRequest:
    """A form, as SMSSync posts it."""
    return WebhookRequest(url, {"Content-Type": FORM}, {}, urlencode(values).encode())


@dataclass
class Asked:
    """One call: how, where to, its headers and its body."""

    method: str
    path: str
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> Any:
        """The body read as JSON."""
        return json.loads(self.body)


@dataclass
class TinyGateway:
    """Answers with the next of `answers` (status, body, headers), a word for silence, or takes what comes."""

    url: str = ""
    taken: int = 0
    answers: list[Any] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def next(self) -> Any:
        """What to answer with."""
        if self.answers:
            return self.answers.pop(0)
        self.taken += 1
        return (200, json.dumps({"id": f"GW{self.taken}", "messages": [{"messageId": self.taken}]}), {})


@cache
def everlasting() -> TinyGateway:
    """One tiny gateway for a whole run of tests."""
    tiny = TinyGateway()
    tiny.url = loopback.everlasting(_ear(tiny)) + "/send"
    return tiny


def _ear(tiny: TinyGateway) -> type[loopback.Handler]:
    class Ear(loopback.Handler):
        def do_POST(self) -> None:
            tiny.asked.append(Asked(self.command, self.path, dict(self.headers.items()), self.read().decode()))
            said = tiny.next()
            if isinstance(said, tuple):
                code, text, headers = said
                self.reply(code, text.encode(), headers)

        do_GET = do_PUT = do_POST  # noqa: N815 - the names http.server asks for

    return Ear
