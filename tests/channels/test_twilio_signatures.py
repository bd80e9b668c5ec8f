"""Only what Twilio signed comes in: forms and JSON, two tokens, every spelling of the address, and no forgery."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest
from twilio.request_validator import RequestValidator

from channels.base import WebhookRequest
from channels.errors import BadSignature
from channels.twilio_sms import TwilioSms
from channels.twilio_voice import TwilioVoice
from tests.channels.twilio_bench import SMS_URL, STATUS_URL, TOKEN, VOICE_URL, account, call, form, sms, status

OLD = "9f" * 16


def verify(request: WebhookRequest, secret: str = TOKEN) -> None:
    TwilioSms(account(address="", secret=secret)).verify(request)


def test_what_twilio_signed_is_let_in() -> None:
    verify(form(SMS_URL, sms()))
    verify(form(STATUS_URL + "?ref=delivery-7", status("delivered")))
    verify(form(SMS_URL, sms(Body="🗳️ wамефунга\n+ & = % \u202eabc", Note="")))
    TwilioVoice(account("voice", address="")).verify(form(VOICE_URL + "?step=chosen", call()))


def test_fields_that_come_twice_are_signed_with_all_their_values() -> None:
    request = form(SMS_URL, [*sms().items(), ("MediaUrl", "b"), ("MediaUrl", "a"), ("MediaUrl", "b")])
    verify(request)
    with pytest.raises(BadSignature):
        verify(replace(request, body=request.body.replace(b"MediaUrl=a&", b"")))


@pytest.mark.parametrize("secret", [f"{TOKEN},{OLD}", f"{OLD},{TOKEN}", f"{OLD},,{TOKEN},"])
def test_two_tokens_are_in_force_while_one_is_being_replaced(secret: str) -> None:
    verify(form(SMS_URL, sms(), TOKEN), secret)
    verify(form(SMS_URL, sms(), OLD), secret)
    with pytest.raises(BadSignature):
        verify(form(SMS_URL, sms(), "7e" * 16), secret)


@pytest.mark.parametrize("secret", ["", ",", " ", TOKEN + " ", TOKEN[:-1]])
def test_another_secret_opens_nothing(secret: str) -> None:
    with pytest.raises(BadSignature):
        verify(form(SMS_URL, sms()), secret)
    with pytest.raises(BadSignature):
        verify(form(SMS_URL, sms(), ""), secret)


@pytest.mark.parametrize("ours, theirs", [
    ("https://desk.example/hooks/twilio/sms", "https://desk.example:443/hooks/twilio/sms"),
    ("https://desk.example:443/hooks/twilio/sms", "https://desk.example/hooks/twilio/sms"),
    ("https://desk.example:8443/hooks/twilio/sms?a=b", "https://desk.example/hooks/twilio/sms?a=b"),
    ("http://desk.example/hooks/twilio/sms", "http://desk.example:80/hooks/twilio/sms"),
    ("http://127.0.0.1:8000/hooks/twilio/sms", "http://127.0.0.1:8000/hooks/twilio/sms"),
    ("http://[::1]:8000/hooks/twilio/sms", "http://[::1]:8000/hooks/twilio/sms"),
])
def test_the_port_may_be_in_the_signed_address_or_not(ours: str, theirs: str) -> None:
    verify(form(ours, sms(), signed_url=theirs))


@pytest.mark.parametrize("theirs", [
    "http://desk.example/hooks/twilio/sms", "https://desk.example/hooks/twilio/sms/",
    "https://other.example/hooks/twilio/sms", "https://desk.example/hooks/twilio/status",
    "https://desk.example/hooks/twilio/sms?x=1",
])
def test_a_signature_for_another_address_opens_nothing(theirs: str) -> None:
    with pytest.raises(BadSignature):
        verify(form(SMS_URL, sms(), signed_url=theirs))


def test_header_names_are_read_in_any_case() -> None:
    request = form(SMS_URL, sms())
    verify(replace(request, headers={name.upper(): value for name, value in request.headers.items()}))


def of_json(body: bytes, signed: bytes | None = None) -> WebhookRequest:
    url = f"{SMS_URL}?bodySHA256={hashlib.sha256(body if signed is None else signed).hexdigest()}"
    headers = {"Content-Type": "application/json; charset=utf-8",
               "X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(url, {})}
    return WebhookRequest(url, headers, {}, body)


def test_json_is_signed_by_the_hash_of_its_body() -> None:
    body = json.dumps(sms()).encode()
    verify(of_json(body))
    for forged in (of_json(body + b" ", body), of_json(b"", body), of_json(b"{}", body)):
        with pytest.raises(BadSignature):
            verify(forged)


def test_json_without_its_hash_is_not_signed() -> None:
    body = json.dumps(sms()).encode()
    bare = RequestValidator(TOKEN).compute_signature(SMS_URL, {})
    with pytest.raises(BadSignature):
        verify(WebhookRequest(SMS_URL, {"Content-Type": "application/json", "X-Twilio-Signature": bare}, {}, body))


def test_a_form_passed_off_as_json_and_json_as_a_form_are_not_signed() -> None:
    request = form(SMS_URL, sms())
    with pytest.raises(BadSignature):
        verify(replace(request, headers={**request.headers, "Content-Type": "application/json"}))
    request = of_json(json.dumps(sms()).encode())
    with pytest.raises(BadSignature):
        verify(replace(request, headers={**request.headers, "Content-Type": "text/plain"}))


def test_the_request_does_not_choose_the_algorithm() -> None:
    request = form(SMS_URL, sms())
    strong = RequestValidator(TOKEN).compute_signature(SMS_URL, sms(), "HMAC_SHA256")
    settings = {"X-Twilio-Webhooks-Signature-Settings": "key=x,algorithm=HMAC_SHA256", "X-Twilio-Signature": strong}
    with pytest.raises(BadSignature):
        verify(replace(request, headers={**request.headers, **settings}))


@pytest.mark.parametrize("body", [b"", b" ", b"\xff\xfe=1", b"&" * 1000, b"a=1&" * 400, b"Body=" + b"x" * 70_000])
def test_what_cannot_be_read_cannot_have_been_signed(body: bytes) -> None:
    for kind in ("application/x-www-form-urlencoded", "application/json", "multipart/form-data", ""):
        with pytest.raises(BadSignature):
            verify(WebhookRequest(SMS_URL, {"Content-Type": kind, "X-Twilio-Signature": "x"}, {}, body))
