"""Twilio's own library, pointed at the fake."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client


class _Moved(TwilioHttpClient):
    """The same requests to another host."""

    def __init__(self, address: str, timeout: float) -> None:
        super().__init__(timeout=timeout)
        self._aim = urlsplit(address)
        if self.session is not None:
            self.session.trust_env = False

    def request(self, method: str, url: str, *given: Any, **named: Any) -> Any:
        moved = urlsplit(url)._replace(scheme=self._aim.scheme, netloc=self._aim.netloc)
        return super().request(method, urlunsplit(moved), *given, **named)


def client(address: str, account: str, token: str, *, timeout: float = 10.0) -> Client:
    """The library's client for an account, every request of it sent to `address`."""
    return Client(account, token, http_client=_Moved(address, timeout), environment={"TWILIO_EDGE": ""})
