"""Codes of polling stations and units in a text: "PU 07/11/03/004", "unit 012", "OS/09/04/004"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from triage.similarity.folding import folded
from triage.similarity.languages import CODE_LABELS

# Digits in groups, or alone; never the tail of a longer number, nor a time, nor a decimal.
NUMBER = re.compile(r"(?<!\d)(?<!\d[.:,])\d{1,6}(?:\s?[/_\\-]\s?\d{1,4}){0,6}(?![\d]|[.:,]\d)")
# The words just before a number: the last, or the last few together, may be a label; "no." may stand between.
WORD_BEFORE = re.compile(r"[^\W\d_][\w./]*")
BETWEEN = " \t.:#/-"
COUNT_WORDS = re.compile(r"(?:\b(?:no|num|number|numero|número)|[nN][º°])[\s.:#]*\Z", re.I)
LOOK_BACK = 32  # characters before a number in which its label may stand
LONGEST_LABEL = 3  # words: "centro de votación"
DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Code:
    """A code found in a text: `text` is its one spelling, `start` and `end` where it stands in the original."""

    text: str
    start: int
    end: int


def codes_in(text: str) -> tuple[Code, ...]:
    """The codes in `text`, in order, label included in the span.

    Four groups of digits are a code, and three whose last has three digits: fewer may be a date or a sum, and are
    codes only after a label of `languages/*.toml`. The spelling has no leading zeros and `/` between groups:
    "PU: 03/31/03/019" is "3/31/3/19"; a single number keeps its label, "unit 012" is "unit 12", for ward 3 is
    not unit 3. Never raises.
    """
    found = (_code(text, each) for each in NUMBER.finditer(text))
    return tuple(code for code in found if code is not None)


def _code(text: str, found: re.Match[str]) -> Code | None:
    groups = DIGITS.findall(folded(found[0]))
    label, start = _label(text, found.start())
    if not label and not _is_code_alone(groups):
        return None
    spelling = "/".join(group.lstrip("0") or "0" for group in groups)
    return Code(spelling if len(groups) > 1 else f"{label} {spelling}", start, found.end())


def _is_code_alone(groups: list[str]) -> bool:
    return len(groups) >= 4 or (len(groups) == 3 and len(groups[2]) == 3)


def _label(text: str, end: int) -> tuple[str, int]:
    """The label right before `end`, without its plural, and where it begins; ("", end) when there is none."""
    first = max(0, end - LOOK_BACK)
    before = COUNT_WORDS.sub("", text[first:end]).rstrip(BETWEEN)
    words = list(WORD_BEFORE.finditer(before))[-LONGEST_LABEL:]
    if not words or words[-1].end() != len(before):
        return "", end
    for word in words:
        label = folded(before[word.start() :]).strip("./ ")
        if label in CODE_LABELS:
            return label.replace(".", "").replace("/", "").removesuffix("s"), first + word.start()
    return "", end
