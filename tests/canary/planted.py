"""Secrets that stand nowhere else in the world, so that finding one says where it leaked."""

from __future__ import annotations

import base64
import secrets
import string
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus

LETTERS = string.ascii_lowercase


class Canaries:
    """Each secret once; `kinds` says what every one is."""

    def __init__(self) -> None:
        self.kinds: dict[str, str] = {}

    def phone(self) -> str:
        """A whole number, as the desk keeps it."""
        return self._keep("phone", f"+2547{secrets.randbelow(10**8):08}")

    def name(self) -> str:
        """What somebody is called."""
        return self._keep("name", "Zq" + self._letters(9))

    def words(self, kind: str = "words") -> str:
        """A sentence with one word in it that nobody else says."""
        return f"They closed the {self._keep(kind, 'qz' + self._letters(9))} gate"

    def email(self) -> str:
        """An address."""
        return f"{self._keep('email', 'qx' + self._letters(9))}@mail.example"

    def code(self) -> str:
        """Sixteen digits, like a receipt's."""
        return self._keep("code", str(10**15 + secrets.randbelow(9 * 10**15)))

    def secret(self, kind: str) -> str:
        """A password, a token, a key."""
        return self._keep(kind, secrets.token_hex(16))

    def known(self, kind: str, value: str) -> str:
        """Something the desk itself made and said to one person only."""
        return self._keep(kind, value)

    def _letters(self, number: int) -> str:
        return "".join(secrets.choice(LETTERS) for _ in range(number))

    def _keep(self, kind: str, value: str) -> str:
        self.kinds[value] = kind
        return value

    def found(self, content: bytes, kinds: Iterable[str] = ()) -> set[str]:
        """The kinds of what stands in `content`, plainly or in one of the usual wrappings; of `kinds`, if given."""
        wanted = set(kinds) or set(self.kinds.values())
        return {f"{kind} {value}" for value, kind in self.kinds.items() if kind in wanted
                and any(form in content for form in wrapped(value))}


def wrapped(value: str) -> set[bytes]:
    """A secret as it may stand in a log, an address or a cookie."""
    raw = value.encode()
    forms = {raw, quote(value).encode(), quote_plus(value).encode(), raw.hex().encode(), value.upper().encode()}
    # Base64 has three faces, by where in a longer text the secret stands; without the letters its neighbours share.
    forms |= {base64.b64encode(b"x" * shift + raw)[4 if shift else 0:-4] for shift in range(3)}
    return forms | ({raw.removeprefix(b"+")} if raw.startswith(b"+") else set())


def leaks(canaries: Canaries, places: Mapping[str, bytes]) -> list[str]:
    """One line for every secret in a place where none may be."""
    return [f"{place}: {one}" for place, content in places.items() for one in sorted(canaries.found(content))]
