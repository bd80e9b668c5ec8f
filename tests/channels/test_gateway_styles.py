"""What comes from gateways: whether it is theirs, for whom it is, and what it says, in each way of speaking."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from channels.base import DeliveryUpdate, InboundMessage, WebhookRequest
from channels.errors import BadSignature, Unreadable
from channels.gateway import FRESH_SECONDS, Gateway, Wish
from channels.gateway_items import Parcel
from channels.gateway_signing import SIGNATURE, TIMESTAMP
from tests.channels.gateway_bench import DESK, HOOK, KEY, NOW, PERSON, form, gateway, signed

SAID = "Hapa Mill Road School wamefunga mlango."
TEXT = {"id": "sms-1", "from": PERSON, "text": SAID, "sent_at": NOW}
EVENT: dict[str, Any] = {
    "deviceId": "ffffffffceb0b1db0000018e937c815b", "event": "sms:received", "id": "Ey6ECgOkVVFjz3CL48B8C",
    "payload": {"messageId": "abc123", "message": SAID, "phoneNumber": PERSON, "simNumber": 1,
                "receivedAt": "2026-11-22T01:00:00.000+03:00"},
    "webhookId": "LreFUt-Z3sSq0JufY9uWB",
}
SMS = {"from": PERSON, "message": SAID, "message_id": "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "sent_to": PERSON,
       "secret": KEY, "device_id": "1", "sent_timestamp": f"{NOW}000"}
MOMENT = datetime.fromtimestamp(NOW, UTC)
PARCELS = (Parcel("delivery-1.2.ab", PERSON, "Asante"), Parcel("delivery-3.4.cd", PERSON, "Karibu"))


def message(name: str | None, text: str = SAID) -> InboundMessage:
    """A text to our account."""
    return InboundMessage("sms", DESK, name and f"{DESK}:{name}", PERSON, text, sent_at=MOMENT)


# ---------------------------------------------------------------- whether it is theirs


def forgeries(request: WebhookRequest) -> Iterator[WebhookRequest]:
    """The request with one thing changed."""
    yield replace(request, body=request.body + b" ")
    yield replace(request, headers={**request.headers, TIMESTAMP: str(NOW + 1)})
    for spoilt in ("", "0", str(NOW)[:-1], f"{NOW}0", f" {NOW}", f"-{NOW}"[:10], "１７９５２９８４００", "\0" * 10):
        yield replace(request, headers={**request.headers, TIMESTAMP: spoilt})
    for spoilt in ("", "é", request.headers[SIGNATURE][:-1], request.headers[SIGNATURE].swapcase(), "0" * 64):
        yield replace(request, headers={**request.headers, SIGNATURE: spoilt})


@pytest.mark.parametrize("style, values", [("json", TEXT), ("smsgate", EVENT)])
def test_a_forgery_is_kept_out(style: str, values: dict[str, Any]) -> None:
    made = gateway(style=style)
    request = signed(values, style=style)
    made.verify(request)
    for forged in forgeries(request):
        with pytest.raises(BadSignature):
            made.verify(forged)
    for other in (gateway("another", style=style), gateway("", style=style), gateway(";" + KEY, style=style),
                  gateway(style="smsgate" if style == "json" else "json")):
        with pytest.raises(BadSignature):
            other.verify(request)


def test_our_own_signature_is_for_one_address_and_one_purpose() -> None:
    request = signed(b"", HOOK)
    for url in (HOOK + "/outbox", HOOK + "/results", HOOK[:-1] + "8", HOOK + "?task=send"):
        with pytest.raises(BadSignature):
            gateway().verify(replace(request, url=url))


def test_a_digit_of_the_body_cannot_be_borrowed_for_the_moment() -> None:
    body = b'{"a": 1}1'
    request = signed(body, style="smsgate")
    moved = replace(request, body=body[:-1], headers={**request.headers, TIMESTAMP: f"1{NOW}"})
    with pytest.raises(BadSignature):
        gateway(style="smsgate").verify(moved)


@pytest.mark.parametrize("apart, fresh", [(0, True), (FRESH_SECONDS, True), (-FRESH_SECONDS, True),
                                          (FRESH_SECONDS + 1, False), (-FRESH_SECONDS - 1, False)])
def test_a_signature_is_worth_something_for_five_minutes(apart: int, fresh: bool) -> None:
    for style in ("json", "smsgate"):
        assert gateway(style=style).fresh(signed(TEXT, style=style), NOW + apart) is fresh


@pytest.mark.parametrize("style", ["json", "smsgate", "smssync"])
def test_two_keys_are_believed_while_one_is_being_replaced(style: str) -> None:
    request = form(SMS) if style == "smssync" else signed(EVENT, style=style)
    gateway(f"new,{KEY};password", style=style).verify(request)
    for secret in (f"new;{KEY}", f"new,{KEY}x", KEY[:-1]):
        with pytest.raises(BadSignature):
            gateway(secret, style=style).verify(request)


@pytest.mark.parametrize("secret", ["", "wrong", KEY + " ", KEY[:-1], "\0", "é"])
def test_smssync_shows_its_secret_or_is_kept_out(secret: str) -> None:
    made = gateway(style="smssync")
    made.verify(form(SMS))
    made.verify(WebhookRequest(f"{HOOK}?{urlencode({'task': 'send', 'secret': KEY})}", {}, {}, b""))
    made.verify(signed({**SMS}))
    for request in (form({**SMS, "secret": secret}), signed({**SMS, "secret": secret}),
                    signed({**SMS, "secret": [KEY]}),
                    WebhookRequest(f"{HOOK}?{urlencode({'task': 'send', 'secret': secret})}", {}, {}, b""),
                    WebhookRequest(f"{HOOK}?secret={urlencode({'': KEY})[1:]}&secret=x", {}, {}, b""),
                    WebhookRequest(HOOK, {}, {}, b""), WebhookRequest(HOOK, {}, {}, b"\xff\xfe{")):
        with pytest.raises(BadSignature):
            made.verify(request)
    with pytest.raises(BadSignature):
        gateway("", style="smssync").verify(form({**SMS, "secret": ""}))


# ---------------------------------------------------------------- what it says


def read(made: Gateway, request: WebhookRequest) -> object:
    """The one thing in a request."""
    (found,) = made.parse(request)
    return found


def test_each_way_of_speaking_says_the_same() -> None:
    assert read(gateway(), signed(TEXT)) == message("sms-1")
    assert read(gateway(style="smsgate"), signed(EVENT)) == message(EVENT["id"])
    assert read(gateway(style="smssync"), form(SMS)) == message(SMS["message_id"])
    assert read(gateway(style="smssync"), signed(SMS)) == message(SMS["message_id"])


def test_newer_events_name_sender_and_recipient() -> None:
    payload = {**EVENT["payload"], "sender": PERSON, "recipient": "+254799999999", "phoneNumber": "+1"}
    assert read(gateway(style="smsgate"), signed({**EVENT, "payload": payload})) == message(EVENT["id"])


def test_two_telephones_that_number_alike_say_two_things() -> None:
    names = {read(gateway(address=address), signed(TEXT)).external_id for address in (DESK, "+254700000101")}
    assert len(names) == 2


@pytest.mark.parametrize("sent_at", [NOW, str(NOW), f"{NOW}123", "2026-11-21T22:00:00Z", "2026-11-21 22:00:00"])
def test_without_an_id_the_moment_tells_two_texts_apart(sent_at: object) -> None:
    found = read(gateway(), signed({"from": PERSON, "text": SAID, "sent_at": sent_at}))
    assert found.external_id is None
    assert found.sent_at is not None
    assert gateway().external_key(signed({"from": PERSON, "text": SAID, "sent_at": sent_at})) is None


@pytest.mark.parametrize("sent_at", ["soon", "", None, 7, True, [], "99999-01-01", "9" * 30])
def test_with_neither_nobody_can_tell_it_from_its_repetition(sent_at: object) -> None:
    with pytest.raises(Unreadable):
        gateway().parse(signed({"from": PERSON, "text": SAID, "sent_at": sent_at}))
    assert read(gateway(), signed({**TEXT, "sent_at": sent_at})).sent_at is None


@pytest.mark.parametrize("state, kept", [("taken", "sent"), ("sent", "sent"), ("delivered", "delivered"),
                                         ("failed", "failed")])
def test_what_became_of_ours_in_our_own_way(state: str, kept: str) -> None:
    error = "The gateway says: no credit" if kept == "failed" else None
    expected = DeliveryUpdate("sms", DESK, "delivery-1.2.ab", kept, error, reference="delivery-1")
    report = {"id": "delivery-1.2.ab", "state": state, "error": "no credit"}
    assert read(gateway(), signed({"results": [report]})) == expected
    assert read(gateway(), signed(report)) == expected
    assert len(gateway().parse(signed({"results": [report, {"id": "GW2", "state": "sent"}]}))) == 2
    assert gateway().taken(signed({"results": [report, report]})) == ["delivery-1.2.ab"]


@pytest.mark.parametrize("event, state", [
    ("sms:sent", "sent"), ("sms:delivered", "delivered"), ("sms:failed", "failed")])
def test_what_became_of_ours_by_the_app(event: str, state: str) -> None:
    payload = {"messageId": "delivery-7", "phoneNumber": PERSON, "reason": "RESULT_ERROR_NO_SERVICE"}
    found = read(gateway(style="smsgate"), signed({**EVENT, "event": event, "payload": payload}))
    assert (found.provider_id, found.state, found.reference) == ("delivery-7", state, "delivery-7")
    assert (found.error is None) is (state != "failed")


@pytest.mark.parametrize("event", ["system:ping", "app:started"])
def test_a_sign_of_life_says_nothing(event: str) -> None:
    assert gateway(style="smsgate").parse(signed({**EVENT, "event": event, "payload": {"health": {}}})) == []


def result(uuid: str, sent: int, delivered: int) -> dict[str, object]:
    """One line of SMSSync's results."""
    return {"uuid": uuid, "sent_result_code": sent, "sent_result_message": "x", "delivered_result_code": delivered,
            "delivered_result_message": ""}


@pytest.mark.parametrize("as_text", [True, False])
def test_what_became_of_ours_by_smssync(as_text: bool) -> None:
    lines = [result("delivery-1.2.ab", 0, 0), result("b", 0, -1), result("c", 4, -1), result("d", -1, -1)]
    told = {"message_result": json.dumps(lines) if as_text else lines}
    found = gateway(style="smssync").parse(signed(told))
    assert [(each.provider_id, each.state) for each in found] == [
        ("delivery-1.2.ab", "delivered"), ("b", "sent"), ("c", "failed")]
    assert found[0].reference == "delivery-1"
    assert found[2].error == "The telephone has no network."
    name = gateway(style="smssync").external_key(signed(told))
    assert name is not None
    assert name != gateway(style="smssync").external_key(signed({"message_result": lines[:2]}))


@pytest.mark.parametrize("style, request_", [
    ("json", signed({"from": PERSON, "id": "1"})), ("json", signed({"id": "1", "text": "x"})),
    ("json", signed({"results": {}})), ("json", signed({"results": [7]})), ("json", signed({"results": "["})),
    ("json", signed({"results": [{"id": "a\nb", "state": "sent"}]})), ("json", signed([TEXT])),
    ("json", signed({"results": [{"id": "a", "state": "sent"}] * 400})),
    ("smsgate", signed({**EVENT, "payload": None})), ("smsgate", signed({**EVENT, "event": "mms:received"})),
    ("smsgate", signed({**EVENT, "payload": {"phoneNumber": PERSON}})), ("smsgate", form(SMS)),
    ("smsgate", signed({**EVENT, "event": "sms:sent", "payload": {"messageId": ""}})),
    ("smssync", form({"from": PERSON, "secret": KEY})), ("smssync", form({"message": SAID})),
    ("smssync", form({"from": PERSON, "message": SAID})), ("smssync", signed({"message_result": "no list"})),
    ("smssync", signed({"message_result": [{"sent_result_code": 0}]})),
])
def test_what_cannot_be_read_is_said_in_a_sentence(style: str, request_: WebhookRequest) -> None:
    with pytest.raises(Unreadable) as caught:
        gateway(style=style).parse(request_)
    assert str(caught.value).endswith(".")
    assert PERSON not in str(caught.value)


# ---------------------------------------------------------------- what it wants, and hears


@pytest.mark.parametrize("style, method, tail, wish", [
    ("json", "POST", "", Wish.KEEP), ("json", "POST", "/outbox", Wish.FETCH),
    ("json", "POST", "/results", Wish.CONFIRM),
    ("json", "POST", "?task=send", Wish.KEEP), ("smsgate", "POST", "", Wish.KEEP),
    ("smssync", "POST", "", Wish.KEEP), ("smssync", "GET", "?task=send", Wish.FETCH),
    ("smssync", "POST", "?task=send&secret=x", Wish.FETCH), ("smssync", "POST", "?task=sent", Wish.CONFIRM),
    ("smssync", "GET", "?task=result", Wish.NEWS), ("smssync", "POST", "?task=result", Wish.KEEP),
    ("smssync", "GET", "", Wish.FETCH), ("smssync", "POST", "?task=sent&task=send", Wish.KEEP),
])
def test_what_a_gateway_wants(style: str, method: str, tail: str, wish: Wish) -> None:
    assert gateway(style=style).wish(WebhookRequest(HOOK + tail, {}, {}, b""), method) is wish


def test_what_a_gateway_hears() -> None:
    polled = WebhookRequest(f"{HOOK}?{urlencode({'task': 'send', 'secret': KEY})}", {}, {}, b"")
    assert json.loads(gateway().parcels(polled, PARCELS).body)["messages"][0] == {
        "id": "delivery-1.2.ab", "to": PERSON, "text": "Asante"}
    payload = json.loads(gateway(f"new,{KEY}", style="smssync").parcels(polled, PARCELS).body)["payload"]
    assert (payload["task"], payload["secret"]) == ("send", KEY)
    assert payload["messages"][1] == {"to": PERSON, "message": "Karibu", "uuid": "delivery-3.4.cd"}
    assert json.loads(gateway(style="smssync").answer(polled).body) == {"payload": {"success": True, "error": None}}
    assert json.loads(gateway(style="smssync").confirmed(["a"]).body) == {"message_uuids": ["a"]}
    assert json.loads(gateway().confirmed(["a"]).body) == {"kept": True, "confirmed": ["a"]}
    assert gateway(style="smssync").taken(signed({"queued_messages": ["a", "a", 7, ""]})) == ["a"]
