"""What an author typed of an answer, apart from the line it was signed with."""

from __future__ import annotations

import hashlib

from triage.models import Message


def fingerprint(text: str) -> str:
    """SHA-256 of a text, hexadecimal: tells whether a repeated key means the same answer."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def typed(message: Message) -> str:
    """The text as its author typed it: the body without its last line where the fingerprint says so."""
    before, _, _ = message.body.rpartition("\n")
    return before if message.fingerprint == fingerprint(before) else message.body
