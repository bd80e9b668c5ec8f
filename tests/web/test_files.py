"""Files at the desk: the clean copy for who reads the report, the original for a reason, what is said, what leaves."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from channels.base import RemoteFile
from tests.cleaning import planted
from tests.cleaning.planted import CANARY, jpeg
from tests.scene import Scene
from tests.web.door import Browser
from triage import connections, context, media_links
from triage.db import db
from triage.events import Kind
from triage.models import Attachment, Event, Message, Note, Operator, Report
from triage.queries import inbox
from triage.workers import media

PDF = b"%PDF-1.4\n1 0 obj<</Author(zqplantedauthor)>>endobj"


class Provider:
    """Every account's, with one file."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def fetch(self, _file: RemoteFile) -> bytes:
        """As an adapter does."""
        return self.content


def arrives(scene: Scene, monkeypatch: pytest.MonkeyPatch, content: bytes) -> tuple[Report, int]:
    """A message with a file, which was fetched; the report and the file's number."""
    files = (RemoteFile("https://api.twilio.com/x", "image/jpeg"),)
    report = scene.arrives(replace(scene.message("Picha"), remote_files=files))
    with monkeypatch.context() as patched:
        patched.setattr(connections, "connect", lambda _account: Provider(content))
        media.fetch_due()
    return report, db.session.scalars(select(Attachment.id).order_by(Attachment.id.desc())).first() or 0


def person(scene: Scene, name: str, *roles: str) -> Operator:
    """Somebody who can sign in."""
    return scene.operator(name, *roles)


@pytest.fixture
def maya(scene: Scene) -> Operator:
    """An operator."""
    return person(scene, "Maya")


def signed_in(app: Flask, operator: Operator) -> Browser:
    """Their browser."""
    made = Browser(app)
    made.sign_in(operator)
    made.get("/desk")
    return made


def disposition(answer: TestResponse) -> str:
    """inline or attachment."""
    return answer.headers["Content-Disposition"].split(";")[0]


def assert_alone(answer: TestResponse) -> None:
    """What a browser opens may do nothing, and keeps nothing."""
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_clean_copy_is_shown_to_who_reads_the_report(
    app: Flask, scene: Scene, maya: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, number = arrives(scene, monkeypatch, jpeg())
    answer = signed_in(app, maya).get(f"/desk/files/{number}")
    assert (answer.status_code, answer.mimetype, disposition(answer)) == (200, "image/jpeg", "inline")
    assert CANARY.encode() not in answer.data
    assert_alone(answer)
    assert app.test_client().get(f"/desk/files/{number}").status_code != 200


def test_a_sound_is_sent_in_parts_so_that_a_player_can_seek(
    app: Flask, scene: Scene, maya: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, number = arrives(scene, monkeypatch, planted.id3() + planted.mp3_frames())
    browser = signed_in(app, maya)
    whole = browser.get(f"/desk/files/{number}")
    assert whole.headers["Accept-Ranges"] == "bytes"
    part = browser.get(f"/desk/files/{number}", headers={"Range": "bytes=417-833"})
    assert (part.status_code, part.data) == (206, whole.data[417:834])
    assert part.headers["Content-Range"] == f"bytes 417-833/{len(whole.data)}"
    assert browser.get(f"/desk/files/{number}", headers={"Range": "bytes=99999999-"}).status_code == 416


@pytest.mark.parametrize("content", [b"just words", b"BEGIN:VCARD\nFN:Asha\nEND:VCARD"])
def test_words_are_saved_and_never_shown(
    app: Flask, scene: Scene, maya: Operator, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    _, number = arrives(scene, monkeypatch, content)
    answer = signed_in(app, maya).get(f"/desk/files/{number}")
    assert (answer.data, disposition(answer)) == (content, "attachment")
    assert_alone(answer)


@pytest.mark.parametrize("content", [PDF, b"<html>", b"\x89PNG\r\n\x1a\n" + bytes(60)])
def test_without_a_clean_copy_there_is_nothing_to_see(
    app: Flask, scene: Scene, maya: Operator, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    report, number = arrives(scene, monkeypatch, content)
    browser = signed_in(app, maya)
    assert browser.get(f"/desk/files/{number}").status_code == 404
    page = browser.get(f"/desk/reports/{report.id}").get_data(as_text=True)
    assert "may contain identifying data" in page or "not kept" in page or "do not keep" in page


def test_a_coordinator_opens_the_original_for_a_reason_which_stays(
    app: Flask, scene: Scene, maya: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, number = arrives(scene, monkeypatch, jpeg())
    cora = signed_in(app, person(scene, "Cora", "coordinator"))
    refused = cora.post(f"/desk/files/{number}/original", data={"reason": " "})
    assert refused.status_code == 422
    answer = cora.post(f"/desk/files/{number}/original", data={"reason": "The station asks where it was"})
    assert (answer.data, disposition(answer)) == (jpeg(), "attachment")
    assert_alone(answer)
    event = db.session.scalars(select(Event).where(Event.kind == Kind.FILE_OPENED)).one()
    assert event.report_id == report.id
    assert "station" not in str(event.data)
    assert db.session.get_one(Note, event.data["note"]).body == "The station asks where it was"
    assert signed_in(app, maya).post(f"/desk/files/{number}/original", data={"reason": "x"}).status_code == 403


def test_the_holder_writes_down_what_is_said(
    app: Flask, scene: Scene, maya: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, number = arrives(scene, monkeypatch, planted.mp3_frames())
    held = scene.claim(report, maya)
    browser, ben = signed_in(app, maya), signed_in(app, person(scene, "Ben"))
    form = {"report": report.id, "assignment": held.id, "text": "They closed\r\nthe gate"}
    assert ben.post(f"/desk/files/{number}/transcript", data=form).status_code == 409
    assert browser.post(f"/desk/files/{number}/transcript", data={**form, "assignment": 999}).status_code == 409
    assert browser.post(f"/desk/files/{number}/transcript", data={**form, "text": " "}).status_code == 422
    assert browser.post(f"/desk/files/{number}/transcript", data=form).status_code == 303
    page = browser.get(f"/desk/reports/{report.id}").get_data(as_text=True)
    assert "They closed\nthe gate" in page
    assert re.search(r"written down by\s+Maya", page)
    assert browser.post(f"/desk/files/{number}/transcript", data={**form, "text": "The gate!"}).status_code == 303
    assert scene.kinds(report).count(Kind.FILE_TRANSCRIBED) == 2
    stored = db.session.get_one(Attachment, number, populate_existing=True)
    assert (stored.transcript, stored.transcribed_by) == ("The gate!", maya.id)
    (row,) = inbox.page(maya, "mine").rows
    assert row.excerpt == "The gate!", "the list shows what was said, not that something was"
    scene.sms("Are you there?")
    assert inbox.page(maya, "mine").rows[0].excerpt == "Are you there?"


def test_only_sounds_are_written_down(
    app: Flask, scene: Scene, maya: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, number = arrives(scene, monkeypatch, jpeg())
    held = scene.claim(report, maya)
    form = {"report": report.id, "assignment": held.id, "text": "A gate"}
    assert signed_in(app, maya).post(f"/desk/files/{number}/transcript", data=form).status_code == 404


@pytest.mark.parametrize("state, error, said", [
    ("waiting", None, "being fetched"), ("gone", "gone", "could not be fetched"), ("refused", "kind", "do not keep"),
    ("refused", "points", "too large to be opened"), ("refused", "large", "larger than 16 MB"),
    ("refused", "broken", "cannot be opened"), ("refused", "address", "address is not the provider"),
    ("refused", "heavy", "take too much"), ("refused", "else", "was not kept")])
def test_a_file_that_is_not_here_is_told_of(
    app: Flask, scene: Scene, maya: Operator, state: str, error: str | None, said: str
) -> None:
    files = (RemoteFile("https://api.twilio.com/x", "image/jpeg"),)
    report = scene.arrives(replace(scene.message(""), remote_files=files))

    def set_state() -> None:
        one = db.session.scalars(select(Attachment)).one()
        one.state, one.error = state, error

    scene.do(set_state)
    assert said in signed_in(app, maya).get(f"/desk/reports/{report.id}").get_data(as_text=True)


def test_a_file_that_the_disk_has_lost_is_not_found(
    app: Flask, scene: Scene, maya: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, number = arrives(scene, monkeypatch, jpeg())
    for path in Path(context.settings().files_path).iterdir():
        path.write_bytes(b"torn")
    assert signed_in(app, maya).get(f"/desk/files/{number}").status_code == 404


def test_a_picture_is_covered_until_somebody_wants_to_see_it(
    app: Flask, scene: Scene, maya: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, number = arrives(scene, monkeypatch, jpeg())
    page = signed_in(app, maya).get(f"/desk/reports/{report.id}").get_data(as_text=True)
    assert "Show picture (may be distressing)" in page
    assert '<details class="picture">' in page
    assert f'src="/desk/files/{number}"' in page
    assert 'loading="lazy"' in page


# ---------------------------------------------------------------- what the provider comes for


def leaving(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> int:
    """A file that stands at a message of ours."""
    _, number = arrives(scene, monkeypatch, jpeg())
    theirs = db.session.get_one(Attachment, number)
    ours = db.session.scalars(select(Message).where(Message.direction == "out").order_by(Message.id)).first()
    assert ours is not None, "the acknowledgement"
    scene.do(lambda: setattr(db.session.merge(theirs), "message_id", ours.id))
    return number


def test_a_provider_fetches_what_an_answer_carries_while_it_leaves(
    app: Flask, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = leaving(scene, monkeypatch)
    path = media_links.make(number).removeprefix(context.settings().public_url)
    answer = app.test_client().get(path)
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    assert CANARY.encode() not in answer.data
    scene.carry()
    assert app.test_client().get(path).status_code == 200, "providers come late"
    with scene.later(hours=2):
        assert app.test_client().get(path).status_code == 404


def test_an_address_that_is_not_ours_or_too_old_leads_nowhere(
    app: Flask, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = leaving(scene, monkeypatch)
    path = media_links.make(number).removeprefix(context.settings().public_url)
    for wrong in (path[:-1], path + "x", f"/media/{number}", "/media/", path.replace(".", "", 1)):
        assert app.test_client().get(wrong).status_code == 404
    monkeypatch.setattr(media_links, "LASTS_SECONDS", -1)
    assert app.test_client().get(path).status_code == 404


def test_a_citizen_s_file_never_leaves_by_such_an_address(
    app: Flask, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, number = arrives(scene, monkeypatch, jpeg())
    path = media_links.make(number).removeprefix(context.settings().public_url)
    assert app.test_client().get(path).status_code == 404
