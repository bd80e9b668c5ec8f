"""People: added once, invited by single-use links, changed within the changer's rights; passwords."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from flask import Flask
from hypothesis import given, strategies
from hypothesis import settings as shape

from tests.scene import Scene
from triage import addresses, passwords
from triage.actions import granting, people, sessions
from triage.db import db, run_in_transaction
from triage.errors import BadInput, Forbidden, NotFound
from triage.events import Kind
from triage.models import Operator
from triage.queries import people as found
from triage.queries import sessions as living


def test_a_new_person_gets_a_pseudonym_the_desks_capacity_and_no_password(scene: Scene, app: Flask) -> None:
    noor = run_in_transaction(lambda: people.add_operator("Noor@Desk.Example", " Noor  Haddad ", ["operator"]))
    assert (noor.email, noor.name, noor.capacity) == ("noor@desk.example", "Noor Haddad", 8)
    assert noor.public_name in people.PSEUDONYMS
    assert noor.password_hash is None
    assert scene.kinds()[-1] == Kind.OPERATOR_ADDED
    assert found.by_email("  NOOR@desk.example ").id == noor.id


def test_pseudonyms_differ_until_there_are_none_left(scene: Scene) -> None:
    names = [run_in_transaction(lambda n=n: people.add_operator(f"p{n}@x.example", "P", ["operator"]).public_name)
             for n in range(len(people.PSEUDONYMS) + 3)]
    assert len(set(names)) == len(names)


def test_the_same_address_is_added_once_whoever_is_faster(app: Flask, scene: Scene) -> None:
    outcomes: list[str] = []

    def add() -> None:
        with app.app_context():
            try:
                run_in_transaction(lambda: people.add_operator("noor@x.example", "Noor", ["operator"]))
                outcomes.append("added")
            except BadInput:
                outcomes.append("there")

    _at_once([add] * 6)
    assert sorted(outcomes) == ["added"] + ["there"] * 5


def _at_once(acts: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_link_is_used_up_by_exactly_one_of_many(app: Flask, scene: Scene) -> None:
    amina, outcomes = scene.operator("Amina"), []
    token = run_in_transaction(lambda: people.invite(amina.id))

    def accept(number: int) -> None:
        with app.app_context():
            try:
                run_in_transaction(lambda: people.accept(token, f"hash{number}"))
                outcomes.append(number)
            except BadInput:
                pass

    _at_once([lambda n=n: accept(n) for n in range(6)])
    assert len(outcomes) == 1
    db.session.rollback()
    assert db.session.get_one(Operator, amina.id, populate_existing=True).password_hash == f"hash{outcomes[0]}"
    assert scene.kinds().count(Kind.PASSWORD_SET) == 1


def test_a_link_lasts_seven_days(scene: Scene) -> None:
    amina = scene.operator("Amina")
    token = run_in_transaction(lambda: people.invite(amina.id))
    with scene.later(days=7, seconds=1):
        assert found.open_invitation(passwords.fingerprint(token)) is None
        with pytest.raises(BadInput, match="older than 7 days"):
            run_in_transaction(lambda: people.accept(token, "hash"))
    assert found.open_invitation(passwords.fingerprint(token)) is not None


def test_nobody_switched_off_is_invited_or_let_in(scene: Scene) -> None:
    amina, boss = scene.operator("Amina"), scene.operator("Kim", "admin")
    token = run_in_transaction(lambda: people.invite(amina.id))
    run_in_transaction(lambda: people.change(amina.id, boss, people.Changes(active=False)))
    with pytest.raises(BadInput):
        run_in_transaction(lambda: people.accept(token, "hash"))
    with pytest.raises(NotFound):
        run_in_transaction(lambda: people.invite(amina.id))


def test_a_new_password_ends_every_other_session(scene: Scene) -> None:
    amina = scene.operator("Amina")
    for token in ("here", "there"):
        scene.do(lambda token=token: sessions.open(amina.id, token, ""))
    scene.do(lambda: people.set_own_password(amina, "hash", keep="here"))
    assert [row.token_hash for row in living.own(amina)] == ["here"]


def test_a_hash_is_not_replaced_where_the_password_was_changed_meanwhile(scene: Scene) -> None:
    amina = scene.operator("Amina", password_hash="new")
    scene.do(lambda: people.rehash(amina.id, "old", "rehashed"))
    assert db.session.get_one(Operator, amina.id, populate_existing=True).password_hash == "new"


@pytest.mark.parametrize("role, target, allowed", [
    ("admin", "auditor", True), ("admin", "admin", True), ("coordinator", "operator", True),
    ("coordinator", "coordinator", False), ("coordinator", "admin", False), ("operator", "operator", False),
    ("auditor", "operator", False),
])
def test_who_may_change_whom(scene: Scene, role: str, target: str, allowed: bool) -> None:
    actor, other = scene.operator("Actor", role), scene.operator("Other", target)
    scene.operator("Another", "admin")
    assert granting.may_change(actor, other) == allowed
    if allowed:
        run_in_transaction(lambda: people.change(other.id, actor, people.Changes(capacity=3)))
    else:
        with pytest.raises(Forbidden):
            run_in_transaction(lambda: people.change(other.id, actor, people.Changes(capacity=3)))
    changed = db.session.get_one(Operator, other.id, populate_existing=True).capacity == 3
    assert changed == allowed


def test_a_change_that_changes_nothing_is_not_in_the_history(scene: Scene) -> None:
    kim = scene.operator("Kim", "admin")
    before = scene.head()
    run_in_transaction(lambda: people.change(kim.id, kim, people.Changes(roles=["admin"], capacity=8, active=True)))
    assert scene.head() == before
    run_in_transaction(lambda: people.change(kim.id, kim, people.Changes(languages=["EN", "sw"])))
    assert scene.kinds()[-1] == Kind.OPERATOR_CHANGED


def test_teams_stand_in_the_history(scene: Scene) -> None:
    kim = scene.operator("Kim", "admin")
    team = run_in_transaction(lambda: people.add_team("Kisumu", kim))
    run_in_transaction(lambda: people.join_team(team.id, kim.id, kim))
    run_in_transaction(lambda: people.leave_team(team.id, kim.id, kim))
    assert scene.kinds().count(Kind.TEAM_CHANGED) == 3
    with pytest.raises(Forbidden):
        run_in_transaction(lambda: people.add_team("Mine", scene_operator()))

    assert [each.name for each in found.teams(kim)] == ["Kisumu"]


def scene_operator() -> Operator:
    """Somebody without rights, never stored."""
    return Operator(roles=frozenset({"operator"}))


# ---------------------------------------------------------------- passwords and addresses


def test_a_password_fits_its_own_hash_only() -> None:
    known = passwords.hashed("four words that hold", "low")
    assert passwords.verify("four words that hold", known, "low")
    assert not passwords.verify("four words that hold ", known, "low")
    assert not passwords.verify("four words that hold", None, "low")
    assert not passwords.verify("nobody has this password", None, "low")
    assert not passwords.verify("x", "not a hash", "low")


def test_the_standard_cost_is_64_mebibytes_three_times() -> None:
    known = passwords.hashed("four words that hold", "standard")
    assert known.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert passwords.outdated(known, "low")
    assert not passwords.outdated(known, "standard")


@given(strategies.text(max_size=200))
@shape(max_examples=200, deadline=None)
def test_any_text_may_be_typed_as_a_password(text: str) -> None:
    assert not passwords.verify(text, None, "low")


@pytest.mark.parametrize("kind, written, spelled, shown", [
    ("phone", "0700 000 101", "+254700000101", "…01"), ("phone", "+44 7700 900123", "+447700900123", "…23"),
    ("phone", "٠٧٠٠٠٠٠١٠١", "+254700000101", "…01"), ("phone", "40404", "40404", "…04"),
    ("email", " Lena@Example.org ", "lena@example.org", "l…@example.org"),
    ("mastodon", "@Rosa@Social.example", "@rosa@social.example", "@rosa@social.example"),
])
def test_an_address_has_one_spelling_and_a_hint(kind: str, written: str, spelled: str, shown: str) -> None:
    assert addresses.normalise(kind, written, "KE") == spelled
    assert addresses.hint(kind, spelled) == shown


@given(strategies.sampled_from(["phone", "email", "mastodon", "x"]), strategies.text(max_size=300))
@shape(max_examples=400, deadline=None)
def test_any_text_is_an_address_or_refused_and_spelling_is_stable(kind: str, text: str) -> None:
    try:
        spelled = addresses.normalise(kind, text, "KE")
    except BadInput:
        return
    assert addresses.normalise(kind, spelled, "KE") == spelled
    assert len(addresses.hint(kind, spelled)) <= addresses.HINT_MOST
