"""`flask triage worker`: needs a Redis and says so; sends what is rung for."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest

from config import Settings
from tests.conftest import dispose
from tests.scene import Scene
from tests.servers import Redis, free_port
from triage.actions import replies
from triage.app import create_app
from triage.db import db
from triage.models import Delivery
from triage.queries import outbox
from triage.workers.doorbell import Bell

pytestmark = pytest.mark.only("sqlite")


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """A worker takes the signals of its process, which here is the test's."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def on(settings: Settings, url: str | None, *arguments: str) -> tuple[int, str]:
    """The command on a desk with this REDIS_URL: status, and what it says."""
    app = create_app(replace(settings, redis_url=url))
    try:
        done = app.test_cli_runner().invoke(args=["triage", *arguments])
    finally:
        with app.app_context():
            dispose(app)
    return done.exit_code, done.output


def test_without_redis_url_it_says_what_is_missing(settings: Settings) -> None:
    status, said = on(settings, None, "worker")
    assert status == 1
    assert "REDIS_URL" in said
    assert len(said.splitlines()) == 1


def test_burst_without_an_answer_from_redis_ends_with_one_sentence(settings: Settings) -> None:
    status, said = on(settings, f"redis://127.0.0.1:{free_port()}/0", "worker", "--burst")
    assert status == 1
    assert said.splitlines() == ["The worker is ready.", "Error: Redis does not answer: ConnectionError."]


@pytest.mark.redis
def test_burst_sends_what_is_rung_for_and_leaves(settings: Settings, redis_server: Redis) -> None:
    redis_server.client().flushall()
    app = create_app(settings)
    with app.app_context():
        scene = Scene()
        maya, report = scene.operator("Maya"), scene.sms("The door is closed.")
        held = scene.claim(report, maya)
        number = scene.do(lambda: replies.reply(report.id, maya, held.id, scene.head(), "Which?", "k1")).id
        assert Bell(redis_server.url).ring(outbox.due_since())
    assert on(settings, redis_server.url, "worker", "--burst") == (0, "The worker is ready.\n")
    with app.app_context():
        assert db.session.get_one(Delivery, number).state == "sent"
        dispose(app)


@pytest.mark.redis
def test_the_doctor_looks_whether_redis_takes_what_is_written(settings: Settings, redis_server: Redis) -> None:
    assert "redis: takes what is written" in on(settings, redis_server.url, "doctor")[1]
    client = redis_server.client()
    client.config_set("maxmemory", 1)
    try:
        assert "WRONG redis: cannot be used: OutOfMemoryError" in on(settings, redis_server.url, "doctor")[1]
    finally:
        client.config_set("maxmemory", 0)
    assert "WRONG redis" in on(settings, f"redis://127.0.0.1:{free_port()}/0", "doctor")[1]
