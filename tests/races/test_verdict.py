"""The verdict itself: silent on a sound desk, and every word of it said where its fault is planted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import delete, insert, select, update

import config
from channels.simulator import Store, Written
from channels.simulator.records import Offer
from tests.scene import CITIZEN, INTAKE, Scene
from tests.verdict import Line, Said, judge
from triage.actions import deliveries, replies
from triage.actions.deliveries import Settlement
from triage.db import db, run_in_transaction
from triage.models import Delivery, InboundItem, Message
from triage.queries import outbox

pytestmark = pytest.mark.races

SAID = [Said("first", yes=False), Said("first", yes=True), Said("refused", yes=False)]


@pytest.fixture
def evening(scene: Scene, settings: config.Settings) -> Store:
    """Two messages over the simulated network, of which the second was taken at the second try; one answered."""
    store, maya = Store(settings.simulator_path), scene.operator("Maya")
    for name, tries in (("SM1", (200,)), ("SM2", (503, 200))):
        store.write(Written("sms", CITIZEN, INTAKE, "The doors are locked", id=name))
        scene.sms("The doors are locked", name=name)
        for status in tries:
            store.hurry()
            store.note_try(store.lease(1)[0], status, None, pause=0)
    report = scene.newest()
    held = scene.claim(report, maya)
    scene.do(lambda: replies.reply(report.id, maya, held.id, scene.head(), "We are on our way.", "first"))
    send_due(store)
    return store


def send_due(store: Store) -> None:
    """Send everything due over the simulated network."""
    for number in outbox.due():
        order = run_in_transaction(lambda one=number: deliveries.begin_attempt(one))
        said = order.message
        offer = Offer("sms", "+254700000202", said.recipient, said.text, said.idempotency_key)
        name = store.take(offer, idempotent=False, reports=False)
        run_in_transaction(lambda one=order, own=name: deliveries.settle(one.attempt_id, Settlement("accepted", own)))


def counts(line: Line) -> dict[str, int]:
    """How much of everything, without what there is none of."""
    words = ("attempted", "acknowledged", "lost", "unexpected", "doubled", "recovered")
    return {word: len(getattr(line, word)) for word in words if getattr(line, word)}


def test_a_sound_evening_is_held_and_counted(evening: Store, settings: config.Settings) -> None:
    verdict = judge(settings, SAID).hold()
    inward, outward, answers = verdict.lines
    assert counts(inward) == {"attempted": 2, "acknowledged": 2, "recovered": 1}
    assert counts(outward) == {"attempted": 2, "acknowledged": 2}  # an acknowledgement and the answer
    assert counts(answers) == {"attempted": 2, "acknowledged": 1, "recovered": 1}
    assert "attempted" in str(verdict)
    assert "0 lost" in verdict.brief


def change(statement: object) -> None:
    """Do harm to the desk's database."""
    run_in_transaction(lambda: db.session.execute(statement))


def lose_a_message() -> None:
    """A message is gone, the journal still says that it opened a report."""
    change(delete(Message).where(Message.external_id == "SM2"))


def lose_an_item() -> None:
    """An item is gone, with the message it was."""
    lose_a_message()
    change(delete(InboundItem).where(InboundItem.external_key.like("%SM2")))


def invent_a_message() -> None:
    """A message that nobody wrote."""
    change(update(Message).where(Message.external_id == "SM2").values(external_id="SM3"))


def double_a_message() -> None:
    """The same message under another name for ever."""
    columns = ("report_id", "channel", "direction", "body", "external_id", "recorded_at")
    again = select(*(getattr(Message, name) for name in columns), Message.dedupe_key + "!")
    change(insert(Message).from_select([*columns, "dedupe_key"], again.where(Message.external_id == "SM2")))


def send_what_was_cancelled() -> None:
    """The network has what the desk says never left."""
    change(update(Delivery).where(Delivery.purpose == "reply").values(state="cancelled"))


def invent_an_answer() -> None:
    """An answer that no client asked for."""
    change(update(Message).where(Message.operator_id.is_not(None)).values(dedupe_key="reply:1:1:other"))


@pytest.mark.parametrize(
    "harm, line, word",
    [(lose_a_message, 0, "lost"), (lose_an_item, 0, "lost"), (invent_a_message, 0, "unexpected"),
     (double_a_message, 0, "doubled"), (send_what_was_cancelled, 1, "unexpected"), (invent_an_answer, 2, "lost"),
     (invent_an_answer, 2, "unexpected")],
)
def test_planted_harm_is_named(evening: Store, settings: config.Settings, harm: Callable[[], None], line: int,
                               word: str) -> None:
    harm()
    verdict = judge(settings, SAID)
    assert getattr(verdict.lines[line], word)
    with pytest.raises(AssertionError, match=word):
        verdict.hold()


def test_what_the_network_accepted_twice_is_doubled(evening: Store, settings: config.Settings) -> None:
    evening.take(Offer("sms", "+254700000202", CITIZEN, "Again", "delivery-1"), idempotent=False, reports=False)
    assert judge(settings).lines[1].doubled == {"delivery-1"}


def test_what_the_desk_says_was_sent_and_the_network_never_had_is_lost(
    evening: Store, settings: config.Settings, scene: Scene
) -> None:
    scene.sms("Nobody is here", "+254711000777", name="SM9")
    change(update(Delivery).where(Delivery.state == "queued").values(state="sent"))
    assert len(judge(settings).lines[1].lost) == 1
