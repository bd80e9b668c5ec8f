"""Errors are sentences: as a page for people, as problem+json for programs, in the reader's language."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.scene import Scene
from tests.web.door import Browser, words
from triage.errors import AlreadyAssigned, BadInput, NotTheHolder, TriageError
from triage.web import errors, forms

BY_SCRIPT = {"X-Requested-With": "fetch"}
BY_PROGRAM = {"Accept": "application/json"}


@pytest.mark.parametrize("error, sentence", [
    (AlreadyAssigned(holder="Ben", seconds=2), "Ben took this 2 s ago."),
    (NotTheHolder("Ben"), "This report is not yours any more (Ben). Nothing was sent; your text is kept."),
    (BadInput("At most %(most)s fit.", "text", most=3), "At most 3 fit."),
    (BadInput("100% is too much."), "100% is too much."),
    (TriageError(), "That did not work."),
])
def test_an_error_says_its_sentence(app: Flask, error: TriageError, sentence: str) -> None:
    with app.test_request_context("/"):
        assert errors.sentence(error) == sentence


@pytest.mark.parametrize("headers", [BY_SCRIPT, BY_PROGRAM, {"Accept": "application/problem+json"}])
def test_a_program_gets_a_code_and_the_same_sentence(scene: Scene, browser: Browser, headers: dict[str, str]) -> None:
    amina, ben, report = scene.operator("Amina"), scene.operator("Ben"), scene.sms("No ink")
    scene.claim(report, ben)
    browser.sign_in(amina)
    browser.get("/desk")
    answer = browser.post(f"/desk/reports/{report.id}/claim", headers={**headers, **BY_SCRIPT})
    problem = answer.get_json(force=True)
    assert answer.mimetype == "application/problem+json"
    assert (answer.status_code, problem["status"], problem["code"]) == (409, 409, "already_assigned")
    assert problem["holder"] == "Ben"
    assert problem["detail"].startswith("Ben took this ")


def test_a_script_of_a_signed_out_page_is_told_so(browser: Browser) -> None:
    for answer in (browser.get("/desk/rows?ids=1", headers=BY_SCRIPT), browser.get("/api/v1/events?after=0")):
        assert answer.status_code == 401
        assert answer.get_json(force=True)["code"] == "signed_out"


def test_a_script_with_a_stale_token_is_told_so(scene: Scene, browser: Browser) -> None:
    browser.sign_in(scene.operator("Amina"))
    answer = browser.client.post("/desk/next", headers=BY_SCRIPT)
    assert answer.status_code == 400
    assert answer.get_json(force=True)["code"] == "stale_form"


@pytest.mark.parametrize("path, method, status", [
    ("/nothing", "GET", 404), ("/floor", "DELETE", 405), ("/desk/reports/99999999999999999999", "GET", 404),
    ("/desk/reports/7", "GET", 404), ("/hooks/nobody/sms", "POST", 404),
])
def test_what_is_not_there_is_a_sentence_and_a_way_back(
    scene: Scene, browser: Browser, path: str, method: str, status: int
) -> None:
    browser.sign_in(scene.operator("Amina"))
    browser.get("/me")
    answer = browser.client.open(path, method=method, headers={"X-CSRFToken": browser.token})
    assert answer.status_code == status
    if answer.mimetype == "text/html":
        assert "Back to the desk" in words(answer)
        assert "<h1>" in answer.text


def test_an_unforeseen_error_says_nothing_of_the_inside(app: Flask, scene: Scene, browser: Browser) -> None:
    def broken() -> str:
        raise RuntimeError("postgres://secret")

    broken.admits = frozenset({"coordinator"})
    app.view_functions["floor.floor"] = broken
    app.config.update(TESTING=False, PROPAGATE_EXCEPTIONS=False)
    browser.sign_in(scene.operator("Zawadi", "coordinator"))
    answer = browser.get("/floor")
    assert answer.status_code == 500
    assert "Something went wrong on our side" in words(answer)
    assert "secret" not in answer.text


def test_the_typed_text_stands_on_the_page_of_a_refusal(scene: Scene, browser: Browser) -> None:
    browser.sign_in(scene.operator("Amina"))
    browser.get("/me")
    answer = browser.post("/desk/reports/999/note", {"text": "precious <words>"})
    assert answer.status_code == 404
    assert "precious &lt;words&gt;" in answer.text


# ---------------------------------------------------------------- fields


@pytest.mark.parametrize("raw, clean", [
    ("  Ana\x00\x07 ", "Ana"), ("a\r\nb\rc", "a\nb\nc"), ("\ud800x", "\ufffdx"), ("e\u0301", "\u00e9"),
    ("\ud83d\ude00", "\U0001f600"), ("tab\there", "tab\there"), ("\u202eabc", "\u202eabc"),
])
def test_text_is_cleaned_not_refused(raw: str, clean: str) -> None:
    assert forms.clean(raw) == clean


@pytest.mark.parametrize("value", ["", "-1", "1.5", "1e3", "٣", "x", "9" * 19, "0x10", " "])
def test_what_is_no_whole_number_is_refused(app: Flask, value: str) -> None:
    with app.test_request_context("/", method="POST", data={"n": value}), pytest.raises(BadInput):
        forms.whole("n")


@pytest.mark.parametrize("body", [b"[]", b"null", b"{", b"\xff", b'"x"', b""])
def test_what_is_no_json_object_is_refused(app: Flask, body: bytes) -> None:
    request = app.test_request_context("/", method="POST", data=body, content_type="application/json")
    with request, pytest.raises(BadInput):
        forms.text("x")


@pytest.mark.parametrize("value", [1, None, [], {}, True])
def test_wrong_types_in_json_are_refused_or_empty(app: Flask, value: object) -> None:
    with app.test_request_context("/", method="POST", json={"x": value}):
        if value is None:
            assert forms.text("x") == ""
        else:
            with pytest.raises(BadInput):
                forms.text("x")


@pytest.mark.parametrize("key", ["", "short", "x" * 101, "with space in it", "né-né-né-né"])
def test_a_form_key_is_plain(app: Flask, key: str) -> None:
    with app.test_request_context("/", method="POST", data={"key": key}), pytest.raises(BadInput):
        forms.form_key()
