"""PostgreSQL refuses what SQLite takes: too long a text, NUL, half characters. No message is lost to that."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from channels.base import DeliveryUpdate, InboundMessage
from tests.scene import CITIZEN, INTAKE, Scene
from tests.web.door import Browser
from triage import fitting
from triage.actions import ingest, journal, replies, splitting
from triage.actions.deliveries import Settlement
from triage.db import db
from triage.models import Delivery, InboundItem, Message

LONG = "x" * 3000
ODD = "a\0b\ud800c"
PLAIN = InboundMessage("sms", INTAKE, "SM1", CITIZEN, "No ink")
FIELDS = ("external_id", "sender_name", "thread_key", "in_reply_to", "repost_of", "place_text", "language", "text")


def arrives(scene: Scene, message: InboundMessage | DeliveryUpdate, key: str | None) -> InboundItem:
    """What the journal says of it."""
    arrival = journal.Arrival("simulator", "sms", key, repr(message).encode("utf-8", "surrogatepass"))
    scene.do(lambda: ingest.receive(arrival, lambda: [message]))
    return scene.item()


@pytest.mark.parametrize("value", [LONG, ODD], ids=["long", "odd"])
def test_a_message_with_any_field_too_long_or_broken_is_read_all_the_same(scene: Scene, value: str) -> None:
    for number, field in enumerate(FIELDS):
        own = {"external_id": f"SM{number}", "sender": f"+25471100{number:04d}"}
        message = replace(PLAIN, **{**own, field: value})
        item = arrives(scene, message, f"{value}{number}")
        assert (item.state, item.error) == ("ingested", None), field
        again = arrives(scene, message, f"{value}{number}")
        assert again.id == item.id, "the same item is the same, however long its name"
    assert db.session.query(Message).filter_by(direction="in").count() == len(FIELDS)


def test_long_names_that_begin_alike_are_two_messages_and_are_found_by_their_name(scene: Scene) -> None:
    first, second = LONG + "1", LONG + "2"
    for name in (first, second):
        arrives(scene, replace(PLAIN, external_id=name), name)
    answer = replace(PLAIN, external_id="SM3", sender="+254711000999", in_reply_to=second)
    arrives(scene, answer, "SM3")
    bodies = db.session.scalars(select(Message.report_id).where(Message.direction == "in")).all()
    assert len(bodies) == 3
    assert len(set(bodies)) == 1, "the answer is on the report of what it answers"


def test_what_a_provider_says_of_a_send_may_be_long_and_still_comes_together(scene: Scene) -> None:
    maya, report = scene.operator("Maya", number="+254700000201"), scene.sms("No ink")
    held = scene.claim(report, maya)
    scene.do(lambda: replies.reply(report.id, maya, held.id, scene.head(), "Where?", "key-0001"))
    scene.carry(Settlement("accepted", provider_id=LONG))
    [delivery] = db.session.scalars(select(Delivery).where(Delivery.purpose == "reply"))
    assert delivery.state == "sent"
    item = arrives(scene, DeliveryUpdate("sms", "+254700000201", LONG, "failed", ODD + LONG), "status")
    assert (item.state, item.error) == ("ingested", None)
    assert scene.delivery(delivery).state == "failed"


def test_a_long_thread_can_be_split_again_and_again(scene: Scene) -> None:
    coordinator = scene.operator("Zawadi", "coordinator", "operator")
    report = scene.arrives(replace(PLAIN, thread_key=LONG, sender=None))
    for number in range(12):
        scene.arrives(replace(PLAIN, external_id=f"more {number}", thread_key=LONG, sender=None))
        newest = db.session.scalars(select(Message.id).order_by(Message.id.desc())).first()
        report = scene.do(lambda message=newest: splitting.split(message, coordinator))
        scene.arrives(replace(PLAIN, external_id=f"on {number}", thread_key=LONG, sender=None))
    assert scene.newest().id == report.id


@given(st.text(st.characters(), max_size=400), st.sampled_from([5, 150, 200]))
def test_what_fits_is_short_clean_and_always_the_same(text: str, most: int) -> None:
    found = fitting.name(text, most)
    assert len(found) <= max(most, 71)
    assert found.isprintable()
    assert fitting.name(found, 200) == found
    assert "\0" not in fitting.words(text)
    fitting.words(text).encode()


ENDS = ("/logout", "/end", "/me/password")  # after these nobody is signed in
NAMES = ("text", "email", "password", "name", "key", "label", "address", "channel", "provider", "code", "kept_text",
         "kept_report", "public_name", "languages", "roles", "capacity", "assignment", "seen", "language", "form",
         "step", "place", "phone", "shift", "report_id", "note", "go", "contact")
VALUES = st.one_of(st.sampled_from([LONG, ODD, "\0", "x" * 10_000, str(2**70), "-1", "é" * 300]), st.text(max_size=50))


@pytest.fixture
def browser(scene: Scene, app: Flask) -> tuple[Browser, int]:
    """Somebody with every right, and a report they hold."""
    zawadi, browser = scene.operator("Zawadi", "operator", "coordinator", "admin"), Browser(app)
    report = scene.sms("No ink").id
    scene.claim(scene.report(report), zawadi)
    browser.sign_in(zawadi)
    browser.get("/desk")
    return browser, report


def doors(app: Flask, number: int) -> list[str]:
    """Every address of a page that takes a form; whatever has a number has this one."""
    rules = [rule.rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    return sorted(re.sub("<[^>]+>", str(number), rule) for rule in rules
                  if not rule.startswith("/api/") and not rule.endswith(ENDS))


@pytest.mark.only("postgresql")
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), fields=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8))
def test_no_form_field_makes_postgresql_fail(
    app: Flask, browser: tuple[Browser, int], data: st.DataObject, fields: dict[str, str]
) -> None:
    visitor, report = browser
    where = data.draw(st.sampled_from(doors(app, report)))
    sent = {name: value.encode("utf-8", "replace").decode() for name, value in fields.items()}
    answer = visitor.post(where, sent, headers={"Idempotency-Key": "x" * 20})
    assert answer.status_code < 500
