"""A message that names a place: the words are noted where they stand, and the report is there where that is clear."""

from __future__ import annotations

from unittest import mock

import pytest
from sqlalchemy import select

from channels.base import InboundMessage
from tests.queries.test_plans import asked, walked
from tests.scene import Scene
from triage.actions import gazetteer, ingest, journal, mentioning, placing
from triage.db import db
from triage.errors import NotFound, NotTheHolder
from triage.events import Kind
from triage.gazetteer import sheet
from triage.models import InboundItem, Mention, Message, Report
from triage.queries import places

TABLE = ("code,name,aliases,parent\nKSM,Kisumu,,\nNKR,Nakuru,,\nKSM-012,Hill School,Hilltop,KSM\n"
         "KSM-013,Chapel Hall,,KSM\nNKR-013,Chapel Hall,,NKR\n")


@pytest.fixture
def listed(scene: Scene) -> Scene:
    """A desk with a list of places."""
    read = sheet.read(TABLE.encode())
    scene.do(lambda: gazetteer.enter(read))
    return scene


def code_of(report: Report) -> str | None:
    """The code of the report's place."""
    found = places.views([report.place_id]).get(report.place_id or 0)
    return found.code if found else None


def mentions() -> list[tuple[str, bool]]:
    """What is noted: the words as they stand in the message, and whether a place is known for them."""
    query = select(Mention, Message.body).join(Message, Message.id == Mention.message_id).order_by(Mention.id)
    found = list(db.session.execute(query))
    assert all(body[one.start:one.stop] == one.said for one, body in found)
    return [(one.said, one.place_id is not None) for one, _body in found]


SAID = {
    "No ink at HILL SCHOOL, Kisumu": ("KSM-012", [("HILL SCHOOL", True), ("Kisumu", True)]),
    "ksm 012 is closed": ("KSM-012", [("ksm 012", True)]),
    "Chapel Hall in Nakuru is closed": ("NKR-013", [("Chapel Hall", True), ("Nakuru", True)]),
    "Chapel Hall is closed": (None, [("Chapel Hall", False)]),
    "PU 077 in Kisumu": ("KSM", [("PU 077", False), ("Kisumu", True)]),
    "Hill School and Nakuru": (None, [("Hill School", True), ("Nakuru", True)]),
    "They turn people away": (None, []),
}


@pytest.mark.parametrize("text", SAID)
def test_what_a_message_names_is_noted_and_the_report_is_there_where_it_is_clear(listed: Scene, text: str) -> None:
    code, noted = SAID[text]
    report = listed.sms(text)
    assert (code_of(report), mentions()) == (code, noted)


def test_the_place_of_the_form_comes_first_and_unknown_words_stay_text(listed: Scene) -> None:
    def form(name: str, place: str) -> Report:
        return listed.arrives(InboundMessage("web", "", name, None, "Like in Kisumu", thread_key=f"web:{name}",
                                             place_text=place), "web")

    assert code_of(form("f1", "chapel hall (NKR-013)")) == "NKR-013"
    unknown = form("f2", "the red door")
    assert (code_of(unknown), unknown.place_text) == ("KSM", "the red door")


def test_a_later_message_says_it_more_closely_but_never_elsewhere(listed: Scene) -> None:
    report = listed.sms("No ink in Kisumu")
    assert code_of(listed.sms("It is Hill School")) == "KSM-012"
    assert code_of(listed.sms("As in Nakuru")) == "KSM-012"
    assert listed.report(report.id).placed_by is None


def test_what_a_person_said_is_not_changed_by_the_machine(listed: Scene) -> None:
    maya = listed.operator("Maya")
    report = listed.sms("No ink in Kisumu")
    listed.claim(report, maya)
    listed.do(lambda: placing.set_place(report.id, maya, None))
    assert code_of(listed.sms("It is Hill School")) is None
    nakuru = places.by_code("NKR")
    assert nakuru is not None
    listed.do(lambda: placing.set_place(report.id, maya, nakuru.id))
    assert code_of(listed.sms("It is Hill School")) == "NKR"
    assert listed.kinds(report).count(Kind.REPORT_PLACED) == 2


def test_who_holds_it_says_which_of_several_places_is_meant(listed: Scene) -> None:
    maya, ben = listed.operator("Maya"), listed.operator("Ben")
    report = listed.sms("Chapel Hall is closed")
    listed.claim(report, maya)
    chapel, mention = places.by_code("NKR-013"), db.session.scalars(select(Mention)).one()
    assert chapel is not None
    listed.do(lambda: placing.set_place(report.id, maya, chapel.id, mention.id))
    db.session.refresh(mention)
    assert (mention.place_id, mention.operator_id, code_of(listed.report(report.id))) == (chapel.id, maya.id, "NKR-013")
    other = listed.sms("Elsewhere", "+254711000888")
    for report_id, actor, place_id, mention_id, refusal in (
            (report.id, ben, chapel.id, None, NotTheHolder), (report.id, maya, 987_654, None, NotFound),
            (other.id, listed.operator("Zawadi", "coordinator"), chapel.id, mention.id, NotFound)):
        with pytest.raises(refusal):
            listed.do(lambda asked=(report_id, actor, place_id, mention_id): placing.set_place(*asked))


def test_a_failure_in_looking_loses_no_message(listed: Scene, caplog: pytest.LogCaptureFixture) -> None:
    with mock.patch.object(mentioning, "_note", side_effect=ValueError("odd")):
        report = listed.sms("No ink at Hill School")
    assert (report.place_id, mentions()) == (None, [])
    assert "not_looked_for" in caplog.text
    assert db.session.scalars(select(InboundItem.state)).one() == "ingested"


def test_nothing_is_asked_where_the_desk_has_no_places(scene: Scene) -> None:
    with asked() as statements:
        scene.sms("No ink at Hill School in Kisumu")
    assert not [one for one, _bound in statements if "place_names" in one or "mentions" in one]


def filed(scene: Scene, text: str, sender: str) -> None:
    """A message is taken in, and not compared yet."""
    message = scene.message(text, sender)
    arrival = journal.Arrival("simulator", "sms", message.external_id, b"{}")
    scene.do(lambda: ingest.receive(arrival, lambda: [message]))


def test_a_message_costs_two_statements_more_where_it_names_a_place_and_both_use_an_index(listed: Scene) -> None:
    with asked() as none:
        filed(listed, "They turn people away", "+254711000001")
    with asked() as one:
        filed(listed, "No ink at Hill School", "+254711000002")
    assert len(one) - len(none) == 2  # what is noted, and the report's place
    assert not walked([each for each in one if "place_names" in each[0] or "mentions" in each[0]])
