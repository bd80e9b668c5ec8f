"""What is foretold comes true: by a clock that waits for the machine, with the limits that numbers really have."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from unittest import mock

import pytest
from sqlalchemy import func, insert, select

import config
from tests.actions.test_turns import QUIET, Shared
from tests.processes import Figures, figures
from tests.scene import Scene
from triage import clock
from triage.actions import deliveries, replies
from triage.actions.deliveries import Settlement
from triage.db import db, run_in_transaction
from triage.models import Account, Delivery, Message, Operator, Report
from triage.queries import floor, forecast, outbox, reports

LIMITS = ([[1, 1]], [[30, 60]], [[10, 60], [200, 3600]], [[5, 60], [60, 3600]], [[3, 5], [20, 60]])
__all__ = ["figures"]  # a fixture

ANSWERS = int(os.environ.get("VOICES", "300"))
NEAR = 0.10


class Time:
    """The clock stands still and is moved."""

    def __init__(self) -> None:
        self.at = datetime.now(tz=clock.now().tzinfo)

    def now(self) -> datetime:
        """The moment at which it stands; a hair later at every look, as clocks are."""
        self.at += timedelta(microseconds=1)
        return self.at


def run_on(time: Time, settle: Callable[[int], Settlement | None], seen: Callable[[int], None]) -> dict[int, datetime]:
    """Send all there is, going from moment to moment; when each delivery left for the last time."""
    gone: dict[int, datetime] = {}
    while True:
        due = outbox.due()
        db.session.rollback()
        for number in due:
            order = run_in_transaction(lambda number=number: deliveries.begin_attempt(number))
            if order is not None:
                gone[number] = time.at
                how = settle(len(gone)) or Settlement("accepted", provider_id=f"OUT{order.attempt_id}")
                run_in_transaction(lambda order=order, how=how: deliveries.settle(order.attempt_id, how))
                seen(len(gone))
        at = outbox.earliest(time.at)
        if not due and at is None:
            return gone
        if not due or not outbox.due():
            time.at = max(time.at, at or time.at)


def numbers(scene: Scene, count: int, share: int, report: Report) -> list[int]:
    """So many numbers with limits of every kind, by each of which three people have written their share; their ids."""
    made = []
    for place in range(count):
        account = scene.account("sms", f"+2547000007{place:02d}", can_send=True, limits=LIMITS[place % len(LIMITS)])
        scene.do(lambda account=account: [_wait(account, report, n) for n in range(share)])
        made.append(account.id)
    return made


def _wait(account: Account, report: Report, place: int) -> None:
    values = {"report_id": report.id, "account_id": account.id, "contact_id": report.contact_id, "channel": "sms"}
    message = db.session.execute(insert(Message.__table__).values(
        **values, direction="out", body="On our way.", recorded_at=clock.now(),
        dedupe_key=f"w{account.id}-{place}").returning(Message.id)).scalar_one()
    db.session.execute(insert(Delivery.__table__).values(
        **values, message_id=message, part=1, purpose="acknowledgement", state="queued", turn=place // 3 + 1,
        segments=1, by_hand=False, next_attempt_at=clock.now(), created_at=clock.now()))


@pytest.mark.timeout(120 + ANSWERS / 10)
@QUIET
def test_at_every_tenth_of_the_way_all_numbers_are_drained_when_it_was_said(
    scene: Scene, settings: config.Settings, figures: Figures
) -> None:
    report, time = scene.sms("The station is closed."), Time()
    told: list[tuple[datetime, dict[int, datetime | None]]] = []
    with mock.patch.object(clock, "now", time.now):
        made = numbers(scene, 30, ANSWERS // 30, report)
        every = max(ANSWERS // 10, 1)

        def foretell(gone: int) -> None:
            if gone % every == 0 and gone < ANSWERS:
                told.append((time.at, {one: forecast.drained_at(db.session.get_one(Account, one)) for one in made}))
                db.session.rollback()

        foretell(0)
        gone = run_on(time, lambda _: None, foretell)
    assert len(gone) == ANSWERS // 30 * 30
    account_of = {one.id: one.account_id for one in db.session.query(Delivery)}
    last = {one: max(at for number, at in gone.items() if account_of[number] == one) for one in made}
    wrong = [off(at, end, last[one]) for at, ends in told for one, end in ends.items() if end is not None]
    assert len(told) == ANSWERS // every
    assert max(wrong) <= NEAR
    figures(f"{ANSWERS} answers by {len(made)} numbers: {len(wrong)} forecasts, {max(wrong):.2%} off at worst")


def off(at: datetime, said: datetime, really: datetime) -> float:
    """The share by which a forecast is wrong; moments that both have come are right."""
    left = max((really - at).total_seconds(), 1.0)
    return abs((said - really).total_seconds()) / left


@QUIET
def test_each_message_leaves_when_it_was_said_though_people_write_unequally(
    scene: Scene, settings: config.Settings
) -> None:
    time = Time()
    with mock.patch.object(clock, "now", time.now):
        shared = Shared(scene, [[3, 10], [8, 60]], "Amina", "Ben")
        shared.write("Amina", 20)
        new = forecast.of_new(shared.now(), shared.people["Ben"].id)
        (ben,) = shared.write("Ben")
        said = {one.id: forecast.leaves_at(one) for one in db.session.query(Delivery)}
        assert new.ahead == 1
        assert abs((said[ben] - new.at).total_seconds()) < 0.01
        db.session.rollback()
        gone = run_on(time, lambda _: None, lambda _: None)
    for number, at in gone.items():
        assert abs((at - said[number]).total_seconds()) < 0.1


@QUIET
def test_the_pages_say_it(scene: Scene, settings: config.Settings) -> None:
    zawadi, maya = scene.operator("Zawadi", "coordinator"), scene.operator("Maya")
    account = db.session.query(Account).filter_by(operator_id=maya.id).one()
    scene.do(lambda: setattr(db.session.merge(account), "limits", [[1, 60]]))
    report = scene.sms("The station is closed.")
    held = scene.claim(report, maya)
    for number in range(3):
        _answer(scene, report, held.id, number)
    assert scene.carry() == 1
    view = reports.view(report.id, maya)
    waits = [entry.delivery for entry in view.entries if entry.delivery and entry.delivery.state == "queued"]
    started = db.session.scalar(select(func.min(Delivery.settled_at)))
    spans = [round((one.sends_at - started).total_seconds()) for one in waits]
    assert (spans, [one.waits_for for one in waits], [one.ahead for one in waits]) == ([60, 120], ["slot"] * 2, [0, 1])
    assert round((view.sending.leaves_at - started).total_seconds()) == 180
    assert floor.floor(zawadi).sends_drained_at == waits[-1].sends_at


def _answer(scene: Scene, report: Report, fence: int, number: int) -> None:
    maya = db.session.query(Operator).filter_by(name="Maya").one()
    scene.do(lambda: replies.reply(report.id, maya, fence, scene.head(), f"Answer {number}", f"key-{number}"))


@pytest.mark.parametrize("settings", [{"acknowledge": False}], indirect=True)
def test_what_a_person_must_end_has_no_forecast(scene: Scene, settings: config.Settings) -> None:
    shared = Shared(scene, [[1, 60]], "Amina")
    (first,) = shared.write("Amina")
    scene.do(lambda: setattr(db.session.merge(shared.account), "paused_at", clock.now()))
    found = forecast.of_delivery(db.session.get_one(Delivery, first))
    assert (found.at, found.why) == (None, "paused")
    assert forecast.all_drained_at() is None


@pytest.mark.parametrize("span, state", [(20, "held"), (3600, "queued")])
def test_seconds_to_undo_are_counted_only_where_it_leaves_soon(scene: Scene, span: int, state: str) -> None:
    maya = scene.operator("Maya")
    (account,) = scene.accounts_of(maya)
    report = scene.sms("The station is closed.")
    held = scene.claim(report, maya)
    scene.do(lambda: setattr(db.session.merge(account), "limits", [[1, span]]))
    _answer(scene, report, held.id, 0)
    assert scene.carry() >= 1
    _answer(scene, report, held.id, 1)
    newest = db.session.query(Delivery).order_by(Delivery.id.desc()).first()
    newest.state, newest.next_attempt_at = "held", clock.now() + timedelta(seconds=8)
    assert forecast.state_of(newest, account.address, mine=True).state == state
    db.session.rollback()
