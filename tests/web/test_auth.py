"""The door: signing in and out, invitations, sessions, and typed text that survives an ended session."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from tests.scene import Scene
from tests.web.door import PASSWORD, Browser, give_password, words
from triage import passwords
from triage.actions import people, sessions
from triage.db import db, run_in_transaction
from triage.models import Draft, Operator, StaffSession
from triage.web import signin

NEW = "quiet lantern under seven bridges"


def test_signing_in_leads_to_the_desk_with_a_new_session(scene: Scene, browser: Browser) -> None:
    amina = scene.operator("Amina")
    answer = browser.sign_in(amina)
    assert (answer.status_code, answer.location) == (302, "/desk")
    assert browser.get("/desk").status_code == 200
    assert db.session.scalars(select(StaffSession.operator_id)).all() == [amina.id]


def test_the_database_holds_no_secret_of_the_cookie(scene: Scene, browser: Browser) -> None:
    browser.sign_in(scene.operator("Amina"))
    with browser.client.session_transaction() as cookie:
        assert set(cookie) <= {"sid", "csrf_token", "_permanent"}
        sid = cookie["sid"]
    assert db.session.scalars(select(StaffSession.token_hash)).one() == passwords.fingerprint(sid) != sid


@pytest.mark.parametrize("email, password", [
    ("amina@desk.example", "wrong"), ("nobody@desk.example", PASSWORD), ("", ""), ("a\x00\ud800@b", "\ud800"),
])
def test_wrong_password_and_unknown_person_read_the_same(
    scene: Scene, browser: Browser, email: str, password: str
) -> None:
    give_password(scene.operator("Amina"))
    browser.get("/login")
    data = {name: value.encode("utf-8", "surrogatepass") for name, value in (("email", email), ("password", password))}
    answer = browser.post("/login", {name: value.decode("utf-8", "replace") for name, value in data.items()})
    assert answer.status_code == 401
    assert signin_sentence() in words(answer)


def signin_sentence() -> str:
    return "The e-mail address or the password is not right."


def test_an_unknown_person_costs_the_same_work(scene: Scene, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []
    real = passwords.verify
    monkeypatch.setattr(passwords, "verify", lambda word, known, cost: (seen.append(known), real(word, known, cost))[1])
    browser.get("/login")
    browser.post("/login", {"email": "nobody@desk.example", "password": PASSWORD})
    assert seen == [None]


def test_somebody_switched_off_is_out_at_the_next_request_and_cannot_come_back(scene: Scene, browser: Browser) -> None:
    amina, boss = scene.operator("Amina"), scene.operator("Zawadi", "admin")
    browser.sign_in(amina)
    run_in_transaction(lambda: people.change(amina.id, boss, people.Changes(active=False)))
    assert browser.get("/desk").location.startswith("/login?next=")
    assert browser.sign_in(amina).status_code == 401


@pytest.mark.parametrize("meanwhile", ["a new password", "switched off"])
def test_what_ends_every_session_ends_the_one_that_is_just_being_opened(
    scene: Scene, browser: Browser, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    """Checking a password takes long: who knows the old one must not slip in behind the new one."""
    amina, admin, real = scene.operator("Amina"), scene.operator("Root", "admin"), passwords.verify
    number, root = amina.id, admin.id

    def verify(password: str, password_hash: str | None, cost: str) -> bool:
        right = real(password, password_hash, cost)
        if meanwhile == "a new password":
            scene.do(lambda: people.set_password(number, passwords.hashed(NEW, "low")))
        else:
            scene.do(lambda: people.change(number, db.session.get_one(Operator, root), people.Changes(active=False)))
        return right

    give_password(amina)
    browser.get("/login")
    monkeypatch.setattr(passwords, "verify", verify)
    answer = browser.post("/login", {"email": "amina@desk.example", "password": PASSWORD})
    assert (answer.status_code, signin_sentence() in words(answer)) == (401, True)
    assert db.session.scalars(select(StaffSession.id)).all() == []


def test_the_sixth_attempt_in_a_minute_waits_even_with_the_right_password(scene: Scene, browser: Browser) -> None:
    amina = scene.operator("Amina")
    give_password(amina)
    browser.get("/login")
    for _ in range(5):
        assert browser.post("/login", {"email": "AMINA@desk.example ", "password": "no"}).status_code == 401
    answer = browser.sign_in(amina)
    assert answer.status_code == 429
    assert "Too many attempts. Try again in" in words(answer)
    assert browser.sign_in(scene.operator("Ben")).status_code == 302  # nobody else is held up


def test_right_attempts_are_never_held_up(scene: Scene, app: Flask) -> None:
    amina = scene.operator("Amina")
    assert [Browser(app).sign_in(amina).status_code for _ in range(8)] == [302] * 8


def test_twenty_wrong_attempts_from_one_network_close_it_for_a_while(scene: Scene, browser: Browser) -> None:
    browser.get("/login")
    for number in range(20):
        assert browser.post("/login", {"email": f"p{number}@x.example", "password": "no"}).status_code == 401
    assert browser.sign_in(scene.operator("Amina")).status_code == 429


def test_counters_that_are_all_away_close_the_door(app: Flask, scene: Scene, browser: Browser) -> None:
    class Away:
        def __getattr__(self, name: str) -> object:
            raise ConnectionError("nobody counts")

    for counter in app.extensions["sign_in_counters"]:
        counter.limiter = Away()
    answer = browser.sign_in(scene.operator("Amina"))
    assert answer.status_code == 503
    assert "not possible just now" in words(answer)


def test_signing_out_ends_the_session_in_the_database(scene: Scene, app: Flask, browser: Browser) -> None:
    browser.sign_in(scene.operator("Amina"))
    browser.get("/desk")
    with browser.client.session_transaction() as cookie:
        stolen = dict(cookie)
    answer = browser.post("/logout")
    assert answer.headers["Clear-Site-Data"] == '"cookies", "storage"'
    assert db.session.scalars(select(StaffSession)).all() == []
    thief = Browser(app)
    with thief.client.session_transaction() as cookie:
        cookie.update(stolen)
    assert thief.get("/desk").status_code == 302
    assert "You are signed out" in words(browser.get(answer.location))


@pytest.mark.parametrize("span", [{"minutes": 61}, {"hours": 13}])
def test_a_session_ends_after_an_idle_hour_and_after_twelve_anyway(
    scene: Scene, browser: Browser, span: dict[str, float]
) -> None:
    browser.sign_in(scene.operator("Amina"))
    with scene.later(**span):
        assert browser.get("/floor?x=1").location == "/login?next=/floor?x%3D1"


def test_work_keeps_a_session_alive_and_says_that_somebody_is_there(scene: Scene, browser: Browser) -> None:
    amina = scene.operator("Amina")
    browser.sign_in(amina)
    for minutes in (50, 100, 150):
        with scene.later(minutes=minutes):
            assert browser.get("/desk").status_code == 200
    before = db.session.get_one(Operator, amina.id, populate_existing=True).last_seen_at
    with scene.later(minutes=200):
        browser.get("/desk", headers={"Triage-By-Itself": "1"})
    assert db.session.get_one(Operator, amina.id, populate_existing=True).last_seen_at == before


def test_ending_a_session_closes_the_persons_sockets(
    scene: Scene, app: Flask, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(app.extensions["live"], "end", ended.append)
    amina = scene.operator("Amina")
    browser.sign_in(amina)
    browser.get("/me")
    browser.post("/me/sessions/end")
    browser.post("/me/password", {"current": PASSWORD, "password": NEW})
    browser.post("/logout")
    assert ended == [amina.id] * 3


# ---------------------------------------------------------------- typed text


def test_a_reply_posted_after_the_session_ended_becomes_the_draft(scene: Scene, browser: Browser) -> None:
    amina, report = scene.operator("Amina"), scene.sms("No ink at the school")
    scene.claim(report, amina)
    browser.sign_in(amina)
    browser.get(f"/desk/reports/{report.id}")
    run_in_transaction(lambda: sessions.end_all(amina.id))
    answer = browser.post(f"/desk/reports/{report.id}/reply", {"text": "We <are> on our way", "assignment": 1})
    assert answer.status_code == 401
    assert "Your text is safe" in words(answer)
    assert answer.text.count("We &lt;are&gt; on our way") == 2  # to read, and in the form
    signed = browser.post("/login", {
        "email": amina.email, "password": PASSWORD, "kept_text": "We <are> on our way", "kept_report": report.id,
    })
    assert signed.location == f"/desk/reports/{report.id}"
    assert db.session.scalars(select(Draft.body)).one() == "We <are> on our way"
    assert "We &lt;are&gt; on our way" in browser.get(signed.location).text


def test_kept_text_neither_overwrites_another_draft_nor_doubles_its_beginning(scene: Scene, browser: Browser) -> None:
    amina, report = scene.operator("Amina"), scene.sms("No ink at the school")
    scene.claim(report, amina)
    for typed, draft in (("We are", "We are"), ("We are coming", "We are coming"), ("Else", "Else\n\nWe are coming")):
        browser.sign_in(amina)
        browser.get("/me")
        browser.post("/me/typed", {"kept_text": typed, "kept_report": report.id})
        assert db.session.scalars(select(Draft.body)).one() == draft


def test_a_wrong_password_keeps_the_typed_text_too(scene: Scene, browser: Browser) -> None:
    give_password(scene.operator("Amina"))
    browser.get("/login")
    answer = browser.post("/login", {"email": "amina@desk.example", "password": "no", "kept_text": "precious words"})
    assert answer.text.count("precious words") == 2


def test_text_for_a_report_one_may_not_see_is_shown_not_stored(scene: Scene, browser: Browser) -> None:
    browser.sign_in(scene.operator("Amina"))
    browser.get("/me")
    answer = browser.post("/me/typed", {"kept_text": "precious words", "kept_report": 999})
    assert answer.status_code == 404
    assert "precious words" in answer.text


@pytest.mark.parametrize("wanted, given", [
    ("/floor", "/floor"), ("/desk/reports/4?view=mine", "/desk/reports/4?view=mine"), ("https://evil.example/", ""),
    ("//evil.example/desk", ""), ("/\\evil.example", ""), ("/desk/../report", ""), ("/logout", ""), ("/deskevil", ""),
    ("/desk\r\nSet-Cookie: x=1", ""), ("javascript:alert(1)", ""), ("", ""),
])
def test_after_signing_in_only_own_staff_pages_open(wanted: str, given: str) -> None:
    assert signin.safe(wanted) == given


# ---------------------------------------------------------------- invitations and the own page


def test_an_invitation_works_once_and_signs_in(scene: Scene, app: Flask, browser: Browser) -> None:
    amina = scene.operator("Amina")
    token = run_in_transaction(lambda: people.invite(amina.id))
    assert "Welcome, Amina" in words(browser.get(f"/invite/{token}"))
    assert browser.post(f"/invite/{token}", {"password": "short"}).status_code == 422
    assert browser.post(f"/invite/{token}", {"password": NEW}).location == "/desk"
    assert browser.get("/desk").status_code == 200
    other = Browser(app)
    assert other.get(f"/invite/{token}").status_code == 404
    assert other.post(f"/invite/{token}", {"password": NEW}).status_code == 400  # a page without a form has no token


@pytest.mark.parametrize("password", ["amina@desk.example", "aaaaaaaaaaaaaaaaaaaa", "Amina Amina Amina", "x" * 129])
def test_easy_passwords_are_refused_with_a_sentence(scene: Scene, browser: Browser, password: str) -> None:
    amina = scene.operator("Amina")
    token = run_in_transaction(lambda: people.invite(amina.id))
    browser.get(f"/invite/{token}")
    answer = browser.post(f"/invite/{token}", {"password": password})
    assert answer.status_code == 422
    assert "password" in words(answer)


def test_changing_the_password_signs_everybody_else_out(scene: Scene, app: Flask, browser: Browser) -> None:
    amina, other = scene.operator("Amina"), Browser(app)
    browser.sign_in(amina)
    other.sign_in(amina)
    browser.get("/me")
    assert browser.post("/me/password", {"current": "no", "password": NEW}).status_code == 422
    assert browser.post("/me/password", {"current": PASSWORD, "password": NEW}).location == "/me"
    assert browser.get("/me").status_code == 200
    assert other.get("/me").status_code == 302


def test_one_ends_ones_own_sessions_and_nobody_elses(scene: Scene, app: Flask, browser: Browser) -> None:
    amina, ben = scene.operator("Amina"), scene.operator("Ben")
    here, there = Browser(app), Browser(app)
    for one, who in ((browser, amina), (here, amina), (there, ben)):
        one.sign_in(who)
    ids = {row.operator_id: row.id for row in db.session.scalars(select(StaffSession).order_by(StaffSession.id))}
    browser.get("/me")
    browser.post(f"/me/sessions/{ids[ben.id]}/end")
    assert there.get("/me").status_code == 200
    browser.post("/me/sessions/end")
    assert (here.get("/me").status_code, browser.get("/me").status_code) == (302, 200)


def test_the_hash_is_made_anew_at_todays_cost(scene: Scene, browser: Browser) -> None:
    amina = scene.operator("Amina")
    give_password(amina, cost="standard")
    old = amina.password_hash
    browser.sign_in(amina)
    new = db.session.get_one(Operator, amina.id, populate_existing=True).password_hash
    assert new != old
    assert not passwords.outdated(new or "", "low")


def test_people_choose_the_language_of_their_pages(scene: Scene, browser: Browser) -> None:
    amina = scene.operator("Amina")
    browser.sign_in(amina)
    browser.get("/me")
    assert browser.post("/language", {"language": "es", "back": "/desk"}).location == "/desk"
    assert '<html lang="es"' in browser.get("/me").text
    assert browser.post("/language", {"language": "xx"}).status_code == 422


def test_the_bare_address_leads_to_the_door_and_then_to_work(scene: Scene, browser: Browser) -> None:
    assert browser.get("/").location == "/login"
    browser.sign_in(scene.operator("Zawadi", "admin"))
    assert browser.get("/").location == "/people"
