"""Whether two words, or two short runs of words, say the same in another spelling."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

from rapidfuzz.distance import OSA

from triage.similarity.languages import Lookup
from triage.similarity.words import is_number, is_sign

VOWELS = frozenset("aeiouyаеиоуыэюяєії")
# Letters from which a slip is more likely than another word. Short words are too close to one another
# ("Osun", "Ogun"), and a wrong first letter is hardly ever a slip ("dead", "head").
SWAPPED_FROM, DOUBLED_FROM, LOST_FROM, WRONG_FROM, TWO_SLIPS_FROM = 4, 3, 4, 6, 8
SKELETON_FROM = 4
HUNDRED = 100


class Spelling(StrEnum):
    """How two different spellings come to say the same."""

    TYPO = "typo"
    SHORTHAND = "shorthand"
    NUMBER_WORD = "number_word"
    JOINED = "joined"


def alike(one: str, other: str, lookup: Lookup) -> Spelling | None:
    """How the folded words `one` and `other` say the same, or None if they do not. Symmetric.

    Source: matching.md, section 1, step 4: typo (edit distance 1 or 2, no digit), shorthand, vowel skeleton, number
    word = digit. A word with a negative prefix or ending is never a typo of the one without.
    """
    if _is_shorthand(one, other, lookup) or _is_shorthand(other, one, lookup):
        return Spelling.SHORTHAND
    if is_number(one) or is_number(other) or one in lookup.number_of or other in lookup.number_of:
        return _numbers_alike(one, other, lookup)
    if one[0] != other[0] and not _is_swapped(one, other):
        return None
    if negates(one, other, lookup) or (is_known(one, lookup) and is_known(other, lookup)):
        return None
    if _is_skeleton(one, other) or _is_skeleton(other, one):
        return Spelling.SHORTHAND
    return Spelling.TYPO if is_typo(one, other) else None


def _numbers_alike(one: str, other: str, lookup: Lookup) -> Spelling | None:
    """The same value, or a number word and a slip for it; never by a wrong letter: "seventy", "seventh"."""
    values = _value([one], lookup), _value([other], lookup)
    if None not in values:
        return Spelling.NUMBER_WORD if values[0] == values[1] else None
    if is_number(one) or is_number(other) or (is_known(one, lookup) and is_known(other, lookup)):
        return None
    slip = (len(one) != len(other) or _is_swapped(one, other)) and is_typo(one, other)
    return Spelling.TYPO if slip else None


def runs_alike(one: Sequence[str], other: Sequence[str], lookup: Lookup) -> Spelling | None:
    """How two runs of which one is a single word say the same: "up till" and "uptill", "twenty five" and "25"."""
    if _says_number(one[0], lookup) and _says_number(other[0], lookup):
        values = _value(one, lookup), _value(other, lookup)
        if None not in values:
            return Spelling.NUMBER_WORD if values[0] == values[1] else None
    if one[0][0] != other[0][0]:
        return None
    joined = "".join(one), "".join(other)
    if abs(len(joined[0]) - len(joined[1])) > 1:
        return None
    if any(is_number(word) or is_sign(word) for word in (*one, *other)):
        return None
    return Spelling.JOINED if joined[0] == joined[1] or is_typo(*joined) else None


def negates(one: str, other: str, lookup: Lookup) -> bool:
    """Whether one of the two words is the other with a negative prefix, ending or infix ("legal", "illegal")."""
    short, long = sorted((one, other), key=len)
    if len(short) < 2 or len(short) == len(long):
        return False
    words = lookup.words
    if long.endswith(short) and long[: -len(short)] in words.negative_prefixes:
        return True
    if long.startswith(short) and long[len(short) :] in words.negative_suffixes:
        return True
    return _is_wrapped(short, long, lookup) or _is_split(short, long, lookup)


def _is_wrapped(short: str, long: str, lookup: Lookup) -> bool:
    """A negative prefix and a negative ending together, as in Amharic."""
    at = long.find(short, 1)
    words = lookup.words
    return at > 0 and long[:at] in words.negative_prefixes and long[at + len(short) :] in words.negative_suffixes


def _is_split(short: str, long: str, lookup: Lookup) -> bool:
    """A negative syllable after the stem, as in Azerbaijani; a letter doubled by a slip is none."""
    added = len(long) - len(short)
    if not lookup.words.negative_inside or (added == 1 and _is_doubled(short, long)):
        return False
    return any(
        long[at : at + added] in lookup.words.negative_inside and long[:at] + long[at + added :] == short
        for at in range(2, len(short))
    )


def is_known(word: str, lookup: Lookup) -> bool:
    """Whether `word` stands in a list of its language: then it is what it says and no slip."""
    words = lookup.words
    return word in words.weak or word in words.negations or word in lookup.number_of


def is_typo(one: str, other: str) -> bool:
    """Whether one folded word may be a slip for the other: one or two letters swapped, doubled, lost or wrong.

    From the lengths named above in this module. Of two slips neither may be a wrong letter: "northeast" and
    "northwest" are two letters apart.
    """
    if one[:1] != other[:1] and not _is_swapped(one, other):
        return False
    shorter = min(len(one), len(other))
    slips = OSA.distance(one, other, score_cutoff=2)
    if slips == 1:
        return shorter >= _from_length(one, other)
    return slips == 2 and shorter >= TWO_SLIPS_FROM and _letters_apart(one, other) == abs(len(one) - len(other))


def _from_length(one: str, other: str) -> int:
    if len(one) == len(other):
        return SWAPPED_FROM if _is_swapped(one, other) else WRONG_FROM
    short, long = sorted((one, other), key=len)
    return DOUBLED_FROM if _is_doubled(short, long) else LOST_FROM


def _is_doubled(short: str, long: str) -> bool:
    return any(long[at] == long[at - 1] and long[:at] + long[at + 1 :] == short for at in range(1, len(long)))


def _is_swapped(one: str, other: str) -> bool:
    return len(one) == len(other) and sorted(one) == sorted(other) and OSA.distance(one, other, score_cutoff=1) == 1


def _letters_apart(one: str, other: str) -> int:
    ours, theirs = Counter(one), Counter(other)
    return (ours - theirs).total() + (theirs - ours).total()


def _is_shorthand(short: str, long: str, lookup: Lookup) -> bool:
    return long in lookup.meanings.get(short, ())


def _is_skeleton(short: str, long: str) -> bool:
    """Whether `short` is `long` without its inner vowels: "pple", "mtrls"."""
    if not 2 <= len(short) < len(long) or len(long) < SKELETON_FROM or short[0] != long[0]:
        return False
    bare = short[0] + "".join(letter for letter in long[1:] if letter not in VOWELS)
    return short in (bare, bare + long[-1])


def _says_number(word: str, lookup: Lookup) -> bool:
    return is_number(word) or word in lookup.number_of


def _value(words: Sequence[str], lookup: Lookup) -> str | None:
    """The number that `words` say, in digits, or None: "twenty five" is 25, "two thousand" 2000."""
    if len(words) == 1 and is_number(words[0]):
        return words[0]
    known = [lookup.number_of.get(word) for word in words]
    if not words or None in known:
        return None
    total = 0
    for value in (int(number) for number in known if number):
        total = max(total, 1) * value if value >= HUNDRED else total + value
    return str(total)
