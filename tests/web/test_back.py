"""Coming back with the code: what it opens, what it never tells, what can be done there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.scene import Scene
from tests.web.citizens import code_in, hidden, items, reports, send
from triage import clock
from triage.actions import closing, replies
from triage.db import db
from triage.events import Kind
from triage.models import Contact, Delivery, Operator, Report


@dataclass
class Visit:
    """A citizen at /back."""

    client: FlaskClient
    page: str = ""

    def enter(self, code: str, *, status: int = 200, address: str = "127.0.0.1", **more: str) -> str:
        """Type a code into a fresh page."""
        fields = hidden(self.client.get("/back").text)
        return self.post({**fields, "code": code, **more}, status=status, address=address)

    def do(self, do: str, *, status: int = 200, **given: str) -> str:
        """Press one of the buttons of the page."""
        return self.post({**hidden(self.page), "do": do, **given}, status=status)

    def post(self, fields: dict[str, str], *, status: int = 200, address: str = "127.0.0.1") -> str:
        """Post to /back; the page that comes."""
        response = self.client.post("/back", data=fields, environ_overrides={"REMOTE_ADDR": address})
        assert response.status_code == status, response.text
        assert "Set-Cookie" not in response.headers
        assert "no-store" in response.headers["Cache-Control"]
        self.page = response.text
        return self.page


@pytest.fixture
def citizen(app: Flask) -> FlaskClient:
    """A browser that refuses cookies."""
    return app.test_client(use_cookies=False)


@pytest.fixture
def visit(citizen: FlaskClient) -> Visit:
    """The same browser, at /back."""
    return Visit(citizen)


def answer(scene: Scene, report: Report, operator: Operator, text: str) -> Delivery:
    """The operator answers; it is carried when the test says so."""
    held = scene.claim(report, operator)
    seen = scene.seen(report, operator)
    return scene.do(lambda: replies.reply(report.id, operator, held.id, seen, text, f"key-{text[:20]}"))


@pytest.mark.parametrize("spelling", ["{0}", "{1} {2} {3} {4}", " {1}-{2}-{3}-{4}\t", "{arabic}", "{persian}"])
def test_the_code_opens_in_every_spelling(citizen: FlaskClient, visit: Visit, spelling: str) -> None:
    code = code_in(send(citizen))
    fours = [code[start : start + 4] for start in range(0, 16, 4)]
    arabic = code.translate({48 + digit: 0x660 + digit for digit in range(10)})
    persian = code.translate({48 + digit: 0x6F0 + digit for digit in range(10)})
    page = visit.enter(spelling.format(code, *fours, arabic=arabic, persian=persian))
    assert "They closed the gate" in page
    assert code not in page, "the code is not shown again"


def test_wrong_and_malformed_codes_get_the_same_answer(citizen: FlaskClient, visit: Visit) -> None:
    send(citizen)
    pages = [visit.enter(code, status=422) for code in ("1" * 16, "", "12", "x" * 5000, "9" * 400, "\x00" * 16)]
    said = {re.search(r'role="alert".*?</div>', page, re.DOTALL)[0] for page in pages}
    assert len(said) == 1
    assert "We can’t find that code. Check the 16 digits." in said.pop()


def test_the_code_is_not_taken_from_an_address(citizen: FlaskClient) -> None:
    code = code_in(send(citizen))
    assert "They closed the gate" not in citizen.get(f"/back?code={code}").text


def test_ten_wrong_codes_and_the_network_waits_a_stated_time(citizen: FlaskClient, visit: Visit, scene: Scene) -> None:
    code = code_in(send(citizen))
    for number in range(10):
        visit.enter(f"{number:016d}", status=422)
    page = visit.enter(code, status=429)
    assert "Try again in 10 minutes" in page
    assert "They closed the gate" in visit.enter(code, address="198.51.100.7"), "another network is free"
    with scene.later(minutes=11):
        assert "They closed the gate" in visit.enter(code)


def test_right_codes_are_not_counted(citizen: FlaskClient, visit: Visit) -> None:
    code = code_in(send(citizen))
    for _ in range(15):
        visit.enter(code)


def test_an_answer_is_shown_when_it_left_and_not_before(citizen: FlaskClient, visit: Visit, scene: Scene) -> None:
    code = code_in(send(citizen))
    delivery = answer(scene, scene.newest(), scene.operator("Amina"), "Has the gate opened?")
    assert "Has the gate opened?" not in visit.enter(code)
    scene.carry()
    page = visit.enter(code)
    assert page.count("Has the gate opened?") == 2, "as the open question on top, and in the conversation"
    assert "We asked you a question" in page
    assert "Amina, volunteer" in page
    assert scene.delivery(delivery).state == "delivered"


@pytest.mark.parametrize("state", ["held", "queued", "cancelled", "failed"])
def test_what_did_not_leave_is_never_shown(citizen: FlaskClient, visit: Visit, scene: Scene, state: str) -> None:
    code = code_in(send(citizen))
    delivery = answer(scene, scene.newest(), scene.operator("Amina"), "Not for you yet")
    scene.do(lambda: setattr(scene.delivery(delivery), "state", state))
    assert "Not for you yet" not in visit.enter(code)


def test_reading_delivers_what_was_only_sent(citizen: FlaskClient, visit: Visit, scene: Scene) -> None:
    code = code_in(send(citizen))
    delivery = answer(scene, scene.newest(), scene.operator("Amina"), "Are you safe?")
    scene.do(lambda: setattr(scene.delivery(delivery), "state", "sent"))
    visit.enter(code)
    assert scene.delivery(delivery).state == "delivered"
    assert scene.kinds(scene.newest())[-1] == Kind.DELIVERY_DELIVERED


def test_an_answer_rejoins_the_same_report_and_its_holder_once(
    citizen: FlaskClient, visit: Visit, scene: Scene, app: Flask
) -> None:
    code = code_in(send(citizen))
    report, amina = scene.newest(), scene.operator("Amina")
    answer(scene, report, amina, "Are you safe?")
    scene.carry()
    before = hidden(visit.enter(code))
    for _ in range(2):
        assert "We have your answer" in visit.post({**before, "do": "answer", "text": "Yes, we are"})
    assert visit.page.count("Yes, we are") == 1
    assert len(reports(app)) == 1
    assert len(items(app)) == 2
    assert scene.holder(report) == "Amina"
    assert scene.report(report.id).unanswered_since is not None


def test_other_words_with_the_same_form_are_a_second_answer(citizen: FlaskClient, visit: Visit) -> None:
    before = hidden(visit.enter(code_in(send(citizen))))
    visit.post({**before, "do": "answer", "text": "At the front"})
    page = visit.post({**before, "do": "answer", "text": "No, at the back"})
    assert "At the front" in page
    assert "No, at the back" in page


def test_an_answer_reopens_a_closed_report(citizen: FlaskClient, visit: Visit, scene: Scene) -> None:
    code = code_in(send(citizen))
    report, amina = scene.newest(), scene.operator("Amina")
    scene.claim(report, amina)
    scene.do(lambda: closing.close(report.id, amina, "actionable"))
    assert "Your report is closed" in visit.enter(code)
    visit.do("answer", text="It happened again")
    assert scene.report(report.id).status == "assigned"
    assert scene.holder(report) == "Amina"


def test_what_follows_much_later_is_still_under_the_same_code(citizen: FlaskClient, visit: Visit, scene: Scene) -> None:
    code = code_in(send(citizen))
    report, amina = scene.newest(), scene.operator("Amina")
    scene.claim(report, amina)
    scene.do(lambda: closing.close(report.id, amina, "actionable"))
    with scene.later(days=10):
        visit.enter(code)
        visit.do("answer", text="It happened again")
        page = visit.enter(code)
    assert scene.newest().id != report.id
    assert "They closed the gate" in page
    assert "It happened again" in page


@pytest.mark.parametrize("text, sentence", [(" ", "Write something first"), ("x" * 4001, "Shorten this by 1 char")])
def test_a_wrong_answer_is_named_and_kept(
    citizen: FlaskClient, visit: Visit, app: Flask, text: str, sentence: str
) -> None:
    visit.enter(code_in(send(citizen)))
    page = visit.do("answer", status=422, text=text)
    assert "<title>Error: " in page
    assert sentence in page
    assert text.strip() in page
    assert len(items(app)) == 1


def test_urgent_now_raises_the_report_and_keeps_typed_words(citizen: FlaskClient, visit: Visit, scene: Scene) -> None:
    visit.enter(code_in(send(citizen)))
    page = visit.do("urgent", text="half a sentence")
    assert scene.newest().priority < 2
    assert ">half a sentence</textarea>" in page
    assert "This is urgent now" in page
    assert 'value="urgent"' not in page, "it cannot be more urgent"


def test_stop_holds_for_every_number(citizen: FlaskClient, visit: Visit, scene: Scene) -> None:
    visit.enter(code_in(send(citizen, {"contact": "sms", "phone": "0712 345 678"})))
    assert 'value="stop"' in visit.page
    assert "You asked us to stop" in visit.do("stop")
    [contact] = db.session.scalars(select(Contact).execution_options(populate_existing=True))
    assert contact.opted_out_at is not None
    assert Kind.CONTACT_STOPPED in scene.kinds()
    visit.do("stop")
    assert scene.kinds().count(Kind.CONTACT_STOPPED) == 1


def test_stop_is_not_offered_where_nobody_could_write(citizen: FlaskClient, visit: Visit) -> None:
    assert 'value="stop"' not in visit.enter(code_in(send(citizen)))


def test_a_slowed_report_is_received_and_waiting(citizen: FlaskClient, visit: Visit, app: Flask) -> None:
    code = code_in(send(citizen, {"reference": "spam"}))
    page = visit.enter(code)
    assert "Received, waiting to be read" in page
    kept = visit.do("answer", status=409, text="more of it")
    assert "more of it" in kept
    assert len(items(app)) == 1


@pytest.mark.parametrize("do", ["show", "answer", "stop", "urgent"])
def test_without_a_permit_nothing_is_done_and_the_words_are_kept(
    citizen: FlaskClient, visit: Visit, app: Flask, do: str
) -> None:
    code = code_in(send(citizen))
    fields = hidden(visit.enter(code))
    for permit in ("", "forged", fields["form"]):
        page = visit.post({**fields, "permit": permit, "do": do, "text": "my long answer"}, status=400)
        assert "They closed the gate" not in page
        assert "my long answer" in page
    assert len(items(app)) == 1
    assert ">my long answer</textarea>" in visit.enter(code, text="my long answer")


def test_a_permit_ends_after_half_an_hour(citizen: FlaskClient, visit: Visit, scene: Scene) -> None:
    visit.enter(code_in(send(citizen)))
    with scene.later(minutes=31):
        assert "They closed the gate" not in visit.do("show", status=400)


@pytest.mark.parametrize("token", ["", "forged"])
def test_an_untrusted_form_does_nothing(citizen: FlaskClient, visit: Visit, app: Flask, token: str) -> None:
    fields = hidden(visit.enter(code_in(send(citizen))))
    visit.post({**fields, "form": token, "do": "answer", "text": "kept"}, status=400)
    assert ">kept</textarea>" in visit.page
    assert len(items(app)) == 1


def test_one_code_opens_one_report(citizen: FlaskClient, visit: Visit) -> None:
    first = code_in(send(citizen, {"text": "The first matter"}))
    second = code_in(send(citizen, {"text": "The second matter"}))
    assert first != second
    assert "second matter" not in visit.enter(first)
    assert "first matter" not in visit.enter(second)


def test_the_age_of_a_form_is_counted_from_its_first_page(citizen: FlaskClient, app: Flask) -> None:
    send(citizen)
    [item] = items(app)
    assert item.due_at is None
    assert clock.now() - item.received_at < timedelta(minutes=2)
