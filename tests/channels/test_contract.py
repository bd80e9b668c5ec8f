"""The one contract every channel in the registry keeps. A channel that passes here needs no special case elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from channels import registry
from channels.base import (
    DeliveryUpdate,
    InboundMessage,
    OutboundMessage,
    Poller,
    Reconciler,
    Sender,
    WebhookReceiver,
    WebhookRequest,
)
from channels.errors import BadSignature, ChannelError, Rejected, Unreadable
from tests.channels.bench import BENCHES, Bench, Recording, connect, recordings

CHANNELS = sorted(registry.CHANNELS)
RECORDINGS = [each for key in CHANNELS for each in recordings(*key)]
READABLE = [each for each in RECORDINGS if each.expected is not None]
DOES = {"sender": "send", "receiver": "parse"}
KINDS = {"phone", "email", "web", "mastodon", "bluesky", "x", "telegram"}

GARBAGE = {
    "nothing": b"",
    "blanks": b" \r\n\t ",
    "one megabyte": b"{" + b" " * 1_000_000 + b"}",
    "one megabyte of text": json.dumps({"kind": "message", "text": "x" * 1_000_000}).encode(),
    "no JSON": b"From=%2B254&Body=hello",
    "not UTF-8": b'{"text": "\xff\xfe"}',
    "NUL": b"\0" * 64,
    "a list": b"[]",
    "a number": b"7",
    "a text": b'"message"',
    "null": b"null",
    "an endless number": b'{"id": ' + b"9" * 6000 + b"}",
    "deep nesting": b"[" * 30_000,
    "deep objects": b'{"a":' * 9_000,
    "the wrong kind": b'{"kind": {}, "channel": []}',
}
WRONG_VALUES = [None, 7, 1.5, True, [], {}, ["+447700900523"], "", "x" * 500, "\ud800", "\0"]


def named(each: Recording) -> str:
    """How a recording is called in the list of tests."""
    return f"{each.channel}: {each.name}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each channel at each of its providers, where the test asks for something it does."""
    needed = [DOES[name] for name in DOES if name in metafunc.fixturenames]
    if "key" in metafunc.fixturenames:
        able = [key for key in CHANNELS if all(hasattr(registry.adapter(*key), method) for method in needed)]
        metafunc.parametrize("key", able, ids="-".join)


@pytest.fixture
def bench(key: tuple[str, str], tmp_path: Path) -> Bench:
    """The channel's bench."""
    assert key in BENCHES, f"{key} has no bench: see docs/adding-a-channel.md"
    return BENCHES[key](tmp_path)


@pytest.fixture
def sender(key: tuple[str, str], bench: Bench) -> Sender:
    """The channel, where it sends."""
    found = connect(bench, *key)
    assert isinstance(found, Sender)
    return found


@pytest.fixture
def receiver(key: tuple[str, str], bench: Bench) -> WebhookReceiver:
    """The channel, where its provider calls us."""
    found = connect(bench, *key)
    assert isinstance(found, WebhookReceiver)
    return found


def receiver_of(recording: Recording, folder: Path) -> WebhookReceiver:
    """The receiver a recording is for."""
    made = connect(BENCHES[recording.channel, recording.provider](folder), recording.channel, recording.provider)
    assert isinstance(made, WebhookReceiver)
    return made


def keepable(item: InboundMessage | DeliveryUpdate) -> bool:
    """Whether a database can keep every text of an item: no NUL, no half characters."""
    texts = [value for value in vars(item).values() if isinstance(value, str)]
    return not any(letter == "\0" or "\ud800" <= letter <= "\udfff" for text in texts for letter in text)


def read_whole(receiver: WebhookReceiver, request: WebhookRequest) -> None:
    """Read a request and hold that everything in it can be kept."""
    assert all(keepable(each) for each in receiver.parse(request))


def values_of(body: bytes) -> dict[str, Any]:
    """The fields of a recorded body, which is JSON or a form."""
    return dict(json.loads(body) if body.startswith(b"{") else parse_qsl(body.decode(), keep_blank_values=True))


def with_value(body: bytes, field: str, value: object) -> bytes:
    """The same body with one field changed; a form has only texts."""
    changed = {**values_of(body), field: value}
    if body.startswith(b"{"):
        return json.dumps(changed).encode()
    return urlencode({name: each if isinstance(each, str) else json.dumps(each) for name, each in changed.items()},
                     errors="surrogatepass").encode()


def refusal(act: Callable[[], object], kind: type[ChannelError]) -> str:
    """What `act` is refused with, "" where it is not; anything but a refusal of that kind fails the test."""
    try:
        act()
    except kind as problem:
        return str(problem)
    return ""


# ---------------------------------------------------------------- what it is


def test_it_says_what_it_can_do_before_there_is_an_account(key: tuple[str, str]) -> None:
    can = registry.capabilities(*key)
    assert can.max_length > 0
    assert can.address_kind in KINDS
    assert all(count > 0 and seconds > 0 for count, seconds in can.default_limits)
    assert registry.capabilities_of_channel(key[0]) == registry.capabilities(key[0], registry.providers(key[0])[0])


def test_it_does_something(key: tuple[str, str], bench: Bench) -> None:
    made = connect(bench, *key)
    assert isinstance(made, Sender | WebhookReceiver | Poller) or not made.capabilities.can_reply


def test_a_channel_nobody_carries_is_said_so() -> None:
    assert registry.providers("pigeon") == ()
    for ask in (lambda: registry.adapter("pigeon", "web"), lambda: registry.capabilities_of_channel("pigeon")):
        with pytest.raises(LookupError):
            ask()


# ---------------------------------------------------------------- sending


def outbound(bench: Bench, text: str = "Asante. Kuna mtu aliyeumia?", key: str = "delivery-7") -> OutboundMessage:
    """An answer to the bench's recipient."""
    return OutboundMessage(bench.recipient, text, key)


def test_a_receipt_names_what_was_accepted(sender: Sender, bench: Bench) -> None:
    first, second = sender.send(outbound(bench)), sender.send(outbound(bench, key="delivery-8"))
    assert first.provider_id
    assert first.provider_id != second.provider_id
    assert first.delivered is not sender.capabilities.reports_delivery


def test_a_repeated_send_is_one_message_exactly_where_the_channel_says_so(sender: Sender, bench: Bench) -> None:
    first, second = sender.send(outbound(bench)), sender.send(outbound(bench))
    repeatable = sender.capabilities.idempotent_send
    assert (first == second) is repeatable
    assert bench.sent() == (1 if repeatable else 2)


def test_the_longest_text_is_sent_and_a_longer_one_is_refused(sender: Sender, bench: Bench) -> None:
    most = sender.capabilities.max_length
    assert sender.send(outbound(bench, "ق" * most)).provider_id
    with pytest.raises(Rejected):
        sender.send(outbound(bench, "ق" * (most + 1), "delivery-8"))


def test_whatever_is_sent_only_channel_errors_come_back(sender: Sender, bench: Bench) -> None:
    for number, text in enumerate(("", "\0", "\ud800", "🗳️" * 100, "\u202eabc\u202c", "line\nline")):
        refused = refusal(partial(sender.send, outbound(bench, text, f"odd-{number}")), ChannelError)
        assert len(text) < 2 or text not in refused


# ---------------------------------------------------------------- being called


def test_it_has_recorded_payloads_of_every_kind(receiver: WebhookReceiver, key: tuple[str, str]) -> None:
    found = recordings(*key)
    assert any(isinstance(each.expected, InboundMessage) for each in found)
    assert any(each.expected is None for each in found)
    reports = any(isinstance(each.expected, DeliveryUpdate) for each in found)
    assert reports or not receiver.capabilities.reports_delivery


@pytest.mark.parametrize("recording", RECORDINGS, ids=named)
def test_what_the_provider_signed_is_let_in(recording: Recording, tmp_path: Path) -> None:
    receiver_of(recording, tmp_path).verify(recording.request)


def forgeries(request: WebhookRequest) -> Iterator[WebhookRequest]:
    """The request with one thing changed that its signature covers, and with the signature itself spoilt."""
    (name,) = [each for each in request.headers if "signature" in each.lower()]
    signature = request.headers[name]
    yield replace(request, body=request.body + b" ")
    yield replace(request, body=b"")
    yield replace(request, url=request.url.replace("desk.example", "other.example"))
    yield replace(request, url=request.url + "?x=1")
    yield replace(request, headers={})
    for spoilt in ("", "é", "\0", signature[:-1], signature + "0", signature[::-1], "sha256=" + signature):
        yield replace(request, headers={name: spoilt})


@pytest.mark.parametrize("recording", [each for each in RECORDINGS if each.request.body], ids=named)
def test_a_forgery_is_kept_out(recording: Recording, tmp_path: Path) -> None:
    receiver = receiver_of(recording, tmp_path)
    for forged in forgeries(recording.request):
        with pytest.raises(BadSignature):
            receiver.verify(forged)


@pytest.mark.parametrize("secret", ["", "another secret", "recorded secret "])
def test_another_secret_opens_nothing(secret: str, receiver: WebhookReceiver, key: tuple[str, str],
                                      bench: Bench) -> None:
    other = registry.adapter(*key)(replace(bench.settings, secret=secret))
    assert isinstance(other, WebhookReceiver)
    with pytest.raises(BadSignature):
        other.verify(recordings(*key)[0].request)


def test_header_names_are_read_in_any_case(receiver: WebhookReceiver, key: tuple[str, str]) -> None:
    request = recordings(*key)[0].request
    receiver.verify(replace(request, headers={name.upper(): value for name, value in request.headers.items()}))


@pytest.mark.parametrize("recording", READABLE, ids=named)
def test_a_recorded_payload_says_what_it_says(recording: Recording, tmp_path: Path) -> None:
    receiver = receiver_of(recording, tmp_path)
    (found,) = receiver.parse(recording.request)
    if isinstance(found, InboundMessage):
        assert found.sent_at is None or found.sent_at.utcoffset() is not None
        found = replace(found, sent_at=None)
    assert found == recording.expected
    assert keepable(found)


@pytest.mark.parametrize("recording", [each for each in RECORDINGS if each.expected is None], ids=named)
def test_what_cannot_be_read_is_said_in_a_sentence(recording: Recording, tmp_path: Path) -> None:
    with pytest.raises(Unreadable) as caught:
        receiver_of(recording, tmp_path).parse(recording.request)
    assert str(caught.value).endswith(".")
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("recording", RECORDINGS, ids=named)
def test_the_same_item_has_the_same_name_every_time(recording: Recording, tmp_path: Path) -> None:
    receiver = receiver_of(recording, tmp_path)
    again = replace(recording.request, url="https://elsewhere.example/", headers={})
    assert receiver.external_key(recording.request) == receiver.external_key(again) == recording.key


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_unreadable_and_nothing_worse(garbage: bytes, receiver: WebhookReceiver) -> None:
    request = WebhookRequest("https://desk.example/hooks", {}, {}, garbage)
    with pytest.raises(Unreadable):
        receiver.parse(request)
    assert receiver.external_key(request) is None


@pytest.mark.parametrize("recording", READABLE, ids=named)
def test_a_wrong_value_in_any_field_is_read_or_unreadable(recording: Recording, tmp_path: Path) -> None:
    receiver = receiver_of(recording, tmp_path)
    for field in values_of(recording.request.body):
        for wrong in WRONG_VALUES:
            request = replace(recording.request, body=with_value(recording.request.body, field, wrong))
            name = receiver.external_key(request)
            assert name is None or name.isprintable()
            refused = refusal(partial(read_whole, receiver, request), Unreadable)
            assert "+4477" not in refused


def test_who_says_that_its_provider_can_be_asked_can_ask_it(key: tuple[str, str], bench: Bench) -> None:
    assert registry.capabilities(*key).reconciles == isinstance(connect(bench, *key), Reconciler)
