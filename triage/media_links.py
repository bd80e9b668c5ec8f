"""Addresses at which a provider may come for a file of an answer: signed, for four hours, and impossible to guess."""

from __future__ import annotations

from itsdangerous import BadSignature, URLSafeTimedSerializer

from triage import context

LASTS_SECONDS = 4 * 3600
SALT = "media of an answer"


def make(file_id: int) -> str:
    """The public address of a file, for the provider that sends it."""
    return f"{context.settings().public_url}/media/{_signer().dumps(file_id)}"


def read(token: str) -> int | None:
    """The file an address was made for; None where we did not make it, or longer ago."""
    try:
        found = _signer().loads(token, max_age=LASTS_SECONDS)
    except BadSignature:
        return None
    return found if isinstance(found, int) else None


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(context.settings().secret_key, salt=SALT)
