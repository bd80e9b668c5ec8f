"""A tiny HTTP server on loopback that plays the desk's webhook, and answers as it is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from channels.base import WebhookRequest
from tests import loopback


@dataclass
class Door:
    """What came in, and which statuses to answer with: the next of `answers`, 200 when they are used up."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    calls: list[WebhookRequest] = field(default_factory=list)

    def enter(self, path: str, headers: dict[str, str], body: bytes) -> int:
        """Note a call; the status to answer with. 0: hang up without a word."""
        self.calls.append(WebhookRequest(self.url + path, headers, {}, body))
        return self.answers.pop(0) if self.answers else 200


@contextmanager
def opened() -> Iterator[Door]:
    """A door on a free port."""
    door = Door()
    with loopback.serving(_knocker(door)) as door.url:
        yield door


def _knocker(door: Door) -> type[loopback.Handler]:
    class Knocker(loopback.Handler):
        def do_POST(self) -> None:
            status = door.enter(self.path, dict(self.headers.items()), self.read())
            if status:
                self.reply(status)

    return Knocker
