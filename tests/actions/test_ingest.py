"""Arrivals that meet: two first posts of one thread, and answers to a number that several people write from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from channels.base import InboundMessage
from tests.scene import Scene
from triage.actions import accounts, citizens, filing, replies
from triage.db import db
from triage.models import InboundItem, Report
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
