"""The people page: adding, inviting, changing, teams; and who may do that to whom."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import select

from tests.scene import Scene
from tests.web.door import Browser, words
from triage.db import db
from triage.models import Operator, Team, TeamMember
from triage.queries import people

NOOR = {"email": "Noor@Desk.example", "name": "Noor Haddad", "role": "operator", "languages": "ar, en"}


@pytest.fixture
def admin(scene: Scene, browser: Browser) -> Operator:
    """An admin, signed in."""
    admin = scene.operator("Kim", "admin")
    browser.sign_in(admin)
    browser.get("/people")
    return admin


def added(email: str = "noor@desk.example") -> Operator:
    """The person with this address, as in the database now."""
    return db.session.scalars(select(Operator).where(Operator.email == email).execution_options(
        populate_existing=True)).one()


def test_an_admin_is_not_told_of_answers_and_live_updates_they_do_not_get(browser: Browser, admin: Operator) -> None:
    page = browser.get("/people").text
    assert "You answer as" not in page
    assert 'id="live"' not in page


def test_adding_somebody_shows_a_link_once_by_which_they_come_in(app: Flask, browser: Browser, admin: Operator) -> None:
    answer = browser.post("/people", NOOR)
    link = re.search(r'value="(http[^"]+/invite/[^"]+)"', answer.text)
    assert link is not None
    assert added().languages == {"ar", "en"}
    assert added().public_name in words(answer)
    assert added().public_name != "Noor Haddad"
    assert "/invite/" not in browser.get("/people").text
    noor = Browser(app)
    path = link.group(1).removeprefix("http://127.0.0.1:8000")
    assert noor.get(path).status_code == 200
    assert noor.post(path, {"password": "quiet lantern under seven bridges"}).location == "/desk"


@pytest.mark.parametrize("change, said", [
    ({"email": "no address"}, "This is not an e-mail address"), ({"email": ""}, "Something is missing here"),
    ({"name": ""}, "Something is missing here"), ({"role": "queen"}, "There is no role called queen"),
    ({"languages": "english!"}, "Languages are short codes"),
    ({"email": "kim@desk.example"}, "is on this desk already"),
    ({"name": "x" * 121}, "This has 121 characters"),
])
def test_a_mistake_is_a_sentence_and_what_was_typed_stays(
    browser: Browser, admin: Operator, change: dict[str, object], said: str
) -> None:
    answer = browser.post("/people", {**NOOR, **change})
    assert answer.status_code == 422
    assert said in words(answer)
    assert len(people.operators(admin)) == 1
    assert "ar, en" in answer.text or "languages" in change


def test_a_new_link_makes_the_old_one_useless(browser: Browser, app: Flask, admin: Operator) -> None:
    first = re.search(r"/invite/([\w-]+)", browser.post("/people", NOOR).text)
    second = re.search(r"/invite/([\w-]+)", browser.post(f"/people/{added().id}/invite").text)
    assert first is not None
    assert second is not None
    assert Browser(app).get(f"/invite/{first.group(1)}").status_code == 404
    assert Browser(app).get(f"/invite/{second.group(1)}").status_code == 200


def test_changing_somebody(browser: Browser, admin: Operator) -> None:
    browser.post("/people", NOOR)
    noor = added()
    data = {"role": ["operator", "coordinator"], "capacity": 3, "languages": "fr", "needs_approval": "1", "active": "1"}
    assert browser.post(f"/people/{noor.id}", data).status_code == 303
    noor = added()
    assert (noor.roles, noor.capacity, noor.languages) == ({"operator", "coordinator"}, 3, {"fr"})
    assert (noor.needs_approval, noor.active) == (True, True)


@pytest.mark.parametrize("data, said", [
    ({"capacity": 5, "active": "1"}, "Choose at least one role"),
    ({"role": "operator", "capacity": 0, "active": "1"}, "from 1 to 100"),
    ({"role": "operator", "capacity": "many", "active": "1"}, "A whole number was expected here"),
    ({"role": "operator", "capacity": 5, "active": "1"}, "This is the last admin"),
    ({"role": "admin", "capacity": 5}, "This is the last admin"),
])
def test_a_change_that_cannot_be_is_a_sentence(
    browser: Browser, admin: Operator, data: dict[str, object], said: str
) -> None:
    answer = browser.post(f"/people/{admin.id}", data)
    assert answer.status_code == 422
    assert said in words(answer)
    assert added("kim@desk.example").roles == {"admin"}
    assert added("kim@desk.example").active


def test_a_coordinator_adds_operators_and_nobody_mightier(scene: Scene, browser: Browser) -> None:
    boss, admin = scene.operator("Zawadi", "coordinator"), scene.operator("Kim", "admin")
    browser.sign_in(boss)
    browser.get("/people")
    assert browser.post("/people", {**NOOR, "role": "admin"}).status_code == 403
    assert browser.post("/people", NOOR).status_code == 200
    everything = {"role": ["operator"], "capacity": 5, "active": "1"}
    assert browser.post(f"/people/{added().id}", {**everything, "role": "coordinator"}).status_code == 403
    assert browser.post(f"/people/{admin.id}", everything).status_code == 403
    assert browser.post(f"/people/{boss.id}", {**everything, "role": ["coordinator", "admin"]}).status_code == 403
    assert browser.post(f"/people/{admin.id}/invite").status_code == 403
    assert added("zawadi@desk.example").roles == {"coordinator"}


def test_switching_somebody_off_returns_what_they_hold(scene: Scene, browser: Browser, admin: Operator) -> None:
    amina, report = scene.operator("Amina"), scene.sms("No ink")
    scene.claim(report, amina)
    browser.post(f"/people/{amina.id}", {"role": "operator", "capacity": 8})
    assert scene.holder(report) is None
    assert scene.report(report.id).status == "open"


def test_teams_are_made_joined_and_left(scene: Scene, browser: Browser, admin: Operator) -> None:
    amina = scene.operator("Amina")
    browser.post("/teams", {"team": " Kisumu   team "})
    team = db.session.scalars(select(Team)).one()
    assert team.name == "Kisumu team"
    assert browser.post("/teams", {"team": "Kisumu team"}).status_code == 422
    assert browser.post("/teams", {"team": ""}).status_code == 422
    for _ in range(2):
        browser.post(f"/teams/{team.id}/join", {"operator": amina.id})
    assert [one.id for one in people.members(team.id, admin)] == [amina.id]
    for _ in range(2):
        browser.post(f"/teams/{team.id}/leave", {"operator": amina.id})
    assert db.session.scalars(select(TeamMember)).all() == []
    assert browser.post(f"/teams/{team.id}/join", {"operator": 999}).status_code == 404
