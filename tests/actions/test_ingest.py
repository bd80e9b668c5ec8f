"""Arrivals that meet: two first posts of one thread, and answers to a number that several people write from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from channels.base import DeliveryUpdate, InboundMessage
from tests.scene import Scene
from triage import clock, events
from triage.actions import accounts, citizens, filing, ingest, journal, replies
from triage.db import db
from triage.models import InboundItem, Report
from triage.queries import outbox
from triage.queries.ledger import ledger

PHONE = "+254711000777"


def test_two_first_posts_of_one_thread_that_do_not_see_each_other_become_one_report(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL the second looks before the first commits; the unique index then speaks, and it looks again."""
    scene.account("mastodon", "@harbour@social.example")
    first = scene.post("Closed.", thread_key="mastodon:https://social.example/root")
    real, looks = filing._candidates, []

    def blind(*arguments: object) -> Iterator[int]:
        looks.append(arguments)
        return iter(()) if len(looks) == 1 else real(*arguments)

    monkeypatch.setattr(filing, "_candidates", blind)
    second = scene.post("Here too.", "@ben@social.example", thread_key="mastodon:https://social.example/root")
    assert second.id == first.id
    assert {item.state for item in db.session.query(InboundItem)} == {"ingested"}
    assert (ledger().joined, ledger().difference) == (1, 0)


def _web_report(scene: Scene, reply_to: str) -> Report:
    message = InboundMessage("web", "", "token-1.abc", None, "The station is closed.", thread_key="web:token-1",
                             reply_to=reply_to)
    scene.do(lambda: citizens.report(message, "receipt", None))
    scene.compare()
    return scene.newest()


@pytest.mark.parametrize("rule", ["pool", "holder"])
def test_who_gave_a_number_in_the_form_and_answers_the_answer_joins_their_report(scene: Scene, rule: str) -> None:
    maya = scene.operator("Maya")
    scene.do(lambda: accounts.set_rule("sms", rule))
    report = _web_report(scene, PHONE)
    held = scene.claim(report, maya)
    scene.do(lambda: replies.reply(report.id, maya, held.id, scene.head(), "Which station?", "key-0001"))
    scene.carry()
    (from_number, to, _), = scene.sent
    assert to == PHONE
    assert scene.sms("Ward nine.", PHONE, to=from_number).id == report.id


def test_on_a_shared_number_a_persons_own_open_report_comes_first(scene: Scene) -> None:
    maya = scene.operator("Maya")
    scene.do(lambda: accounts.set_rule("sms", "pool"))
    own = scene.sms("Something else.", PHONE)
    report = _web_report(scene, PHONE)
    held = scene.claim(report, maya)
    scene.do(lambda: replies.reply(report.id, maya, held.id, scene.head(), "Which station?", "key-0001"))
    scene.carry()
    assert scene.sms("More about the first.", PHONE).id == own.id


def _status_after(scene: Scene, minutes: int) -> InboundItem:
    """A status that reached us this long ago, taken in only now, of a send whose acceptance is not written down."""
    scene.account("sms", PHONE, can_send=True)
    update = DeliveryUpdate("sms", PHONE, "OUT1", "delivered")
    arrival = journal.Arrival("simulator", "sms", "OUT1.delivered", b"{}",
                             received_at=clock.now() - timedelta(minutes=minutes))
    scene.do(lambda: ingest.receive(arrival, lambda: [update]))
    return scene.item()


@pytest.mark.parametrize("minutes", [0, 30])
def test_a_status_that_comes_before_its_send_is_looked_at_again_also_after_a_long_outage(
    scene: Scene, minutes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = _status_after(scene, minutes)
    assert (item.state, item.due_at is not None) == ("received", True)
    update = DeliveryUpdate("sms", PHONE, "OUT1", "delivered")
    monkeypatch.setattr(ingest, "_parse_again", lambda _item: [update])
    with scene.later(minutes=2 if minutes else 11):
        assert outbox.unread() == [item.id]
        scene.do(lambda: ingest.understand_later(item.id))
        found = scene.item()
        assert (found.state, found.result, found.due_at) == ("ingested", "control", None)
        assert outbox.unread() == []


def test_what_two_look_at_is_quarantined_once(scene: Scene) -> None:
    scene.do(lambda: ingest.receive(journal.Arrival("simulator", "sms", "late", b"{", due_at=clock.now()), list))
    late = scene.item().id
    for _ in range(2):  # the second had it on its list already
        scene.do(lambda: ingest.understand_later(late))
    assert scene.item().state == "quarantined"
    assert [event.kind for event in events.after(0)].count("inbound.quarantined") == 1
    scene.do(lambda: ingest.understand_later(late, again=True))
    assert [event.kind for event in events.after(0)].count("inbound.quarantined") == 2
