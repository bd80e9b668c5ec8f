"""Lines of the list: what they say of the copies that go with a report, and what that costs."""

from __future__ import annotations

import pytest

from tests.queries.test_plans import asked
from tests.scene import Scene
from triage.actions import closing, copies, routing, teams
from triage.db import db
from triage.models import Operator, Report, Team
from triage.queries import inbox
from triage.queries.shapes import Row

LONG = "The polling station at the old school in Kibera has run out of ballot papers and people are leaving"
ROSA, TOM, EVE = "+254711000001", "+254711000002", "+254711000003"


def counts(row: Row) -> tuple[int, int, int]:
    """Copies, senders, channels."""
    return row.copy_count, row.sender_count, row.channel_count


def line(actor: Operator, report: Report) -> Row:
    """The report's line as somebody sees it."""
    (found,) = [row for row in inbox.page(actor, "all").rows if row.id == report.id]
    return found


@pytest.fixture
def maya(scene: Scene) -> Operator:
    """An operator."""
    return scene.operator("Maya")


def test_a_line_without_copies_is_said_by_one_person_on_one_channel(scene: Scene, maya: Operator) -> None:
    assert counts(line(maya, scene.sms(LONG, ROSA))) == (0, 1, 1)


def test_copies_senders_and_channels_are_counted_the_reports_own_included(scene: Scene, maya: Operator) -> None:
    scene.account("mastodon", "@harbour@social.example")
    zawadi, first = scene.operator("Zawadi", "coordinator"), scene.sms(LONG, ROSA)
    scene.sms(LONG, TOM)
    for _ in range(2):
        post = scene.post(LONG, "@tom@social.example")
        if post.duplicate_of is None:
            scene.do(lambda post=post: copies.link(post.id, first.id, zawadi))
    assert counts(line(maya, first)) == (3, 3, 2)


def test_who_is_not_known_is_somebody_else_each_time(scene: Scene, maya: Operator) -> None:
    first = scene.sms(LONG, ROSA)
    others = [scene.sms(LONG, who).id for who in (TOM, EVE)]
    scene.do(lambda: db.session.query(Report).filter(Report.id.in_(others)).update({"contact_id": None}))
    assert counts(line(maya, first)) == (2, 3, 1)


def test_a_copy_taken_out_is_not_counted(scene: Scene, maya: Operator) -> None:
    zawadi, first = scene.operator("Zawadi", "coordinator"), scene.sms(LONG, ROSA)
    copy = scene.sms(LONG, TOM)
    assert counts(line(maya, first)) == (1, 2, 1)
    scene.do(lambda: copies.unlink(copy.id, zawadi))
    assert counts(line(maya, first)) == (0, 1, 1)


def test_copies_of_a_closed_report_are_still_counted(scene: Scene, maya: Operator) -> None:
    first = scene.sms(LONG, ROSA)
    scene.sms(LONG, TOM)
    scene.do(lambda: closing.discard(first.id, maya, "spam"))
    assert [counts(row) for row in inbox.page(maya, "resolved").rows] == [(1, 2, 1)]


def test_copies_that_are_another_teams_are_not_counted_for_whoever_may_not_read_them(
    scene: Scene, maya: Operator
) -> None:
    zawadi, first, second = scene.operator("Zawadi", "coordinator"), scene.sms(LONG, ROSA), scene.sms("No ink", TOM)
    scene.do(lambda: teams.add_team("Coast", zawadi))
    coast = db.session.query(Team).one().id
    scene.do(lambda: routing.route(second.id, zawadi, coast))
    scene.do(lambda: copies.link(second.id, first.id, zawadi))
    assert (counts(line(maya, first)), counts(line(zawadi, first))) == ((0, 1, 1), (1, 2, 1))


def test_a_page_asks_as_often_with_many_copies_as_with_none(scene: Scene, maya: Operator) -> None:
    scene.sms(LONG, ROSA)
    with asked() as alone:
        inbox.page(maya, "all")
    for number in range(6):
        scene.sms(LONG, f"+25471100010{number}")
        scene.sms(f"Here number {number} of the queue fights with number {number + 50}", f"+25471100020{number}")
    with asked() as crowded:
        assert len(inbox.page(maya, "all").rows) > 3
    assert len(crowded) == len(alone)
