"""Words of pages: what a row's chip, an answer's fate and a live patch say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from tests.scene import later
from triage import clock
from triage.queries.shapes import DeliveryState, Row
from triage.web import present, words

NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
FRESH = Row(
    id=4021, channel="sms", status="open", priority=2, place="Mill Road School", language="sw", sender="…23",
    excerpt="Bado wamefunga mlango", waiting_since=NOW, received_at=NOW, holder_id=None, holder=None, mine=False,
    replying=False, team=None, snoozed_until=None, awaiting_since=None, send_problems=0, opted_out=False,
    was_with=None, ended_by=None, outcome=None, reason=None, closed_at=None,
)
HELD = replace(FRESH, status="assigned", holder="Ben", holder_id=2)
ANSWER = DeliveryState(1, "held", "sms", "+254700000201", None, None, None, mine=True)


@pytest.fixture(autouse=True)
def _speaks(app: Flask) -> object:
    with app.test_request_context("/desk"):
        yield


@pytest.mark.parametrize("counts, said", [
    ((0, 1, 1), ""), ((1, 2, 1), "1 copy, 2 senders, 1 channel"), ((5, 3, 2), "5 copies, 3 senders, 2 channels"),
])
def test_a_row_says_how_often_it_was_said_by_how_many_and_where_and_is_called_so(
    counts: tuple[int, int, int], said: str
) -> None:
    copies, senders, channels = counts
    row = replace(FRESH, copy_count=copies, sender_count=senders, channel_count=channels)
    assert present.copies(row) == said
    assert present.name_of(row) == ", ".join(["4021, SMS, Mill Road School, New", *filter(None, [said])])


@pytest.mark.parametrize("row, word", [
    (FRESH, "New"),
    (replace(FRESH, was_with="Chidi", ended_by="released"), "Returned by Chidi"),
    (HELD, "Ben"),
    (replace(HELD, replying=True), "Ben, replying"),
    (replace(HELD, mine=True), "You"),
    (replace(HELD, mine=True, awaiting_since=NOW), "You, waiting"),
    (replace(FRESH, status="closed", outcome="not_actionable", reason="spam"), "Resolved: Spam"),
])
def test_the_chip_says_who_has_it(row: Row, word: str) -> None:
    assert present.state(row).word == word


def test_a_snooze_that_has_passed_is_no_snooze() -> None:
    row = replace(FRESH, snoozed_until=clock.now() + timedelta(minutes=5))
    assert present.state(row).word.startswith("Snoozed")
    assert not present.belongs(row, "new")
    with later(timedelta(minutes=6)):
        assert present.state(row).word == "New"
        assert present.belongs(row, "new")


def test_a_row_leaves_the_queue_of_new_ones_when_somebody_takes_it() -> None:
    assert present.belongs(FRESH, "next")
    assert present.belongs(FRESH, "new")
    assert not present.belongs(HELD, "next")
    assert not present.belongs(HELD, "new")
    assert present.belongs(HELD, "all")
    assert not present.belongs(HELD, "mine")
    assert present.belongs(replace(HELD, mine=True), "mine")


@pytest.mark.parametrize("minutes, word", [(0, "0 min"), (12, "12 min"), (65, "1 h 5 min"), (3000, "2 d")])
def test_waits_are_said_in_words(minutes: int, word: str) -> None:
    assert present.wait(clock.now() - timedelta(minutes=minutes, seconds=1)) == word


@pytest.mark.parametrize("state, error, word", [
    ("sending", None, "Being handed over…"),
    ("failed", "number unreachable", "Failed: number unreachable"),
    ("uncertain", None, "May have been sent – check"),
    ("cancelled", "opted_out", "Not sent: the person said STOP"),
    ("cancelled", "undone", "Taken back, not sent"),
])
def test_what_became_of_an_answer_is_said_in_words(state: str, error: str | None, word: str) -> None:
    assert present.fate(replace(ANSWER, state=state, error=error)).word == word


@pytest.mark.parametrize("state, settled", [("sent", True), ("delivered", True), ("queued", False)])
def test_moments_in_sentences_are_written_anew_in_the_readers_own_clock(state: str, *, settled: bool) -> None:
    soon = clock.now() + timedelta(minutes=20)
    told = replace(ANSWER, state=state, settled_at=soon if settled else None, sends_at=None if settled else soon)
    assert f'<time datetime="{present.iso(soon)}" data-as="until">' in str(present.fate(told).word)
    snoozed = replace(FRESH, snoozed_until=soon)
    assert "<time " in str(present.state(snoozed).word)
    assert present.name_of(snoozed) == "4021, SMS, Mill Road School, Snoozed for now", "no moment of our clock"


@pytest.mark.parametrize("times, said", [(0, "check"), (1, "was asked once"), (3, "was asked 3 times")])
def test_an_answer_in_doubt_says_when_it_is_a_persons_turn(times: int, said: str) -> None:
    doubted = replace(ANSWER, state="uncertain", asked=times)
    assert said in present.fate(doubted).word
    assert ("now a person decides" in present.fate(doubted).word) is (times > 0)
    assert present.fate(replace(doubted, asked=0, asks_at=NOW)).word.endswith("is being asked")


def test_a_name_in_a_sentence_with_a_moment_is_text() -> None:
    sent = replace(ANSWER, state="sent", by_hand=True, settled_at=clock.now())
    assert "<b>" not in str(present.fate(sent, "<b>Ben</b>").word)


def test_what_was_sent_by_hand_says_so() -> None:
    sent = replace(ANSWER, state="sent", by_hand=True, settled_at=clock.now())
    assert present.fate(sent, "Amina").word.startswith("Sent by hand by Amina ")


def test_a_moment_to_come_is_tomorrow_where_it_is() -> None:
    noon = clock.now().replace(hour=12, minute=0)
    assert present.until(noon) == "12:00"
    assert present.until(noon + timedelta(days=1)) == "12:00 tomorrow"
    assert present.until(noon + timedelta(days=2)).endswith(" 12:00")


def test_history_is_told_without_kinds_a_reader_does_not_need() -> None:
    assert words.happened("report.claimed", "Amina", {}) == "Amina took this"
    assert words.happened("report.assigned", "Zawadi", {"name": "Ben"}) == "Zawadi gave this to Ben"
    assert words.happened("delivery.started", "The desk", {}) == ""
    assert words.happened("report.assigned", "Zawadi", None) == ""


def test_the_order_of_rows_as_text_is_the_order_of_the_queue() -> None:
    urgent = replace(FRESH, id=9, priority=1, waiting_since=NOW + timedelta(hours=1))
    answered = replace(FRESH, id=1, waiting_since=None)
    later_one = replace(FRESH, waiting_since=NOW + timedelta(seconds=1))
    queue = [urgent, FRESH, replace(FRESH, id=10_000), later_one, answered]
    assert sorted(queue, key=lambda row: present.order(row, "new")) == queue
    closed = [replace(FRESH, closed_at=NOW + timedelta(hours=1)), replace(FRESH, id=4022, closed_at=NOW),
              replace(FRESH, closed_at=NOW)]
    assert sorted([closed[2], *closed[:2]], key=lambda row: present.order(row, "resolved")) == closed


@pytest.mark.parametrize("verdict, said", [
    ("sent", "Ben marked an answer as sent"), ("again", "Ben had an answer sent again"),
    ("failed", "Ben marked an answer as failed"),
])
def test_the_history_says_what_was_decided(verdict: str, said: str) -> None:
    assert words.happened("delivery.decided", "Ben", {"delivery": 7, "verdict": verdict}) == said
