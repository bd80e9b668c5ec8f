"""A picture leaves with an answer: drawn anew, sealed, at an address for its provider, and once."""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import select

from channels import registry
from channels.base import Capabilities, OutboundMessage, Receipt
from tests.cleaning.planted import CANARY, jpeg, picture, png, saved
from tests.scene import Scene
from tests.web.door import Browser
from triage import connections, context
from triage.db import db
from triage.models import Attachment, Delivery, Draft, Message, Operator, Report
from triage.queries import outbox
from triage.web import uploads
from triage.workers.deliver import deliver

ABLE = Capabilities(max_length=1600, address_kind="phone", attachments=True, default_limits=((100, 60),))


@dataclass
class Sender:
    """What a provider that carries files was given."""

    capabilities: Capabilities = ABLE
    sent: list[OutboundMessage] = field(default_factory=list)

    def send(self, message: OutboundMessage) -> Receipt:
        """Take it."""
        self.sent.append(message)
        return Receipt(f"OUT{len(self.sent)}")


@pytest.fixture
def sender(monkeypatch: pytest.MonkeyPatch) -> Sender:
    """Every account's, which can carry files."""
    made, real = Sender(), registry.capabilities
    monkeypatch.setattr(connections, "connect", lambda _account: made)
    monkeypatch.setattr(registry, "capabilities", lambda *names: replace(real(*names), attachments=True))
    return made


@dataclass
class Desk:
    """Maya at her report."""

    app: Flask
    scene: Scene
    maya: Operator
    report: Report
    browser: Browser

    def answers(self, content: bytes | None, text: str = "Here is the form", key: str = "upload-0001",
                **more: object) -> int:
        """Send an answer, with a picture; the status."""
        fence = db.session.scalars(select(Message.id)).first() and self.fence
        form: dict[str, object] = {"text": text, "key": key, "assignment": fence, "seen_seq": self.scene.head(), **more}
        if content is not None:
            form["picture"] = (io.BytesIO(content), "IMG_0001.jpg")
        answer = self.browser.post(f"/desk/reports/{self.report.id}/reply", form, content_type="multipart/form-data")
        return answer.status_code

    fence: int = 0


@pytest.fixture
def desk(app: Flask, scene: Scene) -> Desk:
    """A report that Maya holds."""
    maya, report = scene.operator("Maya"), scene.sms("Which form?")
    held, browser = scene.claim(report, maya), Browser(app)
    browser.sign_in(maya)
    browser.get("/desk")
    return Desk(app, scene, maya, report, browser, held.id)


def files() -> list[str]:
    """What stands on the disk."""
    return sorted(context.files().names())


def test_a_picture_leaves_without_what_its_maker_left_in_it(desk: Desk, sender: Sender) -> None:
    assert desk.answers(jpeg(), picture_description="The form") == 303
    stored = db.session.scalars(select(Attachment)).one()
    assert (stored.description, stored.original == stored.clean, len(files())) == ("The form", True, 1)
    assert CANARY.encode() not in context.files().open(stored.clean or "")
    for number in outbox.due():
        deliver(number)
    (ours,) = [one for one in sender.sent if one.media]
    (file,) = ours.media
    assert file.content_type == "image/jpeg"
    assert file.url.startswith(f"{context.settings().public_url}/media/")
    fetched = desk.app.test_client().get(urlsplit(file.url).path)
    assert fetched.status_code == 200
    assert CANARY.encode() not in fetched.data
    page = desk.browser.get(f"/desk/reports/{desk.report.id}").get_data(as_text=True)
    assert 'alt="The form"' in page


def test_the_same_answer_twice_carries_one_picture_and_keeps_no_other(desk: Desk, sender: Sender) -> None:
    assert desk.answers(jpeg()) == 303
    assert desk.answers(jpeg()) == 303
    assert (len(files()), len(db.session.scalars(select(Attachment)).all())) == (1, 1)
    assert len(db.session.scalars(select(Delivery).where(Delivery.purpose == "reply")).all()) == 1


@pytest.mark.parametrize("content", [b"<svg/>", b"%PDF-1.4", saved(picture(), "GIF"), b"MZ" + bytes(99)])
def test_only_some_pictures_leave(desk: Desk, sender: Sender, content: bytes) -> None:
    assert desk.answers(content) == 422
    assert files() == []
    assert db.session.scalars(select(Draft)).one().body == "Here is the form"


def test_a_png_leaves_too(desk: Desk, sender: Sender) -> None:
    assert desk.answers(png("RGBA")) == 303
    assert db.session.scalars(select(Attachment)).one().content_type == "image/png"


def test_a_refused_answer_keeps_no_picture(desk: Desk, sender: Sender) -> None:
    assert desk.answers(jpeg(), text=" ") == 422
    desk.fence += 1
    assert desk.answers(jpeg()) == 409
    assert files() == []


def test_a_channel_without_files_says_so_and_nothing_is_sent(desk: Desk) -> None:
    assert desk.answers(jpeg()) == 422
    assert files() == []
    assert db.session.scalars(select(Delivery).where(Delivery.purpose == "reply")).all() == []
    page = desk.browser.get(f"/desk/reports/{desk.report.id}").get_data(as_text=True)
    assert 'name="picture"' not in page
    assert "Here is the form" in page


def test_the_form_offers_a_picture_where_one_can_leave(desk: Desk, sender: Sender) -> None:
    page = desk.browser.get(f"/desk/reports/{desk.report.id}").get_data(as_text=True)
    assert 'name="picture"' in page
    assert 'enctype="multipart/form-data"' in page


def test_too_much_is_refused(desk: Desk, sender: Sender) -> None:
    assert desk.answers(jpeg() + bytes(uploads.MOST_PICTURE)) == 422
    assert desk.answers(bytes(7 * 1024 * 1024)) == 413
    assert files() == []


def test_only_people_of_the_desk_may_send_so_much(desk: Desk, app: Flask) -> None:
    stranger = Browser(app)
    stranger.get("/login")
    form = {"picture": (io.BytesIO(bytes(2 * 1024 * 1024)), "x.jpg")}
    answer = stranger.post(f"/desk/reports/{desk.report.id}/reply", form, content_type="multipart/form-data")
    assert answer.status_code == 413


def test_nothing_of_a_form_is_written_to_a_disk_in_clear(
    desk: Desk, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a file for a moment")

    for name in ("TemporaryFile", "SpooledTemporaryFile", "NamedTemporaryFile", "mkstemp"):
        monkeypatch.setattr(f"tempfile.{name}", never)
    monkeypatch.setattr("werkzeug.formparser.SpooledTemporaryFile", never, raising=False)
    assert desk.answers(jpeg() + bytes(2_000_000)) == 303
    assert not any(b"JFIF" in path.read_bytes() for path in Path(context.settings().files_path).iterdir())
