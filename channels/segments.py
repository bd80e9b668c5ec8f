"""How many parts a text message takes, and how to write the same with fewer. Pure.

Source: 3GPP TS 23.038, sections 6.2.1 (the default alphabet of 7 bits), 6.2.1.1 (its extension: a character
that takes two places, the first an escape) and 6.2.3 (UCS-2); 3GPP TS 23.040, section 9.2.3.24.1 (a part of
several loses six octets to the header that says which part it is: 160 places become 153, 70 become 67).
Neither an escaped character nor a surrogate pair is cut in two: carriers begin the next part with it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")

GSM_7, UCS_2 = "GSM-7", "UCS-2"
ALONE = {GSM_7: 160, UCS_2: 70}  # places in a message of one part
OF_SEVERAL = {GSM_7: 153, UCS_2: 67}

SPACES = "\t\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
INVISIBLE = "\u00ad\u200b\u2060\ufeff"  # soft hyphen and the like; joiners are left alone: scripts and emoji need them
TWINS = str.maketrans(
    dict.fromkeys("‘’‚‛‹›′`´", "'") | dict.fromkeys("“”„‟«»″", '"') | dict.fromkeys("‐‑‒–—―−", "-")
    | dict.fromkeys(SPACES, " ") | dict.fromkeys("\u2028\u2029", "\n") | dict.fromkeys(INVISIBLE, "") | {"…": "..."}
)


@dataclass(frozen=True)
class Size:
    """What a text takes: its encoding, its places in that encoding, its parts, and the places left in the last."""

    encoding: str
    places: int
    parts: int
    left: int


def size(text: str) -> Size:
    """What `text` takes as a text message. Nothing at all takes one part, too."""
    encoding = GSM_7 if all(letter in BASIC or letter in EXTENDED for letter in text) else UCS_2
    width = _septets if encoding == GSM_7 else _code_units
    places = sum(map(width, text))
    if places <= ALONE[encoding]:
        return Size(encoding, places, 1, ALONE[encoding] - places)
    parts, filled = _packed(text, width, OF_SEVERAL[encoding])
    return Size(encoding, places, parts, OF_SEVERAL[encoding] - filled)


def parts(text: str) -> int:
    """How many parts `text` is sent, and paid for, in."""
    return size(text).parts


def mended(text: str) -> str:
    """The same words with plain quotes, dashes and spaces where that takes fewer parts; else the text as it is.

    Letters stay as they were written; one that came as letter and accent becomes one character.
    """
    plainer = plain(text)
    return plainer if parts(plainer) < parts(text) else text


def plain(text: str) -> str:
    """The text with every typographic sign replaced by its plain twin."""
    whole = unicodedata.normalize("NFC", text).translate(TWINS)
    return unicodedata.normalize("NFC", whole)  # what is left out may have stood between a letter and its accent


def _septets(letter: str) -> int:
    return 2 if letter in EXTENDED else 1


def _code_units(letter: str) -> int:
    """UCS-2 is sent as UTF-16: what lies beyond the basic plane takes a surrogate pair."""
    return 2 if letter > "\uffff" else 1


def _packed(text: str, width: Callable[[str], int], most: int) -> tuple[int, int]:
    """How many parts of `most` places are filled, and how far the last one is."""
    begun, filled = 1, 0
    for letter in text:
        takes = width(letter)
        if filled + takes > most:
            begun, filled = begun + 1, 0
        filled += takes
    return begun, filled
