"""An item of a list is kept as bytes of our own, and read again without a loss."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from channels.base import Attachment, DeliveryUpdate, InboundMessage, RemoteFile, StandIn
from triage.actions import items

WHEN = datetime(2026, 11, 21, 18, 0, 1, tzinfo=UTC)
BARE = InboundMessage("sms", "+254700000100", "SM1", "+447700900523", "Kituo 🗳️ 14")
WHOLE = InboundMessage(
    "voice", "+254700000100", "CA1:RE1", None, "A voice message.", sender_name="Rosa", sent_at=WHEN,
    thread_key="voice:CA1", in_reply_to="SM0", repost_of="SM9", place_text="Ward 9", reply_to="rosa@example.org",
    language="es", urgent=True, attachments=(Attachment("a.txt", "text/plain", b"\x00\xff"),),
    raw={"seconds": 7, "parts": None}, remote_files=(RemoteFile("https://api.twilio.com/x.mp3", "audio/mpeg"),),
    stand_in=StandIn("CA1", 120.0))
UPDATE = DeliveryUpdate("sms", "+254700000100", "SM1", "failed", "This number is a landline.", "delivery-7", True)


@pytest.mark.parametrize("item", [BARE, WHOLE, UPDATE], ids=["bare", "whole", "update"])
def test_what_is_packed_is_read_again_whole(item: items.Item) -> None:
    assert items.unpacked(items.packed(item)) == item
    assert items.packed(items.unpacked(items.packed(item))) == items.packed(item)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"kind": "message"}', b'{"kind": "update", "x": 1}'])
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        items.unpacked(body)
