"""Whoever holds a report can work on it to its end; whoever may not any more holds none."""

from __future__ import annotations

import pytest

from tests.scene import Scene
from triage.actions import assignments, closing, people, replies, routing, teams
from triage.db import db
from triage.errors import AlreadyAssigned
from triage.models import Draft, Operator, Report, Team
from triage.queries import inbox, reports


def _in_team(scene: Scene, *members: Operator) -> tuple[Report, Team, Operator]:
    zawadi = scene.operator("Zawadi", "coordinator")
    scene.do(lambda: teams.add_team("Coast", zawadi))
    coast = db.session.query(Team).one()
    for one in members:
        scene.do(lambda who=one: teams.join_team(coast.id, who.id, zawadi))
    report = scene.sms("The station is closed.")
    scene.do(lambda: routing.route(report.id, zawadi, coast.id))
    return report, coast, zawadi


def test_what_a_person_holds_stays_theirs_to_answer_when_they_leave_its_team(scene: Scene) -> None:
    maya, ben = scene.operator("Maya"), scene.operator("Ben")
    report, coast, zawadi = _in_team(scene, maya)
    held = scene.claim(report, maya)
    scene.do(lambda: teams.leave_team(coast.id, maya.id, zawadi))
    assert [row.id for row in inbox.page(maya, "mine").rows] == [report.id]
    assert not inbox.page(ben, "all").rows
    scene.do(lambda: replies.reply(report.id, maya, held.id, scene.head(), "Which station?", "key-0001"))
    scene.do(lambda: assignments.release(report.id, maya))
    assert not inbox.page(maya, "all").rows


@pytest.mark.parametrize("roles", [["auditor"], ["admin"]])
def test_whoever_may_not_read_reports_any_more_holds_none_and_sends_nothing(scene: Scene, roles: list[str]) -> None:
    maya, root = scene.operator("Maya"), scene.operator("Root", "admin")
    report = scene.sms("The station is closed.")
    scene.carry()
    held = scene.claim(report, maya)
    scene.do(lambda: replies.reply(report.id, maya, held.id, scene.head(), "Which station?", "key-0001"))
    scene.do(lambda: people.change(maya.id, root, people.Changes(roles=roles)))
    assert scene.holder(report) is None
    assert scene.report(report.id).status == "open"
    assert scene.carry() == 0


def test_a_role_more_takes_nothing_away(scene: Scene) -> None:
    maya, root = scene.operator("Maya"), scene.operator("Root", "admin")
    report = scene.sms("The station is closed.")
    scene.claim(report, maya)
    scene.do(lambda: people.change(maya.id, root, people.Changes(roles=["operator", "auditor"])))
    assert scene.holder(report) == "Maya"


def test_an_answer_that_waits_does_not_leave_after_somebody_else_closed_the_report(scene: Scene) -> None:
    maya, zawadi = scene.operator("Maya"), scene.operator("Zawadi", "coordinator")
    report = scene.sms("The station is closed.")
    scene.carry()
    held = scene.claim(report, maya)
    scene.do(lambda: replies.reply(report.id, maya, held.id, scene.head(), "Which station?", "key-0001"))
    scene.do(lambda: closing.close(report.id, zawadi, "actionable"))
    assert scene.carry() == 0
    assert db.session.query(Draft).one().body == "Which station?"
    found = scene.report(report.id)
    assert (found.status, found.unanswered_since) == ("closed", None)


def test_the_slower_of_two_is_told_who_was_faster_and_a_full_one_that_it_is_another_s(scene: Scene) -> None:
    """Who holds it is looked up after the guarded statement, so that whoever was faster is seen."""
    maya, ben = scene.operator("Maya"), scene.operator("Ben", capacity=1)
    first, second = scene.sms("The station is closed."), scene.sms("No ballots.", "+254711000777")
    scene.claim(first, maya)
    scene.claim(second, ben)
    with pytest.raises(AlreadyAssigned, match="Maya"):
        scene.claim(first, ben)


def test_a_holder_sees_the_report_of_a_foreign_team_and_nobody_else_of_theirs_does(scene: Scene) -> None:
    maya, ben = scene.operator("Maya"), scene.operator("Ben")
    report, coast, zawadi = _in_team(scene, maya)
    scene.claim(report, maya)
    scene.do(lambda: teams.leave_team(coast.id, maya.id, zawadi))
    assert reports.view(report.id, maya).may_write
    assert not inbox.rows(ben, [report.id])
