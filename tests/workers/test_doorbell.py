"""The bell and the line: short with Redis, rung once by many, and never trusted."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from flask import Flask
from sqlalchemy import text

from tests.actions.test_turns import Shared
from tests.patience import until
from tests.scene import Scene
from tests.servers import Redis, free_port
from tests.workers.ringing import KEY, waiting
from triage import broker, clock
from triage.actions import leases
from triage.db import db
from triage.models import Delivery, DeliveryAttempt
from triage.workers import sweep
from triage.workers.doorbell import RING_AGAIN, Bell, Doorbell
from triage.workers.line import CHANNEL, Line
from triage.workers.rq_worker import NAME

NOW = datetime(2026, 11, 3, tzinfo=UTC)


@pytest.fixture
def redis(redis_server: Redis) -> Redis:
    """An empty Redis."""
    redis_server.client().flushall()
    return redis_server


@pytest.mark.redis
@pytest.mark.only("sqlite")
def test_many_processes_ring_once_for_one_row(app: Flask, redis: Redis) -> None:
    due = [(1, NOW), (2, NOW)]
    assert all(Bell(redis.url).ring(due) for _ in range(5))
    assert waiting(redis.url) == 2
    assert Bell(redis.url).ring([(1, NOW + timedelta(seconds=30))])  # due again later: a new ring
    assert waiting(redis.url) == 3
    ages = [redis.client().pttl(key) for key in redis.client().keys("triage:rung:*")]
    assert all(0 < age <= RING_AGAIN * 1000 for age in ages), "a ring that is lost comes again"


@pytest.mark.redis
@pytest.mark.only("sqlite")
def test_a_job_is_a_name_with_a_number_and_nothing_else_is_kept(app: Flask, redis: Redis) -> None:
    Bell(redis.url).ring([(7, NOW)])
    client = redis.client()
    name, = client.lrange(KEY, 0, -1)
    assert NAME.fullmatch(name)[1] == b"7"
    assert client.keys("rq:*") == [KEY.encode()]


@pytest.mark.only("sqlite")
def test_a_redis_that_is_not_there_costs_a_moment_once(app: Flask) -> None:
    bell = Bell(f"redis://127.0.0.1:{free_port()}/0")
    begun = clock.steady()
    assert [bell.ring([(1, NOW)]) for _ in range(100)] == [False] * 100
    assert clock.steady() - begun < broker.CONNECT_SECONDS + broker.ANSWER_SECONDS + 1


@pytest.mark.redis
@pytest.mark.only("sqlite")
def test_a_redis_that_does_not_answer_costs_a_moment_once(app: Flask) -> None:
    server = Redis().start()
    try:
        bell = Bell(server.url)
        assert bell.ring([(1, NOW)])
        server.hold()
        begun = clock.steady()
        assert [bell.ring([(2, NOW)]) for _ in range(100)] == [False] * 100
        assert clock.steady() - begun < broker.CONNECT_SECONDS + broker.ANSWER_SECONDS + 1
        server.go_on()
        assert until(lambda: bell.ring([(3, NOW)]), 10)
    finally:
        server.kill()


@pytest.mark.redis
def test_a_call_makes_the_others_look_and_not_the_caller(redis: Redis) -> None:
    heard, own = threading.Event(), threading.Event()
    ears, mouth = Line(redis.url, heard.set), Line(redis.url, own.set)
    for end in (ears, mouth):
        end.start()
    try:
        assert until(lambda: redis.client().pubsub_numsub(CHANNEL)[0][1] == 2)
        mouth.call(frozenset())
        assert heard.wait(10)
        assert not own.wait(0.2)
        redis.client().publish(CHANNEL, b"\xff made up by anybody")
        assert own.wait(10)
    finally:
        for end in (ears, mouth):
            end.stop()


@pytest.mark.redis
def test_the_line_comes_back_with_redis() -> None:
    server, heard = Redis().start(), threading.Event()
    line = Line(server.url, heard.set)
    line.start()
    try:
        assert until(lambda: server.client().pubsub_numsub(CHANNEL)[0][1] == 1)
        server.kill()
        line.call(frozenset())
        server.start()
        assert until(lambda: server.client().publish(CHANNEL, "x") > 0)
        assert heard.wait(10)
    finally:
        line.stop()
        server.kill()


@pytest.mark.only("postgresql")
def test_a_part_of_the_sweep_that_another_process_is_at_is_left_out(
    app: Flask, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(leases, "sweep", lambda: done.append("leases"))
    monkeypatch.setattr(leases, "wake_snoozed", lambda: done.append("snoozes"))
    with db.engine.connect() as other:
        other.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": sweep.SWEEP_LOCK + 2})
        sweep.sweep()
        assert done == ["snoozes"]
    sweep.sweep()
    assert done == ["snoozes", "leases", "snoozes"]


@pytest.mark.parametrize("settings", [{"acknowledge": False}], indirect=True)
def test_what_waits_for_a_slot_leaves_when_there_is_one_and_is_not_asked_for_before(app: Flask, scene: Scene) -> None:
    shared = Shared(scene, [[1, 1]], "Amina")
    shared.write("Amina", 4)
    db.session.remove()
    doorbell = Doorbell(app)
    doorbell.start()
    try:
        assert until(lambda: _sent() == 4)
    finally:
        doorbell.stop()
    begun = [one.started_at for one in db.session.query(DeliveryAttempt).order_by(DeliveryAttempt.id)]
    assert all(later - earlier >= timedelta(seconds=1) for earlier, later in pairwise(begun))


def _sent() -> int:
    db.session.rollback()
    return db.session.query(Delivery).filter(Delivery.state.in_(("sent", "delivered"))).count()
