"""The brake on signing in where several nodes share a Redis: they count together, and each alone while it is away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

from config import Settings
from tests import conftest
from tests.scene import Scene
from tests.servers import Redis
from tests.web.door import Browser
from triage import broker, clock
from triage.app import create_app

pytestmark = [pytest.mark.redis, pytest.mark.only("sqlite")]


@pytest.fixture
def redis() -> Iterator[Redis]:
    """A Redis of one's own, to be held still."""
    server = Redis().start()
    yield server
    server.kill()


@pytest.fixture
def nodes(settings: Settings, redis: Redis) -> Iterator[list[Flask]]:
    """Two nodes of one desk."""
    made = [create_app(replace(settings, redis_url=redis.url)) for _ in range(2)]
    for node in made:
        node.test_client_class = conftest.Browser
    yield made
    for node in made:
        with node.app_context():
            conftest.dispose(node)


def wrong(node: Flask, scene: Scene) -> int:
    """Somebody tries Amina's address with a wrong password at a node; the status."""
    browser = Browser(node)
    browser.get("/login")
    return browser.post("/login", {"email": "amina@desk.example", "password": "no"}).status_code


def test_nodes_count_together(scene: Scene, nodes: list[Flask]) -> None:
    scene.operator("Amina")
    assert [wrong(nodes[number % 2], scene) for number in range(6)] == [401] * 5 + [429]
    assert wrong(nodes[1], scene) == 429


def test_while_redis_does_not_answer_each_counts_for_itself_and_nobody_waits_long(
    scene: Scene, nodes: list[Flask], redis: Redis
) -> None:
    scene.operator("Amina")
    assert wrong(nodes[0], scene) == 401
    redis.hold()
    begun = clock.steady()
    assert [wrong(nodes[0], scene) for _ in range(6)] == [401] * 5 + [429]
    assert clock.steady() - begun < 6 * broker.ANSWER_SECONDS + 6
    assert wrong(nodes[1], scene) == 401
    redis.go_on()


def test_the_citizens_form_asks_no_redis(scene: Scene, nodes: list[Flask], redis: Redis) -> None:
    redis.hold()
    begun = clock.steady()
    assert nodes[0].test_client().get("/report").status_code == 200
    assert clock.steady() - begun < 5
    redis.go_on()
