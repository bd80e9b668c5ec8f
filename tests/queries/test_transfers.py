"""What is said to become of conversations when a number changes hands is what becomes of them."""

from __future__ import annotations

import pytest

from tests.scene import Scene
from triage.actions import accounts, replies
from triage.db import db
from triage.models import Operator
from triage.queries import sending, transfers

FIRST, SECOND = "+254799000201", "+254799000202"


@pytest.mark.parametrize("to", ["holder", "another", "everybody"])
@pytest.mark.parametrize("lines", [(FIRST,), (FIRST, SECOND), (SECOND, FIRST)], ids=["one", "then the other", "back"])
@pytest.mark.parametrize("rule", ["holder", "pool", "arrival"])
def test_a_plan_comes_true(scene: Scene, rule: str, lines: tuple[str, ...], to: str) -> None:
    boss, amina, ben = scene.operator("Boss", "coordinator", "admin"), scene.operator("Amina"), scene.operator("Ben")
    number = scene.account("sms", FIRST, can_send=True).id
    scene.account("sms", SECOND, can_send=True)
    report = _answered_by_the_first(scene, lines, amina)
    scene.do(lambda: accounts.set_rule("sms", rule, boss))
    given = {"holder": amina.id, "another": ben.id, "everybody": None}[to]
    (said,) = transfers.plan(number, given, boss).conversations
    scene.do(lambda: accounts.transfer(number, given, boss))
    found = sending.account_for("sms", scene.report(report), db.session.get_one(Operator, amina.id))
    assert said.address == (found.address if found else None)
    assert (said.fate == "follows") is (found is not None and found.address == FIRST)
    assert (said.fate == "blocked") is (found is None)


def _answered_by_the_first(scene: Scene, lines: tuple[str, ...], operator: Operator) -> int:
    """Somebody writes to these numbers in turn, and is answered from the first when they have written to it."""
    scene.do(lambda: accounts.set_rule("sms", "arrival"))
    for line in lines:
        report = scene.sms("People wait.", to=line).id
        if line == FIRST:
            held = scene.claim(scene.report(report), operator)
            scene.do(lambda report=report, held=held: replies.reply(
                report, operator, held.id, scene.head(), "Asante.", "once"))
    return report
