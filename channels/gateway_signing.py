"""Whether a request is a gateway's own, in the three ways gateways can show it.

- `json`, our own: `X-Timestamp` (Unix seconds) and `X-Signature`, the HMAC-SHA-256 in hex over
  timestamp + "." + address + "." + body. The address is the one the accounts page shows, with its query: what was
  signed for one account or one purpose is worth nothing for another.
- `smsgate`: the app "SMS Gateway for Android" signs body + timestamp, with headers of the same names.
  Source: https://docs.sms-gate.app/features/webhooks/#payload-signing, and PayloadSingingPlugin.kt of the app, which
  signs anew with every try. The timestamp has ten digits, always, so that it cannot borrow any from the body.
- `smssync`: the app shows its key itself, in the body or in the query. Worth as much as the https around it.

How old a signature may be is for whoever has a clock: see `signed_at`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from urllib.parse import parse_qs, urlsplit

from channels.base import WebhookRequest
from channels.errors import BadSignature
from channels.fields import Fields, header

SIGNATURE, TIMESTAMP = "X-Signature", "X-Timestamp"
SECONDS = re.compile(r"[0-9]{10}")


def sign(key: str, timestamp: str, url: str, body: bytes) -> str:
    """Our own signature of a request, as 64 hex digits."""
    return _hmac(key, f"{timestamp}.{url}.".encode("utf-8", "surrogatepass") + body)


def sign_smsgate(key: str, timestamp: str, body: bytes) -> str:
    """The signature the app "SMS Gateway for Android" makes."""
    return _hmac(key, body + timestamp.encode())


def verify(request: WebhookRequest, keys: tuple[str, ...], style: str) -> None:
    """Raise BadSignature unless one of the keys signed this request. Without a key nothing is signed."""
    timestamp = _timestamp(request)
    given = header(request, SIGNATURE).encode("utf-8", "surrogatepass")
    if style == "smsgate":
        right = [sign_smsgate(key, timestamp, request.body) for key in keys]
    else:
        right = [sign(key, timestamp, request.url, request.body) for key in keys]
    if not any([hmac.compare_digest(each.encode(), given) for each in right]):  # noqa: C419 - each takes its time
        raise BadSignature("The signature does not fit.")


def verify_shown(request: WebhookRequest, keys: tuple[str, ...], fields: Fields | None) -> str:
    """The key that was shown in the query or the body. Raises BadSignature unless it is one of ours."""
    given = _shown(request, fields).encode("utf-8", "surrogatepass")
    right = [hmac.compare_digest(key.encode("utf-8", "surrogatepass"), given) for key in keys]
    if not any(right):
        raise BadSignature("The secret does not fit.")
    return keys[right.index(True)]


def signed_at(request: WebhookRequest) -> int:
    """When a request was signed, in Unix seconds by the clock of the gateway. Raises BadSignature."""
    return int(_timestamp(request))


def asked(url: str, name: str) -> str:
    """One value of an address's query, "" where it is missing or comes twice. Never raises."""
    try:
        values = parse_qs(urlsplit(url).query, max_num_fields=20, errors="replace").get(name, [])
    except ValueError:
        return ""
    return values[0] if len(values) == 1 else ""


def _shown(request: WebhookRequest, fields: Fields | None) -> str:
    in_query = asked(request.url, "secret")
    return in_query or (fields.text("secret") if fields is not None else "")


def _timestamp(request: WebhookRequest) -> str:
    found = header(request, TIMESTAMP)
    if not SECONDS.fullmatch(found):
        raise BadSignature("The request does not say when it was signed.")
    return found


def _hmac(key: str, signed: bytes) -> str:
    return hmac.new(key.encode("utf-8", "surrogatepass"), signed, hashlib.sha256).hexdigest()
