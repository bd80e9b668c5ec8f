"""What the fake Twilio brings to the desk: signed as Twilio signs, withheld, doubled, out of order, tried again."""

from __future__ import annotations

import pytest
import requests
from twilio.base.exceptions import TwilioException

from tests.fakes.conftest import Bench
from tests.fakes.twilio.scripts import Behaviour

PICTURE = b"\xff\xd8\xff\xe0 a picture"


def test_a_text_is_brought_as_twilio_brings_it(bench: Bench) -> None:
    written = bench.twilio.write(bench.theirs, bench.ours, "Kura zimechelewa & foleni ndefu ✊")
    assert written["heard"] == [200]
    (call,) = bench.listener.at("/sms")
    assert bench.signed(call)
    assert call.headers["Content-Type"].startswith("application/x-www-form-urlencoded")
    form = call.form
    assert (form["Body"], form["From"], form["To"]) == ("Kura zimechelewa & foleni ndefu ✊", bench.theirs, bench.ours)
    assert {form["MessageSid"], form["SmsSid"], form["SmsMessageSid"]} == {written["sid"]}
    assert (form["AccountSid"], form["NumMedia"], form["SmsStatus"]) == (bench.twilio.account, "0", "received")


def test_a_changed_request_is_not_signed_any_more(bench: Bench) -> None:
    bench.twilio.write(bench.theirs, bench.ours, "Habari")
    (call,) = bench.listener.at("/sms")
    assert bench.signed(call)
    assert not bench.signed(call, "https://elsewhere.example")


def test_an_empty_text_is_brought_and_signed(bench: Bench) -> None:
    bench.twilio.write(bench.theirs, bench.ours)
    (call,) = bench.listener.at("/sms")
    assert call.form["Body"] == ""
    assert bench.signed(call)


def test_a_json_body_is_signed_by_its_hash_in_the_address(bench: Bench) -> None:
    bench.twilio.write(bench.theirs, bench.ours, "Habari", as_json=True)
    (call,) = bench.listener.at("/sms")
    assert call.headers["Content-Type"] == "application/json"
    assert "bodySHA256=" in call.path
    assert bench.signed(call)


def test_signatures_are_over_the_public_address(bench: Bench) -> None:
    public = "https://desk.example"
    bench.twilio.leads(public, bench.listener.url)
    bench.twilio.add_number(bench.ours, sms_url=f"{public}/sms?desk=1")
    bench.twilio.write(bench.theirs, bench.ours, "Habari")
    (call,) = bench.listener.at("/sms")
    assert call.headers["Host"] == "desk.example"
    assert bench.signed(call, public)
    assert not bench.signed(call)


def test_files_are_named_and_lie_at_twilio(bench: Bench) -> None:
    files = (("image/jpeg", PICTURE), ("video/mp4", b"a film"))
    written = bench.twilio.write(bench.theirs, bench.ours, "Picha", media=files)
    (call,) = bench.listener.at("/sms")
    assert written["sid"].startswith("MM")
    assert (call.form["NumMedia"], call.form["MediaContentType1"]) == ("2", "video/mp4")
    url = call.form["MediaUrl0"]
    answer = requests.get(url, auth=bench.auth, timeout=10)
    assert (answer.content, answer.headers["Content-Type"]) == (PICTURE, "image/jpeg")
    assert requests.get(url, timeout=10).status_code == 401
    assert requests.get(url[:-32] + "0" * 32, auth=bench.auth, timeout=10).status_code == 404


def test_files_may_lie_at_another_host_where_the_token_must_not_go(bench: Bench) -> None:
    other = bench.twilio.address.replace("127.0.0.1", "localhost")
    bench.twilio.order("cdn", base=other)
    try:
        bench.twilio.write(bench.theirs, bench.ours, "Picha", media=(("image/jpeg", PICTURE),))
        url = bench.listener.at("/sms")[0].form["MediaUrl0"]
        sent_on = requests.get(url, auth=bench.auth, timeout=10, allow_redirects=False)
        assert sent_on.headers["Location"].startswith(other)
        assert requests.get(sent_on.headers["Location"], timeout=10).content == PICTURE
        before = len(bench.twilio.ledger.problems())
        assert requests.get(sent_on.headers["Location"], auth=bench.auth, timeout=10).status_code == 404
        assert "token was sent" in bench.twilio.ledger.problems()[before]
    finally:
        bench.twilio.order("cdn", base="")


def test_whatsapp_names_who_writes(bench: Bench) -> None:
    ours = f"whatsapp:{bench.ours}"
    bench.twilio.add_number(ours, sms_url=f"{bench.listener.url}/sms")
    bench.twilio.write(f"whatsapp:{bench.theirs}", ours, "Habari", profile_name="Rosa",
                       extra={"Latitude": "-1.29", "Longitude": "36.82"})
    form = bench.listener.at("/sms")[0].form
    assert (form["ProfileName"], form["WaId"], form["Latitude"]) == ("Rosa", bench.theirs[1:], "-1.29")
    assert form["From"] == f"whatsapp:{bench.theirs}"


def test_a_withheld_text_is_only_listed_until_it_is_released(bench: Bench) -> None:
    written = bench.twilio.write(bench.theirs, bench.ours, "Habari", withheld=True)
    assert bench.listener.calls == []
    assert [one.sid for one in bench.library.messages.list(to=bench.ours)] == [written["sid"]]
    assert bench.twilio.release(written["sid"]) == [200]
    assert bench.listener.at("/sms")[0].form["MessageSid"] == written["sid"]
    assert bench.twilio.release(written["sid"]) == []


def test_texts_come_out_of_order(bench: Bench) -> None:
    first, second = (bench.twilio.write(bench.theirs, bench.ours, body, withheld=True)["sid"] for body in ("1", "2"))
    bench.twilio.release(second)
    bench.twilio.release(first)
    assert [call.form["Body"] for call in bench.listener.at("/sms")] == ["2", "1"]


def test_a_text_comes_many_times_at_once(bench: Bench) -> None:
    written = bench.twilio.write(bench.theirs, bench.ours, "Habari", times=4)
    assert written["heard"] == [200] * 4
    assert {call.form["MessageSid"] for call in bench.listener.at("/sms")} == {written["sid"]}
    assert len(bench.twilio.ledger.hooks(written["sid"])) == 4
    assert bench.twilio.ledger.heard(written["sid"]) == [200] * 4


def test_nobody_needs_to_wait_for_the_desk(bench: Bench) -> None:
    assert bench.twilio.write(bench.theirs, bench.ours, "Habari", wait=False)["heard"] == []
    assert bench.listener.wait("/sms", 1)


@pytest.mark.parametrize("status, calls", [(500, 1), (0, 2)])
def test_twilio_asks_again_only_where_nobody_answered_at_all(bench: Bench, status: int, calls: int) -> None:
    bench.listener.says["/sms"] = (status, "", "text/xml")
    heard = bench.twilio.write(bench.theirs, bench.ours, "Habari")["heard"]
    assert heard == [status or None]
    assert len(bench.listener.at("/sms")) == calls


def test_the_addresss_fragment_says_how_often_to_ask_again(bench: Bench) -> None:
    bench.listener.says["/sms"] = (503, "", "text/xml")
    bench.twilio.add_number(bench.ours, sms_url=f"{bench.listener.url}/sms#rc=3&rp=5xx")
    bench.twilio.write(bench.theirs, bench.ours, "Habari")
    calls = bench.listener.at("/sms")
    assert len(calls) == 4
    assert len({call.headers["I-Twilio-Idempotency-Token"] for call in calls}) == 1
    assert all(bench.signed(call) for call in calls)


def test_where_the_desk_fails_the_fallback_is_asked(bench: Bench) -> None:
    bench.listener.says["/sms"] = (500, "", "text/xml")
    bench.twilio.add_number(bench.ours, sms_fallback_url=f"{bench.listener.url}/fallback")
    assert bench.twilio.write(bench.theirs, bench.ours, "Habari")["heard"] == [200]
    (call,) = bench.listener.at("/fallback")
    assert (call.form["ErrorCode"], call.form["ErrorUrl"]) == ("11200", f"{bench.listener.url}/sms")
    assert bench.signed(call)


@pytest.mark.parametrize("answer, sent", [
    (("<Response><Message>Asante</Message></Response>", "text/xml"), ["Asante"]),
    (("<Response/>", "application/xml"), []),
    (("OK", "text/plain; charset=utf-8"), ["OK"]),  # the true Twilio sends a plain text on to the citizen
    (("", "text/plain"), []),
    (("", "text/html"), []),
    (("{}", "application/json"), []),
])
def test_what_the_desk_answers_to_a_text_may_be_sent_to_the_citizen(bench: Bench, answer: tuple[str, str],
                                                                    sent: list[str]) -> None:
    bench.listener.says["/sms"] = (200, *answer)
    bench.twilio.write(bench.theirs, bench.ours, "Habari")
    assert [one["Body"] for one in bench.accepted()] == sent


def test_an_answer_that_is_no_twiml_and_none_at_all_raise_twilios_alarms(bench: Bench) -> None:
    bench.listener.says["/sms"] = (200, "OK", "text/html; charset=utf-8")
    written = bench.twilio.write(bench.theirs, bench.ours, "Habari")
    assert bench.twilio.ledger.alarms(written["sid"]) == [12100]
    bench.listener.says["/sms"] = (503, "", "text/html")
    written = bench.twilio.write(bench.theirs, bench.ours, "Habari")
    assert bench.twilio.ledger.alarms(written["sid"]) == [11200]


def test_a_number_that_is_not_ours_cannot_be_written_to(bench: Bench) -> None:
    with pytest.raises(AssertionError, match="no number of ours"):
        bench.twilio.write(bench.theirs, "+15005550006", "Habari")


def test_a_media_file_is_not_there_yet_and_then_is(bench: Bench) -> None:
    bench.twilio.script(Behaviour.FAILS, resource="Media", method="GET", status=404, count=1)
    written = bench.twilio.write(bench.theirs, bench.ours, "Picha", media=(("image/jpeg", PICTURE),))
    with pytest.raises(TwilioException, match="20404"):
        bench.library.messages(written["sid"]).media.list()
    assert len(bench.library.messages(written["sid"]).media.list()) == 1
