"""Whose turn it is: who shares an account takes turns, danger goes first, and limits let as much leave as they say."""

from __future__ import annotations

import pytest

import config
from tests.scene import Scene
from triage import clock
from triage.actions import deliveries, outbox, replies
from triage.db import db, run_in_transaction
from triage.events import Kind
from triage.models import Account, Delivery, DeliveryAttempt, Message, Operator, Report
from triage.queries import outbox as queue
from triage.queries import slots

TIGHT = [[1, 10]]
QUIET = pytest.mark.parametrize("settings", [{"acknowledge": False}], indirect=True)


class Shared:
    """A number that several people write by, and what they write."""

    def __init__(self, scene: Scene, limits: list[list[int]], *names: str, place: int = 0) -> None:
        self.scene = scene
        self.account = scene.account("sms", f"+2547000005{place:02d}", can_send=True, limits=limits)
        self.report: Report = scene.sms("The station is closed.")
        self.people: dict[str, Operator] = {name: scene.operator(name) for name in names}
        self.written = 1000 * place

    def write(self, name: str | None, count: int = 1, words: str = "") -> list[int]:
        """So many messages of one person (None: the desk itself), waiting; their numbers."""
        return [run_in_transaction(lambda: self._one(name, words)) for _ in range(count)]

    def _one(self, name: str | None, words: str) -> int:
        self.written += 1
        message = Message(
            report_id=self.report.id, contact_id=self.report.contact_id, account_id=self.account.id, channel="sms",
            direction="out", body=f"{name} {self.written} {words}", recorded_at=clock.now(),
            dedupe_key=f"w{self.written}", operator_id=self.people[name].id if name else None)
        db.session.add(message)
        db.session.flush()
        return outbox.add(message, "acknowledgement", None, 0).id

    def leave(self, steps: int, every: float = 10.01) -> list[str]:
        """Who leaves, slot after slot."""
        gone = len(self.scene.sent)
        for step in range(steps):
            with self.scene.later(seconds=step * every):
                self.scene.carry()
        return [text.split()[0] for _, _, text in self.scene.sent[gone:]]

    def now(self) -> Account:
        """The account as it stands."""
        db.session.rollback()
        return db.session.get_one(Account, self.account.id, populate_existing=True)


@QUIET
def test_one_message_leaves_within_two_slots_though_a_colleague_has_a_hundred_waiting(
    scene: Scene, settings: config.Settings
) -> None:
    shared = Shared(scene, TIGHT, "Amina", "Ben", "Chidi", "Dana")
    shared.write("Amina", 100)
    assert shared.leave(3) == ["Amina"] * 3
    for name in ("Ben", "Chidi", "Dana"):
        shared.write(name)
    with scene.later(seconds=40):
        order = shared.leave(4)
    assert "Ben" in order[:2]
    assert sorted(order) == ["Amina", "Ben", "Chidi", "Dana"]


@QUIET
def test_who_writes_much_and_who_writes_little_take_turns_and_nobody_starves(
    scene: Scene, settings: config.Settings
) -> None:
    shared = Shared(scene, TIGHT, "Amina", "Ben")
    shared.write("Amina", 6)
    shared.write("Ben", 3)
    shared.write(None, 3)
    order = shared.leave(12)
    assert [set(order[at:at + 3]) for at in (0, 3, 6)] == [{"Amina", "Ben", "None"}] * 3
    assert order[9:] == ["Amina"] * 3


@QUIET
def test_an_answer_where_there_is_danger_goes_before_all_that_waits(scene: Scene, settings: config.Settings) -> None:
    maya = scene.operator("Maya")
    account = db.session.query(Account).filter_by(operator_id=maya.id).one()
    scene.do(lambda: setattr(db.session.merge(account), "limits", TIGHT))
    for number in range(4):
        _answer(scene, maya, f"+2547110001{number:02d}", f"answer {number}")
    _answer(scene, maya, "+254711000199", "run", priority=0)
    _answer(scene, maya, "+254711000198", "hide", priority=0)
    for step in range(3):
        with scene.later(seconds=step * 10.01):
            scene.carry()
    assert [text.split()[0] for _, _, text in scene.sent] == ["run", "hide", "answer"]


def _answer(scene: Scene, who: Operator, sender: str, text: str, priority: int = 2) -> Delivery:
    report = scene.sms("The station is closed.", sender)
    scene.do(lambda: setattr(scene.report(report.id), "priority", priority))
    held = scene.claim(report, who)
    return scene.do(lambda: replies.reply(report.id, who, held.id, scene.head(), text, f"key-{sender}"))


@QUIET
def test_out_of_turn_nothing_begins_however_often_it_is_tried(scene: Scene, settings: config.Settings) -> None:
    shared = Shared(scene, [[2, 60]], "Amina")
    numbers = shared.write("Amina", 5)
    assert [_begin(number) for number in reversed(numbers)] == [False, False, False, True, True]
    assert db.session.query(DeliveryAttempt).count() == 2


def _begin(number: int) -> bool:
    return run_in_transaction(lambda: deliveries.begin_attempt(number)) is not None


@QUIET
def test_what_waits_for_a_slot_is_neither_looked_at_nor_written_to(scene: Scene, settings: config.Settings) -> None:
    shared = Shared(scene, [[1, 60]], "Amina")
    shared.write("Amina", 30)
    assert scene.carry() == 1
    before = scene.head(), [one.next_attempt_at for one in db.session.query(Delivery).order_by(Delivery.id)]
    assert queue.due() == []
    assert queue.overdue() == (0, None)
    with scene.later(seconds=59):
        assert scene.carry() == 0
    assert before == (scene.head(), [one.next_attempt_at for one in db.session.query(Delivery).order_by(Delivery.id)])
    opens = shared.now().next_slot_at
    assert opens is not None
    assert queue.earliest() == opens
    with scene.later(seconds=61):
        assert [at for _, at in queue.due_since()] == [opens] * queue.TIGHTLY
        assert scene.carry() == 1


@pytest.mark.parametrize("settings", [{"acknowledge": False, "undo_seconds": 5}], indirect=True)
def test_the_end_of_the_undo_seconds_is_written_down_once(scene: Scene, settings: config.Settings) -> None:
    maya = scene.operator("Maya")
    account = db.session.query(Account).filter_by(operator_id=maya.id).one()
    scene.do(lambda: setattr(db.session.merge(account), "limits", [[1, 600]]))
    first, second = (_answer(scene, maya, f"+2547110001{number:02d}", "On our way.") for number in range(2))
    assert scene.delivery(second).state == "held"
    with scene.later(seconds=6):
        assert scene.carry() == 1
        assert _begin(second.id) is False
        assert _begin(second.id) is False
    assert scene.delivery(first).state == "sent"
    assert scene.kinds().count(Kind.DELIVERY_DEFERRED) == 1
    with scene.later(seconds=607):
        assert scene.carry() == 1


@QUIET
def test_an_idle_account_does_not_save_up_turns(scene: Scene, settings: config.Settings) -> None:
    shared = Shared(scene, [[100, 1]], "Amina", "Ben")
    shared.write("Amina", 20)
    scene.carry()
    with scene.later(seconds=5):
        scene.carry()
    assert shared.now().turn == 20
    (late,) = shared.write("Ben")
    assert scene.delivery(db.session.get_one(Delivery, late)).turn == 21


@QUIET
def test_a_collecting_account_is_left_to_its_telephone(scene: Scene, settings: config.Settings) -> None:
    shared = Shared(scene, [[2, 60]], "Amina", "Ben")
    scene.do(lambda: setattr(db.session.merge(shared.account), "options", {"mode": "collect"}))
    shared.write("Amina", 3)
    (ben,) = shared.write("Ben")
    assert queue.due() == []
    assert scene.carry() == 0
    assert not _begin(ben)
    orders = scene.do(lambda: deliveries.begin_for(shared.account.id, 5))
    assert [order.message.text.split()[0] for order in orders] == ["Amina", "Ben"]
    assert scene.do(lambda: deliveries.begin_for(shared.account.id, 5)) == []


@QUIET
def test_begin_for_takes_nothing_from_an_account_that_is_not_fetched(scene: Scene, settings: config.Settings) -> None:
    shared = Shared(scene, [[2, 60]], "Amina")
    shared.write("Amina")
    assert scene.do(lambda: deliveries.begin_for(shared.account.id, 5)) == []
    assert scene.carry() == 1


@QUIET
def test_many_accounts_that_wait_keep_none_waiting_that_may_send(scene: Scene, settings: config.Settings) -> None:
    for number in range(6):
        Shared(scene, [[1000, 60]], place=number).write(None, 20)
    free = Shared(scene, [[1000, 60]], "Amina", place=7)
    (mine,) = free.write("Amina")
    assert mine in queue.due(20)


@QUIET
def test_a_turn_is_one_after_the_authors_last_and_never_before_the_accounts(
    scene: Scene, settings: config.Settings
) -> None:
    shared = Shared(scene, TIGHT, "Amina", "Ben")
    shared.write("Amina", 3)
    account = shared.now()
    assert slots.turn_for(account, shared.people["Amina"].id, urgent=False) == 4
    assert slots.turn_for(account, shared.people["Ben"].id, urgent=False) == 1
    assert slots.turn_for(account, shared.people["Ben"].id, urgent=True) == -1
