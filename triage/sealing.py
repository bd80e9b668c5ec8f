"""Field encryption, blind index and key ring.

A sealed field is `key id | 0x00 | nonce (12 bytes) | AES-256-GCM ciphertext`. The context (table,
column and a natural key of the row) is authenticated, so a value copied to another row does not
open. The blind index is HMAC-SHA-256 under a key of its own: addresses are guessable, plain hashes
would not hide them.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
RECEIPT_DIGITS = 16


class SealBroken(Exception):
    """A sealed value does not open: wrong key, wrong row, or changed bytes."""


@dataclass(frozen=True)
class KeyRing:
    """Sealing keys by id, the current one first, and the key of the blind index."""

    keys: Mapping[str, bytes]

    @property
    def current(self) -> str:
        """The id of the key new values are sealed with."""
        return next(name for name in self.keys if name != "index")

    def seal(self, text: str | bytes, context: str) -> bytes:
        """Encrypt `text` so that it opens only with the same `context`."""
        nonce = os.urandom(NONCE_BYTES)
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        sealed = AESGCM(self.keys[self.current]).encrypt(nonce, data, _bound(self.current, context))
        return self.current.encode() + b"\0" + nonce + sealed

    def open_bytes(self, sealed: bytes, context: str) -> bytes:
        """The bytes given to `seal`. Raises SealBroken."""
        name, _, rest = sealed.partition(b"\0")
        try:
            key = AESGCM(self.keys[name.decode()])
            return key.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], _bound(name.decode(), context))
        except (KeyError, InvalidTag, ValueError) as problem:
            raise SealBroken(context.partition("|")[0]) from problem

    def open(self, sealed: bytes, context: str) -> str:
        """The text given to `seal`. Raises SealBroken."""
        return self.open_bytes(sealed, context).decode("utf-8", "surrogatepass")

    def blind(self, purpose: str, value: str) -> str:
        """A keyed fingerprint (64 hex digits): equal for equal (purpose, value), useless without the key."""
        data = f"{purpose}\0{value}".encode("utf-8", "surrogatepass")
        return hmac.new(self.keys["index"], data, hashlib.sha256).hexdigest()

    def receipt_code(self, token: str) -> str:
        """The 16-digit receipt of a web form's token: the same form always gives the same code."""
        number = int(self.blind("receipt code", token), 16)
        return f"{number % 10**RECEIPT_DIGITS:0{RECEIPT_DIGITS}d}"


def _bound(key_id: str, context: str) -> bytes:
    return f"{key_id}|{context}".encode()
