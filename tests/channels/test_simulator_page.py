"""The page that plays citizens, without script: forms, what became of each message, what the carrier does."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

import pytest
from flask import Flask
from flask.testing import FlaskClient

from channels.simulator import Behaviour, Store, texts
from channels.simulator.records import Offer
from channels.simulator.signing import HEADER, sign
from config import Settings
from tests.scene import INTAKE, Scene
from triage import connections

NEEMA, ROSA = "+447700900523", "@rosa_do_cais"
DESK = "@harbour_desk"


@pytest.fixture
def phones(settings: Settings, scene: Scene) -> Store:
    """A desk with a number and a handle, and the people of a fresh practice desk."""
    scene.account("mastodon", DESK, can_send=True)
    store = Store(settings.simulator_path)
    for person in texts.first_people():
        store.add_person(person.channel, person.address, person.name)
    return store


def submit(client: FlaskClient, path: str, given: Mapping[str, str], *, status: int = 303) -> str:
    """Fill in the first form of the page that posts to `path`; with a `from`, that phone's."""
    page = client.get("/simulator").text
    forms = re.findall(rf'<form[^>]*action="{path}".*?</form>', page, re.DOTALL)
    form = next(each for each in forms if html.escape(given.get("from", "")) in each)
    hidden = {name: html.unescape(value) for name, value in
              re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)}
    response = client.post(path, data={**hidden, **given})
    assert response.status_code == status, response.text
    return client.get("/simulator").text


def carry(client: FlaskClient, app: Flask, store: Store) -> None:
    """Hand everything that is due to the desk, as the carrier does over HTTP."""
    for hook in store.lease(50):
        path = f"/hooks/simulator/{hook.channel}"
        url = app.config["SETTINGS"].public_url + path
        headers = {HEADER: sign(connections.simulator_secret(), url, hook.body), "Content-Type": "application/json"}
        answer = client.post(path, data=hook.body, headers=headers)
        store.note_try(hook, answer.status_code, None, pause=0.0)


def test_what_a_phone_writes_becomes_a_report_the_page_links_to(client: FlaskClient, app: Flask, phones: Store,
                                                                scene: Scene) -> None:
    page = submit(client, "/simulator/messages", {"from": NEEMA, "to": INTAKE, "text": "Mzee ameanguka <b>"})
    assert "on its way" in page
    assert "Mzee ameanguka &lt;b&gt;" in page
    carry(client, app, phones)
    report = scene.newest()
    assert f'href="/desk/reports/{report.id}"' in client.get("/simulator").text
    assert f'href="/desk/reports/{report.id}"' in client.get("/simulator/live").text


def test_an_answer_is_seen_arriving_and_delivered(client: FlaskClient, app: Flask, phones: Store) -> None:
    phones.take(Offer("sms", INTAKE, NEEMA, "Asante kwa kutujulisha", "delivery-1"), idempotent=False, reports=True)
    assert "arrived, not reported yet" in client.get("/simulator").text
    phones.hurry()
    carry(client, app, phones)
    page = client.get("/simulator").text
    assert "Asante kwa kutujulisha" in page
    assert "delivered" in page


def test_the_same_form_sent_twice_is_written_once(client: FlaskClient, phones: Store) -> None:
    given = {"from": NEEMA, "to": INTAKE, "text": "Habari", "key": "the-same-form-key"}
    submit(client, "/simulator/messages", given)
    submit(client, "/simulator/messages", given)
    assert phones.ledger_counts().written == 1


def test_a_post_is_answered_and_reposted(client: FlaskClient, app: Flask, phones: Store, scene: Scene) -> None:
    submit(client, "/simulator/messages", {"from": ROSA, "to": DESK, "text": "Acabaram os boletins", "about": ""})
    (post,) = phones.posts()
    submit(client, "/simulator/messages", {"from": ROSA, "to": DESK, "text": "Ainda nada", "about": post.id})
    page = submit(client, "/simulator/messages", {"from": ROSA, "to": DESK, "act": "repost", "about": post.id})
    assert "1 repost" in page
    carry(client, app, phones)
    assert scene.newest().thread_key == f"mastodon:{post.id}"
    assert client.get("/simulator").text.count(f'href="/desk/reports/{scene.newest().id}"') == 3


def test_a_repost_of_nothing_is_refused(client: FlaskClient, phones: Store) -> None:
    given = {"from": ROSA, "to": DESK, "act": "repost", "about": ""}
    submit(client, "/simulator/messages", given, status=422)
    assert phones.ledger_counts().written == 0


@pytest.mark.parametrize("wrong", [
    {"text": " "}, {"text": "x" * 2001}, {"to": "+1"}, {"channel": "pigeon"}, {"key": ""}, {"key": "\0"},
])
def test_a_wrong_form_is_refused_and_nothing_is_written(client: FlaskClient, phones: Store,
                                                        wrong: dict[str, str]) -> None:
    given = {"from": NEEMA, "to": INTAKE, "text": "Habari", **wrong}
    submit(client, "/simulator/messages", given, status=422)
    assert phones.ledger_counts().written == 0


def test_the_carrier_does_as_it_is_told_for_one_phone(client: FlaskClient, phones: Store) -> None:
    page = submit(client, "/simulator/carrier", {"from": NEEMA, "address": NEEMA, "behaviour": "cuts_off_after"})
    assert phones.behaviours() == {NEEMA: Behaviour.CUTS_OFF_AFTER}
    assert 'value="cuts_off_after" aria-pressed="true"' in page
    submit(client, "/simulator/carrier", {"from": NEEMA, "address": NEEMA, "behaviour": "works"})
    assert phones.behaviours() == {}


def test_phones_are_taken_up_and_put_away(client: FlaskClient, phones: Store) -> None:
    submit(client, "/simulator/people", {"channel": "sms"})
    submit(client, "/simulator/people", {"channel": "mastodon"})
    assert [person.channel for person in phones.people()][-2:] == ["sms", "mastodon"]
    submit(client, "/simulator/people/away", {"from": NEEMA, "address": NEEMA})
    assert NEEMA not in [person.address for person in phones.people()]


def test_a_wave_is_twenty_messages_of_people_whose_phones_can_be_taken_up(client: FlaskClient, phones: Store) -> None:
    page = submit(client, "/simulator/wave", {})
    assert "20 messages are on their way." in page
    assert phones.ledger_counts().written == 20
    stranger = phones.strangers()[0]
    submit(client, "/simulator/people", {"channel": stranger.channel, "address": stranger.address})
    assert stranger.address in [person.address for person in phones.people()]


def test_without_an_account_the_page_says_what_is_missing(client: FlaskClient, phones: Store, scene: Scene) -> None:
    scene.do(lambda: setattr(scene.intake, "can_receive", False))
    page = client.get("/simulator")
    assert page.status_code == 200
    submit(client, "/simulator/messages", {"from": NEEMA, "to": INTAKE, "text": "Habari"}, status=422)


@pytest.mark.parametrize("path", ["messages", "people", "people/away", "carrier", "wave"])
def test_no_form_is_taken_without_its_token(client: FlaskClient, phones: Store, path: str) -> None:
    people = phones.people()
    assert client.post(f"/simulator/{path}", data={"channel": "sms", "address": NEEMA}).status_code == 400
    assert phones.people() == people
    assert phones.ledger_counts().written == 0


@pytest.mark.parametrize("settings", [{"demo": False}], indirect=True)
def test_a_real_desk_has_no_such_page(client: FlaskClient) -> None:
    assert client.get("/simulator").status_code == 404
