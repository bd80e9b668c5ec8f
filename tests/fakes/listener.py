"""A desk's webhooks, played: notes every request as it came, and answers as it is told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from tests import loopback


@dataclass(frozen=True)
class Call:
    """One request: when, to which path (query included), with which headers and body."""

    at: float
    path: str
    headers: dict[str, str]
    body: str

    @property
    def form(self) -> dict[str, str]:
        """Its form by name."""
        return dict(parse_qsl(self.body, keep_blank_values=True))


Said = tuple[int, str, str]  # status, body, content type


@dataclass
class Listener:
    """`says` is the answer by path, or what makes it of a request; without one it is 200 and nothing. 0: no answer."""

    url: str = ""
    says: dict[str, Said | Callable[[Call], Said]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    def at(self, path: str) -> list[Call]:
        """Every request to a path, in order."""
        return [call for call in self.calls if urlsplit(call.path).path == path]

    def words(self, path: str = "/status") -> list[str]:
        """The statuses of messages that were reported to a path, in order."""
        return [call.form["MessageStatus"] for call in self.at(path)]

    def wait(self, path: str, count: int, seconds: float = 20.0) -> list[Call]:
        """Wait for so many requests to a path."""
        until = time.monotonic() + seconds
        while len(self.at(path)) < count and time.monotonic() < until:
            time.sleep(0.01)
        found = self.at(path)
        assert len(found) >= count, f"{len(found)} of {count} requests to {path}"
        return found


@contextmanager
def listening() -> Iterator[Listener]:
    """A listener on a free port of the loopback."""
    listener = Listener()
    with loopback.serving(_ear(listener)) as listener.url:
        yield listener


def _ear(listener: Listener) -> type[loopback.Handler]:
    class Ear(loopback.Handler):
        def do_POST(self) -> None:
            call = Call(time.monotonic(), self.path, dict(self.headers.items()), self.read().decode())
            listener.calls.append(call)
            said = listener.says.get(urlsplit(self.path).path, (200, "", "text/xml"))
            status, text, kind = said(call) if callable(said) else said
            if status:
                self.reply(status, text.encode(), {"Content-Type": kind})

    return Ear
