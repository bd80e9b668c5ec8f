"""How an account fares: failing, asked to wait, suspended, too dear. What waits for it waits; the rest goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest

import config
from tests.actions.test_turns import QUIET, Shared
from tests.scene import Scene
from triage.actions import accounts, deliveries
from triage.actions.deliveries import Settlement
from triage.backoff import MAX_ATTEMPTS
from triage.db import db
from triage.models import Account, Delivery, DeliveryAttempt, Event, Operator, Price
from triage.queries import floor, forecast
from triage.queries import outbox as queue

WIDE = [[1000, 60]]
FAILED = Settlement("retry", error="the carrier could not be reached")
BROKEN = Settlement("account_problem", error="Our credentials are not accepted.")
SUSPENDED = Settlement("account_problem", error="The account is suspended.", suspended=True)


def said(account: Account) -> list[dict[str, object]]:
    """What the history says of an account's troubles and changes, in order."""
    found = db.session.query(Event).filter(Event.kind.in_(("account.troubled", "account.changed"))).order_by(Event.seq)
    return [event.data for event in found if event.data["account"] == account.id]


def states() -> dict[str, int]:
    """How many deliveries are in which state."""
    db.session.rollback()
    found = [one.state for one in db.session.query(Delivery)]
    return {state: found.count(state) for state in set(found)}


# ---------------------------------------------------------------- failing


@QUIET
def test_more_than_five_failures_of_twenty_within_a_minute_pause_the_account_for_a_minute(
    scene: Scene, settings: config.Settings
) -> None:
    zawadi, shared = scene.operator("Zawadi", "coordinator"), Shared(scene, WIDE, "Amina")
    shared.write("Amina", 5)
    scene.carry(FAILED)
    assert shared.now().paused_until is None
    shared.write("Amina", 15)
    assert scene.carry(FAILED) >= 1
    account = shared.now()
    assert account.paused_why == "failing"
    assert said(account) == [{"account": account.id, "why": "failing"}]
    assert account.last_error == FAILED.error
    with scene.later(seconds=50):
        assert scene.carry() == 0
        assert floor.floor(zawadi).decisions[0].kind == "account_failing"


@QUIET
def test_then_one_tries_at_a_time_until_one_is_accepted_and_none_fails_for_it(
    scene: Scene, settings: config.Settings
) -> None:
    shared = Shared(scene, WIDE, "Amina")
    shared.write("Amina", 12)
    _fail(scene, shared)
    for minute in range(1, 2 * MAX_ATTEMPTS):
        with scene.later(seconds=61 * minute):
            assert scene.carry(FAILED) == 1
            assert scene.carry(FAILED) == 0
    assert states() == {"queued": 12}
    with scene.later(hours=1):
        while scene.carry():
            pass
    assert states() == {"sent": 12}
    assert shared.now().paused_why is None
    assert said(shared.account)[-1] == {"account": shared.account.id, "what": "recovered"}


def _fail(scene: Scene, shared: Shared) -> None:
    """Make the account fail: all of what is due was begun before the first of them ended."""
    for _ in range(12):
        scene.carry(FAILED)
        if shared.now().paused_why == "failing":
            return
    raise AssertionError("it does not fail")


@QUIET
def test_a_refusal_of_its_recipient_shows_that_the_account_works_again(
    scene: Scene, settings: config.Settings
) -> None:
    shared = Shared(scene, WIDE, "Amina")
    shared.write("Amina", 12)
    _fail(scene, shared)
    with scene.later(hours=1):
        assert scene.carry(Settlement("rejected", error="no such number")) >= 1
        assert shared.now().paused_why is None
        assert scene.carry() >= 1


@QUIET
def test_who_was_to_show_it_and_is_asked_to_wait_holds_nobody_up_longer(
    scene: Scene, settings: config.Settings
) -> None:
    shared = Shared(scene, WIDE, "Amina")
    shared.write("Amina", 3)
    scene.carry(BROKEN)
    with scene.later(seconds=306):
        assert scene.carry(Settlement("retry", error="throttled", after=2)) == 1
    with scene.later(seconds=2 * 306):
        assert scene.carry() >= 1
        assert shared.now().trouble is None


@QUIET
def test_one_answer_that_fails_again_and_again_pauses_nobody(scene: Scene, settings: config.Settings) -> None:
    shared = Shared(scene, WIDE, "Amina")
    shared.write("Amina")
    for second in range(0, 59, 5):
        with scene.later(seconds=second):
            scene.carry(FAILED)
    assert shared.now().paused_why is None


@pytest.mark.parametrize("outcome", [
    pytest.param(None, id="accepted"), pytest.param(Settlement("rejected"), id="refused for its recipient"),
    pytest.param(Settlement("retry", error="the database could not be reached", ours=True), id="the desk's own"),
])
@QUIET
def test_what_is_no_failure_of_the_account_is_not_held_against_it(
    scene: Scene, settings: config.Settings, outcome: Settlement | None
) -> None:
    shared = Shared(scene, WIDE, "Amina")
    shared.write("Amina", 10)
    scene.carry(outcome)
    account = shared.now()
    assert (account.paused_why, account.last_error) == (None, None)


# ---------------------------------------------------------------- asked to wait


@QUIET
def test_what_the_provider_wants_later_keeps_its_place_and_uses_up_no_tries(
    scene: Scene, settings: config.Settings
) -> None:
    shared = Shared(scene, [[1, 1]], "Amina")
    first, _ = shared.write("Amina", 2)
    for step in range(MAX_ATTEMPTS + 3):
        with scene.later(seconds=31 * step):
            assert scene.carry(Settlement("retry", error="throttled", after=30)) == 1
            assert shared.now().paused_why == "asked"
            assert forecast.of_new(shared.now(), None).why == "asked"
    with scene.later(seconds=31 * (MAX_ATTEMPTS + 3)):
        scene.carry()
    assert scene.delivery(db.session.get_one(Delivery, first)).state == "sent"


# ---------------------------------------------------------------- in trouble


@pytest.mark.parametrize("problem, word", [(BROKEN, "broken"), (SUSPENDED, "suspended")])
@QUIET
def test_an_account_in_trouble_waits_and_the_others_go_on(
    scene: Scene, settings: config.Settings, problem: Settlement, word: str
) -> None:
    zawadi = scene.operator("Zawadi", "coordinator")
    shared, other = Shared(scene, WIDE, "Amina"), Shared(scene, WIDE, "Ben", place=1)
    shared.write("Amina", 3)
    assert scene.carry(problem) >= 1
    account = shared.now()
    assert (account.trouble, account.needs_attention) == (word, problem.error)
    other.write("Ben", 2)
    assert scene.carry() == 2
    with scene.later(minutes=4, seconds=50):
        assert scene.carry() == 0
    assert floor.floor(zawadi).decisions[0].kind == f"account_{word}"
    assert forecast.of_new(account, None).why == word


@QUIET
def test_one_tries_every_five_minutes_and_however_long_it_takes_nothing_fails(
    scene: Scene, settings: config.Settings
) -> None:
    shared = Shared(scene, [[1, 1]], "Amina")
    shared.write("Amina", 3)
    assert scene.carry(SUSPENDED) == 1
    for turn in range(1, 2 * MAX_ATTEMPTS):
        with scene.later(seconds=306 * turn):
            assert scene.carry(SUSPENDED) == 1
            assert scene.carry(SUSPENDED) == 0
    assert states() == {"queued": 3}
    assert said(shared.account) == [{"account": shared.account.id, "why": "suspended"}]
    with scene.later(hours=4):
        assert scene.carry() == 1
        account = shared.now()
        assert (account.trouble, account.needs_attention, account.troubled_at) == (None, None, None)
        for second in range(1, 4):
            with scene.later(seconds=2 * second):
                scene.carry()
    assert states() == {"sent": 3}


@QUIET
def test_an_acceptance_of_before_the_trouble_does_not_end_it(scene: Scene, settings: config.Settings) -> None:
    shared = Shared(scene, WIDE, "Amina")
    early, _ = shared.write("Amina", 2)
    order = scene.do(lambda: deliveries.begin_attempt(early))
    with scene.later(seconds=1):
        scene.carry(BROKEN)
        scene.do(lambda: deliveries.settle(order.attempt_id, Settlement("accepted", provider_id="OUT-early")))
    assert shared.now().trouble == "broken"


@QUIET
def test_what_alone_an_account_cannot_send_stops_nothing_else_for_long(
    scene: Scene, settings: config.Settings
) -> None:
    shared = Shared(scene, [[1, 1]], "Amina", "Ben")
    (foreign,) = shared.write("Amina")
    shared.write("Ben", 5)
    assert _carry_but(scene, foreign) == 0
    with scene.later(seconds=301):
        assert _carry_but(scene, foreign) == 1  # another one shows that the account works
    for step in range(8):
        with scene.later(seconds=303 + 2 * step):
            _carry_but(scene, foreign)
    assert states() == {"sent": 5, "queued": 1}
    assert shared.now().trouble is None


def _carry_but(scene: Scene, foreign: int) -> int:
    """Everything due is accepted but this one, for which the account has no permission; how many were accepted."""
    accepted = 0
    for number in queue.due():
        order = scene.do(lambda number=number: deliveries.begin_attempt(number))
        if order is None:
            continue
        how = BROKEN if number == foreign else Settlement("accepted", provider_id=f"OUT{order.attempt_id}")
        scene.do(lambda order=order, how=how: deliveries.settle(order.attempt_id, how))
        accepted += how is not BROKEN
    return accepted


@QUIET
def test_a_new_key_lets_everything_leave_at_once(scene: Scene, settings: config.Settings) -> None:
    admin, shared = scene.operator("Root", "admin", "coordinator"), Shared(scene, WIDE, "Amina")
    shared.write("Amina", 3)
    scene.carry(BROKEN)
    scene.do(lambda: accounts.replace_secret(shared.account.id, "a new key", admin))
    assert scene.carry() == 3


# ---------------------------------------------------------------- too dear


@QUIET
def test_nothing_begins_past_the_stop_level_until_enough_is_a_day_old(
    scene: Scene, settings: config.Settings
) -> None:
    shared = Shared(scene, WIDE, "Amina")
    _priced(scene, shared, micros=40_000, ceiling=100_000)
    shared.write("Amina", 4)
    assert scene.carry() == 2
    costs = [one.cost_micros for one in db.session.query(DeliveryAttempt)]
    assert costs == [40_000, 40_000]
    account = shared.now()
    begun = [one.started_at for one in db.session.query(DeliveryAttempt).order_by(DeliveryAttempt.id)]
    assert account.next_slot_at == begun[0] + timedelta(hours=24)
    outlook = forecast.of_new(account, None)
    assert (outlook.why, outlook.at) == ("ceiling", account.next_slot_at)
    with scene.later(hours=23):
        assert scene.carry() == 0
    with scene.later(hours=24, seconds=5):
        assert scene.carry() == 2


@QUIET
def test_a_higher_stop_level_counts_at_once(scene: Scene, settings: config.Settings) -> None:
    admin: Operator = scene.operator("Root", "admin", "coordinator")
    shared = Shared(scene, WIDE, "Amina")
    _priced(scene, shared, micros=40_000, ceiling=50_000)
    shared.write("Amina", 3)
    assert scene.carry() == 1
    terms = accounts.Terms(limits=WIDE, ceiling_micros=90_000)
    scene.do(lambda: accounts.change(shared.account.id, admin, terms))
    assert scene.carry() == 1


@QUIET
def test_what_surely_did_not_leave_costs_nothing_and_long_texts_cost_by_their_parts(
    scene: Scene, settings: config.Settings
) -> None:
    shared, long = Shared(scene, WIDE, "Amina"), "a" * 200
    _priced(scene, shared, micros=40_000, ceiling=None)
    shared.write("Amina", words=long)
    scene.carry(Settlement("rejected", error="no such number"))
    assert [one.cost_micros for one in db.session.query(DeliveryAttempt)] == [0]
    shared.write("Amina", words=long)
    scene.carry()
    assert [one.cost_micros for one in db.session.query(DeliveryAttempt)] == [0, 80_000]


def _priced(scene: Scene, shared: Shared, *, micros: int, ceiling: int | None) -> None:
    price = Price(channel="sms", provider="simulator", region="KE", micros=micros)
    elsewhere = Price(channel="sms", provider="simulator", region="*", micros=1)
    scene.do(lambda: db.session.add_all([price, elsewhere]))
    scene.do(lambda: setattr(db.session.merge(shared.account), "ceiling_micros", ceiling))
