"""Twilio's requests to us: whether they are Twilio's, and what stands in them.

What is verified is what is read: both come from the body, by one function. A request is a form; a few products
send JSON, which Twilio signs by a hash of the body in the address.
Source: https://www.twilio.com/docs/usage/security#validating-requests
"""

from __future__ import annotations

import hmac
from urllib.parse import parse_qs, urlsplit

from twilio.request_validator import RequestValidator, add_port, remove_port

from channels.base import WebhookRequest
from channels.errors import BadSignature, Unreadable
from channels.fields import Fields, header, read
from channels.twilio_client import tokens

SIGNATURE = "X-Twilio-Signature"
BODY_HASH = "bodySHA256"


def fields(request: WebhookRequest) -> Fields:
    """Everything in a request. Raises Unreadable where it is neither a form nor a JSON object, or too large."""
    return read(request, is_json=_is_json(request))


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
