"""A small TCP proxy before a server: slow, silent, cut, or cut at the very COMMIT whose answer nobody hears.

It knows one thing of PostgreSQL: how a client says COMMIT (psycopg sends it as a simple query).
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator

from tests.servers import free_port

COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset instead of a farewell
PIECE = 65_536


class Proxy:
    """Stands before `port` on a port of its own. What it does now counts for every connection through it."""

    def __init__(self, port: int) -> None:
        self.port, self._server = free_port(), port
        self.latency = 0.0  # seconds, each way
        self.cuts = 0  # how many COMMITs were cut
        self._cut: str | None = None
        self._then_away = False
        self._open = threading.Event()  # cleared: whatever comes waits
        self._open.set()
        self._links: list[Link] = []
        self._lock = threading.Lock()
        self._door: socket.socket | None = None
        self.admit()

    def admit(self) -> None:
        """Let clients in (again)."""
        door = socket.create_server(("127.0.0.1", self.port))
        self._door = door
        threading.Thread(target=self._receive, args=(door,), daemon=True).start()

    def refuse(self) -> None:
        """Cut everybody off, and let nobody in: the server is away."""
        if self._door is not None:
            with contextlib.suppress(OSError):
                self._door.shutdown(socket.SHUT_RDWR)
            self._door.close()
            self._door = None
        self.reset()

    def close(self) -> None:
        """The end."""
        self._open.set()
        self.refuse()

    def cut_commit(self, when: str, *, then_away: bool = False) -> None:
        """Cut the next COMMIT: `before` it reaches the server, or `after` the server has answered it.

        With `then_away` nobody gets through any more after that, until `admit`.
        """
        self._cut, self._then_away = when, then_away

    def cut(self, link: Link) -> None:
        """End a link whose COMMIT is to be cut."""
        if self._then_away:
            self.refuse()
        link.reset()

    def hold(self) -> None:
        """Say nothing, to nobody, and hang up on nobody."""
        self._open.clear()

    def go_on(self) -> None:
        """Pass on what was held, and everything after it."""
        self._open.set()

    def reset(self) -> None:
        """Reset every connection."""
        with self._lock:
            links, self._links = self._links, []
        for link in links:
            link.reset()

    def half_close(self) -> None:
        """Tell every client that nothing more comes, and go on listening to them."""
        with self._lock:
            links = list(self._links)
        for link in links:
            with contextlib.suppress(OSError):
                link.client.shutdown(socket.SHUT_WR)

    def _receive(self, door: socket.socket) -> None:
        while True:
            try:
                client, _ = door.accept()
            except OSError:
                return
            try:
                link = Link(self, client, socket.create_connection(("127.0.0.1", self._server)))
            except OSError:
                client.close()
                continue
            with self._lock:
                self._links.append(link)
            link.start()

    def wait(self) -> None:
        """What every piece passing through waits for."""
        self._open.wait()
        if self.latency:
            time.sleep(self.latency)

    def fate_of(self, piece: bytes) -> str | None:
        """Whether this piece is the COMMIT to be cut, and when."""
        with self._lock:
            when = self._cut if COMMIT in piece else None
            if when is not None:
                self._cut, self.cuts = None, self.cuts + 1
            return when


class Link:
    """One client, its connection to the server, and a thread for each direction."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy, self.client, self._server = proxy, client, server
        self._mute = False  # the server's next answer is the last thing that happens

    def start(self) -> None:
        """Begin to pass on."""
        for pump in (self._ask, self._answer):
            threading.Thread(target=pump, daemon=True).start()

    def reset(self) -> None:
        """Close both ends without a farewell."""
        for end in (self.client, self._server):
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                end.shutdown(socket.SHUT_RD)  # wakes the thread that reads from it
            end.close()

    def _pieces(self, end: socket.socket) -> Iterator[bytes]:
        with contextlib.suppress(OSError):
            while piece := end.recv(PIECE):
                self._proxy.wait()
                yield piece
        self.reset()

    def _ask(self) -> None:
        for piece in self._pieces(self.client):
            when = self._proxy.fate_of(piece)
            if when == "before":
                self._proxy.cut(self)
                return
            self._mute = when == "after"
            with contextlib.suppress(OSError):
                self._server.sendall(piece)

    def _answer(self) -> None:
        for piece in self._pieces(self._server):
            if self._mute:
                self._proxy.cut(self)
                return
            with contextlib.suppress(OSError):
                self.client.sendall(piece)
