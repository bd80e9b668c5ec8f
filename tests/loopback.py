"""HTTP servers of the test's own process, on free ports of the loopback: they play whoever the desk speaks with."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MOMENT = 0.01  # seconds after which a server sees that it is to end


class Handler(BaseHTTPRequestHandler):
    """One request. A `do_` method that returns without `reply` hangs up on whoever asked."""

    def read(self) -> bytes:
        """The body that came with it."""
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def reply(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        """Answer with these headers alone, and the body's length unless they say another."""
        self.begin(status, {"Content-Length": str(len(body)), **(headers or {})})
        self.wfile.write(body)

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """The answer up to its body."""
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Silence."""


@contextmanager
def serving(handler: type[Handler]) -> Iterator[str]:
    """A server until the block ends; its address, without a slash at the end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": MOMENT})
    thread.start()
    try:
        yield _address(server)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def everlasting(handler: type[Handler]) -> str:
    """A server until the process ends; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return _address(server)


def _address(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}"
