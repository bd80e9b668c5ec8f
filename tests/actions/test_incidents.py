"""Reports of one incident: linked by what a person says, taken out as if they had never been; each voice its own."""

from __future__ import annotations

import pytest

from tests.scene import Scene
from triage.actions import closing, copies, incidents, relating
from triage.db import db
from triage.errors import BadInput, Forbidden, NotFound, NotTheHolder
from triage.events import Kind
from triage.models import Event, Incident, Match, Operator
from triage.queries import relations

TELLINGS = (
    "Ballot papers ran out at Kibera primary school, hundreds of voters are waiting outside",
    "Kibera primary school has no more ballot papers and voters are waiting since morning",
    "Voters waiting at Kibera primary school say ballot papers ran out an hour ago",
    "They say the ballot papers at Kibera primary school ran out, many voters waiting in the sun",
)


class Incidents:
    """Four people tell of the same; Maya and Ben are operators, Zawadi coordinates."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.maya, self.ben = scene.operator("Maya"), scene.operator("Ben")
        self.zawadi = scene.operator("Zawadi", "coordinator")
        self.a, self.b, self.c, self.d = (
            scene.sms(text, f"+25471100000{number}").id for number, text in enumerate(TELLINGS))

    def link(self, one: int, other: int, who: Operator | None = None) -> None:
        """Somebody says that two tell of the same."""
        self.scene.do(lambda: incidents.link(one, other, who or self.zawadi))

    def leave(self, number: int, who: Operator | None = None) -> None:
        """Somebody takes one out."""
        self.scene.do(lambda: incidents.leave(number, who or self.zawadi))

    def together(self) -> list[set[int]]:
        """What belongs together now, in the order of the incidents."""
        db.session.rollback()
        found: dict[int, set[int]] = {}
        for number in (self.a, self.b, self.c, self.d):
            report = self.scene.report(number)
            if report.incident_id is not None and report.duplicate_of is None:
                found.setdefault(report.incident_id, set()).add(number)
        return [found[one.id] for one in db.session.query(Incident).order_by(Incident.id) if one.state == "open"]

    def offered(self, number: int) -> list[int]:
        """What a coordinator is asked about on the page of a report."""
        db.session.rollback()
        return [one.row.id for one in relations.of(number, self.zawadi).offers]

    def match(self, one: int, other: int) -> Match:
        """What was found or said of two."""
        db.session.rollback()
        return db.session.query(Match).filter_by(
            report_id=max(one, other), other_id=min(one, other), kind="same_incident").one()


@pytest.fixture
def told(scene: Scene) -> Incidents:
    """Four tellings."""
    return Incidents(scene)


def test_a_suggestion_is_confirmed_and_both_belong_to_a_new_incident(told: Incidents) -> None:
    told.scene.claim(told.scene.report(told.a), told.maya)
    asked = told.match(told.b, told.a).id
    (offer,) = [one for one in relations.of(told.b, told.maya).offers if one.row.id == told.a]
    assert (offer.kind, offer.may_confirm, offer.may_reject) == ("same_incident", True, True)
    told.scene.do(lambda: relating.confirm(asked, told.maya))
    assert told.together() == [{told.a, told.b}]
    kept = told.match(told.b, told.a)
    assert (kept.state, kept.operator_id) == ("linked", told.maya.id)
    assert told.scene.report(told.b).status == "open"
    head = told.scene.head()
    told.scene.do(lambda: relating.confirm(asked, told.maya))
    assert told.scene.head() == head


def test_one_that_comes_joins_the_incident_of_the_other(told: Incidents) -> None:
    told.link(told.a, told.b)
    told.link(told.c, told.b)
    told.link(told.b, told.d)
    assert told.together() == [{told.a, told.b, told.c, told.d}]


def test_all_of_the_younger_incident_move_into_the_older_and_each_move_is_told(told: Incidents) -> None:
    told.link(told.c, told.d)
    told.link(told.a, told.b)
    told.link(told.d, told.a)
    assert told.together() == [{told.a, told.b, told.c, told.d}]
    older, younger = db.session.query(Incident).order_by(Incident.id)
    assert (older.state, younger.state) == ("open", "closed")
    moved = db.session.query(Event).filter_by(kind=Kind.REPORT_GROUPED).order_by(Event.seq).all()[-2:]
    assert [(one.report_id, one.data) for one in moved] == [
        (told.a, {"incident": older.id, "before": younger.id, "other": told.d}),
        (told.b, {"incident": older.id, "before": younger.id, "went_with": told.a})]


def test_who_came_with_another_goes_back_with_it_and_its_own_incident_is_open_again(told: Incidents) -> None:
    told.link(told.c, told.d)
    told.link(told.a, told.b)
    told.link(told.d, told.a)
    told.leave(told.b)
    assert told.together() == [{told.a, told.c, told.d}]
    told.leave(told.a)
    assert told.together() == [{told.c, told.d}, {told.a, told.b}]


def test_an_incident_with_one_report_left_is_closed_and_open_again_when_it_comes_back(told: Incidents) -> None:
    told.link(told.a, told.b)
    told.leave(told.b)
    assert told.together() == []
    assert db.session.query(Incident).one().state == "closed"
    assert Kind.REPORT_UNGROUPED in told.scene.kinds(told.scene.report(told.b))
    told.link(told.b, told.a)
    assert told.together() == [{told.a, told.b}]
    assert db.session.query(Incident).count() == 1
    with pytest.raises(BadInput):
        told.leave(told.c)


def test_what_was_taken_out_is_never_asked_again_of_either_incident(told: Incidents) -> None:
    told.link(told.a, told.b)
    assert told.c in told.offered(told.a)
    told.link(told.c, told.b)
    assert told.offered(told.c) == [told.d]
    told.leave(told.c)
    assert told.offered(told.c) == [told.d]
    assert not {told.c} & {*told.offered(told.a), *told.offered(told.b)}
    told.link(told.d, told.c)
    assert told.offered(told.d) == []
    assert told.match(told.c, told.b).state == "undone"


def test_a_refusal_holds_for_whatever_belongs_to_either_incident(told: Incidents) -> None:
    asked = told.match(told.c, told.a).id
    told.scene.do(lambda: relating.reject(asked, told.zawadi))
    assert told.a not in told.offered(told.c)
    assert told.b in told.offered(told.c)
    told.link(told.a, told.b)
    assert told.offered(told.c) == [told.d]
    told.link(told.c, told.d)
    assert told.offered(told.a) == told.offered(told.b) == told.offered(told.c) == told.offered(told.d) == []


def test_of_an_incident_one_report_is_asked_about(told: Incidents) -> None:
    told.link(told.a, told.b)
    told.link(told.b, told.c)
    assert len(told.offered(told.d)) == 1
    new = told.scene.sms("Still waiting at Kibera primary school, ballot papers have run out here", "+254711000009").id
    asked = db.session.query(Match).filter_by(report_id=new, kind="same_incident").all()
    assert len([one for one in asked if one.other_id in (told.a, told.b, told.c)]) == 1


def test_what_one_of_an_incident_is_asked_all_of_it_are_and_any_of_their_holders_answers(told: Incidents) -> None:
    told.link(told.a, told.b)
    new = told.scene.sms("Still waiting at Kibera primary school, ballot papers have run out here", "+254711000009").id
    asked = db.session.query(Match).filter(Match.report_id == new, Match.other_id.in_((told.a, told.b))).one()
    assert new in told.offered(told.a)
    assert new in told.offered(told.b)
    told.scene.claim(told.scene.report({told.a, told.b}.difference({asked.other_id}).pop()), told.maya)
    with pytest.raises(NotTheHolder):
        told.scene.do(lambda: relating.confirm(asked.id, told.ben))
    told.scene.do(lambda: relating.confirm(asked.id, told.maya))
    assert told.scene.report(new).incident_id == told.scene.report(told.a).incident_id


def test_what_belongs_together_cannot_be_said_not_to(told: Incidents) -> None:
    asked = told.match(told.c, told.a).id
    told.link(told.a, told.b)
    told.link(told.b, told.c)
    with pytest.raises(BadInput):
        told.scene.do(lambda: relating.reject(asked, told.zawadi))
    with pytest.raises(BadInput):
        told.link(told.a, told.a)


def test_who_holds_one_of_the_two_links_and_whoever_holds_one_of_the_incident_takes_out(told: Incidents) -> None:
    told.scene.claim(told.scene.report(told.a), told.maya)
    with pytest.raises(NotTheHolder):
        told.link(told.a, told.b, told.ben)
    told.link(told.b, told.a, told.maya)
    with pytest.raises(NotTheHolder):
        told.leave(told.b, told.ben)
    with pytest.raises(NotTheHolder):
        told.scene.do(lambda: incidents.rename(told.scene.report(told.a).incident_id, told.ben, "Other"))
    told.leave(told.b, told.maya)
    assert told.together() == []


def test_a_newcomer_decides_nothing(told: Incidents) -> None:
    told.link(told.c, told.d)
    told.scene.claim(told.scene.report(told.a), told.maya)
    told.scene.do(lambda: setattr(db.session.merge(told.maya), "needs_approval", True))
    maya, incident = db.session.get_one(Operator, told.maya.id), told.scene.report(told.c).incident_id
    for act in (lambda: incidents.link(told.a, told.b, maya), lambda: incidents.leave(told.c, maya),
                lambda: incidents.rename(incident, maya, "x")):
        with pytest.raises(Forbidden):
            told.scene.do(act)


def test_a_title_is_given_and_taken_away_again(told: Incidents) -> None:
    told.link(told.a, told.b)
    incident = told.scene.report(told.a).incident_id
    told.scene.do(lambda: incidents.rename(incident, told.zawadi, "Kibera runs out of paper"))
    assert db.session.query(Incident).one().title == "Kibera runs out of paper"
    renamed = db.session.query(Event).filter_by(kind=Kind.INCIDENT_RENAMED).one()
    assert (renamed.report_id, renamed.data) == (told.a, {"incident": incident})
    with pytest.raises(BadInput):
        told.scene.do(lambda: incidents.rename(incident, told.zawadi, "x" * 201))
    with pytest.raises(NotFound):
        told.scene.do(lambda: incidents.rename(987_654, told.zawadi, "x"))


def test_a_resolved_report_belongs_to_an_incident_as_well(told: Incidents) -> None:
    told.scene.claim(told.scene.report(told.a), told.maya)
    told.scene.do(lambda: closing.close(told.a, told.maya, "actionable"))
    told.link(told.b, told.a)
    assert told.together() == [{told.a, told.b}]


# ---------------------------------------------------------------- copies


def test_the_matter_keeps_the_incident_of_a_copy_and_loses_it_when_that_is_taken_out(told: Incidents) -> None:
    told.link(told.a, told.b)
    told.scene.do(lambda: copies.link(told.b, told.c, told.zawadi))
    assert told.together() == [{told.a, told.c}]
    told.scene.do(lambda: copies.unlink(told.b, told.zawadi))
    assert told.together() == [{told.a, told.b}]


def test_a_primary_keeps_its_own_incident_and_a_copy_has_its_own_again(told: Incidents) -> None:
    told.link(told.a, told.b)
    told.link(told.c, told.d)
    told.scene.do(lambda: copies.link(told.b, told.c, told.zawadi))
    assert told.together() == [{told.c, told.d}]
    told.scene.do(lambda: copies.unlink(told.b, told.zawadi))
    assert told.together() == [{told.a, told.b}, {told.c, told.d}]


def test_two_of_one_incident_that_are_one_message_count_once(told: Incidents) -> None:
    told.link(told.a, told.b)
    told.scene.do(lambda: copies.link(told.b, told.a, told.zawadi))
    assert told.together() == []
    told.scene.do(lambda: copies.unlink(told.b, told.zawadi))
    assert told.together() == [{told.a, told.b}]


def test_a_primary_stays_where_others_came_by_it(told: Incidents) -> None:
    told.link(told.a, told.b)
    told.scene.do(lambda: copies.link(told.b, told.c, told.zawadi))
    told.link(told.d, told.c)
    told.scene.do(lambda: copies.unlink(told.b, told.zawadi))
    assert told.together() == [{told.a, told.b, told.c, told.d}]


def test_a_copy_moves_with_its_incident_and_finds_it_when_it_is_taken_out(told: Incidents) -> None:
    told.link(told.c, told.d)
    told.link(told.a, told.b)
    told.scene.do(lambda: copies.link(told.b, told.d, told.zawadi))  # asleep: the matter belongs to the other
    told.link(told.a, told.c)
    told.scene.do(lambda: copies.unlink(told.b, told.zawadi))
    assert told.together() == [{told.a, told.b, told.c, told.d}]


def test_of_a_copy_its_primary_is_linked(told: Incidents) -> None:
    told.scene.do(lambda: copies.link(told.b, told.a, told.zawadi))
    told.link(told.b, told.c)
    assert told.together() == [{told.a, told.c}]
    with pytest.raises(BadInput):
        told.link(told.a, told.b)
