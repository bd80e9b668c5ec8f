"""The simulator's signature: HMAC-SHA-256 over the address that is called and the bytes that are sent."""

from __future__ import annotations

import hashlib
import hmac

HEADER = "X-Simulator-Signature"


def sign(secret: str, url: str, body: bytes) -> str:
    """The signature of `body` posted to `url`, as 64 hex digits."""
    return hmac.new(secret.encode(), url.encode() + body, hashlib.sha256).hexdigest()


def signed(secret: str, url: str, body: bytes, signature: str) -> bool:
    """Whether `signature` is right, compared in constant time. Nothing is right under an empty secret."""
    given = signature.strip().lower().encode("utf-8", "replace")
    return bool(secret) and hmac.compare_digest(given, sign(secret, url, body).encode())
