"""What stands in a request from outside, a form or a JSON object: each value is asked for by what it must be.

Nothing in it is trusted: a wrong value is Unreadable, in a sentence that quotes nothing of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import parse_qsl

from channels.base import WebhookRequest
from channels.errors import Unreadable

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

    def inner(self, name: str) -> Fields:
        """The object that is the value of a name. Raises Unreadable where it is none."""
        (found,) = self._values.get(name, [None])[:1]
        return _fields(found, name)

    def each(self, name: str) -> list[Fields]:
        """The objects in the list that is the value of a name, which may be JSON in a text. Raises Unreadable."""
        return [_fields(one, name) for one in self._list(name)]

    def apart(self, name: str) -> list[bytes]:
        """Each entry of the list that is the value of a name, as a JSON object of its own. Raises Unreadable."""
        return [json.dumps({name: [one]}).encode() for one in self._list(name)]

    def names(self, name: str) -> list[str]:
        """The texts in the list that is the value of a name; what is no name is left out. Raises Unreadable."""
        return [one for one in self._list(name) if isinstance(one, str) and one and not UNNAMEABLE.search(one)]

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def _one(self, name: str) -> str | None:
        values = set(map(_plain, self._values.get(name, ())))
        if None in values or len(values) > 1:
            raise Unreadable(f"The field {name} is no text, or comes twice.")
        return values.pop() if values else None

    def _list(self, name: str) -> list[object]:
        (found,) = self._values.get(name, [None])[:1]
        try:
            found = json.loads(found) if isinstance(found, str) else found
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, list) or len(found) > MOST_FIELDS:
            raise Unreadable(f"The field {name} is no list, or is too long.")
        return found

    # What Twilio's validator asks of a form: its names, and all values of a name.

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def getlist(self, name: str) -> list[object]:
        """Every value of a name."""
        return self._values[name]


def read(request: WebhookRequest, *, is_json: bool) -> Fields:
    """Everything in a request. Raises Unreadable where it is neither a form nor a JSON object, or too large."""
    if not request.body.strip():
        raise Unreadable("The body is empty.")
    if len(request.body) > MOST_BYTES:
        raise Unreadable(f"The body has {len(request.body)} bytes; at most {MOST_BYTES} are read.")
    try:
        text = request.body.decode("utf-8")
        return Fields(_object(text) if is_json else _form(text))
    except (ValueError, RecursionError) as problem:
        raise Unreadable("The body is neither a form nor JSON in UTF-8.") from problem


def header(request: WebhookRequest, name: str) -> str:
    """A header in any case of its name; "" where it is missing."""
    return {each.lower(): value for each, value in request.headers.items()}.get(name.lower(), "")


def _plain(value: object) -> str | None:
    """A value as text; None where it is none. JSON may hold numbers and null where a form holds text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else "" if value is None else None


def _fields(value: object, name: str) -> Fields:
    if not isinstance(value, dict):
        raise Unreadable(f"The field {name} is no object.")
    return Fields({key: [one] for key, one in value.items()})


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
