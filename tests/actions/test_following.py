"""Where a desk wishes it: what is linked into an incident goes to the one person who holds others of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from tests.actions.test_incidents import Incidents
from tests.scene import Scene
from triage.db import db
from triage.events import Kind
from triage.models import Event, Operator


@pytest.fixture
def told(app: Flask, scene: Scene) -> Incidents:
    """Four tellings on a desk that wishes it; Maya holds the first."""
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], prefer_same_operator=True)
    made = Incidents(scene)
    scene.claim(scene.report(made.a), made.maya)
    return made


def holder(told: Incidents, number: int) -> str | None:
    """Who holds a report."""
    return told.scene.holder(told.scene.report(number))


def test_what_is_linked_goes_to_the_one_who_holds_others_with_an_event_that_says_why(told: Incidents) -> None:
    told.link(told.b, told.a)
    assert holder(told, told.b) == "Maya"
    given = db.session.query(Event).filter_by(kind=Kind.REPORT_ASSIGNED).one()
    assert (given.report_id, given.operator_id, given.data["to"]) == (told.b, told.zawadi.id, told.maya.id)
    assert given.data["incident"] == told.scene.report(told.b).incident_id
    told.link(told.c, told.b)
    assert holder(told, told.c) == "Maya"
    told.leave(told.c)
    assert holder(told, told.c) == "Maya"  # an assignment of its own, which she may give back


def test_what_another_holds_stays_with_them_and_of_two_nobody_is_chosen(told: Incidents) -> None:
    told.scene.claim(told.scene.report(told.b), told.ben)
    told.link(told.b, told.a)
    assert holder(told, told.b) == "Ben"
    told.link(told.c, told.a)
    assert holder(told, told.c) is None


@pytest.mark.parametrize("changes", [{"shift": "finishing"}, {"shift": "off"}, {"capacity": 1}])
def test_who_is_not_there_or_has_no_room_gets_nothing(told: Incidents, changes: dict[str, object]) -> None:
    def change() -> None:
        for name, value in changes.items():
            setattr(db.session.get_one(Operator, told.maya.id), name, value)

    told.scene.do(change)
    told.link(told.b, told.a)
    assert holder(told, told.b) is None
    assert told.together() == [{told.a, told.b}]


def test_no_desk_does_it_unasked(app: Flask, told: Incidents) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], prefer_same_operator=False)
    told.link(told.b, told.a)
    assert holder(told, told.b) is None
