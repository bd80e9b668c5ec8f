"""Two people do the same, or the opposite, at one moment: the second comes before the first has committed.

The first stops right before its COMMIT until the second waits for it (or, on SQLite, stands in line behind it).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import func, select

import config
from channels.base import InboundMessage
from tests import checker
from tests.scene import Scene
from triage.actions import accounts, assignments, citizens, closing, ingest, journal, people, replies
from triage.actions.deliveries import begin_attempt
from triage.db import db, run_in_transaction
from triage.models import (
    Account,
    Assignment,
    Delivery,
    Event,
    InboundItem,
    Message,
    Operator,
    SenderRule,
    Team,
    TeamMember,
)

pytestmark = pytest.mark.races

Act = Callable[[], object]
LEAD = 0.4  # seconds that the first keeps what it has locked


class Pair:
    """Runs two actions so that they overlap."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def meet(self, first: Act, second: Act) -> list[str]:
        """What became of each: `done`, or the name of the exception."""
        stands, outcomes = threading.Event(), ["", ""]

        def holding() -> None:
            first()
            db.session.flush()
            stands.set()
            time.sleep(LEAD)

        threads = [threading.Thread(target=self._run, args=(0, holding, outcomes)),
                   threading.Thread(target=self._run, args=(1, second, outcomes))]
        threads[0].start()
        stands.wait(20)
        threads[1].start()
        for thread in threads:
            thread.join(60)
        db.session.rollback()
        return outcomes

    def _run(self, place: int, act: Act, outcomes: list[str]) -> None:
        with self._app.app_context():
            try:
                run_in_transaction(act)
            except Exception as problem:
                outcomes[place] = type(problem).__name__
            else:
                outcomes[place] = "done"


@pytest.fixture
def pair(app: Flask) -> Pair:
    """Two people at two screens."""
    return Pair(app)


def one(operator_id: int) -> Operator:
    """The person, as this thread's session knows them."""
    return db.session.get_one(Operator, operator_id)


def test_two_admins_who_demote_each_other_leave_one(pair: Pair, scene: Scene) -> None:
    ada, ben = scene.operator("Ada", "admin").id, scene.operator("Ben", "admin").id
    plain = people.Changes(roles=["operator"])
    outcomes = pair.meet(lambda: people.change(ben, one(ada), plain), lambda: people.change(ada, one(ben), plain))
    assert outcomes == ["done", "Forbidden"]
    assert [person.id for person in db.session.scalars(select(Operator)) if "admin" in person.roles] == [ada]


@pytest.mark.parametrize("way", ["claim", "next", "assign", "reopen"])
def test_whoever_is_switched_off_at_this_moment_is_given_nothing_more(pair: Pair, scene: Scene, way: str) -> None:
    """They would hold it for as long as nobody looks: leases may stand still, or run for nobody's answer."""
    maya, ada = scene.operator("Maya").id, scene.operator("Ada", "admin", "coordinator").id
    report = scene.sms("The station is closed.").id
    if way == "reopen":
        scene.do(lambda: closing.discard(report, one(ada), "test"))
    ways: dict[str, Act] = {
        "claim": lambda: assignments.claim(report, one(maya)), "next": lambda: assignments.claim_next(one(maya)),
        "assign": lambda: assignments.assign(report, maya, one(ada)),
        "reopen": lambda: closing.reopen(report, one(maya)),
    }
    said = pair.meet(lambda: people.change(maya, one(ada), people.Changes(active=False)), ways[way])
    assert said[0] == "done"
    assert said[1] in ("Forbidden", "NotFound")
    assert db.session.query(Assignment).filter_by(ended_at=None).count() == 0


def _closed_by_its_holder(scene: Scene, maya: int) -> int:
    report = scene.sms("The station is closed.")
    scene.claim(report, one(maya))
    scene.do(lambda: closing.close(report.id, one(maya), "actionable"))
    return report.id


def _writes_again(scene: Scene) -> Act:
    message = scene.message("It is closed again.")
    arrival = journal.Arrival("simulator", "sms", message.external_id, b"{}")
    return lambda: ingest.receive(arrival, lambda: [message])


@pytest.mark.parametrize("change", [people.Changes(active=False), people.Changes(roles=["auditor"])])
def test_what_a_citizen_reopens_does_not_go_back_to_somebody_who_is_gone(
    pair: Pair, scene: Scene, change: people.Changes
) -> None:
    maya, ada = scene.operator("Maya").id, scene.operator("Ada", "admin").id
    report = _closed_by_its_holder(scene, maya)
    assert pair.meet(lambda: people.change(maya, one(ada), change), _writes_again(scene)) == ["done", "done"]
    assert (scene.report(report).status, scene.holder(scene.report(report))) == ("open", None)


def test_a_person_made_a_member_twice_is_one(pair: Pair, scene: Scene) -> None:
    ada = scene.operator("Ada", "coordinator").id
    team = scene.do(lambda: people.add_team("Coast")).id
    assert pair.meet(*[lambda: people.join_team(team, ada, one(ada))] * 2) == ["done", "done"]
    assert db.session.scalar(select(func.count()).select_from(TeamMember)) == 1
    assert db.session.scalar(select(func.count()).select_from(Event).where(Event.kind == "team.changed")) == 2


def test_a_team_and_a_person_added_twice_are_refused_in_words(pair: Pair, scene: Scene) -> None:
    assert pair.meet(*[lambda: people.add_team("Coast")] * 2) == ["done", "BadInput"]
    both = [lambda: people.add_operator("a@desk.example", "A", ["operator"])] * 2
    assert pair.meet(*both) == ["done", "BadInput"]
    assert db.session.scalar(select(func.count()).select_from(Team)) == 1


def test_a_sender_rule_set_twice_is_one_rule(pair: Pair, scene: Scene) -> None:
    ada = scene.operator("Ada", "coordinator").id
    rules = [lambda rule=rule: accounts.set_rule("sms", rule, one(ada)) for rule in ("pool", "arrival")]
    assert pair.meet(*rules) == ["done", "done"]
    assert db.session.scalars(select(SenderRule.rule)).all() == ["arrival"]


def test_the_same_form_sent_twice_at_once_with_other_words_keeps_both(
    pair: Pair, scene: Scene, settings: config.Settings
) -> None:
    form = InboundMessage("web", "", "token.1", None, "They closed the gate", thread_key="web:token")
    other = replace(form, external_id="token.2", text="They closed the gate. It is still closed")
    both = [lambda said=said: citizens.report(said, "receipt", None) for said in (form, other)]
    assert pair.meet(*both) == ["done", "done"]
    assert db.session.scalars(select(InboundItem.result).order_by(InboundItem.id)).all() == ["opened", "joined"]
    assert db.session.scalar(select(func.count()).select_from(Message).where(Message.direction == "in")) == 2
    checker.check(settings)


def test_an_account_is_transferred_while_an_answer_of_it_begins_to_leave(
    pair: Pair, scene: Scene, settings: config.Settings, caplog: pytest.LogCaptureFixture
) -> None:
    ada, ben = scene.operator("Ada", "coordinator"), scene.operator("Ben")
    report = scene.sms("No ink")
    held = scene.claim(report, ada)
    scene.do(lambda: replies.reply(report.id, ada, held.id, scene.head(), "Where?", "key-0001"))
    delivery = db.session.scalars(select(Delivery).where(Delivery.purpose == "reply")).one()
    ours, number, giver, to = delivery.account_id, delivery.id, ada.id, ben.id
    began: list[object] = []
    moving = [lambda: began.append(begin_attempt(number)), lambda: accounts.transfer(ours, to, one(giver))]
    assert pair.meet(*moving) == ["done", "done"]
    assert db.session.get_one(Account, ours).operator_id == to
    checker.check(settings)


def test_an_answer_accepted_while_its_account_is_given_away_does_not_leave(
    pair: Pair, scene: Scene, settings: config.Settings
) -> None:
    ada, ben = scene.operator("Ada", "coordinator"), scene.operator("Ben")
    report, head = scene.sms("No ink"), 0
    held, head = scene.claim(report, ada).id, scene.head()
    ours = db.session.scalars(select(Account.id).where(Account.operator_id == ada.id)).one()
    number, giver, to = report.id, ada.id, ben.id
    answering = [lambda: replies.reply(number, one(giver), held, head, "Where?", "key-0001"),
                 lambda: accounts.transfer(ours, to, one(giver))]
    assert pair.meet(*answering) == ["done", "done"]
    scene.carry()
    assert [text for _, _, text in scene.sent if text == "Where?"] == []
    assert db.session.scalars(select(Delivery.state).where(Delivery.purpose == "reply")).all() == ["cancelled"]
    checker.check(settings)
