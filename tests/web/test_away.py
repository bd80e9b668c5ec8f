"""A database that is away, locked, or out of connections: one sentence with status 503, and nothing typed is lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager

import psycopg
import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError, ProgrammingError

import config
from tests.scene import Scene
from tests.visitor import PASSWORD
from tests.web.door import Browser, give_password, words
from triage import db as database
from triage import engines, passwords
from triage.actions import notes
from triage.db import CommitUnknown
from triage.db import db as tables
from triage.models import Note

SENTENCE = "The desk cannot be reached just now. Try again in a minute."
UNKNOWN = "It is not known whether your last step was done; look before you do it again."
BY_SCRIPT = {"X-Requested-With": "fetch"}

Held = Callable[[], AbstractContextManager[object]]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a third of a second for a lock instead of five."""
    monkeypatch.setattr(engines, "BUSY_TIMEOUT_MS", 300)
    monkeypatch.setattr(engines, "PATIENCE_OF_POSTGRES", ("lock_timeout=300ms",))
    monkeypatch.setattr(database, "LONGEST_WAIT", 0.6)


@pytest.fixture
def desk(impatient: None, scene: Scene, app: Flask) -> tuple[Browser, int]:
    """Amina's browser, and the report that she holds."""
    amina, browser = scene.operator("Amina"), Browser(app)
    report = scene.sms("No ink")
    scene.claim(report, amina)
    number = report.id
    browser.sign_in(amina)
    browser.get(f"/desk/reports/{number}")
    tables.session.remove()
    return browser, number


@pytest.fixture
def held(settings: config.Settings) -> Held:
    """A context in which somebody else holds what a note needs."""

    @contextmanager
    def holding() -> Iterator[None]:
        url = settings.database_url
        if url.startswith("sqlite"):
            with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                yield
        else:
            with psycopg.connect(url.replace("+psycopg", "")) as other:
                other.execute("SELECT 1 FROM reports FOR UPDATE")
                yield

    return holding


@pytest.fixture
def gone(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection leads anywhere any more."""
    tables.session.remove()
    tables.engine.dispose()

    def refuse(*_: object, **__: object) -> None:
        raise (sqlite3.OperationalError if tables.engine.dialect.name == "sqlite" else psycopg.OperationalError)("away")

    monkeypatch.setattr(tables.engine.dialect, "connect", refuse)


def test_a_note_behind_a_lock_is_refused_in_words_and_shown_again(desk: tuple[Browser, int], held: Held) -> None:
    browser, number = desk
    with held():
        answer = browser.post(f"/desk/reports/{number}/note", {"text": "Seen the ballot boxes"})
        asked = browser.post(f"/desk/reports/{number}/note", {"text": "Again"}, headers=BY_SCRIPT)
    assert answer.status_code == asked.status_code == 503
    assert SENTENCE in words(answer)
    assert "Seen the ballot boxes" in answer.text
    assert "Keep it as my draft" in answer.text
    assert answer.headers["Retry-After"] == "30"
    assert (asked.mimetype, asked.get_json(force=True)["code"]) == ("application/problem+json", "unavailable")
    tables.session.remove()
    assert tables.session.query(Note).count() == 0


def test_a_desk_without_its_database_answers_in_words(desk: tuple[Browser, int], gone: None) -> None:
    browser, number = desk
    for answer in (browser.get("/desk"), browser.post(f"/desk/reports/{number}/note", {"text": "Seen the boxes"})):
        assert answer.status_code == 503
        assert SENTENCE in words(answer)
        assert "Back to the desk" in words(answer)
    assert "Seen the boxes" in answer.text


def test_the_language_of_the_person_is_kept_where_their_row_cannot_be_read(
    desk: tuple[Browser, int], held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, number = desk
    browser.post("/language", {"language": "es"})
    browser.get("/desk")
    with held():
        answer = browser.post(f"/desk/reports/{number}/note", {"text": "Seen"})
    assert answer.status_code == 503
    assert 'lang="es"' in answer.text
    assert "No se puede llegar a la mesa" in words(answer)


def test_an_outcome_that_nobody_knows_is_not_called_undone(
    desk: tuple[Browser, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object) -> None:
        raise CommitUnknown

    browser, number = desk
    monkeypatch.setattr(notes, "add", lost)
    answer = browser.post(f"/desk/reports/{number}/note", {"text": "Seen"})
    assert answer.status_code == 503
    assert UNKNOWN in words(answer)
    asked = browser.post(f"/desk/reports/{number}/note", {"text": "Seen"}, headers=BY_SCRIPT)
    assert asked.get_json(force=True)["code"] == "outcome_unknown"


def test_a_mistake_of_ours_is_not_blamed_on_the_database(
    desk: tuple[Browser, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*_: object) -> None:
        raise ProgrammingError("SELECT", {}, Exception("no such column"))

    browser, number = desk
    monkeypatch.setattr(notes, "add", wrong)
    with pytest.raises(ProgrammingError):
        browser.post(f"/desk/reports/{number}/note", {"text": "Seen"})


@pytest.mark.only("sqlite")
def test_a_writer_who_never_ends_does_not_hold_the_others_for_ever(app: Flask) -> None:
    with database._turn_of_sqlite(), pytest.raises(OperationalError, match="do not get on"):
        database.run_in_transaction(lambda: None)


def test_nobody_holds_a_connection_while_a_password_is_hashed(
    scene: Scene, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []

    def watched(real: Callable[..., object]) -> Callable[..., object]:
        def hashing(*args: object) -> object:
            held.append(tables.engine.pool.checkedout())
            return real(*args)

        return hashing

    amina, browser = scene.operator("Amina"), Browser(app)
    give_password(amina, cost="low")
    email = amina.email
    tables.session.remove()
    for name in ("verify", "hashed"):
        monkeypatch.setattr(passwords, name, watched(getattr(passwords, name)))
    monkeypatch.setattr(passwords, "outdated", lambda *_: True)
    browser.get("/login")
    assert browser.post("/login", {"email": email, "password": PASSWORD}).status_code == 302
    browser.get("/me")
    new = {"current": PASSWORD, "password": "another correct horse battery"}
    assert browser.post("/me/password", new).status_code == 302
    assert held == [0, 0, 0, 0]
