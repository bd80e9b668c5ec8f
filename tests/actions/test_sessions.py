"""Sessions are rows: opened, seen, ended, forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tests.scene import Scene
from triage import clock
from triage.actions import sessions
from triage.db import db
from triage.events import Kind
from triage.models import Operator, StaffSession
from triage.queries import sessions as living


@pytest.fixture
def amina(scene: Scene) -> Operator:
    return scene.operator("Amina")


def hashes() -> set[str]:
    return set(db.session.scalars(select(StaffSession.token_hash)))


def test_a_session_lasts_what_the_desk_says_and_not_longer(scene: Scene, amina: Operator) -> None:
    scene.do(lambda: sessions.open(amina.id, "h1", "Firefox " * 50))
    found = living.signed_in("h1")
    assert found is not None
    row, operator = found
    assert operator.id == amina.id
    assert row.expires_at - row.created_at == timedelta(hours=12)
    assert len(row.user_agent) == 120


def test_the_same_token_is_never_stored_twice(scene: Scene, amina: Operator) -> None:
    scene.do(lambda: sessions.open(amina.id, "h1", ""))
    with pytest.raises(IntegrityError, match="token_hash"):
        scene.do(lambda: sessions.open(amina.id, "h1", ""))


def test_touching_an_ended_session_does_not_bring_it_back(scene: Scene, amina: Operator) -> None:
    scene.do(lambda: sessions.open(amina.id, "h1", ""))
    scene.do(lambda: sessions.end("h1"))
    scene.do(lambda: sessions.touch("h1", amina.id))
    assert hashes() == set()
    assert living.signed_in("h1") is None


def test_touching_says_that_the_person_is_there(scene: Scene, amina: Operator) -> None:
    scene.do(lambda: sessions.open(amina.id, "h1", ""))
    with scene.later(minutes=30):
        scene.do(lambda: sessions.touch("h1", amina.id))
    seen = db.session.get_one(Operator, amina.id, populate_existing=True).last_seen_at
    assert seen is not None
    assert seen > clock.now() + timedelta(minutes=29)


def test_ending_is_in_the_history_once(scene: Scene, amina: Operator) -> None:
    scene.do(lambda: sessions.open(amina.id, "h1", ""))
    for _ in range(2):
        scene.do(lambda: sessions.end("h1"))
    assert scene.kinds().count(Kind.SESSION_ENDED) == 1


def test_ending_all_keeps_the_one_and_other_people(scene: Scene, amina: Operator) -> None:
    ben = scene.operator("Ben")
    for token, who in (("a1", amina), ("a2", amina), ("a3", amina), ("b1", ben)):
        scene.do(lambda token=token, who=who: sessions.open(who.id, token, ""))
    assert scene.do(lambda: sessions.end_all(amina.id, but="a2")) == 2
    assert hashes() == {"a2", "b1"}
    assert scene.do(lambda: sessions.end_all(amina.id)) == 1


def test_only_own_sessions_are_ended_by_number(scene: Scene, amina: Operator) -> None:
    ben = scene.operator("Ben")
    number = scene.do(lambda: sessions.open(ben.id, "b1", "").id)
    scene.do(lambda: sessions.end_own(number, amina))
    assert hashes() == {"b1"}
    scene.do(lambda: sessions.end_own(number, ben))
    assert hashes() == set()


@pytest.mark.parametrize("span, left", [({"minutes": 59}, {"h1"}), ({"minutes": 60}, set()), ({"hours": 12}, set())])
def test_what_is_over_is_forgotten(scene: Scene, amina: Operator, span: dict[str, float], left: set[str]) -> None:
    scene.do(lambda: sessions.open(amina.id, "h1", ""))
    with scene.later(**span):
        scene.do(sessions.purge)
    assert hashes() == left
    assert (Kind.SESSION_ENDED in scene.kinds()) == (not left), "a socket that is still open is closed by it"
