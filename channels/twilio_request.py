"""Twilio's requests to us: whether they are Twilio's, and what stands in them.

What is verified is what is read: both come from the body, by one function. A request is a form; a few products
send JSON, which Twilio signs by a hash of the body in the address.
Source: https://www.twilio.com/docs/usage/security#validating-requests
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterator
from urllib.parse import parse_qs, parse_qsl, urlsplit

from twilio.request_validator import RequestValidator, add_port, remove_port

from channels.base import WebhookRequest
from channels.errors import BadSignature, Unreadable
from channels.twilio_client import tokens

SIGNATURE = "X-Twilio-Signature"
BODY_HASH = "bodySHA256"
MOST_BYTES = 64 * 1024
MOST_FIELDS = 300
MOST_NAME = 120

BROKEN = re.compile("[\x00\ud800-\udfff]")  # what no database keeps: NUL and half characters
NUMBER = re.compile(r"[0-9]{1,6}")
UNNAMEABLE = re.compile("[\x00-\x1f\x7f\ufffd\ud800-\udfff]")


class Fields:
    """The values of a request by name. Each is asked for by what it must be; a wrong one is Unreadable."""

    def __init__(self, values: dict[str, list[object]]) -> None:
        self._values = values

    def text(self, name: str) -> str:
        """What a person wrote, whatever it is; "" where it is missing. Broken characters become U+FFFD."""
        return BROKEN.sub("\ufffd", self._one(name) or "")

    def short(self, name: str, most: int = MOST_NAME) -> str | None:
        """A name or a place that is shown, at most so long; None where there is none."""
        return self.text(name).strip()[:most] or None

    def name(self, name: str, shape: re.Pattern[str] | None = None) -> str:
        """A value that names something and is never mended. Raises Unreadable where it is not of that shape."""
        value = (self._one(name) or "").strip()
        if not value or UNNAMEABLE.search(value) or (shape is not None and not shape.fullmatch(value)):
            raise Unreadable(f"The field {name} is missing or is not what it should be.")
        return value

    def maybe(self, name: str, shape: re.Pattern[str]) -> str | None:
        """A value of that shape; None for anything else: what only adds to a message never keeps it out."""
        try:
            return self.name(name, shape)
        except Unreadable:
            return None

    def number(self, name: str) -> int | None:
        """A whole number of at most six digits; None for anything else."""
        found = self.maybe(name, NUMBER)
        return None if found is None else int(found)

    def has(self, name: str) -> bool:
        """Whether a field is there and not empty."""
        return any(value not in ("", None) for value in self._values.get(name, ()))

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def _one(self, name: str) -> str | None:
        values = set(map(_plain, self._values.get(name, ())))
        if None in values or len(values) > 1:
            raise Unreadable(f"The field {name} is no text, or comes twice.")
        return values.pop() if values else None

    # What Twilio's validator asks of a form: its names, and all values of a name.

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def getlist(self, name: str) -> list[object]:
        """Every value of a name."""
        return self._values[name]


def _plain(value: object) -> str | None:
    """A value as text; None where it is none. JSON may hold numbers and null where a form holds text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else "" if value is None else None


def fields(request: WebhookRequest) -> Fields:
    """Everything in a request. Raises Unreadable where it is neither a form nor a JSON object, or too large."""
    if not request.body.strip():
        raise Unreadable("The body is empty.")
    if len(request.body) > MOST_BYTES:
        raise Unreadable(f"The body has {len(request.body)} bytes; at most {MOST_BYTES} are read.")
    try:
        text = request.body.decode("utf-8")
        return Fields(_object(text) if _is_json(request) else _form(text))
    except (ValueError, RecursionError) as problem:
        raise Unreadable("The body is neither a form nor JSON in UTF-8.") from problem


def verify(request: WebhookRequest, secret: str) -> None:
    """Raise BadSignature unless Twilio signed this request with one of the tokens in force (see `tokens`).

    The algorithm is the one of the auth token, whatever the request says of it. Each comparison takes the same
    time wherever a forgery differs. Under an empty secret nothing is signed.
    """
    given = header(request, SIGNATURE).encode("utf-8", "surrogatepass")
    try:
        signed = _signed(request)
        right = [_matches(token, request.url, signed, given) for token in tokens(secret)]
    except (Unreadable, ValueError, TypeError) as problem:
        raise BadSignature("The request cannot have been signed.") from problem
    if not any(right):
        raise BadSignature("The signature does not fit.")


def header(request: WebhookRequest, name: str) -> str:
    """A header in any case of its name; "" where it is missing."""
    return {each.lower(): value for each, value in request.headers.items()}.get(name.lower(), "")


def _matches(token: str, url: str, signed: Fields | None, given: bytes) -> bool:
    """Twilio signs the address with its port or without it, not always as it was configured: both are right."""
    validator, parts = RequestValidator(token), urlsplit(url)
    spellings = {url, remove_port(parts), add_port(parts)}
    fits = [hmac.compare_digest(validator.compute_signature(spelling, signed).encode(), given)
            for spelling in sorted(spellings)]
    return any(fits)


def _signed(request: WebhookRequest) -> Fields | None:
    """What is signed beside the address: a form's fields; of JSON nothing, as its hash stands in the address.

    Raises ValueError where that hash does not fit, Unreadable where there is no form.
    """
    if not _is_json(request):
        return fields(request)
    claimed = parse_qs(urlsplit(request.url).query).get(BODY_HASH, [""])
    found = RequestValidator("").compute_hash(request.body.decode("utf-8"))
    if len(claimed) != 1 or not hmac.compare_digest(found.encode(), claimed[0].lower().encode()):
        raise ValueError("the body is not the one that was signed")
    return None


def _is_json(request: WebhookRequest) -> bool:
    return header(request, "Content-Type").split(";")[0].strip().lower() == "application/json"


def _object(text: str) -> dict[str, list[object]]:
    values = json.loads(text)
    if not isinstance(values, dict):
        raise ValueError("not an object")
    return {name: [value] for name, value in values.items()}


def _form(text: str) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    for name, value in parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=MOST_FIELDS):
        found.setdefault(name, []).append(value)
    return found
