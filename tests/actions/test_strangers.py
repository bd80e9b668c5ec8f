"""The same long text of two people: where they name different stations, or are trained to report, a person is asked."""

from __future__ import annotations

import pytest

from tests.scene import Scene
from triage.actions import comparing, gazetteer, ingest, journal, observers, placing
from triage.db import db
from triage.errors import BadInput, Forbidden, NotFound
from triage.events import Kind
from triage.gazetteer import sheet
from triage.models import Contact, Event, Match, Place, Report

TABLE = ("code,name,aliases,parent\nKSM,Kisumu,,\nNKR,Nakuru,,\nKSM-012,Hill School,Hilltop,KSM\n"
         "KSM-013,Chapel Hall,,KSM\nNKR-013,Lake School,,NKR\n")
SAID = "The polling station has run out of ballot papers and many people are leaving without a vote"
ROSA, TOM = "+254711000001", "+254711000002"


@pytest.fixture
def listed(scene: Scene) -> Scene:
    """A desk with a list of places."""
    read = sheet.read(TABLE.encode())
    scene.do(lambda: gazetteer.enter(read))
    return scene


def is_copy(scene: Scene, first: str, second: str, *, by: str = TOM) -> bool:
    """Whether the second of two texts becomes a copy of the first; if not, people are asked whether it is one."""
    one, other = scene.sms(first, ROSA), scene.sms(second, by)
    assert other.duplicate_of in (None, one.id)
    kept = db.session.query(Match).filter_by(report_id=other.id, other_id=one.id, kind="same_message").one()
    assert kept.state == ("suggested" if other.duplicate_of is None else "linked")
    return other.duplicate_of is not None


@pytest.mark.parametrize("first, second, copy", [
    ("", "", True),
    ("KSM-012: ", "", True),
    ("Kisumu. ", "KSM-012. ", True),  # a station in the county that the other names
    ("KSM-012. Kisumu. ", "Kisumu. ", True),
    ("KSM-012. Kisumu. ", "KSM-013. Kisumu. ", False),
    ("KSM-012. ", "in Nakuru", False),
    ("KSM-777. ", "KSM-778. ", False),  # codes that nobody knows
])
def test_stations_that_two_people_name_keep_the_same_words_apart(
    listed: Scene, first: str, second: str, copy: bool
) -> None:
    assert is_copy(listed, first + SAID, f"{SAID} {second}".strip()) is copy


def test_codes_count_where_the_desk_has_no_list_of_places(scene: Scene) -> None:
    assert not is_copy(scene, f"PU 07/11/03/004. {SAID}", f"{SAID} PU 07/11/03/005")


def test_one_person_may_name_two_stations_in_the_same_words(listed: Scene) -> None:
    listed.account("mastodon", "@harbour@social.example")
    first = listed.post(f"KSM-012. {SAID}")
    assert listed.post(f"{SAID} KSM-013").duplicate_of == first.id


def test_a_place_inside_the_others_is_no_other_place(listed: Scene) -> None:
    cora, first = listed.operator("Cora", "coordinator"), listed.sms(SAID, ROSA)
    message = listed.message(SAID, TOM)
    listed.do(lambda: ingest.receive(journal.Arrival("simulator", "sms", "1", b"{}"), lambda: [message]))
    second = listed.newest()
    by_code = dict(db.session.query(Place.code, Place.id).all())
    listed.do(lambda: placing.set_place(first.id, cora, by_code["KSM"]))
    listed.do(lambda: placing.set_place(second.id, cora, by_code["KSM-012"]))
    listed.do(lambda: comparing.compare(second.id))
    assert listed.report(second.id).duplicate_of == first.id


# ---------------------------------------------------------------- observers


def known_as(report: Report) -> bool:
    """Whether the sender is a registered observer."""
    db.session.rollback()
    return db.session.get_one(Contact, report.contact_id).observer_since is not None


def test_what_an_observer_sends_later_is_a_question(scene: Scene) -> None:
    scene.account("mastodon", "@harbour@social.example")
    cora, earlier = scene.operator("Cora", "coordinator"), scene.post("Good morning", "@tom@social.example")
    scene.do(lambda: observers.name(earlier.id, cora, observer=True))
    first = scene.post(SAID, "@rosa@social.example")
    assert scene.post(SAID, "@tom@social.example").duplicate_of is None
    assert scene.post(SAID, "@eve@social.example").duplicate_of == first.id


def test_an_observer_is_named_once_and_told_in_the_history(scene: Scene) -> None:
    cora, report = scene.operator("Cora", "coordinator"), scene.sms(SAID, TOM)
    for observer in (True, True):
        scene.do(lambda observer=observer: observers.name(report.id, cora, observer=observer))
    assert known_as(report)
    told = db.session.query(Event).filter_by(kind=Kind.CONTACT_OBSERVER).one()
    assert (told.report_id, told.operator_id, told.data) == (
        report.id, cora.id, {"contact": report.contact_id, "verdict": "named"})
    scene.do(lambda: observers.name(report.id, cora, observer=False))
    assert not known_as(report)


def test_the_same_words_of_an_observer_and_another_are_a_question_and_a_copy_once_they_are_none(scene: Scene) -> None:
    cora = scene.operator("Cora", "coordinator")
    first = scene.sms(SAID, ROSA)
    scene.do(lambda: observers.name(first.id, cora, observer=True))
    second = scene.sms(SAID, TOM)
    assert second.duplicate_of is None
    scene.do(lambda: observers.name(first.id, cora, observer=False))
    assert scene.sms(SAID, "+254711000003").duplicate_of in (first.id, second.id)


def test_only_coordinators_name_observers_and_only_who_is_known(scene: Scene) -> None:
    cora, maya, report = scene.operator("Cora", "coordinator"), scene.operator("Maya"), scene.sms(SAID, TOM)
    with pytest.raises(Forbidden):
        scene.do(lambda: observers.name(report.id, maya, observer=True))
    with pytest.raises(NotFound):
        scene.do(lambda: observers.name(987_654, cora, observer=True))
    scene.do(lambda: setattr(db.session.get_one(Report, report.id), "contact_id", None))
    with pytest.raises(BadInput):
        scene.do(lambda: observers.name(report.id, cora, observer=True))
