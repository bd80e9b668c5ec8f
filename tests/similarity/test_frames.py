"""What is not part of a message (triage/similarity/frames.py)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.similarity.frames import unframed
from triage.similarity.preparing import prepare

SAID = "the gate at Palm Street is locked and people are waiting outside"
FRAMES = [
    "RT @news_desk: {}",
    "MT @a_b2: RT @c_d: {}",
    "{} via @someone_1",
    "{} (via SMS)",
    "“@someone: {}”",
    "@desk_1 @other_2 {}",
    "{} https://example.org/x?y=1",
    "{} http://t.co/a…",
    "{} t.co/ab12",
    "{} htt…",
    "(1/1) {}",
    "[1/1] {}",
    "Fwd: {}",
    "RE: FW: {}",
    "Name: Anonymous\nPhone: not given\nMessage: {}\nI agree to the terms: yes",
    "Nombre: Anónimo\nTeléfono: 0\nMensaje: {}",
    "Nom: Anonyme\nMessage: {}\nJ'accepte les conditions: oui",
    "Jina: Asiyejulikana\nUjumbe: {}",
    "الاسم: مجهول\nالرسالة: {}",
    "---------- Forwarded message ----------\nFrom: A <a@example.org>\nDate: today\n\n> {}\n\n-- \nA. Person",
    "{}\n\nSent from my phone",
    "{}\n-- \nA. Person\n+1 555 0100",
    "{}\n\nOn Monday A wrote:\n> did you see anything?",
]


@pytest.mark.parametrize("frame", FRAMES)
def test_a_frame_leaves_the_same_body(frame: str) -> None:
    assert prepare(frame.format(SAID)).body == prepare(SAID).body


@pytest.mark.parametrize(
    "text",
    [
        "PU 03/31 is in part 2 of the ward",
        "we met @Lekki at noon",
        "result: 12/40 of the ballots",
        "meet me at the party, via the back road",
        "Dear all: the report is true",
    ],
)
def test_what_only_looks_like_a_frame_stays(text: str) -> None:
    assert unframed(text) == text


def test_a_text_that_is_nothing_but_frame_stays() -> None:
    assert unframed("RT @a_b:") == "RT @a_b:"


def test_parts_that_came_in_the_wrong_order_are_put_right() -> None:
    joined = prepare("(2/2) are waiting outside (1/2) the gate at Palm Street is locked and people")
    assert joined.body == prepare(SAID).body


@given(st.text() | st.lists(st.sampled_from([*FRAMES, SAID, "\n", ">", "(2/2)", "(1/2)", "@", "http"])).map(" ".join))
def test_every_character_keeps_its_place(text: str) -> None:
    kept = unframed(text)
    assert len(kept) == len(text)
    assert all(now in (" ", before) for now, before in zip(kept, text, strict=True))
