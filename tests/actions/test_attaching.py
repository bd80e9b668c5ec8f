"""Files that come with messages are noted in the same transaction; files of ours stand at their message."""

from __future__ import annotations

import json
from dataclasses import replace

from sqlalchemy import select

from channels.base import Attachment as Here
from channels.base import RemoteFile
from tests.scene import Scene
from triage import context
from triage.actions import attaching
from triage.db import db
from triage.models import Attachment, InboundItem, Message
from triage.storing import Stored

PICTURE = RemoteFile("https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1", "image/jpeg")


def files(scene: Scene) -> list[Attachment]:
    """Every file of the desk, in order."""
    db.session.rollback()
    return list(db.session.scalars(select(Attachment).order_by(Attachment.id)))


def source(one: Attachment) -> dict[str, object]:
    """Where a file lies."""
    assert one.source_sealed is not None
    opened = context.keyring().open(one.source_sealed, one.source_context)
    return dict(json.loads(opened))


def test_the_files_of_a_message_wait_from_the_moment_it_is_stored(scene: Scene) -> None:
    report = scene.arrives(replace(scene.message("Picha"), remote_files=(PICTURE, PICTURE)))
    first, second = files(scene)
    assert [(one.place, one.state, one.kind) for one in (first, second)] == [(0, "waiting", "other"),
                                                                            (1, "waiting", "other")]
    assert first.due_at is not None
    assert source(second) == {"url": PICTURE.url, "type": "image/jpeg"}
    message = db.session.get_one(Message, first.message_id)
    assert message.report_id == report.id


def test_where_they_lie_is_nowhere_in_clear(scene: Scene) -> None:
    scene.arrives(replace(scene.message("Picha"), remote_files=(PICTURE,)))
    (one,) = files(scene)
    assert one.source_sealed is not None
    assert b"ME1" not in one.source_sealed


def test_a_message_that_joins_what_waits_has_its_files_too(scene: Scene) -> None:
    first = scene.sms("The gate is closed")
    joined = scene.arrives(replace(scene.message("Look"), remote_files=(PICTURE,)))
    assert joined.id == first.id
    (one,) = files(scene)
    assert db.session.get_one(Message, one.message_id).body == "Look"


def test_the_same_message_twice_has_its_files_once(scene: Scene) -> None:
    message = replace(scene.message("Picha"), remote_files=(PICTURE,))
    scene.arrives(message)
    scene.arrives(message, "simulator")
    assert len(files(scene)) == 1


def test_a_file_that_came_with_the_raw_item_is_found_there(scene: Scene) -> None:
    here = Here("../../photo\0.jpg" + "x" * 300, "image/jpeg", b"\xff\xd8")
    scene.arrives(replace(scene.message("Picha"), attachments=(here,)))
    (one,) = files(scene)
    item = db.session.scalars(select(InboundItem)).one()
    assert source(one) == {"item": item.id, "file": 0}
    assert len(one.filename) == 200


def test_a_file_of_ours_stands_at_its_message(scene: Scene) -> None:
    report = scene.sms("Which form?")
    theirs = select(Message).where(Message.report_id == report.id, Message.direction == "in")
    message = db.session.scalars(theirs).one().id
    stored = Stored("image", "image/png", 3, "0" * 64, "a" * 48, "b" * 48, "image/jpeg", "form.png", "The form")
    scene.do(lambda: attaching.attach(db.session.get_one(Message, message), stored))
    (one,) = files(scene)
    assert (one.state, one.clean, one.description, one.due_at) == ("kept", "b" * 48, "The form", None)
