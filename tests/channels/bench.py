"""What the contract test needs of each channel: an account on its test bench, and recorded payloads."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from channels import registry
from channels.base import (
    AccountSettings,
    Channel,
    DeliveryUpdate,
    InboundMessage,
    RemoteFile,
    StandIn,
    WebhookRequest,
)
from channels.simulator import Store
from tests.channels import gateway_bench, twilio_bench

RECORDED = Path(__file__).parent / "recorded"
SECRET = "recorded secret"


@dataclass(frozen=True)
class Bench:
    """One channel ready to try: `recipient` can be written to, `sent` counts what the provider accepted."""

    settings: AccountSettings
    recipient: str
    sent: Callable[[], int]


def _simulator(channel: str, address: str, recipient: str) -> Callable[[Path], Bench]:
    def make(folder: Path) -> Bench:
        path = folder / "simulator.db"
        settings = AccountSettings(channel, address, SECRET, {"path": str(path)})
        return Bench(settings, recipient, lambda: len(Store(path).accepted()))

    return make


def _web(_folder: Path) -> Bench:
    return Bench(AccountSettings("web", "", ""), "", lambda: 1)


def _written(_folder: Path) -> Bench:
    return Bench(AccountSettings("phone", "", ""), "", lambda: 0)


def _twilio(channel: str) -> Callable[[Path], Bench]:
    def make(_folder: Path) -> Bench:
        tiny = twilio_bench.everlasting()
        before = tiny.taken
        settings = twilio_bench.account(channel, secret=SECRET, api_base=tiny.url, languages="en,es")
        return Bench(settings, twilio_bench.PERSON, lambda: tiny.taken - before)

    return make


def _gateway(_folder: Path) -> Bench:
    tiny = gateway_bench.everlasting()
    before = tiny.taken
    settings = gateway_bench.account(SECRET, mode="call", url=tiny.url, id_path="id")
    return Bench(settings, gateway_bench.PERSON, lambda: tiny.taken - before)


# A new channel adds one line here and its payloads in `recorded/<channel>-<provider>.json`.
BENCHES: dict[tuple[str, str], Callable[[Path], Bench]] = {
    ("web", "web"): _web,
    ("phone", "desk"): _written,
    ("sms", "desk"): _written,
    ("sms", "simulator"): _simulator("sms", "+254700000100", "+447700900523"),
    ("mastodon", "simulator"): _simulator("mastodon", "@desk", "@rosa_do_cais"),
    ("sms", "gateway"): _gateway,
    ("sms", "twilio"): _twilio("sms"),
    ("whatsapp", "twilio"): _twilio("whatsapp"),
    ("voice", "twilio"): _twilio("voice"),
}


@dataclass(frozen=True)
class Recording:
    """One webhook as it came over the wire, and what it says (None: nobody can read it)."""

    name: str
    channel: str
    provider: str
    request: WebhookRequest
    expected: InboundMessage | DeliveryUpdate | None
    key: str | None


@cache
def recordings(channel: str, provider: str) -> tuple[Recording, ...]:
    """Every recorded payload of a channel at a provider."""
    path = RECORDED / f"{channel}-{provider}.json"
    entries = json.loads(path.read_text("utf-8")) if path.exists() else []
    return tuple(_recording(channel, provider, entry) for entry in entries)


def _recording(channel: str, provider: str, entry: dict[str, Any]) -> Recording:
    request = WebhookRequest(entry["url"], entry["headers"], {}, entry["body"].encode("utf-8"))
    return Recording(entry["name"], channel, provider, request, _expected(channel, entry), entry["key"])


def _expected(channel: str, entry: dict[str, Any]) -> InboundMessage | DeliveryUpdate | None:
    if "message" in entry:
        said = dict(entry["message"])
        files = tuple(RemoteFile(**file) for file in said.pop("remote_files", ()))
        waiting = StandIn(**said.pop("stand_in")) if "stand_in" in said else None
        found = InboundMessage(channel=channel, remote_files=files, stand_in=waiting, **said)
        return replace(found, sent_at=None)  # compared on its own: JSON has no moments
    return DeliveryUpdate(channel=channel, **entry["status"]) if "status" in entry else None


def connect(bench: Bench, channel: str, provider: str) -> Channel:
    """The channel object on its bench."""
    return registry.adapter(channel, provider)(bench.settings)
