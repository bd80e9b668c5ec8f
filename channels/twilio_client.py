"""Twilio's own library, its requests sent by us: with time-outs, to a configurable host, never repeated by itself.

The library's client has no time-out, and logs addresses; ours does neither. What an answer means is said by
`channels.twilio_errors`: a ChannelError passes through the library as it is.
"""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import requests
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from channels import http, twilio_errors
from channels.base import AccountSettings
from channels.errors import AccountProblem, OutcomeUnknown, Unreachable

API_BASE = "https://api.twilio.com"
MOST_BYTES = 8 * 1024 * 1024  # of an answer: a page of 1,000 messages has about one megabyte
SID = re.compile(r"AC[0-9a-fA-F]{32}")
MOST_REFERENCE = 100
REFERENCE, END = "ref", "."


class Wire(HttpClient):  # type: ignore[misc]  # the library ships no types
    """How the library reaches Twilio: by a session of ours, at `base` instead of Twilio's own host.

    `answered_at` is Twilio's clock at the last answer, None before the first or where it was not said.
    """

    def __init__(self, base: str, *, connect: float = http.CONNECT_SECONDS, read: float = http.READ_SECONDS) -> None:
        super().__init__(logging.getLogger("twilio.http_client"), False, None)
        self._base = urlsplit(base)
        self._session = http.session(connect=connect, read=read)
        self.answered_at: datetime | None = None

    def request(self, method: str, url: str, **asked: Any) -> Any:
        """Ask once. Raises the ChannelError that the answer, or none, means."""
        asking = method.upper() == "GET"
        try:
            response = self._session.request(
                method, self._moved(url), params=asked.get("params"), data=asked.get("data"),
                headers=asked.get("headers"), auth=asked.get("auth"), allow_redirects=False, stream=True)
            text = _read(response)
        except requests.RequestException as problem:
            silence = http.silence(problem)
            raise Unreachable(str(silence)) if asking and isinstance(silence, OutcomeUnknown) else silence from problem
        error = twilio_errors.refusal(response, text, asking=asking)
        if error is not None:
            raise error
        self.answered_at = _moment(response.headers.get("Date", ""))
        return Response(response.status_code, text, response.headers)

    def _moved(self, url: str) -> str:
        """The same address at the configured host; its path keeps whatever stands before ours there."""
        parts = urlsplit(url)
        path = self._base.path.rstrip("/") + parts.path
        return urlunsplit((self._base.scheme, self._base.netloc, path, parts.query, ""))


def wire(account: AccountSettings) -> Wire:
    """A way to Twilio for an account: `options["api_base"]` where it is given, and its time-outs in seconds."""
    options = account.options
    return Wire(options.get("api_base") or API_BASE,
                connect=float(options.get("connect_seconds") or http.CONNECT_SECONDS),
                read=float(options.get("read_seconds") or http.READ_SECONDS))


def client(account: AccountSettings, by: Wire) -> Client:
    """The library's client for an account. Raises AccountProblem where it cannot have credentials.

    `options["account_sid"]` is the Twilio account, the first token of the secret its token.
    """
    sid, token = account.options.get("account_sid", ""), tokens(account.secret)[:1]
    if not SID.fullmatch(sid) or not token or not token[0].isascii():
        raise AccountProblem("The account has no Twilio account SID, or no token.")
    # An environment that is not empty: else the library would look for a region in the process's own.
    return Client(sid, token[0], http_client=by, environment={"TWILIO_EDGE": ""})


def tokens(secret: str) -> tuple[str, ...]:
    """The tokens in force, separated by commas: two while one is being replaced, the one to send with first."""
    return tuple(token for token in secret.split(",") if token)


def status_callback(base: str, reference: str) -> str:
    """Where Twilio shall report what became of a message: `base` with our own name of the message in its query.

    So a callback proves an acceptance whose answer was lost. Twilio signs the whole address, query included; but it
    signs names and values without borders, so whoever has caught a callback could cut the end of the address off:
    the end of a name is marked.
    """
    parts = urlsplit(base)
    query = "&".join(filter(None, (parts.query, urlencode({REFERENCE: reference + END}))))
    return urlunsplit(parts._replace(query=query))


def reference(url: str) -> str | None:
    """The name that `status_callback` put into an address; None where there is none that could be ours."""
    found = asked(url, REFERENCE) or ""
    return found.removesuffix(END) or None if found.endswith(END) else None


def asked(url: str, name: str) -> str | None:
    """One value of an address's query; None where it is missing, doubled, too long or not printable. Never raises."""
    try:
        values = parse_qs(urlsplit(url).query, max_num_fields=20).get(name, [])
    except ValueError:
        return None
    value = values[0] if len(values) == 1 else ""
    return value if 0 < len(value) <= MOST_REFERENCE and value.isprintable() else None


def _read(response: requests.Response) -> str:
    """An answer's body, which is JSON in UTF-8. Raises RequestException where it ends too early or never."""
    with response:
        body = bytearray()
        for piece in response.iter_content(64 * 1024):
            body += piece
            if len(body) > MOST_BYTES:
                raise requests.exceptions.ContentDecodingError("the answer does not end")
    return body.decode("utf-8", "replace")


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None
