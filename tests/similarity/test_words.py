"""Words, codes, shingles and what a message says (triage/similarity: words, codes, shingles, preparing)."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.similarity.codes import codes_in
from triage.similarity.preparing import prepare
from triage.similarity.shingles import MOST, shingles
from triage.similarity.words import number, words_of


@pytest.mark.parametrize(
    "text, words",
    [
        ("Gate locked, since 10:30am!", "gate locked since 10/30 am"),
        ("at 10.30 am", "at 10/30 am"),
        ("10;30", "10/30"),
        ("1,000 ballots", "1000 ballots"),
        ("7,6 or 7.6", "7/6 or 7/6"),
        ("PU 03/31/03/ 019", "pu 3/31/3/19"),
        ("PU:03-31-03-019", "pu 3/31/3/19"),
        ("unit 007", "unit 7"),
        ("540since", "540 since"),
        ("we r 4rm here b4 2day", "we r 4rm here b4 2day"),
        ("don't can’t", "dont cant"),
        ("#GateLocked now", "gatelocked now"),
        ("a\u200bnd so", "and so"),
        ("在门口", "在 门 口"),
        ("፲፪ ሰዎች፡ነበሩ", "12 ሰዎች ነበሩ"),
    ],
)
def test_words_of_a_text(text: str, words: str) -> None:
    assert " ".join(words_of(text).texts) == words


def test_a_point_and_a_thousand_are_not_the_same() -> None:
    assert number("1,000") == number("1000") != number("1.0")
    assert number("1.5") != number("15")


@given(st.text())
def test_spans_lie_in_the_text_and_hold_the_words(text: str) -> None:
    words = words_of(text)
    assert len(words.texts) == len(words.spans)
    for start, end in words.spans:
        assert 0 <= start < end <= len(text)


@pytest.mark.parametrize(
    "text", ["Hi,", "Dear sir", "PU: 02/21/09/004", "WARD 5 UNIT 7", "good morning sir, please", "", "🙏🙏", "no"]
)
def test_texts_that_say_nothing_are_empty(text: str) -> None:
    assert prepare(text).is_empty


def test_a_short_report_is_not_empty() -> None:
    assert not prepare("No ballot papers in Oruba").is_empty


@pytest.mark.parametrize(
    "text, codes",
    [
        ("PU: 02/21/09/004 closed", ["2/21/9/4"]),
        ("OS/09/04/004", ["9/4/4"]),
        ("unit no. 012, ward 3", ["unit 12", "ward 3"]),
        ("P.U 4", ["pu 4"]),
        ("mesa 12 y sección 3", ["mesa 12", "seccion 3"]),
        ("seçki məntəqəsi 12", ["secki menteqesi 12"]),
        ("المحطة مكتب رقم 7", ["مكتب رقم 7"]),
        ("on 09/04/11 at 10:30 we saw 400 people", []),
        ("unit 5.30am", []),
        ("no code at all", []),
    ],
)
def test_codes_of_stations(text: str, codes: list[str]) -> None:
    assert [code.text for code in codes_in(text)] == codes


def test_a_code_knows_where_it_stands() -> None:
    text = "We wait at PU 02/21/09/004 since noon"
    (code,) = codes_in(text)
    assert text[code.start : code.end] == "PU 02/21/09/004"


def test_the_same_words_have_the_same_hash_and_others_another() -> None:
    one = prepare("RT @a_b: The gate is LOCKED at Palm Street!")
    assert one.body_hash == prepare("the gate is locked, at palm street").body_hash
    assert one.body_hash != prepare("the gate is locked at Palm Road").body_hash
    assert len(one.body_hash) == 32


def test_shingles_are_word_pairs_and_long_or_numeric_words() -> None:
    found = set(shingles(["the", "presidential", "vote", "12"]))
    assert len(found) == 5  # three pairs, one long word, one number
    assert set(shingles(["presidential", "vote"])) < found


@given(st.lists(st.text(min_size=1), max_size=200))
def test_shingles_are_few_and_fit_a_column(words: list[str]) -> None:
    found = shingles(words)
    assert len(found) <= MOST
    assert len(set(found)) == len(found)
    assert all(-(2**63) <= shingle < 2**63 for shingle in found)


def test_a_long_message_is_found_by_both_ends() -> None:
    words = [f"word{at}x" for at in range(100)]
    whole = set(shingles(words))
    assert whole & set(shingles(words[:10]))
    assert whole & set(shingles(words[-10:]))


def test_shingles_are_the_same_in_every_process() -> None:
    program = "from triage.similarity.shingles import shingles; print(shingles(['gate', 'locked']))"
    other = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONHASHSEED": "7", "PYTHONPATH": "."}, capture_output=True, text=True
    )
    assert other.stdout.strip() == str(shingles(["gate", "locked"])) == "(-4892010697999351575,)"
