"""A test of an account: the way of every answer, counted like one, waiting for nobody, and never after STOP."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from tests.scene import CITIZEN, INTAKE, Scene
from triage.actions import accounts, trials
from triage.actions.deliveries import Settlement
from triage.db import db
from triage.errors import BadInput, Forbidden, NotFound, OptedOut
from triage.events import Kind
from triage.models import DeliveryAttempt, Operator
from triage.queries import accounts as known
from triage.queries import inbox, ledger

OURS = "+254799000001"
KEY = "trial-0001"


@pytest.fixture
def boss(scene: Scene) -> Operator:
    return scene.operator("Zawadi", "coordinator")


def send(scene: Scene, boss: Operator | None, to: str = OURS, key: str = KEY, account: int | None = None) -> int:
    """Send a test from the intake number."""
    return scene.do(lambda: trials.send_test(account or scene.intake.id, to, key, boss))


def test_it_leaves_by_the_account_and_counts_against_its_limits(scene: Scene, boss: Operator) -> None:
    send(scene, boss)
    assert scene.carry() == 1
    assert scene.sent == [(INTAKE, OURS, "This is a test of Harbour Election Desk. You need not answer.")]
    tried = select(func.count()).where(DeliveryAttempt.account_id == scene.intake.id)
    assert db.session.scalar(tried) == 1
    (trial,) = known.trials(scene.intake.id, boss)
    assert (trial.state, trial.to) == ("sent", "…01")


def test_it_waits_for_nobody_and_is_in_the_history(scene: Scene, boss: Operator) -> None:
    send(scene, boss)
    scene.carry()
    report = scene.newest()
    assert (report.status, report.outcome, report.reason) == ("closed", "not_actionable", "test")
    assert report.unanswered_since is None
    assert not inbox.page(boss, "all").rows
    assert ledger.ledger().difference == 0
    assert Kind.ACCOUNT_TESTED in scene.kinds(report)


def test_an_answer_to_it_is_a_report_like_any_other(scene: Scene, boss: Operator) -> None:
    send(scene, boss)
    scene.carry()
    test = scene.newest()
    answer = scene.sms("It came, thank you", OURS)
    assert answer.id != test.id
    assert scene.report(test.id).status == "closed"


def test_the_same_form_twice_sends_once(scene: Scene, boss: Operator) -> None:
    assert send(scene, boss) == send(scene, boss)
    assert scene.carry() == 1
    assert send(scene, boss, key="trial-0002")
    assert scene.carry() == 1


def test_a_limit_holds_for_tests_too(scene: Scene, boss: Operator) -> None:
    scene.do(lambda: accounts.change(scene.intake.id, boss, accounts.Terms(limits=[[1, 3600]])))
    send(scene, boss)
    send(scene, boss, "+254799000002", "trial-0002")
    assert scene.carry() == 1
    assert [trial.state for trial in known.trials(scene.intake.id, boss)] == ["queued", "sent"]


def test_nothing_leaves_for_who_said_stop(scene: Scene, boss: Operator) -> None:
    for text in ("No ink", "STOP"):
        scene.sms(text)
    scene.carry()
    with pytest.raises(OptedOut):
        send(scene, boss, CITIZEN)


def test_a_stop_that_comes_first_calls_a_waiting_test_off(scene: Scene, boss: Operator) -> None:
    send(scene, boss)
    scene.sms("STOP", OURS)
    scene.carry()
    (trial,) = known.trials(scene.intake.id, boss)
    assert (trial.state, trial.error) == ("cancelled", "opted_out")
    assert not [text for _, to, text in scene.sent if to == OURS and "test" in text]


def test_a_refusal_is_told_and_waits_for_nobody(scene: Scene, boss: Operator) -> None:
    send(scene, boss)
    scene.carry(Settlement("rejected", error="no such number"))
    (trial,) = known.trials(scene.intake.id, boss)
    assert (trial.state, trial.error) == ("failed", "no such number")
    assert not inbox.page(boss, "all").rows


def test_what_cannot_be_tested_says_why(scene: Scene, boss: Operator) -> None:
    quiet = scene.account("sms", "+254700000801")
    posts = scene.account("mastodon", "@harbour@social.example", can_send=True)
    for account, said in ((quiet.id, "only receives"), (posts.id, "public network")):
        with pytest.raises(BadInput, match=said):
            send(scene, boss, account=account)
    with pytest.raises(BadInput, match="not a telephone number"):
        send(scene, boss, "nobody")
    scene.do(lambda: accounts.pause(scene.intake.id, boss))
    with pytest.raises(BadInput, match="Resume it"):
        send(scene, boss)
    with pytest.raises(NotFound):
        send(scene, boss, account=999)
    with pytest.raises(Forbidden):
        send(scene, scene.operator("Amina"))
