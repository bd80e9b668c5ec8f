"""The socket: who may listen, what they hear (a number), and that nothing a browser says there does anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient
from flask_socketio import SocketIOTestClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from tests.rights.row import READERS
from tests.rights.stage import ACTORS, Stage
from tests.web.test_live import HANDSHAKE, OURS, Engine
from triage.actions import people, sessions
from triage.db import db, run_in_transaction
from triage.models import Operator, StaffSession
from triage.queries import sessions as living
from triage.web.live import STAFF, Live

# Every event a browser may send, and every event it may hear. A handler without a row fails.
SAID_BY_BROWSERS = {"connect", "disconnect"}
HEARD = {"changed"}
TRIED = ("join", "claim", "changed", "message", "json", "subscribe", "presence", "enter_room", "reply")


@pytest.fixture
def live(stage: Stage) -> Iterator[Live]:
    """The socket side of the stage, its doors in place again afterwards."""
    found: Live = stage.app.extensions["live"]
    inner = found._inner
    yield found
    found._inner = inner
    stage.put_back()


def browser(stage: Stage, actor: str) -> FlaskClient:
    """A browser with the session of this actor."""
    client = stage.app.test_client()
    client.set_cookie("triage", stage.cookie(actor))
    return client


def knock(stage: Stage, actor: str) -> TestResponse:
    """Ask the gate for a socket."""
    return browser(stage, actor).get(HANDSHAKE, headers=OURS)


def listener(stage: Stage, live: Live, actor: str) -> SocketIOTestClient:
    """A socket of this actor, as if the gate had let it through."""
    return SocketIOTestClient(stage.app, live._io, flask_test_client=browser(stage, actor))


@pytest.mark.parametrize("actor", ACTORS)
def test_the_gate_lets_in_who_may_read_reports_and_nobody_else(stage: Stage, live: Live, actor: str) -> None:
    engine = Engine(stage.app)
    assert (knock(stage, actor).status_code == 200) == (actor in READERS)
    assert engine.through == (actor in READERS)


@pytest.mark.parametrize("actor", ACTORS)
def test_behind_the_gate_it_is_asked_again(stage: Stage, live: Live, actor: str) -> None:
    assert listener(stage, live, actor).is_connected() == (actor in READERS)


def test_every_event_has_a_row(live: Live) -> None:
    assert {name for names in live._io.server.handlers.values() for name in names} == SAID_BY_BROWSERS
    assert live._io.server.namespace_handlers == {}


def test_what_is_heard_is_a_number_and_nothing_else(stage: Stage, live: Live) -> None:
    for actor in sorted(READERS):
        one = listener(stage, live, actor)
        live.hint(stage.seq + 5)
        heard = one.get_received()
        assert [event["name"] for event in heard] == ["changed", "changed"]
        assert {event["name"] for event in heard} == HEARD
        assert [event["args"] for event in heard] == [[{"head": stage.seq}], [{"head": stage.seq + 5}]]


@pytest.mark.parametrize("actor", sorted(READERS))
def test_nothing_a_browser_says_does_anything(stage: Stage, live: Live, actor: str) -> None:
    one, other = listener(stage, live, actor), listener(stage, live, "coordinator")
    for client in (one, other):
        client.get_received()
    rooms = set(live._io.server.manager.rooms["/"])
    for event in TRIED:
        one.emit(event, {"room": STAFF, "report_id": stage.matters["others"].report, "head": 1})
        one.emit(event, f"operator:{stage.names['Zuri']}")
    assert one.get_received() == []
    assert other.get_received() == []
    assert set(live._io.server.manager.rooms["/"]) == rooms
    assert not stage.changed()
    one.connect("/admin")
    assert not one.is_connected("/admin")


CHANGES: tuple[Callable[[int, Operator], object], ...] = (
    lambda number, admin: people.change(number, admin, people.Changes(roles=["auditor"])),
    lambda number, admin: people.change(number, admin, people.Changes(active=False)),
    lambda number, _admin: sessions.end_all(number),
    lambda number, _admin: expire(number),
)


def expire(number: int) -> int:
    """The sessions of this person are over by the clock, and the sweep comes by."""
    over = update(StaffSession).where(StaffSession.operator_id == number)
    db.session.execute(over.values(expires_at=StaffSession.created_at))
    return sessions.purge()


@pytest.mark.parametrize("change", CHANGES)
def test_who_lost_the_right_stops_hearing_and_is_not_let_in_again(
    stage: Stage, live: Live, change: Callable[[int, Operator], object]
) -> None:
    one, other = listener(stage, live, "operator"), listener(stage, live, "both")
    number, before = stage.names["Maya"], stage.scene.head()
    admin = db.session.get_one(Operator, stage.names["Axel"])
    run_in_transaction(lambda: change(number, admin))
    after = stage.scene.head()
    parted = living.parted(before, after)
    assert parted == {number}, "what every web node looks for in the events"
    for operator_id in parted:
        live.end(operator_id)
    other.get_received()
    live.hint(after)
    assert not one.is_connected()
    assert [event["name"] for event in other.get_received()] == ["changed"]
    assert knock(stage, "operator").status_code == 403


def test_a_right_lost_acts_on_the_next_request(stage: Stage) -> None:
    client, path = browser(stage, "operator"), f"/desk/reports/{stage.matters['open'].report}"
    assert client.get(path).status_code == 200
    stage.scene.do(lambda: setattr(db.session.get_one(Operator, stage.names["Maya"]), "roles", frozenset({"admin"})))
    answer = client.get(path)
    assert (answer.status_code, stage.leaks("admin", answer)) == (403, [])
    stage.put_back()
    assert client.get(path).status_code == 200
