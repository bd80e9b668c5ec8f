"""Pure modules: limits, backoff, sealing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage import backoff, limits
from triage.sealing import KeyRing, SealBroken

NOW = datetime(2026, 11, 21, 9, 41, 12, tzinfo=UTC)
RING = KeyRing({"new": b"n" * 32, "old": b"o" * 32, "index": b"i" * 32})
OLD_RING = KeyRing({"old": b"o" * 32, "index": b"i" * 32})


def test_the_next_slot_is_when_every_window_has_room() -> None:
    full = limits.Window(2, 60, NOW - timedelta(seconds=10))
    free = limits.Window(100, 3600, None)
    assert limits.next_slot(NOW, [free]) == NOW
    assert limits.next_slot(NOW, [full, free]) == NOW + timedelta(seconds=50)


def begun_by_trying(now: datetime, windows: list[limits.Past], most: int) -> list[datetime]:
    """The same by brute force: every second somebody counts every window and begins what fits."""
    begun, found, at = {id(window): list(window.moments) for window in windows}, [], now
    while len(found) < most:
        while len(found) < most and all(
            sum(one > at - timedelta(seconds=window.seconds) for one in begun[id(window)]) < window.count
            for window in windows
        ):
            found.append(at)
            for moments in begun.values():
                moments.append(at)
        at += timedelta(seconds=1)
    return found


WINDOWS = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 40)), max_size=3)


@given(WINDOWS, st.lists(st.integers(0, 60), max_size=12), st.integers(0, 30))
def test_the_schedule_is_what_trying_every_second_would_do(
    limited: list[tuple[int, int]], ago: list[int], most: int
) -> None:
    past = [NOW - timedelta(seconds=seconds) for seconds in sorted(ago, reverse=True)]
    windows = [limits.Past(count, seconds, past) for count, seconds in limited]
    assert limits.schedule(NOW, windows, most) == begun_by_trying(NOW, windows, most)


def test_the_next_of_the_schedule_is_the_next_slot() -> None:
    past = [NOW - timedelta(seconds=seconds) for seconds in (50, 30, 10)]
    single = [limits.Window(2, 60, past[1]), limits.Window(3, 3600, past[0])]
    several = [limits.Past(2, 60, past), limits.Past(3, 3600, past)]
    assert limits.schedule(NOW, several, 1) == [limits.next_slot(NOW, single)]


def test_backoff_grows_to_its_ceiling_and_gives_up_at_last() -> None:
    waits = [backoff.delay(tries, jitter=1).total_seconds() for tries in range(1, 15)]
    assert waits == sorted(waits)
    assert waits[:3] == [2, 4, 8]
    assert max(waits) == backoff.CEILING_SECONDS
    assert not backoff.exhausted(backoff.MAX_ATTEMPTS - 1)
    assert backoff.exhausted(backoff.MAX_ATTEMPTS)


@given(st.integers(1, 100))
def test_backoff_stays_between_half_a_step_and_a_step(tries: int) -> None:
    assert backoff.delay(tries, jitter=1) / 2 <= backoff.delay(tries) <= backoff.delay(tries, jitter=1)


@given(st.text())
def test_what_is_sealed_opens_with_its_own_context_only(text: str) -> None:
    sealed = RING.seal(text, "contacts.address|phone|1")
    assert RING.open(sealed, "contacts.address|phone|1") == text
    with pytest.raises(SealBroken):
        RING.open(sealed, "contacts.address|phone|2")


def test_a_changed_byte_does_not_open() -> None:
    sealed = bytearray(RING.seal("text", "context"))
    sealed[-1] ^= 1
    with pytest.raises(SealBroken):
        RING.open(bytes(sealed), "context")


def test_values_sealed_with_a_retired_key_still_open_and_an_unknown_key_does_not() -> None:
    assert RING.open(OLD_RING.seal("text", "context"), "context") == "text"
    with pytest.raises(SealBroken):
        OLD_RING.open(RING.seal("text", "context"), "context")


def test_the_blind_index_is_equal_for_equal_values_and_differs_by_purpose_and_key() -> None:
    other = KeyRing({"new": b"n" * 32, "index": b"j" * 32})
    assert RING.blind("contact", "+254") == OLD_RING.blind("contact", "+254")
    assert len({RING.blind("contact", "+254"), RING.blind("receipt", "+254"), other.blind("contact", "+254")}) == 3


@given(st.text(min_size=1))
def test_a_receipt_code_is_sixteen_digits_and_the_same_for_the_same_form(token: str) -> None:
    code = RING.receipt_code(token)
    assert len(code) == 16
    assert code.isdecimal()
    assert code == RING.receipt_code(token)
