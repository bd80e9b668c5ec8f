"""A report that says what another says travels with it, or somebody is asked; it never takes a second person."""

from __future__ import annotations

import pytest

from tests.scene import Scene
from triage.actions import assignments, closing, comparing, gazetteer, relating, replies, splitting, telling
from triage.db import db
from triage.errors import NotClaimable
from triage.gazetteer import sheet
from triage.models import Match, Message, Place, Report, TextKey

LONG = "The polling station at the old school in Kibera has run out of ballot papers and people are leaving"
OTHER = "The polling station at the old market in Gatina has run out of indelible ink and voters are leaving"
SHORT = "No ballot papers here at all"
ROSA, TOM, EVE = "+254711000001", "+254711000002", "+254711000003"


def matches() -> list[tuple[int, int, str, str, str]]:
    """What was found alike: the two reports, in what way, what became of it, and why."""
    return [(one.report_id, one.other_id, one.kind, one.state, one.why["reason"]) for one in db.session.query(Match)]


def test_the_same_long_text_by_two_people_is_one_matter(scene: Scene) -> None:
    first, second = scene.sms(LONG, ROSA), scene.sms(LONG, TOM)
    assert (second.status, second.duplicate_of) == ("duplicate", first.id)
    assert matches() == [(second.id, first.id, "same_message", "linked", "exact")]
    assert second.compare_by is None


def test_a_copy_is_never_claimable(scene: Scene) -> None:
    scene.sms(LONG, ROSA)
    copy = scene.sms(LONG.upper() + "!!", TOM)
    with pytest.raises(NotClaimable):
        scene.claim(copy, scene.operator("Amina"))


def test_a_copy_of_what_somebody_holds_is_theirs_at_once_and_waits_for_an_answer(scene: Scene) -> None:
    amina = scene.operator("Amina")
    first = scene.sms(LONG, ROSA)
    scene.claim(first, amina)
    scene.sms(LONG, TOM)
    assert scene.holder(first) == "Amina"
    assert [one.id for one in db.session.query(Report).filter_by(status="open")] == []


def test_words_that_change_what_is_said_keep_two_apart(scene: Scene) -> None:
    scene.sms(LONG, ROSA)
    for text in (OTHER, LONG.replace("run out of", "not run out of"), LONG + " at unit 12"):
        assert scene.sms(text, TOM).duplicate_of is None


def test_two_that_differ_in_a_fact_do_not_meet_by_a_shorter_text_that_both_repeat(scene: Scene) -> None:
    first = scene.sms(LONG, ROSA)
    assert scene.sms(f"{LONG} since early this morning, unit 06/08/11/004", TOM).duplicate_of == first.id
    assert scene.sms(f"{LONG} since early this morning, unit 06/08/11/982", EVE).duplicate_of is None


def test_short_texts_of_two_people_are_a_question(scene: Scene) -> None:
    first, second = scene.sms(SHORT, ROSA), scene.sms(SHORT, TOM)
    assert second.duplicate_of is None
    assert matches() == [(second.id, first.id, "same_message", "suggested", "exact")]


@pytest.mark.parametrize("text", ["Hi", "Please help", "OK", "07/11/03/004", "Good morning sir"])
def test_texts_that_say_nothing_are_never_linked_on_their_text(scene: Scene, text: str) -> None:
    for who in (ROSA, TOM, EVE):
        assert scene.sms(text, who).duplicate_of is None
    assert matches() == []


def test_a_public_post_repeated_is_a_copy_however_short(scene: Scene) -> None:
    scene.account("mastodon", "@harbour@social.example")
    first, second = scene.post(SHORT, "@rosa@social.example"), scene.post(SHORT, "@tom@social.example")
    assert second.duplicate_of == first.id


def test_a_repost_is_a_copy_whatever_it_adds(scene: Scene) -> None:
    scene.account("mastodon", "@harbour@social.example")
    first = scene.post(SHORT, "@rosa@social.example")
    uri = db.session.query(Report).filter_by(id=first.id).one().thread_key.removeprefix("mastodon:")
    again = scene.post("Look at this", "@tom@social.example", repost_of=uri)
    third = scene.post("So it is everywhere", "@eve@social.example", repost_of=uri)
    assert (again.duplicate_of, third.duplicate_of) == (first.id, first.id)
    assert {one[4] for one in matches()} == {"lineage"}


def test_chains_do_not_drift_from_the_first(scene: Scene) -> None:
    first = scene.sms(LONG, ROSA)
    longer = scene.sms(f"{LONG} and the police came", TOM)
    assert longer.duplicate_of == first.id
    for number, who in enumerate((EVE, "+254711000004", "+254711000005")):
        found = scene.sms(f"{LONG} and the police came and shot number {number} of the crowd in the yard", who)
        assert found.duplicate_of in (None, first.id)


def test_a_copy_of_what_was_discarded_a_moment_ago_is_discarded_with_it(scene: Scene) -> None:
    amina = scene.operator("Amina")
    first = scene.sms(LONG, ROSA)
    scene.do(lambda: closing.discard(first.id, amina, "spam"))
    second = scene.sms(LONG, TOM)
    assert (second.status, second.duplicate_of, second.outcome, second.reason) == (
        "closed", first.id, "not_actionable", "spam")


def test_a_copy_of_what_was_closed_days_ago_is_a_new_report(scene: Scene) -> None:
    amina = scene.operator("Amina")
    first = scene.sms(LONG, ROSA)
    scene.do(lambda: closing.discard(first.id, amina, "spam"))
    with scene.later(days=3):
        second = scene.sms(LONG, TOM)
    assert (second.status, second.duplicate_of) == ("open", None)
    assert matches() == [(second.id, first.id, "same_message", "suggested", "exact")]


def test_comparing_twice_changes_nothing(scene: Scene) -> None:
    scene.sms(LONG, ROSA)
    copy = scene.sms(LONG, TOM)
    assert scene.do(lambda: comparing.compare(copy.id)) is False
    assert len(matches()) == 1


# ---------------------------------------------------------------- told later


def test_a_report_is_compared_when_a_later_message_tells_what_it_is_about(scene: Scene) -> None:
    first, greeting = scene.sms(LONG, ROSA), scene.sms("Hello", TOM)
    assert (greeting.compare_by, matches()) == (None, [])
    told = scene.sms(LONG, TOM)
    assert (told.id, told.status, told.duplicate_of) == (greeting.id, "duplicate", first.id)
    later = scene.sms(LONG + " and nobody knows when more will come", TOM)
    assert (later.id, later.compare_by) == (greeting.id, None)


@pytest.mark.parametrize("way", ["held", "answered"])
def test_what_somebody_is_at_is_asked_about_and_never_taken_from_them(scene: Scene, way: str) -> None:
    first, greeting, amina = scene.sms(LONG, ROSA), scene.sms("Hello", TOM), scene.operator("Amina")
    held = scene.claim(greeting, amina)
    if way == "answered":
        scene.do(lambda: replies.reply(greeting.id, amina, held.id, scene.head(), "What is it?", "key-0001"))
        scene.carry()
        scene.do(lambda: assignments.release(greeting.id, amina))
    told = scene.sms(LONG, TOM)
    assert (told.id, told.status) == (greeting.id, "assigned" if way == "held" else "open")
    assert matches() == [(greeting.id, first.id, "same_message", "suggested", "exact")]


def test_what_is_split_off_is_compared_by_its_own_words_and_not_linked_to_what_it_was_split_from(scene: Scene) -> None:
    zawadi = scene.operator("Zawadi", "coordinator")
    whole = scene.sms("Hello", TOM)
    scene.sms(LONG, TOM)
    message = db.session.query(Message.id).filter_by(body=LONG).one()[0]
    new = scene.do(lambda: splitting.split(message, zawadi)).id
    scene.compare()
    assert scene.report(new).duplicate_of is None
    assert [one.report_id for one in db.session.query(TextKey)] == [new]
    assert scene.sms(LONG, ROSA).duplicate_of == new
    assert [one[3] for one in matches()] == ["rejected", "linked"]
    assert scene.report(whole.id).compare_by is None


def test_what_is_split_off_is_where_its_own_words_say(scene: Scene) -> None:
    table = sheet.read(b"code,name,aliases,parent\nKSM-012,Hill School,,\nKSM-013,Chapel Hall,,\n")
    scene.do(lambda: gazetteer.enter(table))
    zawadi, hill = scene.operator("Zawadi", "coordinator"), scene.sms("It is quiet at Hill School", TOM)
    scene.sms("They fight at Chapel Hall", TOM)
    message = db.session.query(Message.id).filter(Message.body.like("They%")).one()[0]
    new = scene.do(lambda: splitting.split(message, zawadi))
    codes = [db.session.get_one(Place, scene.report(one).place_id).code for one in (hill.id, new.id)]
    assert codes == ["KSM-012", "KSM-013"]


# ---------------------------------------------------------------- words that say nothing


@pytest.mark.parametrize("text", ["Help", "07/11/03/004", "Good morning sir"])
def test_the_same_person_who_says_nothing_twice_within_the_hour_is_one_matter(scene: Scene, text: str) -> None:
    scene.account("mastodon", "@harbour@social.example")
    first, second = scene.post(text, "@rosa@social.example"), scene.post(f"{text}!", "@rosa@social.example")
    assert (second.status, second.duplicate_of) == ("duplicate", first.id)
    assert matches() == [(second.id, first.id, "same_message", "linked", "exact")]
    assert scene.post(text, "@tom@social.example").duplicate_of is None
    assert scene.post("And?", "@rosa@social.example").duplicate_of is None
    with scene.later(hours=2):
        assert scene.post(text, "@rosa@social.example").duplicate_of is None


def test_a_repost_of_words_that_say_nothing_is_a_copy(scene: Scene) -> None:
    scene.account("mastodon", "@harbour@social.example")
    first = scene.post("Help!", "@rosa@social.example")
    uri = first.thread_key.removeprefix("mastodon:")
    for handle in ("@tom@social.example", "@eve@social.example"):
        assert scene.post("Help!", handle, repost_of=uri).duplicate_of == first.id
    assert {one[4] for one in matches()} == {"lineage"}


def test_what_was_a_question_and_is_linked_by_the_desk_later_is_no_question_any_more(scene: Scene) -> None:
    zawadi = scene.operator("Zawadi", "coordinator")
    first, second = scene.sms(SHORT, ROSA), scene.sms(SHORT, TOM)
    scene.sms(LONG, ROSA)
    scene.sms(LONG, TOM)
    assert [one[3] for one in matches()] == ["suggested"]
    message = db.session.query(Message.id).filter_by(report_id=second.id).order_by(Message.id).first()[0]
    scene.do(lambda: telling.moved(db.session.get_one(Report, second.id), message))
    scene.do(lambda: db.session.query(Message).filter_by(body=SHORT).update({"body": LONG}))
    scene.do(lambda: telling.moved(db.session.get_one(Report, first.id), message - 1))
    scene.compare()
    assert scene.report(second.id).duplicate_of == first.id
    assert [one[3] for one in matches()] == ["linked"]
    assert scene.do(lambda: relating.confirm(db.session.query(Match.id).scalar(), zawadi)).id == first.id
