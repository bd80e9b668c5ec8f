"""What a request says, cleaned: form fields or the fields of a JSON object."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from flask import request

from triage.errors import N_, BadInput

MOST_NUMBER = 2**63 - 1
KEY = re.compile(r"[A-Za-z0-9._:-]{8,100}")
TICKED = {"1", "on", "true", "yes"}

MISSING = N_("Something is missing here. Fill it in and try again.")
TOO_MUCH = N_("This has %(length)s characters; at most %(most)s fit.")
NOT_TEXT = N_("Text was expected here.")
NOT_WHOLE = N_("A whole number was expected here.")
NOT_OFFERED = N_("Choose one of what is offered.")
NO_KEY = N_("This form cannot be told apart from others. Reload the page; your text is kept.")


def text(name: str, *, most: int = 2000, required: bool = False) -> str:
    """A field as clean text without blanks around it; "" where it is not there. Raises BadInput."""
    found = clean(_raw(name))
    if required and not found:
        raise BadInput(MISSING, name)
    if len(found) > most:
        raise BadInput(TOO_MUCH, name, length=len(found), most=most)
    return found


def clean(value: str) -> str:
    """One spelling (NFC, \\n for line ends), lone surrogates marked, NUL and other controls taken out."""
    lines = value.replace("\r\n", "\n").replace("\r", "\n")
    whole = lines.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    kept = (letter for letter in whole if letter in "\n\t" or unicodedata.category(letter) != "Cc")
    return unicodedata.normalize("NFC", "".join(kept)).strip()


def secret(name: str) -> str:
    """A password or key exactly as typed: nothing is taken out, at most 4,000 characters. Raises BadInput."""
    found = _raw(name)
    if len(found) > 4000:
        raise BadInput(TOO_MUCH, name, length=len(found), most=4000)
    return found


def whole(name: str) -> int:
    """A field as a whole number that a database can hold. Raises BadInput."""
    number = optional_whole(name)
    if number is None:
        raise BadInput(MISSING, name)
    return number


def optional_whole(name: str) -> int | None:
    """The same, None where the field is empty or not there."""
    found = _value(name)
    if found in (None, ""):
        return None
    if isinstance(found, int) and not isinstance(found, bool):
        digits = str(found)
    else:
        digits = found.strip() if isinstance(found, str) else ""
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 20 and int(digits) <= MOST_NUMBER):
        raise BadInput(NOT_WHOLE, name)
    return int(digits)


def choice(name: str, offered: Collection[str]) -> str:
    """A field that is one of `offered`. Raises BadInput."""
    found = text(name, most=100)
    if found not in offered:
        raise BadInput(NOT_OFFERED, name)
    return found


def choices(name: str) -> list[str]:
    """Every value of a field that may stand several times (ticked boxes)."""
    found = _object().get(name, []) if request.is_json else request.form.getlist(name)
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise BadInput(NOT_TEXT, name)
    return [clean(each) for each in found]


def ticked(name: str) -> bool:
    """Whether a box is ticked."""
    found = _value(name)
    return found is True or (isinstance(found, str) and found.lower() in TICKED)


def form_key() -> str:
    """The key that names this form for ever: header `Idempotency-Key` or field `key`. Raises BadInput."""
    found = request.headers.get("Idempotency-Key") or _raw("key")
    if not KEY.fullmatch(found):
        raise BadInput(NO_KEY, "key")
    return found


def _raw(name: str) -> str:
    found = _value(name)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise BadInput(NOT_TEXT, name)
    return found


def _value(name: str) -> object:
    return _object().get(name) if request.is_json else request.form.get(name)


def _object() -> dict[str, object]:
    """The JSON object of the request; anything else is refused."""
    try:
        found = request.get_json(silent=True)
    except RecursionError:  # brackets within brackets within brackets
        found = None
    if not isinstance(found, dict):
        raise BadInput(N_("A JSON object was expected."))
    return found
