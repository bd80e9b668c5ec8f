"""What was closed and is told again by new people: a coordinator is asked once, and again only when more do."""

from __future__ import annotations

import pytest

import config
from tests import checker
from tests.scene import Scene
from triage.actions import closing, repeats
from triage.db import db
from triage.errors import Forbidden
from triage.models import Operator, Report
from triage.queries import floor

pytestmark = pytest.mark.parametrize("settings", [{"acknowledge": False}], indirect=True)
LONG = "The polling station at the old school in Kibera has run out of ballot papers and people are leaving"
ROSA = "+254711000111"


class Rumour:
    """Maya has set aside what Rosa told; others tell it too."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.maya, self.zawadi = scene.operator("Maya"), scene.operator("Zawadi", "coordinator")
        self.first = scene.sms(LONG, ROSA).id
        scene.do(lambda: closing.discard(self.first, self.maya, "off_topic"))

    def told_by(self, *people: int) -> None:
        """New people, by number, tell it."""
        for number in people:
            self.scene.sms(LONG, f"+254722000{number:03d}")

    def asked(self) -> list[tuple[int, str, int]]:
        """What the floor asks: report, how it ended, how many people."""
        db.session.rollback()
        actor = db.session.get_one(Operator, self.zawadi.id)
        return [(one.report_id, one.name, one.count) for one in floor.floor(actor).decisions if one.kind == "repeated"]


@pytest.fixture
def rumour(scene: Scene, settings: config.Settings) -> Rumour:
    """Whatever the test does, the desk is sound afterwards."""
    made = Rumour(scene)
    yield made
    db.session.rollback()
    checker.check(settings)


def test_three_new_people_within_an_hour_make_it_a_question_asked_once(rumour: Rumour) -> None:
    rumour.told_by(1, 2)
    assert rumour.asked() == []
    rumour.told_by(3)
    assert rumour.asked() == [(rumour.first, "off_topic", 3)]
    rumour.told_by(4)
    assert rumour.asked() == [(rumour.first, "off_topic", 4)]
    assert rumour.scene.kinds().count("report.repeated") == 1


def test_left_as_it_is_it_is_asked_again_only_after_as_many_more(rumour: Rumour) -> None:
    rumour.told_by(1, 2, 3)
    with pytest.raises(Forbidden):
        rumour.scene.do(lambda: repeats.leave_closed(rumour.first, rumour.maya))
    for _ in range(2):
        rumour.scene.do(lambda: repeats.leave_closed(rumour.first, rumour.zawadi))
    assert rumour.scene.kinds().count("report.left_closed") == 1
    rumour.told_by(4, 5)
    assert rumour.asked() == []
    rumour.told_by(6)
    assert rumour.asked() == [(rumour.first, "off_topic", 3)]


def test_those_who_told_it_before_and_those_of_another_hour_are_not_counted(scene: Scene) -> None:
    rumour = Rumour.__new__(Rumour)
    rumour.scene, rumour.maya, rumour.zawadi = scene, scene.operator("Maya"), scene.operator("Zawadi", "coordinator")
    rumour.first = scene.sms(LONG, ROSA).id
    rumour.told_by(1)
    scene.do(lambda: closing.close(rumour.first, rumour.zawadi, "actionable"))
    copy = db.session.query(Report).filter(Report.duplicate_of == rumour.first).one()
    scene.do(lambda: setattr(db.session.get_one(Report, copy.id), "thread_key", "another"))  # she writes anew
    rumour.told_by(2, 3)
    with scene.later(minutes=61):
        rumour.told_by(4, 5)
        assert rumour.asked() == []
        rumour.told_by(6)
        assert rumour.asked() == [(rumour.first, "actionable", 5)]


def test_opened_again_it_is_the_coordinators_with_all_who_told_it(rumour: Rumour) -> None:
    rumour.told_by(1, 2, 3)
    rumour.scene.do(lambda: closing.reopen(rumour.first, rumour.zawadi))
    assert rumour.asked() == []
    assert rumour.scene.holder(rumour.scene.report(rumour.first)) == "Zawadi"
    assert {one.status for one in db.session.query(Report).filter(Report.duplicate_of == rumour.first)} == {"duplicate"}
