"""A telephone in a drawer from end to end, over HTTP: a text becomes a report, its answer is radioed exactly once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine

import config
from tests.fakes.phone import Phone, Script, SmsSync, over_http
from tests.faults.browser import Browser
from tests.patience import until
from tests.scene import Scene
from tests.served import Served
from tests.visitor import PASSWORD
from tests.web.phones import KEY, at_gateway
from triage import passwords
from triage.db import db

pytestmark = pytest.mark.either
CITIZEN = "+447700900523"
LINE, MAYAS = "+254700100200", "+254700100201"
SAID = "Kituo 14 kimefungwa mapema."
KINDS: dict[str, type[Phone]] = {"smssync": SmsSync, "json": Script}


class Desk:
    """A real server, two telephones (the desk's and Maya's), and Maya at her browser."""

    def __init__(self, settings: config.Settings, numbers: tuple[int, int], style: str) -> None:
        self.served = Served(replace(settings, undo_seconds=0, attempt_seconds=3))
        self.maya = Browser(self.served.address)
        made = [KINDS[style](over_http(self.served.address), number, KEY, self.served.address) for number in numbers]
        self.line, self.drawer = made
        self._engine = create_engine(settings.database_url, poolclass=NullPool)

    def one(self, query: str) -> Any:
        """The first column of the first row; None where there is none."""
        with self._engine.connect() as connection:
            row = connection.exec_driver_sql(query).first()
        return row[0] if row else None

    def becomes(self, state: str) -> bool:
        """Whether the newest answer comes to this state."""
        return until(lambda: self.state() == state, 30)

    def state(self) -> str:
        """The state of the newest answer."""
        return str(self.one("SELECT state FROM deliveries WHERE purpose = 'reply' ORDER BY id DESC LIMIT 1"))

    def answered(self, text: str = "Asante. Watu wangapi wanasubiri?") -> int:
        """Somebody writes to the line; Maya takes the report and answers: its number."""
        assert self.line.brings("sms-1", CITIZEN, SAID).status == 200
        report = int(self.one("SELECT max(id) FROM reports"))
        self.maya.sign_in("maya@desk.example")
        self.maya.take(report)
        form = self.maya.form(report)
        assert form is not None
        assert self.maya.reply(report, form, text) in (200, 302, 303), self.maya.log[-1]
        assert self.becomes("queued")
        return report

    def close(self) -> None:
        """The end."""
        self.served.kill()
        self._engine.dispose()


@pytest.fixture(params=sorted(KINDS))
def desk(scene: Scene, settings: config.Settings, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """A desk whose numbers are two SIMs, not started yet."""
    maya = scene.operator("Maya")
    scene.do(lambda: setattr(maya, "password_hash", passwords.hashed(PASSWORD, "low")))
    style = request.param
    line = at_gateway(scene, LINE, style=style)
    scene.do(lambda: setattr(line, "can_send", False))  # no acknowledgements: only answers are counted here
    own = at_gateway(scene, MAYAS, style=style, operator=maya, mode="collect")
    scene.do(lambda: [setattr(each, "can_send", each.provider == "gateway") for each in scene.accounts_of(maya)])
    numbers = line.id, own.id
    db.session.remove()
    made = Desk(settings, numbers, style)
    yield made
    made.close()


def test_a_text_is_taken_answered_radioed_once_and_delivered(desk: Desk) -> None:
    desk.served.start()
    desk.answered()
    assert [desk.drawer.turn() for _ in range(3)] == [1, 0, 0]
    assert desk.state() == "sent"
    (radioed,) = desk.drawer.radioed
    assert radioed.to == CITIZEN
    assert radioed.text.startswith("Asante. Watu wangapi wanasubiri?")
    assert desk.drawer.reports().status == 200
    assert desk.becomes("delivered")
    assert desk.drawer.brings("sms-2", CITIZEN, "Watu mia moja.").status == 200
    assert desk.one("SELECT count(*) FROM reports") == 1, "who writes back to the holder's number is on the same report"


def test_a_telephone_that_dies_with_it_leaves_a_doubt_for_a_person(desk: Desk) -> None:
    desk.served.start()
    desk.answered()
    lost = desk.drawer.fetches()
    assert len(lost) == 1
    assert desk.becomes("uncertain")
    assert desk.drawer.turn() == 0
    assert desk.drawer.confirms(lost) == [lost[0].name]
    assert desk.state() == "sent"


def restarted(desk: Desk, point: str) -> None:
    """Start the server so that it dies where it comes to this point, and nobody takes its place."""
    desk.served.start(TRIAGE_CRASHPOINT=point)
    desk.served.hold_master()


@pytest.mark.faults
@pytest.mark.parametrize("point", ["in.arrived", "in.verified", "in.journalled", "in.filed", "in.committed"])
def test_a_desk_that_dies_with_a_text_has_it_once_in_the_end(desk: Desk, point: str) -> None:
    restarted(desk, point)
    assert desk.line.brings("sms-1", CITIZEN, SAID).status == 0
    desk.served.kill()
    desk.served.start()
    assert desk.line.brings("sms-1", CITIZEN, SAID).status == 200
    assert desk.one("SELECT count(*) FROM messages WHERE direction = 'in'") == 1


@pytest.mark.faults
@pytest.mark.parametrize("point, handed", [("out.begun", False), ("out.intent", True)])
def test_a_desk_that_dies_while_it_hands_over_radios_at_most_once(desk: Desk, point: str, handed: bool) -> None:
    desk.served.start()
    desk.answered()
    desk.served.kill()
    restarted(desk, point)
    assert desk.drawer.turn() == 0
    desk.served.kill()
    desk.served.start()
    if handed:  # begun, and the telephone never heard of it: only a person can know
        assert desk.becomes("uncertain")
        assert desk.drawer.turn() == 0
    else:
        assert until(lambda: desk.drawer.turn() == 1, 20)
    assert len(desk.drawer.radioed) == (0 if handed else 1)


@pytest.mark.faults
@pytest.mark.parametrize("point", ["out.settling", "out.settled"])
def test_a_desk_that_dies_while_it_is_told_lets_nothing_leave_twice(desk: Desk, point: str) -> None:
    desk.served.start()
    desk.answered()
    desk.served.kill()
    restarted(desk, point)
    fetched = desk.drawer.fetches()
    assert desk.drawer.confirms(fetched) == [], "no answer: nothing is radioed"
    desk.served.kill()
    desk.served.start()
    desk.drawer.radio([each for each in fetched if each.name in desk.drawer.confirms(fetched)])
    assert desk.becomes("sent")
    assert desk.drawer.turn() == 0
    assert len(desk.drawer.radioed) == 1
