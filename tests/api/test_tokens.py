"""Tokens: shown once, kept as a hash, ended by time, by hand, by a new password and by being switched off."""

from __future__ import annotations

import hashlib
import re

import pytest
from flask import Flask
from sqlalchemy import select, text

from tests.api.programs import BASE, Program, program, token_of
from tests.scene import Scene
from tests.visitor import sign_in
from triage import passwords
from triage.actions import people, tokens
from triage.api.operations import OPERATIONS, Operation
from triage.db import db
from triage.events import Kind
from triage.models import ApiToken, Operator

CHANGES = [one for one in OPERATIONS if one.changes]
CALL = "/reports"


def code(answer: object) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json["code"]


def path(operation: Operation) -> str:
    """An address of an operation."""
    return BASE + re.sub(r"\{[a-z]+_id\}", "1", operation.address)


def test_a_token_reads_and_changes_in_its_persons_name(app: Flask, scene: Scene) -> None:
    maya, report = scene.operator("Maya"), scene.sms("The station is closed")
    answer = program(app, maya).post(f"/reports/{report.id}/claim")
    assert (answer.status_code, answer.json["holder"]["name"]) == (200, "Maya")
    assert scene.holder(report) == "Maya"


def test_only_the_hash_of_a_token_is_stored(scene: Scene) -> None:
    secret = token_of(scene.operator("Maya"))
    row = db.session.execute(text("SELECT * FROM api_tokens")).mappings().one()
    assert secret not in str(dict(row))
    assert row["token_hash"] == hashlib.sha256(secret.encode()).hexdigest()
    assert secret.startswith("triage_")


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer x", "Bearer triage_ab cd", "bearer \u00e9",
                                    "Bearer " + "x" * 5000])
def test_what_is_no_token_opens_nothing(app: Flask, header: str) -> None:
    answer = app.test_client().get(BASE + CALL, headers={"Authorization": header})
    assert code(answer) == (401, "bad_token")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_wrong_token_is_not_mended_by_a_good_cookie(app: Flask, scene: Scene) -> None:
    visitor = sign_in(app, scene.operator("Maya"))
    assert visitor._client.get(BASE + CALL).status_code == 200
    assert visitor._client.get(BASE + CALL, headers={"Authorization": "Bearer x"}).status_code == 401


def test_a_token_ends_when_its_days_are_over(app: Flask, scene: Scene) -> None:
    mine = Program(app, token_of(scene.operator("Maya"), days=2))
    with scene.later(days=1, hours=23):
        assert mine.get(CALL).status_code == 200
    with scene.later(days=2, seconds=1):
        assert code(mine.get(CALL)) == (401, "bad_token")


def test_a_token_is_dead_while_its_person_is_switched_off_and_stays_dead(app: Flask, scene: Scene) -> None:
    maya, root = scene.operator("Maya"), scene.operator("Root", "admin")
    mine = program(app, maya)
    for active in (False, True):
        scene.do(lambda on=active: people.change(maya.id, root, people.Changes(active=on)))
        assert code(mine.get(CALL)) == (401, "bad_token")
    assert scene.kinds().count(Kind.TOKEN_ENDED) == 1


def test_an_inactive_person_cannot_use_a_token_that_was_not_ended(app: Flask, scene: Scene) -> None:
    maya = scene.operator("Maya")
    mine = program(app, maya)
    scene.do(lambda: setattr(maya, "active", False))
    assert code(mine.get(CALL)) == (401, "bad_token")


def test_a_new_password_ends_every_token(app: Flask, scene: Scene) -> None:
    maya = scene.operator("Maya")
    mine, hashed = program(app, maya), passwords.hashed("four words that are long", "low")
    scene.do(lambda: people.set_password(maya.id, hashed))
    assert code(mine.get(CALL)) == (401, "bad_token")
    assert db.session.scalars(select(ApiToken.end_reason)).all() == ["password"]


def test_rights_that_were_taken_away_are_gone_with_the_next_request(app: Flask, scene: Scene) -> None:
    maya, root = scene.operator("Maya", "coordinator"), scene.operator("Root", "admin")
    mine = program(app, maya)
    assert mine.get("/ledger").status_code == 200
    scene.do(lambda: people.change(maya.id, root, people.Changes(roles=["operator"])))
    assert code(mine.get("/ledger")) == (403, "forbidden")


@pytest.mark.parametrize("scope, read, write", [("read", 200, 403), ("write", 403, 204)])
def test_a_scope_is_all_a_token_may(app: Flask, scene: Scene, scope: str, read: int, write: int) -> None:
    mine = program(app, scene.operator("Maya"), [scope])
    assert (mine.get(CALL).status_code, mine.post("/claim-next").status_code) == (read, write)
    refused = mine.get(CALL) if write == 204 else mine.post("/claim-next")
    assert code(refused) == (403, "scope_missing")


@pytest.mark.only("sqlite")
@pytest.mark.parametrize("operation", CHANGES, ids=lambda one: one.name)
def test_no_change_is_possible_with_a_cookie_even_with_the_forms_token(app: Flask, scene: Scene,
                                                                      operation: Operation) -> None:
    """The API is exempt from CSRF checks; this is what makes that safe. A new call is tried by itself."""
    visitor = sign_in(app, scene.operator("Root", "coordinator", "admin"))
    visitor.get("/desk")
    headers = {"X-CSRFToken": visitor._token, "Sec-Fetch-Site": "same-origin"}
    answer = visitor._client.open(path(operation), method=operation.method, json={}, headers=headers)
    assert code(answer) == (401, "token_needed")


@pytest.mark.only("sqlite")
def test_every_changing_route_of_the_api_is_a_registered_operation(app: Flask) -> None:
    """So the test above has asked them all."""
    rules = {(method, rule.endpoint) for rule in app.url_map.iter_rules() if rule.endpoint.startswith("api.")
             for method in rule.methods & {"POST", "PUT", "PATCH", "DELETE"}}
    assert rules == {(one.method, f"api.{one.name}") for one in CHANGES}


def test_another_sites_page_cannot_ask_even_with_a_token(app: Flask, scene: Scene) -> None:
    mine = program(app, scene.operator("Maya"))
    answer = mine.ask("POST", "/claim-next", headers={"Origin": "https://elsewhere.example"})
    assert code(answer) == (403, "foreign_origin")


def test_wrong_tokens_are_braked_and_right_ones_pass_all_the_same(app: Flask, scene: Scene) -> None:
    mine, wrong = program(app, scene.operator("Maya")), Program(app, "triage_wrong")
    assert {wrong.get(CALL).status_code for _ in range(20)} == {401}
    answer = wrong.get(CALL)
    assert code(answer) == (429, "too_often")
    assert 0 < int(answer.headers["Retry-After"]) <= 900
    assert mine.get(CALL).status_code == 200
    with scene.later(minutes=16):
        assert code(wrong.get(CALL)) == (401, "bad_token")


@pytest.mark.parametrize("settings", [{"api_writes_per_minute": 3}], indirect=True)
def test_changes_of_one_token_are_braked_and_reading_goes_on(app: Flask, scene: Scene) -> None:
    maya = scene.operator("Maya")
    mine, other = program(app, maya), program(app, maya)
    assert [mine.post("/claim-next").status_code for _ in range(4)] == [204, 204, 204, 429]
    assert int(mine.post("/claim-next").headers["Retry-After"]) <= 60
    assert (mine.get(CALL).status_code, other.post("/claim-next").status_code) == (200, 204)
    with scene.later(seconds=61):
        assert mine.post("/claim-next").status_code == 204


def test_use_is_noted_once_a_minute_and_only_changes_keep_their_person_awake(app: Flask, scene: Scene) -> None:
    maya = scene.operator("Maya")
    mine, number = program(app, maya), maya.id
    with scene.later(minutes=10):
        mine.get(CALL)
    used, seen = _moments(number)
    assert used > seen
    with scene.later(minutes=20):
        mine.post("/claim-next")
    later, awake = _moments(number)
    assert later > used
    assert awake > used


def _moments(operator_id: int) -> tuple[object, object]:
    db.session.rollback()
    return (db.session.scalars(select(ApiToken.last_used_at)).one(),
            db.session.get_one(Operator, operator_id, populate_existing=True).last_seen_at)


def test_a_person_sees_their_tokens_on_their_page_and_ends_them(app: Flask, scene: Scene) -> None:
    maya, ben = scene.operator("Maya"), scene.operator("Ben")
    mine, theirs = program(app, maya), program(app, ben)
    numbers = dict(db.session.execute(select(ApiToken.operator_id, ApiToken.id)).all())
    visitor = sign_in(app, maya)
    page = visitor.get("/me")
    assert f"/me/tokens/{numbers[maya.id]}/end" in page.text
    assert f"/me/tokens/{numbers[ben.id]}/end" not in page.text
    visitor.post(f"/me/tokens/{numbers[ben.id]}/end")
    visitor.post(f"/me/tokens/{numbers[maya.id]}/end")
    assert (mine.get(CALL).status_code, theirs.get(CALL).status_code) == (401, 200)


def test_the_history_says_who_made_and_ended_a_token_to_those_who_may_know(app: Flask, scene: Scene) -> None:
    maya, ben = scene.operator("Maya"), scene.operator("Ben")
    mine, theirs = program(app, maya), program(app, ben)
    scene.do(lambda: tokens.end_own(1, maya))
    told = [one["kind"] for one in program(app, maya).get("/events").json["items"]]
    assert told.count("token.made") == 2
    assert told.count("token.ended") == 1
    assert mine.get(CALL).status_code == 401
    assert [one["kind"] for one in theirs.get("/events").json["items"]].count("token.made") == 1
