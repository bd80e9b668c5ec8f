"""What holds for any texts whatever (triage/similarity): symmetry, facts, spans, no error, no waiting."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.similarity.explaining import explained, marks
from triage.similarity.preparing import Prepared, prepare
from triage.similarity.verdicts import Reason, same, verdict

WORDS = (
    "the voters at school are not in Oruba 12 21 10:30 PU 03/31/03/019 officers officer ofifcers pls please two opened "
    "closed no n' la escuela está sin papeletas ma è aperto ما وصلت الصناديق (1/2) (2/2) … RT @a_b: http://x.org/1 "
    "don't 在 门 口 ❤️ \ud800 ፲፪ ሰዎች > -- \n"
).split(" ")
TALK = st.lists(st.sampled_from(WORDS), max_size=24).map(" ".join)
TEXT = st.text(st.characters(categories=None, codec=None), max_size=60) | TALK
POOL = "voters officers school market the ballots waiting opened are people morning papers".split()
SENTENCES = st.lists(st.sampled_from(POOL), min_size=5, max_size=20)


@given(TEXT, TEXT)
def test_a_verdict_is_symmetric(one: str, other: str) -> None:
    a, b = prepare(one), prepare(other)
    assert verdict(a, b) == verdict(b, a).mirrored()
    assert verdict(a, b).same == verdict(b, a).same


@given(TALK, st.lists(st.tuples(st.integers(0, 23), st.sampled_from(["", *WORDS])), max_size=4))
def test_the_short_way_finds_what_the_verdict_finds(text: str, changes: list[tuple[int, str]]) -> None:
    words = text.split()
    for at, word in changes:
        words[at : at + 1] = word.split()
    a, b = prepare(text), prepare(" ".join(words))
    found = verdict(a, b)
    assert same(a, b) == (found if found.same else None)


@given(TEXT)
def test_a_text_is_the_same_as_itself_unless_it_says_nothing(text: str) -> None:
    prepared = prepare(text)
    assert verdict(prepared, prepared).same is not prepared.is_empty


@given(TEXT, TEXT)
def test_spans_lie_inside_the_originals(one: str, other: str) -> None:
    a, b = prepare(one), prepare(other)
    found = verdict(a, b)
    for text, first in ((a.text, True), (b.text, False)):
        assert all(0 <= mark.start < mark.end <= len(text) for mark in marks(found, first=first))
    assert len(explained(found, a, b)) <= 3


@given(TEXT, TEXT)
def test_shares_are_shares(one: str, other: str) -> None:
    assert 0.0 <= verdict(prepare(one), prepare(other)).covered <= 1.0


@given(SENTENCES, st.data())
def test_a_number_put_inside_makes_another_message(words: list[str], data: st.DataObject) -> None:
    at = data.draw(st.integers(1, len(words) - 1))
    one = prepare(" ".join(words))
    other = prepare(" ".join([*words[:at], "4711", *words[at:]]))
    assert not verdict(one, other).same


@given(SENTENCES, st.sampled_from(["not", "never", "without", "no"]), st.data())
def test_a_negation_put_inside_makes_another_message(words: list[str], denial: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(1, len(words) - 1))
    one = prepare(" ".join(["the", *words]))
    other = prepare(" ".join(["the", *words[:at], denial, *words[at:]]))
    assert not verdict(one, other).same


@given(st.permutations(POOL), st.permutations(POOL), st.integers(4, 11), st.integers(4, 11), st.data())
def test_adding_a_fact_to_one_never_makes_two_texts_more_alike(
    one: list[str], other: list[str], size: int, other_size: int, data: st.DataObject
) -> None:
    a, b = one[:size], other[:other_size]
    at = data.draw(st.integers(0, other_size))
    more = [*b[:at], data.draw(st.sampled_from(["4711", "never", "Zantama"])), *b[at:]]
    without, added = (verdict(prepare(" ".join(a)), prepare(" ".join(words))) for words in (b, more))
    assert without.same or without.reason is Reason.EMPTY or not added.same


AWKWARD = [
    "word " * 2000,
    "a b c d e f g h i j " * 500,
    "1/" * 5000,
    "(1/2) (2/2) " * 800,
    "@" * 10_000,
    "@a_1 " * 2000,
    "-" * 10_000,
    "_" * 10_000,
    "\n> " * 3000,
    "http" * 2500,
    "http://" * 1400,
    "a.b-c@" * 1600,
    "x" * 10_000,
    "x1" * 5000,
    "PU " * 3000,
    "PU 1 " * 2000,
    "من " * 3000,
    "在" * 10_000,
    "❤️" * 5000,
    "\ud800" * 10_000,
    "e\u0301" * 5000,
    "\u200b" * 10_000,
    "Name:" * 2000,
    "On x wrote" * 1000,
    "part " * 2000,
    " ".join(str(at) for at in range(2500)),
    " ".join(f"w{at}x" for at in range(2000)),
]


def seconds(texts: tuple[str, str]) -> float:
    started = time.process_time()
    prepared: list[Prepared] = [prepare(text) for text in texts]
    verdict(*prepared)
    return time.process_time() - started


@pytest.mark.parametrize("at", range(len(AWKWARD)))
def test_no_text_of_ten_thousand_characters_takes_long(at: int) -> None:
    text, next_one = AWKWARD[at], AWKWARD[(at + 1) % len(AWKWARD)]
    assert seconds((text, f"{text} more")) < 1
    assert seconds((text, next_one)) < 1
    assert seconds((text, text[::-1])) < 1
