"""A citizen's browser without script and without cookies: reads the hidden fields of a page and posts them."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from unittest import mock

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from triage import clock
from triage.db import db
from triage.models import InboundItem, Report

# In the order of the pages: what is answered on each.
ANSWERS: dict[str, dict[str, str]] = {
    "start": {},
    "what": {"text": "They closed the gate"},
    "where": {"place": "Mill Road School", "when": "now"},
    "danger": {"danger": "no"},
    "contact": {"contact": "no"},
    "check": {},
}
LEISURE = timedelta(minutes=1)


@dataclass(frozen=True)
class Form:
    """A page that was shown, and what its form would post."""

    client: FlaskClient
    page: str

    @property
    def fields(self) -> dict[str, str]:
        """The hidden fields."""
        return hidden(self.page)

    def go(self, given: Mapping[str, str] | None = None, *, status: int = 200, address: str = "127.0.0.1") -> Form:
        """Post with `given` filled in; the page that comes."""
        response = self.client.post(
            "/report", data=self.fields | dict(given or {}), environ_overrides={"REMOTE_ADDR": address}
        )
        assert response.status_code == status, response.text
        return Form(self.client, response.text)


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page."""
    found = re.finditer(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {one[1]: html.unescape(one[2]) for one in found}


def code_in(page: str | Form) -> str:
    """The receipt code a page shows."""
    found = re.search(r'data-code="(\d+)"', page if isinstance(page, str) else page.page)
    assert found, page
    return found[1]


def open_form(client: FlaskClient, *, hurry: bool = False) -> Form:
    """The first page, opened a minute ago; just now in a `hurry`."""
    opened = clock.now() if hurry else clock.now() - LEISURE
    with mock.patch.object(clock, "now", return_value=opened):
        return Form(client, client.get("/report").text)


def fill_in(client: FlaskClient, *, until: str = "", given: Mapping[str, str] | None = None,
            hurry: bool = False, address: str = "127.0.0.1") -> Form:
    """Answer page by page, up to and without `until`; else send. The last page that came."""
    form = open_form(client, hurry=hurry)
    for step, answers in ANSWERS.items():
        if step == until:
            break
        fields = {*answers, "reference", *(("phone", "email") if step == "contact" else ())}
        own = {name: value for name, value in (given or {}).items() if name in fields}
        form = form.go(answers | own, address=address)
    return form


def send(client: FlaskClient, given: Mapping[str, str] | None = None, *, hurry: bool = False,
         address: str = "127.0.0.1") -> str:
    """Fill in and send; the receipt page."""
    return fill_in(client, given=given, hurry=hurry, address=address).page


def items(app: Flask) -> list[InboundItem]:
    """The journal."""
    with app.app_context():
        return list(db.session.scalars(select(InboundItem).order_by(InboundItem.id)))


def reports(app: Flask) -> list[Report]:
    """Every report."""
    with app.app_context():
        return list(db.session.scalars(select(Report).order_by(Report.id)))
