"""PostgreSQL full, behind a long lock, or gone in the middle: people are told within ten seconds, nothing is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

import config
from tests.conftest import dispose, make_settings
from tests.processes import Figures
from tests.scene import Scene
from tests.servers import Postgres
from tests.web.door import Browser, words
from triage.actions import notes
from triage.app import create_app
from triage.db import CommitUnknown, db, run_in_transaction
from triage.models import Event, Note, Operator

pytestmark = [pytest.mark.faults, pytest.mark.only("postgresql")]

SENTENCE = "The desk cannot be reached just now. Try again in a minute."
LONGEST = 10.0  # seconds that anybody is kept waiting


def desk(scene: Scene, app: Flask) -> tuple[Browser, int, int]:
    """Maya's browser, her number, and the report she holds."""
    maya, browser = scene.operator("Maya"), Browser(app)
    report = scene.sms("No ink")
    scene.claim(report, maya)
    found = browser, maya.id, report.id
    browser.sign_in(maya)
    browser.get(f"/desk/reports/{report.id}")
    db.session.remove()
    return found


def told(browser: Browser, report: int) -> float:
    """A note is refused with status 503, in words, and given back; how many seconds that took."""
    began = time.monotonic()
    answer = browser.post(f"/desk/reports/{report}/note", {"text": "Seen the ballot boxes"})
    assert answer.status_code == 503, words(answer)
    assert SENTENCE in words(answer)
    assert "Seen the ballot boxes" in answer.text
    return time.monotonic() - began


def write(app: Flask, maya: int, report: int, text: str) -> None:
    """A note, from a thread of its own."""
    with app.app_context():
        run_in_transaction(lambda: notes.add(report, db.session.get_one(Operator, maya), text))


def test_with_every_connection_of_the_pool_in_use_people_are_told(
    scene: Scene, app: Flask, settings: config.Settings, figures: Figures
) -> None:
    browser, maya, report = desk(scene, app)
    with ExitStack() as taken, ThreadPoolExecutor(6) as others:
        for _ in range(32):
            taken.enter_context(db.engine.connect())
        waiting = [others.submit(write, app, maya, report, "refused") for _ in range(5)]
        seconds = told(browser, report)
        for one in waiting:
            with pytest.raises(OperationalError):
                one.result(LONGEST)
    figures(f"told after {seconds:.1f} s")
    assert seconds < LONGEST
    write(app, maya, report, "kept")
    assert list(db.session.scalars(select(Note.body))) == ["kept"]


def test_behind_a_long_lock_people_are_told(scene: Scene, app: Flask, postgres: Postgres, figures: Figures) -> None:
    browser, maya, report = desk(scene, app)
    with psycopg.connect(db.engine.url.render_as_string(hide_password=False).replace("+psycopg", "")) as migrating:
        migrating.execute("LOCK TABLE reports")
        seconds = told(browser, report)
    figures(f"told after {seconds:.1f} s")
    assert 4 < seconds < LONGEST
    write(app, maya, report, "kept")
    assert list(db.session.scalars(select(Note.body))) == ["kept"]


@pytest.fixture
def own() -> Iterator[Postgres]:
    """A server that this test may fill and stop; it keeps what it has said it keeps."""
    server = Postgres(durable=True, options=("max_connections=16",))
    yield server.start()
    server.remove()


@pytest.fixture
def own_app(own: Postgres, tmp_path: Path) -> Iterator[Flask]:
    """A desk on that server."""
    made = create_app(make_settings(tmp_path, database_url=own.url(own.create())))
    with made.app_context():
        upgrade(directory=str(config.ROOT / "migrations"))
        yield made
        dispose(made)


def test_with_every_connection_of_the_server_in_use_people_are_told(
    own: Postgres, own_app: Flask, figures: Figures
) -> None:
    browser, maya, report = desk(Scene(), own_app)
    db.engine.dispose()
    with ExitStack() as taken:
        for _ in range(16):
            with suppress(psycopg.OperationalError):
                taken.enter_context(own.connect())
        with pytest.raises(psycopg.OperationalError, match="too many clients"):
            own.connect()
        seconds = told(browser, report)
        assert browser.get("/desk").status_code == 503
    figures(f"told after {seconds:.1f} s")
    assert seconds < LONGEST
    write(own_app, maya, report, "kept")
    assert list(db.session.scalars(select(Note.body))) == ["kept"]


class Writers:
    """Four threads that write notes until they are told to stop, each saying what it was told of each note."""

    def __init__(self, app: Flask, maya: int, report: int) -> None:
        self.said: dict[str, str] = {}
        self._app, self._maya, self._report = app, maya, report
        self._done, self._pool = threading.Event(), ThreadPoolExecutor(4)
        self._working = [self._pool.submit(self._write, place) for place in range(4)]

    def _write(self, place: int) -> None:
        number = 0
        while not self._done.is_set():
            number += 1
            self.said[f"{place}: {number}"] = self._one(f"{place}: {number}")

    def _one(self, text: str) -> str:
        try:
            write(self._app, self._maya, self._report, text)
        except OperationalError:
            time.sleep(0.05)
            return "refused"
        except CommitUnknown:
            return "unknown"
        return "stored"

    def stop(self) -> None:
        """Wait for the last note of each."""
        self._done.set()
        for one in self._working:
            one.result(60)

    def told(self, how: str) -> set[str]:
        """The notes of which this was said."""
        return {text for text, said in self.said.items() if said == how}


def test_a_server_that_dies_under_load_and_comes_back_has_every_note_once(
    own: Postgres, own_app: Flask, figures: Figures
) -> None:
    _, maya, report = desk(Scene(), own_app)
    writers = Writers(own_app, maya, report)
    for _ in range(3):
        time.sleep(0.5)
        own.stop("immediate")
        time.sleep(0.3)
        own.start()
    time.sleep(0.5)
    writers.stop()
    db.session.remove()
    found = dict(db.session.execute(select(Note.body, func.count()).group_by(Note.body)).all())
    assert set(found.values()) == {1}, "none is doubled"
    assert writers.told("stored") <= set(found), "none is lost"
    assert not writers.told("refused") & set(found), "none is there that was refused"
    assert db.session.scalar(select(func.count()).where(Event.kind == "note.added")) == len(found)
    counts = ", ".join(f"{len(writers.told(how))} {how}" for how in ("stored", "refused", "unknown"))
    figures(f"3 deaths under load; notes {counts}; 0 lost, 0 doubled")
