"""One delivery against the simulated provider: whatever it does, the outbox says what is known and nothing more.

Everything here runs over both drivers: this process's own threads, and RQ on a real Redis.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, text
from sqlalchemy.exc import OperationalError

from channels.simulator import Behaviour, Store
from config import Settings
from tests.patience import until
from tests.scene import CITIZEN, Scene, unsigned
from tests.servers import Redis
from tests.workers.ringing import waiting, work_off
from triage import connections
from triage.actions import accepting, replies
from triage.db import db, run_in_transaction
from triage.models import Account, Delivery
from triage.queries import outbox
from triage.workers import sweep
from triage.workers.deliver import deliver
from triage.workers.doorbell import Bell, Doorbell

TEXT = "Which door is closed?"


@dataclass
class Post:
    """An answer on its way, and the provider it goes to."""

    scene: Scene
    store: Store
    delivery_id: int
    redis_url: str | None

    def send(self) -> str:
        """Everything due is sent; the state of the answer."""
        if self.redis_url is None:
            for delivery_id in outbox.due():
                deliver(delivery_id)
        else:
            assert Bell(self.redis_url).ring(outbox.due_since())
            work_off(self.redis_url)
        return self.state()

    def state(self) -> str:
        """Where the answer stands."""
        db.session.rollback()
        return db.session.get_one(Delivery, self.delivery_id, populate_existing=True).state

    def arrived(self) -> int:
        """How often the answer came to the citizen's phone."""
        return [unsigned(line.text) for line in self.store.sent_to(CITIZEN)].count(TEXT)


@pytest.fixture(params=["threads", pytest.param("rq", marks=pytest.mark.redis)])
def redis_url(request: pytest.FixtureRequest) -> str | None:
    """Where RQ's queue is; None where threads send."""
    if request.param == "threads":
        return None
    server: Redis = request.getfixturevalue("redis_server")
    server.client().flushall()
    return server.url


@pytest.fixture
def settings(settings: Settings, redis_url: str | None) -> Settings:
    return replace(settings, redis_url=redis_url)


@pytest.fixture
def post(scene: Scene, settings: Settings) -> Post:
    maya = scene.operator("Maya")
    report = scene.sms("The door is closed.")
    scene.carry()
    held = scene.claim(report, maya)
    delivery = scene.do(lambda: replies.reply(report.id, maya, held.id, scene.head(), TEXT, "k1"))
    return Post(scene, Store(settings.simulator_path), delivery.id, settings.redis_url)


@pytest.mark.parametrize(
    "behaviour, state, arrived",
    [
        (Behaviour.WORKS, "sent", 1),
        (Behaviour.THROTTLES, "queued", 0),
        (Behaviour.REFUSES, "failed", 0),
        (Behaviour.ACCOUNT_PROBLEM, "queued", 0),
        (Behaviour.UNREACHABLE, "queued", 0),
        (Behaviour.CUTS_OFF_BEFORE, "uncertain", 0),
        (Behaviour.CUTS_OFF_AFTER, "uncertain", 1),
    ],
)
def test_what_the_carrier_does_is_what_the_outbox_says(
    post: Post, behaviour: Behaviour, state: str, arrived: int
) -> None:
    post.store.script(behaviour, count=1, seconds=30)
    assert post.send() == state
    assert post.arrived() == arrived
    assert post.store.accepted_twice() == {}


@pytest.mark.parametrize("behaviour", [Behaviour.THROTTLES, Behaviour.UNREACHABLE, Behaviour.ACCOUNT_PROBLEM])
def test_what_surely_did_not_arrive_is_tried_again_and_arrives_once(post: Post, behaviour: Behaviour) -> None:
    post.store.script(behaviour, count=1, seconds=1)
    assert post.send() == "queued"
    with post.scene.later(minutes=6):
        assert post.send() == "sent"
    assert post.arrived() == 1


def test_what_may_have_arrived_is_not_tried_again(post: Post) -> None:
    post.store.script(Behaviour.CUTS_OFF_AFTER, count=1)
    post.send()
    with post.scene.later(hours=12):
        sweep.sweep()
        assert post.send() == "uncertain"
    assert post.arrived() == 1


def test_a_secret_that_does_not_open_troubles_one_account_and_sends_nothing(post: Post) -> None:
    own = db.session.query(Account).filter(Account.operator_id.is_not(None))
    post.scene.do(lambda: own.update({"secret_sealed": b"k1\0broken"}))
    assert post.send() == "queued"
    assert own.one().needs_attention == "SealBroken"
    assert post.arrived() == 0


def test_the_doorbell_sends_what_is_rung_for_without_waiting(post: Post, app: Flask) -> None:
    doorbell = Doorbell(app)
    doorbell.start()
    try:
        doorbell.ring(frozenset({"reply.accepted"}))
        assert until(lambda: post.redis_url is None or waiting(post.redis_url) > 0)
        if post.redis_url is not None:
            work_off(post.redis_url)
        assert until(lambda: post.state() == "sent")
    finally:
        doorbell.stop()
    assert post.arrived() == 1


def test_one_failing_part_of_the_sweep_does_not_stop_the_others(
    post: Post, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> int:
        raise OSError("disk")

    monkeypatch.setattr("triage.actions.deliveries.expire_attempts", broken)
    done: list[int] = []
    monkeypatch.setattr("triage.actions.leases.wake_snoozed", lambda: done.append(1))
    sweep.sweep()
    assert done == [1]
    assert "_attempts" in [one.said["part"] for one in caplog.records if one.msg == "sweep.failed"]


@pytest.mark.parametrize("redis_url", [None], indirect=True)
def test_a_database_that_goes_away_before_the_send_is_not_the_accounts_fault(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_given: object) -> None:
        raise OperationalError("SELECT", {}, ConnectionError("the server went away"))

    with monkeypatch.context() as patch:
        patch.setattr(connections, "connect", away)
        assert post.send() == "queued"
    assert db.session.query(Account).filter(Account.needs_attention.is_not(None)).count() == 0
    with post.scene.later(minutes=5):
        assert post.send() in ("sent", "delivered")
    assert post.arrived() == 1


@pytest.mark.only("postgresql")
@pytest.mark.parametrize("redis_url", [None], indirect=True)
@pytest.mark.parametrize("at_once", [True, False])
def test_what_the_provider_said_is_written_down_when_a_server_that_only_reads_writes_again(
    post: Post, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    tries: list[int] = []
    settle = accepting.settle

    def settling(*given: Any) -> bool:
        tries.append(1)
        if len(tries) == 1:
            run_in_transaction(only_read)
        return settle(*given) if at_once else False

    monkeypatch.setattr(accepting, "settle", settling)
    assert post.send() == "sent"
    assert (len(tries), post.arrived()) == (2, 1)


def only_read() -> None:
    """Write where nothing may be written."""
    db.session.execute(text("SET TRANSACTION READ ONLY"))
    db.session.execute(delete(Delivery))
