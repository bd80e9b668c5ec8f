"""The web form from the citizen's first page to the answer read at /back, and what each part stores."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from psycopg.sql import SQL, Identifier
from sqlalchemy import select

import config
from tests.scene import Scene
from tests.web.citizens import code_in, fill_in, hidden, items, reports, send
from triage import context
from triage.actions import ingest, replies
from triage.db import db
from triage.events import Kind
from triage.models import Consent, Contact, Delivery, Message, Operator, Report
from triage.queries import citizen as citizens
from triage.queries import inbox
from triage.queries.ledger import ledger
from triage.workers import deliver, sweep

pytestmark = pytest.mark.flows


@pytest.fixture
def citizen(app: Flask) -> FlaskClient:
    """A browser without script that refuses cookies."""
    return app.test_client(use_cookies=False)


def back(client: FlaskClient, code: str) -> str:
    """What the code opens."""
    fields = hidden(client.get("/back").text)
    return client.post("/back", data={**fields, "code": code}).text


def reply(scene: Scene, report: Report, operator: Operator, text: str) -> Delivery:
    """The holder answers, waiting to leave."""
    held = scene.claim(report, operator)
    seen = scene.seen(report, operator)
    return scene.do(lambda: replies.reply(report.id, operator, held.id, seen, text, f"key {text}"))


def test_a_form_becomes_a_row_is_answered_and_read_at_back(citizen: FlaskClient, scene: Scene) -> None:
    amina = scene.operator("Amina")
    code = code_in(send(citizen, {"text": "No ballots left", "place": "Hill School", "danger": "unsure"}))
    scene.compare()

    [row] = inbox.page(amina, "next").rows
    assert (row.channel, row.place, row.excerpt[:15]) == ("web", "Hill School", "No ballots left")
    body = db.session.scalars(select(Message.body)).one()
    assert "Anyone in danger: I am not sure" in body, "what a report has no place for stands below the words"

    delivery = reply(scene, scene.newest(), amina, "How many people wait?")
    number = delivery.id
    deliver.deliver(number)
    assert db.session.get_one(Delivery, number).state == "delivered"

    page = back(citizen, code)
    assert "How many people wait?" in page
    citizen.post("/back", data={**hidden(page), "do": "answer", "text": "About two hundred"})
    assert scene.report(row.id).unanswered_since is not None
    assert scene.holder(scene.newest()) == "Amina"
    assert ledger().difference == 0


def test_danger_is_read_before_others(citizen: FlaskClient, scene: Scene) -> None:
    send(citizen, {"text": "first"})
    send(citizen, {"text": "second", "danger": "yes"})
    scene.compare()
    rows = inbox.page(scene.operator("Amina"), "next").rows
    assert [row.excerpt[:6] for row in rows] == ["second", "first\n"]


def test_an_address_for_answers_is_kept_with_the_words_that_were_agreed_to(citizen: FlaskClient, scene: Scene) -> None:
    send(citizen, {"contact": "sms", "phone": "0712 345 678"})
    contact = db.session.scalars(select(Contact)).one()
    assert context.keyring().open(contact.address_sealed, contact.address_context) == "+254712345678"
    consent = db.session.scalars(select(Consent)).one()
    assert (consent.purpose, consent.granted, consent.source) == ("answer", True, "web")
    assert consent.wording.startswith("May we contact you? Yes, by SMS. A volunteer of the desk writes to you")
    assert scene.newest().reply_contact_id == contact.id


def test_a_number_typed_and_then_refused_is_not_written_to(citizen: FlaskClient, scene: Scene) -> None:
    form = fill_in(citizen, until="check", given={"contact": "sms", "phone": "0712 345 678"})
    form.go({"go": "contact"}).go({"contact": "no"}).go()
    assert scene.newest().reply_contact_id is None
    assert db.session.scalars(select(Consent)).all() == []


def test_the_answer_goes_to_the_number_given_from_the_holders_own(citizen: FlaskClient, scene: Scene) -> None:
    amina = scene.operator("Amina", number="+254700000299")
    send(citizen, {"contact": "sms", "phone": "0712 345 678"})
    reply(scene, scene.newest(), amina, "Thank you")
    scene.carry()
    signed = "Thank you\n- Amina, volunteer at Harbour Election Desk"
    assert scene.sent == [("+254700000299", "+254712345678", signed)]


def test_after_stop_the_answer_is_read_at_back_and_nobody_writes(citizen: FlaskClient, scene: Scene) -> None:
    code = code_in(send(citizen, {"contact": "sms", "phone": "0712 345 678"}))
    page = back(citizen, code)
    citizen.post("/back", data={**hidden(page), "do": "stop"})
    reply(scene, scene.newest(), scene.operator("Amina"), "Only here")
    scene.carry()
    assert [sender for sender, _, _ in scene.sent] == ["web"]
    assert "Only here" in back(citizen, code)


def test_a_slowed_form_is_read_when_its_time_has_come(citizen: FlaskClient, scene: Scene, app: Flask) -> None:
    code = code_in(send(citizen, {"reference": "spam", "text": "A report all the same"}))
    sweep.sweep()
    assert reports(app) == []
    assert ledger().pending == 1
    with scene.later(minutes=6):
        sweep.sweep()
        assert "A report all the same" in back(citizen, code)
    assert scene.newest().priority == 2
    assert (ledger().pending, ledger().opened, ledger().difference) == (0, 1, 0)


def test_words_added_to_a_slowed_form_never_overtake_it(citizen: FlaskClient, scene: Scene, app: Flask) -> None:
    form = fill_in(citizen, until="check", given={"reference": "spam"})
    code = code_in(form.go({"reference": "spam"}))
    form.go({ "text": "Now without the trap"})
    assert reports(app) == []
    with scene.later(minutes=20):
        sweep.sweep()
        page = back(citizen, code)
    assert "They closed the gate" in page
    assert "Now without the trap" in page
    assert [item.result for item in items(app)] == ["opened", "joined"]


def test_what_cannot_be_understood_is_quarantined_and_the_receipt_still_stands(
    citizen: FlaskClient, scene: Scene, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("a defect of ours")

    monkeypatch.setattr(ingest, "ingest", broken)
    code = code_in(send(citizen))
    assert [item.state for item in items(app)] == ["quarantined"]
    assert "Received, waiting to be read" in back(citizen, code)
    assert Kind.INBOUND_QUARANTINED in scene.kinds()
    assert ledger().difference == 0


def stored(settings: config.Settings) -> bytes:
    """Every byte the database keeps: the file of SQLite, or a dump of every table of PostgreSQL."""
    url = settings.database_url
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite:///")
        return b"".join(Path(path + end).read_bytes() for end in ("", "-wal"))
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return b"".join(_dumped(connection, name) for (name,) in names)


def _dumped(connection: psycopg.Connection[tuple[str]], table: str) -> bytes:
    with connection.cursor().copy(SQL("COPY {} TO STDOUT (FORMAT binary)").format(Identifier(table))) as rows:
        return b"".join(bytes(piece) for piece in rows)


def test_the_code_stands_nowhere_in_clear(citizen: FlaskClient, scene: Scene, settings: config.Settings) -> None:
    code = code_in(send(citizen, {"contact": "sms", "phone": "0712 345 678"}))
    kept = stored(settings)
    assert b"They closed the gate" in kept, "it is the right one"
    for secret in (code, "712345678", "712 345 678"):
        assert secret.encode() not in kept
    assert citizens.report(context.keyring().blind("receipt", code)) is not None
