"""What Twilio brings of messages, read: every kind, and whatever else may come."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.base import DeliveryUpdate, InboundMessage, RemoteFile, WebhookRequest
from channels.errors import Unreadable
from channels.twilio_addresses import limits
from channels.twilio_sms import TwilioSms, TwilioWhatsApp
from tests.channels.twilio_bench import (
    DESK,
    FORM,
    MESSAGE,
    PERSON,
    SID,
    SMS_URL,
    STATUS_URL,
    account,
    form,
    sms,
    status,
    unsigned,
)

MEDIA = f"https://api.twilio.com/2010-04-01/Accounts/{SID}/Messages/{MESSAGE}/Media/ME"


def parse(request: WebhookRequest) -> InboundMessage | DeliveryUpdate:
    (found,) = TwilioSms(account(address="")).parse(request)
    return found


def heard(**changes: str) -> InboundMessage:
    found = parse(unsigned(SMS_URL, sms(**changes)))
    assert isinstance(found, InboundMessage)
    return found


def key(request: WebhookRequest) -> str | None:
    return TwilioSms(account(address="")).external_key(request)


def test_a_text_message() -> None:
    assert heard() == InboundMessage("sms", DESK, MESSAGE, PERSON, "Vituo havijafunguliwa", raw={"parts": 1})


def test_only_body_and_content_type_are_needed_to_read_it_again() -> None:
    request = form(SMS_URL, sms())
    assert parse(WebhookRequest("", {"content-type": FORM}, {}, request.body)) == heard()


def test_a_message_in_json_says_the_same() -> None:
    body = json.dumps({**sms(), "NumSegments": 1, "NumMedia": 0, "ProfileName": None}).encode()
    assert parse(WebhookRequest(SMS_URL, {"Content-Type": "application/json"}, {}, body)) == heard()


def test_files_are_named_and_not_fetched() -> None:
    found = heard(Body="", NumMedia="2", MediaUrl0=MEDIA + "0", MediaContentType0="image/jpeg",
                  MediaUrl1=MEDIA + "1", MediaContentType1="<script>")
    assert found.text == ""
    assert found.remote_files == (RemoteFile(MEDIA + "0", "image/jpeg"),
                                  RemoteFile(MEDIA + "1", "application/octet-stream"))


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "https://", "https://a@b.example/x",
                                 "http://[::1", "https://x.example/ y", "https://x.example/" + "y" * 2000])
def test_a_file_that_is_nowhere_is_unreadable(url: str) -> None:
    with pytest.raises(Unreadable) as caught:
        heard(NumMedia="1", MediaUrl0=url, MediaContentType0="image/jpeg")
    assert "x.example" not in str(caught.value)


def test_whatsapp_comes_by_the_same_hook_under_its_own_name() -> None:
    found = heard(From=f"whatsapp:{PERSON}", To=f"whatsapp:{DESK}", ProfileName="Neema 🗳", Forwarded="true",
                  OriginalRepliedMessageSid="SM" + "77" * 16)
    assert (found.channel, found.account_address, found.sender) == ("whatsapp", DESK, PERSON)
    assert (found.sender_name, found.in_reply_to) == ("Neema 🗳", "SM" + "77" * 16)
    assert found.raw == {"parts": 1, "forwarded": True}


def test_a_place_by_whatsapp_speaks_for_itself() -> None:
    found = heard(From=f"whatsapp:{PERSON}", To=f"whatsapp:{DESK}", Body="", Latitude="-1.2921", Longitude="36.82",
                  Label="Mill Road School", Address="Mill Road")
    assert found.text == found.place_text == "Mill Road School · Mill Road · -1.2921, 36.82"
    assert heard(Latitude="north", Longitude="36.82").place_text is None


def test_a_button_says_its_words() -> None:
    assert heard(Body="", ButtonText="Yes, call me").text == "Yes, call me"


def test_an_empty_message_is_a_message() -> None:
    assert heard(Body="").text == ""


@pytest.mark.parametrize("sender", ["40404", "MPESA", "+254700000101"])
def test_short_codes_and_names_are_senders(sender: str) -> None:
    assert heard(From=sender).sender == sender


@pytest.mark.parametrize("name, value", [
    ("From", "whatsapp:+254700000101"), ("From", "messenger:123"), ("From", ""), ("From", "+0123"),
    ("From", "whatsapp:40404"), ("To", "+٢٥٤٧"), ("To", "+254700000100\u202e"), ("From", "not a number at all"),
    ("MessageSid", "SM1"), ("MessageSid", MESSAGE + "\0"), ("MessageSid", "CA" + "2c" * 16),
])
def test_what_names_something_else_is_unreadable(name: str, value: str) -> None:
    with pytest.raises(Unreadable) as caught:
        heard(**{name: value})
    assert str(caught.value).endswith(".")
    assert "2547" not in str(caught.value)


def test_what_only_adds_never_keeps_a_message_out() -> None:
    found = heard(NumSegments="many", NumMedia="-1", OriginalRepliedMessageSid="x", Latitude="1e9", Longitude="")
    assert found == InboundMessage("sms", DESK, MESSAGE, PERSON, "Vituo havijafunguliwa")


def test_broken_characters_do_not_take_the_others_with_them() -> None:
    assert heard(Body="a\0b\ud83dc").text.replace("\ufffd", "") == "abc"


def test_two_different_values_of_one_field_are_unreadable() -> None:
    with pytest.raises(Unreadable):
        parse(form(SMS_URL, [*sms().items(), ("From", "+254700000999")]))
    assert parse(form(SMS_URL, [*sms().items(), ("From", PERSON)])) == heard()


@pytest.mark.parametrize("word, state", [
    ("accepted", "sent"), ("queued", "sent"), ("sending", "sent"), ("sent", "sent"), ("scheduled", "sent"),
    ("delivered", "delivered"), ("read", "delivered"),
    ("undelivered", "failed"), ("failed", "failed"), ("canceled", "failed"),
])
def test_a_status_says_how_far_our_message_came(word: str, state: str) -> None:
    found = parse(unsigned(STATUS_URL + "?ref=delivery-7.", status(word)))
    assert isinstance(found, DeliveryUpdate)
    assert (found.state, found.provider_id, found.account_address) == (state, MESSAGE, DESK)
    assert found.reference == "delivery-7"
    assert (found.error is None) is (state != "failed")


def test_a_failure_is_said_in_words_and_stop_is_told() -> None:
    found = parse(unsigned(STATUS_URL, status("undelivered", ErrorCode="30003")))
    assert found == DeliveryUpdate("sms", DESK, MESSAGE, "failed",
                                   "The telephone is switched off or out of reach. (Twilio 30003)")
    found = parse(unsigned(STATUS_URL, status("failed", ErrorCode="21610")))
    assert isinstance(found, DeliveryUpdate)
    assert found.opted_out
    late = parse(unsigned(STATUS_URL, status("delivered", ErrorCode="21610")))
    assert isinstance(late, DeliveryUpdate)
    assert (late.error, late.opted_out) == (None, False)


def test_a_status_of_whatsapp_is_of_whatsapp() -> None:
    found = parse(unsigned(STATUS_URL, status("read", From=f"whatsapp:{DESK}", To=f"whatsapp:{PERSON}")))
    assert found == DeliveryUpdate("whatsapp", DESK, MESSAGE, "delivered")


@pytest.mark.parametrize("url", [STATUS_URL, STATUS_URL + "?ref=", STATUS_URL + "?ref=a&ref=b", "http://[",
                                 STATUS_URL + "?ref=%00", STATUS_URL + "?ref=" + "x" * 101, "",
                                 STATUS_URL + "?ref=delivery-7"])  # its end was cut off
def test_a_reference_that_is_none_of_ours_is_left_out(url: str) -> None:
    found = parse(unsigned(url, status("sent")))
    assert isinstance(found, DeliveryUpdate)
    assert found.reference is None


def test_an_unheard_status_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        parse(unsigned(STATUS_URL, status("teleported")))


def test_redeliveries_have_one_name_and_each_status_its_own() -> None:
    assert key(unsigned(SMS_URL, sms())) == key(form("https://elsewhere.example/", sms())) == MESSAGE
    names = [key(unsigned(STATUS_URL, status(word))) for word in ("queued", "sent", "delivered")]
    assert names == [f"{MESSAGE}:queued", f"{MESSAGE}:sent", f"{MESSAGE}:delivered"]
    assert key(unsigned(SMS_URL, {"Body": "x"})) is None


def test_what_each_channel_can_do_is_known_without_an_account() -> None:
    assert TwilioSms.capabilities.answer_within is None
    assert TwilioWhatsApp.capabilities.answer_within == 24 * 3600
    assert TwilioSms.capabilities.idempotent_send is False
    assert TwilioWhatsApp.capabilities.default_limits == ((80, 1),)


@pytest.mark.parametrize("channel, address, expected", [
    ("sms", "+254700000100", 1), ("sms", "+12025550123", 1), ("sms", "+18885550123", 3), ("sms", "40404", 100),
    ("sms", "+80012345678", 1), ("whatsapp", "+18885550123", 80),
])
def test_how_fast_a_number_may_send_depends_on_its_kind(channel: str, address: str, expected: int) -> None:
    assert limits(channel, address) == ((expected, 1),)


def test_the_answer_says_nothing() -> None:
    said = TwilioSms(account(address="")).answer(unsigned(SMS_URL, sms()))
    assert said.content_type == "text/xml; charset=utf-8"
    assert said.body.endswith("<Response />")


# ---------------------------------------------------------------- whatever else may come

NAMES = sorted({*sms(), *status("sent"), "MediaUrl0", "MediaContentType0", "ErrorCode", "ProfileName", "Latitude",
                "Longitude", "Label", "OriginalRepliedMessageSid", "ButtonText", "CallSid"})
ODD = st.sampled_from(["", "\0", "\ud83d", "\udcff", "🗳️" * 40, "\u202eabc\u202c", "whatsapp:", "+", "-1",
                       "9" * 5000, "sent", "received", MESSAGE, PERSON, "٣", "x\r\ny", "https://x.example/a"])
VALUES = ODD | st.text(max_size=30)
SHORT = st.text(max_size=3)
WRONG = (st.none() | st.booleans() | st.integers() | st.floats() | st.lists(SHORT, max_size=2)
         | st.dictionaries(SHORT, st.integers(), max_size=2))


def hold(request: WebhookRequest) -> None:
    """Read it: only Unreadable may come out, and what comes out can be kept."""
    name = key(request)
    assert name is None or name.isprintable()
    found, said = None, ""
    try:
        found = parse(request)
    except Unreadable as problem:
        said = str(problem)
    assert len(said) < 200
    assert PERSON not in said
    assert found is None or name is not None
    for value in vars(found).values() if found else ():
        assert not isinstance(value, str) or not any(each == "\0" or "\ud800" <= each <= "\udfff" for each in value)


@given(st.sampled_from([sms(), status("sent")]), st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=4),
       st.sets(st.sampled_from(NAMES), max_size=3))
@settings(max_examples=400, deadline=None)
def test_any_form_is_read_or_unreadable(whole: dict[str, str], added: list[tuple[str, str]], gone: set[str]) -> None:
    changed = {**whole, **dict(added[:2])}
    pairs = [pair for pair in changed.items() if pair[0] not in gone] + added[2:]
    body = "&".join(f"{name}={value}" for name, value in pairs).encode("utf-8", "surrogatepass")
    hold(WebhookRequest(STATUS_URL, {"Content-Type": FORM}, {}, body))
    hold(unsigned(SMS_URL, dict(pairs)))


@given(st.sampled_from([sms(), status("sent")]), st.dictionaries(st.sampled_from(NAMES), WRONG | VALUES, max_size=4))
@settings(max_examples=400, deadline=None)
def test_any_json_is_read_or_unreadable(whole: dict[str, str], changed: dict[str, Any]) -> None:
    body = json.dumps({**whole, **changed}).encode()
    hold(WebhookRequest(SMS_URL, {"Content-Type": "application/json"}, {}, body))


@given(st.binary(max_size=300), st.sampled_from(["", FORM, "application/json", "multipart/form-data; boundary=x"]))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_unreadable(body: bytes, kind: str) -> None:
    hold(WebhookRequest(SMS_URL, {"Content-Type": kind}, {}, body))


@pytest.mark.parametrize("body", [b"[" * 30_000, b'{"a":' * 9_000, b'{"MessageSid": ' + b"9" * 6000 + b"}", b"null",
                                  b"{" + b" " * 1_000_000 + b"}", b"a=1&" * 1_000])
def test_bombs_are_unreadable(body: bytes) -> None:
    for kind in (FORM, "application/json"):
        request = WebhookRequest(SMS_URL, {"Content-Type": kind}, {}, body)
        assert key(request) is None
        with pytest.raises(Unreadable):
            parse(replace(request, headers={"CONTENT-TYPE": kind}))
