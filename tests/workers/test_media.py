"""Files are fetched once, looked at, kept sealed; what is not there yet is asked for again, and not for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from channels.base import Attachment as Here
from channels.base import RemoteFile
from channels.errors import AccountProblem, FileRefused, FileTooLarge, RetryLater, Unreachable
from tests.cleaning.planted import CANARY, jpeg
from tests.scene import Scene
from triage import connections, context
from triage.actions import fetching, ingest
from triage.db import db, run_in_transaction
from triage.events import Kind
from triage.models import Attachment, Message, Report
from triage.storing import Refused, store
from triage.workers import media

URL = "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1"


@dataclass
class Provider:
    """Where files lie: what each fetch comes to, in order; the last again and again."""

    says: list[object] = field(default_factory=lambda: [jpeg()])
    asked: list[str] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None

    def fetch(self, file: RemoteFile) -> bytes:
        """As an adapter does."""
        self.asked.append(file.url)
        said = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        self.meanwhile()
        if isinstance(said, Exception):
            raise said
        assert isinstance(said, bytes)
        return said


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    """The provider of every account."""
    made = Provider()
    monkeypatch.setattr(connections, "connect", lambda _account: made)
    return made


def arrives(scene: Scene, *urls: str) -> Report:
    """A message with files."""
    files = tuple(RemoteFile(url, "image/jpeg") for url in urls or (URL,))
    return scene.arrives(replace(scene.message("Picha"), remote_files=files))


def one() -> Attachment:
    """The only file of the desk, as it stands."""
    db.session.rollback()
    return db.session.scalars(select(Attachment).execution_options(populate_existing=True)).one()


def test_a_file_is_fetched_and_kept_with_a_clean_copy(scene: Scene, provider: Provider) -> None:
    report = arrives(scene)
    assert media.fetch_due() == 1
    kept = one()
    assert (kept.state, kept.kind, kept.content_type, kept.clean_type) == ("kept", "image", "image/jpeg", "image/jpeg")
    assert kept.due_at is None
    assert context.files().open(kept.original or "") == jpeg()
    assert CANARY.encode() not in context.files().open(kept.clean or "")
    assert Kind.FILE_SETTLED in scene.kinds(report)
    assert provider.asked == [URL]
    assert media.fetch_due() == 0


def test_nothing_of_it_stands_on_the_disk_in_clear(scene: Scene, provider: Provider) -> None:
    arrives(scene)
    media.fetch_due()
    folder = Path(context.settings().files_path)
    assert len(list(folder.iterdir())) == 2
    assert not any(CANARY.encode() in path.read_bytes() or b"JFIF" in path.read_bytes() for path in folder.iterdir())


def test_what_is_not_there_yet_is_asked_for_again_until_it_is(scene: Scene, provider: Provider) -> None:
    provider.says = [Unreachable("404"), Unreachable("404"), jpeg()]
    arrives(scene)
    media.fetch_due()
    assert one().state == "waiting"
    assert media.fetch_due() == 0, "it waits a little"
    for minutes in (1, 2):
        with scene.later(minutes=minutes):
            media.fetch_due()
    assert (one().state, one().tries) == ("kept", 3)


def test_what_could_not_be_had_for_a_day_is_gone(scene: Scene, provider: Provider) -> None:
    provider.says = [Unreachable("404")]
    arrives(scene)
    tried = 0
    for hour in range(24):
        with scene.later(hours=hour):
            tried += media.fetch_due()
    assert (one().state, tried) == ("waiting", 24)
    with scene.later(hours=24, minutes=20):
        media.fetch_due()
    assert (one().state, one().error, one().due_at) == ("gone", "gone", None)


def test_a_provider_that_asks_for_patience_is_given_it(scene: Scene, provider: Provider) -> None:
    provider.says = [RetryLater(600), jpeg()]
    arrives(scene)
    media.fetch_due()
    with scene.later(minutes=9):
        assert media.fetch_due() == 0
    with scene.later(minutes=11):
        assert media.fetch_due() == 1


def test_a_token_that_is_mended_after_two_days_loses_no_file(scene: Scene, provider: Provider) -> None:
    provider.says = [AccountProblem("401"), AccountProblem("401"), jpeg()]
    arrives(scene)
    media.fetch_due()
    for day in (2, 3):
        with scene.later(days=day):
            media.fetch_due()
    assert one().state == "kept"


@pytest.mark.parametrize("said, why", [
    (FileTooLarge("x"), "large"), (FileRefused("x"), "address"), (b"<html>", "kind"), (b"", "kind"),
    (b"\x89PNG\r\n\x1a\n" + bytes(99), "broken"), (b"MZ" + bytes(99), "kind")])
def test_what_is_not_kept_says_why_and_leaves_nothing(
    scene: Scene, provider: Provider, said: object, why: str
) -> None:
    provider.says = [said]
    arrives(scene)
    media.fetch_due()
    assert (one().state, one().error, one().original) == ("refused", why, None)
    assert list(context.files().names()) == []
    with scene.later(days=2):
        assert media.fetch_due() == 0


def test_a_mistake_of_ours_is_tried_again(scene: Scene, provider: Provider) -> None:
    provider.says = [ZeroDivisionError(), jpeg()]
    arrives(scene)
    media.fetch_due()
    with scene.later(minutes=1):
        media.fetch_due()
    assert one().state == "kept"


def test_a_lease_that_was_given_on_writes_nothing_down(scene: Scene, provider: Provider) -> None:
    arrives(scene)
    order = run_in_transaction(fetching.take)
    assert order is not None
    assert run_in_transaction(fetching.take) is None, "leased"
    with scene.later(minutes=6):
        assert media.fetch_due() == 1
    late = store(jpeg())
    assert not run_in_transaction(lambda: fetching.keep(order, late))
    run_in_transaction(lambda: fetching.refuse(order, "kind"))
    run_in_transaction(lambda: fetching.put_off(order))
    assert one().state == "kept"
    assert one().original != late.original


def test_who_is_too_late_takes_their_own_file_away(scene: Scene, provider: Provider) -> None:
    arrives(scene)

    def somebody_else() -> None:
        provider.meanwhile = lambda: None
        with scene.later(minutes=6):
            media.fetch_due()

    provider.meanwhile = somebody_else
    media.fetch_due()
    assert set(context.files().names()) == {one().original, one().clean}
    assert len(provider.asked) == 2


def test_many_at_once_fetch_each_file_once(app: Flask, scene: Scene, provider: Provider) -> None:
    urls = [f"{URL}{number}" for number in range(12)]
    arrives(scene, *urls)
    db.session.remove()

    def work() -> None:
        with app.app_context():
            media.fetch_due()
            db.session.remove()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(provider.asked) == sorted(urls)
    states = db.session.scalars(select(Attachment.state)).all()
    assert set(states) == {"kept"}


def test_a_file_inside_the_raw_item_is_kept_from_there(
    scene: Scene, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = replace(scene.message("Picha"), attachments=(Here("a.jpg", "text/html", jpeg()),))
    monkeypatch.setattr(ingest, "_parse_again", lambda _item: [message])
    scene.arrives(message)
    media.fetch_due()
    assert (one().state, one().content_type, one().filename) == ("kept", "image/jpeg", "a.jpg")
    assert provider.asked == []


def test_an_account_that_brings_no_files_is_not_asked_for_ever(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "connect", lambda _account: object())
    arrives(scene)
    media.fetch_due()
    assert (one().state, one().error) == ("refused", "address")


def test_a_loop_fetches_and_ends(app: Flask, scene: Scene, provider: Provider) -> None:
    arrives(scene)
    loop = media.MediaLoop(app)
    fetched = threading.Event()
    provider.meanwhile = fetched.set
    loop.start()
    assert fetched.wait(20)
    loop.stop(30)
    assert one().state == "kept"
    assert db.session.get_one(Message, one().message_id).body == "Picha"


def test_too_much_is_refused_before_it_is_looked_at() -> None:
    with pytest.raises(Refused, match="large"):
        store(bytes(16 * 1024 * 1024 + 1))
