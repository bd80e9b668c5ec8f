"""What a page hears of: only what its reader may know, and enough for its rows to leave when the right ends."""

from __future__ import annotations

from tests.scene import Scene
from triage.actions import accounts, people, routing, sessions, teams
from triage.db import db
from triage.events import Kind
from triage.models import Operator, Team
from triage.queries import changes


def _heard(who: Operator, since: int = 0) -> list[dict[str, object]]:
    return changes.after(since, who)[0]


def test_a_report_that_goes_to_a_team_of_others_is_told_by_its_number_alone(scene: Scene) -> None:
    maya, zawadi = scene.operator("Maya"), scene.operator("Zawadi", "coordinator")
    scene.do(lambda: teams.add_team("Coast", zawadi))
    report = scene.sms("The station is closed.")
    since = scene.head()
    scene.do(lambda: routing.route(report.id, zawadi, db.session.query(Team).one().id))
    scene.do(lambda: routing.prioritise(report.id, zawadi, 0))
    heard = _heard(maya, since)
    assert [(one["kind"], one["report"], one["operator"], one["data"]) for one in heard] == [
        (Kind.REPORT_ROUTED, report.id, None, {})]
    assert [one["kind"] for one in _heard(zawadi, since)] == [Kind.REPORT_ROUTED, Kind.REPORT_PRIORITISED]
    assert [one["data"] for one in _heard(zawadi, since)] != [{}, {}]


def test_an_operator_hears_nothing_of_other_peoples_access_accounts_and_raw_items(scene: Scene) -> None:
    maya, ben = scene.operator("Maya"), scene.operator("Ben")
    zawadi = scene.operator("Zawadi", "coordinator", "admin")
    since = scene.head()
    scene.do(lambda: people.set_password(ben.id, "x"))
    scene.do(lambda: sessions.open(ben.id, "hash", ""))
    scene.do(lambda: sessions.end_all(ben.id, by=ben.id))
    scene.do(lambda: accounts.pause(2, zawadi))
    scene.do(lambda: people.change(ben.id, zawadi, people.Changes(capacity=3)))
    assert not _heard(maya, since)
    assert [one["kind"] for one in _heard(ben, since)] == [Kind.PASSWORD_SET, Kind.SESSION_ENDED, Kind.OPERATOR_CHANGED]
    assert len(_heard(zawadi, since)) == 4


def test_numbers_come_in_order_and_reach_the_end_also_where_nothing_is_told(scene: Scene) -> None:
    maya, ben = scene.operator("Maya"), scene.operator("Ben")
    scene.sms("The station is closed.")
    scene.do(lambda: people.set_password(ben.id, "x"))
    items, reached = changes.after(0, maya)
    assert reached == scene.head()
    assert [one["seq"] for one in items] == sorted(one["seq"] for one in items)
