"""The citizens' form asks which place is meant where several are so called; any other words are kept as they are."""

from __future__ import annotations

from unittest import mock

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from tests.scene import Scene
from tests.web import citizens
from triage.actions import gazetteer
from triage.gazetteer import sheet
from triage.queries import places

pytestmark = pytest.mark.only("sqlite")
TABLE = b"code,name,parent\nKSM,Kisumu,\nNKR,Nakuru,\nKSM-013,Chapel Hall,KSM\nNKR-013,Chapel Hall,NKR\n"


@pytest.fixture
def listed(scene: Scene) -> None:
    """A desk with a list of places."""
    read = sheet.read(TABLE)
    scene.do(lambda: gazetteer.enter(read))


def sent(app: Flask, form: citizens.Form) -> tuple[str | None, str | None]:
    """The rest is answered and sent: the place as text, and the code of the place found."""
    for step in ("danger", "contact", "check"):
        form = form.go(citizens.ANSWERS[step])
    (report,) = citizens.reports(app)
    with app.app_context():
        found = places.views([report.place_id]).get(report.place_id or 0)
    return report.place_text, found.code if found else None


def test_one_of_several_places_is_chosen(app: Flask, client: FlaskClient, listed: None) -> None:
    where = citizens.fill_in(client, until="where")
    asked = where.go({"place": "chapel hall", "when": "now"})
    assert "Which one do you mean?" in asked.page
    assert "Chapel Hall, Nakuru (NKR-013)" in asked.page
    further = asked.go({"place": "chapel hall", "when": "now", "station": "NKR-013"})
    assert sent(app, further) == ("chapel hall (NKR-013)", "NKR-013")


def test_none_of_them_keeps_the_words(app: Flask, client: FlaskClient, listed: None) -> None:
    asked = citizens.fill_in(client, until="where").go({"place": "chapel hall"})
    assert sent(app, asked.go({"place": "chapel hall", "station": "-"})) == ("chapel hall", None)


def test_other_words_after_choosing_are_asked_about_anew(app: Flask, client: FlaskClient, listed: None) -> None:
    asked = citizens.fill_in(client, until="where").go({"place": "chapel hall"})
    further = asked.go({"place": "by the red door", "station": "NKR-013"})
    assert sent(app, further) == ("by the red door", None)


def test_without_the_database_nobody_is_asked(app: Flask, client: FlaskClient, listed: None) -> None:
    where = citizens.fill_in(client, until="where")
    with mock.patch.object(places, "choices", side_effect=OperationalError("", {}, Exception())):
        further = where.go({"place": "chapel hall"})
    assert 'value="danger"' in further.page
