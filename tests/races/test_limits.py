"""An account's limit is counted from its attempts: held exactly, by any number of processes."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

import config
from tests import checker
from tests.processes import SIZE, Crew, Figures, Seat
from tests.races import stock
from tests.scene import Scene
from triage import clock
from triage.actions import accepting, deliveries
from triage.db import db, run_in_transaction
from triage.models import Account, Delivery, DeliveryAttempt
from triage.queries import outbox, sending

pytestmark = [pytest.mark.races, pytest.mark.timeout(240)]

DUE = 240
LIMIT = 7
WINDOW = 600  # seconds: longer than any machine needs for the race


def limited(scene: Scene, seconds: int) -> list[int]:
    """A desk with `DUE` answers due by one account that may send `LIMIT` messages in so many seconds."""
    (operator,) = stock.people(scene, 1)
    waiting = stock.due(DUE, operator)
    limits = update(Account).where(Account.operator_id == operator).values(limits=[[LIMIT, seconds]])
    run_in_transaction(lambda: db.session.execute(limits))
    return waiting


def begin_all(seat: Seat, waiting: list[int]) -> int:
    """Try to begin every delivery, in an order of one's own; how many began."""
    order = seat.chance().sample(waiting, len(waiting))
    return sum(run_in_transaction(lambda number=one: deliveries.begin_attempt(number)) is not None for one in order)


def started() -> list[datetime]:
    """When every attempt began, in order."""
    return list(db.session.scalars(select(DeliveryAttempt.started_at).order_by(DeliveryAttempt.started_at)))


@pytest.mark.parametrize("settings", [{"acknowledge": False}], indirect=True)
def test_of_240_due_deliveries_exactly_7_begin_within_the_limit(
    scene: Scene, settings: config.Settings, crew: Crew, figures: Figures
) -> None:
    waiting = limited(scene, WINDOW)
    began = time.monotonic()
    begun = crew.race(settings, begin_all, waiting)
    seconds = time.monotonic() - began
    assert seconds < WINDOW, "the window must not have moved on"
    assert sum(begun) == len(started()) == LIMIT
    states = dict.fromkeys(db.session.scalars(select(Delivery.state)), 0)
    assert set(states) == {"sending", "queued"}
    opens = db.session.scalar(select(Account.next_slot_at).where(Account.operator_id.is_not(None)))
    assert opens == max(started()) + timedelta(seconds=WINDOW), "all are on their way: none can end before now"
    checker.check(settings)
    figures(f"{sum(begun)} of {DUE} began, by {begun}; {DUE * SIZE} tries in {seconds:.1f} s")


def send_for(seat: Seat, seconds: float) -> int:
    """Begin and settle whatever is due, for so long; how many left."""
    until, left = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        for number in outbox.due(10):
            left += _send(number)
        seat.stumble(seat.chance())
    return left


def _send(number: int) -> int:
    order = run_in_transaction(lambda: deliveries.begin_attempt(number))
    if order is None:
        return 0
    accepted = deliveries.Settlement("accepted", provider_id=f"OUT{order.attempt_id}")
    if not accepting.settle(order.attempt_id, accepted):
        run_in_transaction(lambda: deliveries.settle(order.attempt_id, accepted))
    return 1


@pytest.mark.parametrize("settings", [{"acknowledge": False}], indirect=True)
def test_no_window_of_the_limit_ever_holds_more_than_7_and_the_queue_keeps_moving(
    scene: Scene, settings: config.Settings, crew: Crew, figures: Figures
) -> None:
    limited(scene, 2)
    sent = sum(crew.race(settings, send_for, 7.0))
    moments = started()
    spans = [later - earlier for earlier, later in zip(moments, moments[LIMIT:], strict=False)]
    assert len(moments) == sent
    assert min(spans) >= timedelta(seconds=2)
    assert sent >= 2 * LIMIT  # slots that come free are used
    checker.check(settings)
    figures(f"{sent} left in 7 s under {LIMIT} per 2 s; tightest {LIMIT + 1} began within {min(spans)}")


def begin_carelessly(seat: Seat, waiting: list[int]) -> None:
    """Ask for a slot in one transaction and take it in another."""
    account = db.session.get_one(Account, db.session.get_one(Delivery, waiting[0]).account_id)
    for one in waiting[seat.place::SIZE][:5]:
        slots = sending.slots(account, clock.now())
        db.session.rollback()
        seat.meet()
        if slots is not None and slots.left > 0:
            attempt = DeliveryAttempt(delivery_id=one, account_id=account.id, started_at=clock.now())
            run_in_transaction(lambda new=attempt: db.session.add(new))
        seat.meet()


@pytest.mark.parametrize("settings", [{"acknowledge": False}], indirect=True)
def test_asking_in_one_transaction_and_taking_in_another_breaks_the_limit(
    scene: Scene, settings: config.Settings, crew: Crew, figures: Figures
) -> None:
    crew.race(settings, begin_carelessly, limited(scene, 60))
    assert len(started()) > LIMIT
    figures(f"{len(started())} began under a limit of {LIMIT}: this race can be lost")
