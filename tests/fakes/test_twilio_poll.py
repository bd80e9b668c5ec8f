"""The desk's own adapter reads what the fake Twilio brings, and finds in its list what was not brought."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import requests

from channels import twilio_list
from channels.base import DeliveryUpdate, InboundMessage
from channels.errors import BadSignature, RetryLater, Unreachable
from channels.twilio_sms import TwilioSms, TwilioWhatsApp
from tests.fakes.conftest import Bench
from tests.fakes.desk import account, came, outbound
from tests.fakes.twilio.scripts import Behaviour, Callback

PICTURE = b"\xff\xd8\xff\xe0 a picture"
FILES = (("image/jpeg", PICTURE), ("video/mp4", b"a film"))

pytestmark = pytest.mark.usefixtures("as_described")


def brought(bench: Bench) -> list[InboundMessage]:
    """What the webhooks said, verified and read."""
    adapter, found = TwilioSms(account(bench)), []
    for call in bench.listener.at("/sms"):
        adapter.verify(came(bench, call))
        found += adapter.parse(came(bench, call))
    return [one for one in found if isinstance(one, InboundMessage)]


def begun(bench: Bench) -> str:
    """A cursor from before everything."""
    cursor = TwilioSms(account(bench)).poll(None).cursor
    assert cursor is not None
    return cursor


def listed(bench: Bench) -> list[InboundMessage]:
    """What a poll finds of messages to us."""
    found = TwilioSms(account(bench)).poll(begun(bench)).items
    return [one for one in found if isinstance(one, InboundMessage)]


def test_the_first_poll_only_says_where_to_begin(bench: Bench) -> None:
    bench.twilio.write(bench.theirs, bench.ours, "Habari")
    found = TwilioSms(account(bench)).poll(None)
    assert found.items == ()
    assert abs(datetime.fromisoformat(found.cursor or "") - datetime.now(UTC)) < timedelta(seconds=5)


@pytest.mark.parametrize("body", ["Vituo havijafunguliwa", "", "Kura 🗳️ & foleni + ndefu = 100%\nhapa", "ق" * 500])
def test_a_listed_message_is_the_one_its_webhook_brings(bench: Bench, body: str) -> None:
    written = bench.twilio.write(bench.theirs, bench.ours, body, withheld=True)
    assert brought(bench) == []
    (by_poll,) = listed(bench)
    bench.twilio.release(written["sid"], times=3)
    by_webhook = brought(bench)
    assert by_webhook == [replace(by_poll, sent_at=None)] * 3
    assert (by_poll.external_id, by_poll.text, by_poll.sender) == (written["sid"], body, bench.theirs)


def test_files_are_the_same_by_webhook_and_by_list_and_lie_where_they_are_said_to(bench: Bench) -> None:
    written = bench.twilio.write(bench.theirs, bench.ours, "Picha", media=FILES, withheld=True)
    (by_poll,) = listed(bench)
    bench.twilio.release(written["sid"])
    (by_webhook,) = brought(bench)
    assert {file.content_type for file in by_webhook.remote_files} == {kind for kind, _ in FILES}
    assert set(by_poll.remote_files) == set(by_webhook.remote_files)
    pictures = [file.url for file in by_poll.remote_files if file.content_type == "image/jpeg"]
    assert requests.get(pictures[0], auth=bench.auth, timeout=10).content == PICTURE


def test_whatsapp_is_listed_under_its_own_name(bench: Bench) -> None:
    ours = f"whatsapp:{bench.ours}"
    bench.twilio.add_number(ours, sms_url=f"{bench.listener.url}/sms")
    bench.twilio.write(f"whatsapp:{bench.theirs}", ours, "Habari")
    adapter = TwilioWhatsApp(account(bench, "whatsapp"))
    (by_poll,) = adapter.poll(begun(bench)).items
    (by_webhook,) = brought(bench)
    assert isinstance(by_poll, InboundMessage)
    assert replace(by_webhook, sender_name=None) == replace(by_poll, sent_at=None)
    assert listed(bench) == []  # nothing of it is a text message


def test_json_is_read_like_a_form(bench: Bench) -> None:
    first = bench.twilio.write(bench.theirs, bench.ours, "Habari", as_json=True)
    (found,) = brought(bench)
    assert (found.external_id, found.text) == (first["sid"], "Habari")


def test_a_request_that_was_changed_on_its_way_is_not_let_in(bench: Bench) -> None:
    bench.twilio.write(bench.theirs, bench.ours, "Habari")
    request = came(bench, bench.listener.at("/sms")[0])
    adapter = TwilioSms(account(bench))
    adapter.verify(request)
    for changed in (replace(request, body=request.body.replace(b"Habari", b"Kwaheri")),
                    replace(request, url=request.url + "?desk=2")):
        with pytest.raises(BadSignature):
            adapter.verify(changed)


def test_every_page_is_read(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twilio_list, "PAGE", 2)
    sids = [bench.twilio.write(bench.theirs, bench.ours, f"{n}", withheld=True)["sid"] for n in range(7)]
    assert [one.external_id for one in listed(bench)] == sids[::-1]


def test_a_message_of_before_the_window_is_not_listed_and_a_late_poll_catches_up(bench: Bench) -> None:
    written = bench.twilio.write(bench.theirs, bench.ours, "Habari", withheld=True)["sid"]
    adapter, cursor, found = TwilioSms(account(bench)), (datetime.now(UTC) - timedelta(hours=20)).isoformat(), []
    for _ in range(4):
        assert found == []
        polled = adapter.poll(cursor)
        found, cursor = [one.external_id for one in polled.items if isinstance(one, InboundMessage)], polled.cursor
    assert found == [written]


def test_what_became_of_ours_is_listed_where_no_callback_came(bench: Bench) -> None:
    bench.twilio.script(Behaviour.WORKS, number=bench.theirs, count=2, callbacks=(Callback("sent"), Callback(
        "undelivered", code=30005)))
    adapter = TwilioSms(account(bench, callback_url=""))
    sid = adapter.send(outbound(bench)).provider_id
    bench.twilio.settle()
    (found,) = adapter.poll(begun(bench)).items
    assert found == replace(adapter.check(sid), provider_id=sid)
    assert isinstance(found, DeliveryUpdate)
    assert (found.state, found.reference) == ("failed", None)
    assert "30005" in (found.error or "")
    assert bench.listener.at("/status") == []


def test_what_was_deleted_at_twilio_is_not_listed(bench: Bench) -> None:
    written = bench.twilio.write(bench.theirs, bench.ours, "Habari", withheld=True)
    assert bench.library.messages(written["sid"]).delete()
    assert listed(bench) == []


def test_a_poll_that_fails_half_way_brings_nothing_and_the_same_cursor_brings_all(bench: Bench) -> None:
    bench.twilio.write(bench.theirs, bench.ours, "Picha", media=FILES, withheld=True)
    cursor, adapter = begun(bench), TwilioSms(account(bench))
    bench.twilio.script(Behaviour.FAILS, resource="Media", method="GET", count=1)
    with pytest.raises(Unreachable):
        adapter.poll(cursor)
    bench.twilio.script(Behaviour.THROTTLES, resource="Media", method="GET", count=1, seconds=4)
    with pytest.raises(RetryLater):
        adapter.poll(cursor)
    assert len(adapter.poll(cursor).items) == 1
