"""Codes of places: KSM-012, 24/11/05/006, PU 17. How they are looked up, and what looks like one that nobody knows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from triage.gazetteer import folding, speech
from triage.gazetteer.folding import Word

MOST_CODE = 60
# Digits in three groups or more, of two signs or more each: a polling unit, unless it is a date, a time or a telephone.
NUMBERED = re.compile(r"(?<![\w+./-])\d{1,4}(?:[-/]\d{2,4}){2,5}(?![\w/-])")
# Capitals, then digits, with signs between them: KSM-012, NG-LA-004.
LETTERED = re.compile(r"(?<![\w/-])[A-Z]{2,4}(?:[-/][A-Z]{1,4}){0,2}(?:[-/]\d{2,4}){1,4}(?![\w/-])")
FEWEST_DIGITS = 8  # of one that is digits alone: fewer may be a date
SHORT = 5  # signs: a code with fewer, without a sign between them, is found only after a word that says it is one
NUMBER = re.compile(r"\d{1,6}[A-Za-z]?")


@dataclass(frozen=True)
class Guess:
    """What looks like a code."""

    start: int
    stop: int


def keys(code: str) -> tuple[str, ...]:
    """Under which keys a code is found: its parts, its parts without signs, letters and digits apart."""
    parts = folding.key(code)
    whole = parts.replace(" ", "")
    apart = " ".join(re.findall(r"\d+|[^\W\d]+", parts))
    if whole.isdigit() and len(whole) < FEWEST_DIGITS:
        return (parts,)  # 1/2 is not 12
    return tuple(dict.fromkeys(each for each in (parts, whole, apart) if each))


def short(said: str) -> bool:
    """Whether a code as it was written needs a word before it that says it is one: 17, A1, a date."""
    return (said.isalnum() and (len(said) < SHORT or (said.isdecimal() and len(said) == SHORT))) or _dated(said)


def _dated(said: str) -> bool:
    groups = re.split(r"[-/.:\s]", said)
    return len(groups) <= 3 and all(group.isdecimal() for group in groups) and len("".join(groups)) <= FEWEST_DIGITS


def _dialled(said: str) -> bool:
    """Whether it may be a telephone number or too short for anything: 0711-000-523."""
    groups = re.split(r"[-/]", said)
    return len("".join(groups)) < FEWEST_DIGITS or all(len(group) > 2 for group in groups)


def guesses(text: str, some: Sequence[Word]) -> Iterator[Guess]:
    """What looks like a code of a place, known or not, in a text whose words are `some`."""
    text = text[:some[-1].stop] if some else ""
    for found in NUMBERED.finditer(text):
        if not (_dated(found[0]) or _dialled(found[0])):
            yield Guess(found.start(), found.end())
    for found in LETTERED.finditer(text):
        yield Guess(found.start(), found.end())
    yield from _announced(text, some)


def _announced(text: str, some: Sequence[Word]) -> Iterator[Guess]:
    """A number after a word that says what it is: PU 006, polling unit no. 12."""
    for place, word in enumerate(some):
        if NUMBER.fullmatch(word.folded) and any(char.isdecimal() for char in word.folded):
            begins = speech.announces_code(some[:place][-speech.MOST_WORDS:])
            if begins is not None and text[some[place - 1].stop:word.start].strip(" .:#°") == "":
                yield Guess(begins.start, word.stop)
