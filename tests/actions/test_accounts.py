"""Accounts: who may have one, in which spelling, and what each change leaves in the history."""

from __future__ import annotations

import pytest

from tests.scene import Scene
from triage import connections, context
from triage.actions import accounts
from triage.actions.accounts import Terms
from triage.db import db, run_in_transaction
from triage.errors import BadInput, Forbidden
from triage.events import Kind
from triage.models import Account, Operator
from triage.sealing import SealBroken


def test_without_an_owner_an_account_receives_and_with_one_it_does_both(scene: Scene) -> None:
    amina = scene.operator("Amina")
    shared = run_in_transaction(lambda: accounts.add_account("sms", "+254700000801"))
    own = run_in_transaction(lambda: accounts.add_account("sms", "+254700000802", operator_id=amina.id))
    assert (shared.can_receive, shared.can_send, shared.provider) == (True, False, "simulator")
    assert (own.can_receive, own.can_send, own.operator_id) == (True, True, amina.id)


def test_the_same_number_in_another_spelling_is_there_already(scene: Scene) -> None:
    run_in_transaction(lambda: accounts.add_account("sms", "+254700000801"))
    with pytest.raises(BadInput, match="is on this desk already"):
        run_in_transaction(lambda: accounts.add_account("sms", "0700 000 801"))


def test_a_key_opens_only_for_its_own_account(scene: Scene) -> None:
    one = run_in_transaction(lambda: accounts.add_account("sms", "+254700000801", secret="key one"))
    two = run_in_transaction(lambda: accounts.add_account("sms", "+254700000802"))
    assert connections.settings_of(one).secret == "key one"
    assert connections.settings_of(two).secret == ""
    with pytest.raises(SealBroken):
        context.keyring().open(one.secret_sealed or b"", two.secret_context)


def test_nobody_without_rights_touches_an_account(scene: Scene) -> None:
    amina = scene.operator("Amina")
    number = scene.intake.id
    for act in (
        lambda: accounts.add_account("sms", "+254700000801", actor=amina), lambda: accounts.pause(number, amina),
        lambda: accounts.resume(number, amina), lambda: accounts.transfer(number, amina.id, amina),
        lambda: accounts.replace_secret(number, "x", amina), lambda: accounts.set_rule("sms", "pool", amina),
        lambda: accounts.change(number, amina, Terms("x")),
    ):
        with pytest.raises(Forbidden):
            run_in_transaction(act)


def test_an_account_belongs_only_to_somebody_who_answers(scene: Scene) -> None:
    kim, gone = scene.operator("Kim", "admin"), scene.operator("Gone", active=False)
    for owner in (kim.id, gone.id, 999):
        with pytest.raises(BadInput, match="can belong only to"):
            run_in_transaction(lambda owner=owner: accounts.add_account("sms", "+254700000801", operator_id=owner))


def test_each_change_is_in_the_history_once_without_its_secret(scene: Scene) -> None:
    boss = scene.operator("Zawadi", "coordinator")
    number = scene.intake.id
    before = scene.head()
    for _ in range(2):
        run_in_transaction(lambda: accounts.pause(number, boss))
    for _ in range(2):
        run_in_transaction(lambda: accounts.resume(number, boss))
    run_in_transaction(lambda: accounts.replace_secret(number, "key", boss))
    for _ in range(2):
        run_in_transaction(lambda: accounts.transfer(number, boss.id, boss))
    for _ in range(2):
        run_in_transaction(lambda: accounts.set_rule("sms", "arrival", boss))
    assert scene.kinds()[before:] == [Kind.ACCOUNT_CHANGED] * 4 + [Kind.SENDER_RULE_SET]
    assert Kind.ACCOUNT_ADDED not in scene.kinds()
    run_in_transaction(lambda: accounts.add_account("sms", "+254700000801", secret="key", actor=boss))
    assert scene.kinds()[-1] == Kind.ACCOUNT_ADDED


def test_limits_like_the_channels_own_follow_the_channel(scene: Scene) -> None:
    boss: Operator = scene.operator("Zawadi", "coordinator")
    number = scene.intake.id
    usual = [list(each) for each in connections.capabilities("sms", "simulator").default_limits]
    for limits, stored in (([[7, 60]], [[7, 60]]), (usual, None), (None, None)):
        run_in_transaction(lambda limits=limits: accounts.change(number, boss, Terms("Desk", limits)))
        assert db.session.get_one(Account, number, populate_existing=True).limits == stored
