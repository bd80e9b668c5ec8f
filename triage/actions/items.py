"""What was understood already, kept as bytes of our own making: of a list there is no request to keep.

`packed` and `unpacked` lose nothing, so an item of a list can be read again like one that a provider brought.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from channels.base import Attachment, DeliveryUpdate, InboundMessage, RemoteFile, StandIn

Item = InboundMessage | DeliveryUpdate


def packed(item: Item) -> bytes:
    """Everything of it. The same item gives the same bytes."""
    kind = "message" if isinstance(item, InboundMessage) else "update"
    return json.dumps({"kind": kind, **asdict(item)}, default=_written, sort_keys=True).encode()


def _written(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"no item holds a {type(value).__name__}")


def unpacked(body: bytes) -> Item:
    """What `packed` wrote. Raises ValueError, KeyError or TypeError for anything else."""
    values: dict[str, Any] = json.loads(body)
    if values.pop("kind") == "update":
        return DeliveryUpdate(**values)
    for name in READ.keys() & values.keys():
        values[name] = READ[name](values[name]) if values[name] is not None else None
    return InboundMessage(**values)


def _attachments(given: list[dict[str, Any]]) -> tuple[Attachment, ...]:
    return tuple(Attachment(**{**one, "content": base64.b64decode(one["content"])}) for one in given)


READ: dict[str, Callable[[Any], Any]] = {
    "sent_at": datetime.fromisoformat, "attachments": _attachments, "stand_in": lambda given: StandIn(**given),
    "remote_files": lambda given: tuple(RemoteFile(**one) for one in given),
}
