"""Webhooks do not come: what Twilio lists is what they would have brought, each once, whoever brings it first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

import config
from channels.base import OutboundMessage
from channels.twilio_sms import TwilioSms
from tests.fakes.twilio.process import Twilio
from tests.fakes.twilio.scripts import Behaviour, Callback
from tests.flows.asked_desk import NOW, AskedDesk
from tests.flows.twilio_desk import at_twilio
from tests.scene import Scene
from triage import clock, connections
from triage.actions import filing, ingest, polling
from triage.db import db, run_in_transaction
from triage.models import Account, Attachment, Delivery, InboundItem, Message, Report
from triage.queries.ledger import ledger
from triage.workers import poll as polls

PICTURE = ("image/jpeg", b"\xff\xd8\xff\xe0 a picture")


@pytest.fixture
def settings(settings: config.Settings, twilio: Twilio) -> config.Settings:
    return at_twilio(settings, twilio, demo=False)


@pytest.fixture
def desk(scene: Scene, twilio: Twilio, client: FlaskClient) -> AskedDesk:
    return AskedDesk(scene, twilio, client)


def inbound(desk: AskedDesk) -> int:
    return desk.count(Message, Message.direction == "in")


def test_a_text_nobody_brought_is_found_and_acknowledged_once(desk: AskedDesk) -> None:
    desk.twilio.script(Behaviour.WORKS, number=desk.theirs, callbacks=())
    sid = desk.writes("Kituo 14 kimefungwa mapema.")
    assert desk.poll() == 1
    assert (desk.scene.newest().status, desk.scene.item().result) == ("open", "opened")
    assert desk.scene.item().external_key == f"twilio:sms:{sid}"
    assert desk.sends() == 1
    assert desk.poll() == 0
    assert desk.brings(sid, "Kituo 14 kimefungwa mapema.") == 200  # it comes after all
    assert (inbound(desk), desk.count(InboundItem), desk.count(Delivery), len(desk.accepted())) == (1, 1, 1, 1)
    assert ledger().difference == 0


def test_what_a_webhook_brought_is_no_news(desk: AskedDesk) -> None:
    sid = desk.writes("Kituo 14 kimefungwa mapema.")
    assert desk.brings(sid, "Kituo 14 kimefungwa mapema.") == 200
    assert desk.poll() == 0
    assert (inbound(desk), desk.count(InboundItem), desk.count(Delivery)) == (1, 1, 1)


def test_stop_is_obeyed_when_only_the_list_says_it(desk: AskedDesk) -> None:
    desk.writes("Kituo 14 kimefungwa mapema.")
    desk.writes("STOP")
    assert desk.poll() == 2
    assert "contact.stopped" in desk.scene.kinds()


def test_what_became_of_ours_is_found_and_kept_once(desk: AskedDesk) -> None:
    desk.twilio.script(Behaviour.WORKS, number=desk.theirs, count=1, callbacks=(
        Callback("sent", withheld=True), Callback("delivered", withheld=True)))
    desk.writes("Kituo 14 kimefungwa mapema.")
    desk.poll()
    desk.sends()
    before = desk.count(InboundItem)
    assert desk.poll() == 0  # it is sent, as the desk knows
    sid = desk.accepted()[0].about
    desk.twilio.release(sid)
    assert desk.poll() == 1
    assert desk.delivery().state == "delivered"
    assert desk.poll() == 0
    assert desk.reports(sid, "delivered", f"delivery-{desk.delivery().id}") == 200
    assert desk.delivery().state == "delivered"
    assert desk.count(InboundItem) == before + 2


def test_a_list_does_not_take_a_callbacks_place_where_only_that_knows_the_answer(desk: AskedDesk) -> None:
    """Of a send in doubt the list lacks our own name, which the callback has."""
    desk.writes("Kituo 14 kimefungwa mapema.")
    desk.poll()
    desk.twilio.script(Behaviour.CUTS_AFTER, number=desk.theirs, method="POST", count=1)
    desk.sends()
    desk.twilio.settle()
    assert desk.delivery().state == "uncertain"
    assert desk.poll() == 0
    reference = f"delivery-{desk.delivery().id}"
    assert desk.reports(desk.accepted()[0].about, "delivered", reference) == 200
    assert desk.delivery().state == "delivered"


def test_what_others_sent_from_our_number_is_none_of_ours(desk: AskedDesk) -> None:
    desk.twilio.script(Behaviour.WORKS, number=desk.theirs, count=1, callbacks=(Callback("delivered"),))
    TwilioSms(connections.settings_of(desk.row())).send(OutboundMessage(desk.theirs, "By hand", "elsewhere"))
    desk.twilio.settle()
    assert desk.poll() == 0
    assert desk.count(InboundItem) == 0


def test_an_item_of_a_list_is_tried_again_with_all_that_was_in_it(
    desk: AskedDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(filing, "file", lambda *_: 1 // 0)
        desk.writes("Picha", media=(PICTURE,))
        assert desk.poll() == 1
    item = desk.scene.item()
    assert (item.state, item.error) == ("quarantined", "ZeroDivisionError")
    desk.scene.do(lambda: ingest.understand_later(item.id, again=True))
    assert desk.scene.item().result == "opened"
    message = db.session.query(Message).filter_by(direction="in").one()
    assert (message.body, message.sent_at is not None) == ("Picha", True)
    assert desk.count(Attachment) == 1


def test_very_much_is_taken_in_by_several_transactions(desk: AskedDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polls, "TOGETHER", 3)
    for number in range(8):
        desk.writes(f"Text {number}")
    assert desk.poll() == 8
    assert (inbound(desk), desk.count(Report)) == (8, 1)
    assert desk.row().polling_until is None


# ---------------------------------------------------------------- whose turn it is


def begin(desk: AskedDesk, every: timedelta = NOW) -> Account | None:
    return run_in_transaction(lambda: polling.begin(desk.number, every))


def test_nobody_asks_while_somebody_does_and_after_a_while_somebody_may(desk: AskedDesk) -> None:
    assert begin(desk) is not None
    assert begin(desk) is None
    assert desk.poll() == 0
    with desk.scene.later(seconds=polling.LEASE.total_seconds() + 1):
        assert begin(desk) is not None


def test_an_account_is_asked_for_again_only_after_its_time(desk: AskedDesk) -> None:
    assert desk.number not in polls.due()
    with desk.scene.later(seconds=61):
        assert polls.due() == [desk.number]
        assert begin(desk, timedelta(seconds=60)) is not None


def test_who_was_slower_changes_nothing(desk: AskedDesk) -> None:
    """Two ask from the same place; what the slower one brings is known, and the cursor does not go back."""
    slow = begin(desk)
    found = polls._ask(slow)
    desk.writes("Kituo 14 kimefungwa mapema.")
    late = polls._ask(slow)
    with desk.scene.later(seconds=polling.LEASE.total_seconds() + 1):
        assert desk.poll() == 1
    cursor = "2999-01-01T00:00:00+00:00"
    desk.scene.do(lambda: setattr(desk.row(), "cursor", cursor))
    for poll in (found, late):
        polls._take_in(slow, poll)
    assert (inbound(desk), desk.row().cursor) == (1, cursor)


def test_a_provider_that_is_away_is_asked_again_later_and_the_account_says_so(desk: AskedDesk) -> None:
    desk.twilio.script(Behaviour.FAILS, method="GET", number=desk.ours, count=1)
    desk.writes("Kituo 14 kimefungwa mapema.")
    assert desk.poll() == 0
    account = desk.row()
    assert (account.trouble, account.last_error is not None) == (None, True)
    wait = account.polling_until - clock.now()
    assert timedelta() < wait <= polling.LONGEST
    assert desk.poll() == 0
    with desk.scene.later(seconds=wait.total_seconds() + 1):
        assert desk.poll() == 1


def test_patience_that_was_asked_for_is_kept(desk: AskedDesk) -> None:
    desk.twilio.script(Behaviour.THROTTLES, method="GET", number=desk.ours, count=1, seconds=40)
    assert desk.poll() == 0
    assert timedelta(seconds=30) < desk.row().polling_until - clock.now() <= timedelta(seconds=40)


def test_an_account_whose_token_is_no_longer_good_is_in_trouble(desk: AskedDesk) -> None:
    desk.twilio.script(Behaviour.REVOKED, method="GET", number=desk.ours, count=1)
    assert desk.poll() == 0
    account = desk.row()
    assert (account.trouble, account.needs_attention is not None) == ("broken", True)
    assert "account.troubled" in desk.scene.kinds()


def test_a_line_that_only_receives_is_well_again_when_it_can_be_asked(desk: AskedDesk) -> None:
    desk.scene.do(lambda: setattr(desk.row(), "can_send", False))
    desk.twilio.script(Behaviour.REVOKED, method="GET", number=desk.ours, count=1)
    desk.poll()
    with desk.scene.later(minutes=6):
        desk.poll()
    assert (desk.row().trouble, desk.row().needs_attention) == (None, None)


def test_the_command_asks_for_every_account_at_once(desk: AskedDesk, app: Flask) -> None:
    desk.writes("Kituo 14 kimefungwa mapema.")
    said = app.test_cli_runner().invoke(args=["triage", "poll", "--once"])
    assert (said.exit_code, said.output) == (
        0, "1 accounts asked for: 1 items were news. Answers no longer in doubt: 0.\n")
    assert inbound(desk) == 1
