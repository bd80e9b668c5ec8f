"""A tiny HTTP server on loopback that plays the desk's webhook, and answers as it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from channels.base import WebhookRequest


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
    server = ThreadingHTTPServer(("127.0.0.1", 0), _knocker(door))
    door.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield door
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _knocker(door: Door) -> type[BaseHTTPRequestHandler]:
    class Knocker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status = door.enter(self.path, dict(self.headers.items()), body)
            if status:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, *args: object) -> None:
            """Silence."""

    return Knocker
