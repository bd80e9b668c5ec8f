"""X-Twilio-Signature as Twilio makes it.

Source: https://www.twilio.com/docs/usage/security#validating-requests
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

HEADER = "X-Twilio-Signature"
BODY_HASH = "bodySHA256"


def of_form(token: str, url: str, pairs: Iterable[tuple[str, str]]) -> str:
    """The signature of a form: the address, then every name with its value, sorted; a repeated pair counts once."""
    text = url + "".join(name + value for name, value in sorted(set(pairs)))
    return _mac(token, text)


def of_address(token: str, url: str) -> str:
    """The signature of a request whose body is no form, and of a GET: that of its address alone."""
    return _mac(token, url)


def with_hash(url: str, body: bytes) -> str:
    """The address under which a JSON body is sent: the hash of the body stands in its query, and so is signed."""
    parts = urlsplit(url)
    named = f"{BODY_HASH}={hashlib.sha256(body).hexdigest()}"
    return urlunsplit(parts._replace(query=f"{parts.query}&{named}" if parts.query else named))


def _mac(token: str, text: str) -> str:
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()
