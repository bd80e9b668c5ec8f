"""One message handed to Twilio: what leaves, and what each answer, or none, means for the outbox."""

from __future__ import annotations

import base64
import logging
import socket
from collections.abc import Iterator

import pytest

from channels.base import OutboundMessage, Receipt, RemoteFile
from channels.errors import (
    AccountProblem,
    ChannelError,
    OptedOut,
    OutcomeUnknown,
    Rejected,
    RetryLater,
    Unreachable,
)
from channels.twilio_client import status_callback
from channels.twilio_errors import CODES, sentence
from channels.twilio_sms import TwilioSms, TwilioWhatsApp
from tests.channels.twilio_bench import (
    DESK,
    MESSAGE,
    PERSON,
    SID,
    STATUS_URL,
    TOKEN,
    TinyTwilio,
    accepted,
    account,
    opened,
)

PATH = f"/2010-04-01/Accounts/{SID}/Messages.json"
SECRET_WORDS = "Kuna mtu aliyeumia"


@pytest.fixture
def tiny() -> Iterator[TinyTwilio]:
    with opened() as server:
        yield server


def sender(tiny: TinyTwilio, **options: str) -> TwilioSms:
    return TwilioSms(account(api_base=tiny.url, callback_url=STATUS_URL, read_seconds="0.5", **options))


def outbound(text: str = SECRET_WORDS, recipient: str = PERSON, *files: str) -> OutboundMessage:
    return OutboundMessage(recipient, text, "delivery-7", media=tuple(RemoteFile(url, "image/png") for url in files))


def trouble(tiny: TinyTwilio) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        sender(tiny).send(outbound())
    assert SECRET_WORDS not in str(caught.value)
    assert PERSON not in str(caught.value)
    assert len(str(caught.value)) <= 200
    return caught.value


def test_a_text_message_leaves_with_our_name_of_it_in_the_callback(tiny: TinyTwilio) -> None:
    tiny.says(201, accepted())
    assert sender(tiny).send(outbound()) == Receipt(MESSAGE)
    (asked,) = tiny.asked
    assert (asked.method, asked.path) == ("POST", PATH)
    assert asked.values == {"To": [PERSON], "From": [DESK], "Body": [SECRET_WORDS],
                            "StatusCallback": [STATUS_URL + "?ref=delivery-7."]}
    assert asked.headers["Authorization"] == "Basic " + base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()


def test_whatsapp_addresses_carry_their_prefix(tiny: TinyTwilio) -> None:
    tiny.says(201, accepted())
    TwilioWhatsApp(account("whatsapp", api_base=tiny.url)).send(outbound())
    values = tiny.asked[0].values
    assert (values["To"], values["From"]) == ([f"whatsapp:{PERSON}"], [f"whatsapp:{DESK}"])
    assert "StatusCallback" not in values


def test_files_leave_by_their_addresses(tiny: TinyTwilio) -> None:
    tiny.says(201, accepted(sid="MM" + "2c" * 16))
    sender(tiny).send(outbound("", PERSON, "https://x.example/1", "https://x.example/2"))
    assert tiny.asked[0].values["MediaUrl"] == ["https://x.example/1", "https://x.example/2"]
    assert "Body" not in tiny.asked[0].values


@pytest.mark.parametrize("message", [
    outbound(""), outbound(" \n"), outbound("x" * 1601), outbound("\0"), outbound("a\ud800"), outbound("hi", ""),
    outbound("hi", "MPESA"), outbound("hi", "whatsapp:+254700000100"), outbound("hi", "+25470000010x"),
    outbound("hi", PERSON, *["https://x.example/"] * 11),
])
def test_what_twilio_would_refuse_does_not_leave(message: OutboundMessage, tiny: TinyTwilio) -> None:
    with pytest.raises(Rejected):
        sender(tiny).send(message)
    assert tiny.asked == []


def test_the_longest_text_leaves(tiny: TinyTwilio) -> None:
    tiny.says(201, accepted())
    sender(tiny).send(outbound("ق" * 1600))
    assert tiny.asked[0].values["Body"] == ["ق" * 1600]


@pytest.mark.parametrize("code, status, expected", [
    (21211, 400, Rejected), (21614, 400, Rejected), (21610, 400, OptedOut), (21606, 400, Rejected),
    (21659, 400, AccountProblem), (21608, 400, Rejected), (20003, 401, AccountProblem),
    (20404, 404, AccountProblem), (21611, 400, RetryLater), (63016, 400, Rejected), (99999, 400, Rejected),
    (20429, 429, RetryLater), (20403, 403, AccountProblem), (21617, 400, Rejected), (20503, 503, Unreachable),
    (20500, 500, OutcomeUnknown),
])
def test_each_refusal_says_what_to_do_next(code: int, status: int, expected: type[ChannelError],
                                           tiny: TinyTwilio) -> None:
    tiny.says(status, {"code": code, "message": f"about {PERSON}", "more_info": "", "status": status})
    problem = trouble(tiny)
    assert type(problem) is expected
    assert len(tiny.asked) == 1
    if status < 500:
        assert str(code) in str(problem)


@pytest.mark.parametrize("headers, after", [({"Retry-After": "17"}, 17), ({}, 30)])
def test_throttled_means_later_for_as_long_as_twilio_says(headers: dict[str, str], after: float,
                                                          tiny: TinyTwilio) -> None:
    tiny.says(429, {"code": 20429}, headers)
    problem = trouble(tiny)
    assert isinstance(problem, RetryLater)
    assert problem.after == after


@pytest.mark.parametrize("status, body, expected", [
    (404, "<html>", AccountProblem), (400, "[]", AccountProblem), (400, '{"code": "x"}', AccountProblem),
    (400, '{"code": true}', AccountProblem), (401, "", AccountProblem), (302, "", AccountProblem),
    (429, "slow down", RetryLater), (502, "bad gateway", OutcomeUnknown), (504, "", OutcomeUnknown),
    (503, "", Unreachable), (408, "", Unreachable), (400, "[" * 50_000, AccountProblem),
])
def test_an_answer_that_is_not_twilios_is_no_word_about_the_recipient(
        status: int, body: str, expected: type[ChannelError], tiny: TinyTwilio) -> None:
    tiny.says(status, body, {"Location": f"{tiny.url}/elsewhere"})
    assert type(trouble(tiny)) is expected
    assert len(tiny.asked) == 1


@pytest.mark.parametrize("body", [
    "", "{", "[]", "null", "7", "{}", {"sid": None}, {"sid": 7}, {"sid": "SM1"}, accepted(account_sid="AC" + "99" * 16),
    accepted(sid="CA" + "2c" * 16), accepted(date_created=7), accepted(error_code={}, sid=""), "[" * 50_000,
])
def test_a_yes_that_cannot_be_read_is_in_doubt(body: object, tiny: TinyTwilio) -> None:
    tiny.says(201, body)
    try:
        receipt = sender(tiny).send(outbound())
    except OutcomeUnknown:
        return
    assert receipt == Receipt(MESSAGE)
    assert body == accepted(date_created=7)


def test_a_yes_that_says_failed_is_a_no(tiny: TinyTwilio) -> None:
    tiny.says(201, accepted(status="failed", error_code=21610))
    assert isinstance(trouble(tiny), OptedOut)
    tiny.says(201, accepted(status="failed", error_code=None))
    assert isinstance(trouble(tiny), Rejected)


@pytest.mark.parametrize("what", ["hangs up", "silent", "cut"])
def test_no_answer_after_the_request_left_is_in_doubt(what: str, tiny: TinyTwilio) -> None:
    tiny.answers = [what]
    assert type(trouble(tiny)) is OutcomeUnknown
    assert len(tiny.asked) == 1


def test_an_endless_answer_is_in_doubt(tiny: TinyTwilio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.twilio_client.MOST_BYTES", 1000)
    tiny.says(201, " " * 5000)
    assert type(trouble(tiny)) is OutcomeUnknown


def test_nobody_there_may_be_tried_again(tiny: TinyTwilio) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        tiny.url = f"http://127.0.0.1:{free.getsockname()[1]}"
    assert type(trouble(tiny)) is Unreachable


@pytest.mark.parametrize("sid, secret", [("", TOKEN), ("AC1", TOKEN), (SID, ""), (SID, ","), (SID, "tökén")])
def test_without_credentials_nothing_leaves(sid: str, secret: str, tiny: TinyTwilio) -> None:
    with pytest.raises(AccountProblem):
        TwilioSms(account(secret=secret, account_sid=sid, api_base=tiny.url)).send(outbound())
    assert tiny.asked == []


def test_of_two_tokens_the_first_sends(tiny: TinyTwilio) -> None:
    tiny.says(201, accepted())
    TwilioSms(account(secret=f"{'9f' * 16},{TOKEN}", api_base=tiny.url)).send(outbound())
    assert base64.b64decode(tiny.asked[0].headers["Authorization"][6:]).decode() == f"{SID}:{'9f' * 16}"


def test_the_host_may_be_another_one_below_a_path(tiny: TinyTwilio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_REGION", "au1")
    tiny.says(201, accepted())
    tiny.url += "/relay/"
    sender(tiny).send(outbound())
    assert tiny.asked[0].path == "/relay" + PATH


def test_nothing_of_a_message_is_logged(tiny: TinyTwilio, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    tiny.says(201, accepted())
    sender(tiny).send(outbound())
    assert PERSON not in caplog.text
    assert SECRET_WORDS not in caplog.text
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("base, expected", [
    ("https://d.example/s", "https://d.example/s?ref=a+b%26c."),
    ("https://d.example/s?x=1", "https://d.example/s?x=1&ref=a+b%26c."),
    ("https://d.example/s#rc=2&rp=all", "https://d.example/s?ref=a+b%26c.#rc=2&rp=all"),
])
def test_the_reference_stands_in_the_query_before_what_is_twilios(base: str, expected: str) -> None:
    assert status_callback(base, "a b&c") == expected


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_is_one_plain_sentence(code: int) -> None:
    kind, said = CODES[code]
    assert issubclass(kind, ChannelError)
    assert said.endswith(".")
    assert len(sentence(code)) <= 150
    assert str(code) in sentence(code)
