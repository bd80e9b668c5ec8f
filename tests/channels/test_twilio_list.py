"""Twilio's list, asked: the same messages as the webhooks bring, and what became of a send in doubt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from channels.base import DeliveryUpdate, InboundMessage, OutboundMessage, Poll, RemoteFile
from channels.errors import AccountProblem, ChannelError, RetryLater, Unreachable, Unreadable
from channels.twilio_sms import TwilioSms, TwilioWhatsApp
from tests.channels.twilio_bench import (
    DESK,
    MESSAGE,
    PERSON,
    SID,
    SMS_URL,
    TinyTwilio,
    account,
    opened,
    sms,
    unsigned,
)

PATH = f"/2010-04-01/Accounts/{SID}/Messages"
NOW = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
DATE = {"Date": "Sat, 21 Nov 2026 18:00:00 GMT"}
CURSOR = (NOW - timedelta(minutes=5)).isoformat()
SENT = OutboundMessage(PERSON, "Asante. “Kuna” mtu aliyeumia?", "delivery-7")


@pytest.fixture
def tiny() -> Iterator[TinyTwilio]:
    with opened() as server:
        yield server


def asker(tiny: TinyTwilio) -> TwilioSms:
    return TwilioSms(account(api_base=tiny.url, read_seconds="0.5"))


def listed(**changes: object) -> dict[str, object]:
    """One message as the list has it."""
    return {"sid": MESSAGE, "direction": "inbound", "from": PERSON, "to": DESK, "body": "Vituo havijafunguliwa",
            "status": "received", "num_segments": "1", "num_media": "0", "error_code": None, "account_sid": SID,
            "date_sent": "Sat, 21 Nov 2026 17:58:00 +0000", "date_created": "Sat, 21 Nov 2026 17:57:59 +0000",
            **changes}


def ours(**changes: object) -> dict[str, object]:
    """One message of ours as the list has it."""
    return listed(**{"sid": "SM" + "aa" * 16, "direction": "outbound-api", "from": DESK, "to": PERSON,
                     "body": SENT.text, "status": "sent", **changes})


def pages(tiny: TinyTwilio, *contents: list[dict[str, object]]) -> None:
    """The next answers: one list in so many pages."""
    for number, messages in enumerate(contents, start=1):
        more = f"{PATH}.json?Page={number}&PageToken=PT{number}" if number < len(contents) else None
        tiny.says(200, {"messages": messages, "next_page_uri": more, "page": number, "uri": "x"}, DATE)


def test_the_first_poll_only_says_where_to_begin(tiny: TinyTwilio) -> None:
    pages(tiny, [listed()])
    assert asker(tiny).poll(None) == Poll((), NOW.isoformat())
    assert len(tiny.asked) == 1


def test_a_listed_message_is_the_one_its_webhook_brings(tiny: TinyTwilio) -> None:
    pages(tiny, [])
    pages(tiny, [listed()])
    pages(tiny, [])
    found = asker(tiny).poll(CURSOR)
    (by_webhook,) = asker(tiny).parse(unsigned(SMS_URL, sms()))
    (one,) = found.items
    assert isinstance(one, InboundMessage)
    assert replace(one, sent_at=None) == by_webhook
    assert one.sent_at == datetime(2026, 11, 21, 17, 58, tzinfo=UTC)
    assert found.cursor == NOW.isoformat()


def test_a_poll_overlaps_the_one_before_and_reads_every_page(tiny: TinyTwilio) -> None:
    sids = ["SM" + f"{number:032x}" for number in range(5)]
    pages(tiny, [])
    first, second, third, fourth, fifth = (listed(sid=sid) for sid in sids)
    pages(tiny, [first, second], [third], [fourth, fifth])
    pages(tiny, [])
    found = asker(tiny).poll(CURSOR)
    assert [one.external_id for one in found.items if isinstance(one, InboundMessage)] == sids
    asked = tiny.asked[1].values
    assert (asked["To"], asked["DateSent>"], asked["DateSent<"]) == (
        [DESK], ["2026-11-21T17:40:00Z"], ["2026-11-21T18:15:00Z"])
    assert tiny.asked[2].values["PageToken"] == ["PT1"]
    assert tiny.asked[-1].values["From"] == [DESK]


def test_after_a_long_silence_it_catches_up_window_by_window(tiny: TinyTwilio) -> None:
    for _ in range(3):
        pages(tiny, [])
    begun = NOW - timedelta(days=2)
    assert asker(tiny).poll(begun.isoformat()).cursor == (begun + timedelta(hours=6)).isoformat()


def test_a_cursor_never_goes_back(tiny: TinyTwilio) -> None:
    for _ in range(3):
        pages(tiny, [])
    ahead = (NOW + timedelta(minutes=3)).isoformat()
    assert asker(tiny).poll(ahead).cursor == ahead


def test_what_became_of_ours_is_listed_too(tiny: TinyTwilio) -> None:
    pages(tiny, [])
    pages(tiny, [])
    pages(tiny, [ours(status="undelivered", error_code=30005), ours(sid="SM" + "bb" * 16, status="delivered"),
                 ours(status="received")])
    first, second = asker(tiny).poll(CURSOR).items
    assert isinstance(first, DeliveryUpdate)
    assert (first.state, first.provider_id) == ("failed", "SM" + "aa" * 16)
    assert second == DeliveryUpdate("sms", DESK, "SM" + "bb" * 16, "delivered")


def test_what_is_no_message_to_us_is_left_out(tiny: TinyTwilio) -> None:
    pages(tiny, [])
    pages(tiny, [listed(direction="outbound-reply"), listed(sid="x"), listed(**{"from": "rcs:agent"}), listed(to=None),
                 listed(**{"from": None})])
    pages(tiny, [])
    assert asker(tiny).poll(CURSOR).items == []


def test_files_of_a_listed_message_are_named_as_its_webhook_names_them(tiny: TinyTwilio) -> None:
    media = f"{PATH}/{MESSAGE}/Media/ME{'5f' * 16}"
    pages(tiny, [])
    pages(tiny, [listed(num_media="1", body=None)])
    tiny.says(200, {"media_list": [{"sid": "ME" + "5f" * 16, "content_type": "image/jpeg", "uri": media + ".json"}],
                    "next_page_uri": None}, DATE)
    pages(tiny, [])
    (one,) = asker(tiny).poll(CURSOR).items
    assert isinstance(one, InboundMessage)
    assert (one.text, one.remote_files) == ("", (RemoteFile(tiny.url + media, "image/jpeg"),))


def test_whatsapp_is_asked_for_by_its_addresses(tiny: TinyTwilio) -> None:
    pages(tiny, [])
    pages(tiny, [listed(**{"from": f"whatsapp:{PERSON}", "to": f"whatsapp:{DESK}"})])
    pages(tiny, [])
    (one,) = TwilioWhatsApp(account("whatsapp", api_base=tiny.url)).poll(CURSOR).items
    assert isinstance(one, InboundMessage)
    assert (one.channel, one.sender) == ("whatsapp", PERSON)
    assert tiny.asked[1].values["To"] == [f"whatsapp:{DESK}"]


@pytest.mark.parametrize("cursor", ["", "yesterday", "2026-11-21T18:00:00"])
def test_a_cursor_that_is_none_begins_anew(cursor: str, tiny: TinyTwilio) -> None:
    pages(tiny, [])
    assert asker(tiny).poll(cursor) == Poll((), NOW.isoformat())


@pytest.mark.parametrize("status, body, expected", [
    (500, "", Unreachable), (503, "", Unreachable), (200, "{", Unreachable), (200, "[]", Unreachable),
    (200, '{"a": 1, "b": 2}', Unreachable), (429, '{"code": 20429}', RetryLater),
    (401, '{"code": 20003}', AccountProblem),
])
def test_a_list_that_cannot_be_read_is_asked_for_again(status: int, body: str, expected: type[ChannelError],
                                                       tiny: TinyTwilio) -> None:
    tiny.says(status, body)
    with pytest.raises(ChannelError) as caught:
        asker(tiny).poll(CURSOR)
    assert type(caught.value) is expected


@pytest.mark.parametrize("what", ["hangs up", "silent", "cut"])
def test_asking_is_never_in_doubt(what: str, tiny: TinyTwilio) -> None:
    tiny.answers = [what]
    with pytest.raises(Unreachable):
        asker(tiny).find(SENT, NOW, NOW)


def test_a_send_in_doubt_is_found_by_its_words(tiny: TinyTwilio) -> None:
    early = "Sat, 21 Nov 2026 09:00:00 +0000"
    pages(tiny, [ours(body="Something else"), ours(sid="SM" + "01" * 16, body=' Asante. "Kuna" mtu aliyeumia? '),
                 ours(sid="SM" + "02" * 16, date_created=early), listed(), ours(sid="SM" + "03" * 16, body="")])
    found = asker(tiny).find(SENT, NOW - timedelta(minutes=3), NOW)
    assert [(one.provider_id, one.same_text) for one in found] == [("SM" + "01" * 16, True), ("SM" + "03" * 16, None)]
    assert (tiny.asked[0].values["To"], tiny.asked[0].values["From"]) == ([PERSON], [DESK])
    assert "DateSent>" not in tiny.asked[0].values


def test_one_message_is_asked_after(tiny: TinyTwilio) -> None:
    tiny.says(200, ours(status="delivered"))
    assert asker(tiny).check("SM" + "aa" * 16) == DeliveryUpdate("sms", DESK, "SM" + "aa" * 16, "delivered")
    assert tiny.asked[0].path == f"{PATH}/SM{'aa' * 16}.json"
    tiny.says(200, ours(status="teleported"))
    with pytest.raises(Unreadable):
        asker(tiny).check("SM" + "aa" * 16)
