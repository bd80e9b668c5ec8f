"""The citizens' form, page by page: what is asked, what is refused and how, what is kept."""

from __future__ import annotations

import gzip
import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote_from_bytes

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.web.citizens import ANSWERS, Form, code_in, fill_in, hidden, items, open_form, reports, send
from triage import clock

ROOT = Path(__file__).resolve().parents[2]
MOST_BYTES = 10 * 1024


@pytest.fixture
def citizen(app: Flask) -> FlaskClient:
    """A browser that refuses cookies."""
    return app.test_client(use_cookies=False)


def test_a_report_is_sent_without_cookies_and_stored_once(citizen: FlaskClient, app: Flask) -> None:
    page = fill_in(citizen)
    assert re.fullmatch(r"\d{16}", code_in(page))
    [report] = reports(app)
    assert report.place_text == "Mill Road School"
    assert [item.result for item in items(app)] == ["opened"]


def test_no_page_sets_a_cookie_or_may_be_stored(citizen: FlaskClient) -> None:
    form = open_form(citizen)
    for step in ANSWERS:
        response = citizen.post("/report", data=form.fields | ANSWERS[step])
        assert "Set-Cookie" not in response.headers
        assert "no-store" in response.headers["Cache-Control"]
        form = Form(citizen, response.text)


def test_every_step_with_its_sheet_and_script_is_under_ten_kilobytes(citizen: FlaskClient) -> None:
    files = [ROOT / "static/css/tokens.css", ROOT / "static/css/citizen.css", ROOT / "static/js/citizen.js"]
    carried = sum(len(gzip.compress(file.read_bytes())) for file in files)
    form = open_form(citizen)
    for step in ANSWERS:
        assert len(gzip.compress(form.page.encode())) + carried <= MOST_BYTES, step
        form = form.go(ANSWERS[step])


def test_the_same_form_twice_is_one_report_and_the_same_code(citizen: FlaskClient, app: Flask) -> None:
    form = fill_in(citizen, until="check")
    assert code_in(form.go().page) == code_in(form.go().page)
    assert len(reports(app)) == len(items(app)) == 1


def test_a_form_changed_and_sent_again_adds_to_the_same_report(citizen: FlaskClient, app: Flask) -> None:
    form = fill_in(citizen, until="check")
    first = code_in(form.go().page)
    second = code_in(form.go({"text": "It was worse than I wrote"}).page)
    assert first == second
    assert len(reports(app)) == 1
    assert [item.result for item in items(app)] == ["opened", "joined"]


@pytest.mark.parametrize(
    "step, given, sentence",
    [
        ("what", {"text": "  \r\n "}, "Write what happened"),
        ("what", {"text": "\x00\x01"}, "Write what happened"),
        ("what", {"text": "x" * 4001}, "Shorten this by 1 characters"),
        ("where", {"place": "x" * 201}, "Shorten this by 1 characters"),
        ("danger", {"danger": ""}, "Choose yes, no"),
        ("danger", {"danger": "perhaps"}, "Choose yes, no"),
        ("contact", {"contact": ""}, "Choose whether we may contact you"),
        ("contact", {"contact": "sms", "phone": ""}, "Enter the phone number"),
        ("contact", {"contact": "sms", "phone": "12345"}, "This does not look like a whole phone number"),
        ("contact", {"contact": "email", "email": "amina"}, "Enter the e-mail address"),
    ],
)
def test_a_wrong_answer_is_named_first_and_kept(
    citizen: FlaskClient, app: Flask, step: str, given: dict[str, str], sentence: str
) -> None:
    form = fill_in(citizen, until=step)
    page = form.go(given, status=422).page
    assert "<title>Error: " in page
    assert sentence in page.partition("<form")[0], "the summary stands before the form"
    assert 'autofocus' in page
    for name in given.keys() & {"text", "place", "phone", "email"}:
        assert given[name].strip("\x00\x01 \r\n") in page
    assert items(app) == []


def test_back_and_change_keep_every_answer(citizen: FlaskClient) -> None:
    form = fill_in(citizen, until="check")
    changed = form.go({"go": "where"})
    assert "Where and when?" in changed.page
    again = changed.go({"place": "Hill School", "when": "earlier"})
    assert "Check your answers" in again.page
    assert "Hill School" in again.page
    assert ANSWERS["what"]["text"] in again.page
    assert "May we contact you?" in again.go({"go": "back"}).page


def test_enter_in_a_field_goes_on_and_not_back(citizen: FlaskClient) -> None:
    buttons = re.findall(r"<button[^>]*>", fill_in(citizen, until="where").page)
    assert "name=" not in buttons[0], "the first button of a form is what Enter presses"


@pytest.mark.parametrize("token", ["", "forged", "WyJ4IiwxXQ.forged", "\x00", "x" * 9000])
def test_an_untrusted_form_keeps_the_answers_and_stores_nothing(citizen: FlaskClient, app: Flask, token: str) -> None:
    form = fill_in(citizen, until="check")
    again = form.go({"form": token}, status=400)
    assert "Nothing has been sent yet" in again.page
    assert ANSWERS["what"]["text"] in again.page
    assert items(app) == []
    assert re.fullmatch(r"\d{16}", code_in(again.go().page)), "the fresh token works"


def test_a_form_from_another_site_is_not_trusted(citizen: FlaskClient, app: Flask) -> None:
    form = fill_in(citizen, until="check")
    response = citizen.post("/report", data=form.fields, headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403
    assert items(app) == []


def test_a_token_for_another_purpose_is_not_trusted(citizen: FlaskClient, app: Flask) -> None:
    other = hidden(citizen.get("/back").text)["form"]
    fill_in(citizen, until="check").go({"form": other}, status=400)
    assert items(app) == []


def test_an_expired_form_keeps_the_answers(citizen: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    form = fill_in(citizen, until="check")
    late = clock.now() + timedelta(hours=25)
    monkeypatch.setattr(clock, "now", lambda: late)
    again = form.go(status=400)
    assert ANSWERS["what"]["text"] in again.page
    assert code_in(again.go().page)
    assert len(items(app)) == 1


@pytest.mark.parametrize("step", ["", "files", "../admin", "start\x00"])
def test_an_unknown_step_says_where_to_go_on(citizen: FlaskClient, app: Flask, step: str) -> None:
    page = open_form(citizen).go({"step": step, "text": "kept"}, status=400).page
    assert "Please go on from here" in page
    assert "kept" in page
    assert items(app) == []


def test_jumping_to_the_end_shows_the_first_unanswered_question(citizen: FlaskClient, app: Flask) -> None:
    page = open_form(citizen).go({"step": "check"}, status=422).page
    assert "Write what happened" in page
    assert items(app) == []


@pytest.mark.parametrize(
    "body, kind",
    [
        (b"", "application/x-www-form-urlencoded"),
        (b'{"text": ["x"]}', "application/json"),
        (b"text=" + quote_from_bytes(b"\xed\xa0\x80 \x00 \xff").encode(), "application/x-www-form-urlencoded"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"text=a&text=b&step[]=1&form=%00", "application/x-www-form-urlencoded"),
    ],
)
def test_odd_bodies_get_a_page_and_store_nothing(citizen: FlaskClient, app: Flask, body: bytes, kind: str) -> None:
    response = citizen.post("/report", data=body, content_type=kind)
    assert response.status_code == 400
    assert "<h1>" in response.text
    assert items(app) == []


def test_a_megabyte_is_refused(citizen: FlaskClient, app: Flask) -> None:
    response = citizen.post("/report", data={"step": "what", "text": "x" * 1024 * 1024})
    assert response.status_code == 413
    assert items(app) == []


def test_control_characters_and_half_letters_do_not_reach_the_desk(citizen: FlaskClient, app: Flask) -> None:
    send(citizen, {"text": "a\x00b\u202e \U0001f600\r\nc", "place": "x\n\ty"})
    [report] = reports(app)
    assert report.place_text == "x y"


def test_markup_in_answers_is_text(citizen: FlaskClient) -> None:
    page = fill_in(citizen, until="check", given={"text": "<script>alert(1)</script>"}).page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


# ---------------------------------------------------------------- slow, never dropped


@pytest.mark.parametrize("given", [{"reference": "https://example.org"}, {}])
def test_a_form_no_person_filled_in_is_kept_for_later(citizen: FlaskClient, app: Flask, given: dict[str, str]) -> None:
    page = send(citizen, given, hurry=True)
    assert re.fullmatch(r"\d{16}", code_in(page)), "the receipt is given as always"
    [item] = items(app)
    assert (item.state, item.result) == ("received", None)
    assert item.due_at is not None
    assert timedelta(minutes=4) < item.due_at - item.received_at <= timedelta(minutes=5)
    assert reports(app) == []


@pytest.mark.parametrize("settings", [{"form_per_10_minutes": 5}], indirect=True)
def test_danger_at_a_named_place_is_never_slowed(citizen: FlaskClient, app: Flask) -> None:
    for _ in range(12):
        send(citizen, {"danger": "yes", "reference": "spam"}, hurry=True)
    assert [item.state for item in items(app)] == ["ingested"] * 12


FIVE = pytest.mark.parametrize("settings", [{"form_per_10_minutes": 5}], indirect=True)


@FIVE
def test_above_the_limit_forms_are_kept_with_a_growing_delay(citizen: FlaskClient, app: Flask) -> None:
    for _ in range(25):
        assert code_in(send(citizen))
    stored = items(app)
    assert len(stored) == 25
    assert [item.due_at for item in stored[:5]] == [None] * 5
    delays = [round((item.due_at - item.received_at) / timedelta(minutes=1)) for item in stored[5:] if item.due_at]
    assert delays == [*range(1, 16), *[15] * 5]


@FIVE
def test_another_network_is_not_slowed(citizen: FlaskClient, app: Flask) -> None:
    for _ in range(6):
        send(citizen)
    send(citizen, address="203.0.113.9")
    assert [item.due_at is None for item in items(app)] == [*[True] * 5, False, True]


def test_exit_is_a_blank_page_that_asks_the_browser_to_forget(citizen: FlaskClient) -> None:
    response = citizen.get("/exit")
    assert "storage" in response.headers["Clear-Site-Data"]
    assert "<form" not in response.text
