"""The fake Twilio takes and lists messages as the true one does, and finds what is wrong with a request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from tests.fakes.conftest import Bench
from tests.fakes.twilio import shapes
from tests.fakes.twilio.client import client
from tests.fakes.twilio.description import FORM, Asked, official

LONG = "x" * 1601


def refused(bench: Bench, **given: Any) -> int:
    """The error code with which a message is refused."""
    with pytest.raises(TwilioRestException) as caught:
        bench.send(**given)
    return int(caught.value.code)


def post(bench: Bench, form: dict[str, Any]) -> requests.Response:
    """A message without the library, with whatever stands in the form."""
    path = f"{bench.twilio.address}/2010-04-01/Accounts/{bench.twilio.account}/Messages.json"
    return requests.post(path, data=form, auth=bench.auth, timeout=10)


def new_problems(bench: Bench, before: int) -> str:
    """What the ledger says is wrong since then, in one text."""
    return "; ".join(bench.twilio.ledger.problems()[before:])


def test_a_message_is_taken_and_delivered(bench: Bench) -> None:
    sent = bench.send("Tumepokea ujumbe wako")
    assert (sent.status, sent.direction, sent.num_segments, sent.num_media) == ("queued", "outbound-api", "1", "0")
    (entry,) = bench.accepted()
    assert (entry.about, entry["Body"], entry["From"]) == (sent.sid, "Tumepokea ujumbe wako", bench.ours)
    bench.listener.wait("/status", 2)
    assert bench.listener.words() == ["sent", "delivered"]
    bench.twilio.settle()
    found = bench.library.messages(sent.sid).fetch()
    assert (found.status, found.error_code, found.body) == ("delivered", None, "Tumepokea ujumbe wako")
    assert abs(found.date_sent - datetime.now(UTC)) < timedelta(minutes=1)


def test_callbacks_say_what_twilios_say_and_are_signed(bench: Bench) -> None:
    sent = bench.send()
    first, _ = bench.listener.wait("/status", 2)
    assert bench.signed(first)
    assert first.form == {
        "SmsSid": sent.sid, "SmsStatus": "sent", "MessageStatus": "sent", "To": bench.theirs, "MessageSid": sent.sid,
        "AccountSid": bench.twilio.account, "From": bench.ours, "ApiVersion": "2010-04-01"}


def test_files_are_sent_by_their_addresses(bench: Bench) -> None:
    urls = ["https://desk.example/1.jpg", "https://desk.example/2.jpg"]
    sent = bench.send(media_url=urls)
    assert sent.sid.startswith("MM")
    assert sent.num_media == "2"
    assert bench.accepted()[0]["media"] == urls
    assert len(bench.library.messages(sent.sid).media.list()) == 2


def test_a_messaging_service_chooses_the_number_and_says_it_later(bench: Bench) -> None:
    service = bench.twilio.add_service(bench.ours)
    sent = bench.library.messages.create(to=bench.theirs, messaging_service_sid=service, body="Asante",
                                         status_callback=f"{bench.listener.url}/status")
    assert (sent.status, sent.from_, sent.messaging_service_sid) == ("accepted", None, service)
    first = bench.listener.wait("/status", 3)[0]
    assert (first.form["From"], first.form["MessagingServiceSid"]) == (bench.ours, service)
    assert bench.listener.words() == ["queued", "sent", "delivered"]


def test_whatsapp_takes_a_free_answer_only_within_a_day(bench: Bench) -> None:
    ours, theirs = f"whatsapp:{bench.ours}", f"whatsapp:{bench.theirs}"
    bench.twilio.add_number(ours, sms_url=f"{bench.listener.url}/sms")
    bench.send(from_=ours, to=theirs)
    (failed,) = bench.listener.wait("/status", 1)
    assert (failed.form["MessageStatus"], failed.form["ErrorCode"]) == ("failed", "63016")
    bench.twilio.write(theirs, ours, "Habari")
    bench.send(from_=ours, to=theirs)
    bench.listener.wait("/status", 3)
    assert bench.listener.words() == ["failed", "sent", "delivered"]


@pytest.mark.parametrize("given, code", [
    ({"to": "12345"}, 21211),
    ({"body": ""}, 21602),
    ({"body": LONG}, 21617),
    ({"from_": "+15005550006"}, 21606),
    ({"from_": "whatsapp:+15005550006"}, 21910),
    ({"from_": "whatsapp:+15005550006", "to": "whatsapp:+15005550009"}, 63007),
    ({"status_callback": "not an address"}, 21609),
    ({"media_url": ["https://desk.example/1.jpg"] * 11}, 21623),
])
def test_what_twilio_refuses_is_refused_with_its_code(bench: Bench, given: dict[str, Any], code: int) -> None:
    assert refused(bench, **given) == code
    assert bench.accepted() == []


def test_a_message_to_oneself_or_from_nowhere_is_refused(bench: Bench) -> None:
    assert refused(bench, to=bench.ours) == 21266
    assert post(bench, {"To": bench.theirs, "Body": "x"}).json()["code"] == 21603


def test_who_said_stop_is_not_written_to_until_start(bench: Bench) -> None:
    bench.twilio.write(bench.theirs, bench.ours, " Stop ")
    assert refused(bench) == 21610
    bench.twilio.write(bench.theirs, bench.ours, "START")
    assert bench.send().sid


# ---------------------------------------------------------------- the description


@pytest.mark.parametrize("changes, problem", [
    ({"Colour": "blue"}, "unknown parameter Colour in the form"),
    ({"To": None}, "To"),
    ({"ProvideFeedback": "perhaps"}, "boolean type: perhaps"),
    ({"MessagingServiceSid": "MGshort"}, "MGshort"),
    ({"ValidityPeriod": "soon"}, "integer type: soon"),
])
def test_what_the_description_does_not_allow_is_refused_and_counted(bench: Bench, changes: dict[str, Any],
                                                                   problem: str) -> None:
    before = len(bench.twilio.ledger.problems())
    answer = post(bench, {"To": bench.theirs, "From": bench.ours, "Body": "Asante", **changes})
    assert answer.status_code == 400
    assert "the fake refuses this" in answer.json()["message"]
    assert problem in new_problems(bench, before)
    assert bench.accepted() == []


def test_a_path_that_is_in_no_description_is_counted(bench: Bench) -> None:
    before = len(bench.twilio.ledger.problems())
    assert requests.get(f"{bench.twilio.address}/2010-04-01/Nowhere.json", timeout=10).status_code == 400
    assert "no such path" in new_problems(bench, before)


def test_an_unknown_parameter_of_a_list_is_counted(bench: Bench) -> None:
    before = len(bench.twilio.ledger.problems())
    url = f"{bench.twilio.address}/2010-04-01/Accounts/{bench.twilio.account}/Messages.json?Recipient=x"
    assert requests.get(url, auth=bench.auth, timeout=10).status_code == 400
    assert "unknown parameter Recipient in the query" in new_problems(bench, before)


def test_what_the_library_sends_is_no_problem(bench: Bench) -> None:
    before = len(bench.twilio.ledger.problems())
    bench.send(media_url=["https://desk.example/1.jpg", "https://desk.example/2.jpg"], provide_feedback=True,
               validity_period=600, smart_encoded=True)
    bench.library.messages.list(to=bench.theirs, date_sent_after=datetime.now(UTC) - timedelta(days=1), page_size=20)
    bench.library.incoming_phone_numbers.list(phone_number=bench.ours)
    bench.library.api.v2010.accounts(bench.twilio.account).fetch()
    assert new_problems(bench, before) == ""


# ---------------------------------------------------------------- lists


def test_a_list_is_turned_page_by_page_newest_first(bench: Bench) -> None:
    sent = [bench.send(f"part {number}").sid for number in range(5)]
    found = bench.library.messages.list(to=bench.theirs, page_size=2)
    assert [one.sid for one in found] == sent[::-1]
    pages = [one for one in bench.twilio.ledger.requests() if ["To", bench.theirs] in one["query"]]
    assert len(pages) == 3
    assert any(name == "PageToken" for name, _ in pages[-1]["query"])


def test_what_comes_between_two_pages_neither_doubles_nor_hides_a_message(bench: Bench) -> None:
    sent = [bench.send(f"part {number}").sid for number in range(4)]
    first = bench.library.messages.page(to=bench.theirs, page_size=2)
    seen = [one.sid for one in first]
    bench.send("in between")
    following = first.next_page()
    assert following is not None
    assert seen + [one.sid for one in following] == sent[::-1]


def test_lists_are_filtered_by_address_and_time(bench: Bench) -> None:
    bench.twilio.write(bench.theirs, bench.ours, "Habari")
    now = datetime.now(UTC)
    listed = bench.library.messages.list
    assert [one.body for one in listed(from_=bench.theirs)] == ["Habari"]
    assert [one.direction for one in listed(to=bench.ours, date_sent_after=now - timedelta(hours=1))] == ["inbound"]
    assert listed(to=bench.ours, date_sent_after=now + timedelta(hours=1)) == []
    assert listed(to=bench.ours, date_sent_before=now - timedelta(hours=1)) == []
    assert len(listed(to=bench.ours, date_sent_before=now + timedelta(hours=1))) == 1


def test_numbers_and_the_account_are_shown(bench: Bench) -> None:
    (number,) = bench.library.incoming_phone_numbers.list(phone_number=bench.ours)
    assert number.sms_url == f"{bench.listener.url}/sms"
    assert number.capabilities["sms"]
    account = bench.library.api.v2010.accounts(bench.twilio.account).fetch()
    assert (account.sid, account.status) == (bench.twilio.account, "active")


def test_messages_and_files_can_be_deleted(bench: Bench) -> None:
    written = bench.twilio.write(bench.theirs, bench.ours, "Picha", media=(("image/jpeg", b"\xff\xd8"),))
    (media,) = bench.library.messages(written["sid"]).media.list()
    assert media.fetch().content_type == "image/jpeg"
    assert media.delete()
    assert bench.library.messages(written["sid"]).media.list() == []
    assert bench.library.messages(written["sid"]).delete()
    with pytest.raises(TwilioRestException) as caught:
        bench.library.messages(written["sid"]).fetch()
    assert (caught.value.status, caught.value.code) == (404, 20404)


def test_a_message_can_be_left_without_its_words(bench: Bench) -> None:
    written = bench.twilio.write(bench.theirs, bench.ours, "Habari")
    assert bench.library.messages(written["sid"]).update(body="").body == ""
    assert bench.library.messages(written["sid"]).fetch().body == ""


def test_a_wrong_token_is_told_so(bench: Bench) -> None:
    stranger = client(bench.twilio.address, bench.twilio.account, "f" * 32)
    with pytest.raises(TwilioRestException) as caught:
        stranger.messages("SM" + "0" * 32).fetch()
    assert (caught.value.status, caught.value.code) == (401, 20003)


@pytest.mark.parametrize("text, parts", [
    ("", 1), ("a" * 160, 1), ("a" * 161, 2), ("€" * 80, 1), ("€" * 81, 2), ("ш" * 70, 1), ("ш" * 71, 2), ("😀" * 35, 1),
])
def test_texts_are_cut_as_the_network_cuts_them(text: str, parts: int) -> None:
    assert shapes.segments(text) == parts


def test_the_fakes_own_answers_are_as_the_description_says(bench: Bench) -> None:
    sent = bench.send(media_url=["https://desk.example/1.jpg"]).sid
    call = bench.twilio.ring(bench.theirs, bench.ours)["sid"]
    base = f"/2010-04-01/Accounts/{bench.twilio.account}"
    paths = [".json", "/Messages.json", f"/Messages/{sent}.json", f"/Messages/{sent}/Media.json", "/Calls.json",
             f"/Calls/{call}.json", f"/Calls/{call}/Recordings.json", "/Recordings.json", "/IncomingPhoneNumbers.json"]
    for path in paths:
        answer = requests.get(bench.twilio.address + base + path, auth=bench.auth, timeout=10)
        asked = Asked("GET", base + path, headers={"Authorization": "Basic x"})
        assert official().answer_problems(asked, answer.status_code, answer.content) == [], path
    answer = post(bench, {"To": bench.theirs, "From": bench.ours, "Body": "Asante"})
    asked = Asked("POST", f"{base}/Messages.json", content_type=FORM)
    assert official().answer_problems(asked, answer.status_code, answer.content) == []
