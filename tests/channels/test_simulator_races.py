"""Many processes on the simulator's one file: nothing is lost, nothing is answered twice."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from channels.base import AccountSettings, OutboundMessage
from channels.simulator import SimulatorPosts, Store, Written

PROCESSES, EACH = 8, 200
spawning = multiprocessing.get_context("spawn")

pytestmark = pytest.mark.races


def write(path: str, number: int) -> None:
    """One process of many: half of its messages one by one, half at once. The file may not be there yet."""
    made = [Written("sms", f"+44770090{number:04}", "+254700000100", f"{number}-{turn}") for turn in range(EACH)]
    store = Store(path)
    for written in made[: EACH // 2]:
        store.write(written)
    store.write_many(made[EACH // 2 :])


def post(path: str, _number: int) -> None:
    """One process of many that all send the same post."""
    settings = AccountSettings("mastodon", "@desk", "shared", {"path": path})
    for turn in range(20):
        SimulatorPosts(settings).send(OutboundMessage("@rosa", "Obrigada", f"delivery-{turn}"))


def test_eight_processes_write_and_none_of_1600_is_lost(tmp_path: Path) -> None:
    path = str(tmp_path / "new" / "simulator.db")
    with spawning.Pool(PROCESSES) as pool:
        pool.starmap(write, [(path, number) for number in range(PROCESSES)], chunksize=1)
    store = Store(path)
    counts = store.ledger_counts()
    assert (counts.written, counts.waiting) == (PROCESSES * EACH, PROCESSES * EACH)
    texts = {row["text"] for row in store.rows("SELECT text FROM messages")}
    assert texts == {f"{number}-{turn}" for number in range(PROCESSES) for turn in range(EACH)}


def test_the_same_post_from_eight_processes_is_one_post(tmp_path: Path) -> None:
    path = str(tmp_path / "simulator.db")
    with spawning.Pool(PROCESSES) as pool:
        pool.starmap(post, [(path, number) for number in range(PROCESSES)], chunksize=1)
    store = Store(path)
    assert len(store.accepted()) == 20
    assert len(store.requests()) == PROCESSES * 20
    assert store.accepted_twice() == {}


def test_a_fork_opens_the_file_for_itself(tmp_path: Path) -> None:
    store = Store(tmp_path / "simulator.db")
    store.write(Written("sms", "+447700900523", "+254700000100", "before"))
    child = os.fork()
    if child == 0:  # pragma: no cover - the child
        try:
            store.write(Written("sms", "+447700900523", "+254700000100", "in the child"))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    store.write(Written("sms", "+447700900523", "+254700000100", "after"))
    assert [line.text for line in store.conversation("sms", "+447700900523")] == ["before", "in the child", "after"]
