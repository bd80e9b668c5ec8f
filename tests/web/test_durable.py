"""The doors while the database is away: everything is kept, said so, and is one message when it is back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolEmpty

from tests.conftest import make_settings
from tests.scene import CITIZEN, Scene
from tests.servers import free_port
from tests.web.citizens import code_in, fill_in, hidden, items, reports, send
from tests.web.door import Browser, words
from tests.web.hooks import body_of, call
from triage import clock, context, reach
from triage.actions import ingest, journal
from triage.app import create_app
from triage.db import CommitUnknown, db, run_in_transaction
from triage.models import InboundItem, Message, Report
from triage.queries.ledger import ledger
from triage.sealing import KeyRing
from triage.spool import Spool
from triage.workers import drain_spool
from triage.workers.drain_spool import Drain


class Database:
    """The database behind the doors: there, or away."""

    def __init__(self) -> None:
        self.away = False
        self.problem: Exception = OperationalError("BEGIN", {}, ConnectionError("refused"))

    def __call__(self, fn: object) -> object:
        """Run a transaction, as long as it is there."""
        if self.away:
            raise self.problem
        return run_in_transaction(fn)


@pytest.fixture
def database_door(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """Away until told otherwise."""
    made = Database()
    made.away = True
    monkeypatch.setattr(reach, "run_in_transaction", made)
    monkeypatch.setattr(reach, "EVERY", 0.0)
    return made


def comes_back(made: Database) -> int:
    """The database is there again, and the spool is drained; how many records left it."""
    made.away = False
    taken = Drain().run()
    db.session.rollback()
    return taken


def messages() -> list[str]:
    """The words that are in the database."""
    return list(db.session.scalars(select(Message.body).where(Message.direction == "in").order_by(Message.id)))


def test_a_webhook_is_kept_said_so_and_is_one_message_with_the_moment_of_its_arrival(
    client: FlaskClient, scene: Scene, database_door: Database
) -> None:
    before = clock.now()
    for _ in range(3):  # the network did not hear us the first time
        assert call(client, body_of("SM1")).status_code == 200
    assert context.spool().waiting().records == 3
    assert messages() == []
    assert ledger().difference == 0
    with scene.later(minutes=10):
        assert comes_back(database_door) == 3
        assert call(client, body_of("SM1")).status_code == 200
    assert messages() == ["The doors are locked"]
    assert context.spool().waiting() == (0, 0, None)
    report = scene.newest()
    for moment in (scene.item().received_at, report.received_at, report.unanswered_since):
        assert before <= moment < before + timedelta(minutes=1), "of the arrival, not of the drain"
    assert (ledger().received, ledger().opened, ledger().difference) == (1, 1, 0)


@pytest.mark.parametrize("problem", [
    OperationalError("BEGIN", {}, ConnectionError("cut"), connection_invalidated=True), PoolEmpty("no connection left"),
    CommitUnknown(), InterfaceError("BEGIN", {}, ConnectionError("closed")),
    ProgrammingError("INSERT", {}, LookupError("no such table: a migration is under way")),
], ids=lambda problem: type(problem).__name__)
def test_whatever_the_database_says_instead_of_yes(
    client: FlaskClient, scene: Scene, database_door: Database, problem: Exception
) -> None:
    database_door.problem = problem
    assert call(client, body_of("SM1")).status_code == 200
    assert comes_back(database_door) == 1
    assert messages() == ["The doors are locked"]


def test_a_forged_webhook_is_refused_without_the_database_too(client: FlaskClient, database_door: Database) -> None:
    assert call(client, body_of("SM1"), signature="00").status_code == 403
    assert context.spool().waiting().records == 0


def test_what_waits_is_taken_in_by_its_arrival_with_what_came_through_other_doors(
    client: FlaskClient, scene: Scene, database_door: Database
) -> None:
    for number in range(5):
        call(client, body_of(f"SM{number}", f"words {number}"))
    assert comes_back(database_door) == 5
    assert messages() == [f"words {number}" for number in range(5)]


def test_the_form_says_thank_you_and_its_code_opens_the_report_afterwards(
    app: Flask, scene: Scene, database_door: Database
) -> None:
    citizen = app.test_client(use_cookies=False)
    form = fill_in(citizen, until="check")
    code = code_in(form.go())
    assert code_in(form.go()) == code, "pressed twice"
    assert items(app) == []
    comes_back(database_door)
    assert code_in(form.go()) == code
    assert len(reports(app)) == 1
    page = citizen.post("/back", data={**hidden(citizen.get("/back").text), "code": code}).text
    assert "They closed the gate" in page
    assert ledger().difference == 0


def test_a_slowed_form_is_still_slowed_when_it_comes_from_the_spool(
    app: Flask, scene: Scene, database_door: Database
) -> None:
    send(app.test_client(use_cookies=False), {"reference": "spam"})
    comes_back(database_door)
    assert reports(app) == []
    assert (ledger().pending, ledger().difference) == (1, 0)


class Visit:
    """Somebody with a receipt, at /back."""

    def __init__(self, app: Flask, **given: str) -> None:
        self.client = app.test_client(use_cookies=False)
        self.code = code_in(send(self.client, given))
        self.page = self.client.post("/back", data={**hidden(self.client.get("/back").text), "code": self.code}).text

    def do(self, act: str, *, status: int = 200, **given: str) -> str:
        """Press a button of the page that was shown first."""
        answer = self.client.post("/back", data={**hidden(self.page), "do": act, **given})
        assert answer.status_code == status, answer.text
        return answer.text


def test_words_urgency_and_stop_at_back_wait_for_the_database(
    app: Flask, scene: Scene, database_door: Database
) -> None:
    database_door.away = False
    visit = Visit(app, contact="sms", phone="0712 345 678")
    database_door.away = True
    assert "We have your answer" in visit.do("answer", text="They came back")
    assert "marked your report as urgent" in visit.do("urgent")
    assert "We will not write to your number" in visit.do("stop")
    assert len(messages()) == 1
    assert comes_back(database_door) == 3
    assert messages()[1:] == ["They came back", "This is urgent now"]
    assert "contact.stopped" in scene.kinds()
    assert scene.newest().priority == 1
    assert ledger().difference == 0


def test_words_wait_for_their_report_and_stand_in_quarantine_when_it_never_comes(
    app: Flask, scene: Scene, database_door: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain_spool, "LONGEST", 0.0)
    citizen = app.test_client(use_cookies=False)
    receipt = send(citizen)
    page = citizen.post("/back", data={**hidden(receipt), "do": "answer", "text": "And more"})
    assert page.status_code == 200
    lost, words = context.spool().names()
    context.spool().set_aside(lost)  # as if another machine had it
    drain = Drain()
    database_door.away = False
    assert drain.run() == 0
    assert context.spool().names() == [words]
    with scene.later(minutes=61):
        assert [drain.run() for _ in range(2)] == [0, 1]
    db.session.rollback()
    assert (scene.item().state, scene.item().error) == ("quarantined", "It was added to a report that is not here.")
    scene.do(lambda: ingest.understand_later(scene.item().id, again=True))
    assert messages() == ["And more"]
    assert ledger().difference == 0


# ---------------------------------------------------------------- neither


@pytest.fixture
def no_spool(settings: object, tmp_path: Path) -> None:
    """A file stands where the folder should be made."""
    (tmp_path / "spool").write_text("in the way")


def test_with_both_away_the_network_hears_503_and_its_second_try_is_one_message(
    client: FlaskClient, scene: Scene, no_spool: None, database_door: Database
) -> None:
    answer = call(client, body_of("SM1"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    database_door.away = False
    assert call(client, body_of("SM1")).status_code == 200
    assert messages() == ["The doors are locked"]


def test_with_both_away_a_citizen_keeps_their_answers_and_is_told(
    app: Flask, scene: Scene, no_spool: None, database_door: Database
) -> None:
    citizen = app.test_client(use_cookies=False)
    form = fill_in(citizen, until="check")
    page = form.go(status=503)
    assert "has not been sent" in page.page
    assert "They closed the gate" in page.page
    database_door.away = False
    code_in(page.go())
    visit = Visit(app, text="Second")
    database_door.away = True
    said = visit.do("answer", status=503, text="They came back")
    assert "nothing was done" in said
    assert "They came back" in said
    database_door.away = False
    assert len(reports(app)) == 2


# ---------------------------------------------------------------- what cannot be taken in


def test_a_record_that_cannot_be_taken_in_stands_in_quarantine_and_the_others_go_on(
    client: FlaskClient, scene: Scene, database_door: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SM1", "SM2", "SM3"):
        call(client, body_of(name, f"words {name}"))
    real = ingest.take_in

    def stumbling(given: list[journal.Arrival]) -> None:
        if "SM2" in [arrival.external_key for arrival in given]:
            raise ValueError("a defect of ours, outside what quarantine covers")
        real(given)

    monkeypatch.setattr(ingest, "take_in", stumbling)
    monkeypatch.setattr(drain_spool, "LONGEST", 0.0)
    database_door.away = False
    drain = Drain()
    assert [drain.run() for _ in range(4)] == [2, 0, 1, 0], "tried three times, behind the others"
    db.session.rollback()
    assert messages() == ["words SM1", "words SM3"]
    [aside] = db.session.scalars(select(InboundItem).where(InboundItem.state == "quarantined"))
    assert aside.error == "ValueError"
    assert b"words SM2" not in aside.raw_sealed
    scene.do(lambda: ingest.understand_later(aside.id, again=True))
    assert "words SM2" in messages()
    assert ledger().difference == 0


def test_what_waited_is_taken_in_a_few_records_at_a_time(
    client: FlaskClient, scene: Scene, database_door: Database
) -> None:
    for number in range(reach.TOGETHER + 3):
        call(client, body_of(f"SM{number}", f"words {number}"))
    commits: list[object] = []
    event.listen(db.engine, "commit", lambda connection: commits.append(connection))
    assert (comes_back(database_door), len(commits)) == (reach.TOGETHER + 3, 2)
    assert sorted(messages()) == sorted(f"words {number}" for number in range(reach.TOGETHER + 3))


def test_a_record_that_the_disk_does_not_let_go_holds_up_nobody(
    client: FlaskClient, scene: Scene, database_door: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(reach.TOGETHER + 3):
        call(client, body_of(f"SM{number}", f"words {number}"))
    spool = context.spool()
    stuck, real = spool.names()[0], spool.remove
    monkeypatch.setattr(spool, "remove", lambda name: real(name) if name != stuck else spool.folder.rmdir())
    assert comes_back(database_door) == len(messages()) - 1 == reach.TOGETHER + 2
    assert spool.names() == [stuck]


def test_bytes_that_are_no_record_are_set_aside_and_the_others_go_on(
    client: FlaskClient, scene: Scene, database_door: Database
) -> None:
    spool = context.spool()
    for wrong in (b"", b"no JSON", b"[]", b"{}", b'{"kind": "other"}', b'{"kind": "hook", "body": "*"}'):
        spool.put(wrong, clock.now())
    damaged = spool.put(b"damaged", clock.now())
    (spool.folder / f"{damaged}.record").write_bytes(b"TSP1")
    call(client, body_of("SM1"))
    assert comes_back(database_door) == 8
    assert (spool.waiting().records, spool.damaged()) == (0, 7)
    assert messages() == ["The doors are locked"]


def test_what_no_key_opens_stays_until_its_key_is_back_and_holds_up_nobody(
    client: FlaskClient, scene: Scene, app: Flask, database_door: Database
) -> None:
    ours = context.spool()
    keys = {"k2": b"2" * 32, "index": app.config["KEYRING"].keys["index"]}
    app.config["SPOOL"] = Spool(ours.folder, KeyRing(keys))
    call(client, body_of("SM1", "sealed with a key that is lost"))
    app.config["SPOOL"] = ours
    call(client, body_of("SM2", "sealed with ours"))
    assert comes_back(database_door) == 1
    assert messages() == ["sealed with ours"]
    assert context.spool().waiting().records == 1
    app.config["SPOOL"] = Spool(ours.folder, KeyRing({**ours._ring.keys, "k2": b"2" * 32}))
    assert comes_back(database_door) == 1
    assert messages()[1:] == ["sealed with a key that is lost"]


def test_taken_in_twice_after_a_death_between_commit_and_removal(
    client: FlaskClient, scene: Scene, database_door: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    call(client, body_of("SM1"))
    send(client)
    with monkeypatch.context() as patch:
        patch.setattr(Spool, "remove", lambda *_: None)
        assert comes_back(database_door) == 2
    assert comes_back(database_door) == 2
    assert len(messages()) == 2
    assert (ledger().received, ledger().difference) == (2, 0)


# ---------------------------------------------------------------- without any database


def test_the_doors_ask_the_database_nothing_before_they_keep(tmp_path: Path, scene: Scene) -> None:
    nowhere = f"postgresql+psycopg://triage@127.0.0.1:{free_port()}/desk"
    app = create_app(make_settings(tmp_path / "other", database_url=nowhere))
    client = app.test_client()
    with client.session_transaction() as session:
        session["sid"] = "of somebody who is signed in"
    for page in ("/report", "/back", "/exit"):
        assert client.get(page).status_code == 200
    assert call(client, body_of("SM1")).status_code == 200
    receipt = send(client)
    assert "We have your report" in receipt
    assert client.post("/back", data={**hidden(receipt), "do": "answer", "text": "More"}).status_code == 200
    spool = app.config["SPOOL"]
    kinds = [json.loads(spool.open(name))["kind"] for name in spool.names()]
    assert kinds == ["hook", "form", "words"]
    for path in spool.folder.iterdir():
        for secret in (CITIZEN, "doors are locked", "closed the gate", code_in(receipt)):
            assert secret.encode() not in path.read_bytes()


def test_who_waits_for_a_silent_database_is_let_go_and_the_late_commit_changes_nothing(
    client: FlaskClient, scene: Scene, database_door: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = reach.threading.Event()
    real = database_door.__call__

    def silent(fn: object) -> object:
        gate.wait(10)
        return real(fn)

    database_door.away = False
    monkeypatch.setattr(reach, "PATIENCE", 0.1)
    monkeypatch.setattr(reach, "run_in_transaction", silent)
    for name in ("SM1", "SM2", "SM3"):
        begun = clock.steady()
        assert call(client, body_of(name)).status_code == 200
        assert clock.steady() - begun < 5
    assert context.spool().waiting().records == 3
    gate.set()
    assert comes_back(database_door) == 3
    assert len(db.session.scalars(select(Report)).all()) == 1
    assert len(messages()) == 3
    assert ledger().difference == 0


def test_the_floor_says_what_waits_outside(
    app: Flask, scene: Scene, client: FlaskClient, database_door: Database
) -> None:
    browser = Browser(app)
    browser.sign_in(scene.operator("Zawadi", "coordinator"))
    outside = "messages wait outside the database"
    assert outside not in words(browser.get("/floor"))
    for name in ("SM1", "SM2"):
        call(client, body_of(name))
    said = words(browser.get("/floor"))
    assert f"2 {outside}" in said
    assert "received 0 =" in said
    assert "difference 0" in said
    comes_back(database_door)
    said = words(browser.get("/floor"))
    assert outside not in said
    assert "received 2 = opened 1 + joined 1" in said
