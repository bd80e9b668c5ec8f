"""What the provider accepted is settled in one statement on PostgreSQL: once, and only what needs nothing more."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from tests.scene import Scene
from triage import clock, events
from triage.actions import accepting, deliveries, replies
from triage.actions.deliveries import SendOrder, Settlement
from triage.db import db
from triage.events import Kind
from triage.models import Account, Delivery, DeliveryAttempt, Report

pytestmark = pytest.mark.only("postgresql")
ACCEPTED = Settlement("accepted", provider_id="OUT1")


@pytest.fixture
def order(scene: Scene) -> SendOrder:
    """An answer that is on its way."""
    maya = scene.operator("Maya")
    report = scene.sms("The station is closed.")
    scene.carry()
    held = scene.claim(report, maya)
    delivery = scene.do(lambda: replies.reply(report.id, maya, held.id, scene.head(), "Which station?", "key-0001"))
    return scene.do(lambda: deliveries.begin_attempt(delivery.id))


def stands(order: SendOrder) -> tuple[str, str | None, str | None, int]:
    """The state and the name of the answer, how its attempt ended, and how often its end is told."""
    db.session.rollback()
    delivery = db.session.get_one(Delivery, order.delivery_id, populate_existing=True)
    outcome = db.session.scalar(select(DeliveryAttempt.outcome).where(DeliveryAttempt.id == order.attempt_id))
    told = [one for one in events.after(0) if one.kind in (Kind.DELIVERY_SENT, Kind.DELIVERY_DELIVERED)
            and one.data == {"delivery": order.delivery_id} and one.report_id == delivery.report_id]
    return delivery.state, delivery.provider_id, outcome, len(told)


@pytest.mark.parametrize("delivered", [False, True])
def test_what_was_accepted_is_settled_told_and_announced(scene: Scene, order: SendOrder, delivered: bool) -> None:
    state, heard = "delivered" if delivered else "sent", []
    events.listen(heard.append)
    assert accepting.settle(order.attempt_id, Settlement("accepted", provider_id="OUT1", delivered=delivered))
    assert stands(order) == (state, "OUT1", "accepted", 1)
    assert heard == [frozenset({f"delivery.{state}"})]


@pytest.mark.parametrize("took_place", [True, False])
def test_a_lost_answer_is_settled_again_and_told_once(
    scene: Scene, order: SendOrder, monkeypatch: pytest.MonkeyPatch, took_place: bool
) -> None:
    real = accepting.run_statement

    def lost(*given: Any) -> None:
        if took_place:
            real(*given)
        raise OperationalError("SELECT", {}, ConnectionError("gone"), connection_invalidated=True)

    monkeypatch.setattr(accepting, "run_statement", lost)
    assert not accepting.settle(order.attempt_id, ACCEPTED)
    scene.do(lambda: deliveries.settle(order.attempt_id, ACCEPTED))
    assert stands(order) == ("sent", "OUT1", "accepted", 1)


def test_an_attempt_that_was_given_up_while_the_report_was_waited_for_is_not_ended_twice(
    scene: Scene, order: SendOrder
) -> None:
    delivery = db.session.get_one(Delivery, order.delivery_id)
    of, attempt = Report.id == delivery.report_id, DeliveryAttempt.id == order.attempt_id
    with db.engine.connect() as sweep:
        sweep.execute(select(Report.id).where(of).with_for_update(key_share=True))
        sweep.execute(update(DeliveryAttempt).where(attempt).values(finished_at=clock.now(), outcome="unknown"))
        sweep.execute(update(Delivery).where(Delivery.id == delivery.id).values(state="uncertain"))
        release = threading.Timer(0.3, sweep.commit)
        release.start()
        assert not accepting.settle(order.attempt_id, ACCEPTED)
        release.join()
    assert stands(order) == ("uncertain", None, "unknown", 0)


@pytest.mark.parametrize("how", [{"trouble": "broken", "needs_attention": "no"}, {"paused_why": "failing"}])
def test_an_account_that_shows_that_it_works_again_is_not_settled_here(
    scene: Scene, order: SendOrder, how: dict[str, str]
) -> None:
    scene.do(lambda: db.session.execute(update(Account).where(Account.id == order.account_id).values(**how)))
    assert not accepting.settle(order.attempt_id, ACCEPTED)
    assert stands(order) == ("sending", None, None, 0)


def test_a_copy_is_not_settled_here(scene: Scene, order: SendOrder) -> None:
    """Its primary is locked before it."""
    other = scene.sms("The station on Ngong Road is closed.", "+254711000999")
    report = db.session.get_one(Delivery, order.delivery_id).report_id
    scene.do(lambda: db.session.execute(update(Report).where(Report.id == report).values(
        duplicate_of=other.id, status="duplicate")))
    assert not accepting.settle(order.attempt_id, ACCEPTED)
    assert stands(order) == ("sending", None, None, 0)


def test_whatever_else_the_provider_said_is_not_settled_here(order: SendOrder) -> None:
    for outcome in ("retry", "rejected", "unknown", "account_problem"):
        assert not accepting.settle(order.attempt_id, Settlement(outcome))
    assert stands(order) == ("sending", None, None, 0)
