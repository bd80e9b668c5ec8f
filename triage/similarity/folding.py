"""One spelling for what people write in many: case, accents, letter variants, digits of other scripts."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

# Letters that Unicode keeps apart and hurried writers do not: without a mark on the keyboard, or by habit.
LATIN = {"ı": "i", "ə": "e", "ø": "o", "đ": "d", "ł": "l", "ħ": "h", "æ": "ae", "œ": "oe", "ŋ": "n",
         "ð": "d", "þ": "th"}
HAUSA = {"ɓ": "b", "ɗ": "d", "ƙ": "k", "ƴ": "y"}
# Alef with and without hamza, ya and alef maqsura, ta marbuta and ha; Persian keyboards' kaf and ya.
ARABIC = {"ٱ": "ا", "ى": "ي", "ة": "ه", "ؤ": "و", "ئ": "ي", "ک": "ك", "ی": "ي", "ہ": "ه", "ە": "ه",
          "ڪ": "ك", "ـ": None}
# The Ethiopic series that sound alike in Amharic: (first of the series, first of the one that stands for it).
ETHIOPIC_SERIES = (
    (0x1210, 0x1200),
    (0x1280, 0x1200),
    (0x12B8, 0x1200),
    (0x1220, 0x1230),
    (0x12D0, 0x12A0),
    (0x1340, 0x1338),
)
ETHIOPIC = {chr(here + order): chr(there + order) for here, there in ETHIOPIC_SERIES for order in range(7)}
# Ha and ha, a and a: the first and the fourth order of these two series are one sound.
ETHIOPIC |= {"ሃ": "ሀ", "ሓ": "ሀ", "ኃ": "ሀ", "ኻ": "ሀ", "ኣ": "አ", "ዓ": "አ"}
VARIANTS = str.maketrans(LATIN | HAUSA | ARABIC | ETHIOPIC)
APOSTROPHES = str.maketrans("", "", "'’‘ʼʻ`´")

# Scripts whose combining marks are accents or optional vowels. Elsewhere (Devanagari) they are the vowels.
ACCENTED = (("\u0041", "\u058f"), ("\u0590", "\u06ff"), ("\u1e00", "\u1fff"), ("\u0300", "\u036f"))


@lru_cache(maxsize=65536)
def folded(word: str) -> str:
    """`word` in its one spelling: NFKC, no format characters, lower case, no accents, Latin digits.

    I, İ and ı are all `i`, so that Azerbaijani and Turkish match however they were typed. Folding a second
    time changes nothing. Never raises, lone surrogates included; may be empty.
    Source: matching.md, section 1, step 1 and the note under section 3; the letter variants are Unicode's.
    """
    once = _folded_once(word)
    while (again := _folded_once(once)) != once:  # rare: a variant that decomposes only after another fold
        once = again
    return once


def _folded_once(word: str) -> str:
    if word.isascii():
        return word.lower().translate(APOSTROPHES)
    spread = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", word).replace("İ", "i").casefold())
    kept = "".join(_plain(letter) for letter in spread if not _is_ornament(letter))
    return _counted(unicodedata.normalize("NFC", kept.translate(VARIANTS).translate(APOSTROPHES)))


def _plain(letter: str) -> str:
    digit = unicodedata.decimal(letter, None)
    return letter if digit is None else str(digit)


def _is_ornament(letter: str) -> bool:
    category = unicodedata.category(letter)
    if category == "Mn":  # variation selectors, FE00 to FE0F, only choose a picture
        return "\ufe00" <= letter <= "\ufe0f" or any(low <= letter <= high for low, high in ACCENTED)
    return category == "Cf"


def _counted(word: str) -> str:
    """Ethiopic numerals as Latin digits: tens and units are written one after the other, hundreds multiply."""
    if not word or not all("\u1369" <= letter <= "\u137c" for letter in word):
        return word
    total = part = 0
    for value in (int(unicodedata.numeric(letter)) for letter in word):
        if value >= 100:
            total, part = (total + max(part, 1)) * value, 0
        else:
            part += value
    return str(total + part)
