"""A COMMIT whose answer is lost, a connection that is cut, slow or silent: what was done is done once, or not at all.

The example is an internal note, because nothing in the database would refuse the same note a second time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine, func, select, text

import config
from tests.conftest import make_settings
from tests.proxy import Proxy
from tests.scene import Scene
from tests.servers import Postgres
from triage import clock, commits
from triage.actions import notes
from triage.db import CommitUnknown, db, run_in_transaction
from triage.models import Event, Note, Operator, Report

pytestmark = [pytest.mark.faults, pytest.mark.only("postgresql")]

Write = Callable[[str], int]  # a note with these words; how many times it was begun


@pytest.fixture
def proxy(postgres: Postgres) -> Iterator[Proxy]:
    """What stands between the desk and its database."""
    made = Proxy(postgres.port)
    yield made
    made.close()


@pytest.fixture
def settings(tmp_path: Path, database: str, postgres: Postgres, proxy: Proxy) -> config.Settings:
    """A desk that reaches its database through the proxy."""
    return make_settings(tmp_path, database_url=database.replace(f":{postgres.port}/", f":{proxy.port}/"))


@pytest.fixture
def write(scene: Scene) -> Write:
    """Writes a note on the one report there is."""
    maya, report = scene.operator("Maya").id, scene.sms("The station is closed.").id

    def writing(words: str) -> int:
        tries = []

        def once() -> None:
            tries.append(words)
            notes.add(report, db.session.get_one(Operator, maya), words)

        run_in_transaction(once)
        return len(tries)

    return writing


def stored() -> dict[str, int]:
    """How often each note stands in the database; its event stands as often."""
    db.session.remove()
    found = dict(db.session.execute(select(Note.body, func.count()).group_by(Note.body)).all())
    told = db.session.scalar(select(func.count()).select_from(Event).where(Event.kind == "note.added"))
    assert told == sum(found.values())
    return found


def test_a_commit_whose_answer_is_lost_took_place_once(proxy: Proxy, write: Write) -> None:
    for number in range(10):
        proxy.cut_commit("after")
        assert write(f"note {number}") == 1, "it was known to be stored, and not done again"
    assert proxy.cuts == 10
    assert stored() == {f"note {number}": 1 for number in range(10)}


def test_so_did_one_that_says_nothing_in_the_history_and_leaves_its_rows_to_the_last_moment(
    proxy: Proxy, scene: Scene
) -> None:
    maya, report = scene.operator("Maya").id, scene.sms("The station is closed.").id

    def once() -> None:
        db.session.add(Note(report_id=report, operator_id=maya, body="Once.", created_at=clock.now()))

    proxy.cut_commit("after")
    run_in_transaction(once)
    assert proxy.cuts == 1
    db.session.remove()
    assert db.session.query(Note).count() == 1


def test_a_commit_that_never_arrived_is_done_again(proxy: Proxy, write: Write) -> None:
    for number in range(10):
        proxy.cut_commit("before")
        assert write(f"note {number}") == 2
    assert proxy.cuts == 10
    assert stored() == {f"note {number}": 1 for number in range(10)}


@pytest.mark.parametrize("when, times", [("after", 1), ("before", 2)])
def test_a_server_that_comes_back_in_time_says_what_became_of_it(
    proxy: Proxy, write: Write, when: str, times: int
) -> None:
    proxy.cut_commit(when, then_away=True)
    back = threading.Timer(0.7, proxy.admit)
    back.start()
    assert write("a note") == times
    assert stored() == {"a note": 1}


@pytest.mark.parametrize("when, times", [("after", 1), ("before", 0)])
def test_a_server_that_stays_away_leaves_it_unknown_and_nobody_claims_otherwise(
    proxy: Proxy, write: Write, when: str, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commits, "LONGEST_SECONDS", 0.5)
    proxy.cut_commit(when, then_away=True)
    with pytest.raises(CommitUnknown):
        write("a note")
    proxy.admit()
    assert stored() == ({"a note": times} if times else {})
    assert write("another") == 1, "the desk works on"


def test_reset_half_closed_and_slow_connections_are_replaced_without_a_word(proxy: Proxy, write: Write) -> None:
    for number, harm in enumerate((proxy.reset, proxy.half_close, lambda: setattr(proxy, "latency", 0.01)) * 2):
        harm()
        write(f"note {number}")
    assert stored() == {f"note {number}": 1 for number in range(6)}


def test_a_connection_that_was_silent_for_a_while_goes_on_where_it_was(proxy: Proxy, write: Write) -> None:
    proxy.hold()
    back = threading.Timer(0.7, proxy.go_on)
    back.start()
    assert write("a note") == 1
    assert stored() == {"a note": 1}


def test_a_report_is_read_again_after_a_lost_answer(proxy: Proxy, write: Write, app: Flask) -> None:
    proxy.cut_commit("after")
    write("a note")
    assert db.session.scalars(select(Report.status)).one() == "open"


def test_a_number_given_out_twice_is_not_taken_for_ours(write: Write) -> None:
    """A server that crashes before it wrote a transaction down gives its number to the next one."""
    write("another's")
    number = db.session.scalar(text("SELECT CAST(xmin AS text) FROM notes"))
    theirs = db.session.scalars(select(Event).where(Event.kind == "note.added")).one()
    told = {name: getattr(theirs, name) for name in ("kind", "report_id", "operator_id", "occurred_at")}
    ours = told | {"occurred_at": clock.now()}

    def took_place(number: str, *lines: object) -> bool:
        return commits.took_place(db.engine, number, {"events": lines}, clock.steady())

    assert took_place(number, told)
    assert not took_place(number, ours)
    assert not took_place(str(int(number) + 1_000_000), ours), "the server has never given it out"


def test_after_a_crash_nobody_claims_what_left_nothing_to_look_for() -> None:
    server = Postgres(options=("synchronous_commit=on",))
    try:
        engine = create_engine(server.start().url())
        with engine.begin() as connection:
            number = connection.scalar(text("SELECT CAST(pg_current_xact_id() AS text)"))
        time.sleep(1)
        said_at = clock.steady()
        assert commits.took_place(engine, number, {}, said_at)
        server.stop("immediate")
        server.start()
        with pytest.raises(CommitUnknown):
            commits.took_place(engine, number, {}, said_at)
        engine.dispose()
    finally:
        server.remove()
