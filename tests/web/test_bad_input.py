"""What no browser of ours sends: numbers no database holds, endless brackets, bodies too large for the page refused."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.scene import Scene
from tests.visitor import Visitor, hidden, sign_in
from triage.db import db
from triage.models import Draft

HUGE = 10**30


@pytest.fixture
def maya(app: Flask, scene: Scene) -> Visitor:
    """An operator at her desk; what is not foreseen is answered as on a real desk."""
    app.testing, app.config["PROPAGATE_EXCEPTIONS"] = False, False
    visitor = sign_in(app, scene.operator("Maya"))
    visitor.get("/desk")
    return visitor


def test_a_session_with_a_number_no_database_holds_is_not_found(maya: Visitor) -> None:
    assert maya.post(f"/me/sessions/{HUGE}/end").status_code == 404


def test_endless_brackets_are_refused_with_a_sentence(maya: Visitor, scene: Scene) -> None:
    report = scene.sms("The station is closed.")
    answer = maya._client.post(f"/desk/reports/{report.id}/draft", data="[" * 900_000,
                               content_type="application/json", headers={"X-CSRFToken": maya._token})
    assert answer.status_code == 422
    assert "JSON object" in answer.get_data(as_text=True)


def test_a_body_too_large_for_a_page_that_is_not_there_is_refused_too(maya: Visitor) -> None:
    assert maya.post("/desk/nothing", text="x" * 1_100_000).status_code in (404, 413)


def test_a_body_too_large_from_another_site_is_refused_as_such(maya: Visitor) -> None:
    answer = maya._client.post("/desk/next", data={"text": "x" * 1_100_000}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_a_refused_empty_answer_takes_no_draft_away(app: Flask, scene: Scene) -> None:
    zawadi = scene.operator("Zawadi")
    visitor, report = sign_in(app, zawadi), scene.sms("The station is closed.")
    scene.claim(report, zawadi)
    form = hidden(visitor.get(f"/desk/reports/{report.id}"))
    visitor.post(f"/desk/reports/{report.id}/draft", text="Half an answer")
    fields = {name: form[name] for name in ("assignment", "seen_seq", "key")}
    assert visitor.post(f"/desk/reports/{report.id}/reply", **fields, text="").status_code == 422
    assert db.session.query(Draft).one().body == "Half an answer"
    assert visitor._client.post(f"/desk/reports/{report.id}/reply", json={"text": "x"},
                                headers={"X-CSRFToken": visitor._token}).status_code == 422
    assert db.session.query(Draft).one().body == "Half an answer"


@pytest.mark.parametrize("back", ["/\t/evil.example", "//evil.example", "/\\evil.example", "https://evil.example/desk"])
def test_changing_the_shift_never_leads_to_another_site(maya: Visitor, back: str) -> None:
    form = {"shift": "off", "back": back, "csrf_token": maya._token}
    answer = maya._client.post("/desk/shift", data=form)
    assert answer.status_code == 303
    assert answer.location == "/desk"


def test_changing_the_shift_leads_back_to_the_page(maya: Visitor) -> None:
    form = {"shift": "off", "back": "/desk/reports/1?view=new", "csrf_token": maya._token}
    assert maya._client.post("/desk/shift", data=form).location == "/desk/reports/1?view=new"
