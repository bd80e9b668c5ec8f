"""What the rules must know of each language, read once from the files in `languages/`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, reduce
from pathlib import Path
from typing import Any, NamedTuple

from triage.similarity.folding import folded

FOLDER = Path(__file__).parent / "languages"


@dataclass(frozen=True)
class Lexicon:
    """The words of one language, or of several together, folded. `docs/matching.md` says what each list is for."""

    weak: frozenset[str] = frozenset()
    negations: frozenset[str] = frozenset()
    negative_prefixes: frozenset[str] = frozenset()
    negative_suffixes: frozenset[str] = frozenset()
    negative_inside: frozenset[str] = frozenset()
    greetings: frozenset[str] = frozenset()
    common: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    opposites: frozenset[tuple[str, str]] = frozenset()
    numbers: frozenset[tuple[str, str]] = frozenset()
    shorthand: frozenset[tuple[str, str]] = frozenset()

    def joined(self, other: Lexicon) -> Lexicon:
        """Both together."""
        return Lexicon(*(getattr(self, name) | getattr(other, name) for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Lookup:
    """A lexicon arranged for looking up: what one text or one pair of texts is judged by.

    `empty` are the words that carry no meaning of their own: small ones and greetings.
    """

    words: Lexicon
    empty: frozenset[str]
    number_of: dict[str, str]
    meanings: dict[str, frozenset[str]]


def _folded_all(words: Iterable[str]) -> frozenset[str]:
    return frozenset(folded(word) for word in words)


def _pairs(table: dict[str, Any]) -> frozenset[tuple[str, str]]:
    return frozenset((folded(short), folded(long)) for short, longs in table.items() for long in str(longs).split())


def _opposites(table: dict[str, Any]) -> frozenset[tuple[str, str]]:
    """Each word of the one list with each of the other, both ways."""
    pairs = {(folded(one), folded(other)) for ones, others in table.items()
             for one in ones.split() for other in str(others).split()}
    return frozenset(pairs | {(other, one) for one, other in pairs})


def _lexicon(data: dict[str, Any]) -> Lexicon:
    def listed(name: str) -> frozenset[str]:
        return _folded_all(data.get(name, "").split())

    return Lexicon(
        weak=listed("weak"),
        negations=listed("negations"),
        negative_prefixes=listed("negative_prefixes"),
        negative_suffixes=listed("negative_suffixes"),
        negative_inside=listed("negative_inside"),
        greetings=listed("greetings"),
        common=listed("common"),
        units=listed("units"),
        opposites=_opposites(data.get("opposites", {})),
        numbers=frozenset((word, number) for number, word in _pairs(data.get("numbers", {}))),
        shorthand=_pairs(data.get("shorthand", {})),
    )


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text("utf-8"))


FILES = {path.stem: _read(path) for path in sorted(FOLDER.glob("*.toml"))}
LEXICONS = {code: _lexicon(data) for code, data in FILES.items()}


def _speakers() -> dict[str, tuple[str, ...]]:
    """Each small word -> the languages that use it: by these a text's languages are told."""
    found: dict[str, list[str]] = {}
    for code, words in LEXICONS.items():
        for word in words.weak | words.common | words.negations:
            found.setdefault(word, []).append(code)
    return {word: tuple(codes) for word, codes in found.items()}


SPEAKERS = _speakers()


KNOWN = 0.1  # of a text's words: where fewer are small words of any one language, its language is not known


class Spoken(NamedTuple):
    """The languages of a text: `leading` have the most small words in it, `likely` at least half as many.

    Both empty when the language is not known. More than one is usual, since people mix languages and small words
    are shared; what is asked of several is asked of all of them.
    """

    leading: frozenset[str] = frozenset()
    likely: frozenset[str] = frozenset()

    def joined(self, other: Spoken) -> Spoken:
        """The languages of two texts that are compared."""
        return Spoken(self.leading | other.leading, self.likely | other.likely)


def spoken(words: Sequence[str]) -> Spoken:
    """The languages the folded `words` may be in, told by their small words."""
    votes: dict[str, int] = {}
    for word in words:
        for code in SPEAKERS.get(word, ()):
            votes[code] = votes.get(code, 0) + 1
    most = max(votes.values(), default=0)
    if not votes or most < KNOWN * len(words):
        return Spoken()
    leading = frozenset(code for code, count in votes.items() if count == most)
    return Spoken(leading, frozenset(code for code, count in votes.items() if 2 * count >= most))


@lru_cache(maxsize=512)  # about 60 KB each; a desk meets a few dozen mixtures of languages
def lookup(spoken: Spoken) -> Lookup:
    """The lists of all likely languages together; of every language there is when none is known.

    An unknown language is thus judged by everybody's negations and number words: a false alarm asks a person,
    a missed negation would not. A word that is small in a leading language ("di" in Italian) denies nothing there,
    whatever it does in another.
    """
    chosen = [LEXICONS[code] for code in sorted(spoken.likely or LEXICONS)]
    words = reduce(Lexicon.joined, chosen, Lexicon())
    small = frozenset().union(*(LEXICONS[code].weak for code in spoken.leading))
    words = replace(words, negations=words.negations - small)
    meanings: dict[str, set[str]] = {}
    for short, long in words.shorthand:
        meanings.setdefault(short, set()).add(long)
    return Lookup(
        words,
        empty=words.weak | words.greetings,
        number_of=dict(sorted(words.numbers)),
        meanings={short: frozenset(longs) for short, longs in meanings.items()},
    )


def _alternatives(name: str) -> str:
    """The phrases every file lists under `name`, longest first, for a regular expression."""
    phrases = {phrase for data in FILES.values() for phrase in data.get("frames", {}).get(name, [])}
    longest_first = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    return "|".join(re.escape(phrase) for phrase in longest_first) or r"(?!)"


MAIL_HEADER = re.compile(rf"^[ \t>*]*(?:{_alternatives('headers')})[ \t]*:[^\n]*$", re.I | re.M)
SENT_FROM = re.compile(rf"^[ \t>]*(?:-+[ \t]*)?(?:{_alternatives('sent_from')})[^\n]*$", re.I | re.M)
FORM_LINE = re.compile(
    rf"^[ \t]*(?:(?:{_alternatives('private')})[ \t]*[:：][^\n]*|(?:{_alternatives('consent')})[^\n]{{0,60}})$",
    re.I | re.M,
)
FORM_LABEL = re.compile(rf"^[ \t]*(?:{_alternatives('message')})[ \t]*[:：]", re.I | re.M)
WROTE = re.compile(rf"^[^\n>]{{0,150}}\b(?:{_alternatives('wrote')})\b[^\n:]{{0,60}}:[ \t]*$", re.I | re.M)


def _all_listed(name: str) -> frozenset[str]:
    return frozenset(folded(word) for data in FILES.values() for word in data.get("frames", {}).get(name, []))


CODE_LABELS = _all_listed("codes")
PLACE_WORDS = _all_listed("places")  # "state", "district": in the name of many a place
