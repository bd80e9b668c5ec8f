"""The queue: claim, take next, release, assign, team, capacity, close, discard, reopen, snooze."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.scene import Scene
from triage import clock
from triage.actions import assignments, closing, notes, routing, teams
from triage.db import db
from triage.errors import (
    AlreadyAssigned,
    AlreadyClosed,
    AtCapacity,
    BadInput,
    Forbidden,
    LiveReportExists,
    NotClaimable,
    NotFound,
    NotTheHolder,
)
from triage.events import Kind
from triage.models import Note, Team
from triage.queries import inbox

ANOTHER = "+254711000999"


def test_second_claim_is_refused_and_names_the_holder(scene: Scene) -> None:
    maya, ben = scene.operator("Maya"), scene.operator("Ben")
    report = scene.sms("The station is closed.")
    scene.claim(report, maya)
    with pytest.raises(AlreadyAssigned, match="Maya took this"):
        scene.claim(report, ben)
    assert scene.holder(report) == "Maya"


def test_claiming_again_gives_the_holder_the_same_assignment(scene: Scene) -> None:
    maya = scene.operator("Maya")
    report = scene.sms("The station is closed.")
    assert scene.claim(report, maya).id == scene.claim(report, maya).id
    assert scene.kinds(report).count(Kind.REPORT_CLAIMED) == 1


def test_take_next_follows_urgency_then_the_longest_unanswered_wait(scene: Scene) -> None:
    maya, zawadi = scene.operator("Maya"), scene.operator("Zawadi", "coordinator")
    first, second, third = (scene.sms(text, f"+25471100000{text}") for text in "123")
    scene.do(lambda: routing.prioritise(third.id, zawadi, 0))
    taken = [scene.do(lambda: assignments.claim_next(maya)).report_id for _ in range(3)]
    assert taken == [third.id, first.id, second.id]
    assert scene.do(lambda: assignments.claim_next(maya)) is None


def test_a_released_report_keeps_its_place_in_the_queue(scene: Scene) -> None:
    maya, ben = scene.operator("Maya"), scene.operator("Ben")
    first = scene.sms("First.")
    scene.claim(first, maya)
    scene.sms("Second.", ANOTHER)
    scene.do(lambda: assignments.release(first.id, maya, "needs Spanish"))
    assert scene.do(lambda: assignments.claim_next(ben)).report_id == first.id
    assert db.session.query(Note).one().body == "needs Spanish"


def test_capacity_counts_what_waits_for_the_operator(scene: Scene) -> None:
    maya = scene.operator("Maya", capacity=2)
    reports = [scene.sms("Help.", f"+25471100010{number}") for number in range(3)]
    for report in reports[:2]:
        scene.claim(report, maya)
    with pytest.raises(AtCapacity, match="Maya already holds 2"):
        scene.claim(reports[2], maya)
    with pytest.raises(AtCapacity):
        scene.do(lambda: assignments.claim_next(maya))
    scene.do(lambda: routing.snooze(reports[0].id, maya, clock.now() + timedelta(hours=1)))
    assert scene.claim(reports[2], maya)


def test_only_coordinators_assign_and_capacity_holds_for_them_too(scene: Scene) -> None:
    maya, zawadi = scene.operator("Maya", capacity=1), scene.operator("Zawadi", "coordinator")
    first, second = scene.sms("One."), scene.sms("Two.", ANOTHER)
    with pytest.raises(Forbidden):
        scene.do(lambda: assignments.assign(first.id, maya.id, maya))
    scene.do(lambda: assignments.assign(first.id, maya.id, zawadi))
    assert scene.holder(first) == "Maya"
    with pytest.raises(AtCapacity):
        scene.do(lambda: assignments.assign(second.id, maya.id, zawadi))


def test_somebody_who_is_only_admin_can_neither_see_nor_take(scene: Scene) -> None:
    root = scene.operator("Root", "admin")
    report = scene.sms("The station is closed.")
    with pytest.raises(Forbidden):
        scene.claim(report, root)
    assert not inbox.page(root, "all").rows
    with pytest.raises(NotFound):
        scene.do(lambda: notes.add(report.id, root, "hello"))


def test_a_report_routed_to_a_team_is_only_for_its_members(scene: Scene) -> None:
    maya, ben, zawadi = scene.operator("Maya"), scene.operator("Ben"), scene.operator("Zawadi", "coordinator")
    scene.do(lambda: teams.add_team("Coast", zawadi))
    coast = db.session.query(Team).one()
    scene.do(lambda: teams.join_team(coast.id, ben.id, zawadi))
    report = scene.sms("The station is closed.")
    scene.do(lambda: routing.route(report.id, zawadi, coast.id))
    with pytest.raises(NotFound):
        scene.claim(report, maya)
    assert scene.claim(report, ben)


def test_routing_away_from_the_holder_returns_it_to_the_teams_queue(scene: Scene) -> None:
    maya, zawadi = scene.operator("Maya"), scene.operator("Zawadi", "coordinator")
    report = scene.sms("The station is closed.")
    scene.claim(report, maya)
    scene.do(lambda: teams.add_team("Coast", zawadi))
    coast = db.session.query(Team).one()
    scene.do(lambda: routing.route(report.id, maya, coast.id))
    assert scene.report(report.id).status == "open"
    assert Kind.REPORT_ROUTED in scene.kinds(report)


def test_only_the_holder_or_a_coordinator_closes_and_closing_twice_is_refused(scene: Scene) -> None:
    maya, ben = scene.operator("Maya"), scene.operator("Ben")
    report = scene.sms("The station is closed.")
    scene.claim(report, maya)
    with pytest.raises(NotTheHolder, match="Maya"):
        scene.do(lambda: closing.close(report.id, ben, "actionable"))
    scene.do(lambda: closing.close(report.id, maya, "actionable"))
    assert (scene.report(report.id).status, scene.holder(report)) == ("closed", None)
    with pytest.raises(AlreadyClosed):
        scene.do(lambda: closing.close(report.id, maya, "actionable"))


@pytest.mark.parametrize("outcome, reason", [("great", None), ("not_actionable", None), ("not_actionable", "dull")])
def test_closing_needs_a_known_outcome_and_a_known_reason(scene: Scene, outcome: str, reason: str | None) -> None:
    maya = scene.operator("Maya")
    report = scene.sms("The station is closed.")
    scene.claim(report, maya)
    with pytest.raises(BadInput):
        scene.do(lambda: closing.close(report.id, maya, outcome, reason))
    assert scene.report(report.id).status == "assigned"


def test_discard_is_one_step_from_the_queue_and_refused_where_another_holds(scene: Scene) -> None:
    maya, ben = scene.operator("Maya"), scene.operator("Ben")
    spam, held = scene.sms("Cheap watches"), scene.sms("Help", ANOTHER)
    scene.do(lambda: closing.discard(spam.id, maya, "spam"))
    assert (scene.report(spam.id).outcome, scene.report(spam.id).reason) == ("not_actionable", "spam")
    scene.claim(held, ben)
    with pytest.raises(AlreadyAssigned, match="Ben"):
        scene.do(lambda: closing.discard(held.id, maya, "spam"))


def test_reopening_undoes_closing_unless_a_newer_report_of_the_person_is_open(scene: Scene) -> None:
    maya = scene.operator("Maya")
    report = scene.sms("The station is closed.")
    scene.do(lambda: closing.discard(report.id, maya, "test"))
    scene.do(lambda: closing.reopen(report.id, maya))
    reopened = scene.report(report.id)
    assert (reopened.status, reopened.outcome, scene.holder(report)) == ("assigned", None, "Maya")
    assert reopened.unanswered_since is not None
    scene.do(lambda: closing.close(report.id, maya, "no_answer"))
    with scene.later(hours=100):
        newer = scene.sms("Something else.")
        assert newer.id != report.id
        with pytest.raises(LiveReportExists, match=f"#{newer.id}"):
            scene.do(lambda: closing.reopen(report.id, maya))


def test_snoozed_open_reports_cannot_be_taken_until_they_wake(scene: Scene) -> None:
    maya, zawadi = scene.operator("Maya"), scene.operator("Zawadi", "coordinator")
    report = scene.sms("The station opens at nine.")
    until = clock.now() + timedelta(hours=1)
    scene.do(lambda: routing.snooze(report.id, zawadi, until))
    with pytest.raises(NotClaimable):
        scene.claim(report, maya)
    with scene.later(hours=2):
        assert scene.claim(report, maya)


@pytest.mark.parametrize("days", [-1, 0, 8])
def test_a_snooze_ends_within_a_week(scene: Scene, days: int) -> None:
    zawadi = scene.operator("Zawadi", "coordinator")
    report = scene.sms("The station opens at nine.")
    with pytest.raises(BadInput):
        scene.do(lambda: routing.snooze(report.id, zawadi, clock.now() + timedelta(days=days)))


def test_the_holder_keeps_a_snoozed_report_and_wakes_it(scene: Scene) -> None:
    maya = scene.operator("Maya")
    report = scene.sms("The station opens at nine.")
    scene.claim(report, maya)
    scene.do(lambda: routing.snooze(report.id, maya, clock.now() + timedelta(hours=1)))
    assert scene.holder(report) == "Maya"
    scene.do(lambda: routing.wake(report.id, maya))
    assert Kind.REPORT_WOKEN in scene.kinds(report)


def test_the_list_pages_by_cursor_without_repeating_or_losing_a_row(scene: Scene) -> None:
    maya = scene.operator("Maya")
    made = [scene.sms("Help.", f"+2547110{number:05d}").id for number in range(23)]
    seen: list[int] = []
    cursor = None
    while True:
        page = inbox.page(maya, "new", limit=5, after=cursor)
        seen += [row.id for row in page.rows]
        cursor = page.next
        if cursor is None:
            break
    assert seen == made
    assert inbox.counts(maya)["new"] == len(made)


def test_a_broken_cursor_gets_a_sentence(scene: Scene) -> None:
    maya = scene.operator("Maya")
    with pytest.raises(BadInput, match="Start from the top"):
        inbox.page(maya, "new", after="%%%")
