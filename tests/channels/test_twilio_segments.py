"""Parts of text messages, counted as the octets say and held against another way of counting."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels import segments
from channels.segments import GSM_7, UCS_2, mended, parts, plain, size

# 3GPP TS 23.038, 6.2.1 and 6.2.1.1, written out once more as code points in the order of the table.
TABLE = (
    "\u0040\u00a3\u0024\u00a5\u00e8\u00e9\u00f9\u00ec\u00f2\u00c7\u000a\u00d8\u00f8\u000d\u00c5\u00e5"
    "\u0394\u005f\u03a6\u0393\u039b\u03a9\u03a0\u03a8\u03a3\u0398\u039e\u001b\u00c6\u00e6\u00df\u00c9"
    + "".join(map(chr, range(0x20, 0x24))) + "\u00a4" + "".join(map(chr, range(0x25, 0x40)))
    + "\u00a1" + "".join(map(chr, range(0x41, 0x5B))) + "\u00c4\u00d6\u00d1\u00dc\u00a7"
    + "\u00bf" + "".join(map(chr, range(0x61, 0x7B))) + "\u00e4\u00f6\u00f1\u00fc\u00e0"
)
ESCAPE = 0x1B
EXTENSION = {0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|",
             0x65: "\u20ac"}


def septets(text: str) -> list[int] | None:
    """The text in the alphabet of 7 bits, None where a letter is not in it."""
    extended = {letter: code for code, letter in EXTENSION.items()}
    found: list[int] = []
    for letter in text:
        if letter in extended:
            found += [ESCAPE, extended[letter]]
        elif letter in TABLE and letter != chr(ESCAPE):
            found.append(TABLE.index(letter))
        else:
            return None
    return found


def counted(text: str) -> tuple[str, int]:
    """Encoding and parts, by encoding the text and cutting the octets: an independent formulation."""
    codes = septets(text)
    if codes is not None:
        return GSM_7, cuts(codes, 160, 153, lambda last: last == ESCAPE)
    wide = text.encode("utf-16-be", "surrogatepass")
    units = [int.from_bytes(wide[at:at + 2], "big") for at in range(0, len(wide), 2)]
    return UCS_2, cuts(units, 70, 67, lambda last: 0xD800 <= last < 0xDC00)


def cuts(units: list[int], alone: int, several: int, is_first_half: Callable[[int], bool]) -> int:
    """How many pieces of at most `several` units are needed; a piece never ends in a first half."""
    if len(units) <= alone:
        return 1
    pieces = 0
    while units:
        end = several
        if len(units) > end and is_first_half(units[end - 1]):
            end -= 1
        units, pieces = units[end:], pieces + 1
    return pieces


ALPHABET = st.sampled_from("aé @\n€[]{}^~\\|‘“”—…\u00a0çق漢🗳👩\u200dΩ`\t")
TEXTS = st.text(ALPHABET, max_size=500) | st.text(st.sampled_from("ab€["), max_size=700) | st.text(
    st.characters(exclude_categories=("Cs",)), max_size=300)


def test_the_alphabet_has_128_places_and_ten_more() -> None:
    assert len(TABLE) == 128
    assert frozenset(TABLE) - {chr(ESCAPE)} == segments.BASIC
    assert frozenset(EXTENSION.values()) == segments.EXTENDED


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_parts_are_counted_as_the_octets_are_cut(text: str) -> None:
    found = size(text)
    assert (found.encoding, found.parts) == counted(text)
    assert found.left >= 0


@pytest.mark.parametrize("text, encoding, expected", [
    ("", GSM_7, 1), ("a" * 160, GSM_7, 1), ("a" * 161, GSM_7, 2), ("a" * 306, GSM_7, 2), ("a" * 307, GSM_7, 3),
    ("€" * 80, GSM_7, 1), ("€" * 81, GSM_7, 2), ("€" * 152, GSM_7, 2), ("€" * 153, GSM_7, 3),
    ("ق" * 70, UCS_2, 1), ("ق" * 71, UCS_2, 2), ("ق" * 134, UCS_2, 2), ("ق" * 135, UCS_2, 3),
    ("🗳" * 35, UCS_2, 1), ("🗳" * 36, UCS_2, 2), ("🗳" * 66, UCS_2, 2), ("🗳" * 67, UCS_2, 3),
    ("ç", UCS_2, 1), ("Ç", GSM_7, 1), ("\x1b", UCS_2, 1), ("`", UCS_2, 1),
])
def test_the_edges_of_a_part(text: str, encoding: str, expected: int) -> None:
    assert (size(text).encoding, parts(text)) == (encoding, expected)


def test_what_is_left_counts_down() -> None:
    assert size("a" * 150).left == 10
    assert size("a" * 161).left == 153 - 8
    assert size("ق" * 71).left == 67 - 4


def test_quotes_and_dashes_are_made_plain_where_that_saves_a_part() -> None:
    long = "“The doors are shut” — they said… it’s closed\u00a0now. " * 2
    assert parts(long) == 2
    assert mended(long) == '"The doors are shut" - they said... it\'s closed now. ' * 2
    assert mended("“short”") == "“short”"
    assert mended("ق " + "“" * 100) == "ق " + "“" * 100


def test_a_letter_in_two_pieces_becomes_one() -> None:
    assert parts("cafe\u0301 " * 14) == 2
    assert mended("cafe\u0301 " * 14) == "caf\u00e9 " * 14
    assert mended("e\u200b\u0301" * 80) == "\u00e9" * 80


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_mending_never_costs_and_is_done_once(text: str) -> None:
    better = mended(text)
    assert parts(better) <= parts(text)
    assert better == text or parts(better) < parts(text)
    assert mended(better) == better
    assert plain(better) == plain(text)


@given(st.text(st.sampled_from("قالعربية 0123 漢字かな🗳👩\u200d👧"), max_size=200))
@settings(max_examples=100, deadline=None)
def test_letters_of_other_scripts_stay_as_they_were_written(text: str) -> None:
    assert plain(text) == text
