"""Whatever Redis does, requests go on and every answer is sent once: it only ever carried hints."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.patience import until
from tests.processes import Figures
from tests.servers import Redis
from tests.workers.nodes import Nodes
from tests.workers.ringing import KEY

ANSWERS = 4  # in each fault
LASTS = float(os.environ.get("REDIS_FAULT_SECONDS", "0"))  # how long each lasts; `make soak` says minutes
DELAY = 1.0  # seconds a request may take longer than without the fault
RECOVERY = 60.0

pytestmark = [pytest.mark.redis, pytest.mark.postgresql, pytest.mark.timeout(300 + 2 * LASTS)]


@contextmanager
def flushed(redis: Redis) -> Iterator[None]:
    """Everything it knew is gone, again and again."""
    redis.client().flushall()
    yield
    redis.client().flushall()


@contextmanager
def gone(redis: Redis) -> Iterator[None]:
    """Killed, and back with nothing in it."""
    redis.kill()
    yield
    redis.start()


@contextmanager
def slow(redis: Redis) -> Iterator[None]:
    """It takes connections and does not answer."""
    redis.hold()
    yield
    redis.go_on()


@contextmanager
def _configured(redis: Redis, name: str, value: object) -> Iterator[None]:
    with redis.client().client() as client:  # one connection: a new one might not be let in
        before = client.config_get(name)[name]
        client.config_set(name, value)
        client.client_kill_filter(_type="normal", skipme=True)
        client.client_kill_filter(_type="pubsub", skipme=True)
        yield
        client.config_set(name, before)


@contextmanager
def full(redis: Redis) -> Iterator[None]:
    """It has no room for anything more, and may not forget."""
    with _configured(redis, "maxmemory", 1):
        yield


@contextmanager
def locked(redis: Redis) -> Iterator[None]:
    """It wants a password that nobody here knows."""
    with _configured(redis, "requirepass", "somebody else's"):
        yield


@contextmanager
def readonly(redis: Redis) -> Iterator[None]:
    """It has become somebody's replica."""
    redis.client().execute_command("REPLICAOF", "127.0.0.1", "1")
    yield
    redis.client().execute_command("REPLICAOF", "NO", "ONE")


FAULTS: tuple[Callable[[Redis], object], ...] = (flushed, gone, slow, full, locked, readonly)


@pytest.fixture(scope="module")
def desk(nodes: Nodes) -> Nodes:
    """One node and one worker run, and have been at work."""
    nodes.node()
    nodes.worker()
    browser = nodes.signed_in(nodes.nodes[0])
    nodes.usual = [nodes.answers(browser, nodes.held(), f"Warm {number}.") for number in range(4)]
    return nodes


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_no_answer_waits_for_redis_and_none_is_sent_twice(
    desk: Nodes, fault: Callable[[Redis], object], figures: Figures
) -> None:
    browser = desk.signed_in(desk.nodes[0])
    reports = [desk.held() for _ in range(ANSWERS + 1)]
    texts, took = [f"{fault.__name__} {number}." for number in range(ANSWERS)], []
    with fault(desk.redis):
        for report, text in zip(reports, texts, strict=False):
            took.append(desk.answers(browser, report, text))
            time.sleep(LASTS / ANSWERS)
        meanwhile = [desk.ends(text, "sent", "delivered", seconds=RECOVERY) for text in texts]
    after = f"{fault.__name__}, afterwards."
    desk.answers(browser, reports[-1], after)
    assert desk.ends(after, "sent", "delivered", seconds=RECOVERY)
    assert all(meanwhile), [desk.state(text) for text in texts]
    assert [(desk.arrived(text), desk.attempts(text)) for text in [*texts, after]] == [(1, 1)] * (ANSWERS + 1)
    usual, now = statistics.median(desk.usual), statistics.median(took)
    figures(f"a request takes {now * 1000:.0f} ms (median), {usual * 1000:.0f} ms without the fault")
    assert now < usual + DELAY  # whoever waited for Redis would do so every time
    assert desk.workers[0].alive()


def test_a_sign_in_while_redis_does_not_answer_is_counted_here_and_goes_on(desk: Nodes) -> None:
    with slow(desk.redis):
        desk.signed_in(desk.nodes[0])
        assert "sign_in.counter_away" in desk.nodes[0].log()


def test_the_worker_has_lived_through_it_all_and_answers_the_bell_again(desk: Nodes) -> None:
    client = desk.redis.client()
    client.rpush(KEY, *[f"dlv-1-{number:08x}" for number in range(5)])
    assert until(lambda: client.llen(KEY) == 0)
    assert desk.workers[0].alive()
