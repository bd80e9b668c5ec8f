"""Limits, money, keys and sender names of accounts."""

from __future__ import annotations

import pytest

from tests.scene import Scene
from triage import connections
from triage.actions import accounts
from triage.actions.accounts import Terms
from triage.db import db
from triage.errors import BadInput
from triage.events import Kind
from triage.models import Account, Operator
from triage.queries import accounts as known


@pytest.fixture
def boss(scene: Scene) -> Operator:
    return scene.operator("Zawadi", "coordinator")


def fresh(number: int) -> Account:
    """The account as the database has it now."""
    return db.session.get_one(Account, number, populate_existing=True)


@pytest.mark.parametrize("address, limits", [
    ("+254700000801", [[1, 1], [200, 3600], [1000, 86400]]), ("+18885550123", [[3, 1], [500, 3600], [2000, 86400]]),
    ("40404", [[100, 1], [5000, 3600]]),
])
def test_a_new_account_begins_with_what_is_usual_for_its_number(
    scene: Scene, address: str, limits: list[list[int]]
) -> None:
    made = scene.do(lambda: accounts.add_account("sms", address, provider="twilio"))
    assert fresh(made.id).limits == limits


def test_the_limits_of_a_channel_without_kinds_of_numbers_are_followed(scene: Scene) -> None:
    made = scene.do(lambda: accounts.add_account("sms", "+254700000801"))
    assert fresh(made.id).limits is None


def test_money_is_kept_in_millionths_and_warns_before_it_stops(scene: Scene, boss: Operator) -> None:
    number = scene.intake.id
    scene.do(lambda: accounts.change(number, boss, Terms(budget_micros=2_500_000, ceiling_micros=4_000_000)))
    line = known.one(number, boss)
    assert (line.budget, line.ceiling, line.over_budget) == (2_500_000, 4_000_000, False)
    with pytest.raises(BadInput, match="below the budget"):
        scene.do(lambda: accounts.change(number, boss, Terms(budget_micros=2, ceiling_micros=1)))
    with pytest.raises(BadInput, match="0 or more"):
        scene.do(lambda: accounts.change(number, boss, Terms(ceiling_micros=-1)))
    assert fresh(number).ceiling_micros == 4_000_000


def test_a_sender_name_sends_and_never_receives(scene: Scene, boss: Operator) -> None:
    made = scene.do(lambda: accounts.add_account("sms", "  Harbour ", can_receive=True))
    assert (made.address, made.can_receive, made.can_send) == ("Harbour", False, True)
    assert known.one(made.id, boss).one_way
    assert not known.one(scene.intake.id, boss).one_way
    with pytest.raises(BadInput, match="can only send"):
        scene.do(lambda: accounts.add_account("sms", "Harbour2", can_send=False))


@pytest.mark.parametrize("address", ["+25470O0555", "0700x", "Twelve chars", "Größe", "a@b"])
def test_what_is_neither_a_number_nor_a_name_is_refused(scene: Scene, address: str) -> None:
    with pytest.raises(BadInput, match="not a telephone number"):
        scene.do(lambda: accounts.add_account("sms", address))


def twilio(scene: Scene) -> int:
    """An account whose provider believes two keys."""
    return scene.do(lambda: accounts.add_account("sms", "+254700000801", provider="twilio", secret="old-token")).id


def keys_of(number: int) -> str:
    """What its adapter is given."""
    return connections.settings_of(fresh(number)).secret


def test_an_old_key_stays_valid_until_it_is_forgotten(scene: Scene, boss: Operator) -> None:
    number = twilio(scene)
    scene.do(lambda: accounts.replace_secret(number, "new-token", boss, keep_old=True))
    assert keys_of(number) == "new-token,old-token"
    assert connections.key_count(fresh(number)) == 2
    scene.do(lambda: accounts.replace_secret(number, "newer", boss, keep_old=True))
    assert keys_of(number) == "newer,new-token"
    before = len(scene.kinds())
    for _ in range(2):
        scene.do(lambda: accounts.forget_old_secret(number, boss))
    assert keys_of(number) == "newer"
    assert scene.kinds()[before:] == [Kind.ACCOUNT_CHANGED]


def test_a_key_that_replaces_alone_forgets_the_old_one(scene: Scene, boss: Operator) -> None:
    number = twilio(scene)
    scene.do(lambda: accounts.replace_secret(number, "new-token", boss))
    assert keys_of(number) == "new-token"


def test_two_keys_only_where_the_provider_believes_two(scene: Scene, boss: Operator) -> None:
    with pytest.raises(BadInput, match="one key is valid at a time"):
        scene.do(lambda: accounts.replace_secret(scene.intake.id, "new", boss, keep_old=True))
    number = twilio(scene)
    with pytest.raises(BadInput, match="without a comma"):
        scene.do(lambda: accounts.replace_secret(number, "a,b", boss, keep_old=True))
    assert keys_of(number) == "old-token"


def test_a_key_nobody_can_open_cannot_be_kept_and_can_be_replaced(scene: Scene, boss: Operator) -> None:
    number = twilio(scene)
    scene.do(lambda: setattr(fresh(number), "secret_sealed", b"gone\0" + bytes(40)))
    with pytest.raises(BadInput, match="cannot be opened"):
        scene.do(lambda: accounts.replace_secret(number, "new", boss, keep_old=True))
    scene.do(lambda: accounts.replace_secret(number, "new", boss))
    assert keys_of(number) == "new"
