"""Whoever can write to Redis can fill the queue with anything. No code of theirs runs, and the worker goes on."""

from __future__ import annotations

import json
import os
import pickle
import random
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from tests.servers import Redis
from tests.workers.ringing import KEY, waiting, work_off
from triage.workers import jobs
from triage.workers.doorbell import SEND

pytestmark = [pytest.mark.redis, pytest.mark.only("sqlite")]

OURS = 10**6  # numbers below stand in names as ours are
ITEMS = int(os.environ.get("POISON", "1000"))


class Evil:
    """Unpickled, it makes a folder."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.mark),)


def payloads(mark: Path, chance: random.Random) -> Iterator[bytes]:
    """The data of jobs that are none of ours, without end."""
    made = "os.mkdir"
    while True:
        yield chance.randbytes(chance.randrange(1, 300))
        yield pickle.dumps((made, None, (str(mark),), {}))
        yield pickle.dumps(Evil(mark))
        yield zlib.compress(pickle.dumps(Evil(mark)))
        yield json.dumps((made, None, (str(mark),), {})).encode()
        yield json.dumps((SEND, "os", (1,), {"x": 1})).encode()
        yield json.dumps((SEND, None, (str(mark),), {})).encode()
        yield json.dumps((SEND, None, ([1],), {})).encode()
        yield json.dumps((SEND, None, (-chance.randrange(10**30),), {})).encode()
        yield json.dumps((SEND, None, (True,), {})).encode()
        yield json.dumps(chance.choice([None, 1, "x", [], {}, [[]], [1, 2, 3]])).encode()
        yield zlib.compress(b"[" * 5_000_000)
        yield b"[" * 100_000


def names(chance: random.Random) -> Iterator[bytes]:
    """Names of jobs: some as ours are, some as nobody's are."""
    while True:
        yield b"dlv-%d-%08x" % (chance.randrange(OURS), chance.randrange(16**8))
        yield chance.randbytes(chance.randrange(1, 60))
        yield b"x:y:z"
        yield b"dlv-1000000-00000000 "
        yield b"dlv--1000000-00000000"
        yield b"dlv-%d-00000000" % 10**30
        yield "dlv-1000000\u0661-00000000".encode()


def test_nothing_in_the_queue_runs_but_a_number_of_ours(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    redis_server = Redis().start()  # of its own: it is flooded
    request.addfinalizer(redis_server.kill)
    sent: list[int] = []
    monkeypatch.setattr(jobs, "deliver", lambda number: sent.append(number))
    chance, mark, client = random.Random(8), tmp_path / "run", redis_server.client()
    client.flushall()
    data, called = payloads(mark, chance), names(chance)
    callbacks = {f"{when}_callback_name": "os.getpid" for when in ("success", "failure", "stopped")}
    for _ in range(ITEMS):
        name = next(called)
        client.rpush(KEY, name)
        client.hset(b"rq:job:" + name, mapping={"data": next(data), "created_at": "never", "timeout": "x", **callbacks})
    _ours(client, 7, **callbacks, webhooks="[{}]", timeout="1", meta=pickle.dumps(Evil(mark)))
    work_off(redis_server.url)
    assert waiting(redis_server.url) == 0
    assert not mark.exists()
    assert sent[-1] == 7
    assert all(0 <= number < OURS for number in sent), "the number in the name, whatever a record says"


def _ours(client: object, number: int, **more: object) -> None:
    """A job of ours with additions that RQ would obey."""
    name = f"dlv-{number}-00000abc"
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    client.hset(f"rq:job:{name}", mapping={"data": json.dumps((SEND, None, (number,), {})), "created_at": now, **more})
    client.rpush(KEY, name)


@pytest.mark.parametrize("kind", ["string", "set"])
def test_a_queue_that_is_no_queue_ends_no_worker_for_ever(app: Flask, redis_server: Redis, kind: str) -> None:
    client = redis_server.client()
    client.flushall()
    if kind == "string":
        client.set(KEY, b"x")
    else:
        client.sadd(KEY, b"x")
    work_off(redis_server.url)
    client.delete(KEY)
