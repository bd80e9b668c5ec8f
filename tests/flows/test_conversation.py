"""Messages join, reopen and split; STOP and START; one acknowledgement a day."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.scene import CITIZEN, INTAKE, Scene
from triage.actions import assignments, closing, ingest, journal, leases, replies, routing, splitting
from triage.db import db
from triage.errors import BadInput, OptedOut
from triage.events import Kind
from triage.models import Contact, InboundItem, Message
from triage.queries import ledger, reports

THANKS = "Thank you very much."


def test_a_message_opens_a_report_and_a_follow_up_joins_it(scene: Scene) -> None:
    report = scene.sms("The station is closed.")
    assert scene.sms("Still closed.").id == report.id
    assert scene.kinds(report)[:1] == [Kind.REPORT_OPENED]
    assert Kind.REPORT_JOINED in scene.kinds(report)
    assert db.session.query(Message).filter_by(direction="in").count() == 2


def test_the_same_person_by_another_number_of_ours_is_the_same_report(scene: Scene) -> None:
    scene.operator("Maya", number="+254700000201")
    report = scene.sms("The station is closed.")
    assert scene.sms("Are you there?", to="+254700000201").id == report.id


def test_a_new_person_writing_to_an_operators_number_goes_to_the_queue(scene: Scene) -> None:
    scene.operator("Maya", number="+254700000201")
    report = scene.sms("Is this the election desk?", to="+254700000201")
    assert (report.status, scene.holder(report)) == ("open", None)


def test_the_same_item_twice_is_kept_once(scene: Scene) -> None:
    first = scene.sms("The station is closed.", name="SM-same")
    assert scene.sms("The station is closed.", name="SM-same").id == first.id
    assert db.session.query(InboundItem).count() == 1
    assert db.session.query(Message).filter_by(direction="in").count() == 1


def test_addresses_and_raw_items_are_sealed(scene: Scene, app: object) -> None:
    scene.sms("The station is closed.")
    contact = db.session.scalars(select(Contact)).one()
    assert CITIZEN.encode() not in contact.address_sealed
    assert CITIZEN not in contact.address_key + contact.hint
    assert b"station" not in scene.item().raw_sealed


def test_a_follow_up_wakes_a_waiting_report_for_its_holder_on_shift(scene: Scene) -> None:
    maya = scene.operator("Maya")
    report = scene.sms("The station is closed.")
    held = scene.claim(report, maya)
    scene.do(lambda: replies.reply(report.id, maya, held.id, scene.seen(report, maya), "Which one?", "k1"))
    assert scene.report(report.id).awaiting_citizen_since is not None
    scene.sms("Mill Road.")
    assert scene.holder(report) == "Maya"
    assert scene.report(report.id).awaiting_citizen_since is None


def test_a_follow_up_returns_to_the_queue_where_the_holder_went_off_shift(scene: Scene) -> None:
    maya = scene.operator("Maya")
    report = scene.sms("The station is closed.")
    held = scene.claim(report, maya)
    scene.do(lambda: replies.reply(report.id, maya, held.id, scene.seen(report, maya), "Which one?", "k1"))
    scene.do(lambda: assignments.set_shift(maya, "off"))
    scene.sms("Mill Road.")
    row = reports.view(report.id, scene.operator("Ben")).row
    assert (row.status, row.was_with) == ("open", "Maya")


def test_thanks_after_closing_reopens_for_the_same_holder_and_closes_again_in_one_step(scene: Scene) -> None:
    maya = scene.operator("Maya")
    report = scene.sms("The station is closed.")
    scene.claim(report, maya)
    scene.do(lambda: closing.close(report.id, maya, "actionable"))
    assert scene.sms(THANKS).id == report.id
    assert scene.holder(report) == "Maya"
    assert Kind.REPORT_REOPENED in scene.kinds(report)
    scene.do(lambda: closing.discard(report.id, maya, "thanks"))
    assert scene.report(report.id).status == "closed"


def test_only_what_came_after_closing_waits_when_a_report_reopens(scene: Scene) -> None:
    maya = scene.operator("Maya")
    report = scene.sms("The station is closed.")
    scene.do(lambda: closing.discard(report.id, maya, "test"))
    with scene.later(hours=1):
        scene.sms("Again closed!")
        newest = db.session.scalars(select(Message).order_by(Message.id.desc()).limit(1)).one()
        assert scene.report(report.id).unanswered_since == newest.recorded_at


def test_a_message_long_after_closing_opens_a_new_report(scene: Scene) -> None:
    maya = scene.operator("Maya")
    report = scene.sms("The station is closed.")
    scene.do(lambda: closing.discard(report.id, maya, "test"))
    with scene.later(hours=73):
        assert scene.sms("Something else.").id != report.id


def test_splitting_moves_the_later_messages_and_the_thread_to_a_new_report(scene: Scene) -> None:
    maya = scene.operator("Maya")
    report = scene.sms("Mill Road is closed.")
    scene.sms("And at Quay Street they pay voters.")
    scene.claim(report, maya)
    message = db.session.scalars(select(Message).where(Message.body.like("And at%"))).one()
    new = scene.do(lambda: splitting.split(message.id, maya))
    assert (new.status, new.split_from) == ("open", report.id)
    assert scene.report(report.id).unanswered_since is not None
    assert scene.sms("They pay 500.").id == new.id
    assert Kind.REPORT_SPLIT in scene.kinds(report)


def test_the_first_message_cannot_be_split_off(scene: Scene) -> None:
    maya = scene.operator("Maya")
    report = scene.sms("Mill Road is closed.")
    scene.claim(report, maya)
    message = db.session.scalars(select(Message)).first()
    with pytest.raises(BadInput):
        scene.do(lambda: splitting.split(message.id, maya))


def test_stop_ends_every_number_of_ours_and_start_takes_it_back(scene: Scene) -> None:
    maya = scene.operator("Maya")
    report = scene.sms("The station is closed.")
    held = scene.claim(report, maya)
    scene.carry()
    seen = scene.seen(report, maya)
    waiting = scene.do(lambda: replies.reply(report.id, maya, held.id, seen, "Which one?", "k1"))
    scene.sms("¡Alto!")
    assert scene.delivery(waiting).state == "cancelled"
    assert reports.view(report.id, maya).draft == "Which one?"
    with pytest.raises(OptedOut):
        scene.do(lambda: replies.reply(report.id, maya, held.id, scene.seen(report, maya), "Hello?", "k2"))
    scene.carry()
    assert [text for _, _, text in scene.sent] == [scene.sent[0][2], scene.sent[1][2]]
    assert "START" in scene.sent[1][2]
    scene.sms("start")
    assert scene.do(lambda: replies.reply(report.id, maya, held.id, scene.seen(report, maya), "Hello?", "k3"))
    assert {Kind.CONTACT_STOPPED, Kind.CONTACT_STARTED} <= set(scene.kinds(report))


def test_stop_is_a_command_only_as_the_whole_message(scene: Scene) -> None:
    report = scene.sms("Please stop them from closing the door.")
    assert report.status == "open"
    assert db.session.scalars(select(Contact)).one().opted_out_at is None


def test_one_neutral_acknowledgement_a_day_from_the_number_that_was_written_to(scene: Scene) -> None:
    scene.sms("The station is closed.")
    scene.sms("Hello?")
    scene.carry()
    assert [(sender, to) for sender, to, _ in scene.sent] == [(INTAKE, CITIZEN)]
    assert "station" not in scene.sent[0][2]
    with scene.later(hours=25):
        scene.sms("Hello again?")
        scene.carry()
    assert len(scene.sent) == 2


def test_public_posts_are_never_acknowledged(scene: Scene) -> None:
    scene.account("mastodon", "@harbour@social.example", can_send=True)
    scene.post("The station is closed.")
    assert scene.carry() == 0


def test_an_acknowledgement_answers_nobody(scene: Scene) -> None:
    report = scene.sms("The station is closed.")
    scene.carry()
    assert scene.report(report.id).unanswered_since is not None


def test_the_ledger_balances_over_everything_that_came(scene: Scene) -> None:
    scene.account("mastodon", "@harbour@social.example", can_send=True)
    scene.sms("The station is closed.")
    scene.sms("Still closed.")
    scene.sms("STOP")
    scene.post("Closed!")
    scene.do(lambda: ingest.receive(journal.Arrival("simulator", "sms", "bad", b"{"), _unreadable))
    found = ledger.ledger()
    assert (found.received, found.opened, found.joined, found.control, found.quarantined) == (5, 2, 1, 1, 1)
    assert found.difference == 0


def _unreadable() -> list:
    raise ValueError("not JSON")


def test_an_item_no_parser_can_read_is_quarantined_and_nothing_of_it_remains_half_done(scene: Scene) -> None:
    scene.do(lambda: ingest.receive(journal.Arrival("simulator", "sms", "bad", b"{"), _unreadable))
    assert (scene.item().state, scene.item().error) == ("quarantined", "ValueError")
    assert scene.kinds() == [Kind.INBOUND_QUARANTINED]


def test_an_item_for_an_address_nobody_knows_is_quarantined_with_a_sentence(scene: Scene) -> None:
    scene.do(lambda: ingest.receive(journal.Arrival("simulator", "sms", "SM1", b"{}"),
                                    lambda: [scene.message("Hello", to="+254700009999")]))
    assert "no account of this desk" in (scene.item().error or "")


def test_a_snooze_that_is_over_wakes_in_the_sweep(scene: Scene) -> None:
    zawadi = scene.operator("Zawadi", "coordinator")
    report = scene.sms("The station opens at nine.")
    until = report.received_at.replace(microsecond=0)
    with scene.later(minutes=-10):
        scene.do(lambda: routing.snooze(report.id, zawadi, until))
    assert scene.do(leases.wake_snoozed) == 1
    assert scene.report(report.id).snoozed_until is None


def test_a_long_conversation_shows_the_newest_fifty_and_earlier_ones_when_asked(scene: Scene) -> None:
    maya = scene.operator("Maya")
    report = scene.sms("Line 0")
    for number in range(1, 60):
        scene.sms(f"Line {number}")
    view = reports.view(report.id, maya)
    assert (len(view.entries), view.entries[-1].body) == (50, "Line 59")
    everything = reports.view(report.id, maya, shown=100)
    assert (len(everything.entries), everything.earlier) == (50 + view.earlier, 0)
