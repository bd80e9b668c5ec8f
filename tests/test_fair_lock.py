"""Whoever waits for the lock has it in their turn, also beside a thread that asks for it again and again."""

from __future__ import annotations

import threading
import time

from triage.fair_lock import FairLock

SOON, LONG = 0.05, 20.0


def waiter(lock: FairLock, had: list[int], number: int) -> threading.Thread:
    """A thread that waits for the lock; it waits already when this returns."""

    def wait() -> None:
        assert lock.acquire(LONG)
        had.append(number)
        lock.release()

    thread, before = threading.Thread(target=wait, daemon=True), len(lock._turns)
    thread.start()
    while len(lock._turns) == before:
        time.sleep(0.001)
    return thread


def test_it_is_had_in_the_order_in_which_it_was_asked_for() -> None:
    lock, had = FairLock(), list[int]()
    assert lock.acquire(LONG)
    threads = [waiter(lock, had, number) for number in range(8)]
    lock.release()
    for thread in threads:
        thread.join(LONG)
    assert had == list(range(8))


def test_who_asks_again_at_once_stands_behind_those_who_wait() -> None:
    lock, had = FairLock(), list[int]()
    assert lock.acquire(LONG)
    thread = waiter(lock, had, 1)
    lock.release()
    assert lock.acquire(LONG)
    assert had == [1]
    lock.release()
    thread.join(LONG)


def test_who_gives_up_is_passed_over() -> None:
    lock, had = FairLock(), list[int]()
    assert lock.acquire(LONG)
    assert not lock.acquire(SOON)
    thread = waiter(lock, had, 2)
    lock.release()
    thread.join(LONG)
    assert had == [2]
    assert lock.acquire(SOON)


def test_a_turn_that_comes_in_the_last_moment_is_theirs() -> None:
    lock = FairLock()
    turn = threading.Lock()
    assert not lock._left(turn)
